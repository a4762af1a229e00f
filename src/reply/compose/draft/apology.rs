//! What we say sorry for, and what we say we have done about it.

use super::order::order;
use super::words::Saying;
use crate::domain::assessment::RefundStage;
use crate::domain::policy::Apology;
use crate::domain::{Anger, Basis, Intent, Money, Reason, Signal};
use crate::reply::lint::forbidden_on_statutory_basis;
use crate::reply::templates::MistakeWords;
use crate::reply::wording;

/// A mistake of ours that the order proves and that the message is about.
pub(super) fn mistake(saying: &Saying<'_>, order_known: bool) -> Option<MistakeWords> {
    if saying.parts.policy.stance.apology != Apology::FaultWhenProven || !order_known {
        return None;
    }
    of_stage(saying).or_else(|| charged_twice(saying)).or_else(|| delivered_late(saying))
}

fn of_stage(saying: &Saying<'_>) -> Option<MistakeWords> {
    match saying.assessment()?.stage.as_ref()? {
        RefundStage::NotStarted { by } if *by < saying.today => Some(MistakeWords {
            kind: "refund_late".into(),
            promised_on: Some(saying.date(*by)),
            ..MistakeWords::default()
        }),
        RefundStage::Short { missing, .. } => Some(MistakeWords {
            kind: "refund_short".into(),
            amount: Some(wording::money(missing, saying.language)),
            ..MistakeWords::default()
        }),
        _ => None,
    }
}

fn charged_twice(saying: &Saying<'_>) -> Option<MistakeWords> {
    let about = is_about(saying, Basis::Billing, Reason::BillingError);
    let charges = &order(saying).filter(|_| about)?.charges;
    let twice =
        charges.iter().enumerate().find(|(index, charge)| charges.iter().take(*index).any(|other| other == *charge));
    let (_, charge) = twice.filter(|(_, charge)| charge.amount.minor > 0)?;
    Some(MistakeWords {
        kind: "charged_twice".into(),
        amount: Some(amount(&charge.amount, saying)),
        on: Some(saying.date(charge.on)),
        promised_on: None,
    })
}

fn delivered_late(saying: &Saying<'_>) -> Option<MistakeWords> {
    let order = order(saying).filter(|_| is_about(saying, Basis::NonDelivery, Reason::NotDelivered))?;
    let (promised, delivered) = order.promised_on.zip(order.delivered_on())?;
    (delivered > promised).then(|| MistakeWords {
        kind: "delivered_late".into(),
        amount: None,
        on: Some(saying.date(delivered)),
        promised_on: Some(saying.date(promised)),
    })
}

fn amount(amount: &Money, saying: &Saying<'_>) -> String {
    wording::money(amount, saying.language)
}

fn is_about(saying: &Saying<'_>, basis: Basis, reason: Reason) -> bool {
    let governing = saying.assessment().and_then(|assessment| assessment.governing);
    governing == Some(basis) || saying.reason() == Some(reason)
}

/// What the one sentence of regret is about.
pub(super) fn regret(saying: &Saying<'_>, mistaken: bool) -> String {
    let Some(verdict) = saying.parts.verdict else { return "none".into() };
    if mistaken {
        return "mistake".into();
    }
    let governing = saying.assessment().and_then(|assessment| assessment.governing);
    match verdict.intent {
        Intent::Other if verdict.anger < Anger::Frustrated => "none".into(),
        Intent::Other => "other".into(),
        Intent::RefundNotReceived if short(saying) => "refund_short".into(),
        Intent::RefundNotReceived => "waiting".into(),
        Intent::RefundRequest if saying.parts.has(Signal::Withdrawal) => "withdrawal".into(),
        Intent::RefundRequest => match (saying.reason(), governing) {
            (Some(reason), _) if reason != Reason::Unspecified => reason.to_string(),
            (_, Some(Basis::Withdrawal)) => "withdrawal".into(),
            (_, Some(Basis::Conformity)) => Reason::Defective.to_string(),
            (_, Some(Basis::NonDelivery)) => Reason::NotDelivered.to_string(),
            (_, Some(Basis::Billing)) => Reason::BillingError.to_string(),
            (_, Some(Basis::Cancelled)) => Reason::Cancelled.to_string(),
            (_, Some(Basis::Goodwill) | None) => Reason::Unspecified.to_string(),
        },
    }
}

fn short(saying: &Saying<'_>) -> bool {
    saying.assessment().is_some_and(|found| matches!(found.stage, Some(RefundStage::Short { .. })))
}

/// The measure really taken against what went wrong; a proven mistake names it, otherwise the reason.
pub(super) fn measure(saying: &Saying<'_>, mistake: Option<&MistakeWords>) -> Option<String> {
    let reason = match mistake.map(|mistake| mistake.kind.as_str()) {
        Some("charged_twice") => Reason::BillingError,
        Some("delivered_late") => Reason::NotDelivered,
        Some(_) => return None,
        None => saying.reason()?,
    };
    let measures = &saying.parts.policy.measures;
    let found = measures.iter().find(|measure| measure.reason == reason.as_str())?;
    let text = found.text.get(saying.language).and_then(|text| wording::one_line(text))?;
    (!saying.statutory || forbidden_on_statutory_basis(&text).is_none()).then_some(text)
}
