//! `guichet evaluate`: how good the verdicts are on annotated mails.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::corpora;
use crate::adapters::assets::{Assets, Kind};
use crate::domain::policy::Policy;
use crate::triage::Triage;
use crate::triage::corpus::Split;
use crate::triage::evaluate::{Judged, Report};

/// Arguments of `guichet evaluate`.
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    /// Annotated mails: `.jsonl` files or folders of them.
    #[arg(required = true)]
    pub corpora: Vec<PathBuf>,
    /// Judge the mails of the training split too, which the models know.
    #[arg(long)]
    pub everything: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Judges the mails of the test split and prints the report to `out`.
///
/// # Errors
/// When a corpus, the rules or the output cannot be used.
pub fn run(args: &EvaluateArgs, assets: &Assets, out: &mut dyn Write) -> anyhow::Result<()> {
    let (_, rows) = corpora::read(&args.corpora)?;
    let (triage, warnings) = Triage::load(&assets.load(Kind::Rules)?, &assets.load(Kind::Models)?)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let policy = Policy::default();
    let rows = rows.iter().filter(|row| args.everything || row.split == Split::Test);
    let judged: Vec<Judged<'_>> = rows
        .map(|row| {
            let verdict = triage.judge_text(&row.subject, &row.body, &row.attachments, &row.lang, &policy);
            Judged { row, verdict }
        })
        .collect();
    let report = Report::of(&judged);
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        writeln!(out, "{report}")?;
    }
    Ok(())
}
