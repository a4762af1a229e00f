//! Floor 5: one file a subcommand, and the wiring that only this floor does.

mod backup;
pub mod case;
mod check;
mod classify;
pub mod corpora;
mod demo;
mod erase;
pub mod evaluate;
mod init;
mod inputs;
mod logging;
mod notify;
pub mod queue;
mod replay;
pub mod reviewer;
mod run;
mod service;
mod signals;
pub mod stats;
mod terminal;
pub mod train;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Watches a shop's support inbox, acknowledges customers within seconds and queues a suggested
/// reply that a person approves.
#[derive(Debug, Parser)]
#[command(name = "guichet", version)]
pub struct Cli {
    /// Configuration file [default: ./guichet.toml, then /etc/guichet/guichet.toml].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Check(check::Check),
    Run(run::Run),
    Classify(classify::Classify),
    Replay(replay::Replay),
    /// The review queue from a terminal; asks the running daemon.
    Queue(queue::QueueArgs),
    /// One case with its record; asks the running daemon.
    Case(case::CaseArgs),
    /// Copies everything that a restart elsewhere needs, while the daemon runs or without it.
    Backup(backup::BackupArgs),
    /// Removes everything about an address; what still lies in the mailbox is listed.
    Erase(erase::EraseArgs),
    /// Figures: what was asked, how fast it was answered, what came of it; while the daemon runs or without it.
    Stats(stats::StatsArgs),
    /// Trains the models from the shipped corpus and the reviewers' corrections.
    Train(train::TrainArgs),
    /// Scores the models on annotated mails.
    Evaluate(evaluate::EvaluateArgs),
    /// Who may sign in to the desk.
    Reviewer(reviewer::ReviewerArgs),
}

impl Cli {
    /// Runs the command; what went wrong is said in one sentence on standard error.
    pub fn run(self) -> ExitCode {
        match self.command.run(self.config) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("guichet: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    /// `Ok(false)` ends with exit status 1: the command has said why.
    fn run(self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        match self {
            Self::Classify(command) => command.run(config),
            Self::Replay(command) => runtime()?.block_on(command.run(config)),
            Self::Demo(command) => runtime()?.block_on(command.run()),
            Self::Init(command) => runtime()?.block_on(command.run(config)),
            Self::Check(command) => runtime()?.block_on(command.run(config)),
            Self::Run(command) => runtime()?.block_on(command.run(config)),
            Self::Queue(args) => {
                let data_dir = wiring::config(config.as_deref())?.data_dir;
                runtime()?.block_on(queue::run(args, &data_dir, &mut std::io::stdout()))?;
                Ok(true)
            }
            Self::Case(args) => {
                let config = wiring::config(config.as_deref())?;
                runtime()?.block_on(case::run(args, &config, &mut std::io::stdout()))?;
                Ok(true)
            }
            Self::Stats(args) => {
                let config = wiring::config(config.as_deref())?;
                runtime()?.block_on(stats::run(args, &config, &mut std::io::stdout()))?;
                Ok(true)
            }
            Self::Backup(args) => {
                let config = wiring::config(config.as_deref())?;
                runtime()?.block_on(backup::run(args, &config, &mut std::io::stdout()))
            }
            Self::Erase(args) => {
                let config = wiring::config(config.as_deref())?;
                runtime()?.block_on(erase::run(args, &config, &mut std::io::stdout()))
            }
            Self::Train(args) => {
                let config = wiring::optional_config(config.as_deref())?;
                let date = jiff::Zoned::now().date();
                runtime()?.block_on(train::run(&args, config.as_ref(), date, &mut std::io::stdout()))?;
                Ok(true)
            }
            Self::Evaluate(args) => {
                let assets = wiring::assets(wiring::optional_config(config.as_deref())?.as_ref());
                evaluate::run(&args, &assets, &mut std::io::stdout())?;
                Ok(true)
            }
            Self::Reviewer(args) => {
                let data_dir = wiring::config(config.as_deref())?.data_dir;
                reviewer::run(args, &data_dir, &mut std::io::stdout())?;
                Ok(true)
            }
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    use anyhow::Context;
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")
}
