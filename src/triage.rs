//! Floor 1, pure: [`crate::domain::Message`] → [`crate::domain::Verdict`], by rules and models.

pub mod by_rules;
pub mod facts;
pub mod hit;
pub mod prepared;
pub mod rules;
