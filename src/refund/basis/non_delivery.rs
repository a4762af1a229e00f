//! Not delivered, or not in time (L216-1, L216-6, L216-7).

use jiff::civil::Date;

use super::{Arrival, Ground, arrival, told};
use crate::domain::assessment::{Basis, Standing};
use crate::domain::{Clue, Reason, Signal};
use crate::refund::Letter;
use crate::refund::scene::Scene;
use crate::refund::workdays::plus;

/// The days in which a seller delivers when nothing else was agreed (L216-1).
const DAYS: i64 = 30;

/// Looks at it; `None` where delivery is not the matter.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    let said = scene.asks_refund() && scene.reason == Reason::NotDelivered;
    if !scene.french_law() || !(said || scene.corrected_to(Basis::NonDelivery)) {
        return None;
    }
    let Some(order) = scene.order else {
        let step = "no order to reckon from: the agreed day, or 30 days from the order".to_owned();
        return Some(ground(Standing::Possible).steps(vec![step]).leant_on(true));
    };
    let (due, mut steps) = match order.promised_on {
        Some(day) => (day, vec![format!("delivery was promised for {day}")]),
        None => {
            let due = plus(order.ordered_on, DAYS);
            (
                due,
                vec![format!("ordered {}", order.ordered_on), format!("+ 30 days = {due}: no day was agreed (L216-1)")],
            )
        }
    };
    if let Arrival::On(day) = arrival(scene, order) {
        steps.push(format!("the order source says: delivered {day}; the customer says: not received or too late"));
        steps.push("the risk is the seller's until the customer holds it (L216-2): a person asks the carrier".into());
        return Some(ground(Standing::Possible).steps(steps).leant_on(true));
    }
    steps.push(format!("today is {}", scene.today));
    if scene.today <= due {
        steps.push("the day has not passed yet".into());
        return Some(ground(Standing::Possible).steps(steps).leant_on(true));
    }
    steps.push(format!("not delivered; {}", told(scene)));
    steps.push(match (further_time(scene), scene.clue(Clue::DayMattered)) {
        (Some(words), _) => format!("a further time was set before (“{words}”), as L216-6 asks"),
        (None, Some(words)) => format!("the day mattered (“{words}”): no further time has to be set (L216-6)"),
        (None, None) => untold(scene).to_owned(),
    });
    Some(ground(Standing::Applies).steps(steps).leant_on(true))
}

/// The words by which an earlier message set a further time to deliver.
fn further_time<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let (_, earlier) = scene.given.letters.split_last()?;
    earlier.iter().find_map(|letter| letter.clues.get(&Clue::DeliveryDemanded)).map(String::as_str)
}

fn untold(scene: &Scene<'_>) -> &'static str {
    if scene.signals(Signal::Chaser) || scene.notice() < scene.today {
        "the customer has written before: that may be the formal notice that L216-6 asks for"
    } else {
        "L216-6 asks for a formal notice with a reasonable further time, unless delivery is refused, hopeless, or was for a day that mattered"
    }
}

/// What a reviewer should know where the contract is ended without a further time having been set.
pub fn no_further_time(scene: &Scene<'_>) -> Option<&'static str> {
    let applies = look(scene).is_some_and(|ground| ground.applies());
    let open = applies && further_time(scene).is_none() && scene.clue(Clue::DayMattered).is_none();
    open.then(|| untold(scene))
}

/// The day the contract was ended: of the first message that does more than demand delivery.
pub fn ended_on(scene: &Scene<'_>) -> Date {
    let ends = |letter: &&Letter<'_>| !letter.clues.contains_key(&Clue::DeliveryDemanded);
    scene.given.letters.iter().find(ends).map_or(scene.notice(), |letter| letter.on.max(scene.notice()))
}

fn ground(standing: Standing) -> Ground {
    Ground::new(Basis::NonDelivery, standing, &["L216-1", "L216-6", "L216-7"])
}
