//! What may be said of money: only what is accepted, and no day that does not hold.

use super::bars;
use super::order::{intangible, order};
use super::words::Saying;
use crate::domain::assessment::RefundStage;
use crate::domain::{Clue, Money, Outcome};
use crate::reply::templates::{RefundWords, StageWords};
use crate::reply::wording;

/// The accepted refund.
pub(super) fn words(saying: &Saying<'_>) -> Option<RefundWords> {
    let terms = bars::terms(saying).ok()?;
    let order = order(saying);
    let money = |amount: &Money| wording::money(amount, saying.language);
    let back = order.is_some_and(|order| order.returned_on.is_some() || intangible(order));
    Some(RefundWords {
        amount: terms.amount.as_ref().map(money),
        out_of: bars::out_of(saying, terms).map(|paid| money(&paid)),
        already: order.and_then(|order| order.refunded.as_ref()).filter(|sum| sum.minor > 0).map(money),
        method: terms.method.clone(),
        paid_by: saying.coming(terms.paid_by),
        arrives_by: saying.coming(terms.arrives_by),
        return_needed: terms.return_needed && !back,
        customer_pays_return: terms.customer_pays_return,
        return_by: terms.return_by.and_then(|by| saying.coming(by)),
        return_address: saying.parts.policy.return_address.as_deref().and_then(wording::one_line),
    })
}

/// Where the missed refund stands. What the order source knows is not told to somebody who has to be verified.
pub(super) fn stage(saying: &Saying<'_>) -> Option<StageWords> {
    let stage = saying.assessment()?.stage.as_ref().filter(|_| !super::order::verify(saying))?;
    let money = |amount: &Money| wording::money(amount, saying.language);
    let refunded = order(saying).and_then(|order| order.refunded.as_ref()).map(money);
    let of = |kind: &str| StageWords { kind: kind.to_owned(), ..StageWords::default() };
    Some(match stage {
        RefundStage::Unknown => of("unknown"),
        RefundStage::NotStarted { by } => StageWords { by: saying.coming(*by), ..of("not_started") },
        RefundStage::UnderWay { paid_on, arrives_by } => StageWords {
            paid_on: Some(saying.date(*paid_on)),
            arrives_by: Some(saying.date(*arrives_by)),
            amount: refunded,
            ..of("under_way")
        },
        RefundStage::Overdue { paid_on, reference } => StageWords {
            paid_on: Some(saying.date(*paid_on)),
            reference: reference.as_deref().and_then(wording::one_line),
            amount: refunded,
            ..of("overdue")
        },
        RefundStage::Short { paid, missing } => {
            StageWords { paid: Some(money(paid)), missing: Some(money(missing)), ..of("short") }
        }
    })
}

/// Where the thing is when the customer takes the request back. Nothing of it is said where money went back already, or to
/// somebody who may not be the buyer.
pub(super) fn taken_back(saying: &Saying<'_>) -> Option<&'static str> {
    let found = saying.assessment().filter(|_| !super::order::verify(saying))?;
    let keeps = found.warnings.iter().any(|warning| warning.name == "keeps_it");
    let order = found.purchase.order();
    let paid = order.and_then(|order| order.refunded.as_ref()).is_some_and(|refunded| refunded.minor > 0);
    if !keeps || paid || found.outcome != Outcome::NoRefundMatter {
        return None;
    }
    let sent = found.clues.contains_key(&Clue::ReturnSent) || order.is_some_and(|order| order.return_sent_on.is_some());
    Some(match order.and_then(|order| order.returned_on) {
        Some(_) => "with_us",
        None if sent => "on_its_way",
        None => "with_customer",
    })
}
