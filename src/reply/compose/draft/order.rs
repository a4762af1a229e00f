//! Whether the order may be spoken of, and what is said of it.

use super::words::Saying;
use crate::domain::Outcome;
use crate::domain::assessment::PersonWhy;
use crate::domain::order::{LineKind, Order};
use crate::reply::templates::OrderWords;
use crate::reply::wording;

/// Whether the writer has to be verified: nothing of an order is told to somebody who may not be its buyer.
pub(super) fn verify(saying: &Saying<'_>) -> bool {
    let other_person =
        |why: &PersonWhy| matches!(why, PersonWhy::OtherSender | PersonWhy::NewBankDetails | PersonWhy::OrderUnclear);
    saying.assessment().is_some_and(|assessment| {
        let other_address = assessment.disagreements.iter().any(|found| found.about == "email");
        other_address || matches!(&assessment.outcome, Outcome::NeedsPerson(why) if other_person(why))
    })
}

/// The order, where it may be spoken of.
pub(super) fn order<'a>(saying: &Saying<'a>) -> Option<&'a Order> {
    let found = saying.parts.assessment.and_then(|assessment| assessment.purchase.order());
    found.filter(|_| !verify(saying))
}

/// Nothing but services or digital content was bought.
pub(super) fn intangible(order: &Order) -> bool {
    !order.lines.is_empty() && order.lines.iter().all(|line| line.kind != LineKind::Goods)
}

/// What is said of it.
pub(super) fn words(saying: &Saying<'_>) -> Option<OrderWords> {
    let order = order(saying)?;
    let date = |day: Option<jiff::civil::Date>| day.map(|day| saying.date(day));
    Some(OrderWords {
        number: wording::one_line(&order.number)?,
        ordered_on: saying.date(order.ordered_on),
        products: wording::products(order, saying.language),
        several: order.lines.len() > 1 || order.lines.iter().any(|line| line.quantity > 1),
        intangible: intangible(order),
        total: order.total.as_ref().map(|total| wording::money(total, saying.language)),
        promised_on: date(order.promised_on),
        delivered_on: date(order.delivered_on()),
        cancelled_on: date(order.cancelled_on),
        returned_on: date(order.returned_on),
        returned_in_part: order.returned_in_part,
    })
}
