//! What law and policy say of the case, as its page shows it.

use minijinja::{Value, context};

use crate::desk::times;
use crate::desk::visit::SignedIn;
use crate::domain::assessment::{Finding, LegalClock};
use crate::domain::{Assessment, Basis, Order, Purchase};

/// The card's parts; `None` before the case was assessed.
pub(super) fn assessment(
    visit: &SignedIn,
    assessment: Option<&Assessment>,
    corrected_basis: Option<Basis>,
) -> Option<Value> {
    let assessment = assessment?;
    let words = visit.desk.inner.pages.words();
    let label = |section: &str, name: &str| words.label(visit.language, section, name);
    let told = |english: &str| words.told(visit.language, english);
    let governing = assessment.governing;
    let findings: Vec<Value> = assessment.findings.iter().map(|found| finding(visit, found)).collect();
    Some(context! {
        outcome => label("outcome", assessment.outcome.name()),
        basis => governing.map(|basis| label("basis", basis.as_str())),
        corrected => assessment.corrected,
        clause => assessment.clause,
        marketplace => assessment.marketplace,
        trouble => trouble(visit, &assessment.purchase),
        order => assessment.purchase.order().map(|found| order(visit, found)),
        disagreements => assessment.disagreements.iter().map(|said| told(&said.what)).collect::<Vec<_>>(),
        warnings => assessment.warnings.iter().map(|warning| told(&warning.text)).collect::<Vec<_>>(),
        clocks => assessment.clocks.iter().map(|running| clock(visit, running)).collect::<Vec<_>>(),
        findings,
        bases => Basis::ALL.iter().map(|basis| basis.as_str()).collect::<Vec<_>>(),
        set => corrected_basis.map(Basis::as_str),
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

fn order(visit: &SignedIn, order: &Order) -> Value {
    let day = |day| times::date(visit.language, day);
    let products: Vec<&str> = order.lines.iter().map(|line| line.product.as_str()).collect();
    context! {
        number => order.number,
        ordered_on => day(order.ordered_on),
        delivered_on => order.delivered_on().map(day),
        returned_on => order.returned_on.map(day),
        total => order.total.as_ref().map(|sum| times::money(visit.language, sum)),
        refunded => order.refunded.as_ref().map(|sum| times::money(visit.language, sum)),
        products => products.join(", "),
    }
}

fn finding(visit: &SignedIn, finding: &Finding) -> Value {
    let words = visit.desk.inner.pages.words();
    context! {
        basis => words.label(visit.language, "basis", finding.basis.as_str()),
        standing => words.label(visit.language, "standing", finding.standing.as_str()),
        until => finding.until.map(|day| times::date(visit.language, day)),
        articles => finding.articles.join(", "),
        steps => finding.steps.iter().map(|step| words.told(visit.language, step)).collect::<Vec<_>>(),
    }
}

fn clock(visit: &SignedIn, clock: &LegalClock) -> Value {
    let told = |english: &str| visit.desk.inner.pages.words().told(visit.language, english);
    context! {
        what => told(&clock.what), by => times::date(visit.language, clock.by),
        articles => clock.articles.join(", "),
        increases => clock.increases.iter().map(|more| told(more)).collect::<Vec<_>>(),
    }
}
