//! Everything that needs no server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod corpus;
mod floors;
mod models;
mod rules;
