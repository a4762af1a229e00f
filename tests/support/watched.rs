//! A store whose changes a test can wait for, and whose steps a test can make fail.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use guichet::domain::joining::{Joining, Threading};
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::record::CallDirection;
use guichet::domain::*;
use guichet::ports::Store;
use guichet::ports::store::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::PATIENCE;
use super::still_time::Activity;

/// Wraps a real store.
pub struct WatchedStore {
    inner: Arc<dyn Store>,
    changes: watch::Sender<u64>,
    under_way: AtomicUsize,
    failures: Mutex<Vec<(&'static str, StoreError)>>,
    panics: Mutex<Vec<&'static str>>,
    done: watch::Sender<Vec<(String, bool)>>,
    activity: Activity,
}

impl WatchedStore {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self::seen_by(inner, Activity::default())
    }

    /// The same; no time passes while it works.
    pub fn seen_by(inner: Arc<dyn Store>, activity: Activity) -> Self {
        Self {
            inner,
            changes: watch::Sender::default(),
            under_way: AtomicUsize::new(0),
            failures: Mutex::default(),
            panics: Mutex::default(),
            done: watch::Sender::default(),
            activity,
        }
    }

    /// The next call of this step fails before anything happens, or, with ` afterwards` behind its
    /// name, after all of it did.
    pub fn fail_once(&self, step: &'static str, error: StoreError) {
        self.failures.lock().unwrap().push((step, error));
    }

    /// The next call of this step ends in a panic, as a fault in who calls it would.
    pub fn panic_once(&self, step: &'static str) {
        self.panics.lock().unwrap().push(step);
    }

    fn may_panic(&self, step: &str) {
        let mut panics = self.panics.lock().unwrap();
        if let Some(index) = panics.iter().position(|name| *name == step) {
            panics.remove(index);
            drop(panics);
            panic!("a fault at {step}");
        }
    }

    /// An outbox row as it is now.
    pub async fn row(&self, id: &str) -> OutgoingMail {
        let rows = self.inner.outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap();
        rows.into_iter().find(|row| row.id.as_str() == id).unwrap_or_else(|| panic!("no mail {id}"))
    }

    /// One word for its state.
    pub async fn state(&self, id: &str) -> &'static str {
        self.row(id).await.state.name()
    }

    /// Returns once the row is in the state of this name.
    pub async fn until(&self, id: &str, state: &str) -> OutgoingMail {
        self.until_row(id, |row| row.state.name() == state).await
    }

    /// Returns once the row is as wanted.
    pub async fn until_row(&self, id: &str, wanted: impl Fn(&OutgoingMail) -> bool) -> OutgoingMail {
        let mut changes = self.changes.subscribe();
        let search = async {
            loop {
                let row = self.row(id).await;
                if wanted(&row) {
                    return row;
                }
                changes.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(row) => row,
            Err(_) => panic!("{id} is still {:?}", self.row(id).await.state),
        }
    }

    /// Returns once the whole outbox is as wanted, however long that takes.
    pub async fn until_outbox(&self, wanted: impl Fn(&[OutgoingMail]) -> bool) {
        let mut changes = self.changes.subscribe();
        while !wanted(&self.inner.outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap()) {
            changes.changed().await.unwrap();
        }
    }

    /// Returns once a case is as wanted, however long that takes.
    pub async fn until_case(&self, id: &CaseId, wanted: impl Fn(&CaseFile) -> bool) -> CaseFile {
        let mut changes = self.changes.subscribe();
        loop {
            let file = self.inner.case_file(id).await.unwrap();
            if wanted(&file) {
                return file;
            }
            changes.changed().await.unwrap();
        }
    }

    /// Returns once so many duties are done: what, and whether it was found done.
    pub async fn chores_done(&self, count: usize) -> Vec<(String, bool)> {
        let mut done = self.done.subscribe();
        let waiting = tokio::time::timeout(PATIENCE, done.wait_for(|done| done.len() >= count));
        waiting.await.expect("the duties are done").unwrap().clone()
    }

    /// Returns once nobody has asked anything of the store for some rounds of the scheduler.
    pub async fn quiet(&self) {
        let mut rounds = 0;
        while rounds < 50 {
            rounds = if self.under_way.load(Ordering::SeqCst) == 0 { rounds + 1 } else { 0 };
            tokio::task::yield_now().await;
        }
    }

    async fn step<T>(&self, name: &str, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        self.may_panic(name);
        self.may_fail(name)?;
        let _counted = Counted::new(&self.under_way);
        let _busy = self.activity.busy();
        let result = work.await;
        self.changes.send_modify(|changes| *changes += 1);
        self.may_fail(&format!("{name} afterwards"))?;
        result
    }

    fn may_fail(&self, step: &str) -> StoreResult<()> {
        let mut failures = self.failures.lock().unwrap();
        match failures.iter().position(|(name, _)| *name == step) {
            Some(index) => Err(failures.remove(index).1),
            None => Ok(()),
        }
    }
}

/// A call under way, also when it is dropped half done.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn lease(&self, mailbox: &str) -> StoreResult<Lease> {
        self.step("lease", self.inner.lease(mailbox)).await
    }

    async fn heal(&self) -> StoreResult<()> {
        self.step("heal", self.inner.heal()).await
    }

    async fn rebuilt_at(&self) -> StoreResult<Option<Timestamp>> {
        self.step("rebuilt_at", self.inner.rebuilt_at()).await
    }

    async fn lost(&self, mailbox: &str) -> StoreResult<Option<Lost>> {
        self.step("lost", self.inner.lost(mailbox)).await
    }

    async fn roll_back(&self, at: Timestamp, sentence: &str) -> StoreResult<()> {
        self.step("roll_back", self.inner.roll_back(at, sentence)).await
    }

    async fn loss(&self) -> StoreResult<Option<LossNotice>> {
        self.step("loss", self.inner.loss()).await
    }

    async fn unwatched(&self) -> Option<String> {
        self.inner.unwatched().await
    }

    async fn damaged(&self, all: bool) -> StoreResult<Vec<String>> {
        self.inner.damaged(all).await
    }

    async fn dismiss_loss(&self) -> StoreResult<()> {
        self.step("dismiss_loss", self.inner.dismiss_loss()).await
    }

    async fn named_with(&self, secret: MessageKey, unused: bool) -> StoreResult<bool> {
        self.step("named_with", self.inner.named_with(secret, unused)).await
    }

    async fn backup(&self, folder: &std::path::Path) -> StoreResult<BackedUp> {
        self.step("backup", self.inner.backup(folder)).await
    }

    async fn erase(&self, address: &Email, at: Timestamp) -> StoreResult<Erased> {
        self.step("erase", self.inner.erase(address, at)).await
    }

    async fn expire(&self, before: Expiry, at: Timestamp) -> StoreResult<Expired> {
        self.step("expire", self.inner.expire(before, at)).await
    }

    async fn missing(&self, folder: &Folder, names: Vec<String>) -> StoreResult<Vec<String>> {
        self.step("missing", self.inner.missing(folder, names)).await
    }

    async fn knows(&self, key: MessageKey) -> StoreResult<bool> {
        self.step("knows", self.inner.knows(key)).await
    }

    async fn position(&self, folder: &Folder) -> StoreResult<Option<Position>> {
        self.step("position", self.inner.position(folder)).await
    }

    async fn take_up(&self, location: &MessageLocation) -> u32 {
        self.inner.take_up(location).await
    }

    async fn put_down(&self, folder: &Folder) {
        self.inner.put_down(folder).await;
    }

    async fn set_position(&self, lease: &Lease, folder: &Folder, position: &Position) -> StoreResult<()> {
        self.step("set_position", self.inner.set_position(lease, folder, position)).await
    }

    async fn keep_raw(&self, key: MessageKey, bytes: &[u8]) -> StoreResult<()> {
        self.step("keep_raw", self.inner.keep_raw(key, bytes)).await
    }

    async fn raw(&self, key: MessageKey) -> StoreResult<Option<Vec<u8>>> {
        self.step("raw", self.inner.raw(key)).await
    }

    async fn locate(&self, threading: &Threading) -> StoreResult<Joining> {
        self.step("locate", self.inner.locate(threading)).await
    }

    async fn record(&self, lease: &Lease, intake: Intake) -> StoreResult<Recorded> {
        self.step("record", self.inner.record(lease, intake)).await
    }

    async fn pass_over(&self, lease: &Lease, quarantine: Quarantine) -> StoreResult<()> {
        self.step("pass_over", self.inner.pass_over(lease, quarantine)).await
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
        self.step("revise", self.inner.revise(lease, case, expected_revision, suggestion, body, at)).await
    }

    async fn open_draft(&self, case: &CaseId, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        self.step("open_draft", self.inner.open_draft(case, reviewer, at)).await
    }

    async fn edit_draft(
        &self,
        case: &CaseId,
        expected_revision: u64,
        edit: DraftEdit,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        self.step("edit_draft", self.inner.edit_draft(case, expected_revision, edit, reviewer, at)).await
    }

    async fn correct(
        &self,
        case: &CaseId,
        expected_revision: u64,
        verdict: Verdict,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        self.step("correct", self.inner.correct(case, expected_revision, verdict, reviewer, at)).await
    }

    async fn decide(
        &self,
        case: &CaseId,
        expected_revision: u64,
        decision: Decision,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.step("decide", self.inner.decide(case, expected_revision, decision, reviewer, at)).await
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
        self.step("assess", self.inner.assess(lease, case, expected_revision, assessment, draft, at)).await
    }

    async fn assessment(&self, case: &CaseId) -> StoreResult<Option<Assessment>> {
        self.step("assessment", self.inner.assessment(case)).await
    }

    async fn unassessed(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<CaseId>> {
        self.step("unassessed", self.inner.unassessed(mailbox, now, limit)).await
    }

    async fn defer_assessment(&self, lease: &Lease, case: &CaseId, until: Timestamp) -> StoreResult<()> {
        self.step("defer_assessment", self.inner.defer_assessment(lease, case, until)).await
    }

    async fn history(&self, customer: &Email, order: Option<&str>, except: &CaseId) -> StoreResult<CustomerHistory> {
        self.step("history", self.inner.history(customer, order, except)).await
    }

    async fn correct_basis(
        &self,
        case: &CaseId,
        expected_revision: u64,
        basis: Option<Basis>,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64> {
        self.step("correct_basis", self.inner.correct_basis(case, expected_revision, basis, reviewer, at)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<OutgoingMail>> {
        self.step("recover", self.inner.recover(lease, now)).await
    }

    async fn claim_due_but(
        &self,
        lease: &Lease,
        now: Timestamp,
        limit: usize,
        left: &BTreeSet<OutgoingId>,
    ) -> StoreResult<Vec<OutgoingMail>> {
        self.step("claim_due", self.inner.claim_due_but(lease, now, limit, left)).await
    }

    async fn mark_committing(&self, lease: &Lease, id: &OutgoingId) -> StoreResult<()> {
        self.step("mark_committing", self.inner.mark_committing(lease, id)).await
    }

    async fn finish(
        &self,
        lease: &Lease,
        id: &OutgoingId,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> StoreResult<DeliveryState> {
        self.step("finish", self.inner.finish(lease, id, outcome, now)).await
    }

    async fn prove_sent(&self, lease: &Lease, id: &OutgoingId, evidence: &str, now: Timestamp) -> StoreResult<()> {
        self.step("prove_sent", self.inner.prove_sent(lease, id, evidence, now)).await
    }

    async fn resolve_doubts(&self, lease: &Lease, resend_once: bool, now: Timestamp) -> StoreResult<Vec<OutgoingId>> {
        self.step("resolve_doubts", self.inner.resolve_doubts(lease, resend_once, now)).await
    }

    async fn release(&self, id: &OutgoingId, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        self.step("release", self.inner.release(id, reviewer, now)).await
    }

    async fn cancel(&self, id: &OutgoingId, why: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        self.step("cancel", self.inner.cancel(id, why, reviewer, now)).await
    }

    async fn next_due(&self, mailbox: &str) -> StoreResult<Option<Timestamp>> {
        self.step("next_due", self.inner.next_due(mailbox)).await
    }

    async fn chores(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<Chore>> {
        self.step("chores", self.inner.chores(mailbox, now, limit)).await
    }

    async fn chore_done(&self, lease: &Lease, chore: &Chore, found: bool, now: Timestamp) -> StoreResult<()> {
        self.step("chore_done", self.inner.chore_done(lease, chore, found, now)).await?;
        let what = match chore {
            Chore::FileCopy(mail) => format!("copy {}", mail.id),
            Chore::MarkAcknowledged { id, .. } => format!("keyword {id}"),
        };
        self.done.send_modify(|done| done.push((what, found)));
        Ok(())
    }

    async fn claim_notice(&self, lease: &Lease, now: Timestamp) -> StoreResult<Option<StoredNotice>> {
        self.step("claim_notice", self.inner.claim_notice(lease, now)).await
    }

    async fn finish_notice(
        &self,
        lease: &Lease,
        case: &CaseId,
        key: &str,
        outcome: TellOutcome,
        now: Timestamp,
    ) -> StoreResult<NoticeState> {
        self.step("finish_notice", self.inner.finish_notice(lease, case, key, outcome, now)).await
    }

    async fn stuck_notices(&self, mailbox: &str) -> StoreResult<Vec<StoredNotice>> {
        self.step("stuck_notices", self.inner.stuck_notices(mailbox)).await
    }

    async fn tell_again(&self, case: &CaseId, key: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        self.step("tell_again", self.inner.tell_again(case, key, reviewer, now)).await
    }

    async fn due_promises(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Promise>> {
        self.step("due_promises", self.inner.due_promises(lease, now)).await
    }

    async fn keep_promise(&self, case: &CaseId, n: u64, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        self.step("keep_promise", self.inner.keep_promise(case, n, reviewer, at)).await
    }

    async fn log_call(
        &self,
        case: &CaseId,
        direction: CallDirection,
        note: &str,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.step("log_call", self.inner.log_call(case, direction, note, reviewer, at)).await
    }

    async fn due_timers(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Timer>> {
        self.step("due_timers", self.inner.due_timers(lease, now)).await
    }

    async fn fire_timer(&self, lease: &Lease, timer: &Timer, draft: DraftProposal, now: Timestamp) -> StoreResult<()> {
        self.step("fire_timer", self.inner.fire_timer(lease, timer, draft, now)).await
    }

    async fn breaker(&self, mailbox: &str) -> StoreResult<Option<Breaker>> {
        self.step("breaker", self.inner.breaker(mailbox)).await
    }

    async fn release_breaker(&self, mailbox: &str, now: Timestamp) -> StoreResult<()> {
        self.step("release_breaker", self.inner.release_breaker(mailbox, now)).await
    }

    async fn work(&self) -> StoreResult<Vec<Work>> {
        self.step("work", self.inner.work()).await
    }

    async fn queue_rows(&self, cases: &[CaseId]) -> StoreResult<Vec<QueueRow>> {
        self.step("queue_rows", self.inner.queue_rows(cases)).await
    }

    async fn case_file(&self, case: &CaseId) -> StoreResult<CaseFile> {
        self.step("case_file", self.inner.case_file(case)).await
    }

    async fn case(&self, case: &CaseId) -> StoreResult<Case> {
        self.step("case", self.inner.case(case)).await
    }

    async fn cases(&self, limit: usize) -> StoreResult<Vec<Case>> {
        self.step("cases", self.inner.cases(limit)).await
    }

    async fn outbox(&self, filter: OutboxFilter) -> StoreResult<Vec<OutgoingMail>> {
        self.step("outbox", self.inner.outbox(filter)).await
    }

    async fn automated(&self, limit: usize) -> StoreResult<Vec<AutomatedMessage>> {
        self.step("automated", self.inner.automated(limit)).await
    }

    async fn alerts(&self, limit: usize) -> StoreResult<Vec<MachineAlert>> {
        self.step("alerts", self.inner.alerts(limit)).await
    }

    async fn dismiss_alert(&self, key: MessageKey, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        self.step("dismiss_alert", self.inner.dismiss_alert(key, reviewer, at)).await
    }

    async fn quarantined(&self, limit: usize) -> StoreResult<Vec<Quarantined>> {
        self.step("quarantined", self.inner.quarantined(limit)).await
    }

    async fn corrections(&self) -> StoreResult<Vec<Correction>> {
        self.step("corrections", self.inner.corrections()).await
    }

    async fn overview(&self) -> StoreResult<Overview> {
        self.step("overview", self.inner.overview()).await
    }

    async fn figures(&self, period: Period, time_zone: &TimeZone) -> StoreResult<Figures> {
        self.step("figures", self.inner.figures(period, time_zone)).await
    }

    async fn template_figures(&self) -> StoreResult<Vec<(TemplateName, u64, u64)>> {
        self.step("template_figures", self.inner.template_figures()).await
    }
}
