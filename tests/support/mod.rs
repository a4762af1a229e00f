//! What the tests are played with: a clock held by hand, servers that do as they are told, letters and
//! outboxes to build, the built binary as a child process.
#![allow(dead_code, reason = "each test binary uses a part of them")]

pub mod certificates;
pub mod clock;
pub mod daemon;
pub mod ids;
pub mod letter;
pub mod outbox;
pub mod smtp;

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
