//! What to be careful of, with its arithmetic. Nothing here decides.

use super::basis;
use super::scene::Scene;
use crate::domain::assessment::Warning;
use crate::domain::{Clue, Intent, Reason, Signal};

/// From how many refunds on the rate is said.
const REFUNDS: usize = 3;

/// Every warning, what could cost money twice first.
pub fn warnings(scene: &Scene<'_>) -> Vec<Warning> {
    [
        double_refund(scene),
        keeps_it(scene),
        return_sent(scene),
        already_refunded(scene),
        no_further_time(scene),
        second_matter(scene),
        double_charge(scene),
        refund_rate(scene),
        many_addresses(scene),
        open_cases(scene),
        refused_before(scene),
        other_country(scene),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn warn(name: &str, text: String) -> Warning {
    Warning { name: name.into(), text }
}

fn double_refund(scene: &Scene<'_>) -> Option<Warning> {
    let text = "a payment dispute is announced or open: a refund beside it would be paid twice";
    scene.signals(Signal::DisputeOpened).then(|| warn("double_refund", text.into()))
}

fn keeps_it(scene: &Scene<'_>) -> Option<Warning> {
    let words = scene.newest_clue(Clue::KeepsIt).filter(|_| scene.asks_refund())?;
    let text =
        format!("the customer takes the request back (“{words}”): an acceptance that is under way has to be stopped");
    Some(warn("keeps_it", text))
}

/// Where the refund may still wait for the goods, or for the proof that may be attached here (L221-24).
fn return_sent(scene: &Scene<'_>) -> Option<Warning> {
    let words = scene.clue(Clue::ReturnSent).filter(|_| scene.french_law() && scene.asks_refund())?;
    let open = scene.order.is_some_and(|order| order.returned_on.or(order.return_sent_on).is_none());
    let text =
        format!("the customer says to have sent it back (“{words}”): with the proof the refund may wait no longer");
    open.then(|| warn("return_sent", text))
}

fn already_refunded(scene: &Scene<'_>) -> Option<Warning> {
    let order = scene.order?;
    let refunded = order.refunded.as_ref().filter(|refunded| refunded.minor > 0)?;
    let day = order.refunded_on.map(|day| format!(" on {day}")).unwrap_or_default();
    let of = order.total.as_ref().map(|total| format!(" of {total}")).unwrap_or_default();
    Some(warn("already_refunded", format!("{refunded}{of} were refunded{day}")))
}

fn no_further_time(scene: &Scene<'_>) -> Option<Warning> {
    basis::no_further_time(scene).map(|text| warn("no_further_time", text.into()))
}

fn second_matter(scene: &Scene<'_>) -> Option<Warning> {
    let data = scene.signals(Signal::DataRights);
    let money = scene.asks_refund() || scene.given.verdict.intent == Intent::RefundNotReceived;
    let text = if data {
        "personal data are asked for or to be erased as well: answered within a month (RGPD, article 12), and what law makes the shop keep is kept"
    } else {
        "the message seems to hold a second matter"
    };
    (money && (data || scene.signals(Signal::SecondDemand))).then(|| warn("second_matter", text.into()))
}

/// Said where the customer does not speak of it.
fn double_charge(scene: &Scene<'_>) -> Option<Warning> {
    let order = scene.order.filter(|_| scene.reason != Reason::BillingError)?;
    let wrong = basis::wrong_charge(order)?;
    Some(warn("double_charge", format!("charged {} too much: {}", wrong.amount, wrong.steps.join(", "))))
}

fn refund_rate(scene: &Scene<'_>) -> Option<Warning> {
    let earlier = &scene.given.history.earlier;
    let refunded = earlier.iter().filter(|case| case.refunded).count();
    let since = earlier.iter().map(|case| case.opened_at).min()?;
    let month = since.to_zoned(scene.given.calendar.time_zone.clone()).strftime("%Y-%m").to_string();
    let orders = scene.order.and_then(|order| order.earlier_orders);
    let of = match orders {
        Some(orders) => format!("{refunded} refunds on {orders} earlier orders"),
        None => format!("{refunded} refunds in {} earlier cases", earlier.len()),
    };
    // Half of what was bought went back: one refund of one order says nothing.
    let often = orders.is_some_and(|orders| {
        refunded >= 2 && u64::try_from(refunded * 2).is_ok_and(|twice| twice >= u64::from(orders))
    });
    (refunded >= REFUNDS || often).then(|| warn("refund_rate", format!("{of} since {month}")))
}

fn many_addresses(scene: &Scene<'_>) -> Option<Warning> {
    let others = &scene.given.history.same_order;
    let count = others.len();
    let plural = if count == 1 { "other address wrote" } else { "other addresses wrote" };
    (count > 0).then(|| warn("many_addresses", format!("{count} {plural} about this order: {}", others.join(", "))))
}

fn open_cases(scene: &Scene<'_>) -> Option<Warning> {
    let open = &scene.given.history.open;
    let ids: Vec<String> = open.iter().map(ToString::to_string).collect();
    (!open.is_empty()).then(|| warn("open_cases", format!("{} open besides this one: {}", open.len(), ids.join(", "))))
}

fn refused_before(scene: &Scene<'_>) -> Option<Warning> {
    let refused = scene.given.history.earlier.iter().find(|case| case.refused)?;
    Some(warn("refused_before", format!("a refund was refused in {}: another reviewer answers", refused.id)))
}

fn other_country(scene: &Scene<'_>) -> Option<Warning> {
    let country = scene.order?.country.as_deref().filter(|country| !country.eq_ignore_ascii_case("FR"))?;
    let text =
        format!("delivered to {country}: the consumer's own law may give more (Règlement (CE) n° 593/2008, article 6)");
    scene.french_law().then(|| warn("other_country", text))
}
