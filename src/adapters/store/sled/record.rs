//! One received message enters the store.

use super::elsewhere::PERSON_WROTE;
use super::key::{Key, Table};
use super::rows::{Counted, extend_thread, order_key};
use super::tx::{Order, Tx};
use super::withdraw::may_have_left;
use crate::domain::joining::Joining;
use crate::domain::permission::AFTER_LOSS;
use crate::domain::position::FolderRole;
use crate::domain::rating::{self, Rating};
use crate::domain::{
    Actor, Address, Case, CaseFlag, CaseId, CaseState, Closed, Condition, Draft, Email, Event, OutgoingKind,
    Permission, RecordEntry,
};
use crate::ports::store::{
    AcknowledgementFate, AutomatedMessage, CaseMessage, CustomerMatter, DraftProposal, Intake, Matter, Recorded,
    StoreResult,
};

/// A hostile message may cite thousands of ids; those that it answers stand first.
pub(super) const CITED_MAILS: usize = 20;

/// A message under way into the store, with its encoded row.
pub(super) struct Incoming {
    pub(super) intake: Intake,
    pub(super) row: CaseMessage,
    pub(super) value: Vec<u8>,
}

impl Incoming {
    /// The message's row.
    pub(super) fn row_of(intake: &Intake) -> CaseMessage {
        let verdict = match &intake.matter {
            Matter::Customer(matter) => matter.verdict.clone(),
            _ => None,
        };
        CaseMessage {
            key: intake.key,
            location: intake.location.clone(),
            message: intake.message.clone(),
            verdict,
            raw_kept: intake.raw_kept,
            from_us: matches!(intake.matter, Matter::OwnAnswer(_)),
        }
    }

    fn author(&self) -> Option<&Email> {
        self.intake.message.author().map(|address| &address.email)
    }
}

impl Tx<'_> {
    /// Message, case, verdict, acknowledgement, draft, timers, record and position.
    pub(super) fn record(&mut self, incoming: &Incoming) -> StoreResult<Recorded> {
        let intake = &incoming.intake;
        self.note_person_wrote(intake)?;
        if let Some(case) = self.member(intake.key)? {
            self.proven_by_copy(incoming)?;
            self.advance(&intake.location.folder, &intake.position)?;
            return Ok(Recorded::AlreadyKnown { case });
        }
        let recorded = match &intake.matter {
            Matter::Customer(matter) => self.record_customer(incoming, matter)?,
            Matter::Machine { why, alert } => {
                self.record_machine(incoming, why)?;
                let case = alert.as_ref().map(|alert| self.raise_alert(incoming, alert)).transpose()?;
                Recorded::Noted { case: case.flatten() }
            }
            Matter::DeliveryReport { message_ids, failed, report } => {
                self.record_machine(incoming, &format!("delivery report: {report}"))?;
                Recorded::Noted { case: self.delivery_report(message_ids, *failed, report, intake.at)? }
            }
            Matter::OwnAnswer(answer) => match self.own_answer(incoming, answer)? {
                None if intake.location.folder.role != FolderRole::Sent => Recorded::Unclaimed,
                case => Recorded::Noted { case },
            },
            Matter::SentBefore { .. } => Recorded::Noted { case: None },
        };
        if !matches!(recorded, Recorded::Outdated | Recorded::Unclaimed) {
            self.advance(&intake.location.folder, &intake.position)?;
        }
        Ok(recorded)
    }

    fn record_machine(&mut self, incoming: &Incoming, why: &str) -> StoreResult<()> {
        let intake = &incoming.intake;
        self.put_message(&incoming.row, incoming.value.clone(), None, incoming.author())?;
        self.count(Counted::Automated, "", 1)?;
        let row = AutomatedMessage {
            key: intake.key,
            location: intake.location.clone(),
            from: intake.message.author().map(Address::to_string),
            subject: intake.message.subject.clone(),
            why: why.to_owned(),
            at: intake.at,
        };
        self.put(Key::of(Table::Automated).time(intake.at).text(&intake.key.to_hex()), &row)
    }

    fn record_customer(&mut self, incoming: &Incoming, matter: &CustomerMatter) -> StoreResult<Recorded> {
        let intake = &incoming.intake;
        let found = self.locate(&matter.threading)?;
        if found != matter.expected {
            return Ok(Recorded::Outdated);
        }
        match found {
            Joining::Known(case) => Ok(Recorded::AlreadyKnown { case }),
            Joining::Opens { linked } => {
                if self.find_case(&matter.new_case)?.is_some() {
                    return Ok(Recorded::Outdated);
                }
                let held = self
                    .answers_a_person(intake)?
                    .then(|| CustomerMatter { permission: Permission::held(PERSON_WROTE), ..matter.clone() });
                let acknowledgement = self.open_case(incoming, held.as_ref().unwrap_or(matter), linked)?;
                Ok(Recorded::New { case: matter.new_case.clone(), acknowledgement })
            }
            Joining::Joins { case, other_sender } => {
                let case = self.case(&case)?;
                if case.revision != matter.expected_revision {
                    return Ok(Recorded::Outdated);
                }
                let id = case.id.clone();
                self.join_case(incoming, matter, case, other_sender)?;
                Ok(Recorded::Joined { case: id })
            }
        }
    }

    fn open_case(
        &mut self,
        incoming: &Incoming,
        matter: &CustomerMatter,
        linked: Option<CaseId>,
    ) -> StoreResult<AcknowledgementFate> {
        let at = incoming.intake.at;
        let mut case = new_case(&incoming.intake, matter, linked);
        self.keep_customer_message(incoming, matter, &case)?;
        if matter.threading.history {
            self.put_case(&case)?;
            return Ok(AcknowledgementFate::None);
        }
        self.put_proposed_draft(&case, matter.draft.as_ref(), at)?;
        let fate = self.acknowledge(&mut case, incoming, matter)?;
        let answered = self.answered_since_lost(&mut case, incoming)?;
        self.put_case(&case)?;
        if !answered {
            self.mark_unassessed(&case, at)?;
        }
        Ok(fate)
    }

    fn acknowledge(
        &mut self,
        case: &mut Case,
        incoming: &Incoming,
        matter: &CustomerMatter,
    ) -> StoreResult<AcknowledgementFate> {
        // What came in the time lost may have been acknowledged: its own flag says so.
        if let Permission::Held { why } = &matter.permission
            && why != AFTER_LOSS
        {
            case.flags.insert(CaseFlag::NotAcknowledged(why.clone()));
        }
        let (Permission::Allowed { .. }, Some(mail)) = (&matter.permission, &matter.acknowledgement) else {
            return Ok(AcknowledgementFate::None);
        };
        if mail.kind != OutgoingKind::Acknowledgement || self.find_outgoing(&mail.id)?.is_some() {
            return Ok(AcknowledgementFate::None);
        }
        let at = incoming.intake.at;
        if let Some(limit) = self.capped(mail, &matter.caps, at)? {
            case.flags.insert(CaseFlag::NotAcknowledged(limit.to_owned()));
            return Ok(AcknowledgementFate::Capped(limit.to_owned()));
        }
        self.count_acknowledgement(mail, &matter.caps, at)?;
        self.queue_mail(mail, Actor::Guichet, at)?;
        Ok(AcknowledgementFate::Queued(mail.id.clone()))
    }

    fn join_case(
        &mut self,
        incoming: &Incoming,
        matter: &CustomerMatter,
        mut case: Case,
        other_sender: bool,
    ) -> StoreResult<()> {
        let Incoming { intake, .. } = incoming;
        self.keep_customer_message(incoming, matter, &case)?;
        self.answered_mails_left(incoming, &mut case)?;
        extend_thread(&mut case, intake.message.message_id.as_ref());
        case.last_message_at = case.last_message_at.max(intake.message.arrived_at);
        if let Some(verdict) = &matter.case_verdict {
            case.known.fill_from(&verdict.given);
        }
        let mut answered = false;
        if !matter.threading.history {
            self.continue_case(incoming, matter, &mut case, other_sender)?;
            answered = self.answered_since_lost(&mut case, incoming)?;
        }
        self.put_case(&case)?;
        if matter.threading.history || matter.mere_thanks || answered {
            Ok(())
        } else {
            self.mark_unassessed(&case, incoming.intake.at)
        }
    }

    /// Nobody answers what they have not got: a mail of ours in doubt that the message cites had left.
    fn answered_mails_left(&mut self, incoming: &Incoming, case: &mut Case) -> StoreResult<()> {
        let cited: Vec<_> = incoming.intake.message.cited_ids().take(CITED_MAILS).cloned().collect();
        for id in cited {
            let Some(mail) = self.sent_as(&id)?.filter(|mail| mail.case == case.id) else { continue };
            if may_have_left(&mail) {
                self.left_after_all(mail, "the customer's answer cites it", incoming.intake.at)?;
                *case = self.case(&case.id)?;
            }
        }
        Ok(())
    }

    /// What a message that is news does to its case.
    fn continue_case(
        &mut self,
        incoming: &Incoming,
        matter: &CustomerMatter,
        case: &mut Case,
        other_sender: bool,
    ) -> StoreResult<()> {
        let at = incoming.intake.at;
        if matter.case_verdict.is_some() {
            case.verdict.clone_from(&matter.case_verdict);
        }
        case.flags.extend(flags_of(&incoming.intake, matter));
        if other_sender {
            case.flags.insert(CaseFlag::OtherSender);
        }
        if !other_sender {
            self.rate(case, matter.mark, at)?;
        }
        if matter.mere_thanks {
            self.raise_revision(case)?;
            return Ok(());
        }
        if case.state != CaseState::NeedsReply {
            case.waiting_since = incoming.intake.message.arrived_at;
        }
        case.state = case.state.after_customer(false);
        case.closed_at = None;
        case.flags.remove(&CaseFlag::AnsweredElsewhere);
        self.cancel_timers(&case.id)?;
        self.raise_revision(case)?;
        self.return_to_draft(case, "the customer wrote again", at)?;
        self.suggest(case, matter.draft.as_ref(), at)
    }

    /// Keeps a mark that our last reply asked for.
    fn rate(&mut self, case: &mut Case, mark: Option<u8>, at: jiff::Timestamp) -> StoreResult<()> {
        let Some(mark) = mark else { return Ok(()) };
        let record: Vec<RecordEntry> =
            self.rows(&Key::of(Table::Record).text(case.id.as_str()), Order::Rising, usize::MAX)?;
        if !rating::is_asked(&record) {
            return Ok(());
        }
        case.rating = Some(Rating { mark, at });
        self.note(&case.id, at, Actor::Customer, Event::Rated { mark })
    }

    /// The new suggestion takes the draft's place, or stands beside text that a person touched.
    pub(super) fn suggest(
        &mut self,
        case: &mut Case,
        proposal: Option<&DraftProposal>,
        at: jiff::Timestamp,
    ) -> StoreResult<()> {
        let Some(mut draft) = self.draft(&case.id)? else {
            return self.put_proposed_draft(case, proposal, at);
        };
        let untouched = draft.untouched() && draft.approved_as.is_none();
        if !untouched {
            case.flags.insert(CaseFlag::NewMessageSinceEdit);
        }
        let Some(proposal) = proposal else { return self.put_draft(&draft) };
        if untouched {
            draft.to.clone_from(&proposal.to);
            draft.from = proposal.from.clone();
            draft.subject.clone_from(&proposal.subject);
        }
        draft.suggest(proposal.suggestion.clone(), proposal.body.clone(), case.revision, at);
        self.put_draft(&draft)?;
        self.note_draft(case, proposal, at)
    }

    /// A fresh draft.
    pub(super) fn put_proposed_draft(
        &mut self,
        case: &Case,
        proposal: Option<&DraftProposal>,
        at: jiff::Timestamp,
    ) -> StoreResult<()> {
        let Some(proposal) = proposal else { return Ok(()) };
        self.put_draft(&Draft {
            case: case.id.clone(),
            to: proposal.to.clone(),
            cc: Vec::new(),
            from: proposal.from.clone(),
            subject: proposal.subject.clone(),
            body: proposal.body.clone(),
            suggestion: proposal.suggestion.clone(),
            newer: None,
            revision: case.revision,
            approved_as: None,
            opened_by: None,
            edited_by: None,
            changed_at: at,
        })?;
        self.note_draft(case, proposal, at)
    }

    fn note_draft(&mut self, case: &Case, proposal: &DraftProposal, at: jiff::Timestamp) -> StoreResult<()> {
        let template = proposal.suggestion.template.as_ref().map(ToString::to_string);
        let event = Event::Drafted { template, why: proposal.suggestion.why.clone() };
        self.note(&case.id, at, Actor::Guichet, event)
    }

    fn keep_customer_message(&mut self, incoming: &Incoming, matter: &CustomerMatter, case: &Case) -> StoreResult<()> {
        let Incoming { intake, row, value } = incoming;
        let from = matter.threading.from.as_ref().or(incoming.author());
        self.put_message(row, value.clone(), Some(&case.id), from)?;
        if intake.message.arrived_at >= case.last_message_at {
            self.put_excerpt(&case.id, &intake.message)?;
        }
        if let Some(customer) = &case.customer {
            for order in matter.threading.order_numbers.iter().take(20) {
                self.put(order_key(&customer.email.canonical(), order).text(case.id.as_str()), &case.id)?;
            }
        }
        let event = Event::Received {
            key: intake.key.to_hex(),
            intent: matter.verdict.as_ref().map(|verdict| verdict.intent),
            anger: matter.verdict.as_ref().map(|verdict| verdict.anger.level()),
            permission: matter.permission.why().to_owned(),
        };
        self.note(&case.id, intake.at, Actor::Customer, event)
    }
}

fn new_case(intake: &Intake, matter: &CustomerMatter, linked: Option<CaseId>) -> Case {
    let message = &intake.message;
    let mut case = Case {
        id: matter.new_case.clone(),
        mailbox: intake.location.folder.mailbox.clone(),
        state: if matter.threading.history { CaseState::Closed(Closed::History) } else { CaseState::NeedsReply },
        customer: matter.customer.clone(),
        our_address: matter.our_address.clone(),
        language: message.language.clone(),
        subject: message.subject.clone(),
        opened_at: message.arrived_at,
        last_message_at: message.arrived_at,
        waiting_since: message.arrived_at,
        closed_at: matter.threading.history.then_some(message.arrived_at),
        revision: 1,
        verdict: matter.case_verdict.clone(),
        known: matter.case_verdict.as_ref().map(|verdict| verdict.given.clone()).unwrap_or_default(),
        flags: flags_of(intake, matter).collect(),
        thread: Vec::new(),
        linked,
        rating: None,
    };
    extend_thread(&mut case, message.message_id.as_ref());
    case
}

fn flags_of<'i>(intake: &'i Intake, matter: &'i CustomerMatter) -> impl Iterator<Item = CaseFlag> + 'i {
    let condition = match intake.message.condition {
        Condition::Readable => None,
        Condition::Partial => Some(CaseFlag::Partial),
        Condition::Unreadable(_) => Some(CaseFlag::Unreadable),
    };
    matter.flags.iter().cloned().chain(condition)
}
