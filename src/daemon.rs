//! Floor 4: the use-cases. They know ports only, never an adapter.

pub mod alarms;
pub mod backoff;
pub mod deliver;
pub mod enrich;
pub mod handbook;
pub mod heartbeat;
pub mod housekeeping;
pub mod intake;
pub mod lessons;
pub mod losses;
pub mod promises;
pub mod refunds;
pub mod review;
pub mod supervise;
pub mod timers;
pub mod watch;
pub mod wellbeing;

pub use alarms::{Alarm, Alarms};
pub use deliver::{Deliver, DeliverSettings, InDoubt, SentCopy};
pub use heartbeat::{Heartbeat, Heartbeats};
pub use losses::Losses;
pub use wellbeing::Wellbeing;
