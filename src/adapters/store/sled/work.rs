//! What the order of work goes by, kept beside each case that needs a reply, so that a long queue is put in order
//! without reading its cases. Holds no position: that changes by itself as time goes by.

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use crate::domain::{Case, CaseId, CaseState, Work};
use crate::ports::store::{Assessed, Promise, QueueRow, StoreResult};

impl Tx<'_> {
    /// Follows a case that was written, or something that its place hangs on.
    pub(super) fn put_work(&mut self, case: &Case) -> StoreResult<()> {
        let key = Key::of(Table::Work).text(case.id.as_str());
        if case.state != CaseState::NeedsReply {
            self.delete(key);
            return Ok(());
        }
        let assessment = self.assessment(&case.id)?;
        let open = self.promises_of(&case.id)?.into_iter().filter(Promise::is_open);
        let promised = open.map(|promise| promise.lapse_at).min();
        self.put(key, &Work::of(case, assessment.as_ref(), promised))
    }

    /// Follows what changed of a case beside its own row.
    pub(super) fn refresh_work(&mut self, case: &CaseId) -> StoreResult<()> {
        match self.find_case(case)? {
            Some(case) => self.put_work(&case),
            None => Ok(()),
        }
    }

    /// Of every case that needs a reply.
    pub(super) fn work(&self) -> StoreResult<Vec<Work>> {
        self.rows(&Key::of(Table::Work), Order::Rising, usize::MAX)
    }

    /// Rows of the queue.
    pub(super) fn queue_rows(&self, cases: &[CaseId]) -> StoreResult<Vec<QueueRow>> {
        let mut rows = Vec::with_capacity(cases.len());
        for id in cases {
            let Some(case) = self.find_case(id)?.filter(|case| case.state == CaseState::NeedsReply) else { continue };
            let draft = self.draft(id)?;
            rows.push(QueueRow {
                case,
                excerpt: self.get(Key::of(Table::Excerpt).text(id.as_str()))?.unwrap_or_default(),
                template: draft.as_ref().and_then(|d| d.suggestion.template.as_ref()).map(ToString::to_string),
                edited: draft.is_some_and(|draft| draft.edited_by.is_some()),
                assessed: self.assessment(id)?.as_ref().map(Assessed::from),
            });
        }
        Ok(rows)
    }

    /// Whether an earlier version kept the queue.
    pub(super) fn has_former_queue(&self) -> StoreResult<bool> {
        Ok(!self.keys(&Key::of(Table::FormerQueue), 1)?.is_empty())
    }

    /// Takes over the queue of an earlier version, which held references in an order without a clock.
    pub(super) fn take_over_queue(&mut self) -> StoreResult<()> {
        for case in self.rows::<CaseId>(&Key::of(Table::FormerQueue), Order::Rising, usize::MAX)? {
            self.refresh_work(&case)?;
        }
        for key in self.keys(&Key::of(Table::FormerQueue), usize::MAX)? {
            self.delete_raw(key);
        }
        Ok(())
    }
}
