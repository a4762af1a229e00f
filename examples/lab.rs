//! `cargo run --release --example lab -- train|evaluate …`, until the command line is wired.
use clap::{Parser, Subcommand};
use guichet::adapters::assets::Assets;
use guichet::cli::{evaluate, train};

#[derive(Parser)]
struct Lab {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(train::TrainArgs),
    Evaluate(evaluate::EvaluateArgs),
}

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match Lab::parse().command {
        Command::Train(args) => train::run(&args, &Assets::built_in(), jiff::Zoned::now().date(), &mut out),
        Command::Evaluate(args) => evaluate::run(&args, &Assets::built_in(), &mut out),
    }
}
