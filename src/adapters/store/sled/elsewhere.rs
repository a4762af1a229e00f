//! What happens to our cases and mails outside: bounces, and answers given from a mail client.

use jiff::Timestamp;

use super::key::{Key, Table};
use super::record::Incoming;
use super::rows::extend_thread;
use super::tx::{Order, Tx};
use super::withdraw::may_have_left;
use crate::domain::outgoing::OutgoingKind;
use crate::domain::position::FolderRole;
use crate::domain::{
    Actor, Case, CaseFlag, CaseId, CaseState, DeliveryState, Event, MessageId, OutgoingMail, RecordEntry,
};
use crate::ports::store::{Chore, Intake, Matter, OwnAnswer, StoreResult};

/// Why who answers a person of ours is not acknowledged.
pub(super) const PERSON_WROTE: &str = "a person already wrote";
/// A hostile message may cite thousands of ids; those that it answers stand first.
const CITED: usize = 100;

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
        if !answer.by_person {
            return Ok(None);
        }
        let (mailbox, arrived_at) = (&intake.location.folder.mailbox, intake.message.arrived_at);
        if answer.proven {
            self.remember_answer(mailbox, intake.message.message_id.as_ref(), answer, arrived_at)?;
        }
        let Some(mut case) = self.answered_case(answer)? else { return Ok(None) };
        let author = intake.message.author().map(|address| &address.email);
        self.put_message(&incoming.row, incoming.value.clone(), Some(&case.id), author)?;
        if !answer.proven {
            return self.unproven_answer(case, intake);
        }
        let event = Event::AnsweredElsewhere { message_id: intake.message.message_id.clone() };
        self.note(&case.id, intake.at, Actor::Colleague, event)?;
        extend_thread(&mut case, intake.message.message_id.as_ref());
        self.settle_answered(&mut case, incoming, answer)?;
        let id = case.id.clone();
        self.put_case(&case)?;
        Ok(Some(id))
    }

    /// Nothing is ours to say any more, unless the customer wrote after the answer.
    fn settle_answered(&mut self, case: &mut Case, incoming: &Incoming, answer: &OwnAnswer) -> StoreResult<()> {
        if !case.state.is_open() || !self.answers_newest(case, incoming, answer)? {
            return Ok(());
        }
        let at = incoming.intake.at;
        case.state = CaseState::Answered;
        case.flags.insert(CaseFlag::AnsweredElsewhere);
        case.flags.remove(&CaseFlag::NewMessageSinceEdit);
        case.flags.remove(&CaseFlag::UnprovenAnswer);
        self.cancel_timers(&case.id)?;
        self.raise_revision(case)?;
        self.withdraw_mails(&case.id, "answered from a mail client", &Actor::Colleague, at)?;
        self.settle_promises(&case.id, "answered_elsewhere", None, &Actor::Colleague, at)?;
        case.flags.remove(&CaseFlag::PromiseDue);
        self.drop_draft(&case.id);
        Ok(())
    }

    /// Whoever wrote it under our address, a person sees it, and nothing of ours is withdrawn for it.
    fn unproven_answer(&mut self, mut case: Case, intake: &Intake) -> StoreResult<Option<CaseId>> {
        let event = Event::UnprovenAnswer { message_id: intake.message.message_id.clone() };
        self.note(&case.id, intake.at, Actor::Guichet, event)?;
        extend_thread(&mut case, intake.message.message_id.as_ref());
        case.flags.insert(CaseFlag::UnprovenAnswer);
        self.raise_revision(&mut case)?;
        let id = case.id.clone();
        self.put_case(&case)?;
        Ok(Some(id))
    }

    /// The copy in \Sent of an answer that reached the inbox first, unproven: it is ours after all. Whom it went to and
    /// what it cites is taken from the copy, for anybody can send a known mail of ours to somebody else.
    pub(super) fn proven_by_copy(&mut self, incoming: &Incoming) -> StoreResult<()> {
        let intake = &incoming.intake;
        let (FolderRole::Sent, Matter::OwnAnswer(answer)) = (intake.location.folder.role, &intake.matter) else {
            return Ok(());
        };
        if answer.by_person {
            let (mailbox, id) = (&intake.location.folder.mailbox, intake.message.message_id.as_ref());
            self.remember_answer(mailbox, id, answer, intake.message.arrived_at)?;
        }
        let Some(mut case) = self.answered_case(answer)? else { return Ok(()) };
        let unproven = case.flags.contains(&CaseFlag::UnprovenAnswer);
        if !unproven || self.member(intake.key)?.flatten().as_ref() != Some(&case.id) {
            return Ok(());
        }
        self.note_answered_once(&case.id, intake)?;
        self.settle_answered(&mut case, incoming, answer)?;
        self.put_case(&case)
    }

    /// The folder of sent mail may be read again.
    fn note_answered_once(&mut self, case: &CaseId, intake: &Intake) -> StoreResult<()> {
        let event = Event::AnsweredElsewhere { message_id: intake.message.message_id.clone() };
        let record: Vec<RecordEntry> =
            self.rows(&Key::of(Table::Record).text(case.as_str()), Order::Rising, usize::MAX)?;
        if record.iter().any(|entry| entry.event.as_ref() == Some(&event)) {
            return Ok(());
        }
        self.note(case, intake.at, Actor::Colleague, event)
    }

    /// Keeps the Message-ID of what a person of ours sent: a mail that begins a conversation belongs to no case, and
    /// who answers it is in good hands.
    pub(super) fn note_person_wrote(&mut self, intake: &Intake) -> StoreResult<()> {
        let by_person = match &intake.matter {
            Matter::OwnAnswer(answer) => answer.by_person,
            Matter::SentBefore { by_person } => *by_person,
            _ => false,
        };
        match &intake.message.message_id {
            Some(id) if by_person && intake.location.folder.role == FolderRole::Sent && self.sent_as(id)?.is_none() => {
                self.put(Key::of(Table::PersonWrote).text(id.as_str()), &intake.at)
            }
            _ => Ok(()),
        }
    }

    /// Whether a message answers what a person of ours sent.
    pub(super) fn answers_a_person(&self, intake: &Intake) -> StoreResult<bool> {
        for id in intake.message.cited_ids().take(CITED) {
            if self.has(Key::of(Table::PersonWrote).text(id.as_str()))? {
                return Ok(true);
            }
        }
        Ok(false)
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
