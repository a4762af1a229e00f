//! Which draft fits once law, policy and the order's facts are known.

use super::{
    ACCEPT, ACCEPT_IN_PART, ALTERNATIVE, ANGRY_CUSTOMER, ASK_INFORMATION, BASIC_ANSWER, BILLING_ERROR,
    EXCHANGE_OR_REPAIR, LEGAL_NOTICE, NOT_REFUND_MATTER, REFUND_NOT_RECEIVED, REFUSE, REVIEW_REQUEST, STATUS_UPDATE,
    VERIFY_BUYER, WITHDRAWAL_RECEIVED,
};
use crate::domain::assessment::{PersonWhy, Remedy, Terms};
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Assessment, Basis, Intent, Order, Outcome, Purchase, Signal, Verdict};

/// A choice: template, why, and what else fits.
pub(super) type Choice = (&'static str, String, Vec<&'static str>);

/// Chooses by the outcome. `None` leaves the choice to the verdict alone: without order facts there is nothing to add
/// to it; a grave signal is answered before any outcome is looked at, and no decision stands on an unsure intent.
pub(super) fn choose(verdict: &Verdict, assessment: &Assessment) -> Option<Choice> {
    let grave = [Signal::LegalThreat, Signal::DisputeOpened, Signal::DataRights];
    if grave.iter().any(|signal| verdict.signals.contains(signal)) || verdict.unsure.contains(&Unsure::Intent) {
        return None;
    }
    match &assessment.outcome {
        Outcome::NeedsPerson(why) => for_person(*why, assessment),
        _ if !order_source_answered(assessment) => None,
        Outcome::Eligible(basis) => Some(eligible(*basis, verdict, assessment)),
        Outcome::Ineligible(clause) => Some((
            REFUSE,
            format!("No basis in law applies, and the clause “{clause}” of the policy refuses goodwill."),
            vec![ALTERNATIVE, REVIEW_REQUEST],
        )),
        Outcome::NeedsInformation(_) => needs_information(verdict),
        Outcome::NoRefundMatter => no_refund_matter(verdict, assessment),
    }
}

fn order_source_answered(assessment: &Assessment) -> bool {
    !matches!(assessment.purchase, Purchase::NotAsked | Purchase::Unavailable { .. })
}

fn eligible(basis: Basis, verdict: &Verdict, assessment: &Assessment) -> Choice {
    let ground = ground(basis);
    if assessment.remedy == Some(Remedy::RepairOrReplacement) {
        let why = format!("Owed on the ground of {ground}: repair or replacement comes first, then money.");
        return (EXCHANGE_OR_REPAIR, why, vec![ACCEPT, REVIEW_REQUEST]);
    }
    let tone = if verdict.anger >= Anger::Angry { " The text is the calm one for an angry customer." } else { "" };
    let why = format!("A refund is owed or allowed on the ground of {ground}.{tone}");
    if keeps_part(basis, assessment) {
        return (ACCEPT_IN_PART, why, vec![ACCEPT, REVIEW_REQUEST]);
    }
    let beside = match basis {
        Basis::Billing => BILLING_ERROR,
        Basis::Withdrawal => WITHDRAWAL_RECEIVED,
        _ => ALTERNATIVE,
    };
    (ACCEPT, why, vec![beside, REVIEW_REQUEST])
}

/// Goodwill that keeps a fee; the law keeps none.
fn keeps_part(basis: Basis, assessment: &Assessment) -> bool {
    let part = |(terms, order): (&Terms, &Order)| terms.part_of(order).is_some();
    basis == Basis::Goodwill && assessment.terms.as_ref().zip(assessment.purchase.order()).is_some_and(part)
}

fn needs_information(verdict: &Verdict) -> Option<Choice> {
    // A declared withdrawal and fury have their own answers, which ask for the same facts.
    if verdict.signals.contains(&Signal::Withdrawal) || verdict.anger == Anger::Furious {
        return None;
    }
    let why = "What decides is not known yet, neither from the message nor from the order source.";
    let angry = verdict.anger >= Anger::Angry;
    Some((ASK_INFORMATION, why.into(), vec![if angry { ANGRY_CUSTOMER } else { REVIEW_REQUEST }]))
}

fn no_refund_matter(verdict: &Verdict, assessment: &Assessment) -> Option<Choice> {
    if verdict.intent == Intent::RefundNotReceived && assessment.stage.is_some() {
        let why = "The order source tells where the refund stands: the draft says so.";
        return Some((REFUND_NOT_RECEIVED, why.into(), vec![STATUS_UPDATE, REVIEW_REQUEST]));
    }
    let (template, why, mut others) = super::choose(verdict);
    let plain = template == BASIC_ANSWER;
    if plain {
        others.insert(0, NOT_REFUND_MATTER);
    }
    plain.then_some((template, why, others))
}

/// A person has to look: the draft commits us to nothing.
fn for_person(why: PersonWhy, assessment: &Assessment) -> Option<Choice> {
    let asked = order_source_answered(assessment);
    let told = |template, why: &str, others: Vec<&'static str>| Some((template, why.to_owned(), others));
    match why {
        PersonWhy::Official => {
            told(LEGAL_NOTICE, "A mediator, lawyer or authority writes: a person in charge takes over.", vec![])
        }
        PersonWhy::NewBankDetails => told(
            LEGAL_NOTICE,
            "Other bank details are named: a person checks them by another way than mail before anything is paid.",
            vec![VERIFY_BUYER],
        ),
        PersonWhy::OtherSender => told(
            VERIFY_BUYER,
            "The writer is not known to be the buyer: nothing of the order is told before that is clear.",
            vec![REVIEW_REQUEST],
        ),
        PersonWhy::FactsDisagree if disagrees_on(assessment, "email") => told(
            VERIFY_BUYER,
            "The order exists under another address: nothing of it is told before the buyer is known.",
            vec![REVIEW_REQUEST],
        ),
        PersonWhy::OrderUnclear if asked => {
            told(VERIFY_BUYER, "The order source knows no such order of this customer.", vec![ASK_INFORMATION])
        }
        PersonWhy::FactsDisagree => told(
            REVIEW_REQUEST,
            "Message and order source tell different things: look before deciding.",
            vec![ASK_INFORMATION],
        ),
        PersonWhy::InPart if assessment.stage.is_some() => told(
            REFUND_NOT_RECEIVED,
            "Less was refunded than is missed: the amounts are a person's to check.",
            vec![REVIEW_REQUEST],
        ),
        PersonWhy::InPart => told(
            REVIEW_REQUEST,
            "Only a part came back or was refunded: a person decides how much.",
            vec![ACCEPT_IN_PART],
        ),
        PersonWhy::RefundNotFound if asked && assessment.stage.is_some() => told(
            REFUND_NOT_RECEIVED,
            "The refund was due and is not found: a person looks for it first.",
            vec![REVIEW_REQUEST],
        ),
        PersonWhy::StatutoryRefusal if asked => told(
            REVIEW_REQUEST,
            "Only a refusal of a right in law is left: that is a person's to weigh, never suggested.",
            vec![ASK_INFORMATION],
        ),
        PersonWhy::NoClause if asked => {
            told(REVIEW_REQUEST, "No clause of the policy speaks to this: a person decides.", vec![ASK_INFORMATION])
        }
        _ => None,
    }
}

fn disagrees_on(assessment: &Assessment, about: &str) -> bool {
    assessment.disagreements.iter().any(|disagreement| disagreement.about == about && disagreement.decides)
}

fn ground(basis: Basis) -> &'static str {
    match basis {
        Basis::Withdrawal => "the right of withdrawal",
        Basis::Conformity => "the legal guarantee of conformity",
        Basis::NonDelivery => "non-delivery",
        Basis::Billing => "a wrong charge",
        Basis::Cancelled => "a cancelled contract",
        Basis::Goodwill => "the shop's own policy",
    }
}
