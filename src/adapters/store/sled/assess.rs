//! What law and policy say of a case, and which cases wait to be assessed.

use std::collections::HashSet;

use jiff::Timestamp;

use super::erase::untold;
use super::key::{Key, Table, first_text};
use super::review::Reviewed;
use super::rows::order_case_key;
use super::tx::{Order, Tx, or_damage};
use crate::domain::{Actor, Assessment, Basis, Case, CaseId, Email, Event, Purchase, Suggestion};
use crate::ports::store::{Erased, StoreResult};

impl Tx<'_> {
    /// Stores an assessment and the draft that follows from it.
    pub(super) fn assess(
        &mut self,
        case: &CaseId,
        expected_revision: u64,
        assessment: &Assessment,
        draft: Option<(Suggestion, String)>,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let mut case = self.case_at(case, expected_revision)?;
        let before = self.assessment(&case.id)?;
        let news = before.as_ref().is_some_and(|before| says_otherwise(before, assessment));
        let draft = draft.map_or(Ok(None), |draft| self.fresh(&case, draft, news || before.is_none()))?;
        if news || draft.is_some() {
            self.raise_revision(&mut case)?;
        }
        if before.is_none() || news {
            let event = Event::Assessed { outcome: assessment.outcome.clone(), basis: assessment.governing };
            self.note(&case.id, at, Actor::Guichet, event)?;
        }
        if let Some((suggestion, body)) = draft {
            let mut draft = self.open_draft_of(&case)?;
            let template = suggestion.template.as_ref().map(ToString::to_string);
            let event = Event::Drafted { template, why: suggestion.why.clone() };
            draft.suggest(suggestion, body, case.revision, at);
            self.put_draft(&draft)?;
            self.note(&case.id, at, Actor::Guichet, event)?;
        }
        self.put_assessment(&case.id, before.as_ref(), assessment)?;
        if !matches!(assessment.purchase, Purchase::Unavailable { .. }) {
            self.forget_to_assess(&case)?;
        }
        self.put_case(&case)?;
        Ok(case.revision)
    }

    /// The draft, unless it says what stands there already, or nothing waits that it could replace.
    fn fresh(&self, case: &Case, new: (Suggestion, String), news: bool) -> StoreResult<Option<(Suggestion, String)>> {
        let Some(draft) = self.draft(&case.id)?.filter(|draft| draft.approved_as.is_none()) else { return Ok(None) };
        let (suggestion, body) =
            draft.newer.as_deref().map_or((&draft.suggestion, &draft.body), |newer| (&newer.suggestion, &newer.body));
        // What a person's text was made from does not stand beside it again while nothing else is known.
        let origin = draft.newer.is_none() && draft.edited_by.is_some() && draft.suggestion == new.0;
        let known = (suggestion == &new.0 && body == &new.1) || (origin && !news);
        Ok((!known).then_some(new))
    }

    /// What was said of a case last.
    pub(super) fn assessment(&self, case: &CaseId) -> StoreResult<Option<Assessment>> {
        self.get(Key::of(Table::Assessment).text(case.as_str()))
    }

    fn put_assessment(&mut self, case: &CaseId, before: Option<&Assessment>, now: &Assessment) -> StoreResult<()> {
        self.forget_order(case, before);
        if let Some(order) = now.purchase.order() {
            self.put(order_case_key(&order.number).text(case.as_str()), case)?;
        }
        self.put(Key::of(Table::Assessment).text(case.as_str()), now)
    }

    fn forget_order(&mut self, case: &CaseId, before: Option<&Assessment>) {
        if let Some(order) = before.and_then(|before| before.purchase.order()) {
            self.delete(order_case_key(&order.number).text(case.as_str()));
        }
    }

    /// The basis that a reviewer set.
    pub(super) fn corrected_basis(&self, case: &CaseId) -> StoreResult<Option<Basis>> {
        self.get(Key::of(Table::CorrectedBasis).text(case.as_str()))
    }

    /// A reviewer sets the basis, or takes that back.
    pub(super) fn correct_basis(&mut self, case: &CaseId, basis: Option<Basis>, by: &Reviewed) -> StoreResult<u64> {
        let mut case = self.case_at(case, by.expected_revision)?;
        let old = self.assessment(&case.id)?.and_then(|assessment| assessment.governing);
        self.raise_revision(&mut case)?;
        let key = Key::of(Table::CorrectedBasis).text(case.id.as_str());
        match basis {
            Some(basis) => self.put(key, &basis)?,
            None => self.delete(key),
        }
        let word = |basis: Option<Basis>, none| basis.map_or(none, Basis::as_str);
        let changes = vec![format!("basis: {} → {}", word(old, "none"), word(basis, "as computed"))];
        self.note(&case.id, by.at, by.actor(), Event::Corrected { changes })?;
        self.put_case(&case)?;
        self.mark_unassessed(&case, by.at)?;
        Ok(case.revision)
    }

    // ---- cases that wait ------------------------------------------------------------------------

    /// The case is due to be assessed now. One that nobody judged cannot be, and one that is closed need not.
    pub(super) fn mark_unassessed(&mut self, case: &Case, at: Timestamp) -> StoreResult<()> {
        if case.verdict.is_none() || !case.state.is_open() {
            return Ok(());
        }
        self.put_due(case, at)
    }

    fn put_due(&mut self, case: &Case, due: Timestamp) -> StoreResult<()> {
        self.forget_to_assess(case)?;
        self.put(due_key(case, due), &case.id)?;
        self.put(due_at(&case.id), &due)
    }

    /// Nothing about the case waits to be assessed.
    pub(super) fn forget_to_assess(&mut self, case: &Case) -> StoreResult<()> {
        if let Some(due) = self.get::<Timestamp>(due_at(&case.id))? {
            self.delete(due_key(case, due));
            self.delete(due_at(&case.id));
        }
        Ok(())
    }

    /// Cases of a mailbox that are due, longest due first.
    pub(super) fn unassessed(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<CaseId>> {
        let prefix = Key::of(Table::Unassessed).text(mailbox);
        self.rows_until(prefix.clone(), &prefix.time(now), limit)
    }

    /// A case that is due is not before `until`.
    pub(super) fn defer_assessment(&mut self, case: &CaseId, until: Timestamp) -> StoreResult<()> {
        let case = self.case(case)?;
        if self.has(due_at(&case.id))? { self.put_due(&case, until) } else { Ok(()) }
    }

    // ---- erasing --------------------------------------------------------------------------------

    /// Takes out what was said of a case.
    pub(super) fn forget_assessment(&mut self, case: &CaseId) -> StoreResult<()> {
        match or_damage(self.assessment(case))? {
            Ok(before) => self.forget_order(case, before.as_ref()),
            Err(_) => {
                let table = Key::of(Table::OrderCase);
                let cases: Vec<CaseId> = self.rows(&table, Order::Rising, usize::MAX)?;
                for (key, _) in self.keys(&table, usize::MAX)?.into_iter().zip(cases).filter(|(_, other)| other == case)
                {
                    self.delete_raw(key);
                }
            }
        }
        self.delete(Key::of(Table::Assessment).text(case.as_str()));
        self.delete(Key::of(Table::CorrectedBasis).text(case.as_str()));
        Ok(())
    }

    /// Takes out what was said of other people's cases and names this address: somebody else may write about a
    /// buyer's order. What the shop's own system still knows of it is the shop's to erase.
    pub(super) fn erase_from_assessments(&mut self, canonical: &str, erased: &mut Erased) -> StoreResult<()> {
        let table = Key::of(Table::Assessment);
        let row_key = |case: &CaseId| table.clone().text(case.as_str()).bytes();
        let mut gone = HashSet::new();
        for (key, row) in self.rows_or_damage::<Assessment>(&table)? {
            let deferred = erased.deferred.iter().any(|(case, _)| row_key(case) == key);
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    erased.damaged.push(untold(&format!("what was found on case {}", first_text(&key)), &why));
                    continue;
                }
            };
            if !deferred && names(&row, canonical) {
                self.delete_raw(key.clone());
                gone.insert(key);
            }
        }
        // Their deadlines and products are known no more.
        for work in self.work()?.into_iter().filter(|work| gone.contains(&row_key(&work.case))) {
            self.refresh_work(&work.case)?;
        }
        Ok(())
    }
}

fn due_key(case: &Case, due: Timestamp) -> Key {
    Key::of(Table::Unassessed).text(&case.mailbox).time(due).text(case.id.as_str())
}

fn due_at(case: &CaseId) -> Key {
    Key::of(Table::UnassessedAt).text(case.as_str())
}

/// Whether a reviewer who read the one must look again before approving.
fn says_otherwise(before: &Assessment, now: &Assessment) -> bool {
    let facts = |assessment: &Assessment| match &assessment.purchase {
        Purchase::Found { order, .. } => Some(order.clone()),
        _ => None,
    };
    before.outcome != now.outcome
        || before.governing != now.governing
        || before.disagreements != now.disagreements
        || facts(before) != facts(now)
        || std::mem::discriminant(&before.purchase) != std::mem::discriminant(&now.purchase)
}

/// Whether an assessment names an address, in the order's facts or in a sentence.
fn names(assessment: &Assessment, canonical: &str) -> bool {
    let buyer = |email: &Email| email.canonical() == canonical;
    assessment.purchase.order().is_some_and(|order| order.emails.iter().any(buyer))
        || serde_json::to_string(assessment).is_ok_and(|text| text.to_lowercase().contains(canonical))
}
