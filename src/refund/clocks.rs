//! Periods that the law sets the shop. They are counted strictly: what lengthens a customer's period (L221-19) never
//! lengthens one of ours.

use jiff::civil::Date;

use super::basis::REPAIR_DAYS;
use super::scene::Scene;
use super::workdays::plus;
use crate::domain::assessment::{Basis, LegalClock, Remedy};
use crate::domain::order::LineKind;

/// In how many days money goes back (L221-24, L216-7, L217-17, L224-25-23).
pub const REFUND_DAYS: i64 = 14;

/// Periods that run on the governing basis.
pub fn all(scene: &Scene<'_>, governing: Option<Basis>, remedy: Option<Remedy>) -> Vec<LegalClock> {
    if !scene.french_law() {
        return Vec::new();
    }
    let clock = match (governing, remedy) {
        (Some(Basis::Withdrawal), _) => Some(withdrawal(scene)),
        (Some(Basis::NonDelivery), _) => Some(non_delivery(scene)),
        (Some(Basis::Conformity), Some(remedy)) => conformity(scene, remedy),
        _ => None,
    };
    clock.into_iter().collect()
}

/// A service is under no guarantee of this kind, and for putting digital content right no days are set (L224-25-20).
fn conformity(scene: &Scene<'_>, remedy: Remedy) -> Option<LegalClock> {
    match (scene.subject.kind(), remedy) {
        (Some(LineKind::Service), _) | (Some(LineKind::Digital), Remedy::RepairOrReplacement) => None,
        (Some(LineKind::Digital), Remedy::Refund) => Some(digital_refund(scene)),
        (_, Remedy::RepairOrReplacement) => Some(repair(scene)),
        (_, Remedy::Refund) => goods_refund(scene),
    }
}

/// The first day on which the shop had the goods or proof that they were sent.
pub fn back_on(scene: &Scene<'_>) -> Option<Date> {
    let order = scene.order?;
    [order.returned_on, order.return_sent_on].into_iter().flatten().min()
}

/// Whether goods are out that a refund may wait for.
pub fn waits_for_goods(scene: &Scene<'_>) -> bool {
    let Some(order) = scene.order else { return true };
    let goods = scene.subject.lines.is_empty() || scene.subject.lines.iter().any(|line| line.kind == LineKind::Goods);
    let here = super::basis::arrival(scene, order) == super::basis::Arrival::NotYet;
    goods && !here && back_on(scene).is_none()
}

fn withdrawal(scene: &Scene<'_>) -> LegalClock {
    let told = plus(scene.notice(), REFUND_DAYS);
    let by = back_on(scene).map_or(told, |back| told.max(back));
    let waits = waits_for_goods(scene);
    let what = if waits {
        "refund after withdrawal; it may wait for the goods or for proof that they were sent"
    } else {
        "refund after withdrawal"
    };
    LegalClock {
        what: what.into(),
        by,
        articles: vec!["L221-24".into(), "L242-4".into()],
        // While it waits, nothing is added.
        increases: if waits { Vec::new() } else { after_withdrawal(by) },
    }
}

/// L242-4, by days of delay.
fn after_withdrawal(by: Date) -> Vec<String> {
    let step = |days: i64, what: &str| format!("{what} from {} (day {})", plus(by, days + 1), days + 1);
    vec![
        step(0, "legal interest"),
        step(10, "+ 5 %"),
        step(20, "+ 10 %"),
        step(30, "+ 20 %"),
        step(60, "+ 50 %"),
        step(90, "+ 5 points more per month, up to the price, then legal interest,"),
    ]
}

fn non_delivery(scene: &Scene<'_>) -> LegalClock {
    let by = plus(super::basis::ended_on(scene), REFUND_DAYS);
    let step = |days: i64, what: &str| format!("{what} from {} (day {})", plus(by, days + 1), days + 1);
    LegalClock {
        what: "refund after the contract was ended for non-delivery".into(),
        by,
        articles: vec!["L216-7".into(), "L241-4".into()],
        increases: vec![step(0, "+ 10 %"), step(14, "+ 20 %"), step(30, "+ 50 %")],
    }
}

fn repair(scene: &Scene<'_>) -> LegalClock {
    LegalClock {
        what: "repair or replacement".into(),
        by: plus(scene.notice(), REPAIR_DAYS),
        articles: vec!["L217-10".into(), "L217-14".into()],
        increases: Vec::new(),
    }
}

/// Runs from the day the goods are back or their dispatch is proved.
fn goods_refund(scene: &Scene<'_>) -> Option<LegalClock> {
    Some(LegalClock {
        what: "refund of goods that are not in conformity".into(),
        by: plus(back_on(scene)?, REFUND_DAYS),
        articles: vec!["L217-17".into()],
        increases: Vec::new(),
    })
}

/// Nothing comes back that it could wait for.
fn digital_refund(scene: &Scene<'_>) -> LegalClock {
    LegalClock {
        what: "refund of digital content that is not in conformity".into(),
        by: plus(super::basis::digital_ended_on(scene), REFUND_DAYS),
        articles: vec!["L224-25-23".into()],
        increases: Vec::new(),
    }
}
