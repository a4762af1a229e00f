//! Not delivered, or not in time (L216-1, L216-6, L216-7).

use super::{Arrival, Ground, arrival, told};
use crate::domain::Reason;
use crate::domain::Signal;
use crate::domain::assessment::{Basis, Standing};
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
    let reminded = scene.signals(Signal::Chaser) || scene.notice() < scene.today;
    steps.push(
        if reminded {
            "the customer has written before: that may be the formal notice that L216-6 asks for"
        } else {
            "L216-6 asks for a formal notice with a reasonable further time, unless delivery is refused, hopeless, or was for a day that mattered"
        }
        .to_owned(),
    );
    Some(ground(Standing::Applies).steps(steps).leant_on(true))
}

fn ground(standing: Standing) -> Ground {
    Ground::new(Basis::NonDelivery, standing, &["L216-1", "L216-6", "L216-7"])
}
