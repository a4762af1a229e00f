//! Floor 5: one file a subcommand.

pub mod corpora;
pub mod evaluate;
pub mod train;
