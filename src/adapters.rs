//! Floor 3: the only I/O. Each adapter implements a port.

pub mod assets;
pub mod reviewers;
pub mod system;
