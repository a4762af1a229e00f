//! The shop's own policy: windows per family of products, and the clause that says so.

use jiff::civil::Date;

use super::{Arrival, Ground, arrival, told};
use crate::domain::assessment::{Basis, Standing};
use crate::domain::order::LineKind;
use crate::domain::policy::Window;
use crate::domain::verdict::Fact;
use crate::domain::{Money, Order};
use crate::refund::scene::Scene;
use crate::refund::workdays::plus;

/// Looks at it; `None` when no money is asked for.
pub fn look(scene: &Scene<'_>) -> Option<Ground> {
    if !scene.asks_refund() {
        return None;
    }
    let ground = |standing| Ground::new(Basis::Goodwill, standing, &[]);
    let Some(order) = scene.order else {
        return Some(ground(Standing::Possible).steps(vec!["no order to look at".into()]));
    };
    let Some(window) = window(scene) else {
        let step = match windows(scene).as_slice() {
            [] => "the policy has no window for this".to_owned(),
            _ => "different windows of the policy fit what was ordered: which thing is meant decides".into(),
        };
        let asks = if scene.subject.certain || windows(scene).is_empty() { Vec::new() } else { vec![Fact::Product] };
        return Some(ground(Standing::Possible).steps(vec![step]).asks(asks));
    };
    let family = window.family.as_deref().unwrap_or("everything else");
    let mut steps = vec![format!("window “{family}”, clause “{}”", window.clause)];
    if window.days == 0 {
        steps.push("never refunded of the shop's own will".into());
        return Some(ground(Standing::Excluded).steps(steps));
    }
    Some(in_window(scene, order, window, steps).amount(amount(scene, order, window)))
}

fn in_window(scene: &Scene<'_>, order: &Order, window: &Window, mut steps: Vec<String>) -> Ground {
    let goods = scene.subject.lines.is_empty() || scene.subject.lines.iter().any(|line| line.kind == LineKind::Goods);
    let (start, what, sure) = match (goods, arrival(scene, order)) {
        (false, _) => (order.ordered_on, "ordered", true),
        (true, Arrival::On(day)) => (day, "delivered", true),
        (true, Arrival::NotYet) => {
            steps.push("not delivered yet: the window has not begun".into());
            return Ground::new(Basis::Goodwill, Standing::Applies, &[]).steps(steps);
        }
        (true, Arrival::NotBefore(day)) => (day, "delivered at the earliest", false),
    };
    let end = plus(start, i64::from(window.days));
    steps.extend([format!("{what} {start}"), format!("+ {} days = {end}", window.days)]);
    let timely = scene.notice() <= end;
    steps.push(format!("{}: {}", told(scene), if timely { "in the window" } else { "after the window" }));
    let standing = match (timely, sure) {
        (true, _) => Standing::Applies,
        (false, true) => Standing::Expired,
        (false, false) => Standing::Possible,
    };
    let asks =
        if standing == Standing::Possible && scene.claimed.is_none() { vec![Fact::PurchaseDate] } else { Vec::new() };
    Ground::new(Basis::Goodwill, standing, &[]).until(Some(end)).steps(steps).asks(asks)
}

/// What goodwill gives: the price of the thing, without delivery, less what the window keeps.
fn amount(scene: &Scene<'_>, order: &Order, window: &Window) -> Option<Money> {
    let price = scene.subject.price().or_else(|| {
        let total = order.total.clone().filter(|_| scene.subject.whole)?;
        match &order.delivery_cost {
            Some(delivery) => total.minus(delivery),
            None => Some(total),
        }
    })?;
    let kept = i64::try_from(i128::from(price.minor) * i128::from(window.fee_percent) / 100).ok()?;
    Some(Money { minor: price.minor.checked_sub(kept)?, ..price })
}

/// The distinct windows of what it is about.
fn windows<'a>(scene: &Scene<'a>) -> Vec<&'a Window> {
    let mut found: Vec<&Window> = Vec::new();
    let lines = scene.subject.windows.iter().copied().flatten();
    let rest = scene.given.policy.window_for_the_rest().filter(|_| scene.subject.lines.is_empty());
    for window in lines.chain(rest) {
        if !found.contains(&window) {
            found.push(window);
        }
    }
    found
}

/// The one window that governs, if it is one.
pub fn window<'a>(scene: &Scene<'a>) -> Option<&'a Window> {
    let unruled = scene.subject.windows.iter().any(Option::is_none);
    match windows(scene).as_slice() {
        [window] if !unruled => Some(window),
        _ => None,
    }
}

/// The clause that governs the shop's own answer, in force on the day of the order.
pub fn clause(scene: &Scene<'_>) -> Option<String> {
    let placed: Date = scene.order?.ordered_on;
    let window = window(scene)?;
    scene.given.policy.clause_on(&window.clause, placed).map(|clause| clause.id.clone())
}
