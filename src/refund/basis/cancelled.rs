//! The contract was cancelled and had been paid: what was given is given back (Code civil, 1352 and following; 1229 where it
//! was ended because one side did not perform).

use super::Ground;
use crate::domain::Reason;
use crate::domain::assessment::{Basis, Standing};
use crate::refund::scene::Scene;

/// Looks at it; `None` where nothing is said to be cancelled.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    let cancelled_on = scene.order.and_then(|order| order.cancelled_on);
    let said = scene.asks_refund() && (scene.reason == Reason::Cancelled || cancelled_on.is_some());
    if !(said || scene.corrected_to(Basis::Cancelled)) {
        return None;
    }
    let articles: &[&str] = if scene.french_law() { &["Code civil, 1229", "Code civil, 1352"] } else { &[] };
    let ground =
        |standing, step: String| Ground::new(Basis::Cancelled, standing, articles).leant_on(true).steps(vec![step]);
    Some(match (scene.order, cancelled_on) {
        (_, Some(day)) => ground(Standing::Applies, format!("the order was cancelled on {day} and had been paid")),
        (Some(_), None) => ground(Standing::Possible, "the order source knows of no cancellation".into()),
        (None, None) => ground(Standing::Possible, "no order to look at".into()),
    })
}
