//! The port's methods, each handed to its step.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::key::{Key, Table};
use super::record::Incoming;
use super::review::Reviewed;
use super::{EPOCH, SledStore, blocking};
use crate::domain::joining::{Joining, Threading};
use crate::domain::outgoing::AttemptOutcome;
use crate::domain::record::CallDirection;
use crate::domain::{
    Assessment, Basis, Case, CaseId, CustomerHistory, DeliveryState, Email, Folder, MessageKey, MessageLocation,
    OutgoingId, OutgoingMail, Position, Suggestion, TemplateName, Timer, Verdict, Work,
};
use crate::ports::Store;
use crate::ports::store::{
    AutomatedMessage, BackedUp, Breaker, CaseFile, Chore, Correction, Decision, DraftEdit, DraftProposal, Erased,
    Expired, Expiry, Figures, Intake, Lease, LossNotice, Lost, MachineAlert, NoticeState, OutboxFilter, Overview,
    Period, Promise, Quarantine, Quarantined, QueueRow, Recorded, StoreError, StoreResult, StoredNotice, TellOutcome,
};

fn reviewed(expected_revision: u64, reviewer: &str, at: Timestamp) -> Reviewed {
    Reviewed { expected_revision, reviewer: reviewer.to_owned(), at }
}

#[async_trait]
impl Store for SledStore {
    async fn lease(&self, mailbox: &str) -> StoreResult<Lease> {
        Ok(Lease { mailbox: mailbox.to_owned(), epoch: EPOCH })
    }

    async fn heal(&self) -> StoreResult<()> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.heal()).await
    }

    async fn rebuilt_at(&self) -> StoreResult<Option<Timestamp>> {
        self.look(|tx| tx.get(Key::of(Table::Rebuilt))).await
    }

    async fn lost(&self, mailbox: &str) -> StoreResult<Option<Lost>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.lost(&mailbox)).await
    }

    async fn roll_back(&self, at: Timestamp, sentence: &str) -> StoreResult<()> {
        let notice = LossNotice { at, sentence: sentence.to_owned() };
        self.change(move |tx| tx.roll_back(at).and_then(|()| tx.put(Key::of(Table::Loss), &notice))).await
    }

    async fn loss(&self) -> StoreResult<Option<LossNotice>> {
        self.look(|tx| tx.get(Key::of(Table::Loss))).await
    }

    async fn unwatched(&self) -> Option<String> {
        self.inner.unwatched.sentence()
    }

    async fn damaged(&self, all: bool) -> StoreResult<Vec<String>> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.damaged(all)).await
    }

    async fn dismiss_loss(&self) -> StoreResult<()> {
        self.change(|tx| {
            tx.delete(Key::of(Table::Loss));
            Ok(())
        })
        .await
    }

    async fn named_with(&self, secret: MessageKey, unused: bool) -> StoreResult<bool> {
        let kept = self.look(|tx| tx.get::<MessageKey>(Key::of(Table::NamedWith))).await?;
        if kept == Some(secret) || (kept.is_some() && !unused) {
            return Ok(kept == Some(secret));
        }
        self.change(move |tx| tx.put(Key::of(Table::NamedWith), &secret)).await?;
        Ok(true)
    }

    async fn backup(&self, folder: &Path) -> StoreResult<BackedUp> {
        let (inner, folder) = (Arc::clone(&self.inner), folder.to_owned());
        blocking(move || inner.backup(&folder)).await
    }

    async fn erase(&self, address: &Email, at: Timestamp) -> StoreResult<Erased> {
        let (inner, address) = (Arc::clone(&self.inner), address.clone());
        blocking(move || inner.erase(&address, at)).await
    }

    async fn expire(&self, before: Expiry, at: Timestamp) -> StoreResult<Expired> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.expire(before, at)).await
    }

    async fn knows(&self, key: MessageKey) -> StoreResult<bool> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.knows(key)).await
    }

    async fn position(&self, folder: &Folder) -> StoreResult<Option<Position>> {
        let folder = folder.clone();
        self.look(move |tx| tx.position(&folder)).await
    }

    async fn take_up(&self, location: &MessageLocation) -> u32 {
        self.inner.begun.take_up(location).await
    }

    async fn put_down(&self, folder: &Folder) {
        self.inner.begun.put_down(folder);
    }

    async fn set_position(&self, lease: &Lease, folder: &Folder, position: &Position) -> StoreResult<()> {
        let (folder, position) = (folder.clone(), position.clone());
        self.change_leased(lease, move |tx| tx.set_position(&folder, &position)).await
    }

    async fn keep_raw(&self, key: MessageKey, bytes: &[u8]) -> StoreResult<()> {
        let (inner, bytes) = (Arc::clone(&self.inner), bytes.to_vec());
        let keep = move || inner.has_room().and_then(|()| inner.raw.keep(key, &bytes));
        self.watched(blocking(keep).await)
    }

    async fn raw(&self, key: MessageKey) -> StoreResult<Option<Vec<u8>>> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.raw.read(key)).await
    }

    async fn locate(&self, threading: &Threading) -> StoreResult<Joining> {
        let threading = threading.clone();
        self.look(move |tx| tx.locate(&threading)).await
    }

    async fn record(&self, lease: &Lease, intake: Intake) -> StoreResult<Recorded> {
        super::check(lease)?;
        // A long text gets durable in its file before the lock is taken: nobody waits for that disk but us.
        let inner = Arc::clone(&self.inner);
        let incoming = blocking(move || {
            let row = Incoming::row_of(&intake);
            let bytes = serde_json::to_vec(&row)
                .map_err(|error| StoreError::Permanent(format!("cannot write a message: {error}")))?;
            // What is known, and be it erased since, is never stored again: its text must not lie there either.
            let value = if inner.knows(intake.key)? { Vec::new() } else { inner.texts.encode(&bytes)? };
            Ok(Incoming { value, row, intake })
        })
        .await;
        let incoming = self.watched(incoming)?;
        self.change(move |tx| tx.record(&incoming)).await
    }

    async fn missing(&self, folder: &Folder, names: Vec<String>) -> StoreResult<Vec<String>> {
        let folder = folder.clone();
        self.look(move |tx| tx.missing(&folder, names)).await
    }

    async fn pass_over(&self, lease: &Lease, quarantine: Quarantine) -> StoreResult<()> {
        self.change_leased(lease, move |tx| tx.pass_over(&quarantine)).await
    }

    async fn revise(
        &self,
        lease: &Lease,
        case: &CaseId,
        expected_revision: u64,
        suggestion: Suggestion,
        body: String,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let case = case.clone();
        self.change_leased(lease, move |tx| tx.revise(&case, expected_revision, suggestion, body, at)).await
    }

    async fn open_draft(&self, case: &CaseId, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let (case, reviewer) = (case.clone(), reviewer.to_owned());
        self.change(move |tx| tx.open_draft(&case, &reviewer, at)).await
    }

    async fn edit_draft(
        &self,
        case: &CaseId,
        expected_revision: u64,
        edit: DraftEdit,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let (case, by) = (case.clone(), reviewed(expected_revision, reviewer, at));
        self.change(move |tx| tx.edit_draft(&case, edit, &by)).await
    }

    async fn correct(
        &self,
        case: &CaseId,
        expected_revision: u64,
        verdict: Verdict,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let (case, by) = (case.clone(), reviewed(expected_revision, reviewer, at));
        self.change(move |tx| tx.correct(&case, verdict, &by)).await
    }

    async fn decide(
        &self,
        case: &CaseId,
        expected_revision: u64,
        decision: Decision,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        let (case, by) = (case.clone(), reviewed(expected_revision, reviewer, at));
        self.change(move |tx| tx.decide(&case, decision, &by)).await
    }

    async fn assess(
        &self,
        lease: &Lease,
        case: &CaseId,
        expected_revision: u64,
        assessment: Assessment,
        draft: Option<(Suggestion, String)>,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let case = case.clone();
        self.change_leased(lease, move |tx| tx.assess(&case, expected_revision, &assessment, draft, at)).await
    }

    async fn assessment(&self, case: &CaseId) -> StoreResult<Option<Assessment>> {
        let case = case.clone();
        self.look(move |tx| tx.assessment(&case)).await
    }

    async fn unassessed(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<CaseId>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.unassessed(&mailbox, now, limit)).await
    }

    async fn defer_assessment(&self, lease: &Lease, case: &CaseId, until: Timestamp) -> StoreResult<()> {
        let case = case.clone();
        self.change_leased(lease, move |tx| tx.defer_assessment(&case, until)).await
    }

    async fn history(&self, customer: &Email, order: Option<&str>, except: &CaseId) -> StoreResult<CustomerHistory> {
        let (customer, order, except) = (customer.clone(), order.map(str::to_owned), except.clone());
        self.look(move |tx| tx.history(&customer, order.as_deref(), &except)).await
    }

    async fn correct_basis(
        &self,
        case: &CaseId,
        expected_revision: u64,
        basis: Option<Basis>,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let (case, by) = (case.clone(), reviewed(expected_revision, reviewer, at));
        self.change(move |tx| tx.correct_basis(&case, basis, &by)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<OutgoingMail>> {
        let mailbox = lease.mailbox.clone();
        self.conclude(lease, move |tx| tx.recover(&mailbox, now)).await
    }

    async fn claim_due_but(
        &self,
        lease: &Lease,
        now: Timestamp,
        limit: usize,
        left: &BTreeSet<OutgoingId>,
    ) -> StoreResult<Vec<OutgoingMail>> {
        let mut claimed = Vec::new();
        loop {
            // What is cancelled on the way makes room for what stands behind it.
            let (mailbox, room) = (lease.mailbox.clone(), limit.saturating_sub(claimed.len()));
            let left = left.clone();
            let (some, more) = self.change_leased(lease, move |tx| tx.claim_due(&mailbox, now, room, &left)).await?;
            claimed.extend(some);
            if !more || claimed.len() >= limit {
                return Ok(claimed);
            }
        }
    }

    async fn mark_committing(&self, lease: &Lease, id: &OutgoingId) -> StoreResult<()> {
        let (id, held) = (id.clone(), lease.clone());
        self.change_leased(lease, move |tx| tx.mark_committing(&held, &id)).await
    }

    async fn finish(
        &self,
        lease: &Lease,
        id: &OutgoingId,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> StoreResult<DeliveryState> {
        let (id, held) = (id.clone(), lease.clone());
        self.conclude(lease, move |tx| tx.finish(&held, &id, outcome, now)).await
    }

    async fn prove_sent(&self, lease: &Lease, id: &OutgoingId, evidence: &str, now: Timestamp) -> StoreResult<()> {
        let (id, held, evidence) = (id.clone(), lease.clone(), evidence.to_owned());
        self.conclude(lease, move |tx| tx.prove_sent(&held, &id, &evidence, now)).await
    }

    async fn resolve_doubts(&self, lease: &Lease, resend_once: bool, now: Timestamp) -> StoreResult<Vec<OutgoingId>> {
        let mailbox = lease.mailbox.clone();
        self.change_leased(lease, move |tx| tx.resolve_doubts(&mailbox, resend_once, now)).await
    }

    async fn release(&self, id: &OutgoingId, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let (id, reviewer) = (id.clone(), reviewer.to_owned());
        self.change(move |tx| tx.release(&id, &reviewer, now)).await
    }

    async fn cancel(&self, id: &OutgoingId, why: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let (id, why, reviewer) = (id.clone(), why.to_owned(), reviewer.to_owned());
        self.change(move |tx| tx.cancel(&id, &why, &reviewer, now)).await
    }

    async fn next_due(&self, mailbox: &str) -> StoreResult<Option<Timestamp>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.next_due(&mailbox)).await
    }

    async fn chores(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<Chore>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.chores(&mailbox, now, limit)).await
    }

    async fn chore_done(&self, lease: &Lease, chore: &Chore, found: bool, now: Timestamp) -> StoreResult<()> {
        let chore = chore.clone();
        self.change_leased(lease, move |tx| tx.chore_done(&chore, found, now)).await
    }

    async fn claim_notice(&self, lease: &Lease, now: Timestamp) -> StoreResult<Option<StoredNotice>> {
        let mailbox = lease.mailbox.clone();
        self.change_leased(lease, move |tx| tx.claim_notice(&mailbox, now)).await
    }

    async fn finish_notice(
        &self,
        lease: &Lease,
        case: &CaseId,
        key: &str,
        outcome: TellOutcome,
        now: Timestamp,
    ) -> StoreResult<NoticeState> {
        let (case, key) = (case.clone(), key.to_owned());
        self.conclude(lease, move |tx| tx.finish_notice(&case, &key, outcome, now)).await
    }

    async fn stuck_notices(&self, mailbox: &str) -> StoreResult<Vec<StoredNotice>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.stuck_notices(&mailbox)).await
    }

    async fn tell_again(&self, case: &CaseId, key: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let (case, key, reviewer) = (case.clone(), key.to_owned(), reviewer.to_owned());
        self.change(move |tx| tx.tell_again(&case, &key, &reviewer, now)).await
    }

    async fn due_promises(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Promise>> {
        let mailbox = lease.mailbox.clone();
        self.change_leased(lease, move |tx| tx.due_promises(&mailbox, now)).await
    }

    async fn keep_promise(&self, case: &CaseId, n: u64, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let (case, reviewer) = (case.clone(), reviewer.to_owned());
        self.change(move |tx| tx.keep_promise(&case, n, &reviewer, at)).await
    }

    async fn log_call(
        &self,
        case: &CaseId,
        direction: CallDirection,
        note: &str,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        let (case, note, reviewer) = (case.clone(), note.to_owned(), reviewer.to_owned());
        self.change(move |tx| tx.log_call(&case, direction, note, reviewer, at)).await
    }

    async fn due_timers(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Timer>> {
        super::check(lease)?;
        let mailbox = lease.mailbox.clone();
        self.look(move |tx| tx.due_timers(&mailbox, now)).await
    }

    async fn fire_timer(&self, lease: &Lease, timer: &Timer, draft: DraftProposal, now: Timestamp) -> StoreResult<()> {
        let timer = timer.clone();
        self.change_leased(lease, move |tx| tx.fire_timer(&timer, &draft, now)).await
    }

    async fn breaker(&self, mailbox: &str) -> StoreResult<Option<Breaker>> {
        let mailbox = mailbox.to_owned();
        self.look(move |tx| tx.breaker(&mailbox)).await
    }

    async fn release_breaker(&self, mailbox: &str, _now: Timestamp) -> StoreResult<()> {
        let mailbox = mailbox.to_owned();
        self.change(move |tx| tx.release_breaker(&mailbox)).await
    }

    async fn work(&self) -> StoreResult<Vec<Work>> {
        self.look(|tx| tx.work()).await
    }

    async fn queue_rows(&self, cases: &[CaseId]) -> StoreResult<Vec<QueueRow>> {
        let cases = cases.to_vec();
        self.look(move |tx| tx.queue_rows(&cases)).await
    }

    async fn case_file(&self, case: &CaseId) -> StoreResult<CaseFile> {
        let case = case.clone();
        self.look(move |tx| tx.case_file(&case)).await
    }

    async fn case(&self, case: &CaseId) -> StoreResult<Case> {
        let case = case.clone();
        self.look(move |tx| tx.case(&case)).await
    }

    async fn cases(&self, limit: usize) -> StoreResult<Vec<Case>> {
        self.look(move |tx| tx.cases(limit)).await
    }

    async fn outbox(&self, filter: OutboxFilter) -> StoreResult<Vec<OutgoingMail>> {
        self.look(move |tx| tx.outbox(filter)).await
    }

    async fn automated(&self, limit: usize) -> StoreResult<Vec<AutomatedMessage>> {
        self.look(move |tx| tx.automated(limit)).await
    }

    async fn alerts(&self, limit: usize) -> StoreResult<Vec<MachineAlert>> {
        self.look(move |tx| tx.alerts(limit)).await
    }

    async fn dismiss_alert(&self, key: MessageKey, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let reviewer = reviewer.to_owned();
        self.change(move |tx| tx.dismiss_alert(key, &reviewer, at)).await
    }

    async fn quarantined(&self, limit: usize) -> StoreResult<Vec<Quarantined>> {
        self.look(move |tx| tx.quarantined(limit)).await
    }

    async fn corrections(&self) -> StoreResult<Vec<Correction>> {
        self.look(|tx| tx.corrections()).await
    }

    async fn overview(&self) -> StoreResult<Overview> {
        self.look(|tx| tx.overview()).await
    }

    async fn figures(&self, period: Period, time_zone: &TimeZone) -> StoreResult<Figures> {
        let (inner, time_zone) = (Arc::clone(&self.inner), time_zone.clone());
        blocking(move || inner.figures(period, time_zone)).await
    }

    async fn template_figures(&self) -> StoreResult<Vec<(TemplateName, u64, u64)>> {
        self.look(|tx| tx.template_figures()).await
    }
}
