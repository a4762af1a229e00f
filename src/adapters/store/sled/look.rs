//! What the store shows.

use std::collections::HashSet;

use serde::Deserialize;

use super::key::{Key, Table};
use super::rows::Counted;
use super::tx::{Order, Tx};
use crate::domain::{Case, CaseId, DeliveryState, Folder, MessageLocation, OutgoingId, OutgoingMail, TemplateName};
use crate::ports::store::{AutomatedMessage, CaseFile, Correction, OutboxFilter, Overview, Quarantined, StoreResult};

/// What of a row says where its message lies.
#[derive(Deserialize)]
struct Located {
    location: MessageLocation,
}

impl Tx<'_> {
    /// All of one case.
    pub(super) fn case_file(&self, id: &CaseId) -> StoreResult<CaseFile> {
        let case = self.case(id)?;
        let keys = self.message_keys(id, Order::Rising, usize::MAX)?;
        let messages = keys.into_iter().map(|key| self.message(key)).collect::<StoreResult<_>>()?;
        let draft = self.draft(id)?;
        let outgoing = self.case_outgoing(id)?.into_iter().map(|row| self.whole(row)).collect::<StoreResult<_>>()?;
        let record = self.rows(&Key::of(Table::Record).text(id.as_str()), Order::Rising, usize::MAX)?;
        let (notices, promises) = (self.notices_of(id)?, self.promises_of(id)?);
        let (assessment, corrected_basis) = (self.assessment(id)?, self.corrected_basis(id)?);
        Ok(CaseFile { case, messages, draft, outgoing, record, notices, promises, assessment, corrected_basis })
    }

    /// Cases in any state, newest message first.
    pub(super) fn cases(&self, limit: usize) -> StoreResult<Vec<Case>> {
        let ids: Vec<CaseId> = self.rows(&Key::of(Table::CaseByNewest), Order::Falling, limit)?;
        ids.iter().map(|id| self.case(id)).collect()
    }

    /// Outbox rows; without its bytes one whose bytes are damaged.
    pub(super) fn outbox(&self, filter: OutboxFilter) -> StoreResult<Vec<OutgoingMail>> {
        let (table, order, limit) = match filter {
            OutboxFilter::Open | OutboxFilter::Troubled => (Table::OutgoingOpen, Order::Rising, usize::MAX),
            OutboxFilter::Latest(limit) => (Table::OutgoingAll, Order::Falling, limit),
        };
        let ids: Vec<OutgoingId> = self.rows(&Key::of(table), order, limit)?;
        let mut rows = Vec::new();
        for id in ids {
            let row = self.outgoing(&id)?;
            let troubled = matches!(row.state, DeliveryState::InDoubt { .. } | DeliveryState::Held { .. });
            if troubled || filter != OutboxFilter::Troubled {
                rows.push(self.whole_if_readable(row)?);
            }
        }
        Ok(rows)
    }

    /// Messages written by machines, newest first.
    pub(super) fn automated(&self, limit: usize) -> StoreResult<Vec<AutomatedMessage>> {
        self.rows(&Key::of(Table::Automated), Order::Falling, limit)
    }

    /// Messages given up on, newest first.
    pub(super) fn quarantined(&self, limit: usize) -> StoreResult<Vec<Quarantined>> {
        self.rows(&Key::of(Table::Quarantined), Order::Falling, limit)
    }

    /// Names that nothing stored bears.
    pub(super) fn missing(&self, folder: &Folder, names: Vec<String>) -> StoreResult<Vec<String>> {
        // One whose text is damaged is not found by its name, but known by its identity.
        let stored = self.rows_or_damage::<Located>(&Key::of(Table::Message))?.into_iter();
        let stored = stored.filter_map(|(_, row)| row.ok());
        let given_up: Vec<Located> = self.rows(&Key::of(Table::Quarantined), Order::Rising, usize::MAX)?;
        let here = stored.chain(given_up).map(|row| row.location);
        let held: HashSet<String> = here.filter(|at| at.folder == *folder).map(|at| at.name).collect();
        Ok(names.into_iter().filter(|name| !held.contains(name)).collect())
    }

    /// Corrections, oldest first, but for those whose text is damaged.
    pub(super) fn corrections(&self) -> StoreResult<Vec<Correction>> {
        let rows = self.rows_or_damage(&Key::of(Table::Correction))?;
        Ok(rows.into_iter().filter_map(|(_, row)| row.ok()).collect())
    }

    /// Counts.
    pub(super) fn overview(&self) -> StoreResult<Overview> {
        let oldest: Vec<CaseId> = self.rows(&Key::of(Table::Waiting), Order::Rising, 1)?;
        let oldest = oldest.first().map(|id| self.case(id)).transpose()?;
        let number = |what| StoreResult::Ok(self.counts(what)?.values().sum());
        Ok(Overview {
            cases: self.counts(Counted::Cases)?,
            outbox: self.counts(Counted::Outbox)?,
            messages: number(Counted::Messages)?,
            automated: number(Counted::Automated)?,
            quarantined: number(Counted::Quarantined)?,
            corrections: number(Counted::Corrections)?,
            oldest_waiting: oldest.map(|case| case.waiting_since),
        })
    }

    /// Figures by template.
    pub(super) fn template_figures(&self) -> StoreResult<Vec<(TemplateName, u64, u64)>> {
        self.rows(&Key::of(Table::Template), Order::Rising, usize::MAX)
    }
}
