//! One judged message as JSON (the schema is a contract) or as text.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::permission::Permission;
use crate::domain::verdict::Unsure;
use crate::domain::{Explanation, Fact, Given, Intent, Message, Reason, Signal, Suggestion, Verdict};

/// What one input came to.
pub struct Line {
    pub file: String,
    pub index: usize,
    pub outcome: Result<Box<Outcome>, String>,
}

/// A judged message.
pub struct Outcome {
    pub message: Message,
    pub permission: Permission,
    pub why: String,
    pub verdict: Option<Verdict>,
    pub suggestion: Option<Suggestion>,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    file: &'a str,
    index: usize,
    message_id: Option<&'a str>,
    automated: bool,
    permission: &'static str,
    acknowledge: Acknowledge<'a>,
    language: &'a str,
    newest_text: &'a str,
    intent: Option<Intent>,
    intent_confidence: Option<f32>,
    anger: Option<u8>,
    anger_confidence: Option<f32>,
    reason: Option<Reason>,
    reason_confidence: Option<f32>,
    unsure: &'a [Unsure],
    given: Given,
    missing_information: &'a [Fact],
    signals: &'a [Signal],
    suggested_reply: Option<&'a str>,
    explanation: &'a [Explanation],
}

#[derive(Serialize)]
struct Acknowledge<'a> {
    allowed: bool,
    why: &'a str,
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct Failure<'a> {
    schema: u32,
    file: &'a str,
    index: usize,
    error: &'a str,
}

impl Line {
    /// One JSON object and a line end.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.outcome {
            Ok(outcome) => serde_json::to_writer(&mut *out, &self.json(outcome))?,
            Err(error) => {
                let failure = Failure { schema: 1, file: &self.file, index: self.index, error };
                serde_json::to_writer(&mut *out, &failure)?;
            }
        }
        out.write_all(b"\n")
    }

    fn json<'a>(&'a self, outcome: &'a Outcome) -> Json<'a> {
        let Outcome { message, permission, why, verdict, suggestion } = outcome;
        let verdict = verdict.as_ref();
        let to = match permission {
            Permission::Allowed { to } => Some(to.email.as_str()),
            _ => None,
        };
        Json {
            schema: 1,
            file: &self.file,
            index: self.index,
            message_id: message.message_id.as_ref().map(|id| id.as_str()),
            automated: matches!(permission, Permission::Machine { .. }),
            permission: permission.name(),
            acknowledge: Acknowledge { allowed: to.is_some(), why, to },
            language: &message.language,
            newest_text: &message.newest_text,
            intent: verdict.map(|v| v.intent),
            intent_confidence: verdict.map(|v| rounded(v.intent_confidence)),
            anger: verdict.map(|v| v.anger.level()),
            anger_confidence: verdict.map(|v| rounded(v.anger_confidence)),
            reason: verdict.and_then(|v| v.reason),
            reason_confidence: verdict.and_then(|v| v.reason.map(|_| rounded(v.reason_confidence))),
            unsure: verdict.map_or(&[], |v| &v.unsure),
            given: verdict.map_or_else(Given::default, |v| v.given.clone()),
            missing_information: verdict.map_or(&[], |v| &v.missing),
            signals: verdict.map_or(&[], |v| &v.signals),
            suggested_reply: suggestion.as_ref().and_then(|s| s.template.as_ref()).map(|t| t.as_str()),
            explanation: verdict.map_or(&[], |v| &v.explanation),
        }
    }

    /// A few readable lines.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let outcome = match &self.outcome {
            Ok(outcome) => outcome,
            Err(error) => return writeln!(out, "{}: unreadable: {error}\n", self.file),
        };
        writeln!(out, "{} [{}] {}", self.file, self.index, outcome.message.subject)?;
        writeln!(out, "  answer: {} ({})", outcome.permission.name(), outcome.why)?;
        let Some(verdict) = &outcome.verdict else { return writeln!(out) };
        let reason = verdict.reason.map_or_else(String::new, |reason| format!(", reason {reason}"));
        writeln!(
            out,
            "  judged: {} ({:.0} %), {} ({:.0} %){reason}, language {}",
            verdict.intent,
            verdict.intent_confidence * 100.0,
            verdict.anger.as_str(),
            verdict.anger_confidence * 100.0,
            outcome.message.language
        )?;
        write_list(out, "missing", verdict.missing.iter().map(|fact| fact.to_string()))?;
        write_list(out, "signals", verdict.signals.iter().map(|signal| signal.to_string()))?;
        write_list(
            out,
            "because",
            verdict.explanation.iter().map(|e| format!("{} “{}” ({:+.1})", e.name, e.matched, e.weight)),
        )?;
        let template = outcome.suggestion.as_ref().and_then(|s| s.template.as_ref());
        write_list(out, "suggests", template.map(|template| template.to_string()).into_iter())?;
        writeln!(out)
    }
}

fn write_list(out: &mut impl Write, label: &str, items: impl Iterator<Item = String>) -> io::Result<()> {
    let items: Vec<String> = items.collect();
    if items.is_empty() { Ok(()) } else { writeln!(out, "  {label}: {}", items.join(", ")) }
}

/// Three decimals are all a probability deserves.
fn rounded(probability: f32) -> f32 {
    (probability * 1000.0).round() / 1000.0
}
