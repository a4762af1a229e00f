//! Real servers: Dovecot, Postfix, Chromium. Run by `scripts/test`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod desk;
mod imap;
mod loops;
#[path = "../support/mod.rs"]
mod play;
#[path = "../shop/mod.rs"]
mod shop;
mod smtp;
mod story;
mod support;
mod unit;
