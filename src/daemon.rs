//! Floor 4: the use-cases. They know ports only, never an adapter.

pub mod alarms;
pub mod deliver;
pub mod heartbeat;

pub use alarms::{Alarm, Alarms};
pub use deliver::{Deliver, DeliverSettings, InDoubt, SentCopy};
pub use heartbeat::{Heartbeat, Heartbeats};
pub mod review;
