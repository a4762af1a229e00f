//! The delivery worker of one mailbox: everything that leaves goes through here.
//!
//! Two loops run side by side. *Sending* claims due mail, dials, and stores each mark before the
//! network sees the next step. *Aftercare* works in the mailbox: it looks for proof of deliveries in
//! doubt, files copies in \Sent and sets keywords; a slow IMAP server never delays an acknowledgement.
//!
//! What the outbox held at the start of the process waits until every inbox was compared with the store
//! ([`Losses`]), an hour at most: in an older copy of the store it may have been sent since.
//!
//! Exactly one worker may run for a mailbox: at its start it takes everything under way for left
//! behind by a process that died.

mod aftercare;
mod backoff;
mod dialogue;
mod hourly;
mod outcome;
mod sending;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::alarms::Alarms;
use super::heartbeat::Heartbeat;
use super::losses::Losses;
use crate::domain::Email;
use crate::ports::store::Lease;
use crate::ports::{Clock, MailboxActions, Mailer, Store};

/// What becomes of a delivery that is still in doubt after
/// [`DOUBT_PERIOD`](crate::domain::outgoing::DOUBT_PERIOD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// The same bytes with the same Message-ID are sent once more, then a person decides.
    ResendOnce,
    /// A person decides.
    Hold,
}

/// Who files sent replies in \Sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentCopy {
    /// Wait 60 s for the server to have filed it itself (Gmail, Exchange Online), then file it if absent.
    Auto,
    /// File it at once if absent.
    Always,
}

/// How one mailbox sends.
#[derive(Debug, Clone)]
pub struct DeliverSettings {
    /// Name of the `[[mailbox]]`.
    pub mailbox: String,
    /// What becomes of doubts.
    pub in_doubt: InDoubt,
    /// Who files copies.
    pub sent_copy: SentCopy,
    /// Envelope sender where the server refuses `<>`: the mailbox's own address.
    pub fallback_sender: Email,
    /// At most so many mails in any hour; `None` without a limit.
    pub max_per_hour: Option<u32>,
}

/// The worker. In `shadow` mode it is not started at all.
pub struct Deliver {
    /// Where the outbox lies.
    pub store: Arc<dyn Store>,
    /// What takes the mail.
    pub mailer: Arc<dyn Mailer>,
    /// The mailbox, for proof and copies; `None` when there is none to work in.
    pub actions: Option<Arc<dyn MailboxActions>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where a person is called.
    pub alarms: Alarms,
    /// What is held back until the inboxes were compared with the store.
    pub losses: Losses,
    /// How to send.
    pub settings: DeliverSettings,
    /// Notified (`notify_one`) when something was put into the outbox; missing it costs a minute at most.
    pub wake: Arc<Notify>,
}

impl Deliver {
    /// Works until `stop` is cancelled, or until another process takes the mailbox over. A body that is
    /// being sent when `stop` comes is waited for within its time limits; nothing more is claimed.
    pub async fn run(self, lease: Lease, stop: CancellationToken, heartbeat: Heartbeat) {
        let aftercare_heartbeat = heartbeat.beside("aftercare");
        let news = Notify::new();
        // One loop that ends, because the mailbox was taken over, ends the other.
        let stop = stop.child_token();
        let sending = sending::Sending::new(&self, &lease, &stop, &heartbeat, &news);
        let aftercare = aftercare::Aftercare::new(&self, &lease, &stop, &aftercare_heartbeat, &news);
        tokio::join!(ending(&stop, sending.run()), ending(&stop, aftercare.run()));
        heartbeat.retire();
        aftercare_heartbeat.retire();
    }

    /// The alarm's subject for all that concerns the sending account.
    fn alarm_key(&self) -> String {
        format!("smtp {}", self.settings.mailbox)
    }

    /// Waits until `until`, a wake-up or the end, but never past the next heartbeat.
    async fn wait(&self, until: Timestamp, wake: &Notify, stop: &CancellationToken, heartbeat: &Heartbeat) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = wake.notified() => {}
            () = self.clock.sleep_until(until.min(heartbeat.next())) => {}
        }
    }
}

async fn ending(stop: &CancellationToken, part: impl Future<Output = ()>) {
    part.await;
    stop.cancel();
}

/// `at` plus `wait`, `at` itself at the end of time.
fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(at)
}
