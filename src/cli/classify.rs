//! `guichet classify`: judges messages without sending or storing anything.

mod line;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::daemon::handbook::Handbook;
use crate::domain::RawMessage;
use crate::domain::case::CaseFlag;
use crate::domain::message::Condition;
use crate::domain::permission::Permission;
use crate::reading;
use crate::reply::permission::{self, PermissionContext, PermissionSettings};
use crate::reply::suggestion::suggest;

use super::inputs::{Input, Inputs};
use super::wiring;
use line::{Line, Outcome};

/// Judges messages without sending or storing anything.
#[derive(Debug, Args)]
pub struct Classify {
    /// One JSON object a line instead of text.
    #[arg(long)]
    json: bool,
    /// `.eml` files, folders of them, mbox files, or `-` for one message on standard input.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

impl Classify {
    /// Runs it; false when some input was unreadable.
    ///
    /// # Errors
    /// When the configuration, a rule or a template is wrong, or standard output is closed.
    pub fn run(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        let judge = Judge::new(config)?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut all_read = true;
        for input in Inputs::new(&self.paths) {
            let line = judge.judge(input);
            all_read &= line.outcome.is_ok();
            if self.json { line.write_json(&mut out) } else { line.write_text(&mut out) }
                .context("cannot write to standard output")?;
        }
        out.flush().context("cannot write to standard output")?;
        Ok(all_read)
    }
}

/// Everything a verdict needs, and nothing that sends.
struct Judge {
    handbook: Handbook,
    settings: PermissionSettings,
}

impl Judge {
    fn new(config: Option<PathBuf>) -> anyhow::Result<Self> {
        let config = wiring::optional_config(config.as_deref())?;
        let loaded = wiring::load(config.as_ref())?;
        for warning in &loaded.warnings {
            eprintln!("guichet: {warning}");
        }
        let mailbox = config.and_then(|config| config.mailboxes.into_iter().next());
        let public_mail = loaded.handbook.public_mail.clone();
        let settings = match mailbox {
            Some(mailbox) => PermissionSettings { public_mail, ..mailbox.permission },
            None => PermissionSettings::without_configuration(public_mail),
        };
        Ok(Self { handbook: loaded.handbook, settings })
    }

    fn judge(&self, input: Input) -> Line {
        let bytes = match input.bytes {
            Ok(bytes) if bytes.is_empty() => Err("it is empty".to_owned()),
            other => other,
        };
        let outcome = bytes.map(|bytes| self.outcome(bytes));
        Line { file: input.file, index: input.index, outcome: outcome.map(Box::new) }
    }

    fn outcome(&self, bytes: Vec<u8>) -> Outcome {
        let arrived_at = jiff::Timestamp::now();
        let message = reading::read(&RawMessage { bytes, arrived_at, partial: false });
        // By itself, as if it had just arrived: no history, no age guard.
        let permission = permission::permission(&message, &self.settings, &PermissionContext::just_arrived());
        let verdict = (!matches!(permission, Permission::Machine { .. }))
            .then(|| self.handbook.triage.judge(&message, &self.handbook.wording.policy));
        let unreadable = matches!(message.condition, Condition::Unreadable(_)).then_some(CaseFlag::Unreadable);
        let flags = BTreeSet::from_iter(unreadable);
        let suggestion = verdict.as_ref().map(|verdict| suggest(Some(verdict), &flags, &message.language));
        let why = permission::why(&permission, &self.settings);
        Outcome { message, permission, why, verdict, suggestion }
    }
}
