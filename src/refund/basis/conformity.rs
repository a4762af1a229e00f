//! The legal guarantee of conformity: of goods (L217-3 to L217-17); that of digital content is in [`super::digital`].

use jiff::civil::Date;

use super::{Arrival, Ground, arrival, digital, told};
use crate::domain::assessment::{Basis, Remedy, Standing};
use crate::domain::order::LineKind;
use crate::domain::verdict::Fact;
use crate::domain::{Clue, Order, Reason, Signal};
use crate::refund::scene::Scene;
use crate::refund::workdays::{plus, plus_months};

/// How long the seller answers for it, in months (L217-3).
const MONTHS: i64 = 24;

/// How long a defect is presumed to have been there from the start, in months, of things sold second-hand; of new goods
/// it is the whole guarantee (L217-7).
const SHORT_PRESUMPTION: i64 = 12;

/// In how many days repair or replacement must be done (L217-10).
pub const REPAIR_DAYS: i64 = 30;

/// Looks at it; `None` where nothing is said to be wrong with the thing.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    let wrong = matches!(scene.reason, Reason::Defective | Reason::NotAsDescribed);
    let asked = scene.asks_refund() && wrong || is_unsaid(scene);
    if !scene.french_law() || !(asked || scene.corrected_to(Basis::Conformity)) {
        return None;
    }
    let Some(order) = scene.order else {
        let step = "no order to reckon from: 24 months from delivery".to_owned();
        return Some(ground(Standing::Possible).steps(vec![step]).leant_on(true));
    };
    if scene.subject.lines.iter().any(|line| line.kind == LineKind::Service) {
        let steps = vec![
            "a service: this guarantee is for goods, digital content and digital services".to_owned(),
            "a service performed badly falls under the general law of contracts (Code civil, 1217): a person looks"
                .into(),
        ];
        return Some(
            Ground::new(Basis::Conformity, Standing::Possible, &["Code civil, 1217"]).steps(steps).leant_on(true),
        );
    }
    let ground = if scene.is_digital() { digital::judged(scene, order.ordered_on) } else { of_goods(scene, order) };
    if is_unsaid(scene) && ground.applies() {
        return Some(unsaid(ground));
    }
    Some(ground.leant_on(true))
}

/// Repair or exchange is wanted, and nobody says what is wrong: perhaps only the size.
fn is_unsaid(scene: &Scene<'_>) -> bool {
    scene.signals(Signal::ExchangeOrRepair)
        && scene.reason == Reason::Unspecified
        && !scene.corrected_to(Basis::Conformity)
}

fn unsaid(mut ground: Ground) -> Ground {
    ground.finding.standing = Standing::Possible;
    ground.finding.steps.push("what is wrong with it is not said".into());
    ground.asks(vec![Fact::Reason])
}

/// Goods; what is about goods and digital content alike is counted as goods, and the reviewer told.
fn of_goods(scene: &Scene<'_>, order: &Order) -> Ground {
    let (start, what) = match arrival(scene, order) {
        Arrival::On(day) => (day, "delivered"),
        Arrival::NotBefore(day) => (day, "delivered at the earliest"),
        Arrival::NotYet => (order.ordered_on, "ordered, not all delivered,"),
    };
    let mut ground = judged(scene, start, what);
    if scene.subject.kind().is_none() {
        let step = "goods and digital content in one order: counted as goods; of digital content other rules hold";
        ground.finding.steps.push(step.into());
    }
    ground
}

fn judged(scene: &Scene<'_>, start: Date, what: &str) -> Ground {
    let end = plus_months(start, MONTHS);
    let mut steps = vec![format!("{what} {start}"), format!("+ 24 months = {end}"), told(scene)];
    let day = (scene.notice() - start).get_days();
    if scene.notice() > end {
        if what == "delivered" {
            steps.push(
                "too late for this guarantee, unless the defect showed before, or a repair (six months more) or a replacement \
                 under it made it longer (L217-13); that of hidden defects (Code civil, 1641 and 1648) may still help"
                    .into(),
            );
            return ground(Standing::Expired).until(Some(end)).steps(steps);
        }
        steps.push("too late by the earliest day only: when it was delivered is not known".into());
        return ground(Standing::Possible).steps(steps).asks(vec![Fact::PurchaseDate]);
    }
    let second_hand = scene.subject.second_hand();
    let short = second_hand != Some(false);
    let presumed_until = if short { plus_months(start, SHORT_PRESUMPTION) } else { end };
    if scene.notice() > presumed_until {
        steps.push(format!(
            "second-hand: presumed only until {presumed_until}; the customer shows that it was there before"
        ));
        if second_hand.is_none() && !scene.subject.certain {
            return ground(Standing::Possible).until(Some(end)).steps(steps).asks(vec![Fact::Product]);
        }
        return ground(Standing::Possible).until(Some(end)).steps(steps);
    }
    steps.push(format!("day {day}: the defect is presumed to have been there at delivery (until {presumed_until})"));
    let (remedy, why) = remedy(scene);
    steps.push(why);
    if remedy == Remedy::RepairOrReplacement {
        let costs =
            "what the customer paid to send it in is owed within 14 days once the guarantee is taken on (L241-6)";
        steps.push(costs.into());
    }
    ground(Standing::Applies).until(Some(end)).steps(steps)
}

/// What may be claimed first, and why.
pub fn remedy(scene: &Scene<'_>) -> (Remedy, String) {
    let by = plus(scene.notice(), REPAIR_DAYS);
    if scene.today > by {
        let why = format!(
            "asked on {}, 30 days over since {by}: money or a lower price may be claimed (L217-14)",
            scene.notice()
        );
        return (Remedy::Refund, why);
    }
    if let Some(words) = scene.clue(Clue::RepairFailed) {
        let why = format!(
            "the customer writes “{words}”: after a refused or failed repair money may be claimed (L217-14); check it"
        );
        return (Remedy::Refund, why);
    }
    let why = format!(
        "first repair or replacement, the customer's choice unless it is impossible or disproportionate (L217-12), free, by {by} (L217-9, L217-10, L217-11); money at once if the defect is grave (L217-14)"
    );
    (Remedy::RepairOrReplacement, why)
}

fn ground(standing: Standing) -> Ground {
    let articles = &["L217-3", "L217-7", "L217-8", "L217-9", "L217-10", "L217-14"];
    Ground::new(Basis::Conformity, standing, articles)
}
