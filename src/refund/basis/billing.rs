//! Charged twice, too much, or without a contract: what was not owed is given back (Code civil, 1302 and 1302-1).

use super::Ground;
use crate::domain::assessment::{Basis, Standing};
use crate::domain::{Money, Order, Reason};
use crate::refund::scene::Scene;

/// Looks at it; `None` where billing is not the matter.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    let said = scene.asks_refund() && scene.reason == Reason::BillingError;
    if !(said || scene.corrected_to(Basis::Billing)) {
        return None;
    }
    // A contract gives this without any law of consumers; the article is cited where French law is looked at.
    let articles: &[&str] = if scene.french_law() { &["Code civil, 1302", "Code civil, 1302-1"] } else { &[] };
    let ground = |standing| Ground::new(Basis::Billing, standing, articles).leant_on(true);
    let Some(order) = scene.order else {
        return Some(ground(Standing::Possible).steps(vec!["no order to compare the charges with".into()]));
    };
    let Some(wrong) = wrong_charge(order) else {
        let step = if order.charges.is_empty() {
            "the order source tells no charges: a person looks at the payments"
        } else {
            "the charges agree with the order: a person looks at what the customer means"
        };
        return Some(ground(Standing::Possible).steps(vec![step.into()]));
    };
    Some(ground(Standing::Applies).steps(wrong.steps).amount(Some(wrong.amount)))
}

/// A charge that was not owed.
pub struct WrongCharge {
    /// How much of it.
    pub amount: Money,
    /// The arithmetic.
    pub steps: Vec<String>,
}

/// Compares the charges with the order's total; two of one day and amount are a double charge when nothing else tells.
pub fn wrong_charge(order: &Order) -> Option<WrongCharge> {
    let mut steps: Vec<String> =
        order.charges.iter().map(|charge| format!("charged {} on {}", charge.amount, charge.on)).collect();
    let mut charges = order.charges.iter().map(|charge| charge.amount.clone());
    let first = charges.next()?;
    let charged = charges.try_fold(first, |sum, next| sum.plus(&next))?;
    if let Some(total) = &order.total {
        let over = charged.minus(total)?;
        steps.push(format!("{charged} − {total} (the order) = {over}"));
        return (over.minor > 0).then_some(WrongCharge { amount: over, steps });
    }
    let double = order
        .charges
        .iter()
        .enumerate()
        .find(|(index, charge)| order.charges.iter().skip(index + 1).any(|other| other == *charge));
    let (_, charge) = double?;
    steps.push(format!("twice {} on {}", charge.amount, charge.on));
    Some(WrongCharge { amount: charge.amount.clone(), steps })
}
