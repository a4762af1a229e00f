//! The situations that drafts are tried in.

use super::super::context::{
    ClauseWords, DraftContext, MediatorWords, MistakeWords, OfferPlace, OfferWords, OrderWords, PromiseWords,
    RefundWords, StageWords,
};
use super::SHOP;
use crate::domain::{Basis, Intent, Reason};

/// Everything is known and may be said: what names there are.
pub(in super::super) fn full() -> DraftContext {
    DraftContext {
        order: Some(order(true)),
        refund: Some(refund(0)),
        stage: Some(stage("overdue", true)),
        mistake: Some(mistake("charged_twice")),
        offers: offers(OfferPlace::Beside, true, true),
        clause: Some(clause()),
        mediator: Some(mediator()),
        promise: Some(PromiseWords { by: "6/3/2026".into(), passed: false }),
        taken_back: Some("with_us".into()),
        ..asked(Some(Intent::RefundRequest), Some(Reason::Defective), 0, 0b1111)
    }
}

/// Every kind of case a draft may meet: each intent, reason and anger with all facts, with none and with each alone;
/// each basis accepted with each kind of terms; each stage of a missed refund; refusals; offers in each place.
pub(in super::super) fn drafts() -> Vec<DraftContext> {
    [not_assessed(), accepted(), missed(), refused(), offered(), undecided(), taken_back()].concat()
}

fn not_assessed() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for facts in [0b0000_u8, 0b0001, 0b0010, 0b0100, 0b1000, 0b1111] {
        for intent in std::iter::once(None).chain(Intent::ALL.iter().copied().map(Some)) {
            samples.extend([0, 3].map(|anger| asked(intent, None, anger, facts)));
        }
    }
    for (reason, facts) in Reason::ALL.iter().zip([0b1111, 0, 0b0100].into_iter().cycle()) {
        samples.extend([0, 2].map(|anger| asked(Some(Intent::RefundRequest), Some(*reason), anger, facts)));
    }
    samples
}

fn accepted() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for basis in Basis::ALL {
        for variant in 0..8 {
            samples.push(DraftContext {
                outcome: Some("eligible".into()),
                basis: Some(basis.as_str().into()),
                statutory: basis.is_statutory(),
                order: (variant != 1).then(|| order(variant % 2 == 0)),
                refund: Some(refund(variant)),
                mistake: (variant == 2)
                    .then(|| mistake("charged_twice"))
                    .or((variant == 4).then(|| mistake("delivered_late"))),
                regret: if variant == 2 || variant == 4 { "mistake".into() } else { "defective".into() },
                clause: (*basis == Basis::Goodwill).then(clause),
                clocks: if variant == 3 { vec!["C.".into()] } else { Vec::new() },
                measure: (variant == 2).then(|| "M.".into()),
                marketplace: (variant == 5).then(|| "Place".into()),
                ..asked(Some(Intent::RefundRequest), None, if variant % 2 == 0 { 0 } else { 2 }, 0b1111)
            });
        }
    }
    samples
}

fn missed() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for kind in ["unknown", "not_started", "under_way", "overdue", "short"] {
        for known in [true, false] {
            let wrong = mistake(if kind == "short" { "refund_short" } else { "refund_late" });
            let ours = kind == "short" || kind == "not_started" && !known;
            samples.push(DraftContext {
                stage: Some(stage(kind, known)),
                order: known.then(|| order(true)),
                outcome: Some("needs_person".into()),
                statutory: true,
                regret: if ours { "mistake" } else { "waiting" }.into(),
                mistake: ours.then_some(wrong),
                promise: Some(PromiseWords { by: "6/3/2026".into(), passed: known }),
                ..asked(
                    Some(Intent::RefundNotReceived),
                    None,
                    if known { 0 } else { 2 },
                    if known { 0b1111 } else { 0 },
                )
            });
        }
    }
    samples
}

fn taken_back() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for place in ["with_customer", "on_its_way", "with_us"] {
        for known in [true, false] {
            samples.push(DraftContext {
                taken_back: Some(place.into()),
                outcome: Some("no_refund_matter".into()),
                statutory: known,
                order: known.then(|| order(true)),
                promise: known.then(|| PromiseWords { by: "6/3/2026".into(), passed: false }),
                ..asked(Some(Intent::RefundRequest), None, if known { 0 } else { 2 }, if known { 0b1111 } else { 0 })
            });
        }
    }
    samples
}

fn refused() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for variant in 0..16_u8 {
        let on = |bit: u8| variant & bit != 0;
        samples.push(DraftContext {
            outcome: Some("ineligible".into()),
            basis: Some("goodwill".into()),
            statutory: false,
            order: on(1).then(|| order(!on(2))),
            clause: Some(clause()),
            mediator: on(2).then(mediator),
            offers: if on(4) { offers(OfferPlace::Refusal, true, false) } else { OfferWords::default() },
            in_full: on(8),
            regret: "changed_mind".into(),
            ..asked(
                Some(Intent::RefundRequest),
                Some(Reason::ChangedMind),
                if on(8) { 2 } else { 0 },
                if on(1) { 0b1111 } else { 0 },
            )
        });
    }
    samples
}

fn offered() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for place in [OfferPlace::Before, OfferPlace::Beside, OfferPlace::After] {
        for (variant, (instead, on_top)) in [(true, true), (true, false), (false, true)].into_iter().enumerate() {
            let basis = if place == OfferPlace::Before { Basis::Goodwill } else { Basis::Conformity };
            samples.push(DraftContext {
                outcome: Some("eligible".into()),
                basis: Some(basis.as_str().into()),
                statutory: basis.is_statutory(),
                order: Some(order(true)),
                refund: Some(refund(variant)),
                offers: offers(place, instead, on_top),
                ..asked(Some(Intent::RefundRequest), Some(Reason::Defective), 0, 0b1111)
            });
        }
    }
    samples
}

fn undecided() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for (index, outcome) in ["needs_information", "needs_person", "no_refund_matter"].into_iter().enumerate() {
        for known in [true, false] {
            samples.push(DraftContext {
                outcome: Some(outcome.into()),
                order: known.then(|| order(index == 0)),
                verify: !known,
                marketplace: known.then(|| "Place".into()),
                ..asked(Some(Intent::RefundRequest), None, 1, if known { 0b1111 } else { 0 })
            });
        }
    }
    samples
}

fn asked(intent: Option<Intent>, reason: Option<Reason>, anger: u8, facts: u8) -> DraftContext {
    let fact = |bit: u8, text: &str| (facts & bit != 0).then(|| text.to_owned());
    let all = facts == 0b1111;
    let questions: &[&str] = match reason {
        Some(Reason::Defective) => &["went_wrong", "used_since", "help_tried"],
        Some(Reason::NotDelivered) => &["tracking"],
        Some(Reason::BillingError) => &["charge"],
        Some(Reason::NotAsDescribed | Reason::Dissatisfied) => &["expected", "went_wrong"],
        _ => &[],
    };
    let regret = match (intent, reason) {
        (_, Some(reason)) => reason.as_str(),
        (Some(Intent::RefundRequest), None) => {
            if facts & 2 != 0 {
                "withdrawal"
            } else {
                "unspecified"
            }
        }
        (Some(Intent::RefundNotReceived), _) => "waiting",
        (Some(Intent::Other), _) => {
            if anger > 0 {
                "other"
            } else {
                "none"
            }
        }
        (None, _) => "none",
    };
    DraftContext {
        reference: "G-7K3Q".into(),
        received_on: "1/3/2026".into(),
        intent: intent.map(|intent| intent.as_str().to_owned()),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        regret: regret.into(),
        anger,
        angry: anger >= 2,
        chaser: facts & 1 != 0,
        withdrawal: facts & 2 != 0,
        wants_exchange: facts & 4 != 0,
        statutory: true,
        order_number: fact(1, "CMD-2024-001"),
        purchase_date: fact(2, "le 3 mars"),
        product: fact(4, "la cafetière"),
        announced_date: fact(8, "le 12 mars"),
        missing_names: if all { Vec::new() } else { vec!["order_number".into(), "product".into()] },
        missing: if all { Vec::new() } else { vec!["A".into(), "B".into()] },
        questions: questions.iter().map(|question| (*question).to_owned()).collect(),
        hours: fact(2, "H"),
        shop: fact(4, SHOP),
        ..DraftContext::default()
    }
}

fn order(whole: bool) -> OrderWords {
    let known = |text: &str| whole.then(|| text.to_owned());
    OrderWords {
        number: "CMD-2024-001".into(),
        ordered_on: "2/2/2026".into(),
        products: known("P"),
        several: whole,
        intangible: !whole,
        total: known("99"),
        promised_on: known("5/2/2026"),
        delivered_on: known("9/2/2026"),
        cancelled_on: known("10/2/2026"),
        returned_on: known("20/2/2026"),
        returned_in_part: whole,
    }
}

fn refund(variant: usize) -> RefundWords {
    let methods = ["original", "bank_transfer", "store_credit", "gift_card", "cheque", "crypto"];
    let unless = |variant_without: usize, text: &str| (variant != variant_without).then(|| text.to_owned());
    RefundWords {
        amount: unless(1, "80"),
        out_of: (variant != 1 && variant != 5).then(|| "99".into()),
        already: (variant == 6).then(|| "5".into()),
        method: methods[variant % methods.len()].into(),
        paid_by: unless(7, "10/3/2026"),
        arrives_by: unless(7, "17/3/2026"),
        return_needed: variant.is_multiple_of(3),
        customer_pays_return: variant == 3,
        return_by: (variant != 3).then(|| "16/3/2026".into()),
        return_address: (variant == 0).then(|| "R".into()),
    }
}

fn stage(kind: &str, known: bool) -> StageWords {
    let when = |of: &[&str], text: &str| of.contains(&kind).then(|| text.to_owned());
    StageWords {
        kind: kind.into(),
        by: when(&["not_started"], "10/3/2026").filter(|_| known),
        paid_on: when(&["under_way", "overdue"], "2/3/2026"),
        arrives_by: when(&["under_way"], "9/3/2026"),
        reference: when(&["overdue"], "REF").filter(|_| known),
        paid: when(&["short"], "50"),
        missing: when(&["short"], "49"),
        amount: when(&["under_way", "overdue"], "99").filter(|_| known),
    }
}

fn mistake(kind: &str) -> MistakeWords {
    let when = |of: &[&str], text: &str| of.contains(&kind).then(|| text.to_owned());
    MistakeWords {
        kind: kind.into(),
        amount: when(&["charged_twice", "refund_short"], "49"),
        on: when(&["charged_twice", "delivered_late"], "9/2/2026"),
        promised_on: when(&["delivered_late", "refund_late"], "5/2/2026"),
    }
}

fn offers(place: OfferPlace, instead: bool, on_top: bool) -> OfferWords {
    let phrases = |there: bool| if there { vec!["A".to_owned(), "B".to_owned()] } else { Vec::new() };
    OfferWords { place, instead: phrases(instead), on_top: phrases(on_top) }
}

fn clause() -> ClauseWords {
    ClauseWords { text: "Texte de la clause.".into(), url: "https://shop.example/terms".into() }
}

fn mediator() -> MediatorWords {
    MediatorWords {
        name: "Médiateur".into(),
        url: "https://mediator.example".into(),
        address: Some("1 rue du Lac, 75000 Paris".into()),
    }
}
