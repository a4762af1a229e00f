//! Learning: annotated rows → models. Pure, deterministic, no file, no clock.

pub mod calibrate;
pub mod card;
pub mod cell;
pub mod choose;
pub mod decisive;
pub mod desk;
pub mod parallel;
pub mod pseudonyms;
pub mod ridge;
pub mod second;
pub mod solve;
pub mod sparse;
pub mod train;
