//! Floor 1, pure: [`crate::domain::Message`] → [`crate::domain::Verdict`], by rules and models.

pub mod by_rules;
pub mod corpus;
pub mod facts;
pub mod features;
pub mod hit;
pub mod learning;
pub mod prepared;
pub mod rules;
