//! Questions the policy answers.

use jiff::civil::Date;

use super::{Clause, Law, Marketplace, Policy, Window};
use crate::domain::address::Email;
use crate::domain::assessment::Basis;
use crate::domain::folded;
use crate::domain::order::OrderLine;

/// How money goes back unless the customer agreed to another way.
const ORIGINAL: &str = "original";

impl Policy {
    /// The version of a clause that an order placed on `day` falls under.
    pub fn clause_on(&self, id: &str, day: Date) -> Option<&Clause> {
        self.clauses.iter().filter(|clause| clause.id == id && clause.valid_from <= day).max_by_key(|c| c.valid_from)
    }

    /// The window that governs a line of an order: the first that fits by family, else by product word, else the one
    /// for everything else.
    pub fn window_for(&self, line: &OrderLine) -> Option<&Window> {
        let by_family = |window: &&Window| window.family.is_some() && window.family == line.family;
        let by_word = |window: &&Window| window.products.iter().any(|word| folded::names(&line.product, word));
        let named = if line.family.is_some() { self.windows.iter().find(by_family) } else { None };
        named.or_else(|| self.windows.iter().find(by_word)).or_else(|| self.window_for_the_rest())
    }

    /// The window for everything that no other names.
    pub fn window_for_the_rest(&self) -> Option<&Window> {
        self.windows.iter().find(|window| window.family.is_none() && window.products.is_empty())
    }

    /// How a refund on this basis is paid. In French law refunds go back the way they came unless the customer agrees
    /// otherwise (L221-24, L217-17), which no file can do for them.
    pub fn method_for(&self, basis: Basis) -> &str {
        if self.law == Law::Fr && basis.is_statutory() {
            ORIGINAL
        } else {
            self.methods.get(&basis).map_or(ORIGINAL, String::as_str)
        }
    }

    /// The marketplace whose relay address this is.
    pub fn marketplace_of(&self, address: &Email) -> Option<&Marketplace> {
        let domain = address.domain();
        let below = |parent: &str| domain == parent || domain.strip_suffix(parent).is_some_and(|d| d.ends_with('.'));
        self.marketplaces.iter().find(|market| market.domains.iter().any(|parent| below(parent)))
    }
}
