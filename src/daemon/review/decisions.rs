//! What changes a case: saving, choosing a template, approving, dismissing, correcting, and the
//! word about held mail.

use super::wording::Freezing;
use super::{Changes, Review, ReviewError, ReviewMailbox, ReviewResult, Seen, VerdictEdit, promising, refunding};
use crate::domain::{
    Actor, Address, Basis, Case, CaseId, Draft, Event, OutgoingId, RecordEntry, Suggestion, TemplateName, Timer,
    TimerKind,
};
use crate::ports::Reviewer;
use crate::ports::store::{CaseFile, Decision, DraftEdit, StoreError, StoreResult};

/// How many entries of the record explain a stale revision when nobody says how many were seen.
const RECENT_ENTRIES: usize = 3;

impl Review {
    /// Saves what the reviewer typed and corrected, as far as it differs from what is there; returns
    /// the revision that then holds. A correction is kept for training, and a draft nobody edited
    /// gets the suggestion that fits now; beside edited text it stands as the newer one.
    ///
    /// # Errors
    /// [`ReviewError::Stale`] when the case changed since, [`ReviewError::NoDraft`],
    /// [`ReviewError::NoVerdict`].
    pub async fn save(&self, case: &CaseId, seen: Seen, changes: Changes, reviewer: &Reviewer) -> ReviewResult<u64> {
        let _turn = self.deciding.lock().await;
        let corrected = changes.verdict != VerdictEdit::default();
        let revision = self.save_in_turn(case, seen, changes, reviewer).await?;
        if corrected {
            self.wake_enrichment(case).await?;
        }
        Ok(revision)
    }

    /// Corrects the verdict alone; see [`Review::save`].
    ///
    /// # Errors
    /// As [`Review::save`].
    pub async fn correct(
        &self,
        case: &CaseId,
        seen: Seen,
        verdict: VerdictEdit,
        reviewer: &Reviewer,
    ) -> ReviewResult<u64> {
        self.save(case, seen, Changes { verdict, ..Changes::default() }, reviewer).await
    }

    /// Sets the basis that governs, or takes a correction of it back; law and policy are applied anew at once, and the
    /// draft that follows takes the place of one that nobody touched.
    ///
    /// # Errors
    /// [`ReviewError::Stale`] when the case changed since.
    pub async fn correct_basis(
        &self,
        case: &CaseId,
        seen: Seen,
        basis: Option<Basis>,
        reviewer: &Reviewer,
    ) -> ReviewResult<u64> {
        let _turn = self.deciding.lock().await;
        let file = self.look(case).await?;
        self.check_seen(&file, seen, reviewer)?;
        if file.corrected_basis == basis {
            return Ok(file.case.revision);
        }
        let store = &self.parts.store;
        let answer = store.correct_basis(case, file.case.revision, basis, &reviewer.name, self.now()).await;
        let revision = self.or_stale(&file, answer).await?;
        self.wake_enrichment(case).await?;
        Ok(revision)
    }

    async fn wake_enrichment(&self, case: &CaseId) -> ReviewResult<()> {
        let case = self.parts.store.case(case).await?;
        if let Some(mailbox) = self.parts.mailboxes.get(&case.mailbox) {
            mailbox.enrich.notify_one();
        }
        Ok(())
    }

    async fn save_in_turn(
        &self,
        case: &CaseId,
        seen: Seen,
        changes: Changes,
        reviewer: &Reviewer,
    ) -> ReviewResult<u64> {
        let mut file = self.look(case).await?;
        self.check_seen(&file, seen, reviewer)?;
        if changes.draft != DraftEdit::default() {
            let edit = only_changes(waiting_draft(&file)?, changes.draft);
            if edit != DraftEdit::default() {
                self.edit(&file, edit, reviewer).await?;
                file = self.look(case).await?;
            }
        }
        if changes.verdict != VerdictEdit::default() {
            return self.correct_in_turn(&file, &changes.verdict, reviewer).await;
        }
        Ok(file.case.revision)
    }

    async fn correct_in_turn(&self, file: &CaseFile, edit: &VerdictEdit, reviewer: &Reviewer) -> ReviewResult<u64> {
        let case = &file.case.id;
        let old = file.case.verdict.as_ref().ok_or(ReviewError::NoVerdict)?;
        let verdict = edit.apply(old, &self.wording().policy);
        if verdict == *old {
            return Ok(file.case.revision);
        }
        let answer = self.parts.store.correct(case, file.case.revision, verdict, &reviewer.name, self.now()).await;
        self.or_stale(file, answer).await?;
        self.suggest_again(case, reviewer).await
    }

    /// Puts another template's text in place of the draft's.
    ///
    /// # Errors
    /// [`ReviewError::Stale`], [`ReviewError::UnknownTemplate`], or the template's own failure.
    pub async fn use_template(
        &self,
        case: &CaseId,
        seen: Seen,
        template: &TemplateName,
        reviewer: &Reviewer,
    ) -> ReviewResult<u64> {
        let _turn = self.deciding.lock().await;
        let file = self.look(case).await?;
        self.check_seen(&file, seen, reviewer)?;
        let (suggestion, body) = self.wording().render(&file, waiting_draft(&file)?, template)?;
        self.replace_text(&file, suggestion, body, reviewer).await
    }

    /// Puts the newer suggestion, standing beside the text, in its place.
    ///
    /// # Errors
    /// [`ReviewError::Stale`], [`ReviewError::NoNewer`].
    pub async fn take_newer(&self, case: &CaseId, seen: Seen, reviewer: &Reviewer) -> ReviewResult<u64> {
        let _turn = self.deciding.lock().await;
        let file = self.look(case).await?;
        self.check_seen(&file, seen, reviewer)?;
        let newer = waiting_draft(&file)?.newer.as_deref().cloned().ok_or(ReviewError::NoNewer)?;
        self.replace_text(&file, newer.suggestion, newer.body, reviewer).await
    }

    async fn replace_text(
        &self,
        file: &CaseFile,
        suggestion: Suggestion,
        body: String,
        reviewer: &Reviewer,
    ) -> ReviewResult<u64> {
        let edit = DraftEdit { body: Some(body), suggestion: Some(suggestion), ..DraftEdit::default() };
        self.edit(file, edit, reviewer).await
    }

    async fn edit(&self, file: &CaseFile, edit: DraftEdit, reviewer: &Reviewer) -> ReviewResult<u64> {
        let (case, revision) = (&file.case.id, file.case.revision);
        let answer = self.parts.store.edit_draft(case, revision, edit, &reviewer.name, self.now()).await;
        self.or_stale(file, answer).await
    }

    /// Saves what was typed, freezes the reply with the reviewer's name and signature, and hands it
    /// to the outbox, where it waits for the mailbox's undo time. Returns its row.
    ///
    /// # Errors
    /// [`ReviewError::Stale`] with what happened since, [`ReviewError::AlreadyApproved`] for the
    /// second half of a double click, [`ReviewError::NoRecipient`], [`ReviewError::EmptyText`],
    /// [`ReviewError::Shadow`], and what stands in the way of an approval: [`ReviewError::Frozen`], [`ReviewError::NotYours`], [`ReviewError::OwnRefusal`],
    /// [`ReviewError::Unconfirmed`]. Text saved before a later refusal stays saved.
    pub async fn approve(
        &self,
        case: &CaseId,
        seen: Seen,
        changes: Changes,
        reviewer: &Reviewer,
    ) -> ReviewResult<OutgoingId> {
        let _turn = self.deciding.lock().await;
        if self.parts.shadow {
            return Err(ReviewError::Shadow);
        }
        let confirmed = changes.confirmed;
        self.save_in_turn(case, seen, changes, reviewer).await?;
        let file = self.look(case).await?;
        let draft = waiting_draft(&file)?;
        if draft.to.is_none() {
            return Err(ReviewError::NoRecipient);
        }
        if draft.body.trim().is_empty() {
            return Err(ReviewError::EmptyText);
        }
        self.check_approval(&file, draft, confirmed, reviewer).await?;
        let mailbox = self.mailbox(&file.case.mailbox)?;
        let mail = self.wording().freeze(&Freezing {
            file: &file,
            draft,
            display_name: &reviewer.display_name,
            mailbox,
            now: self.now(),
            salt: self.parts.ids.bits(),
        })?;
        let id = mail.id.clone();
        let asks = draft.suggestion.asks;
        let mut timers = if asks { vec![self.reminder(&file.case, mailbox)] } else { Vec::new() };
        let wording = self.wording();
        timers.extend(refunding::arrival_check(&file, draft, &wording.calendar));
        let refund = if self.parts.refunds { refunding::notice(&file, draft, reviewer, self.now()) } else { None };
        let leaves_at = mail.state.due_at().unwrap_or(self.now());
        let promises = promising::of_reply(&draft.body, leaves_at, &wording.calendar);
        let decision = Decision::Approve { mail: Box::new(mail), asks, timers, refund: refund.map(Box::new), promises };
        let answer = self.parts.store.decide(case, file.case.revision, decision, &reviewer.name, self.now()).await;
        self.or_stale(&file, answer).await?;
        mailbox.deliver.notify_one();
        Ok(id)
    }

    /// Our question is remembered: a draft reminds when it has no answer.
    fn reminder(&self, case: &Case, mailbox: &ReviewMailbox) -> Timer {
        let due = self.now().saturating_add(mailbox.reminder).unwrap_or(jiff::Timestamp::MAX);
        Timer { case: case.id.clone(), kind: TimerKind::Reminder, due, revision: case.revision }
    }

    /// Closes the case without sending.
    ///
    /// # Errors
    /// [`ReviewError::Stale`] when the case changed since.
    pub async fn dismiss(&self, case: &CaseId, seen: Seen, why: &str, reviewer: &Reviewer) -> ReviewResult<()> {
        let _turn = self.deciding.lock().await;
        let file = self.look(case).await?;
        self.check_seen(&file, seen, reviewer)?;
        let decision = Decision::Dismiss { why: why.trim().to_owned() };
        let answer = self.parts.store.decide(case, file.case.revision, decision, &reviewer.name, self.now()).await;
        self.or_stale(&file, answer).await
    }

    async fn suggest_again(&self, case: &CaseId, reviewer: &Reviewer) -> ReviewResult<u64> {
        let file = self.look(case).await?;
        let (Ok(draft), Some(verdict)) = (waiting_draft(&file), &file.case.verdict) else {
            return Ok(file.case.revision);
        };
        let (suggestion, body) = self.wording().suggest(&file, draft, verdict)?;
        if suggestion.template == draft.suggestion.template && body == draft.body {
            return Ok(file.case.revision);
        }
        if draft.edited_by.is_none() {
            return self.replace_text(&file, suggestion, body, reviewer).await;
        }
        let lease = self.parts.store.lease(&file.case.mailbox).await?;
        let answer = self.parts.store.revise(&lease, case, file.case.revision, suggestion, body, self.now()).await;
        self.or_stale(&file, answer).await
    }

    /// Lets a held mail leave.
    ///
    /// # Errors
    /// [`ReviewError::Frozen`]; when there is no such mail or it is not held.
    pub async fn release(&self, id: &OutgoingId, reviewer: &Reviewer) -> ReviewResult<()> {
        let _turn = self.deciding.lock().await;
        self.check_release(id).await?;
        self.parts.store.release(id, &reviewer.name, self.now()).await?;
        self.wake_all();
        Ok(())
    }

    /// Cancels a mail that waits or is held: a reply within its undo time, a held acknowledgement.
    ///
    /// # Errors
    /// When there is no such mail or it is under way or gone.
    pub async fn cancel(&self, id: &OutgoingId, why: &str, reviewer: &Reviewer) -> ReviewResult<()> {
        self.parts.store.cancel(id, why, &reviewer.name, self.now()).await?;
        Ok(())
    }

    /// Lets a mailbox acknowledge again after its breaker opened.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn release_breaker(&self, mailbox: &str) -> ReviewResult<()> {
        self.mailbox(mailbox)?;
        self.parts.store.release_breaker(mailbox, self.now()).await?;
        Ok(())
    }

    /// A person knows of the loss that the store tells of.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn dismiss_loss(&self) -> ReviewResult<()> {
        self.parts.store.dismiss_loss().await?;
        tracing::info!("the notice of the loss was dismissed");
        Ok(())
    }

    fn wake_all(&self) {
        for mailbox in self.parts.mailboxes.values() {
            mailbox.deliver.notify_one();
        }
    }

    /// Refuses a revision that is not the present one, saying what is new.
    fn check_seen(&self, file: &CaseFile, seen: Seen, reviewer: &Reviewer) -> ReviewResult<()> {
        if file.case.revision == seen.revision {
            return Ok(());
        }
        let changes = new_entries(&file.record, seen.entries);
        if own_approval(&changes, reviewer) {
            return Err(ReviewError::AlreadyApproved);
        }
        Err(ReviewError::Stale { current: file.case.revision, changes })
    }

    /// Gives a stale answer of the store its explanation: what the record holds beyond `file`.
    async fn or_stale<T>(&self, file: &CaseFile, answer: StoreResult<T>) -> ReviewResult<T> {
        match answer {
            Err(StoreError::Stale { current }) => {
                let record = self.look(&file.case.id).await?.record;
                let changes = new_entries(&record, Some(file.record.len() as u64));
                Err(ReviewError::Stale { current, changes })
            }
            other => Ok(other?),
        }
    }
}

fn new_entries(record: &[RecordEntry], seen: Option<u64>) -> Vec<RecordEntry> {
    match seen {
        Some(seen) => record.iter().filter(|entry| entry.seq >= seen).cloned().collect(),
        None => record.iter().skip(record.len().saturating_sub(RECENT_ENTRIES)).cloned().collect(),
    }
}

/// Whether all that happened is this reviewer's own approval and what follows from it by itself.
fn own_approval(changes: &[RecordEntry], reviewer: &Reviewer) -> bool {
    let own = Actor::Reviewer(reviewer.name.clone());
    let approved =
        changes.iter().any(|entry| entry.actor == own && matches!(entry.event, Some(Event::Approved { .. })));
    let withdrawn = |event: &Event| matches!(event, Event::ReturnedToDraft { .. });
    approved
        && changes.iter().all(|entry| {
            (entry.actor == own || entry.actor == Actor::Guichet) && !entry.event.as_ref().is_some_and(withdrawn)
        })
}

fn waiting_draft(file: &CaseFile) -> ReviewResult<&Draft> {
    file.draft.as_ref().filter(|draft| draft.approved_as.is_none()).ok_or(ReviewError::NoDraft)
}

/// Drops what does not differ, so that saving an unchanged form is no edit.
fn only_changes(draft: &Draft, edit: DraftEdit) -> DraftEdit {
    let same_mailbox = |to: &Address| draft.to.as_ref().is_some_and(|old| old.email == to.email);
    DraftEdit {
        body: edit.body.filter(|body| body.trim_end() != draft.body.trim_end()),
        subject: edit.subject.map(|s| s.trim().to_owned()).filter(|subject| *subject != draft.subject),
        to: edit.to.filter(|to| !same_mailbox(to)),
        suggestion: edit.suggestion,
    }
}
