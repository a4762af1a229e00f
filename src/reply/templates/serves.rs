//! Which situations a draft may be sent in. Names that are not here are the operator's own and serve any.

use super::context::{DraftContext, OfferPlace};

/// Whether the draft may be sent.
///
/// # Errors
/// Why not, in a sentence for the reviewer.
pub(super) fn check(name: &str, context: &DraftContext) -> Result<(), String> {
    let barred = |bar: &Option<String>| bar.clone().map_or(Ok(()), Err);
    let needs = |there: bool, why: &str| if there { Ok(()) } else { Err(why.to_owned()) };
    match name {
        "accept" => {
            barred(&context.barred.acceptance)?;
            needs(context.refund.is_some(), "the terms of the refund are unknown")
        }
        "accept_in_part" => {
            barred(&context.barred.acceptance)?;
            barred(&context.barred.part)?;
            let refund = context.refund.as_ref();
            let named = refund.is_some_and(|refund| refund.amount.is_some() && refund.out_of.is_some());
            needs(named, "the amounts are unknown")
        }
        "refuse" => {
            barred(&context.barred.refusal)?;
            needs(
                context.outcome.as_deref() == Some("ineligible"),
                "nothing is refused: the outcome is not ineligible",
            )?;
            needs(context.clause.is_some(), "a refusal names its clause and where to read it, and there is none")
        }
        "alternative" => {
            needs(!context.offers.is_empty(), "the policy allows no offer here")?;
            if context.offers.place == OfferPlace::Refusal {
                return check("refuse", context);
            }
            barred(&context.barred.acceptance)?;
            needs(context.refund.is_some(), "offers are made once it is decided what is owed")
        }
        "request_taken_back" => needs(
            context.taken_back.is_some(),
            "the customer has not taken the request back, or money has gone back already, or the writer may not be the buyer",
        ),
        "refund_not_received" => {
            needs(context.stage.is_some(), "it is not known where the refund stands; `refund_status` says that we look")
        }
        _ => Ok(()),
    }
}

/// Whether a rendered refusal says what every refusal has to say, whoever wrote its template.
///
/// # Errors
/// What is lacking.
pub(super) fn complete(name: &str, context: &DraftContext, text: &str) -> Result<(), String> {
    if !(name == "refuse" || name == "alternative" && context.offers.place == OfferPlace::Refusal) {
        return Ok(());
    }
    let says = |what: &str, words: &str| {
        if text.contains(words) { Ok(()) } else { Err(format!("the template of a refusal does not print {what}")) }
    };
    if let Some(clause) = &context.clause {
        says("the text of the clause ({{ clause.text }})", &clause.text)?;
        says("where the clause is to be read ({{ clause.url }})", &clause.url)?;
    }
    context.mediator.as_ref().map_or(Ok(()), |mediator| {
        says("the mediator's name ({{ mediator.name }})", &mediator.name)?;
        says("the mediator's site ({{ mediator.url }})", &mediator.url)
    })
}
