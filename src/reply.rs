//! Floor 1, pure: [`crate::domain::Verdict`] → what to say, and whether a machine may say it.

pub mod acknowledgement;
pub mod compose;
pub mod lint;
pub mod permission;
#[cfg(test)]
mod shipped;
mod subject;
pub mod suggestion;
pub mod templates;
pub mod wording;
