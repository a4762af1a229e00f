//! Claim, mark, send, finish: one mail at a time.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::backoff::store_after;
use super::dialogue::{Failure, Line, Surroundings};
use super::hourly::Hourly;
use super::outcome::{Account, Judgement};
use super::{Deliver, after};
use crate::daemon::heartbeat::Heartbeat;
use crate::domain::outgoing::AttemptOutcome;
use crate::domain::{DeliveryState, OutgoingId, OutgoingKind, OutgoingMail};
use crate::failpoint;
use crate::ports::store::{Lease, OutboxFilter, StoreError, StoreResult};

/// Shortest wait when the store says that something is due and gives nothing.
const LEAST_WAIT: SignedDuration = SignedDuration::from_secs(1);

/// Longest wait without a look into the outbox.
const POLL: SignedDuration = SignedDuration::from_mins(1);

/// Tries to store an outcome once the daemon is asked to stop.
const LAST_TRIES: u32 = 3;

/// The sending loop.
pub(super) struct Sending<'a> {
    around: Surroundings<'a>,
    news: &'a Notify,
    line: Line,
    account: Account,
    hourly: Option<Hourly>,
    /// The end of the wait that was logged last.
    full_until: Option<Timestamp>,
    /// An attempt's end that the store has not taken yet.
    unsettled: Option<(OutgoingId, AttemptOutcome)>,
    /// The store may hold attempts that nobody makes: of the last process, or of a step that failed.
    recovered: bool,
    store_failures: u32,
    /// It was said that mail waits for the inboxes.
    told_to_wait: bool,
}

/// What to do after a pass.
enum Next {
    /// Look again at once.
    Go,
    /// Nothing to do before this instant.
    Wait(Timestamp),
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        deliver: &'a Deliver,
        lease: &'a Lease,
        stop: &'a CancellationToken,
        heartbeat: &'a Heartbeat,
        news: &'a Notify,
    ) -> Self {
        Self {
            around: Surroundings { deliver, lease, stop, heartbeat },
            news,
            line: Line::default(),
            account: Account::default(),
            hourly: None,
            full_until: None,
            unsettled: None,
            recovered: false,
            store_failures: 0,
            told_to_wait: false,
        }
    }

    pub(super) async fn run(mut self) {
        let Surroundings { deliver, stop, heartbeat, .. } = self.around;
        while !stop.is_cancelled() {
            heartbeat.beat();
            let until = match self.pass().await {
                Ok(Next::Go) => {
                    self.store_is_well();
                    continue;
                }
                Ok(Next::Wait(until)) => {
                    self.store_is_well();
                    until
                }
                Err(StoreError::LeaseLost) => break,
                Err(error) => self.store_failed(&error),
            };
            self.line.close(heartbeat).await;
            let compared = async {
                match deliver.losses.held_back(deliver.clock.now()).1.is_empty() {
                    true => std::future::pending().await,
                    false => deliver.losses.all_compared().await,
                }
            };
            tokio::select! {
                () = deliver.wait(until, &deliver.wake, stop, heartbeat) => {}
                () = compared => {}
            }
        }
        for _ in 0..LAST_TRIES {
            if self.settle().await.is_ok() {
                break;
            }
        }
        self.line.close(heartbeat).await;
        tracing::info!(mailbox = %deliver.settings.mailbox, "delivery stopped");
    }

    async fn pass(&mut self) -> StoreResult<Next> {
        self.settle().await?;
        self.recover().await?;
        let Surroundings { deliver, lease, .. } = self.around;
        let now = deliver.clock.now();
        if let Some(until) = self.account.paused_until(now) {
            return Ok(Next::Wait(until));
        }
        if let Some(until) = self.hourly.as_mut().and_then(|hourly| hourly.full_until(now)) {
            if self.full_until.replace(until) != Some(until) {
                tracing::warn!(mailbox = %deliver.settings.mailbox, %until, "max_per_hour is reached: mail waits");
            }
            return Ok(Next::Wait(until));
        }
        let (held_back, inboxes) = deliver.losses.held_back(now);
        // Until the answer is there, the row may be claimed without our knowing.
        self.recovered = false;
        let claimed = deliver.store.claim_due_but(lease, now, 1, &held_back).await?;
        self.recovered = true;
        let Some(mail) = claimed.into_iter().next() else {
            let due = deliver.store.next_due(&deliver.settings.mailbox).await?;
            let latest = after(now, POLL);
            if !held_back.is_empty()
                && due.is_some_and(|due| due <= now)
                && !std::mem::replace(&mut self.told_to_wait, true)
            {
                let mailbox = &deliver.settings.mailbox;
                tracing::warn!(%mailbox, ?inboxes, "mail of before this start waits until these inboxes were looked into");
            }
            return Ok(Next::Wait(due.unwrap_or(latest).clamp(after(now, LEAST_WAIT), latest)));
        };
        failpoint::pass("deliver-claimed");
        self.attempt(mail).await?;
        Ok(Next::Go)
    }

    async fn attempt(&mut self, mail: OutgoingMail) -> StoreResult<()> {
        let Surroundings { deliver, .. } = self.around;
        let began = deliver.clock.now();
        let n = match mail.state {
            DeliveryState::Attempting { n, .. } => n,
            _ => mail.attempts,
        };
        let sent = self.line.send(self.around, &mail).await;
        let now = deliver.clock.now();
        let (outcome, store_error) = match sent {
            Ok(response) => {
                self.account.is_well();
                (AttemptOutcome::Accepted { response }, None)
            }
            Err(end) => {
                let store_error = if let Failure::Store(error) = &end { Some(error.clone()) } else { None };
                (self.judge(&mail, n, end, now), store_error)
            }
        };
        if matches!(outcome, AttemptOutcome::Accepted { .. } | AttemptOutcome::Doubt { .. })
            && let Some(hourly) = self.hourly.as_mut()
        {
            hourly.count(now);
        }
        // A server that refuses one mail is a server that works.
        if matches!(outcome, AttemptOutcome::Accepted { .. } | AttemptOutcome::Refused { .. }) {
            deliver.alarms.clear(&deliver.alarm_key());
        }
        tell(&mail, n, &outcome, now.duration_since(began));
        self.unsettled = Some((mail.id, outcome));
        match store_error {
            Some(error) => Err(error),
            None => self.settle().await,
        }
    }

    fn judge(&mut self, mail: &OutgoingMail, n: u32, end: Failure, now: Timestamp) -> AttemptOutcome {
        let deliver = self.around.deliver;
        let Judgement { outcome, alarm } = self.account.judge(&deliver.settings.mailbox, mail, n, end, now);
        if let Some(sentence) = alarm {
            deliver.alarms.raise(&deliver.alarm_key(), sentence);
        }
        outcome
    }

    /// Stores the end of the last attempt. It is kept in memory until the store takes it: an accepted
    /// mail must not be taken for one that failed.
    async fn settle(&mut self) -> StoreResult<()> {
        let Surroundings { deliver, lease, .. } = self.around;
        let Some((id, outcome)) = self.unsettled.clone() else { return Ok(()) };
        match deliver.store.finish(lease, &id, outcome, deliver.clock.now()).await {
            Ok(_) => {
                failpoint::pass("deliver-finished");
                self.news.notify_one();
            }
            Err(error @ (StoreError::Missing(_) | StoreError::Illegal(_))) => {
                tracing::warn!(%id, "the end of an attempt cannot be stored, the mail is gone: {error}");
            }
            Err(error) => return Err(error),
        }
        self.unsettled = None;
        Ok(())
    }

    async fn recover(&mut self) -> StoreResult<()> {
        let Surroundings { deliver, lease, .. } = self.around;
        if !self.recovered {
            for mail in deliver.store.recover(lease, deliver.clock.now()).await? {
                let state = mail.state.name();
                tracing::warn!(case = %mail.case, id = %mail.id, state, "an attempt was left behind: it is {state} now");
                self.news.notify_one();
            }
            self.recovered = true;
        }
        if self.hourly.is_none() {
            self.hourly = Some(Hourly::new(deliver.settings.max_per_hour, sent_lately(deliver).await?));
        }
        Ok(())
    }

    fn store_is_well(&mut self) {
        if std::mem::take(&mut self.store_failures) > 0 {
            self.around.deliver.alarms.clear(&self.store_key());
        }
    }

    fn store_failed(&mut self, error: &StoreError) -> Timestamp {
        let deliver = self.around.deliver;
        self.store_failures += 1;
        let sentence = format!("the store does not work, mail waits and nothing is lost: {error}");
        deliver.alarms.raise(&self.store_key(), sentence);
        after(deliver.clock.now(), store_after(self.store_failures))
    }

    fn store_key(&self) -> String {
        format!("store deliver {}", self.around.deliver.settings.mailbox)
    }
}

/// What left in the last hour before this start, and somewhat more.
async fn sent_lately(deliver: &Deliver) -> StoreResult<Vec<Timestamp>> {
    let Some(limit) = deliver.settings.max_per_hour else { return Ok(Vec::new()) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(2);
    let latest = deliver.store.outbox(OutboxFilter::Latest(limit)).await?;
    let ours = latest.into_iter().filter(|mail| mail.mailbox == deliver.settings.mailbox);
    let left = ours.filter_map(|mail| match mail.state {
        DeliveryState::Sent { at, .. } | DeliveryState::InDoubt { since: at, .. } => Some(at),
        _ => None,
    });
    Ok(left.collect())
}

/// One readable sentence per attempt. The server's words may hold addresses: at debug level only.
fn tell(mail: &OutgoingMail, n: u32, outcome: &AttemptOutcome, took: SignedDuration) {
    let (case, ms) = (&mail.case, took.as_millis());
    let what = match mail.kind {
        OutgoingKind::Acknowledgement => "acknowledgement",
        OutgoingKind::Reply => "reply",
    };
    let words = match outcome {
        AttemptOutcome::Accepted { response } => {
            tracing::info!(%case, attempt = n, ms, "{what} accepted by the server");
            response
        }
        AttemptOutcome::Retry { not_before, why } => {
            tracing::warn!(%case, attempt = n, ms, %not_before, "{what} not sent, it will be tried again");
            why
        }
        AttemptOutcome::Refused { why } => {
            tracing::error!(%case, attempt = n, ms, "{what} refused by the server for good");
            why
        }
        AttemptOutcome::Doubt { why } => {
            tracing::error!(%case, attempt = n, ms, "{what} in doubt: the connection failed before the server's answer");
            why
        }
        AttemptOutcome::Hold { why } => {
            tracing::error!(%case, attempt = n, ms, "{what} held: a person has to decide");
            why
        }
    };
    tracing::debug!(%case, id = %mail.id, "the server's words: {words}");
}
