//! `guichet train`: annotated mails and reviewers' corrections → model files with their cards.

mod install;
mod report;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::{corpora, wiring};
use crate::adapters::assets::{Assets, Kind};
use crate::adapters::durable;
use crate::config::Config;
use crate::control::{Client, ClientError, Request, Response};
use crate::daemon::lessons::{Lessons, lessons};
use crate::domain::Asset;
use crate::triage::classifier::{Task, file};
use crate::triage::corpus::{self, Row};
use crate::triage::learning::choose::{Models, TOLERANCE, choose};
use crate::triage::learning::train::train;
use crate::triage::rules::RuleSet;

/// Trains the models anew, from the shipped corpus and the reviewers' corrections, and replaces those in use unless
/// they got worse.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// Annotated mails: `.jsonl` files or folders of them [default: the shipped corpus, and the corrections].
    pub corpora: Vec<PathBuf>,
    /// Learn from the reviewers' corrections too when a corpus is named.
    #[arg(long)]
    pub corrections: bool,
    /// Write all models and cards into this folder, whatever their figures, and change nothing that is in use.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// A model is not replaced when its main figure (0 to 1) on the frozen test split falls by more than this.
    #[arg(long, default_value_t = TOLERANCE)]
    pub tolerance: f32,
    /// Write the pseudonymised corrections to this file, to be looked at.
    #[arg(long, value_name = "FILE")]
    pub save_corrections: Option<PathBuf>,
}

/// Trains, prints the scores to `out` and writes the models; `date` goes into the cards.
///
/// # Errors
/// When a corpus, the rules or the store cannot be used, or a file cannot be written.
pub async fn run(
    args: &TrainArgs,
    config: Option<&Config>,
    date: jiff::civil::Date,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if !(0.0..=1.0).contains(&args.tolerance) {
        bail!("--tolerance is a number from 0 to 1, not {}", args.tolerance);
    }
    let assets = wiring::assets(config);
    let target = match (&args.output, config) {
        (Some(folder), _) => folder.clone(),
        (None, Some(config)) => config.data_dir.join("overrides").join("models"),
        (None, None) => {
            bail!("there is no configuration, so no data_dir to keep the models in: use --config or --output")
        }
    };
    let (mut files, mut rows) =
        if args.corpora.is_empty() { corpora::parse_all(Assets::corpus())? } else { corpora::read(&args.corpora)? };
    if args.corrections || args.corpora.is_empty() {
        let lessons = match config {
            Some(config) => corrections(config).await?,
            None => Lessons::default(),
        };
        let (file, learnt) = add(lessons, args, out)?;
        files.push(file);
        rows.extend(learnt);
    }
    let rules = RuleSet::load(&assets.load(Kind::Rules)?)?;
    let trained = train(&rows, &rules, corpus::digest(&files)).map_err(anyhow::Error::msg).context("cannot train")?;
    report::trained(&trained, out)?;
    if args.output.is_some() {
        install::all(&trained, &target, &date.to_string())?;
        writeln!(out, "{} models written to {}", trained.models.len(), target.display())?;
        return Ok(());
    }
    let in_use = in_use(&assets)?;
    let choice = choose(&rows, &rules, &in_use, &trained.models, args.tolerance).map_err(anyhow::Error::msg)?;
    report::compared(&choice, &trained, args.tolerance, out)?;
    let replaced = install::chosen(&choice, &trained, &target, &date.to_string())?;
    report::done(replaced, &target, out)?;
    Ok(())
}

/// The store's corrections: from the running daemon or, without one, read here.
async fn corrections(config: &Config) -> anyhow::Result<Lessons> {
    match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Corrections).await? {
            Response::Corrections(lessons) => Ok(lessons),
            Response::Refused { why, .. } => bail!("{why}"),
            _ => bail!("the daemon answered another question: use the same version"),
        },
        // Before the first start there is nothing to read, and nothing is to be made.
        Err(ClientError::NoDaemon(_)) if !config.data_dir.is_dir() => Ok(Lessons::default()),
        Err(ClientError::NoDaemon(_)) => {
            let store = wiring::store_without_daemon(config)?;
            Ok(lessons(&store).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the rows and says how many there are.
fn add(lessons: Lessons, args: &TrainArgs, out: &mut dyn Write) -> anyhow::Result<(Asset, Vec<Row>)> {
    let text: String = lessons.rows.iter().map(|line| format!("{line}\n")).collect();
    if let Some(path) = &args.save_corrections {
        // Still customers' words: for nobody else to read.
        save(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let name = "corrections.jsonl".to_owned();
    let file = Asset { origin: "the reviewers' corrections".into(), name, bytes: text.into_bytes() };
    let rows = corpus::parse(&file)?;
    writeln!(out, "{} corrections of reviewers to learn from", rows.len())?;
    for (why, count) in &lessons.left_out {
        writeln!(out, "{count} corrections left out: {why}")?;
    }
    writeln!(out)?;
    Ok((file, rows))
}

fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or(std::io::ErrorKind::InvalidFilename)?;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    durable::write(folder, name, bytes)
}

/// The models that the daemon uses now; one that cannot be read is none, as for the daemon.
fn in_use(assets: &Assets) -> anyhow::Result<Models> {
    let files = assets.load(Kind::Models)?;
    let read = |task: Task| {
        let name = format!("{}.model", task.as_str());
        let asset = files.iter().find(|asset| asset.name == name)?;
        file::read(task, &asset.bytes).ok().map(|stored| (task, stored))
    };
    Ok(Task::ALL.into_iter().filter_map(read).collect())
}
