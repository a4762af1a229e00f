//! The right of withdrawal from a distance contract: 14 days without a reason (L221-18 to L221-28).

use jiff::civil::Date;

use super::{Arrival, Ground, arrival, period_steps, told};
use crate::domain::assessment::{Basis, Standing};
use crate::domain::order::LineKind;
use crate::domain::verdict::Fact;
use crate::domain::{Order, Reason, Signal};
use crate::refund::scene::Scene;
use crate::refund::workdays::{next_working_day, period_end, plus_months};

/// The period, in days (L221-18).
const DAYS: i64 = 14;

/// By how many months it is longer when the customer was not told of the right (L221-20). Who is told meanwhile has 14
/// days from then: that day is not known, and the later end is the customer's.
const UNTOLD_MONTHS: i64 = 12;

/// Exceptions of L221-28 that hang on what the buyer did or agreed to, not on the thing alone: a service performed
/// whole (1°), a seal broken (5°, 9°), a thing mixed with others after delivery (6°), an urgent repair asked for (8°), digital
/// content begun with consent (13°). A person looks.
const HANGS_ON_FACTS: &[&str] = &["1°", "5°", "6°", "8°", "9°", "13°"];

/// Looks at it; `None` where it is not the matter.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    let declared = scene.signals(Signal::Withdrawal) || scene.corrected_to(Basis::Withdrawal);
    if !scene.french_law() || !(declared || (scene.asks_refund() && scene.reason != Reason::BillingError)) {
        return None;
    }
    let leant_on = declared;
    let Some(order) = scene.order else {
        return Some(without_order(scene).leant_on(leant_on));
    };
    if let Some(ground) = excepted(scene) {
        return Some(Ground { leant_on: leant_on || ground.leant_on, ..ground });
    }
    Some(in_time(scene, order).leant_on(leant_on))
}

/// Whether the law excepts what it is about.
fn excepted(scene: &Scene<'_>) -> Option<Ground> {
    let exceptions: Vec<Option<&str>> =
        scene.subject.windows.iter().map(|window| window.and_then(|window| window.no_withdrawal.as_deref())).collect();
    let named: Vec<&str> = exceptions.iter().copied().flatten().collect();
    let first = named.first()?;
    if named.len() < exceptions.len() {
        let step = format!("part of what was ordered is excepted from withdrawal ({first}), part is not");
        let asks = if scene.subject.certain { Vec::new() } else { vec![Fact::Product] };
        return Some(ground(Standing::Possible, &[first]).steps(vec![step]).asks(asks));
    }
    let facts = named.iter().any(|named| HANGS_ON_FACTS.iter().any(|number| named.ends_with(&format!(" {number}"))));
    let mut steps = vec![format!("the policy says that {first} excepts this family from withdrawal")];
    if facts {
        steps.push("whether it does hangs on what the buyer did or agreed to: a person looks".into());
        return Some(ground(Standing::Possible, &[first]).steps(steps));
    }
    Some(ground(Standing::Excluded, &[first]).steps(steps))
}

fn in_time(scene: &Scene<'_>, order: &Order) -> Ground {
    let mut steps = Vec::new();
    let goods = scene.subject.lines.is_empty() || scene.subject.lines.iter().any(|line| line.kind == LineKind::Goods);
    if !goods {
        let end = end(scene, &mut steps, order.ordered_on, "contract of");
        return judged(scene, steps, end);
    }
    match arrival(scene, order) {
        Arrival::On(day) => {
            let end = end(scene, &mut steps, day, "received (last parcel)");
            if scene.notice() > end && claims_later(scene, day) {
                steps.push("the customer names a later day of receipt, by which it would be in time".into());
                return ground(Standing::Possible, &[]).until(Some(end)).steps(steps);
            }
            judged(scene, steps, end)
        }
        Arrival::NotYet => {
            steps.push("not received yet: the 14 days have not begun, withdrawal is possible already".into());
            ground(Standing::Applies, &[]).steps(steps)
        }
        Arrival::NotBefore(day) => unknown_arrival(scene, steps, day),
    }
}

/// The order source does not tell when it came.
fn unknown_arrival(scene: &Scene<'_>, mut steps: Vec<String>, not_before: Date) -> Ground {
    let earliest = end(scene, &mut steps, not_before, "received at the earliest");
    if scene.notice() <= earliest {
        steps.push(format!("{}: in time, whenever it came", told(scene)));
        return ground(Standing::Applies, &[]).until(Some(earliest)).steps(steps);
    }
    match &scene.claimed {
        Some(claimed) if claimed.day >= not_before && scene.notice() <= last_day(scene, claimed.day) => {
            let what = format!("received, in the customer's words (“{}”), unconfirmed,", claimed.words);
            let end = end(scene, &mut steps, claimed.day, &what);
            judged(scene, steps, end)
        }
        claimed => {
            steps.push("the order source does not tell when it was received".into());
            let asks = if claimed.is_none() { vec![Fact::PurchaseDate] } else { Vec::new() };
            ground(Standing::Possible, &[]).steps(steps).asks(asks)
        }
    }
}

fn without_order(scene: &Scene<'_>) -> Ground {
    let mut steps = vec!["no order to reckon from".to_owned()];
    match &scene.claimed {
        Some(claimed) => {
            let end = end(scene, &mut steps, claimed.day, &format!("the customer's “{}” is", claimed.words));
            let timely = if scene.notice() <= end { "in time" } else { "late, unless received later" };
            steps.push(format!("{}: {timely}", told(scene)));
            ground(Standing::Possible, &[]).steps(steps)
        }
        None => ground(Standing::Possible, &[]).steps(steps).asks(vec![Fact::PurchaseDate]),
    }
}

/// The last day, with its arithmetic.
fn end(scene: &Scene<'_>, steps: &mut Vec<String>, event: Date, what: &str) -> Date {
    let end = period_steps(steps, event, what, DAYS);
    if scene.given.policy.informs_of_withdrawal {
        return end;
    }
    let longer = untold(end);
    steps.push(format!(
        "+ 12 months = {longer}: the policy says that customers are not told of the right; who is told meanwhile has 14 days from then (L221-20)"
    ));
    longer
}

fn last_day(scene: &Scene<'_>, event: Date) -> Date {
    let end = period_end(event, DAYS);
    if scene.given.policy.informs_of_withdrawal { end } else { untold(end) }
}

/// The longer period's last day, which moves to a working day as any (L221-19, Règlement (CEE, Euratom) n° 1182/71, article 3).
fn untold(end: Date) -> Date {
    next_working_day(plus_months(end, UNTOLD_MONTHS))
}

/// Whether the customer's own day of receipt would make a late declaration timely.
pub fn claims_later(scene: &Scene<'_>, delivered: Date) -> bool {
    scene.claimed.as_ref().is_some_and(|claimed| {
        claimed.day > delivered
            && scene.notice() > last_day(scene, delivered)
            && scene.notice() <= last_day(scene, claimed.day)
    })
}

fn judged(scene: &Scene<'_>, mut steps: Vec<String>, end: Date) -> Ground {
    let timely = scene.notice() <= end;
    steps.push(format!("{}: {}", told(scene), if timely { "in time" } else { "too late" }));
    let standing = if timely { Standing::Applies } else { Standing::Expired };
    ground(standing, &[]).until(Some(end)).steps(steps)
}

fn ground(standing: Standing, more: &[&str]) -> Ground {
    let articles: Vec<&str> = ["L221-18", "L221-19", "L221-21"].iter().chain(more).copied().collect();
    Ground::new(Basis::Withdrawal, standing, &articles)
}
