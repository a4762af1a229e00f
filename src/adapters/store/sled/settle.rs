//! Cases that are over although nobody said so: answered, and silent since.

use std::sync::PoisonError;

use jiff::Timestamp;

use super::key::{Key, Table};
use super::tx::{Order, Tx, or_damage};
use super::{Inner, Room, closed};
use crate::domain::{Actor, Case, CaseFlag, CaseId, CaseState, Closed, Event, RecordEntry};
use crate::failpoint;
use crate::ports::store::{Expiry, Promise, StoreResult};

/// Cases looked at in one step: nobody waits long for it.
const AT_ONCE: usize = 200;

impl Inner {
    /// Closes what was settled long ago; retention counts from there.
    pub(super) fn settle(&self, before: Expiry, at: Timestamp) -> StoreResult<u64> {
        let silent = {
            let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
            self.tx(reading.as_ref().ok_or_else(closed)?).silent_since(before.answered.max(before.waiting))?
        };
        let mut settled = 0;
        for some in silent.chunks(AT_ONCE) {
            settled += self.apply(Room::Reserve, |tx| tx.settle(some, before, at))?.0;
            failpoint::pass("expire-settled");
        }
        Ok(settled)
    }
}

impl Tx<'_> {
    /// Cases in any state whose newest message is older.
    fn silent_since(&self, before: Timestamp) -> StoreResult<Vec<CaseId>> {
        let prefix = Key::of(Table::CaseByNewest);
        self.rows_until(prefix.clone(), &prefix.time(before), usize::MAX)
    }

    fn settle(&mut self, cases: &[CaseId], before: Expiry, at: Timestamp) -> StoreResult<u64> {
        let mut settled = 0;
        for id in cases {
            let Some(mut case) = self.find_case(id)? else { continue };
            let quiet_since = match case.state {
                CaseState::Answered => before.answered,
                CaseState::WaitingForCustomer => before.waiting,
                CaseState::NeedsReply | CaseState::Closed(_) => continue,
            };
            let silent = match or_damage(self.last_entry(id))? {
                Ok(last) => last.is_none_or(|last| last < quiet_since),
                // Nobody can say; it is an alarm.
                Err(_) => false,
            };
            if !silent || self.is_unfinished(&case)? {
                continue;
            }
            case.state = CaseState::Closed(Closed::Done);
            case.closed_at = Some(at);
            self.raise_revision(&mut case)?;
            self.drop_draft(id);
            self.note(id, at, Actor::Guichet, Event::Settled)?;
            self.put_case(&case)?;
            settled += 1;
        }
        Ok(settled)
    }

    /// When something happened in a case last, the answer included.
    fn last_entry(&self, case: &CaseId) -> StoreResult<Option<Timestamp>> {
        let last: Vec<RecordEntry> = self.rows(&Key::of(Table::Record).text(case.as_str()), Order::Falling, 1)?;
        Ok(last.first().map(|entry| entry.at))
    }

    /// Whether something of the case is still to come, or a person has to say that it is settled.
    fn is_unfinished(&self, case: &Case) -> StoreResult<bool> {
        Ok(self.kept_because(case)?.is_some()
            || case.flags.contains(&CaseFlag::UnprovenAnswer)
            || !self.alerts_of(&case.id)?.is_empty()
            || !self.timers_of(&case.id)?.is_empty()
            || self.promises_of(&case.id)?.iter().any(Promise::is_open)
            || self.case_outgoing(&case.id)?.iter().any(|mail| !mail.state.is_final()))
    }
}
