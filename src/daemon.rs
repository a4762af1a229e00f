//! Floor 4: the use-cases. They know ports only, never an adapter.

pub mod alarms;
pub mod heartbeat;

pub use alarms::{Alarm, Alarms};
pub use heartbeat::{Heartbeat, Heartbeats};
pub mod review;
