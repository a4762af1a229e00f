//! One replayed message as JSON or as a line of text, and the sum of all.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::terminal;
use crate::daemon::intake::Taken;
use crate::domain::{CaseId, Intent, Permission};
use crate::ports::Store;
use crate::ports::store::{AcknowledgementFate, Recorded, StoreError};

/// What one input came to.
pub struct Line {
    pub file: String,
    pub index: usize,
    pub outcome: Result<Box<Outcome>, String>,
}

/// What would have become of a message.
#[derive(Serialize)]
pub struct Outcome {
    /// When it arrived.
    at: Timestamp,
    /// What it would have done: `machine`, `acknowledged`, `not_acknowledged`, `joined`, `known`, and `noted` for
    /// answers of ours and reports on their delivery.
    what: &'static str,
    /// The case it would belong to; another one at each run.
    case: Option<CaseId>,
    /// Why nobody would have been answered, or why somebody may be.
    why: String,
    /// Who would have been acknowledged.
    to: Option<String>,
    /// The case's verdict with this message.
    intent: Option<Intent>,
    anger: Option<u8>,
    /// The draft that would wait, by its template.
    draft: Option<String>,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    file: &'a str,
    index: usize,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

#[derive(Serialize)]
struct Failure<'a> {
    schema: u32,
    file: &'a str,
    index: usize,
    error: &'a str,
}

impl Outcome {
    /// Looks at what the store has of it now.
    pub async fn of(at: Timestamp, taken: Taken, store: &dyn Store) -> Result<Self, StoreError> {
        let why = taken.permission.as_ref().map_or_else(String::new, |permission| permission.why().to_owned());
        let (what, case, why, to) = match taken.recorded {
            Recorded::New { case, acknowledgement: AcknowledgementFate::Queued(_) } => {
                let to = match taken.permission {
                    Some(Permission::Allowed { to }) => Some(to.email.as_str().to_owned()),
                    _ => None,
                };
                ("acknowledged", Some(case), why, to)
            }
            Recorded::New { case, acknowledgement: AcknowledgementFate::Capped(cap) } => {
                ("not_acknowledged", Some(case), cap, None)
            }
            Recorded::New { case, acknowledgement: AcknowledgementFate::None } => {
                ("not_acknowledged", Some(case), why, None)
            }
            Recorded::Joined { case } => ("joined", Some(case), why, None),
            Recorded::AlreadyKnown { case } => ("known", case, "the very same message again".into(), None),
            Recorded::Noted { case } if matches!(taken.permission, Some(Permission::Machine { .. })) => {
                ("machine", case, why, None)
            }
            Recorded::Noted { case } => ("noted", case, why, None),
            Recorded::Outdated | Recorded::Unclaimed => ("known", None, why, None),
        };
        let mut outcome = Self { at, what, case, why, to, intent: None, anger: None, draft: None };
        if let Some(case) = &outcome.case {
            let file = store.case_file(case).await?;
            outcome.intent = file.case.verdict.as_ref().map(|verdict| verdict.intent);
            outcome.anger = file.case.verdict.as_ref().map(|verdict| verdict.anger.level());
            outcome.draft = file.draft.and_then(|draft| draft.suggestion.template).map(|name| name.to_string());
        }
        Ok(outcome)
    }
}

impl Line {
    /// One JSON object and a line end.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { file, index, outcome } = self;
        match outcome {
            Ok(outcome) => serde_json::to_writer(&mut *out, &Json { schema: 1, file, index: *index, outcome })?,
            Err(error) => serde_json::to_writer(&mut *out, &Failure { schema: 1, file, index: *index, error })?,
        }
        out.write_all(b"\n")
    }

    /// One line.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let outcome = match &self.outcome {
            Ok(outcome) => outcome,
            Err(error) => return writeln!(out, "{}: unreadable: {error}", terminal::line(&self.file, 200)),
        };
        let case = outcome.case.as_ref().map_or("-", |case| case.as_str());
        let mut text = format!("{:.0}  {case:8}  {}", outcome.at, outcome.what.replace('_', " "));
        match &outcome.to {
            Some(to) => text.push_str(&format!(" → {to}")),
            None if outcome.why.is_empty() => {}
            None => text.push_str(&format!(" ({})", outcome.why)),
        }
        if let (Some(intent), Some(anger)) = (outcome.intent, outcome.anger) {
            text.push_str(&format!("; {intent}, anger {anger}"));
        }
        if let Some(draft) = &outcome.draft {
            text.push_str(&format!("; draft {draft}"));
        }
        writeln!(out, "{}", terminal::line(&text, 400))
    }
}

/// The sum of all lines.
#[derive(Default)]
pub struct Tally {
    /// Inputs that could not be read.
    pub unreadable: usize,
    what: BTreeMap<&'static str, usize>,
    held: BTreeMap<String, usize>,
}

impl Tally {
    /// Adds one.
    pub fn count(&mut self, line: &Line) {
        let Ok(outcome) = &line.outcome else {
            self.unreadable += 1;
            return;
        };
        *self.what.entry(outcome.what).or_default() += 1;
        if outcome.what == "not_acknowledged" {
            *self.held.entry(outcome.why.clone()).or_default() += 1;
        }
    }

    /// A few lines for people.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let of = |what| self.what.get(what).copied().unwrap_or(0);
        let all: usize = self.what.values().sum::<usize>() + self.unreadable;
        writeln!(
            out,
            "\n{all} mails: {} acknowledged, {} joined a case, {} not acknowledged, {} from machines, {} known already, \
             {} answers of ours and reports, {} unreadable",
            of("acknowledged"),
            of("joined"),
            of("not_acknowledged"),
            of("machine"),
            of("known"),
            of("noted"),
            self.unreadable
        )?;
        let mut held: Vec<_> = self.held.iter().collect();
        held.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (why, count) in held {
            writeln!(out, "  {count} × {}", terminal::line(why, 200))?;
        }
        writeln!(
            out,
            "Played as if nobody had answered: cases stay open, and later mail of the same person joins them. Drafts \
             are those that stand before the order is looked up."
        )
    }
}
