//! The desk over real HTTP, on the real store.

mod acting;
mod approving;
mod crowding;
mod french;
mod guarding;
mod handling;
mod originals;
mod showing;
mod socket;
