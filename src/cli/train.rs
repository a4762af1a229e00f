//! `guichet train`: annotated corpora → model files with their cards.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::corpora;
use crate::adapters::assets::{Assets, Kind};
use crate::triage::corpus;
use crate::triage::learning::card::card;
use crate::triage::learning::train::{Trained, train};
use crate::triage::rules::RuleSet;

/// Arguments of `guichet train`.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// Annotated mails: `.jsonl` files or folders of them.
    #[arg(required = true)]
    pub corpora: Vec<PathBuf>,
    /// Folder the models and their cards are written to.
    #[arg(long)]
    pub output: PathBuf,
}

/// Trains, prints the scores to `out` and writes the models; `date` goes into the cards.
///
/// # Errors
/// When a corpus or the rules cannot be used, or a file cannot be written.
pub fn run(args: &TrainArgs, assets: &Assets, date: jiff::civil::Date, out: &mut dyn Write) -> anyhow::Result<()> {
    let (files, rows) = corpora::read(&args.corpora)?;
    let rules = RuleSet::load(&assets.load(Kind::Rules)?)?;
    let trained = train(&rows, &rules, corpus::digest(&files)).map_err(anyhow::Error::msg).context("cannot train")?;
    writeln!(out, "Cross-validation on the training split\n\n{}", trained.cross_validation)?;
    writeln!(out, "Frozen test split\n\n{}", trained.test)?;
    std::fs::create_dir_all(&args.output)
        .with_context(|| format!("cannot make the folder {}", args.output.display()))?;
    for (task, stored) in &trained.models {
        let name = task.as_str();
        replace(&args.output, &format!("{name}.model"), &Trained::file(*task, stored))?;
        let card = card(*task, stored, &trained, &date.to_string());
        replace(&args.output, &format!("{name}.card.toml"), card.as_bytes())?;
    }
    writeln!(out, "{} models written to {}", trained.models.len(), args.output.display())?;
    Ok(())
}

/// Writes a file whole or not at all: a daemon may load it at any moment.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
