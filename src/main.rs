//! Guichet's binary: reads the arguments and hands over.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    guichet::cli::Cli::parse().run()
}
