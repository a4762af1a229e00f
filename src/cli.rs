//! Floor 5: one file a subcommand.

pub mod case;
pub mod queue;
pub mod reviewer;
mod terminal;
