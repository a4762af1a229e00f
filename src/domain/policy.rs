//! The shop's policy: which facts a decision needs, and what the shop itself lays down.

mod clauses;
mod file;
mod keys;
mod load;
mod lookup;
mod offers;
mod roles;
mod shop;
#[cfg(test)]
mod tests;
mod warnings;

use std::collections::BTreeMap;

use super::verdict::{Fact, Given, Intent};

pub use shop::{
    Alternative, AlternativeKind, AlternativeStance, Apology, Clause, Law, Marketplace, Measure, Mediator, Methods,
    Promises, RefusalLength, RefusalOffers, Roles, Stance, StanceChoices, Window,
};

/// The shop's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Facts a person needs before deciding, per intent; an intent that is absent needs nothing.
    pub needed: BTreeMap<Intent, Vec<Fact>>,
    /// Whose law comes first.
    pub law: Law,
    /// The shop told its customers of the right of withdrawal as the law asks (L221-20 adds 12 months otherwise).
    pub informs_of_withdrawal: bool,
    /// The customer pays the return of withdrawn goods (L221-23), as the terms of sale say.
    pub customer_pays_return: bool,
    /// Where returned goods go, on one line; otherwise drafts point to the terms of sale.
    pub return_address: Option<String>,
    /// The clauses, each id and version once.
    pub clauses: Vec<Clause>,
    /// Windows of goodwill; the first that fits a line governs it.
    pub windows: Vec<Window>,
    /// How refunds are paid.
    pub methods: Methods,
    /// The shop's own speed.
    pub promises: Promises,
    /// What may be offered.
    pub alternatives: Vec<Alternative>,
    /// The mediator.
    pub mediator: Option<Mediator>,
    /// Marketplaces.
    pub marketplaces: Vec<Marketplace>,
    /// Measures really taken.
    pub measures: Vec<Measure>,
    /// Who approves.
    pub roles: Roles,
    /// The shop's choices.
    pub stance: Stance,
    /// Statutory deadlines may be quoted to customers.
    pub quote_legal_clocks: bool,
}

/// A mistake in the policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct PolicyError {
    file: String,
    line: usize,
    what: String,
}

impl Default for Policy {
    /// The defaults of the labelling guide.
    fn default() -> Self {
        Self {
            needed: BTreeMap::from([
                (Intent::RefundRequest, vec![Fact::OrderNumber, Fact::PurchaseDate, Fact::Product, Fact::Reason]),
                (Intent::RefundNotReceived, vec![Fact::OrderNumber, Fact::AnnouncedDate]),
            ]),
            law: Law::Fr,
            informs_of_withdrawal: true,
            customer_pays_return: true,
            return_address: None,
            clauses: Vec::new(),
            windows: Vec::new(),
            methods: Methods::new(),
            promises: Promises::default(),
            alternatives: Vec::new(),
            mediator: None,
            marketplaces: Vec::new(),
            measures: Vec::new(),
            roles: Roles::default(),
            stance: Stance::default(),
            quote_legal_clocks: false,
        }
    }
}

impl Policy {
    /// The needed facts that are not there, in the policy's order.
    pub fn missing(&self, intent: Intent, given: &Given) -> Vec<Fact> {
        let needed = self.needed.get(&intent).map_or(&[][..], Vec::as_slice);
        needed.iter().copied().filter(|fact| !given.has(*fact)).collect()
    }
}
