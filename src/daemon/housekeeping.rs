//! What the store needs from time to time: a look at its disk and for a loss, and an end to what was kept long enough.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::alarms::{self, Alarms};
use super::heartbeat::Heartbeat;
use crate::ports::store::Expiry;
use crate::ports::{Clock, Store};

/// How often the disk is looked at.
const LOOK: SignedDuration = SignedDuration::from_secs(5);
/// The alarm's subject.
const DISK: &str = "disk";
/// The same, of what watches the store.
const WITNESS: &str = "witness";
/// The same, of stored texts.
const TEXTS: &str = "texts";
/// So many damaged texts are named in the alarm.
const NAMED: usize = 3;

/// Mail that is due and has not left for so long is an alarm.
const OVERDUE: SignedDuration = SignedDuration::from_mins(15);
/// A message given up on is an alarm for so long: over a weekend. The desk lists it for good.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(72);
/// The alarm's subject.
const QUARANTINE: &str = "quarantine";

/// How often retention runs.
const TIDY: SignedDuration = SignedDuration::from_hours(6);

/// Days without anything happening after which an answered case is over: its customer can continue a closed one for as
/// long again ([`CONTINUE_PERIOD`](crate::domain::joining::CONTINUE_PERIOD)).
const ANSWERED_DAYS: u16 = 30;
/// The same where we asked something: reminders come first.
const WAITING_DAYS: u16 = 90;

/// How many days things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Originals of messages.
    pub raw_days: u16,
    /// Machines' messages.
    pub automated_days: u16,
    /// Closed cases, after their last message.
    pub closed_days: u16,
}

impl Retention {
    /// What is older than this has been kept long enough.
    pub fn expiry(&self, now: Timestamp) -> Expiry {
        let before =
            |days: u16| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        Expiry {
            raw: before(self.raw_days),
            automated: before(self.automated_days),
            closed: before(self.closed_days),
            answered: before(ANSWERED_DAYS),
            waiting: before(WAITING_DAYS),
        }
    }
}

/// The worker.
pub struct Housekeeping {
    /// What is kept in order.
    pub store: Arc<dyn Store>,
    /// How long things are kept.
    pub retention: Retention,
    /// Names of the mailboxes.
    pub mailboxes: Vec<String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What a person must see.
    pub alarms: Alarms,
}

impl Housekeeping {
    /// Runs until `stop`.
    pub async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        let mut tidy_at = self.clock.now();
        while !stop.is_cancelled() {
            let well = heartbeat.during(self.look_at_disk()).await;
            heartbeat.during(self.look_for_loss()).await;
            heartbeat.during(self.look_for_witness()).await;
            heartbeat.during(self.look_for_damage(false)).await;
            let now = self.clock.now();
            heartbeat.during(self.look_for_overdue(now)).await;
            heartbeat.during(self.look_for_given_up(now)).await;
            if well && now >= tidy_at {
                heartbeat.during(self.tidy(now)).await;
                tidy_at = now.checked_add(TIDY).unwrap_or(Timestamp::MAX);
            }
            let next = self.clock.now().checked_add(LOOK).unwrap_or_else(|_| self.clock.now());
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    /// Ends what was kept long enough.
    async fn tidy(&self, now: Timestamp) {
        match self.store.expire(self.retention.expiry(now), now).await {
            Ok(gone) if gone == Default::default() => {}
            Ok(gone) => tracing::info!(
                originals = gone.raw,
                automated = gone.automated,
                cases = gone.cases,
                settled = gone.settled,
                files = gone.files,
                "removed what was kept long enough"
            ),
            Err(error) => tracing::warn!(%error, "what was kept long enough could not be removed; it is tried again"),
        }
        // While a copy of it may still lie in a backup.
        self.look_for_damage(true).await;
    }

    /// Texts that cannot be read: all of them, or those that something needed.
    async fn look_for_damage(&self, all: bool) {
        match self.store.damaged(all).await {
            Ok(damaged) if damaged.is_empty() => self.alarms.clear(TEXTS),
            Ok(damaged) => {
                let named = damaged.get(..NAMED).unwrap_or(&damaged).join(". ");
                let number = damaged.len();
                self.alarms.raise(
                    TEXTS,
                    format!(
                        "Stored texts that cannot be read: {number}. What needs them waits, all else goes on. {named}."
                    ),
                );
            }
            Err(error) => tracing::debug!(%error, "whether stored texts are damaged could not be looked at"),
        }
    }

    /// A loss is an alarm until a person has dismissed it, over any number of starts.
    async fn look_for_loss(&self) {
        match self.store.loss().await {
            Ok(Some(loss)) => self.alarms.raise(alarms::LOSS, loss.sentence),
            Ok(None) => self.alarms.clear(alarms::LOSS),
            // What is wrong with the store is an alarm of its own.
            Err(_) => {}
        }
    }

    /// Mail that ought to have left, whatever keeps it: `max_per_hour`, a server that stalls, a worker that hangs.
    async fn look_for_overdue(&self, now: Timestamp) {
        for mailbox in &self.mailboxes {
            let key = format!("oldest {mailbox}");
            match self.store.next_due(mailbox).await {
                Ok(Some(due)) if now.duration_since(due) > OVERDUE => self.alarms.raise(
                    &key,
                    format!(
                        "Mail of the mailbox {mailbox} has been due since {due:.0} and has not left: look at the outbox, \
                         at what the server says, at max_per_hour, and whether every inbox can be opened."
                    ),
                ),
                Ok(_) => self.alarms.clear(&key),
                Err(_) => {}
            }
        }
    }

    async fn look_for_given_up(&self, now: Timestamp) {
        let Ok(newest) = self.store.quarantined(1).await else { return };
        match newest.first() {
            Some(message) if now.duration_since(message.at) < GIVEN_UP => self.alarms.raise(
                QUARANTINE,
                format!(
                    "A message in the mailbox {} could not be read and was given up at {:.0}: see the list of set-aside \
                     mail, and read it in the mailbox.",
                    message.location.folder.mailbox, message.at
                ),
            ),
            _ => self.alarms.clear(QUARANTINE),
        }
    }

    /// Whether an older copy would be noticed.
    async fn look_for_witness(&self) {
        match self.store.unwatched().await {
            Some(sentence) => self.alarms.raise(WITNESS, sentence),
            None => self.alarms.clear(WITNESS),
        }
    }

    /// Whether it takes what is written.
    async fn look_at_disk(&self) -> bool {
        let looked = self.store.heal().await;
        match &looked {
            Ok(()) => self.alarms.clear(DISK),
            Err(error) => self.alarms.raise(
                DISK,
                format!(
                    "Nothing is taken in and nothing is sent; nothing is lost, and all goes on by itself afterwards: \
                     {error}"
                ),
            ),
        }
        looked.is_ok()
    }
}
