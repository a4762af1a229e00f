//! Floor 1, pure: [`crate::domain::Message`] → [`crate::domain::Verdict`], by rules and models.

pub mod corpus;
pub mod features;
pub mod hit;
pub mod learning;
