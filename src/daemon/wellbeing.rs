//! How the daemon is, for the desk.

use std::sync::Arc;

use super::alarms::Alarms;
use super::heartbeat::Heartbeats;
use crate::ports::{Clock, Health};

/// Heartbeats and alarms behind the port that the desk asks.
pub struct Wellbeing {
    heartbeats: Heartbeats,
    alarms: Alarms,
    clock: Arc<dyn Clock>,
}

impl Wellbeing {
    /// Looks at these.
    pub fn new(heartbeats: Heartbeats, alarms: Alarms, clock: Arc<dyn Clock>) -> Self {
        Self { heartbeats, alarms, clock }
    }
}

impl Health for Wellbeing {
    fn fresh(&self) -> bool {
        self.heartbeats.all_fresh(self.clock.now())
    }

    fn alarms(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.alarms.list().into_iter().map(|alarm| alarm.sentence).collect();
        let stale = self.heartbeats.stale(self.clock.now());
        sentences.extend(
            stale.into_iter().map(|worker| format!("The worker “{worker}” gives no sign of life; restart the daemon.")),
        );
        sentences
    }
}
