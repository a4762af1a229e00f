//! Tells the shop's payment side of accepted refunds, one at a time, until it has taken each or a person is called.
//!
//! The attempt and the time of the next one are durable before the other side hears anything, and every repetition
//! bears the same key: after a crash a notice may be told twice, and is one refund.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::alarms::Alarms;
use super::heartbeat::Heartbeat;
use crate::failpoint;
use crate::ports::refunds::RefundsError;
use crate::ports::store::{Lease, NOTICE_LIFE, NoticeState, StoreError, StoredNotice, TellOutcome};
use crate::ports::{Clock, Refunds, Store};

/// How often the store is asked for due notices.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Failed attempts before a person is told that something is wrong; servers restart.
const QUIET_ATTEMPTS: u32 = 3;

/// The refund notices of one mailbox.
pub struct RefundTeller {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Who is told.
    pub refunds: Arc<dyn Refunds>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where a person is called.
    pub alarms: Alarms,
}

impl RefundTeller {
    /// Runs until `stop`; a notice that is being told then is waited for.
    pub async fn run(self, lease: Lease, heartbeat: Heartbeat, stop: CancellationToken) {
        while !stop.is_cancelled() {
            heartbeat.beat();
            if let Err(problem) = heartbeat.during(self.tell_due(&lease, &stop)).await {
                error!(mailbox = lease.mailbox, %problem, "refund notices could not be looked at; they are tried again");
            }
            let next = heartbeat.next().min(self.clock.now().saturating_add(LOOK_EVERY).unwrap_or(self.clock.now()));
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    /// Tells everything that is due now, and raises the alarm for what was given up.
    ///
    /// # Errors
    /// Only the store's; what was not told stays due.
    pub async fn tell_due(&self, lease: &Lease, stop: &CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            let Some(row) = self.store.claim_notice(lease, self.clock.now()).await? else { break };
            failpoint::pass("refund-claimed");
            let answer = self.refunds.tell(&row.notice).await;
            failpoint::pass("refund-told");
            let outcome = self.judge(&row, answer);
            let (case, key) = (&row.notice.case, &row.notice.idempotency_key);
            let state = self.store.finish_notice(lease, case, key, outcome.clone(), self.clock.now()).await?;
            self.report(lease, &row, &outcome, &state);
        }
        self.show_stuck(lease).await
    }

    fn judge(&self, row: &StoredNotice, answer: Result<(), RefundsError>) -> TellOutcome {
        match answer {
            Ok(()) => TellOutcome::Told,
            Err(RefundsError::Permanent(why)) => TellOutcome::GiveUp { why },
            Err(RefundsError::Temporary(why)) if self.clock.now().duration_since(row.since) >= NOTICE_LIFE => {
                TellOutcome::GiveUp { why: format!("not taken for 5 days: {why}") }
            }
            Err(RefundsError::Temporary(why)) => TellOutcome::Retry { why },
        }
    }

    fn report(&self, lease: &Lease, row: &StoredNotice, outcome: &TellOutcome, state: &NoticeState) {
        let (case, attempt, state) = (&row.notice.case, row.attempts, state.name());
        let subject = trouble(&lease.mailbox);
        match outcome {
            TellOutcome::Told => {
                self.alarms.clear(&subject);
                info!(%case, attempt, state, "refund notice taken by the payment side");
            }
            TellOutcome::Retry { why } => {
                warn!(%case, attempt, state, "refund notice not taken, it will be told again");
                if attempt > QUIET_ATTEMPTS {
                    self.alarms.raise(&subject, format!("refund notices are not taken, {attempt} tries so far: {why}"));
                }
            }
            TellOutcome::GiveUp { .. } => error!(%case, attempt, state, "refund notice given up"),
        }
    }

    /// One alarm a mailbox, as long as a notice lies given up; also after a restart.
    async fn show_stuck(&self, lease: &Lease) -> Result<(), StoreError> {
        let subject = format!("refunds given up {}", lease.mailbox);
        let stuck = self.store.stuck_notices(&lease.mailbox).await?;
        let Some(first) = stuck.first() else {
            self.alarms.clear(&subject);
            return Ok(());
        };
        let mut cases: Vec<&str> = stuck.iter().map(|row| row.notice.case.as_str()).collect();
        cases.dedup();
        let why = first.last_problem.as_deref().unwrap_or("no reason known");
        self.alarms.raise(
            &subject,
            format!(
                "accepted refunds were not taken by the payment side (case {}): start them there by hand, or mend the \
                 other side and tell them again; the first: {why}",
                cases.join(", ")
            ),
        );
        Ok(())
    }
}

fn trouble(mailbox: &str) -> String {
    format!("refunds {mailbox}")
}
