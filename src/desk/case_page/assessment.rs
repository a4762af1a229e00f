//! What law and policy say of the case, as its page shows it.

use minijinja::{Value, context};

use crate::desk::visit::SignedIn;
use crate::domain::assessment::{Finding, LegalClock};
use crate::domain::{Assessment, Order, Purchase};

/// The card's parts; `None` before the case was assessed.
pub(super) fn assessment(visit: &SignedIn, assessment: Option<&Assessment>) -> Option<Value> {
    let assessment = assessment?;
    let words = visit.desk.inner.pages.words();
    let label = |section: &str, name: &str| words.label(visit.language, section, name);
    let governing = assessment.governing;
    let findings: Vec<Value> = assessment.findings.iter().map(|found| finding(visit, found)).collect();
    Some(context! {
        outcome => label("outcome", assessment.outcome.name()),
        basis => governing.map(|basis| label("basis", basis.as_str())),
        corrected => assessment.corrected,
        clause => assessment.clause,
        marketplace => assessment.marketplace,
        trouble => trouble(visit, &assessment.purchase),
        order => assessment.purchase.order().map(order),
        disagreements => assessment.disagreements.iter().map(|told| told.what.as_str()).collect::<Vec<_>>(),
        warnings => assessment.warnings.iter().map(|warning| warning.text.as_str()).collect::<Vec<_>>(),
        clocks => assessment.clocks.iter().map(clock).collect::<Vec<_>>(),
        findings,
    })
}

/// Why there are no facts of an order, in a sentence.
fn trouble(visit: &SignedIn, purchase: &Purchase) -> Option<String> {
    let words = visit.desk.inner.pages.words();
    let fill = |key: &str, values: &[(&str, &str)]| Some(words.fill(visit.language, key, values));
    match purchase {
        Purchase::NotAsked => fill("assessment.not_asked", &[]),
        Purchase::NotFound { .. } => fill("assessment.not_found", &[]),
        Purchase::Several { numbers, .. } => fill("assessment.several", &[("numbers", &numbers.join(", "))]),
        Purchase::Unavailable { why, .. } => fill("assessment.unavailable", &[("why", why)]),
        Purchase::Found { by_number: false, .. } => fill("assessment.by_address", &[]),
        Purchase::Found { .. } => None,
    }
}

fn order(order: &Order) -> Value {
    let products: Vec<&str> = order.lines.iter().map(|line| line.product.as_str()).collect();
    context! {
        number => order.number,
        ordered_on => order.ordered_on.to_string(),
        delivered_on => order.delivered_on().map(|day| day.to_string()),
        returned_on => order.returned_on.map(|day| day.to_string()),
        total => order.total.as_ref().map(ToString::to_string),
        refunded => order.refunded.as_ref().map(ToString::to_string),
        products => products.join(", "),
    }
}

fn finding(visit: &SignedIn, finding: &Finding) -> Value {
    let words = visit.desk.inner.pages.words();
    context! {
        basis => words.label(visit.language, "basis", finding.basis.as_str()),
        standing => words.label(visit.language, "standing", finding.standing.as_str()),
        until => finding.until.map(|day| day.to_string()),
        articles => finding.articles.join(", "),
        steps => finding.steps,
    }
}

fn clock(clock: &LegalClock) -> Value {
    context! {
        what => clock.what, by => clock.by.to_string(),
        articles => clock.articles.join(", "), increases => clock.increases,
    }
}
