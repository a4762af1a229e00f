//! Floor 1, pure: [`crate::domain::Message`] → [`crate::domain::Verdict`], by rules and models.

pub mod analysis;
pub mod by_rules;
pub mod classifier;
pub mod corpus;
pub mod decide;
pub mod evaluate;
pub mod facts;
pub mod features;
pub mod hit;
pub mod learning;
pub mod prepared;
pub mod rules;
