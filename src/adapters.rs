//! Floor 3: the only I/O. Each adapter implements a port.

pub mod assets;
pub mod durable;
pub mod identity;
pub mod reviewers;
pub mod store;
pub mod system;
