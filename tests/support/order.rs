//! Orders and what is said of them.

use guichet::domain::assessment::{Assessment, Basis, Outcome};
use guichet::domain::{Email, Order, Purchase};
use jiff::Timestamp;

/// An order of Camille's, placed three weeks before the letters.
pub fn order(number: &str) -> Order {
    let facts = serde_json::json!({ "number": number, "ordered_on": "2026-02-09" });
    Order { emails: vec![Email::parse(super::letter::CAMILLE).unwrap()], ..serde_json::from_value(facts).unwrap() }
}

/// The order was found by its number.
pub fn found(order: Order, at: Timestamp) -> Purchase {
    Purchase::Found { order: Box::new(order), by_number: true, at }
}

/// A refund is owed for lack of conformity.
pub fn eligible(purchase: Purchase, at: Timestamp) -> Assessment {
    assessment(purchase, Outcome::Eligible(Basis::Conformity), Some(Basis::Conformity), at)
}

/// Nothing is known but what is said here.
pub fn assessment(purchase: Purchase, outcome: Outcome, governing: Option<Basis>, at: Timestamp) -> Assessment {
    Assessment {
        at,
        purchase,
        findings: Vec::new(),
        governing,
        corrected: false,
        remedy: None,
        outcome,
        disagreements: Vec::new(),
        clocks: Vec::new(),
        terms: None,
        stage: None,
        warnings: Vec::new(),
        clause: None,
        marketplace: None,
        clues: Default::default(),
    }
}
