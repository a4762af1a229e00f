//! Refund notices: written with the approval, told once the reply has left, never told for one that did not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use super::withdraw::may_have_left;
use crate::domain::{Actor, CaseFlag, CaseId, DeliveryState, Event, OutgoingKind, OutgoingMail};
use crate::ports::refunds::RefundNotice;
use crate::ports::store::{NoticeState, StoreError, StoreResult, StoredNotice, TellOutcome, notice_wait};

/// What an index row says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NoticeId {
    case: CaseId,
    key: String,
}

fn row_key(case: &CaseId, key: &str) -> Key {
    Key::of(Table::Notice).text(case.as_str()).text(key)
}

fn index(row: &StoredNotice) -> Option<Key> {
    let key = match row.state {
        NoticeState::Pending { not_before } => Key::of(Table::NoticeDue).text(&row.mailbox).time(not_before),
        NoticeState::GivenUp { .. } => Key::of(Table::NoticeStuck).text(&row.mailbox),
        NoticeState::Told { .. } | NoticeState::Cancelled { .. } => return None,
    };
    Some(key.text(row.notice.case.as_str()).text(&row.notice.idempotency_key))
}

/// Whether the reply may yet be taken back: then the refund is not told.
fn may_be_taken_back(mail: &OutgoingMail) -> bool {
    let waits = matches!(
        mail.state,
        DeliveryState::Pending { .. } | DeliveryState::Attempting { .. } | DeliveryState::Held { .. }
    );
    waits && !may_have_left(mail)
}

impl Tx<'_> {
    /// Refund notices of a case.
    pub(super) fn notices_of(&self, case: &CaseId) -> StoreResult<Vec<StoredNotice>> {
        self.rows(&Key::of(Table::Notice).text(case.as_str()), Order::Rising, usize::MAX)
    }

    fn notice(&self, case: &CaseId, key: &str) -> StoreResult<StoredNotice> {
        self.get(row_key(case, key))?
            .ok_or_else(|| StoreError::Missing(format!("the refund notice {key} of case {case}")))
    }

    fn put_notice(&mut self, row: &StoredNotice) -> StoreResult<()> {
        let (case, key) = (&row.notice.case, &row.notice.idempotency_key);
        if let Some(old) = self.get::<StoredNotice>(row_key(case, key))?.and_then(|old| index(&old)) {
            self.delete(old);
        }
        if let Some(new) = index(row) {
            self.put(new, &NoticeId { case: case.clone(), key: key.clone() })?;
        }
        self.put(row_key(case, key), row)
    }

    fn note_notice(
        &mut self,
        row: &StoredNotice,
        state: &str,
        detail: &str,
        actor: Actor,
        at: Timestamp,
    ) -> StoreResult<()> {
        let event = Event::RefundNotice {
            key: row.notice.idempotency_key.clone(),
            state: state.to_owned(),
            detail: detail.to_owned(),
        };
        self.note(&row.notice.case, at, actor, event)
    }

    /// The reply that accepts a refund was approved. The very same refund is announced once: one that was told, or
    /// that waits already, is not set again, whatever happened to the reply meanwhile.
    pub(super) fn announce_refund(
        &mut self,
        notice: &RefundNotice,
        mail: &OutgoingMail,
        actor: Actor,
        at: Timestamp,
    ) -> StoreResult<()> {
        let not_before = mail.state.due_at().unwrap_or(at);
        let mut row = StoredNotice {
            notice: notice.clone(),
            mailbox: mail.mailbox.clone(),
            mail: mail.id.clone(),
            state: NoticeState::Pending { not_before },
            since: at,
            attempts: 0,
            last_problem: None,
        };
        match self.get::<StoredNotice>(row_key(&notice.case, &notice.idempotency_key))? {
            Some(old) if matches!(old.state, NoticeState::Told { .. }) => {
                return self.note_notice(&old, "told_before", "", actor, at);
            }
            Some(old) => row.attempts = old.attempts,
            None => {}
        }
        self.put_notice(&row)?;
        self.note_notice(&row, row.state.name(), "", actor, at)
    }

    /// The reply is taken back, or was refused: what it accepted was never said.
    pub(super) fn cancel_notices(&mut self, mail: &OutgoingMail, why: &str, at: Timestamp) -> StoreResult<()> {
        if mail.kind != OutgoingKind::Reply || may_have_left(mail) {
            return Ok(());
        }
        for mut row in self.notices_of(&mail.case)? {
            if row.mail == mail.id && matches!(row.state, NoticeState::Pending { .. }) {
                row.state = NoticeState::Cancelled { at, why: why.to_owned() };
                self.put_notice(&row)?;
                self.note_notice(&row, row.state.name(), why, Actor::Guichet, at)?;
            }
        }
        Ok(())
    }

    /// The next notice to tell; the attempt is counted and the time of the next one set.
    pub(super) fn claim_notice(&mut self, mailbox: &str, now: Timestamp) -> StoreResult<Option<StoredNotice>> {
        let due = Key::of(Table::NoticeDue).text(mailbox);
        let ids: Vec<NoticeId> = self.rows_until(due.clone(), &due.time(now), usize::MAX)?;
        for id in ids {
            let mut row = self.notice(&id.case, &id.key)?;
            let waits = matches!(row.state, NoticeState::Pending { not_before } if not_before > now);
            if waits || self.find_outgoing(&row.mail)?.is_some_and(|mail| may_be_taken_back(&mail)) {
                continue;
            }
            row.attempts += 1;
            let next = now.saturating_add(notice_wait(row.attempts)).unwrap_or(Timestamp::MAX);
            row.state = NoticeState::Pending { not_before: next };
            self.put_notice(&row)?;
            return Ok(Some(row));
        }
        Ok(None)
    }

    /// What the attempt came to.
    pub(super) fn finish_notice(
        &mut self,
        case: &CaseId,
        key: &str,
        outcome: TellOutcome,
        now: Timestamp,
    ) -> StoreResult<NoticeState> {
        let mut row = self.notice(case, key)?;
        let (state, word, detail) = match (outcome, &row.state) {
            (TellOutcome::Told, _) => (NoticeState::Told { at: now }, "told", String::new()),
            (TellOutcome::Retry { why }, pending @ NoticeState::Pending { .. }) => (pending.clone(), "failed", why),
            (TellOutcome::GiveUp { why }, NoticeState::Pending { .. }) => {
                (NoticeState::GivenUp { at: now, why: why.clone() }, "given_up", why)
            }
            // Cancelled meanwhile, and not taken: it stays cancelled.
            (TellOutcome::Retry { .. } | TellOutcome::GiveUp { .. }, settled) => return Ok(settled.clone()),
        };
        row.last_problem = if detail.is_empty() { None } else { Some(detail.clone()) };
        row.state = state.clone();
        self.put_notice(&row)?;
        self.note_notice(&row, word, &detail, Actor::Guichet, now)?;
        match &state {
            NoticeState::GivenUp { .. } => self.call_back(case, CaseFlag::RefundNotTold, now)?,
            NoticeState::Told { .. } => {
                self.settle_promises(case, "refund_notice", None, &Actor::Guichet, now)?;
                let mut case = self.case(case)?;
                if self.unflag_kept(&mut case)? {
                    self.put_case(&case)?;
                }
            }
            NoticeState::Pending { .. } | NoticeState::Cancelled { .. } => {}
        }
        Ok(state)
    }

    /// Notices a person has to see to.
    pub(super) fn stuck_notices(&self, mailbox: &str) -> StoreResult<Vec<StoredNotice>> {
        let ids: Vec<NoticeId> = self.rows(&Key::of(Table::NoticeStuck).text(mailbox), Order::Rising, usize::MAX)?;
        ids.iter().map(|id| self.notice(&id.case, &id.key)).collect()
    }

    /// Given up → Pending.
    pub(super) fn tell_again(&mut self, case: &CaseId, key: &str, reviewer: &str, now: Timestamp) -> StoreResult<()> {
        let mut row = self.notice(case, key)?;
        if !matches!(row.state, NoticeState::GivenUp { .. }) {
            return Err(StoreError::Missing(format!("a refund notice {key} of case {case} that was given up")));
        }
        row.state = NoticeState::Pending { not_before: now };
        row.since = now;
        self.put_notice(&row)?;
        self.note_notice(&row, "pending", "", Actor::Reviewer(reviewer.to_owned()), now)?;
        let mut case = self.case(case)?;
        case.flags.remove(&CaseFlag::RefundNotTold);
        self.put_case(&case)
    }

    /// Whether a refund was accepted that the payment side has not been told of.
    pub(super) fn owes_notice(&self, case: &CaseId) -> StoreResult<bool> {
        let open = |row: &StoredNotice| matches!(row.state, NoticeState::Pending { .. });
        Ok(self.notices_of(case)?.iter().any(open))
    }

    /// A case that is erased leaves no notice behind.
    pub(super) fn erase_notices(&mut self, case: &CaseId) -> StoreResult<()> {
        for row in self.notices_of(case)? {
            if let Some(index) = index(&row) {
                self.delete(index);
            }
            self.delete(row_key(case, &row.notice.idempotency_key));
        }
        Ok(())
    }
}
