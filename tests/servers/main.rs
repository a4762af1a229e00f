//! Real servers: Dovecot, Postfix, Chromium. Run by `scripts/test`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod backup;
mod desk;
mod disk;
mod erase;
mod imap;
mod loops;
mod lost_store;
mod oauth2;
#[path = "../support/mod.rs"]
mod play;
mod reconcile;
mod refund_story;
#[path = "../shop/mod.rs"]
mod shop;
mod smtp;
mod story;
mod support;
mod unit;
