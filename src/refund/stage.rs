//! Where a refund that a customer misses stands.

use jiff::civil::Date;

use super::amounts;
use super::scene::Scene;
use super::workdays::{bank_days_after, business_days_after};
use crate::domain::assessment::RefundStage;
use crate::domain::{Intent, Money, Order};

/// Where it stands; `None` when nobody asks after a refund and none was paid.
pub fn find(scene: &Scene<'_>) -> Option<RefundStage> {
    let missed = scene.given.verdict.intent == Intent::RefundNotReceived;
    let paid_already = scene.asks_refund() && scene.order.is_some_and(is_refunded_whole);
    if !(missed || paid_already) {
        return None;
    }
    let Some(order) = scene.order else { return Some(granted(scene, scene.announced.as_ref().map(|said| said.day))) };
    match order.refunded.as_ref().filter(|refunded| refunded.minor > 0) {
        Some(refunded) => Some(started(scene, order, refunded)),
        None => {
            let announced = scene.announced.as_ref().map(|said| said.day);
            Some(granted(scene, order.returned_on.or(order.cancelled_on).or(announced)))
        }
    }
}

/// Everything that was paid went back.
pub fn is_refunded_whole(order: &Order) -> bool {
    order.refunded.as_ref().is_some_and(|refunded| refunded.minor > 0)
        && order.left().is_some_and(|left| left.minor <= 0)
}

fn started(scene: &Scene<'_>, order: &Order, refunded: &Money) -> RefundStage {
    let Some(paid_on) = order.refunded_on else { return RefundStage::Unknown };
    let arrives_by = bank_days_after(paid_on, scene.given.policy.promises.bank_days);
    let arrived = scene.today > arrives_by || names(scene, refunded);
    let missing = order.left().filter(|left| left.minor > 0 && !order.returned_in_part && arrived);
    if let Some(missing) = missing {
        return RefundStage::Short { paid: refunded.clone(), missing };
    }
    if scene.today <= arrives_by {
        RefundStage::UnderWay { paid_on, arrives_by }
    } else {
        RefundStage::Overdue { paid_on, reference: order.refund_reference.clone() }
    }
}

/// The customer names this amount, as one does of a refund that came short.
fn names(scene: &Scene<'_>, amount: &Money) -> bool {
    scene.given.letters.iter().any(|letter| amounts::find(letter.text).iter().any(|named| named.minor == amount.minor))
}

fn granted(scene: &Scene<'_>, from: Option<Date>) -> RefundStage {
    let promise = scene.given.policy.promises.processing_days;
    match from {
        Some(day) => RefundStage::NotStarted { by: business_days_after(day, promise, scene.given.calendar) },
        None if scene.given.history.earlier.iter().any(|case| case.refunded) => {
            let granted = scene.given.noticed_on;
            RefundStage::NotStarted { by: business_days_after(granted, promise, scene.given.calendar) }
        }
        None => RefundStage::Unknown,
    }
}
