//! Learning: annotated rows → models. Pure, deterministic, no file, no clock.

pub mod calibrate;
pub mod card;
pub mod gram;
pub mod linear;
pub mod solve;
pub mod train;
