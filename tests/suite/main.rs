//! Everything that needs no server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod after;
mod burst;
mod cli;
mod clues;
mod config;
mod corpus;
mod crash;
mod deliver;
mod desk;
mod faults;
mod floors;
mod goldens;
mod housekeeping;
mod http_client;
mod imap;
mod imap_account;
mod imap_survey;
mod intake;
mod learning;
mod loops;
mod maildir;
mod models;
mod never_answer;
mod oauth2;
mod older_copy;
mod orders;
mod permission_table;
mod poison;
mod reading;
mod refund_desk;
mod refunds;
mod restart;
mod rules;
mod scripted_imap;
#[path = "../shop/mod.rs"]
mod shop;
mod smtp;
mod store_contract;
mod store_sled;
#[path = "../support/mod.rs"]
mod support;
