//! How much, by which means, and by which days.

use super::basis::Ground;
use super::clocks::waits_for_goods;
use super::scene::Scene;
use super::workdays::{bank_days_after, business_days_after, period_end};
use crate::domain::Money;
use crate::domain::assessment::{Basis, LegalClock, Terms, Warning};

/// In how many days withdrawn goods are sent back (L221-23); counted from our answer, in the customer's favour.
const RETURN_DAYS: i64 = 14;

/// The terms of a refund on `basis`; warns where the shop's promise is longer than the law's period, or that has passed.
pub fn find(
    scene: &Scene<'_>,
    basis: Basis,
    grounds: &[Ground],
    clocks: &[LegalClock],
    warnings: &mut Vec<Warning>,
) -> Terms {
    let policy = scene.given.policy;
    let promise = business_days_after(scene.today, policy.promises.processing_days, scene.given.calendar);
    let back = matches!(basis, Basis::Withdrawal | Basis::Conformity | Basis::Goodwill);
    let return_needed = back && waits_for_goods(scene);
    // A period that is over while the refund may wait for the goods does not bind yet.
    let legal = clocks.iter().map(|clock| clock.by).min().filter(|by| !return_needed || *by >= scene.today);
    let paid_by = legal.map_or(promise, |legal| promise.min(legal)).max(scene.today);
    warnings.extend(legal.and_then(|legal| late(scene, promise, legal)));
    let defective = grounds.iter().any(|ground| ground.finding.basis == Basis::Conformity && !is_out(ground));
    let pays = policy.customer_pays_return && policy.informs_of_withdrawal && !defective;
    let withdrawn = basis == Basis::Withdrawal && return_needed;
    Terms {
        amount: amount(scene, basis, grounds),
        method: policy.method_for(basis).to_owned(),
        paid_by,
        arrives_by: bank_days_after(paid_by, policy.promises.bank_days),
        return_needed,
        customer_pays_return: return_needed && pays && basis != Basis::Conformity,
        return_by: withdrawn.then(|| period_end(scene.today, RETURN_DAYS)),
        from_return: return_needed,
    }
}

fn is_out(ground: &Ground) -> bool {
    !ground.applies() && !ground.is_possible()
}

fn late(scene: &Scene<'_>, promise: jiff::civil::Date, legal: jiff::civil::Date) -> Option<Warning> {
    let days = scene.given.policy.promises.processing_days;
    let (name, text) = if scene.today > legal {
        ("clock_passed", format!("the legal period ended on {legal}: the refund is late, see what is added to it"))
    } else if promise > legal {
        let what = format!("{days} business days from today are {promise}, past the legal {legal}");
        ("promise_past_clock", format!("{what}: pay by {legal}"))
    } else {
        return None;
    };
    Some(Warning { name: name.into(), text })
}

/// What is owed. On a part of an order, the price of the part: whether delivery is shared out a person says.
fn amount(scene: &Scene<'_>, basis: Basis, grounds: &[Ground]) -> Option<Money> {
    let own = grounds.iter().find(|ground| ground.finding.basis == basis).and_then(|ground| ground.amount.clone());
    let order = scene.order?;
    let whole = scene.subject.whole || matches!(basis, Basis::Cancelled | Basis::NonDelivery);
    match basis {
        Basis::Billing | Basis::Goodwill => own,
        _ if whole => order.left(),
        _ => scene.subject.price(),
    }
}
