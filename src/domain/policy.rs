//! The shop's policy: which facts a decision needs, and what the shop itself lays down.

mod lookup;
mod shop;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::asset::Asset;
use super::verdict::{Fact, Given, Intent};

pub use shop::{
    Alternative, AlternativeKind, AlternativeStance, Apology, Clause, Law, Marketplace, Measure, Mediator, Methods,
    Promises, RefusalLength, RefusalOffers, Roles, Stance, Window,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    needed: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
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
    /// Reads `policy.toml`: a table `[needed]` with a list of facts per intent.
    ///
    /// # Errors
    /// Names file and line of the first mistake.
    pub fn load(asset: &Asset) -> Result<Self, PolicyError> {
        let fail = |line, what| PolicyError { file: asset.origin.clone(), line, what };
        let text = asset.text().map_err(|what| fail(1, what))?;
        let line_at = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        let file: File = toml::from_str(text).map_err(|error| {
            fail(error.span().map_or(1, |span| line_at(span.start)), error.message().trim_end().to_owned())
        })?;
        let mut needed = BTreeMap::new();
        for (name, facts) in file.needed {
            let line = line_at(name.span().start);
            let intent = Intent::from_label(name.get_ref())
                .ok_or_else(|| fail(line, format!("`{}` is no intent: {}", name.get_ref(), list(Intent::ALL))))?;
            let mut known = Vec::new();
            for fact in facts {
                let line = line_at(fact.span().start);
                known.push(
                    Fact::from_label(fact.get_ref())
                        .ok_or_else(|| fail(line, format!("`{}` is no fact: {}", fact.get_ref(), list(Fact::ALL))))?,
                );
            }
            needed.insert(intent, known);
        }
        Ok(Self { needed, ..Self::default() })
    }

    /// The needed facts that are not there, in the policy's order.
    pub fn missing(&self, intent: Intent, given: &Given) -> Vec<Fact> {
        let needed = self.needed.get(&intent).map_or(&[][..], Vec::as_slice);
        needed.iter().copied().filter(|fact| !given.has(*fact)).collect()
    }
}

fn list<T: ToString>(all: &[T]) -> String {
    format!("write one of {}", all.iter().map(T::to_string).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(text: &str) -> Asset {
        Asset { name: "policy.toml".into(), origin: "rules/policy.toml".into(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_order_of_the_file_is_the_order_of_asking() {
        let policy = Policy::load(&asset("[needed]\nrefund_request = [\"product\", \"order_number\"]\n")).unwrap();
        let given = Given::default();
        assert_eq!(policy.missing(Intent::RefundRequest, &given), vec![Fact::Product, Fact::OrderNumber]);
        assert_eq!(policy.missing(Intent::RefundNotReceived, &given), Vec::new());
    }

    #[test]
    fn a_mistake_names_its_line_and_what_may_stand_there() {
        let error = Policy::load(&asset("[needed]\nother = []\nrefund_request = [\"size\"]\n")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "rules/policy.toml:3: `size` is no fact: write one of order_number, purchase_date, product, reason, announced_date"
        );
        assert!(Policy::load(&asset("[neded]\n")).unwrap_err().to_string().starts_with("rules/policy.toml:"));
    }
}
