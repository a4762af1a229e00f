//! What may be offered beside money or in its place: the policy's list, after law, stance and caps.

use super::order::{intangible, order};
use super::words::Saying;
use crate::domain::policy::{Alternative, AlternativeKind, AlternativeStance, RefusalOffers};
use crate::domain::{Basis, Money, Outcome};
use crate::reply::lint::forbidden_on_statutory_basis;
use crate::reply::templates::{OfferPlace, OfferWords};
use crate::reply::wording;

/// Warnings that speak of abuse; they decide nothing, but the shop may keep advantages back.
const ABUSE: &[&str] = &["refund_rate", "many_addresses"];

/// What may be offered.
pub(super) fn words(saying: &Saying<'_>) -> OfferWords {
    let place = place(saying);
    let allowed = saying.parts.policy.alternatives.iter().filter(|offer| may_be_offered(offer, place, saying));
    let mut words = OfferWords { place, ..OfferWords::default() };
    for offer in allowed {
        if offer.instead_of_refund && place != OfferPlace::None && !owed_outright(saying) {
            words.instead.extend(phrase(offer, false, saying));
        }
        // Nothing can stand on top of money that is refused.
        if offer.on_top && !matches!(place, OfferPlace::None | OfferPlace::Refusal) {
            words.on_top.extend(phrase(offer, true, saying));
        }
    }
    if words.is_empty() {
        words.place = OfferPlace::None;
    }
    words
}

/// Money taken without a ground: nothing of ours can stand in its place.
fn owed_outright(saying: &Saying<'_>) -> bool {
    matches!(saying.outcome(), Some(Outcome::Eligible(Basis::Billing | Basis::Cancelled)))
}

/// Offers are made once there is a decision: nobody is sent away with one before.
fn place(saying: &Saying<'_>) -> OfferPlace {
    let stance = saying.parts.policy.stance.alternative;
    match saying.outcome() {
        Some(Outcome::Eligible(basis)) => match stance {
            AlternativeStance::AfterAcceptance => OfferPlace::After,
            AlternativeStance::Before if *basis == Basis::Goodwill && !saying.statutory => OfferPlace::Before,
            AlternativeStance::Before | AlternativeStance::Beside => OfferPlace::Beside,
        },
        Some(Outcome::Ineligible(_)) => OfferPlace::Refusal,
        _ => OfferPlace::None,
    }
}

fn may_be_offered(offer: &Alternative, place: OfferPlace, saying: &Saying<'_>) -> bool {
    let stance = saying.parts.policy.stance;
    let in_refusal = match stance.refusal_offers {
        RefusalOffers::None => false,
        RefusalOffers::NonMonetary => !offer.kind.is_monetary(),
        RefusalOffers::Any => true,
    };
    let fits_place = place != OfferPlace::Refusal || in_refusal;
    let fits_person = stance.perks_to_flagged || is_remedy(offer.kind) || !flagged(saying);
    fits_place && fits_person && fits_goods(offer.kind, saying)
}

/// What puts the purchase itself right; everything else is an advantage.
fn is_remedy(kind: AlternativeKind) -> bool {
    use AlternativeKind::{Assistance, Repair, Replacement, ServiceRedone};
    matches!(kind, Replacement | Repair | Assistance | ServiceRedone)
}

fn flagged(saying: &Saying<'_>) -> bool {
    saying.assessment().is_some_and(|found| found.warnings.iter().any(|warning| ABUSE.contains(&warning.name.as_str())))
}

/// A service cannot be exchanged, a thing cannot be done again.
fn fits_goods(kind: AlternativeKind, saying: &Saying<'_>) -> bool {
    use AlternativeKind::{ExtendedAccess, Repair, Replacement, ServiceRedone};
    let Some(order) = order(saying).filter(|order| !order.lines.is_empty()) else { return true };
    match kind {
        Replacement | Repair => !intangible(order),
        ServiceRedone | ExtendedAccess => {
            order.lines.iter().any(|line| line.kind != crate::domain::order::LineKind::Goods)
        }
        _ => true,
    }
}

/// The shop's words, otherwise ours with the cap; nothing that calls a right a favour.
fn phrase(offer: &Alternative, on_top: bool, saying: &Saying<'_>) -> Option<String> {
    let own = offer.text.get(saying.language).and_then(|text| wording::one_line(text));
    let phrase = own.unwrap_or_else(|| {
        let worth = cap(offer, saying).map(|cap| wording::money(&cap, saying.language));
        wording::offer(offer.kind, worth.as_deref(), on_top, saying.language)
    });
    let phrase = phrase.trim_end_matches(['.', ';', ' ', '\u{a0}', '\u{202f}']).to_owned();
    let favour = saying.statutory && forbidden_on_statutory_basis(&phrase).is_some();
    (!favour && !phrase.is_empty()).then_some(phrase)
}

/// The lower of the two caps, where they can be compared; an offer that could be worth nothing has none.
fn cap(offer: &Alternative, saying: &Saying<'_>) -> Option<Money> {
    let total = order(saying).and_then(|order| order.total.as_ref());
    let share = offer.cap_percent.zip(total).map(|(percent, total)| Money {
        minor: total.minor.saturating_mul(i64::from(percent)) / 100,
        currency: total.currency.clone(),
    });
    match (offer.cap.clone(), share) {
        (Some(cap), Some(share)) if cap.currency == share.currency => {
            Some(if share.minor < cap.minor { share } else { cap })
        }
        (cap, share) => cap.or(share),
    }
}
