//! The promise ledger: what replies promise, kept by what comes later, and lapsed when nothing does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use super::withdraw::may_have_left;
use crate::domain::record::CallDirection;
use crate::domain::{Actor, Case, CaseFlag, CaseId, Event, OutgoingId, OutgoingKind, OutgoingMail};
use crate::ports::store::{NewPromise, Promise, PromiseState, StoreError, StoreResult};

/// What an index row says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PromiseId {
    case: CaseId,
    n: u64,
}

fn row_key(case: &CaseId, n: u64) -> Key {
    Key::of(Table::Promise).text(case.as_str()).number(n)
}

fn index(row: &Promise) -> Key {
    Key::of(Table::PromiseOpen).text(&row.mailbox).time(row.warn_at).text(row.case.as_str()).number(row.n)
}

impl Tx<'_> {
    /// Promises of a case.
    pub(super) fn promises_of(&self, case: &CaseId) -> StoreResult<Vec<Promise>> {
        self.rows(&Key::of(Table::Promise).text(case.as_str()), Order::Rising, usize::MAX)
    }

    fn put_promise(&mut self, row: &Promise) -> StoreResult<()> {
        if row.is_open() {
            self.put(index(row), &PromiseId { case: row.case.clone(), n: row.n })?;
        } else {
            self.delete(index(row));
        }
        self.put(row_key(&row.case, row.n), row)?;
        self.refresh_work(&row.case)
    }

    fn note_promise(&mut self, row: &Promise, state: &str, actor: Actor, at: Timestamp) -> StoreResult<()> {
        let event = Event::Promise { words: row.words.clone(), by: row.by, state: state.to_owned() };
        self.note(&row.case, at, actor, event)
    }

    /// An approved reply promises this.
    pub(super) fn promise(
        &mut self,
        promises: Vec<NewPromise>,
        mail: &OutgoingMail,
        actor: &Actor,
        at: Timestamp,
    ) -> StoreResult<()> {
        let next = self.promises_of(&mail.case)?.last().map_or(1, |last| last.n + 1);
        for (n, new) in (next..).zip(promises) {
            let row = Promise {
                case: mail.case.clone(),
                n,
                mailbox: mail.mailbox.clone(),
                mail: mail.id.clone(),
                words: new.promised.words,
                by: new.promised.by,
                warn_at: new.warn_at,
                lapse_at: new.lapse_at,
                state: PromiseState::Standing,
            };
            self.put_promise(&row)?;
            self.note_promise(&row, "made", actor.clone(), at)?;
        }
        Ok(())
    }

    /// What was promised is kept, or need not be kept any more. Does not touch the case's flags.
    pub(super) fn settle_promises(
        &mut self,
        case: &CaseId,
        how: &str,
        by: Option<&OutgoingId>,
        actor: &Actor,
        at: Timestamp,
    ) -> StoreResult<()> {
        for mut row in self.promises_of(case)?.into_iter().filter(Promise::is_open) {
            row.state = PromiseState::Kept { at, how: how.to_owned(), by: by.cloned() };
            self.put_promise(&row)?;
            self.note_promise(&row, how, actor.clone(), at)?;
        }
        Ok(())
    }

    /// A reply is taken back: what it promised was never said, and what it kept stands again.
    pub(super) fn withdraw_promises(&mut self, mail: &OutgoingMail, at: Timestamp) -> StoreResult<()> {
        if mail.kind != OutgoingKind::Reply || may_have_left(mail) {
            return Ok(());
        }
        for mut row in self.promises_of(&mail.case)? {
            let kept_by_it = matches!(&row.state, PromiseState::Kept { by: Some(by), .. } if *by == mail.id);
            let word = if kept_by_it {
                row.state = PromiseState::Standing;
                "stands_again"
            } else if row.mail == mail.id && row.is_open() {
                row.state = PromiseState::Withdrawn { at };
                "withdrawn"
            } else {
                continue;
            };
            self.put_promise(&row)?;
            self.note_promise(&row, word, Actor::Guichet, at)?;
        }
        Ok(())
    }

    /// Open promises to be reminded of; those whose day is over are marked.
    pub(super) fn due_promises(&mut self, mailbox: &str, now: Timestamp) -> StoreResult<Vec<Promise>> {
        let open = Key::of(Table::PromiseOpen).text(mailbox);
        let ids: Vec<PromiseId> = self.rows_until(open.clone(), &open.time(now), usize::MAX)?;
        let mut due = Vec::new();
        for id in ids {
            let mut row = self.promise_at(&id.case, id.n)?;
            if row.state == PromiseState::Standing && row.lapse_at <= now {
                row.state = PromiseState::Lapsed { at: now };
                self.put_promise(&row)?;
                self.note_promise(&row, "lapsed", Actor::Guichet, now)?;
                self.call_back(&row.case, CaseFlag::PromiseDue, now)?;
            }
            if row.warn_at <= now {
                due.push(row);
            }
        }
        Ok(due)
    }

    fn promise_at(&self, case: &CaseId, n: u64) -> StoreResult<Promise> {
        self.get(row_key(case, n))?.ok_or_else(|| StoreError::Missing(format!("promise {n} of case {case}")))
    }

    /// Takes the flag away when nothing has lapsed any more; whether it did.
    pub(super) fn unflag_kept(&mut self, case: &mut Case) -> StoreResult<bool> {
        let lapsed = |row: &Promise| matches!(row.state, PromiseState::Lapsed { .. });
        let broken = self.promises_of(&case.id)?.iter().any(lapsed);
        Ok(!broken && case.flags.remove(&CaseFlag::PromiseDue))
    }

    /// A reviewer says that it is kept.
    pub(super) fn keep_promise(&mut self, case: &CaseId, n: u64, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let mut row = self.promise_at(case, n)?;
        if !row.is_open() {
            return Err(StoreError::Missing(format!("an open promise {n} of case {case}")));
        }
        row.state = PromiseState::Kept { at, how: "reviewer".into(), by: None };
        self.put_promise(&row)?;
        self.note_promise(&row, "reviewer", Actor::Reviewer(reviewer.to_owned()), at)?;
        let mut case = self.case(case)?;
        if self.unflag_kept(&mut case)? {
            self.put_case(&case)?;
        }
        Ok(())
    }

    /// A telephone call enters the record.
    pub(super) fn log_call(
        &mut self,
        case: &CaseId,
        direction: CallDirection,
        note: String,
        reviewer: String,
        at: Timestamp,
    ) -> StoreResult<()> {
        let case = self.case(case)?;
        self.note(&case.id, at, Actor::Reviewer(reviewer), Event::Called { direction, note })
    }

    /// A case that is erased leaves no promise behind.
    pub(super) fn erase_promises(&mut self, case: &CaseId) -> StoreResult<()> {
        for row in self.promises_of(case)? {
            self.delete(index(&row));
            self.delete(row_key(case, row.n));
        }
        Ok(())
    }
}
