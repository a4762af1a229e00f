//! Machines' messages that a person must know of: a line on the first page until somebody puts it away, and what they do
//! to the case they concern.

use jiff::Timestamp;

use super::key::{Key, Table};
use super::record::Incoming;
use super::rows::order_case_key;
use super::tx::{Order, Tx};
use crate::domain::joining::Threading;
use crate::domain::{Actor, AlertKind, Case, CaseId, CaseState, Closed, Event, MessageKey, Signal};
use crate::ports::store::{Alert, MachineAlert, StoreResult};

/// How much of the text the row holds, in characters.
const EXCERPT: usize = 600;
/// Cases of one order number: more than this tell nothing new.
const ALIKE: usize = 50;

/// Rows of a kind lie together: however many returns arrive, no dispute is behind them.
fn rows_of(kind: AlertKind) -> Key {
    Key::of(Table::Alert).text(kind.as_str())
}

fn row_key(kind: AlertKind, at: Timestamp, key: MessageKey) -> Key {
    rows_of(kind).time(at).text(&key.to_hex())
}

impl Tx<'_> {
    /// Keeps what a machine's message tells; returns the case concerned.
    pub(super) fn raise_alert(&mut self, incoming: &Incoming, alert: &Alert) -> StoreResult<Option<CaseId>> {
        let intake = &incoming.intake;
        let case = self.alerted_case(&alert.threading)?;
        let id = case.as_ref().map(|case| case.id.clone());
        let message = &intake.message;
        let row = MachineAlert {
            key: intake.key,
            kind: alert.kind,
            case: id.clone(),
            mailbox: intake.location.folder.mailbox.clone(),
            from: message.author().map(ToString::to_string),
            subject: message.subject.clone(),
            excerpt: message.newest_text.chars().take(EXCERPT).collect(),
            at: intake.at,
        };
        self.put(row_key(alert.kind, intake.at, intake.key), &row)?;
        if let Some(case) = case {
            self.alert_case(case, alert.kind, intake.at)?;
        }
        Ok(id)
    }

    /// By thread, by printed reference, else by order number where all its cases are one customer's.
    fn alerted_case(&self, threading: &Threading) -> StoreResult<Option<Case>> {
        let mut found = self.cases_citing(threading.cited.iter())?;
        found.extend(self.existing(threading.references.iter().take(ALIKE).cloned())?);
        found.retain(|case| case.state != CaseState::Closed(Closed::Erased));
        if let Some(case) = found.into_iter().next() {
            return Ok(Some(case));
        }
        let mut ids: Vec<CaseId> = Vec::new();
        for order in threading.order_numbers.iter().take(ALIKE) {
            ids.extend(self.rows::<CaseId>(&order_case_key(order), Order::Rising, ALIKE)?);
        }
        let mut cases = self.existing(ids)?;
        cases.retain(|case| case.state != CaseState::Closed(Closed::Erased));
        let customer = |case: &Case| case.customer.as_ref().map(|customer| customer.email.canonical());
        let first = cases.first().and_then(customer);
        if cases.iter().any(|case| customer(case) != first) {
            return Ok(None);
        }
        Ok(cases.into_iter().max_by_key(|case| (case.state.is_open(), case.last_message_at)))
    }

    /// The case's record tells of it, and who approves must have read that. A dispute counts as if the customer had announced
    /// it: no acceptance is approved before a person has settled it, and one that has not left is taken back.
    fn alert_case(&mut self, mut case: Case, kind: AlertKind, at: Timestamp) -> StoreResult<()> {
        self.note(&case.id, at, Actor::Guichet, Event::Alert { kind, state: "raised".into() })?;
        let approved = self.draft(&case.id)?.is_some_and(|draft| draft.approved_as.is_some());
        if kind == AlertKind::Dispute {
            if let Some(verdict) = case.verdict.as_mut().filter(|v| !v.signals.contains(&Signal::DisputeOpened)) {
                verdict.signals.push(Signal::DisputeOpened);
            }
            if approved {
                self.cancel_timers(&case.id)?;
                (case.state, case.closed_at) = (CaseState::NeedsReply, None);
            }
        }
        self.raise_revision(&mut case)?;
        if kind == AlertKind::Dispute {
            self.return_to_draft(&case, "a payment dispute was reported", at)?;
        }
        self.put_case(&case)?;
        if case.state == CaseState::NeedsReply { self.mark_unassessed(&case, at) } else { Ok(()) }
    }

    /// The gravest kind first, of one kind the newest.
    pub(super) fn alerts(&self, limit: usize) -> StoreResult<Vec<MachineAlert>> {
        let mut alerts = Vec::new();
        for kind in AlertKind::ALL {
            alerts.extend(self.rows::<MachineAlert>(&rows_of(*kind), Order::Falling, limit - alerts.len())?);
        }
        Ok(alerts)
    }

    /// Those of one kind, newest first.
    pub(super) fn alerts_of_kind(&self, kind: AlertKind) -> StoreResult<Vec<MachineAlert>> {
        self.rows(&rows_of(kind), Order::Falling, usize::MAX)
    }

    /// Those about one case.
    pub(super) fn alerts_of(&self, case: &CaseId) -> StoreResult<Vec<MachineAlert>> {
        let mut alerts = self.alerts(usize::MAX)?;
        alerts.retain(|row| row.case.as_ref() == Some(case));
        Ok(alerts)
    }

    pub(super) fn dismiss_alert(&mut self, key: MessageKey, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let Some(row) = self.alerts(usize::MAX)?.into_iter().find(|row| row.key == key) else { return Ok(()) };
        self.drop_alert(row.at, key);
        match row.case {
            Some(case) if self.find_case(&case)?.is_some() => {
                let event = Event::Alert { kind: row.kind, state: "seen".into() };
                self.note(&case, at, Actor::Reviewer(reviewer.to_owned()), event)
            }
            _ => Ok(()),
        }
    }

    /// Takes the row away with its message.
    pub(super) fn drop_alert(&mut self, at: Timestamp, key: MessageKey) {
        for kind in AlertKind::ALL {
            self.delete(row_key(*kind, at, key));
        }
    }
}
