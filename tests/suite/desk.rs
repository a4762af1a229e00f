//! The desk over real HTTP, on the real store.

mod acting;
mod approving;
mod guarding;
mod showing;
mod socket;
