//! What message and order source tell differently.

use super::basis::Arrival;
use super::scene::Scene;
use super::{amounts, basis, subject};
use crate::domain::assessment::Disagreement;
use crate::domain::{Money, Order, Reason};

/// By how many days a named day may miss every day of the order: people remember roughly.
const ROUGHLY: i32 = 4;

/// Every disagreement; those that decide first.
pub fn all(scene: &Scene<'_>) -> Vec<Disagreement> {
    let Some(order) = scene.order else { return Vec::new() };
    let mut found: Vec<Disagreement> = [
        email(scene, order),
        number(scene, order),
        delivered(scene, order),
        received_later(scene, order),
        cancelled(scene, order),
        purchase_date(scene, order),
        amount(scene, order),
        product(scene, order),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.sort_by_key(|disagreement| !disagreement.decides);
    found
}

/// Whether the buyer's address is known and another one writes, without a marketplace between.
pub fn is_other_address(scene: &Scene<'_>) -> bool {
    let Some(order) = scene.order else { return false };
    let Some(customer) = scene.given.customer else { return false };
    scene.marketplace.is_none()
        && !order.emails.is_empty()
        && !order.emails.iter().any(|email| email.same_mailbox(customer))
}

/// Whether the buyer's postcode stands in the texts: order number and postcode are what buyers are known by.
fn names_postcode(scene: &Scene<'_>, order: &Order) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let Some(postcode) = order.postcode.as_deref().map(plain).filter(|code| code.len() >= 4) else { return false };
    scene.given.letters.iter().any(|letter| {
        let words: Vec<String> = letter.text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let pairs = words.windows(2).map(|pair| pair.concat());
        words.iter().cloned().chain(pairs).any(|word| word == postcode)
    })
}

fn email(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    if !is_other_address(scene) {
        return None;
    }
    let known = names_postcode(scene, order);
    let what = if known {
        "the order exists, under another e-mail address; the buyer's postcode is named"
    } else {
        "the order exists, under another e-mail address"
    };
    Some(told("email", what, !known))
}

fn number(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let said = scene.given.known.order_number.as_deref()?;
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (named, found) = (plain(said), plain(&order.number));
    // People leave prefixes out and write “n°” before it: the digits tell.
    let alike = !digits(&named).is_empty() && digits(&named) == digits(&found);
    if named.is_empty() || named == found || alike || (named.len() > 3 && found.ends_with(&named)) {
        return None;
    }
    Some(told("order_number", format!("the message names {}, the order found is {}", short(said), order.number), true))
}

fn delivered(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    match (scene.reason, basis::arrival(scene, order)) {
        (Reason::NotDelivered, Arrival::On(day)) => Some(told(
            "delivered",
            format!("the customer did not receive it; the order source says delivered on {day}"),
            true,
        )),
        (Reason::Defective | Reason::NotAsDescribed, Arrival::NotYet) => {
            let what = "the customer has it; the order source says that not all of it was delivered";
            Some(told("delivered", what, false))
        }
        _ => None,
    }
}

fn received_later(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let day = order.delivered_on()?;
    let claimed = scene.claimed.as_ref().filter(|_| basis::claims_later(scene, day))?;
    let what = format!("the order source says delivered on {day}, the customer “{}” ({})", claimed.words, claimed.day);
    Some(told("delivered", format!("{what}: withdrawal hangs on it"), false))
}

fn cancelled(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let unknown = scene.reason == Reason::Cancelled && order.cancelled_on.is_none();
    unknown.then(|| told("cancelled", "the customer says that it was cancelled; the order source does not", false))
}

fn purchase_date(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let claimed = scene.claimed.as_ref()?;
    let parcels = order.parcels.iter().flat_map(|parcel| [parcel.shipped_on, parcel.delivered_on]).flatten();
    let charges = order.charges.iter().map(|charge| charge.on);
    let mut days = std::iter::once(order.ordered_on).chain(charges).chain(parcels).chain(order.promised_on);
    if days.any(|day| (day - claimed.day).get_days().abs() <= ROUGHLY) {
        return None;
    }
    let what = format!(
        "the message names “{}” ({}); the order was placed on {}",
        claimed.words, claimed.day, order.ordered_on
    );
    Some(told("purchase_date", what, false))
}

/// One amount named that is nothing of the order's.
fn amount(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let total = order.total.as_ref()?;
    let named: Vec<Money> = scene.given.letters.iter().flat_map(|letter| amounts::find(letter.text)).collect();
    let [named] = named.as_slice() else { return None };
    let charges = order.charges.iter().map(|charge| &charge.amount);
    let prices = order.lines.iter().filter_map(|line| line.price.as_ref());
    let left = order.left();
    let parts = [order.delivery_cost.as_ref(), order.refunded.as_ref(), left.as_ref(), Some(total)];
    let mut known = parts.into_iter().flatten().chain(charges).chain(prices);
    // A dollar sign is every dollar's; people leave out the cents.
    let alike = |amount: &Money| {
        amount.minor == named.minor || (named.minor % 100 == 0 && amount.minor / 100 == named.minor / 100)
    };
    if known.any(alike) {
        return None;
    }
    Some(told("amount", format!("the message names {named}; {total} was paid"), false))
}

fn product(scene: &Scene<'_>, order: &Order) -> Option<Disagreement> {
    let said = scene.given.known.product.as_deref().filter(|said| subject::says_which(said))?;
    let unknown = !order.lines.is_empty() && !scene.subject.named;
    unknown.then(|| {
        told("product", format!("the message names “{}”; no line of the order is called so", short(said)), false)
    })
}

/// The beginning of the customer's words, where they are long.
fn short(words: &str) -> String {
    words.chars().take(60).collect()
}

fn told(about: &str, what: impl Into<String>, decides: bool) -> Disagreement {
    Disagreement { about: about.to_owned(), what: what.into(), decides }
}
