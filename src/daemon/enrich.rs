//! Looks up the purchase behind a case, applies law and policy, and puts the draft that follows in its place. All of
//! it happens after the acknowledgement, which never waits for it.

pub mod judge;
mod lookup;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::judge::{Facts, Judged};
use self::lookup::Source;
use super::alarms::Alarms;
use super::handbook::Handbooks;
use super::heartbeat::Heartbeat;
use crate::domain::{CaseId, CustomerHistory, Purchase};
use crate::ports::store::{CaseFile, Lease, StoreError};
use crate::ports::{Clock, Ids, OrderQuery, Orders, Store};
use crate::reply::compose::Sender;

/// How often the store is asked for cases that are due again: intake wakes the worker for new ones.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// Cases taken at once.
const AT_ONCE: usize = 50;
/// A case may change between reading and storing; more often than this in a row, and it waits for the next look.
const ATTEMPTS: usize = 3;
/// A case that cannot be assessed at all is tried again after this.
const SET_ASIDE: SignedDuration = SignedDuration::from_hours(1);
/// The alarm's subject.
const ALARM: &str = "orders";

/// The enrichment of one mailbox.
pub struct Enrich {
    /// Where cases are kept.
    pub store: Arc<dyn Store>,
    /// The shop's order source; `None` where none is configured.
    pub orders: Option<Arc<dyn Orders>>,
    /// Policy and templates.
    pub handbooks: Handbooks,
    /// Who answers.
    pub sender: Sender,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub ids: Arc<dyn Ids>,
    /// What a person must see.
    pub alarms: Alarms,
    /// Wakes the worker: something was written, or a reviewer corrected verdict or basis.
    pub wake: Arc<Notify>,
}

/// What lasts from one look to the next.
struct State {
    source: Source,
    /// Cases that say already why facts are missing: the revision told, and why.
    told: BTreeMap<CaseId, (u64, String)>,
}

impl Enrich {
    /// Runs until `stop`.
    pub async fn run(self, lease: Lease, heartbeat: Heartbeat, stop: CancellationToken) {
        let mut state = State { source: Source::new(self.orders.clone()), told: BTreeMap::new() };
        while !stop.is_cancelled() {
            let taken = self.assess_due(&lease, &mut state, &heartbeat).await;
            let more = taken.unwrap_or_else(|problem| {
                error!(mailbox = lease.mailbox, %problem, "cases could not be assessed; they are tried again");
                false
            });
            self.tell_trouble(&state.source).await;
            if more {
                continue;
            }
            let next =
                heartbeat.next().min(self.clock.now().saturating_add(LOOK_EVERY).unwrap_or_else(|_| self.clock.now()));
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = self.wake.notified() => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    /// Takes what is due; true when there is more.
    async fn assess_due(&self, lease: &Lease, state: &mut State, heartbeat: &Heartbeat) -> Result<bool, StoreError> {
        heartbeat.beat();
        let due = self.store.unassessed(&lease.mailbox, self.clock.now(), AT_ONCE).await?;
        let more = due.len() == AT_ONCE;
        for case in due {
            heartbeat.beat();
            match self.assess(lease, &case, state).await {
                // Erased meanwhile: nothing is due any more.
                Ok(()) | Err(StoreError::Missing(_)) => {}
                Err(StoreError::Permanent(problem) | StoreError::Damaged(problem)) => {
                    error!(mailbox = lease.mailbox, %case, problem, "a case cannot be assessed; it is set aside for an hour");
                    self.set_aside(lease, &case).await?;
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok(more)
    }

    async fn assess(&self, lease: &Lease, case: &CaseId, state: &mut State) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let file = self.store.case_file(case).await?;
            let query = OrderQuery {
                number: file.case.known.order_number.clone(),
                email: file.case.customer.as_ref().map(|customer| customer.email.clone()),
            };
            let purchase = state.source.purchase(&query, self.clock.now(), self.ids.bits()).await;
            if let Purchase::Unavailable { why, .. } = &purchase
                && state.told.get(case).is_some_and(|told| *told == (file.case.revision, why.clone()))
            {
                return self.defer(lease, case, state).await;
            }
            let history = self.history(&file, &query, &purchase).await?;
            let facts = Facts { file: &file, purchase: &purchase, history: &history, now: self.clock.now() };
            let Some(Judged { assessment, draft }) = judge::judge(&self.handbooks.current(), &self.sender, &facts)
            else {
                return self.set_aside(lease, case).await;
            };
            let at = self.clock.now();
            let stored = self.store.assess(lease, case, file.case.revision, assessment, draft, at).await;
            let revision = match stored {
                Err(StoreError::Stale { .. }) => continue,
                other => other?,
            };
            if let Purchase::Unavailable { why, .. } = &purchase {
                warn!(mailbox = lease.mailbox, %case, "assessed without order facts: the order source does not answer");
                state.told.insert(case.clone(), (revision, why.clone()));
                return self.defer(lease, case, state).await;
            }
            state.told.remove(case);
            info!(mailbox = lease.mailbox, %case, "assessed");
            return Ok(());
        }
        Ok(())
    }

    async fn history(
        &self,
        file: &CaseFile,
        query: &OrderQuery,
        purchase: &Purchase,
    ) -> Result<CustomerHistory, StoreError> {
        let Some(customer) = &query.email else { return Ok(CustomerHistory::default()) };
        let order = purchase.order().map(|order| order.number.as_str()).or(query.number.as_deref());
        self.store.history(customer, order, &file.case.id).await
    }

    /// The source is asked about this case again when it may answer.
    async fn defer(&self, lease: &Lease, case: &CaseId, state: &State) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.defer_assessment(lease, case, state.source.next_try().unwrap_or(now)).await
    }

    async fn set_aside(&self, lease: &Lease, case: &CaseId) -> Result<(), StoreError> {
        let until = self.clock.now().saturating_add(SET_ASIDE).unwrap_or_else(|_| self.clock.now());
        self.store.defer_assessment(lease, case, until).await
    }

    async fn tell_trouble(&self, source: &Source) {
        match source.trouble(self.clock.now()).await {
            Some(what) => self.alarms.raise(
                ALARM,
                format!("Order facts are missing or out of date; what is missing comes by itself once the source is well: {what}"),
            ),
            None => self.alarms.clear(ALARM),
        }
    }
}
