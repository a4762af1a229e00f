//! Learning: annotated rows → models. Pure, deterministic, no file, no clock.

pub mod gram;
pub mod linear;
