//! What is done in the mailbox after sending: proof of deliveries in doubt, copies, keywords.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::backoff::retry_after;
use super::{Deliver, InDoubt, SentCopy, after};
use crate::daemon::heartbeat::Heartbeat;
use crate::domain::{DeliveryState, OutgoingMail};
use crate::failpoint;
use crate::ports::store::{Chore, Lease, OutboxFilter, StoreError, StoreResult};
use crate::ports::{MailError, MailboxActions};

/// Longest wait without a look for duties.
const POLL: SignedDuration = SignedDuration::from_mins(1);

/// How long a server that files sent mail itself is given to do so.
const OWN_COPY: SignedDuration = SignedDuration::from_secs(60);

/// How often \Sent is searched for a delivery in doubt, and after each so long, for the last time,
/// before it is repeated.
const EVIDENCE_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// A duty that takes longer is given up for this time.
const ACTION_LIMIT: SignedDuration = SignedDuration::from_mins(5);

/// Duties looked at in one pass, beside those that failed before.
const CHORES_AT_ONCE: usize = 50;

/// The loop beside sending.
pub(super) struct Aftercare<'a> {
    deliver: &'a Deliver,
    lease: &'a Lease,
    stop: &'a CancellationToken,
    heartbeat: &'a Heartbeat,
    news: &'a Notify,
    /// When \Sent was last searched for a doubt, by outbox id.
    searched: HashMap<String, Timestamp>,
    /// Failures of a duty so far, and when it may be tried again.
    failed: HashMap<String, (u32, Timestamp)>,
}

impl<'a> Aftercare<'a> {
    pub(super) fn new(
        deliver: &'a Deliver,
        lease: &'a Lease,
        stop: &'a CancellationToken,
        heartbeat: &'a Heartbeat,
        news: &'a Notify,
    ) -> Self {
        Self { deliver, lease, stop, heartbeat, news, searched: HashMap::new(), failed: HashMap::new() }
    }

    pub(super) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            self.heartbeat.beat();
            let until = match self.pass().await {
                Ok(until) => until,
                Err(StoreError::LeaseLost) => break,
                Err(error) => {
                    tracing::warn!(mailbox = %self.deliver.settings.mailbox, "duties in the mailbox wait: {error}");
                    after(self.deliver.clock.now(), SignedDuration::from_secs(10))
                }
            };
            self.deliver.wait(until, self.news, self.stop, self.heartbeat).await;
        }
    }

    /// One round; returns when the next is due.
    async fn pass(&mut self) -> StoreResult<Timestamp> {
        let doubts = self.doubts().await?;
        let chores = self.chores().await?;
        let now = self.deliver.clock.now();
        let earliest = after(now, SignedDuration::from_secs(1));
        Ok(doubts.min(chores).clamp(earliest, after(now, POLL)))
    }

    // ---- doubts -------------------------------------------------------------------------------

    async fn doubts(&mut self) -> StoreResult<Timestamp> {
        let troubled = self.deliver.store.outbox(OutboxFilter::Troubled).await?;
        let ours = troubled.into_iter().filter(|mail| mail.mailbox == self.deliver.settings.mailbox);
        let doubts: Vec<_> = ours.filter(|mail| matches!(mail.state, DeliveryState::InDoubt { .. })).collect();
        self.searched.retain(|id, _| doubts.iter().any(|mail| mail.id.as_str() == id));
        if doubts.is_empty() {
            return Ok(Timestamp::MAX);
        }
        for mail in &doubts {
            self.search(mail).await?;
        }
        let now = self.deliver.clock.now();
        self.resolve(&doubts, now).await?;
        let due = doubts.iter().filter_map(|mail| mail.state.due_at()).filter(|due| *due > now).min();
        Ok(due.unwrap_or(Timestamp::MAX).min(after(now, EVIDENCE_EVERY)))
    }

    /// Looks for the mail in \Sent. Finding it is proof; not finding it proves nothing.
    async fn search(&mut self, mail: &OutgoingMail) -> StoreResult<()> {
        let (deliver, now) = (self.deliver, self.deliver.clock.now());
        let Some(actions) = &deliver.actions else { return Ok(()) };
        let last = self.searched.get(mail.id.as_str()).copied();
        let due = mail.state.due_at().is_some_and(|due| due <= now && last.is_none_or(|last| last < due));
        if !due && last.is_some_and(|last| now < after(last, EVIDENCE_EVERY)) {
            return Ok(());
        }
        self.searched.insert(mail.id.as_str().to_owned(), now);
        match self.act(actions.find_sent(&mail.message_id)).await {
            Ok(true) => {
                let now = deliver.clock.now();
                deliver.store.prove_sent(self.lease, &mail.id, "found in \\Sent", now).await?;
                tracing::info!(case = %mail.case, id = %mail.id, "a delivery in doubt is proven: the mail lies in \\Sent");
                self.news.notify_one();
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(id = %mail.id, "\\Sent cannot be searched for a mail in doubt: {error}"),
        }
        Ok(())
    }

    async fn resolve(&self, doubts: &[OutgoingMail], now: Timestamp) -> StoreResult<()> {
        let deliver = self.deliver;
        if !doubts.iter().any(|mail| mail.state.due_at().is_some_and(|due| due <= now)) {
            return Ok(());
        }
        let resend_once = deliver.settings.in_doubt == InDoubt::ResendOnce;
        for id in deliver.store.resolve_doubts(self.lease, resend_once, now).await? {
            tracing::warn!(%id, "a delivery in doubt could not be proven: it is sent once more, or held if it was before");
            deliver.wake.notify_one();
        }
        Ok(())
    }

    // ---- duties -------------------------------------------------------------------------------

    async fn chores(&mut self) -> StoreResult<Timestamp> {
        let (deliver, now) = (self.deliver, self.deliver.clock.now());
        let limit = CHORES_AT_ONCE + self.failed.len();
        let chores = deliver.store.chores(&deliver.settings.mailbox, now, limit).await?;
        let keys: Vec<String> = chores.iter().map(key).collect();
        self.failed.retain(|key, _| keys.contains(key));
        let mut next = Timestamp::MAX;
        for (chore, key) in chores.iter().zip(&keys) {
            let due = self.failed.get(key).map_or_else(|| self.due(chore), |(_, again)| *again);
            if due > now {
                next = next.min(due);
                continue;
            }
            match self.perform(chore).await? {
                Ok(()) => {
                    self.failed.remove(key);
                    deliver.alarms.clear(&self.alarm_key());
                }
                Err(error) => {
                    next = next.min(self.chore_failed(key, &error));
                    // The link is at fault: the others would meet the same.
                    if matches!(error, MailError::Temporary(_)) {
                        break;
                    }
                }
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        Ok(next)
    }

    /// When a fresh duty may be done.
    fn due(&self, chore: &Chore) -> Timestamp {
        match (chore, self.deliver.settings.sent_copy) {
            // Nowhere to file it: it waits for a configuration that names a place.
            (Chore::FileCopy(_), _) if self.deliver.actions.is_none() => Timestamp::MAX,
            (Chore::FileCopy(mail), SentCopy::Auto) => match &mail.state {
                DeliveryState::Sent { at, .. } => after(*at, OWN_COPY),
                _ => Timestamp::MIN,
            },
            _ => Timestamp::MIN,
        }
    }

    async fn perform(&self, chore: &Chore) -> StoreResult<Result<(), MailError>> {
        let found = match &self.deliver.actions {
            Some(actions) => match self.act(carry_out(actions.as_ref(), chore)).await {
                Ok(found) => found,
                Err(error) => return Ok(Err(error)),
            },
            // Without a mailbox there is nothing to mark.
            None => false,
        };
        match self.deliver.store.chore_done(self.lease, chore, found, self.deliver.clock.now()).await {
            // Erased or done meanwhile.
            Ok(()) | Err(StoreError::Missing(_) | StoreError::Illegal(_)) => Ok(Ok(())),
            Err(error) => Err(error),
        }
    }

    fn chore_failed(&mut self, key: &str, error: &MailError) -> Timestamp {
        let deliver = self.deliver;
        let count = self.failed.get(key).map_or(0, |(count, _)| *count) + 1;
        let again = after(deliver.clock.now(), retry_after(key, count));
        self.failed.insert(key.to_owned(), (count, again));
        if count >= 3 {
            let mailbox = &deliver.settings.mailbox;
            let sentence = format!("copies of sent mail cannot be filed in {mailbox}, or keywords not set: {error}");
            deliver.alarms.raise(&self.alarm_key(), sentence);
        }
        again
    }

    fn alarm_key(&self) -> String {
        format!("sent copies {}", self.deliver.settings.mailbox)
    }

    /// Runs one action in the mailbox. Each uses a connection of its own, so it may be given up.
    async fn act<T>(&self, action: impl Future<Output = Result<T, MailError>>) -> Result<T, MailError> {
        let clock = &self.deliver.clock;
        let limit = after(clock.now(), ACTION_LIMIT);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(MailError::Temporary("the daemon is stopping".into())),
            result = self.heartbeat.during(action) => result,
            () = clock.sleep_until(limit) => {
                Err(MailError::Temporary(format!("no answer in {} minutes", ACTION_LIMIT.as_mins())))
            }
        }
    }
}

/// Does the duty; returns whether it had been done before.
async fn carry_out(actions: &dyn MailboxActions, chore: &Chore) -> Result<bool, MailError> {
    match chore {
        Chore::FileCopy(mail) => {
            // Always first: the server may have filed it, or we did before a crash.
            if actions.find_sent(&mail.message_id).await? {
                return Ok(true);
            }
            failpoint::pass("filed-searched");
            actions.file_sent(&mail.bytes).await?;
            failpoint::pass("filed-copy");
            Ok(false)
        }
        // A folder that keeps no keywords is no reason to try again.
        Chore::MarkAcknowledged { location, .. } => {
            let marked = actions.mark_acknowledged(location).await?;
            failpoint::pass("keyword-set");
            Ok(marked)
        }
    }
}

fn key(chore: &Chore) -> String {
    match chore {
        Chore::FileCopy(mail) => format!("copy {}", mail.id),
        Chore::MarkAcknowledged { id, .. } => format!("keyword {id}"),
    }
}
