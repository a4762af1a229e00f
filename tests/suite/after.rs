//! After an approval: what it sets in motion, what is left of it as evidence and in the figures.

mod approval;
mod export;
mod stats;

use guichet::domain::assessment::Terms;
use guichet::domain::{Assessment, Basis, CaseId, Money, Outcome, TemplateName};
use guichet::ports::store::CaseFile;
use guichet::ports::{Clock as _, Reviewer, Store as _};
use jiff::civil::date;

use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, NAME, Shop};
use crate::support::order::{eligible, found, order};
use guichet::daemon::review::{Changes, Seen};

fn ana() -> Reviewer {
    Reviewer { name: NAME.into(), display_name: "Ana Lopes".into(), since: jiff::Timestamp::UNIX_EPOCH }
}

/// 129.90 EUR, paid by 10 March and in the bank by 17 March 2026.
fn assessed(shop: &Shop) -> Assessment {
    let now = shop.clock.now();
    let terms = serde_json::json!({
        "amount": Money::parse("129.90", "EUR").unwrap(), "method": "original", "paid_by": date(2026, 3, 10),
        "arrives_by": date(2026, 3, 17), "return_needed": false, "customer_pays_return": false
    });
    let terms: Terms = serde_json::from_value(terms).unwrap();
    Assessment { terms: Some(terms), ..eligible(found(order("48213"), now), now) }
}

/// A letter about a broken kettle, assessed as owed.
async fn owed(shop: &Shop, letter: &Letter) -> CaseId {
    owed_by(shop, letter, Basis::Conformity).await
}

async fn owed_by(shop: &Shop, letter: &Letter, basis: Basis) -> CaseId {
    let case = shop.receive(letter).await;
    assess(shop, &case, basis).await;
    case
}

async fn assess(shop: &Shop, case: &CaseId, basis: Basis) {
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let revision = shop.store.case(case).await.unwrap().revision;
    let assessment = Assessment { governing: Some(basis), outcome: Outcome::Eligible(basis), ..assessed(shop) };
    shop.store.assess(&lease, case, revision, assessment, None, shop.clock.now()).await.unwrap();
}

fn kettle() -> Letter {
    Letter::new("Kim <kim@kim.example>", "Broken kettle", "The kettle died. Please refund order 48213.")
}

/// Chooses a template and approves it, with another text if one is given.
async fn approve(shop: &Shop, case: &CaseId, template: &str, body: Option<&str>) -> CaseFile {
    let seen = async || Seen { revision: shop.store.case(case).await.unwrap().revision, entries: None };
    shop.review.use_template(case, seen().await, &TemplateName::new(template), &ana()).await.unwrap();
    let mut changes = Changes::default();
    changes.draft.body = body.map(str::to_owned);
    shop.review.approve(case, seen().await, changes, &ana()).await.unwrap();
    shop.store.case_file(case).await.unwrap()
}
