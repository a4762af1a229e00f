//! An outbox in memory: the delivery part of the store, on the domain's own steps.

use std::sync::Mutex;

use async_trait::async_trait;
use guichet::domain::joining::{Joining, Threading};
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::*;
use guichet::ports::Store;
use guichet::ports::store::*;
use jiff::Timestamp;
use tokio::sync::watch;

#[derive(Default)]
pub struct Outbox {
    rows: watch::Sender<Vec<OutgoingMail>>,
    chores: Mutex<Vec<Chore>>,
    /// Chores that were done, with `found`.
    pub done: watch::Sender<Vec<(String, bool)>>,
    /// Steps that fail the next time they are called.
    failures: Mutex<Vec<(&'static str, StoreError)>>,
    /// Times at which due mail was asked for.
    asked: watch::Sender<Vec<Timestamp>>,
}

impl Outbox {
    pub fn put(&self, mail: OutgoingMail) {
        self.rows.send_modify(|rows| rows.push(mail));
    }

    pub fn add_chore(&self, chore: Chore) {
        self.chores.lock().unwrap().push(chore);
    }

    pub fn fail_once(&self, step: &'static str, error: StoreError) {
        self.failures.lock().unwrap().push((step, error));
    }

    pub fn rows(&self) -> Vec<OutgoingMail> {
        self.rows.borrow().clone()
    }

    pub fn state(&self, id: &str) -> DeliveryState {
        self.rows().into_iter().find(|row| row.id.as_str() == id).unwrap().state
    }

    /// Returns once the row is in the state of this name.
    pub async fn until(&self, id: &str, state: &str) -> OutgoingMail {
        self.until_row(id, |row| row.state.name() == state).await
    }

    /// Returns once the row is as wanted.
    pub async fn until_row(&self, id: &str, wanted: impl Fn(&OutgoingMail) -> bool) -> OutgoingMail {
        let mut rows = self.rows.subscribe();
        let is_it = |row: &&OutgoingMail| row.id.as_str() == id && wanted(row);
        let waiting = tokio::time::timeout(super::PATIENCE, rows.wait_for(|rows| rows.iter().any(|row| is_it(&row))));
        let rows = waiting.await.unwrap_or_else(|_| panic!("{id} is still {:?}", self.state(id))).unwrap();
        rows.iter().find(is_it).unwrap().clone()
    }

    /// Returns once due mail was asked for at or after `at`.
    pub async fn asked_at(&self, at: Timestamp) {
        let mut asked = self.asked.subscribe();
        let waiting = asked.wait_for(|asked| asked.iter().any(|asked| *asked >= at));
        tokio::time::timeout(super::PATIENCE, waiting).await.expect("the worker asks for mail").unwrap();
    }

    /// Returns once so many chores are done.
    pub async fn chores_done(&self, count: usize) -> Vec<(String, bool)> {
        let mut done = self.done.subscribe();
        let waiting = tokio::time::timeout(super::PATIENCE, done.wait_for(|done| done.len() >= count));
        waiting.await.expect("the chores are done").unwrap().clone()
    }

    fn may_fail(&self, step: &str) -> StoreResult<()> {
        let mut failures = self.failures.lock().unwrap();
        match failures.iter().position(|(name, _)| *name == step) {
            Some(index) => Err(failures.remove(index).1),
            None => Ok(()),
        }
    }

    fn change<T>(&self, id: &OutgoingId, step: impl FnOnce(&mut OutgoingMail) -> StoreResult<T>) -> StoreResult<T> {
        let mut result = Err(StoreError::Missing(id.to_string()));
        self.rows.send_modify(|rows| {
            if let Some(row) = rows.iter_mut().find(|row| row.id == *id) {
                result = step(row);
            }
        });
        result
    }

    fn change_all(&self, mut step: impl FnMut(&mut OutgoingMail) -> bool) -> Vec<OutgoingMail> {
        let mut changed = Vec::new();
        self.rows.send_modify(|rows| {
            changed = rows.iter_mut().filter_map(|row| step(row).then(|| row.clone())).collect();
        });
        changed
    }
}

#[async_trait]
impl Store for Outbox {
    async fn lease(&self, mailbox: &str) -> StoreResult<Lease> {
        Ok(Lease { mailbox: mailbox.to_owned(), epoch: 1 })
    }

    async fn recover(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<OutgoingMail>> {
        self.may_fail("recover")?;
        Ok(self.change_all(|row| match row.state.after_crash(now) {
            Some(state) if row.mailbox == lease.mailbox => {
                row.state = state;
                true
            }
            _ => false,
        }))
    }

    async fn claim_due(&self, lease: &Lease, now: Timestamp, limit: usize) -> StoreResult<Vec<OutgoingMail>> {
        self.asked.send_modify(|asked| asked.push(now));
        self.may_fail("claim_due")?;
        let mut left = limit;
        let claimed = self.change_all(|row| {
            let due = matches!(row.state, DeliveryState::Pending { not_before } if not_before <= now);
            if left == 0 || !due || row.mailbox != lease.mailbox {
                return false;
            }
            left -= 1;
            row.attempts += 1;
            row.state = row.state.claim(row.attempts, now).unwrap();
            true
        });
        self.may_fail("claim_due after the claim")?;
        Ok(claimed)
    }

    async fn mark_committing(&self, _lease: &Lease, id: &OutgoingId) -> StoreResult<()> {
        self.may_fail("mark_committing")?;
        self.change(id, |row| {
            row.state = row.state.commit()?;
            Ok(())
        })
    }

    async fn finish(
        &self,
        _lease: &Lease,
        id: &OutgoingId,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> StoreResult<DeliveryState> {
        self.may_fail("finish")?;
        self.change(id, |row| {
            row.last_problem = match &outcome {
                AttemptOutcome::Accepted { .. } => None,
                AttemptOutcome::Retry { why, .. }
                | AttemptOutcome::Refused { why }
                | AttemptOutcome::Doubt { why }
                | AttemptOutcome::Hold { why } => Some(why.clone()),
            };
            row.state = row.state.finish(outcome, now)?;
            if row.file_copy && row.state.name() == "sent" {
                self.chores.lock().unwrap().push(Chore::FileCopy(Box::new(row.clone())));
            }
            Ok(row.state.clone())
        })
    }

    async fn prove_sent(&self, _lease: &Lease, id: &OutgoingId, evidence: &str, now: Timestamp) -> StoreResult<()> {
        self.change(id, |row| {
            row.state = row.state.proven(evidence, now)?;
            Ok(())
        })
    }

    async fn resolve_doubts(&self, _lease: &Lease, resend_once: bool, now: Timestamp) -> StoreResult<Vec<OutgoingId>> {
        let resolved = self.change_all(|row| {
            let doubt = matches!(row.state, DeliveryState::InDoubt { .. });
            if !doubt || row.state.due_at().is_none_or(|due| due > now) {
                return false;
            }
            row.state = row.state.resolve_doubt(row.resends, resend_once, now).unwrap();
            row.resends += u32::from(row.state.name() == "pending");
            true
        });
        Ok(resolved.into_iter().map(|row| row.id).collect())
    }

    async fn next_due(&self, mailbox: &str) -> StoreResult<Option<Timestamp>> {
        Ok(self.rows().iter().filter(|row| row.mailbox == mailbox).filter_map(|row| row.state.due_at()).min())
    }

    async fn chores(&self, _mailbox: &str, _now: Timestamp, limit: usize) -> StoreResult<Vec<Chore>> {
        Ok(self.chores.lock().unwrap().iter().take(limit).cloned().collect())
    }

    async fn chore_done(&self, _lease: &Lease, chore: &Chore, found: bool, _now: Timestamp) -> StoreResult<()> {
        self.may_fail("chore_done")?;
        self.chores.lock().unwrap().retain(|other| other != chore);
        let name = match chore {
            Chore::FileCopy(mail) => format!("copy {}", mail.id),
            Chore::MarkAcknowledged { id, .. } => format!("keyword {id}"),
        };
        self.done.send_modify(|done| done.push((name, found)));
        Ok(())
    }

    async fn outbox(&self, filter: OutboxFilter) -> StoreResult<Vec<OutgoingMail>> {
        let keep = |row: &OutgoingMail| match filter {
            OutboxFilter::Open => !row.state.is_final(),
            OutboxFilter::Troubled => matches!(row.state, DeliveryState::InDoubt { .. } | DeliveryState::Held { .. }),
            OutboxFilter::Latest(_) => true,
        };
        Ok(self.rows().into_iter().filter(keep).collect())
    }

    // ---- not the outbox's business --------------------------------------------------------------

    async fn position(&self, _: &Folder) -> StoreResult<Option<Position>> {
        unreachable!()
    }
    async fn set_position(&self, _: &Lease, _: &Folder, _: &Position) -> StoreResult<()> {
        unreachable!()
    }
    async fn keep_raw(&self, _: MessageKey, _: &[u8]) -> StoreResult<()> {
        unreachable!()
    }
    async fn raw(&self, _: MessageKey) -> StoreResult<Option<Vec<u8>>> {
        unreachable!()
    }
    async fn locate(&self, _: &Threading) -> StoreResult<Joining> {
        unreachable!()
    }
    async fn record(&self, _: &Lease, _: Intake) -> StoreResult<Recorded> {
        unreachable!()
    }
    async fn pass_over(&self, _: &Lease, _: Quarantine) -> StoreResult<()> {
        unreachable!()
    }
    async fn revise(&self, _: &Lease, _: &CaseId, _: u64, _: Suggestion, _: String, _: Timestamp) -> StoreResult<u64> {
        unreachable!()
    }
    async fn open_draft(&self, _: &CaseId, _: &str, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn edit_draft(&self, _: &CaseId, _: u64, _: DraftEdit, _: &str, _: Timestamp) -> StoreResult<u64> {
        unreachable!()
    }
    async fn correct(&self, _: &CaseId, _: u64, _: Verdict, _: &str, _: Timestamp) -> StoreResult<u64> {
        unreachable!()
    }
    async fn decide(&self, _: &CaseId, _: u64, _: Decision, _: &str, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn release(&self, _: &OutgoingId, _: &str, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn cancel(&self, _: &OutgoingId, _: &str, _: &str, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn due_timers(&self, _: &Lease, _: Timestamp) -> StoreResult<Vec<Timer>> {
        unreachable!()
    }
    async fn next_timer(&self, _: &str) -> StoreResult<Option<Timestamp>> {
        unreachable!()
    }
    async fn fire_timer(&self, _: &Lease, _: &Timer, _: DraftProposal, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn breaker(&self, _: &str) -> StoreResult<Option<Breaker>> {
        unreachable!()
    }
    async fn release_breaker(&self, _: &str, _: Timestamp) -> StoreResult<()> {
        unreachable!()
    }
    async fn queue(&self, _: usize) -> StoreResult<Vec<QueueRow>> {
        unreachable!()
    }
    async fn case_file(&self, _: &CaseId) -> StoreResult<CaseFile> {
        unreachable!()
    }
    async fn case(&self, _: &CaseId) -> StoreResult<Case> {
        unreachable!()
    }
    async fn cases(&self, _: usize) -> StoreResult<Vec<Case>> {
        unreachable!()
    }
    async fn automated(&self, _: usize) -> StoreResult<Vec<AutomatedMessage>> {
        unreachable!()
    }
    async fn quarantined(&self, _: usize) -> StoreResult<Vec<Quarantined>> {
        unreachable!()
    }
    async fn corrections(&self) -> StoreResult<Vec<Correction>> {
        unreachable!()
    }
    async fn overview(&self) -> StoreResult<Overview> {
        unreachable!()
    }
    async fn template_figures(&self) -> StoreResult<Vec<(TemplateName, u64, u64)>> {
        unreachable!()
    }
}
