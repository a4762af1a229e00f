//! Builders that several tests share.
#![allow(dead_code, reason = "each test binary uses a part of them")]

pub mod ids;
pub mod letter;
