//! From the grounds to what follows. The first of these that fits: something grave; no money asked for; a refund
//! that is missed; an order that is unclear; money that went back already; facts that contradict each other; a
//! ground in law; goodwill; a question; a refusal of goodwill by its clause.

use super::basis::{Ground, goodwill_clause, goodwill_window};
use super::scene::Scene;
use super::stage::is_refunded_whole;
use super::{compare, persons};
use crate::domain::assessment::{Basis, Disagreement, Outcome, PersonWhy, RefundStage, Standing};
use crate::domain::verdict::Fact;
use crate::domain::{Clue, Intent, Purchase, Signal};

/// The basis that governs: the reviewer's, else the most favourable that applies.
pub fn governing(scene: &Scene<'_>, grounds: &[Ground]) -> Option<Basis> {
    let applies = grounds.iter().find(|ground| ground.applies()).map(|ground| ground.finding.basis);
    scene.given.corrected.or(applies)
}

/// What follows.
pub fn decide(
    scene: &Scene<'_>,
    grounds: &[Ground],
    governing: Option<Basis>,
    disagreements: &[Disagreement],
    stage: Option<&RefundStage>,
) -> Outcome {
    if let Some(why) = persons::grave(scene) {
        return Outcome::NeedsPerson(why);
    }
    let missed = scene.given.verdict.intent == Intent::RefundNotReceived && scene.given.corrected.is_none();
    let taken_back = scene.newest_clue(Clue::KeepsIt).is_some() && scene.given.corrected.is_none();
    if !missed && (!scene.asks_refund() || taken_back) {
        return Outcome::NoRefundMatter;
    }
    if let Some(why) = persons::about_money(scene) {
        return Outcome::NeedsPerson(why);
    }
    if let Some(outcome) = unclear_order(scene) {
        return outcome;
    }
    if disagreements.iter().any(|disagreement| disagreement.decides) {
        return Outcome::NeedsPerson(PersonWhy::FactsDisagree);
    }
    if missed {
        return missed_refund(scene, stage);
    }
    if let Some(outcome) = paid_already(scene) {
        return outcome;
    }
    match scene.given.corrected {
        Some(basis) => by_reviewer(scene, grounds, basis),
        None => by_law_then_policy(scene, grounds, governing),
    }
}

/// The order is not known, or not surely.
fn unclear_order(scene: &Scene<'_>) -> Option<Outcome> {
    let named = scene.given.known.order_number.is_some();
    match scene.given.purchase {
        Purchase::Found { by_number: true, .. } => None,
        Purchase::Found { .. } if is_corroborated(scene) => None,
        Purchase::Found { .. } | Purchase::Several { .. } if !named => {
            Some(Outcome::NeedsInformation(vec![Fact::OrderNumber]))
        }
        Purchase::Found { .. } | Purchase::Several { .. } => Some(Outcome::NeedsPerson(PersonWhy::OrderUnclear)),
        Purchase::NotAsked | Purchase::NotFound { .. } | Purchase::Unavailable { .. } => Some(if named {
            Outcome::NeedsPerson(PersonWhy::OrderUnclear)
        } else {
            Outcome::NeedsInformation(missing(scene))
        }),
    }
}

/// What the policy wants to know and nobody does; the number first of all, and never the reason of a withdrawal.
fn missing(scene: &Scene<'_>) -> Vec<Fact> {
    let intent = if scene.asks_refund() { Intent::RefundRequest } else { scene.given.verdict.intent };
    let mut missing = scene.given.policy.missing(intent, scene.given.known);
    missing.retain(|fact| *fact != Fact::OrderNumber && !(*fact == Fact::Reason && scene.signals(Signal::Withdrawal)));
    missing.insert(0, Fact::OrderNumber);
    missing
}

/// An order that only the sender's address led to is the one meant when the message tells something else of it.
fn is_corroborated(scene: &Scene<'_>) -> bool {
    let order = scene.order;
    let day = scene.claimed.is_some() && !compare::all(scene).iter().any(|told| told.about == "purchase_date");
    order.is_some() && !compare::is_other_address(scene) && (scene.subject.named || day)
}

/// A refund is asked after that was granted before: where it stands decides, and nothing is decided anew.
fn missed_refund(scene: &Scene<'_>, stage: Option<&RefundStage>) -> Outcome {
    let chased = scene.signals(Signal::Chaser);
    match stage {
        Some(RefundStage::UnderWay { .. }) => Outcome::NoRefundMatter,
        Some(RefundStage::Overdue { reference: Some(_), .. }) if !chased => Outcome::NoRefundMatter,
        Some(RefundStage::NotStarted { by }) if *by >= scene.today => Outcome::NoRefundMatter,
        Some(RefundStage::Short { .. }) => Outcome::NeedsPerson(PersonWhy::InPart),
        _ => Outcome::NeedsPerson(PersonWhy::RefundNotFound),
    }
}

fn paid_already(scene: &Scene<'_>) -> Option<Outcome> {
    let order = scene.order?;
    if is_refunded_whole(order) {
        return Some(Outcome::NeedsPerson(PersonWhy::FactsDisagree));
    }
    let in_part = order.returned_in_part || order.refunded.as_ref().is_some_and(|refunded| refunded.minor > 0);
    in_part.then_some(Outcome::NeedsPerson(PersonWhy::InPart))
}

fn by_law_then_policy(scene: &Scene<'_>, grounds: &[Ground], governing: Option<Basis>) -> Outcome {
    if let Some(basis) = governing.filter(|basis| basis.is_statutory()) {
        return Outcome::Eligible(basis);
    }
    let in_law: Vec<&Ground> = grounds.iter().filter(|ground| ground.finding.basis.is_statutory()).collect();
    let possible: Vec<&Ground> = in_law.iter().copied().filter(|ground| ground.is_possible()).collect();
    if governing == Some(Basis::Goodwill) && (possible.is_empty() || goodwill_serves(scene, &possible)) {
        return Outcome::Eligible(Basis::Goodwill);
    }
    let mut asks = asked(scene, &possible);
    if !possible.is_empty() {
        return if asks.is_empty() {
            Outcome::NeedsPerson(PersonWhy::StatutoryRefusal)
        } else {
            Outcome::NeedsInformation(asks)
        };
    }
    if in_law.iter().any(|ground| ground.leant_on) {
        return Outcome::NeedsPerson(PersonWhy::StatutoryRefusal);
    }
    asks = reason_asked(scene);
    if !asks.is_empty() {
        return Outcome::NeedsInformation(asks);
    }
    refuse_goodwill(scene, grounds)
}

/// Whether goodwill may go before grounds that are still open: not when it keeps a fee, which the law does not, and
/// not when the matter is another than the thing itself (a wrong charge is not answered by taking the thing back).
fn goodwill_serves(scene: &Scene<'_>, possible: &[&Ground]) -> bool {
    let keeps_fee = goodwill_window(scene).is_some_and(|window| window.fee_percent > 0);
    let another = [Basis::Billing, Basis::Cancelled, Basis::NonDelivery];
    !keeps_fee && !possible.iter().any(|ground| another.contains(&ground.finding.basis))
}

/// What the customer could settle of grounds that are possible.
fn asked(scene: &Scene<'_>, possible: &[&Ground]) -> Vec<Fact> {
    let mut asks: Vec<Fact> = possible.iter().flat_map(|ground| ground.asks.iter().copied()).collect();
    if !asks.is_empty() {
        asks.extend(reason_asked(scene));
    }
    asks.sort();
    asks.dedup();
    asks
}

/// Without a reason nobody knows whether something is wrong with the thing: asked before goodwill is refused, never of
/// a declared withdrawal, which needs none (L221-18).
fn reason_asked(scene: &Scene<'_>) -> Vec<Fact> {
    let untold = scene.reason == crate::domain::Reason::Unspecified;
    let open = untold && scene.french_law() && !scene.signals(Signal::Withdrawal);
    if open { vec![Fact::Reason] } else { Vec::new() }
}

fn refuse_goodwill(scene: &Scene<'_>, grounds: &[Ground]) -> Outcome {
    let Some(goodwill) = grounds.iter().find(|ground| ground.finding.basis == Basis::Goodwill) else {
        return Outcome::NeedsPerson(PersonWhy::NoClause);
    };
    match (goodwill.finding.standing, goodwill_clause(scene)) {
        (Standing::Applies, _) => Outcome::Eligible(Basis::Goodwill),
        (Standing::Possible, _) if !goodwill.asks.is_empty() => Outcome::NeedsInformation(goodwill.asks.clone()),
        (Standing::Expired | Standing::Excluded, Some(clause)) => Outcome::Ineligible(clause),
        _ => Outcome::NeedsPerson(PersonWhy::NoClause),
    }
}

/// The reviewer named the basis: what a person has looked at is possible no more, but the arithmetic stays.
fn by_reviewer(scene: &Scene<'_>, grounds: &[Ground], basis: Basis) -> Outcome {
    let standing = grounds.iter().find(|ground| ground.finding.basis == basis).map(|ground| ground.finding.standing);
    if basis.is_statutory() {
        return match standing {
            Some(Standing::Applies | Standing::Possible) => Outcome::Eligible(basis),
            _ => Outcome::NeedsPerson(PersonWhy::StatutoryRefusal),
        };
    }
    let law_applies = grounds.iter().any(|ground| ground.finding.basis.is_statutory() && ground.applies());
    match refuse_goodwill(scene, grounds) {
        Outcome::Ineligible(_) if law_applies => Outcome::NeedsPerson(PersonWhy::StatutoryRefusal),
        outcome => outcome,
    }
}
