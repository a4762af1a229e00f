//! What may not be said, and why: no acceptance without terms that hold, no refusal without clause, or of the law.

use super::order::order;
use super::words::{Saying, standing_in_law};
use crate::domain::assessment::Terms;
use crate::domain::policy::{Clause, Law};
use crate::domain::{Basis, Money, Outcome};
use crate::reply::templates::{Barred, ClauseWords};
use crate::reply::wording;

/// Every bar of a case.
pub(super) fn bars(saying: &Saying<'_>) -> Barred {
    Barred {
        acceptance: terms(saying).err(),
        part: terms(saying).and_then(|terms| part(saying, terms)).err(),
        refusal: refusal(saying).err(),
    }
}

/// The terms of an accepted refund, when they may be told.
pub(super) fn terms<'a>(saying: &Saying<'a>) -> Result<&'a Terms, String> {
    let assessment = saying.parts.assessment.ok_or("the case has not been assessed")?;
    if !matches!(assessment.outcome, Outcome::Eligible(_)) {
        return Err("no refund is accepted: the outcome is not eligible".into());
    }
    let terms = assessment.terms.as_ref().ok_or("the assessment names no terms for the refund")?;
    // Only a promise that runs past a deadline breaks it; one that is late already is paid at once.
    let broken = assessment
        .clocks
        .iter()
        .find(|clock| !clock.what.contains("repair") && clock.by >= saying.today && terms.paid_by > clock.by);
    match broken {
        Some(clock) => Err(format!(
            "the refund would be promised for {}, later than the law allows ({}, {})",
            terms.paid_by,
            clock.by,
            clock.articles.join(", ")
        )),
        None if terms.arrives_by < terms.paid_by => Err("the refund would arrive before it is paid".into()),
        None => Ok(terms),
    }
}

/// What was paid and not yet refunded, when the refund is less.
pub(super) fn out_of(saying: &Saying<'_>, terms: &Terms) -> Option<Money> {
    terms.part_of(order(saying)?)
}

/// A part may be accepted when the customer can be told why it is a part.
fn part(saying: &Saying<'_>, terms: &Terms) -> Result<(), String> {
    out_of(saying, terms).ok_or("the refund is not less than what was paid, or one of the two is unknown")?;
    let returned_in_part = order(saying).is_some_and(|order| order.returned_in_part);
    let by_clause = saying.accepted() == Some(Basis::Goodwill) && clause(saying).is_ok();
    if returned_in_part || by_clause {
        Ok(())
    } else {
        Err("nothing explains to the customer why only a part is refunded: no return in part, no clause".into())
    }
}

/// A refusal is of goodwill only, and rests on a clause.
fn refusal(saying: &Saying<'_>) -> Result<(), String> {
    let assessment = saying.parts.assessment.ok_or("the case has not been assessed")?;
    if !matches!(assessment.outcome, Outcome::Ineligible(_)) {
        return Err("nothing is refused: the outcome is not ineligible".into());
    }
    if let Some(basis) = standing_in_law(assessment) {
        let name = basis.as_str();
        return Err(format!("a basis in law may apply ({name}): only a person may refuse it, in their own words"));
    }
    clause(saying).map(drop)
}

/// The clause that the answer rests on: of the version in force on the day of the order, in the draft's language.
pub(super) fn clause(saying: &Saying<'_>) -> Result<ClauseWords, String> {
    let assessment = saying.parts.assessment.ok_or("the case has not been assessed")?;
    if saying.statutory && saying.parts.policy.law != Law::None {
        return Err("a basis in law applies or may apply: the shop's clauses do not decide".into());
    }
    let id = match &assessment.outcome {
        Outcome::Ineligible(id) => id,
        _ => assessment.clause.as_ref().ok_or("the assessment names no clause")?,
    };
    let clause = in_force(saying, id)?;
    let language = saying.language;
    let text = clause.text.get(language).and_then(|text| wording::one_line(text));
    let text = text.ok_or_else(|| format!("the clause `{id}` has no text in “{language}”"))?;
    let url = wording::one_line(&clause.url).ok_or_else(|| format!("the clause `{id}` has no URL"))?;
    Ok(ClauseWords { text, url })
}

fn in_force<'a>(saying: &Saying<'a>, id: &str) -> Result<&'a Clause, String> {
    let versions: Vec<&Clause> = saying.parts.policy.clauses.iter().filter(|clause| clause.id == id).collect();
    let found = saying.parts.assessment.and_then(|assessment| assessment.purchase.order());
    match (versions.as_slice(), found) {
        ([], _) => Err(format!("the policy has no clause `{id}`")),
        ([only], None) => Ok(only),
        (_, None) => Err(format!("the clause `{id}` has several versions, and the day of the order is unknown")),
        (versions, Some(order)) => {
            let then = versions.iter().filter(|clause| clause.valid_from <= order.ordered_on);
            then.max_by_key(|clause| clause.valid_from)
                .copied()
                .ok_or_else(|| format!("no version of the clause `{id}` was in force on {}", order.ordered_on))
        }
    }
}
