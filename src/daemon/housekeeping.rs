//! What the store needs from time to time: a look at its disk.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::alarms::Alarms;
use super::heartbeat::Heartbeat;
use crate::ports::{Clock, Store};

/// How often the disk is looked at.
const LOOK: SignedDuration = SignedDuration::from_secs(5);
/// The alarm's subject.
const DISK: &str = "disk";

/// The worker.
pub struct Housekeeping {
    /// What is kept in order.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What a person must see.
    pub alarms: Alarms,
}

impl Housekeeping {
    /// Runs until `stop`.
    pub async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        while !stop.is_cancelled() {
            heartbeat.during(self.look_at_disk()).await;
            let next = self.clock.now().checked_add(LOOK).unwrap_or_else(|_| self.clock.now());
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    async fn look_at_disk(&self) {
        match self.store.heal().await {
            Ok(()) => self.alarms.clear(DISK),
            Err(error) => self.alarms.raise(
                DISK,
                format!("Nothing is taken in and nothing is sent; nothing is lost, and all goes on by itself afterwards: {error}"),
            ),
        }
    }
}
