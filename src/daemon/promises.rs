//! Reminds people of what our replies promised, before it lapses.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::alarms::Alarms;
use super::heartbeat::Heartbeat;
use crate::ports::store::{Lease, Promise, PromiseState, StoreError};
use crate::ports::{Clock, Store};

/// Promises are made in days.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How many promises an alarm names.
const NAMED: usize = 5;

/// The promises of one mailbox.
pub struct PromiseKeeper {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where a person is called.
    pub alarms: Alarms,
}

impl PromiseKeeper {
    /// Runs until `stop`.
    pub async fn run(self, lease: Lease, heartbeat: Heartbeat, stop: CancellationToken) {
        while !stop.is_cancelled() {
            heartbeat.beat();
            if let Err(problem) = self.look(&lease).await {
                error!(mailbox = lease.mailbox, %problem, "promises could not be looked at; they are tried again");
            }
            let next = heartbeat.next().min(self.clock.now().saturating_add(LOOK_EVERY).unwrap_or(self.clock.now()));
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    /// Marks what has lapsed, and keeps the alarm as it should be; also after a restart.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn look(&self, lease: &Lease) -> Result<(), StoreError> {
        let due = self.store.due_promises(lease, self.clock.now()).await?;
        let subject = format!("promises {}", lease.mailbox);
        if due.is_empty() {
            self.alarms.clear(&subject);
        } else {
            self.alarms.raise(&subject, sentence(&due));
        }
        Ok(())
    }
}

/// The words of a promise stay on the case: the alarm names case and day.
fn sentence(due: &[Promise]) -> String {
    let mut parts: Vec<String> = due
        .iter()
        .take(NAMED)
        .map(|promise| {
            let late = if matches!(promise.state, PromiseState::Lapsed { .. }) { ", lapsed" } else { "" };
            format!("{} (by {}{late})", promise.case, promise.by)
        })
        .collect();
    if due.len() > NAMED {
        parts.push(format!("{} more", due.len() - NAMED));
    }
    format!("our replies promised a date that is near or over: {}; keep it, or write to the customer", parts.join(", "))
}
