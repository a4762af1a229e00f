//! Everything that needs no server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod corpus;
mod desk;
mod floors;
mod maildir;
mod smtp;
mod support;

#[path = "../shop/mod.rs"]
mod shop;
