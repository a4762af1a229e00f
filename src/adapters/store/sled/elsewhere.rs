//! What happens to our cases and mails outside: bounces, and answers given from a mail client.

use jiff::Timestamp;

use super::record::Incoming;
use super::rows::extend_thread;
use super::tx::Tx;
use super::withdraw::may_have_left;
use crate::domain::outgoing::OutgoingKind;
use crate::domain::position::FolderRole;
use crate::domain::{Actor, Case, CaseFlag, CaseId, CaseState, DeliveryState, Event, MessageId, OutgoingMail};
use crate::ports::store::{Chore, OwnAnswer, StoreResult};

impl Tx<'_> {
    /// A delivery report cites ids that may be ours; returns the case concerned. That a server reports on
    /// a mail proves that it had left; only a failure for good concerns the case.
    pub(super) fn delivery_report(
        &mut self,
        message_ids: &[MessageId],
        failed: bool,
        report: &str,
        at: Timestamp,
    ) -> StoreResult<Option<CaseId>> {
        let mut ours = None;
        for id in message_ids {
            ours = ours.or(self.sent_as(id)?);
        }
        let Some(mail) = ours else { return Ok(None) };
        let (id, kind, case) = (mail.id.clone(), mail.kind, mail.case.clone());
        if may_have_left(&mail) {
            self.left_after_all(mail, &format!("a delivery report cites it ({report})"), at)?;
        }
        if !failed {
            return Ok(Some(case));
        }
        let event = Event::Bounced { id: id.clone(), report: report.to_owned() };
        self.note(&case, at, Actor::Guichet, event)?;
        if kind == OutgoingKind::Reply {
            self.reply_not_delivered(&id, at)?;
        }
        Ok(Some(case))
    }

    /// Positive evidence that a mail left: a doubt is settled, a repetition is not made.
    pub(super) fn left_after_all(&mut self, mut mail: OutgoingMail, evidence: &str, at: Timestamp) -> StoreResult<()> {
        if matches!(mail.state, DeliveryState::InDoubt { .. } | DeliveryState::Held { may_have_left: true, .. }) {
            mail.state = mail.state.proven(evidence, at)?;
            return self.was_sent(mail, at);
        }
        self.cancel_mail(mail.clone(), &format!("it had left: {evidence}"), Actor::Guichet, at)?;
        self.put_away_draft(&mail)
    }

    /// A message of ours found in a folder; returns the case concerned.
    pub(super) fn own_answer(&mut self, incoming: &Incoming, answer: &OwnAnswer) -> StoreResult<Option<CaseId>> {
        let intake = &incoming.intake;
        if let Some(id) = &intake.message.message_id
            && let Some(mail) = self.sent_as(id)?
        {
            return self.our_copy(mail, intake.location.folder.role, intake.at).map(Some);
        }
        if answer.by_machine {
            return Ok(None);
        }
        let (mailbox, arrived_at) = (&intake.location.folder.mailbox, intake.message.arrived_at);
        self.remember_answer(mailbox, intake.message.message_id.as_ref(), answer, arrived_at)?;
        let Some(mut case) = self.answered_case(answer)? else { return Ok(None) };
        let author = intake.message.author().map(|address| &address.email);
        self.put_message(&incoming.row, incoming.value.clone(), Some(&case.id), author)?;
        let event = Event::AnsweredElsewhere { message_id: intake.message.message_id.clone() };
        self.note(&case.id, intake.at, Actor::Colleague, event)?;
        extend_thread(&mut case, intake.message.message_id.as_ref());
        if case.state.is_open() && self.answers_newest(&case, incoming, answer)? {
            case.state = CaseState::Answered;
            case.flags.insert(CaseFlag::AnsweredElsewhere);
            case.flags.remove(&CaseFlag::NewMessageSinceEdit);
            self.cancel_timers(&case.id)?;
            self.raise_revision(&mut case)?;
            self.withdraw_mails(&case.id, "answered from a mail client", &Actor::Colleague, intake.at)?;
            self.settle_promises(&case.id, "answered_elsewhere", None, &Actor::Colleague, intake.at)?;
            case.flags.remove(&CaseFlag::PromiseDue);
            self.drop_draft(&case.id);
        }
        let id = case.id.clone();
        self.put_case(&case)?;
        Ok(Some(id))
    }

    /// A copy of a mail that we sent: proves a delivery in doubt, and is the copy to be filed.
    fn our_copy(&mut self, mail: OutgoingMail, role: FolderRole, at: Timestamp) -> StoreResult<CaseId> {
        let (id, case) = (mail.id.clone(), mail.case.clone());
        if may_have_left(&mail) {
            self.left_after_all(mail, "a copy was found in the mailbox", at)?;
        }
        if role == FolderRole::Sent {
            let mail = self.outgoing(&id)?;
            self.chore_done(&Chore::FileCopy(Box::new(mail)), true, at)?;
        }
        Ok(case)
    }

    /// The case that a colleague's mail answers.
    fn answered_case(&self, answer: &OwnAnswer) -> StoreResult<Option<Case>> {
        if let Some(case) = self.cases_citing(answer.cited.iter())?.into_iter().next() {
            return Ok(Some(case));
        }
        let mut open: Vec<Case> = Vec::new();
        for recipient in answer.recipients.iter().take(100) {
            for case in self.open_cases_of(&recipient.email.canonical())? {
                if !open.iter().any(|known| known.id == case.id) {
                    open.push(case);
                }
            }
        }
        Ok(if open.len() == 1 { open.pop() } else { None })
    }

    /// Whether nothing of the customer is newer than the answer: a mail written before the newest message, and
    /// not citing it, leaves the case as it is.
    fn answers_newest(&self, case: &Case, incoming: &Incoming, answer: &OwnAnswer) -> StoreResult<bool> {
        if incoming.intake.message.arrived_at >= case.last_message_at {
            return Ok(true);
        }
        let newest = self.newest_from_customer(&case.id)?.and_then(|message| message.message.message_id);
        Ok(newest.is_some_and(|newest| answer.cited.contains(&newest)))
    }
}
