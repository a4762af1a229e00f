//! Floor 1, pure: [`crate::domain::Verdict`] → what to say, and whether a machine may say it.

pub mod permission;
mod subject;
