//! What the store knows about a message's conversation, for [`joining::choose`].

use super::key::{Key, Table};
use super::rows::{CustomerCase, Holder, order_key};
use super::tx::{Order, Tx};
use crate::domain::joining::{self, Candidates, Joining, Threading};
use crate::domain::{Case, CaseId, Email, MessageId};
use crate::ports::store::StoreResult;

/// A hostile message may cite thousands of ids; the nearest ones decide.
const CITED: usize = 100;
/// Messages that share one Message-ID, cases with one order number: more than this tell nothing new.
const ALIKE: usize = 50;

impl Tx<'_> {
    /// Where a message would go now.
    pub(super) fn locate(&self, threading: &Threading) -> StoreResult<Joining> {
        if let Some(case) = self.member(threading.key)? {
            return Ok(Joining::Known(case));
        }
        Ok(joining::choose(threading, &self.candidates(threading)?))
    }

    fn candidates(&self, threading: &Threading) -> StoreResult<Candidates> {
        let customer = threading.from.as_ref().map(Email::canonical);
        let mut candidates = Candidates {
            by_citation: self.cases_citing(threading.cited.iter())?,
            by_reference: self.existing(threading.references.iter().take(CITED).cloned())?,
            ..Candidates::default()
        };
        if let Some(id) = &threading.message_id {
            candidates.same_message_id = self.same_message_id(id, customer.as_deref(), threading)?;
        }
        if let Some(customer) = &customer {
            let mut by_order = Vec::new();
            for order in threading.order_numbers.iter().take(ALIKE) {
                by_order.extend(self.rows::<CaseId>(&order_key(customer, order), Order::Falling, ALIKE)?);
            }
            candidates.by_order = newest_first(self.existing(by_order)?);
            candidates.by_customer = self.open_cases_of(customer)?;
        }
        Ok(candidates)
    }

    /// Cases that hold or sent the cited ids, in the order of the citations.
    pub(super) fn cases_citing<'i>(&self, cited: impl Iterator<Item = &'i MessageId>) -> StoreResult<Vec<Case>> {
        let mut found = Vec::new();
        for id in cited.take(CITED) {
            if let Some(mail) = self.sent_as(id)? {
                found.push(mail.case);
            }
            for holder in self.holders(id)? {
                found.extend(self.member(holder.key)?.flatten());
            }
        }
        self.existing(found)
    }

    fn holders(&self, id: &MessageId) -> StoreResult<Vec<Holder>> {
        self.rows(&Key::of(Table::HeldId).text(id.as_str()), Order::Rising, ALIKE)
    }

    fn same_message_id(
        &self,
        id: &MessageId,
        customer: Option<&str>,
        threading: &Threading,
    ) -> StoreResult<Option<CaseId>> {
        for holder in self.holders(id)? {
            let same_writer = customer.is_some() && holder.from.as_deref() == customer;
            if same_writer
                && holder.key != threading.key
                && let Some(case) = self.member(holder.key)?.flatten()
            {
                return Ok(Some(case));
            }
        }
        Ok(None)
    }

    /// Open cases of a customer, newest first; closed ones are never joined by the sender alone.
    pub(super) fn open_cases_of(&self, canonical_customer: &str) -> StoreResult<Vec<Case>> {
        let prefix = Key::of(Table::CaseByCustomer).text(canonical_customer);
        let cases: Vec<CustomerCase> = self.rows(&prefix, Order::Rising, usize::MAX)?;
        let open = cases.into_iter().filter(|case| case.open).map(|case| case.case);
        Ok(newest_first(self.existing(open)?))
    }

    /// The cases behind ids, each once, in the given order.
    pub(super) fn existing(&self, ids: impl IntoIterator<Item = CaseId>) -> StoreResult<Vec<Case>> {
        let mut cases: Vec<Case> = Vec::new();
        for id in ids {
            if !cases.iter().any(|case| case.id == id) {
                cases.extend(self.find_case(&id)?);
            }
        }
        Ok(cases)
    }
}

fn newest_first(mut cases: Vec<Case>) -> Vec<Case> {
    cases.sort_by_key(|case| std::cmp::Reverse(case.last_message_at));
    cases
}
