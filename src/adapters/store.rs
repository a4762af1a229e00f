//! Back-ends of [`crate::ports::Store`].

pub mod sled;
