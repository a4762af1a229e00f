//! Guichet's binary: reads the arguments and hands over.

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    guichet::cli::Cli::parse().run()
}
