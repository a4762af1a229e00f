//! Builders and played parts that several tests share: letters, clocks held by hand, an SMTP server
//! that does as it is told, an IMAP server that can lie, a link that fails at any byte, a store that can
//! be watched and made to fail, the built binary as a child.
#![allow(dead_code, reason = "each test binary uses a part of them")]

pub mod certificates;
pub mod clock;
pub mod cutting;
pub mod daemon;
pub mod ids;
pub mod letter;
pub mod order;
pub mod played_imap;
pub mod queue;
pub mod scripted_http;
pub mod scripted_smtp;
pub mod searching;
pub mod still_time;
pub mod watched;

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
