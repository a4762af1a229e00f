//! Timers that fall due.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::key::{Key, Table};
use super::tx::Tx;
use crate::domain::{Actor, CaseState, Event, Timer};
use crate::ports::store::{DraftProposal, StoreError, StoreResult};

impl Tx<'_> {
    /// Timers due now whose case has not moved on, at most one per case.
    pub(super) fn due_timers(&self, mailbox: &str, now: Timestamp) -> StoreResult<Vec<Timer>> {
        let prefix = Key::of(Table::Timer).text(mailbox);
        let timers: Vec<Timer> = self.rows_until(prefix.clone(), &prefix.time(now), usize::MAX)?;
        let mut cases = BTreeSet::new();
        let mut due = Vec::new();
        for timer in timers {
            if timer.due <= now && self.stands(&timer)? && cases.insert(timer.case.clone()) {
                due.push(timer);
            }
        }
        Ok(due)
    }

    fn stands(&self, timer: &Timer) -> StoreResult<bool> {
        let case = self.find_case(&timer.case)?;
        Ok(case.is_some_and(|case| case.revision == timer.revision && case.state.is_open()))
    }

    /// The timer fires.
    pub(super) fn fire_timer(&mut self, timer: &Timer, proposal: &DraftProposal, now: Timestamp) -> StoreResult<()> {
        if !self.timers_of(&timer.case)?.contains(timer) {
            return Err(StoreError::Missing(format!("the {} timer of case {}", timer.kind.as_str(), timer.case)));
        }
        let mut case = self.case_at(&timer.case, timer.revision)?;
        self.cancel_timers(&case.id)?;
        self.raise_revision(&mut case)?;
        case.state = CaseState::NeedsReply;
        case.waiting_since = now;
        let event = Event::TimerFired { kind: timer.kind.as_str().to_owned() };
        self.note(&case.id, now, Actor::Guichet, event)?;
        self.suggest(&mut case, Some(proposal), now)?;
        self.put_case(&case)
    }
}
