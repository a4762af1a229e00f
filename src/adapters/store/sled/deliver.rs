//! The way of a mail through the outbox, and the duties that follow.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Key, Table};
use super::rows::extend_thread;
use super::tx::{Order, Tx, or_damage};
use super::withdraw::may_have_left;
use crate::domain::outgoing::{AttemptOutcome, OutgoingKind};
use crate::domain::{
    Actor, CaseFlag, CaseState, DeliveryState, Draft, Event, MessageLocation, OutgoingId, OutgoingMail,
};
use crate::ports::store::{CaseMessage, Chore, Lease, StoreError, StoreResult};

/// A duty as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "chore")]
enum ChoreRow {
    FileCopy { id: OutgoingId },
    MarkAcknowledged { id: OutgoingId, location: MessageLocation },
}

impl ChoreRow {
    fn id(&self) -> &OutgoingId {
        match self {
            Self::FileCopy { id } | Self::MarkAcknowledged { id, .. } => id,
        }
    }

    fn letter(&self) -> u8 {
        match self {
            Self::FileCopy { .. } => b'f',
            Self::MarkAcknowledged { .. } => b'm',
        }
    }

    fn at_key(&self) -> Key {
        Key::of(Table::ChoreAt).text(self.id().as_str()).byte(self.letter())
    }

    fn key(&self, mailbox: &str, at: Timestamp) -> Key {
        Key::of(Table::Chore).text(mailbox).time(at).text(self.id().as_str()).byte(self.letter())
    }
}

/// After a long outage thousands of acknowledgements may be too old; nobody waits until all are cancelled.
const CANCELLED_AT_ONCE: usize = 50;

impl Tx<'_> {
    /// A mail that is erased leaves no duty behind.
    pub(super) fn drop_chores(&mut self, mail: &OutgoingMail) -> StoreResult<()> {
        let prefix = Key::of(Table::Chore).text(&mail.mailbox);
        let rows: Vec<ChoreRow> = self.rows(&prefix, Order::Rising, usize::MAX)?;
        for (key, row) in self.keys(&prefix, usize::MAX)?.into_iter().zip(rows) {
            if row.id() == &mail.id {
                self.delete_raw(key);
                self.delete(row.at_key());
            }
        }
        Ok(())
    }

    /// An outbox row of the lease's mailbox, without its bytes.
    fn leased(&self, lease: &Lease, id: &OutgoingId) -> StoreResult<OutgoingMail> {
        let mail = self.outgoing(id)?;
        if mail.mailbox == lease.mailbox { Ok(mail) } else { Err(StoreError::LeaseLost) }
    }

    /// What the last process left under way.
    pub(super) fn recover(&mut self, mailbox: &str, now: Timestamp) -> StoreResult<Vec<OutgoingMail>> {
        let under_way = Key::of(Table::OutgoingUnderWay).text(mailbox);
        let ids: Vec<OutgoingId> = self.rows(&under_way, Order::Rising, usize::MAX)?;
        let mut recovered = Vec::new();
        for id in ids {
            let mut mail = self.outgoing(&id)?;
            let Some(state) = mail.state.after_crash(now) else { continue };
            mail.state = state;
            mail.last_problem = Some("the program stopped while sending".into());
            self.put_outgoing(&mail)?;
            self.note_delivery(&mail, Actor::Guichet, now)?;
            let mail = self.settle_withdrawn(mail, now)?;
            recovered.push(self.whole_if_readable(mail)?);
        }
        Ok(recovered)
    }

    /// Pending → Attempting, replies before acknowledgements and each oldest first: where the server takes so many an
    /// hour, a person's word does not wait behind a burst of greetings. Acknowledgements that come too late →
    /// Cancelled, so many in one step. What is `left` stays as it is. The second value says that more may be due.
    pub(super) fn claim_due(
        &mut self,
        mailbox: &str,
        now: Timestamp,
        limit: usize,
        left: &BTreeSet<OutgoingId>,
    ) -> StoreResult<(Vec<OutgoingMail>, bool)> {
        let most = limit.saturating_add(CANCELLED_AT_ONCE).saturating_add(left.len());
        let due = |table| {
            let prefix = Key::of(table).text(mailbox);
            self.rows_until::<OutgoingId>(prefix.clone(), &prefix.time(now), most)
        };
        let (replies, all) = (due(Table::ReplyDue)?, due(Table::OutgoingDue)?);
        let more = all.len() == most;
        let mut claimed = Vec::new();
        for id in replies.into_iter().chain(all).filter(|id| !left.contains(id)) {
            let mut mail = self.outgoing(&id)?;
            if claimed.len() == limit {
                return Ok((claimed, false));
            }
            // Claimed among the replies, or due in less than the microsecond that keys know.
            if mail.state.due_at().is_none_or(|at| at > now) {
                continue;
            }
            if self.cancel_outdated(&mail, now)? {
                continue;
            }
            mail.attempts += 1;
            mail.state = mail.state.claim(mail.attempts, now)?;
            match or_damage(self.whole(mail.clone()))? {
                Ok(whole) => {
                    self.put_outgoing(&mail)?;
                    claimed.push(whole);
                }
                Err(why) => self.hold_unreadable(mail, why, now)?,
            }
        }
        Ok((claimed, more))
    }

    /// A mail just claimed whose bytes are damaged waits for a person; the others leave.
    fn hold_unreadable(&mut self, mut mail: OutgoingMail, why: String, now: Timestamp) -> StoreResult<()> {
        mail.last_problem = Some(why.clone());
        mail.state = mail.state.finish(AttemptOutcome::Hold { why }, mail.resends, now)?;
        self.put_outgoing(&mail)?;
        self.note_delivery(&mail, Actor::Guichet, now)?;
        self.settle_withdrawn(mail, now).map(drop)
    }

    /// Dialling → Committing.
    pub(super) fn mark_committing(&mut self, lease: &Lease, id: &OutgoingId) -> StoreResult<()> {
        let mut mail = self.leased(lease, id)?;
        mail.state = mail.state.commit()?;
        self.put_outgoing(&mail)
    }

    /// What an attempt came to.
    pub(super) fn finish(
        &mut self,
        lease: &Lease,
        id: &OutgoingId,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> StoreResult<DeliveryState> {
        let mut mail = self.leased(lease, id)?;
        mail.last_problem = match &outcome {
            AttemptOutcome::Accepted { .. } => None,
            AttemptOutcome::Retry { why, .. }
            | AttemptOutcome::Refused { why }
            | AttemptOutcome::Doubt { why }
            | AttemptOutcome::Hold { why } => Some(why.clone()),
        };
        mail.state = mail.state.finish(outcome, mail.resends, now)?;
        if matches!(mail.state, DeliveryState::Sent { .. }) {
            let state = mail.state.clone();
            self.was_sent(mail, now)?;
            return Ok(state);
        }
        self.put_outgoing(&mail)?;
        self.note_delivery(&mail, Actor::Guichet, now)?;
        if matches!(mail.state, DeliveryState::Rejected { .. }) {
            self.was_rejected(&mail, now)?;
        }
        Ok(self.settle_withdrawn(mail, now)?.state)
    }

    /// Writes a mail that has come to Sent, with all that follows.
    pub(super) fn was_sent(&mut self, mail: OutgoingMail, now: Timestamp) -> StoreResult<()> {
        self.put_outgoing(&mail)?;
        self.forget_withdrawal(&mail.id);
        self.note_delivery(&mail, Actor::Guichet, now)?;
        let mut case = self.case(&mail.case)?;
        extend_thread(&mut case, Some(&mail.message_id));
        self.put_case(&case)?;
        if mail.file_copy {
            self.put_chore(&mail.mailbox, &ChoreRow::FileCopy { id: mail.id.clone() }, now)?;
        }
        match mail.kind {
            OutgoingKind::Reply => self.put_away_draft(&mail),
            OutgoingKind::Acknowledgement => {
                let first = self.message_keys(&mail.case, Order::Rising, 1)?.first().copied();
                let Some(first) = first else { return Ok(()) };
                // Without its letter nobody knows where the keyword belongs; the acknowledgement has left all the same.
                let Ok(CaseMessage { location, .. }) = or_damage(self.message(first))? else { return Ok(()) };
                self.put_chore(&mail.mailbox, &ChoreRow::MarkAcknowledged { id: mail.id.clone(), location }, now)
            }
        }
    }

    /// The reply has left: its draft is no draft any more, but its text is kept in case it bounces. What was
    /// suggested since becomes the draft.
    pub(super) fn put_away_draft(&mut self, mail: &OutgoingMail) -> StoreResult<()> {
        let Some(draft) = self.draft(&mail.case)? else { return Ok(()) };
        if draft.approved_as.as_ref() != Some(&mail.id) {
            return Ok(());
        }
        self.put(Key::of(Table::SentDraft).text(mail.id.as_str()), &Draft { newer: None, ..draft.clone() })?;
        match draft.newer.clone() {
            Some(newer) => self.put_draft(&Draft {
                suggestion: newer.suggestion,
                body: newer.body,
                newer: None,
                approved_as: None,
                opened_by: None,
                edited_by: None,
                ..draft
            }),
            None => {
                self.drop_draft(&mail.case);
                Ok(())
            }
        }
    }

    fn was_rejected(&mut self, mail: &OutgoingMail, now: Timestamp) -> StoreResult<()> {
        match mail.kind {
            OutgoingKind::Reply => {
                self.cancel_notices(mail, "the mail server refused the reply", now)?;
                self.withdraw_promises(mail, now)?;
                self.reply_not_delivered(&mail.id, now)
            }
            OutgoingKind::Acknowledgement => {
                let mut case = self.case(&mail.case)?;
                case.flags.insert(CaseFlag::NotAcknowledged("refused by the mail server".into()));
                self.put_case(&case)
            }
        }
    }

    /// A reply that was approved did not reach the customer: ours to act again, with its text as draft.
    pub(super) fn reply_not_delivered(&mut self, id: &OutgoingId, now: Timestamp) -> StoreResult<()> {
        let mail = self.outgoing(id)?;
        let mut case = self.case(&mail.case)?;
        case.state = CaseState::NeedsReply;
        case.closed_at = None;
        case.waiting_since = now;
        case.flags.insert(CaseFlag::NotDelivered);
        self.cancel_timers(&case.id)?;
        self.raise_revision(&mut case)?;
        let current = self.draft(&case.id)?;
        let kept: Option<Draft> = self.get(Key::of(Table::SentDraft).text(id.as_str()))?;
        match current {
            Some(draft) if draft.approved_as.as_ref() == Some(id) => self.reopen_draft(draft, case.revision, now)?,
            Some(_) => {}
            None => {
                if let Some(draft) = kept {
                    self.reopen_draft(draft, case.revision, now)?;
                }
            }
        }
        self.put_case(&case)
    }

    /// InDoubt → Sent.
    pub(super) fn prove_sent(
        &mut self,
        lease: &Lease,
        id: &OutgoingId,
        evidence: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        let mut mail = self.leased(lease, id)?;
        mail.state = mail.state.proven(evidence, now)?;
        self.was_sent(mail, now)
    }

    /// Doubts whose time is over.
    pub(super) fn resolve_doubts(
        &mut self,
        mailbox: &str,
        resend_once: bool,
        now: Timestamp,
    ) -> StoreResult<Vec<OutgoingId>> {
        let doubts = Key::of(Table::OutgoingInDoubt).text(mailbox);
        let ids: Vec<OutgoingId> = self.rows_until(doubts.clone(), &doubts.time(now), usize::MAX)?;
        let mut resolved = Vec::new();
        for id in ids {
            let mut mail = self.outgoing(&id)?;
            if mail.state.due_at().is_none_or(|at| at > now) {
                continue;
            }
            mail.state = mail.state.resolve_doubt(mail.resends, resend_once, now)?;
            if matches!(mail.state, DeliveryState::Pending { .. }) {
                mail.resends += 1;
            }
            self.put_outgoing(&mail)?;
            self.note_delivery(&mail, Actor::Guichet, now)?;
            self.settle_withdrawn(mail, now)?;
            resolved.push(id);
        }
        Ok(resolved)
    }

    /// Held → Pending.
    pub(super) fn release(&mut self, id: &OutgoingId, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let mut mail = self.outgoing(id)?;
        let in_doubt = may_have_left(&mail);
        mail.state = mail.state.release(now)?;
        if in_doubt {
            mail.resends += 1;
        }
        self.forget_withdrawal(id);
        self.put_outgoing(&mail)?;
        let event = Event::Released { id: id.clone() };
        self.note(&mail.case, now, Actor::Reviewer(reviewer.to_owned()), event)
    }

    /// Pending or Held → Cancelled. A reply that certainly did not leave becomes a draft again.
    pub(super) fn cancel(&mut self, id: &OutgoingId, why: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let mail = self.outgoing(id)?;
        let actor = Actor::Reviewer(reviewer.to_owned());
        self.cancel_mail(mail.clone(), why, actor.clone(), now)?;
        if mail.kind == OutgoingKind::Acknowledgement {
            return Ok(());
        }
        if may_have_left(&mail) {
            return self.put_away_draft(&mail);
        }
        let mut case = self.case(&mail.case)?;
        let Some(draft) = self.draft(&case.id)?.filter(|draft| draft.approved_as.as_ref() == Some(id)) else {
            return Ok(());
        };
        case.state = CaseState::NeedsReply;
        self.cancel_timers(&case.id)?;
        self.raise_revision(&mut case)?;
        self.reopen_draft(draft, case.revision, now)?;
        self.note(&case.id, now, actor, Event::ReturnedToDraft { id: id.clone() })?;
        self.put_case(&case)
    }

    /// When the next mail or doubt falls due.
    pub(super) fn next_due(&self, mailbox: &str) -> StoreResult<Option<Timestamp>> {
        let mut next: Option<Timestamp> = None;
        for table in [Table::OutgoingDue, Table::OutgoingInDoubt] {
            let ids: Vec<OutgoingId> = self.rows(&Key::of(table).text(mailbox), Order::Rising, 1)?;
            for id in ids {
                next = [next, self.outgoing(&id)?.state.due_at()].into_iter().flatten().min();
            }
        }
        Ok(next)
    }

    // ---- chores -------------------------------------------------------------------------------

    fn put_chore(&mut self, mailbox: &str, chore: &ChoreRow, at: Timestamp) -> StoreResult<()> {
        self.put(chore.at_key(), &at)?;
        self.put(chore.key(mailbox, at), chore)
    }

    /// Duties that are due, oldest first; not the copy of a mail whose bytes are damaged.
    pub(super) fn chores(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<Chore>> {
        let prefix = Key::of(Table::Chore).text(mailbox);
        let until = prefix.clone().time(now);
        let mut unreadable = 0;
        loop {
            let most = limit.saturating_add(unreadable);
            let rows: Vec<ChoreRow> = self.rows_until(prefix.clone(), &until, most)?;
            let read = rows.len();
            let mut chores = Vec::new();
            for row in rows {
                chores.extend(or_damage(self.chore(row))?.ok());
            }
            // Those that nobody can do keep none of the others back.
            if read < most || read - chores.len() <= unreadable {
                return Ok(chores);
            }
            unreadable = read - chores.len();
        }
    }

    fn chore(&self, row: ChoreRow) -> StoreResult<Chore> {
        match row {
            ChoreRow::FileCopy { id } => Ok(Chore::FileCopy(Box::new(self.whole(self.outgoing(&id)?)?))),
            ChoreRow::MarkAcknowledged { id, location } => Ok(Chore::MarkAcknowledged { id, location }),
        }
    }

    /// A duty is done; saying so twice is harmless.
    pub(super) fn chore_done(&mut self, chore: &Chore, found: bool, now: Timestamp) -> StoreResult<()> {
        let row = match chore {
            Chore::FileCopy(mail) => ChoreRow::FileCopy { id: mail.id.clone() },
            Chore::MarkAcknowledged { id, location } => {
                ChoreRow::MarkAcknowledged { id: id.clone(), location: location.clone() }
            }
        };
        let Some(at) = self.get::<Timestamp>(row.at_key())? else { return Ok(()) };
        let mut mail = self.outgoing(row.id())?;
        self.delete(row.key(&mail.mailbox, at));
        self.delete(row.at_key());
        if let Chore::FileCopy(_) = chore {
            mail.file_copy = false;
            self.put_outgoing(&mail)?;
            self.note(&mail.case, now, Actor::Guichet, Event::Filed { id: mail.id.clone(), found })?;
        }
        Ok(())
    }
}
