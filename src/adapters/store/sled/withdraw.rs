//! Taking back what has not left: replies that were overtaken, acknowledgements that came too late, timers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use crate::domain::outgoing::ACKNOWLEDGEMENT_LIFE;
use crate::domain::{
    Actor, Case, CaseFlag, CaseId, DeliveryState, Draft, Event, OutgoingId, OutgoingKind, OutgoingMail, Timer,
};
use crate::ports::store::{StoreError, StoreResult};

/// Why an acknowledgement does not follow a reply.
const OVERTAKEN: &str = "a person replied";
/// Why an acknowledgement does not leave after all, as the case is flagged.
const TOO_OLD: &str = "too old to send";

/// A mail that was being sent or in doubt when it was withdrawn: cancelled as soon as it would be tried again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Withdrawn {
    why: String,
    /// Its text becomes a draft again.
    to_draft: bool,
}

/// Whether the mail may have left already although it is not known to be sent.
pub(super) fn may_have_left(mail: &OutgoingMail) -> bool {
    match &mail.state {
        DeliveryState::InDoubt { .. } => true,
        DeliveryState::Held { may_have_left, .. } => *may_have_left || mail.resends > 0,
        DeliveryState::Pending { .. } => mail.resends > 0,
        _ => false,
    }
}

impl Tx<'_> {
    /// An approved reply that has not left becomes a draft again, its text kept as a person left it.
    pub(super) fn return_to_draft(&mut self, case: &Case, why: &str, at: Timestamp) -> StoreResult<()> {
        let Some(draft) = self.draft(&case.id)? else { return Ok(()) };
        let Some(id) = draft.approved_as.clone() else { return Ok(()) };
        let mail = self.outgoing(&id)?;
        match &mail.state {
            DeliveryState::Pending { .. } | DeliveryState::Held { .. } if !may_have_left(&mail) => {
                self.cancel_mail(mail, why, Actor::Guichet, at)?;
                self.reopen_draft(draft, case.revision, at)?;
                self.note(&case.id, at, Actor::Guichet, Event::ReturnedToDraft { id })
            }
            DeliveryState::Attempting { .. } => self.withdraw_later(&id, why, true),
            // It may lie in the customer's mailbox: what comes next is another reply, not this one again.
            DeliveryState::Pending { .. } => {
                self.cancel_mail(mail.clone(), why, Actor::Guichet, at)?;
                self.put_away_draft(&mail)
            }
            DeliveryState::InDoubt { .. } => {
                self.withdraw_later(&id, why, false)?;
                self.put_away_draft(&mail)
            }
            _ => self.put_away_draft(&mail),
        }
    }

    /// The draft of a reply that did not leave can be approved again.
    pub(super) fn reopen_draft(&mut self, mut draft: Draft, revision: u64, at: Timestamp) -> StoreResult<()> {
        draft.approved_as = None;
        draft.revision = revision;
        draft.changed_at = at;
        self.put_draft(&draft)
    }

    /// Cancels whatever of the case has not left: replies and the acknowledgement.
    pub(super) fn withdraw_mails(&mut self, case: &CaseId, why: &str, actor: &Actor, at: Timestamp) -> StoreResult<()> {
        for mail in self.case_outgoing(case)? {
            self.withdraw_mail(mail, why, actor, at)?;
        }
        Ok(())
    }

    /// Cancels the case's acknowledgement where it has not left: a person's reply says more.
    pub(super) fn withdraw_acknowledgement(&mut self, case: &CaseId, actor: &Actor, at: Timestamp) -> StoreResult<()> {
        for mail in self.case_outgoing(case)? {
            if mail.kind == OutgoingKind::Acknowledgement {
                self.withdraw_mail(mail, OVERTAKEN, actor, at)?;
            }
        }
        Ok(())
    }

    /// Why an acknowledgement that waits may not be sent any more, if so.
    fn outdated(&self, mail: &OutgoingMail, now: Timestamp) -> StoreResult<Option<&'static str>> {
        if mail.kind != OutgoingKind::Acknowledgement {
            return Ok(None);
        }
        let replied = |other: &OutgoingMail| {
            let undone = matches!(other.state, DeliveryState::Cancelled { .. } | DeliveryState::Rejected { .. });
            other.kind == OutgoingKind::Reply && !undone
        };
        if self.case_outgoing(&mail.case)?.iter().any(replied) {
            return Ok(Some(OVERTAKEN));
        }
        let old = now.duration_since(mail.created_at) > ACKNOWLEDGEMENT_LIFE;
        Ok(old.then_some(TOO_OLD))
    }

    /// Cancels an acknowledgement that may not be sent any more; whether it did.
    pub(super) fn cancel_outdated(&mut self, mail: &OutgoingMail, now: Timestamp) -> StoreResult<bool> {
        let Some(why) = self.outdated(mail, now)? else { return Ok(false) };
        self.cancel_mail(mail.clone(), why, Actor::Guichet, now)?;
        if why == TOO_OLD {
            let mut case = self.case(&mail.case)?;
            case.flags.insert(match may_have_left(mail) {
                true => CaseFlag::MaybeAcknowledged,
                false => CaseFlag::NotAcknowledged(TOO_OLD.to_owned()),
            });
            self.put_case(&case)?;
        }
        Ok(true)
    }

    /// Cancels a mail that has not left: at once, or when its attempt has failed or its doubt is over.
    fn withdraw_mail(&mut self, mail: OutgoingMail, why: &str, actor: &Actor, at: Timestamp) -> StoreResult<()> {
        match &mail.state {
            DeliveryState::Pending { .. } => self.cancel_mail(mail, why, actor.clone(), at),
            DeliveryState::Held { .. } if !may_have_left(&mail) => self.cancel_mail(mail, why, actor.clone(), at),
            DeliveryState::Attempting { .. } | DeliveryState::InDoubt { .. } => {
                self.withdraw_later(&mail.id, why, false)
            }
            _ => Ok(()),
        }
    }

    fn withdraw_later(&mut self, id: &OutgoingId, why: &str, to_draft: bool) -> StoreResult<()> {
        let row = Withdrawn { why: why.to_owned(), to_draft };
        self.put(withdrawn_key(id), &row)
    }

    /// A person's later word for sending it stands above its withdrawal.
    pub(super) fn forget_withdrawal(&mut self, id: &OutgoingId) {
        self.delete(withdrawn_key(id));
    }

    /// A mail that would be tried again although it was withdrawn meanwhile is cancelled instead.
    pub(super) fn settle_withdrawn(&mut self, mail: OutgoingMail, at: Timestamp) -> StoreResult<OutgoingMail> {
        let Some(withdrawn) = self.get::<Withdrawn>(withdrawn_key(&mail.id))? else { return Ok(mail) };
        if may_have_left(&mail) {
            self.put_away_draft(&mail)?;
        }
        if !matches!(mail.state, DeliveryState::Pending { .. }) {
            return Ok(mail);
        }
        let id = mail.id.clone();
        let case = self.case(&mail.case)?;
        self.cancel_mail(mail.clone(), &withdrawn.why, Actor::Guichet, at)?;
        if withdrawn.to_draft
            && !may_have_left(&mail)
            && let Some(draft) = self.draft(&case.id)?
            && draft.approved_as.as_ref() == Some(&id)
        {
            self.reopen_draft(draft, case.revision, at)?;
            self.note(&case.id, at, Actor::Guichet, Event::ReturnedToDraft { id: id.clone() })?;
        }
        self.outgoing(&id)
    }

    /// Pending or Held → Cancelled, noted in the record.
    pub(super) fn cancel_mail(
        &mut self,
        mut mail: OutgoingMail,
        why: &str,
        actor: Actor,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.cancel_notices(&mail, why, at)?;
        self.withdraw_promises(&mail, at)?;
        mail.state = mail.state.cancel(why, at).map_err(StoreError::Illegal)?;
        self.forget_withdrawal(&mail.id);
        self.put_outgoing(&mail)?;
        self.note_delivery(&mail, actor, at)
    }

    // ---- timers -------------------------------------------------------------------------------

    /// Timers of a case.
    pub(super) fn timers_of(&self, case: &CaseId) -> StoreResult<Vec<Timer>> {
        self.rows(&Key::of(Table::CaseTimer).text(case.as_str()), Order::Rising, usize::MAX)
    }

    /// Sets a timer; at most one of a kind per case.
    pub(super) fn put_timer(&mut self, mailbox: &str, timer: &Timer) -> StoreResult<()> {
        let by_case = Key::of(Table::CaseTimer).text(timer.case.as_str()).text(timer.kind.as_str());
        if let Some(old) = self.get::<Timer>(by_case.clone())? {
            self.delete(timer_key(mailbox, &old));
        }
        self.put(timer_key(mailbox, timer), timer)?;
        self.put(by_case, timer)
    }

    /// The case moved on: none of its timers fires.
    pub(super) fn cancel_timers(&mut self, case: &CaseId) -> StoreResult<()> {
        let mailbox = self.case(case)?.mailbox;
        for timer in self.timers_of(case)? {
            self.delete(timer_key(&mailbox, &timer));
            self.delete(Key::of(Table::CaseTimer).text(case.as_str()).text(timer.kind.as_str()));
        }
        Ok(())
    }

    /// A reviewer must know of this change before approving. Timers that still stand go along: they are
    /// cancelled by what answers them, not by a correction or by thanks.
    pub(super) fn raise_revision(&mut self, case: &mut Case) -> StoreResult<()> {
        case.revision += 1;
        for mut timer in self.timers_of(&case.id)? {
            timer.revision = case.revision;
            self.put_timer(&case.mailbox, &timer)?;
        }
        Ok(())
    }
}

fn withdrawn_key(id: &OutgoingId) -> Key {
    Key::of(Table::Withdrawn).text(id.as_str())
}

fn timer_key(mailbox: &str, timer: &Timer) -> Key {
    Key::of(Table::Timer).text(mailbox).time(timer.due).text(timer.case.as_str()).text(timer.kind.as_str())
}
