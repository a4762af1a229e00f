//! What the tests are played with: a clock held by hand, an SMTP server that does as it is told, an
//! outbox in memory.

#[path = "../support/mod.rs"]
mod shared;

pub mod certificates;
pub mod clock;
pub mod outbox;
pub mod smtp;

pub use shared::{ids, letter};

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
