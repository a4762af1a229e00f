//! Which draft fits once law, policy and the order's facts are known.

use super::{
    ACCEPT, ACCEPT_IN_PART, ALTERNATIVE, ANGRY_CUSTOMER, ASK_INFORMATION, BASIC_ANSWER, BILLING_ERROR,
    EXCHANGE_OR_REPAIR, LEGAL_NOTICE, NOT_REFUND_MATTER, REFUND_NOT_RECEIVED, REFUSE, REQUEST_TAKEN_BACK,
    REVIEW_REQUEST, STATUS_UPDATE, VERIFY_BUYER, WITHDRAWAL_RECEIVED,
};
use crate::domain::assessment::{PersonWhy, Remedy, Standing, Terms};
use crate::domain::policy::{AlternativeStance, Law, Policy, RefusalOffers};
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Assessment, Basis, Clue, Intent, Order, Outcome, Purchase, Reason, Signal, Verdict};

/// A choice: template, why, and what else fits.
pub(super) type Choice = (&'static str, String, Vec<&'static str>);

/// Chooses by the outcome. `None` leaves the choice to the verdict alone: without order facts there is nothing to add
/// to it, and no decision stands on an unsure intent.
pub(super) fn choose(verdict: &Verdict, assessment: &Assessment, policy: &Policy) -> Option<Choice> {
    if let Some(choice) = grave(verdict, assessment) {
        return Some(choice);
    }
    let told = |clue: Clue| assessment.clues.contains_key(&clue);
    if verdict.unsure.contains(&Unsure::Intent) && !told(Clue::WithdrawalForm) && !takes_back(assessment) {
        return None;
    }
    match &assessment.outcome {
        Outcome::NeedsPerson(why) => for_person(*why, verdict, assessment),
        Outcome::NoRefundMatter if takes_back(assessment) => Some(taken_back(assessment)),
        _ if !order_source_answered(assessment) => None,
        Outcome::Eligible(basis) => Some(eligible(*basis, verdict, assessment, policy)),
        Outcome::Ineligible(clause) => Some(ineligible(clause, policy)),
        Outcome::NeedsInformation(_) => needs_information(verdict, assessment),
        Outcome::NoRefundMatter => no_refund_matter(verdict, assessment),
    }
}

/// What a person in charge answers, whatever is owed.
fn grave(verdict: &Verdict, assessment: &Assessment) -> Option<Choice> {
    let has = |signal: Signal| verdict.signals.contains(&signal);
    let why = match assessment.outcome {
        Outcome::NeedsPerson(PersonWhy::Official) => "A mediator, lawyer or authority writes",
        Outcome::NeedsPerson(PersonWhy::LegalThreat) => "The message speaks of legal steps",
        Outcome::NeedsPerson(PersonWhy::DisputeOpen) => "The message speaks of a payment dispute",
        _ if has(Signal::LegalThreat) => "The message speaks of legal steps",
        _ if has(Signal::DisputeOpened) => "The message speaks of a payment dispute",
        _ if has(Signal::DataRights) => "The message asks for access to or erasure of personal data",
        _ => return None,
    };
    let beside = match (&assessment.outcome, verdict.intent) {
        (Outcome::NeedsPerson(PersonWhy::Official), _) => Vec::new(),
        (Outcome::Eligible(_), _) if assessment.remedy == Some(Remedy::Refund) => vec![ACCEPT, REVIEW_REQUEST],
        (_, Intent::Other) => vec![BASIC_ANSWER],
        _ if assessment.purchase.order().is_some() => vec![REVIEW_REQUEST],
        _ => vec![ASK_INFORMATION],
    };
    Some((LEGAL_NOTICE, format!("{why}: a person in charge takes over."), beside))
}

fn takes_back(assessment: &Assessment) -> bool {
    assessment.warnings.iter().any(|warning| warning.name == "keeps_it")
}

/// Confirmed where nothing has gone back yet and the writer is known to be the buyer.
fn taken_back(assessment: &Assessment) -> Choice {
    let refunded = assessment.purchase.order().and_then(|order| order.refunded.as_ref());
    let other_address = assessment.disagreements.iter().any(|told| told.about == "email");
    if other_address || refunded.is_some_and(|refunded| refunded.minor > 0) {
        let why = "The customer takes the request back, but money has gone back already or the writer may not be the buyer: a \
                   person looks.";
        return (BASIC_ANSWER, why.into(), Vec::new());
    }
    let why = "The customer takes the request back: nothing is to be refunded.";
    (REQUEST_TAKEN_BACK, why.into(), vec![BASIC_ANSWER])
}

fn order_source_answered(assessment: &Assessment) -> bool {
    !matches!(assessment.purchase, Purchase::NotAsked | Purchase::Unavailable { .. })
}

fn eligible(basis: Basis, verdict: &Verdict, assessment: &Assessment, policy: &Policy) -> Choice {
    let ground = ground(basis);
    if assessment.remedy == Some(Remedy::RepairOrReplacement) {
        let why = format!("Owed on the ground of {ground}: it is put right first, then money.");
        return (EXCHANGE_OR_REPAIR, why, vec![ACCEPT, REVIEW_REQUEST]);
    }
    let tone = if verdict.anger >= Anger::Angry { " The text is the calm one for an angry customer." } else { "" };
    let why = format!("A refund is owed or allowed on the ground of {ground}.{tone}");
    let stance = policy.stance.alternative;
    let gives = if keeps_part(basis, assessment) { ACCEPT_IN_PART } else { ACCEPT };
    let goodwill = basis == Basis::Goodwill && !may_stand_in_law(assessment);
    if goodwill && stance == AlternativeStance::Before && offers(policy) && verdict.anger < Anger::Angry {
        let why = format!("{why} The policy puts another solution before money that only it gives.");
        return (ALTERNATIVE, why, vec![gives, REVIEW_REQUEST]);
    }
    let exchange = assessment.clues.contains_key(&Clue::WantsExchange);
    let mut others = Vec::new();
    others.extend((exchange && basis != Basis::Billing).then_some(EXCHANGE_OR_REPAIR));
    others.push(match basis {
        Basis::Billing => BILLING_ERROR,
        Basis::Withdrawal => WITHDRAWAL_RECEIVED,
        _ if stance == AlternativeStance::AfterAcceptance || !offers(policy) => REVIEW_REQUEST,
        _ => ALTERNATIVE,
    });
    others.push(REVIEW_REQUEST);
    (gives, why, others)
}

/// The policy has something to offer.
fn offers(policy: &Policy) -> bool {
    !policy.alternatives.is_empty()
}

fn may_stand_in_law(assessment: &Assessment) -> bool {
    let open = |standing| matches!(standing, Standing::Applies | Standing::Possible);
    assessment.findings.iter().any(|finding| finding.basis.is_statutory() && open(finding.standing))
}

/// An answer that does not settle a complaint names the mediator (L616-1); a refusal may well be one: without a mediator a
/// person answers.
fn ineligible(clause: &str, policy: &Policy) -> Choice {
    if policy.law == Law::Fr && policy.mediator.is_none() {
        let why = format!(
            "The clause “{clause}” refuses goodwill, but the policy names no consumer mediator, as an answer that does not settle a complaint must (L616-1): name one in the policy."
        );
        return (REVIEW_REQUEST, why, vec![ASK_INFORMATION]);
    }
    let why = format!("No basis in law applies, and the clause “{clause}” of the policy refuses goodwill.");
    let offered = policy.alternatives.iter().any(|offer| match policy.stance.refusal_offers {
        RefusalOffers::None => false,
        RefusalOffers::NonMonetary => !offer.kind.is_monetary(),
        RefusalOffers::Any => true,
    });
    (REFUSE, why, if offered { vec![ALTERNATIVE, REVIEW_REQUEST] } else { vec![REVIEW_REQUEST] })
}

/// Goodwill that keeps a fee; the law keeps none.
fn keeps_part(basis: Basis, assessment: &Assessment) -> bool {
    let part = |(terms, order): (&Terms, &Order)| terms.part_of(order).is_some();
    basis == Basis::Goodwill && assessment.terms.as_ref().zip(assessment.purchase.order()).is_some_and(part)
}

fn needs_information(verdict: &Verdict, assessment: &Assessment) -> Option<Choice> {
    if assessment.clues.contains_key(&Clue::WithdrawalForm) && !verdict.signals.contains(&Signal::Withdrawal) {
        let why = "A withdrawal is declared by its form: it needs no reason.";
        return Some((WITHDRAWAL_RECEIVED, why.into(), vec![ASK_INFORMATION]));
    }
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
fn for_person(why: PersonWhy, verdict: &Verdict, assessment: &Assessment) -> Option<Choice> {
    let asked = order_source_answered(assessment);
    let told = |template, why: &str, others: Vec<&'static str>| Some((template, why.to_owned(), others));
    match why {
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
            vec![STATUS_UPDATE],
        ),
        PersonWhy::RefundNotFound if asked && assessment.stage.is_some() => told(
            REFUND_NOT_RECEIVED,
            "The refund was due and is not found: a person looks for it first.",
            vec![REVIEW_REQUEST],
        ),
        PersonWhy::StatutoryRefusal if asked && verdict.reason == Some(Reason::BillingError) => told(
            BILLING_ERROR,
            "The order shows no wrong charge: a person compares the payments before anything is said of them.",
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
