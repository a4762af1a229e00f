//! How the daemon is, for the desk.

use std::sync::Arc;

use super::alarms::{self, Alarms};
use super::heartbeat::Heartbeats;
use crate::ports::{Clock, Health, Notice};

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

    fn alarms(&self) -> Vec<Notice> {
        let alarms = self.alarms.list().into_iter();
        let mut notices: Vec<Notice> =
            alarms.map(|alarm| Notice { loss: alarm.key == alarms::LOSS, sentence: alarm.sentence }).collect();
        let stale = self.heartbeats.stale(self.clock.now());
        notices.extend(stale.into_iter().map(|worker| Notice {
            sentence: format!("The worker “{worker}” gives no sign of life; restart the daemon."),
            loss: false,
        }));
        notices
    }

    fn loss_dismissed(&self) {
        self.alarms.clear(alarms::LOSS);
    }
}
