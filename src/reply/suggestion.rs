//! Which draft fits a verdict, and why.

pub mod approval;
mod assessed;

use std::collections::BTreeSet;

use crate::domain::policy::Policy;
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Assessment, CaseFlag, Fact, Intent, Signal, Suggestion, TemplateName, Verdict};

/// The draft templates the rules below choose from, with whether they ask the customer something.
/// A loaded template's own front matter overrules `asks`.
const DRAFTS: &[(&str, bool)] = &[
    (ASK_INFORMATION, true),
    (REVIEW_REQUEST, false),
    (REFUND_STATUS, false),
    (REQUEST_TAKEN_BACK, false),
    (ANGRY_CUSTOMER, false),
    (WITHDRAWAL_RECEIVED, false),
    (EXCHANGE_OR_REPAIR, true),
    (BASIC_ANSWER, false),
    (LEGAL_NOTICE, false),
    (REMINDER, true),
    (ACCEPT, false),
    (ACCEPT_IN_PART, false),
    (ALTERNATIVE, true),
    (BILLING_ERROR, false),
    (NOT_REFUND_MATTER, false),
    (REFUND_NOT_RECEIVED, false),
    (REFUSE, false),
    (STATUS_UPDATE, false),
    (VERIFY_BUYER, true),
];

/// A refund is accepted.
pub const ACCEPT: &str = "accept";
/// A part of it is.
pub const ACCEPT_IN_PART: &str = "accept_in_part";
/// Something is offered beside money, or in its place where nothing in law asks for money.
pub const ALTERNATIVE: &str = "alternative";
/// A wrong charge.
pub const BILLING_ERROR: &str = "billing_error";
/// A matter that is no refund.
pub const NOT_REFUND_MATTER: &str = "not_refund_matter";
/// Where a missed refund stands.
pub const REFUND_NOT_RECEIVED: &str = "refund_not_received";
/// Goodwill is refused by a clause.
pub const REFUSE: &str = "refuse";
/// How far things are.
pub const STATUS_UPDATE: &str = "status_update";
/// Who writes is not known to be the buyer.
pub const VERIFY_BUYER: &str = "verify_buyer";

/// Facts are missing.
pub const ASK_INFORMATION: &str = "ask_information";
/// All facts of a refund request are there.
pub const REVIEW_REQUEST: &str = "review_request";
/// The customer takes the request back.
pub const REQUEST_TAKEN_BACK: &str = "request_taken_back";
/// A refund has not arrived.
pub const REFUND_STATUS: &str = "refund_status";
/// Calm and factual, for an angry message.
pub const ANGRY_CUSTOMER: &str = "angry_customer";
/// The right of withdrawal is exercised.
pub const WITHDRAWAL_RECEIVED: &str = "withdrawal_received";
/// Replacement or repair is wanted.
pub const EXCHANGE_OR_REPAIR: &str = "exchange_or_repair";
/// Anything else.
pub const BASIC_ANSWER: &str = "basic_answer";
/// A person in charge takes over.
pub const LEGAL_NOTICE: &str = "legal_notice";
/// We asked and heard nothing.
pub const REMINDER: &str = "reminder";

/// Chooses a draft by the verdict alone. `language` is the one the draft will be written in.
pub fn suggest(verdict: Option<&Verdict>, flags: &BTreeSet<CaseFlag>, language: &str) -> Suggestion {
    choose_by(verdict, flags, language, choose)
}

/// Chooses a draft by verdict, assessment and the shop's policy.
pub fn suggest_assessed(
    verdict: &Verdict,
    assessment: &Assessment,
    policy: &Policy,
    flags: &BTreeSet<CaseFlag>,
    language: &str,
) -> Suggestion {
    let suggestion = choose_by(Some(verdict), flags, language, |verdict| {
        assessed::choose(verdict, assessment, policy).unwrap_or_else(|| choose(verdict))
    });
    let grants = approval::grants(suggestion.template.as_ref(), Some(assessment));
    Suggestion { grants, ..suggestion }
}

fn choose_by(
    verdict: Option<&Verdict>,
    flags: &BTreeSet<CaseFlag>,
    language: &str,
    choose: impl Fn(&Verdict) -> assessed::Choice,
) -> Suggestion {
    let Some(verdict) = verdict.filter(|_| !flags.contains(&CaseFlag::Unreadable)) else {
        return none("The message could not be judged: read it in the mailbox and answer in your own words.");
    };
    if verdict.signals.contains(&Signal::Safety) {
        return none("The message speaks of danger or injury: no template may answer this, a person has to.");
    }
    let (name, why, others) = choose(verdict);
    Suggestion {
        template: Some(TemplateName::new(name)),
        why: format!("{why}{}", language_note(flags, language)),
        others: others_of(name, others),
        asks: asks(name),
        grants: approval::grants(Some(&TemplateName::new(name)), None),
    }
}

/// The draft for a case in which we asked something and heard nothing.
pub fn reminder() -> Suggestion {
    Suggestion {
        template: Some(TemplateName::new(REMINDER)),
        why: "We asked the customer for something and have not heard back.".into(),
        others: Vec::new(),
        asks: asks(REMINDER),
        grants: false,
    }
}

fn choose(verdict: &Verdict) -> (&'static str, String, Vec<&'static str>) {
    let has = |signal: Signal| verdict.signals.contains(&signal);
    let matter = matter(verdict);
    if has(Signal::LegalThreat) || has(Signal::DisputeOpened) {
        let what = if has(Signal::LegalThreat) { "legal steps" } else { "a payment dispute" };
        return (LEGAL_NOTICE, format!("The message speaks of {what}: a person in charge takes over."), vec![matter]);
    }
    if has(Signal::DataRights) {
        let why = "The message asks for access to or erasure of personal data: a person in charge takes over.";
        return (LEGAL_NOTICE, why.into(), vec![matter]);
    }
    if has(Signal::Withdrawal) {
        let why = "The customer exercises the right of withdrawal: it needs no reason.";
        return (WITHDRAWAL_RECEIVED, why.into(), vec![matter]);
    }
    if verdict.unsure.contains(&Unsure::Intent) {
        let why = format!(
            "Unsure what the customer wants (most likely {}, {:.0} %): a neutral answer that fits any matter.",
            wish(verdict.intent),
            verdict.intent_confidence * 100.0
        );
        return (BASIC_ANSWER, why, vec![matter]);
    }
    of_sure_intent(verdict, has(Signal::ExchangeOrRepair))
}

fn of_sure_intent(verdict: &Verdict, exchange: bool) -> (&'static str, String, Vec<&'static str>) {
    let wish = wish(verdict.intent);
    let settled = if verdict.intent == Intent::RefundRequest { REVIEW_REQUEST } else { REFUND_STATUS };
    let angry = verdict.anger >= Anger::Angry;
    if verdict.intent == Intent::Other {
        return match (exchange, angry) {
            (true, _) => (
                EXCHANGE_OR_REPAIR,
                "The customer wants a replacement or a repair, not money back.".into(),
                if angry { vec![ANGRY_CUSTOMER, BASIC_ANSWER] } else { vec![BASIC_ANSWER] },
            ),
            (false, true) => (ANGRY_CUSTOMER, "An angry message that is no refund matter.".into(), vec![BASIC_ANSWER]),
            (false, false) => (BASIC_ANSWER, "The message is no refund matter.".into(), vec![EXCHANGE_OR_REPAIR]),
        };
    }
    let also = if exchange { vec![EXCHANGE_OR_REPAIR] } else { Vec::new() };
    if verdict.anger == Anger::Furious {
        let why = format!("A furious message about {wish}: a calm answer first{}.", lacking(&verdict.missing));
        return (ANGRY_CUSTOMER, why, [vec![matter(verdict)], also].concat());
    }
    if !verdict.missing.is_empty() {
        let first = if angry { vec![ANGRY_CUSTOMER, settled] } else { vec![settled] };
        return (
            ASK_INFORMATION,
            format!("The message is about {wish}{}.", lacking(&verdict.missing)),
            [first, also].concat(),
        );
    }
    if angry {
        return (
            ANGRY_CUSTOMER,
            format!("An angry message about {wish}, with all facts."),
            [vec![settled], also].concat(),
        );
    }
    (
        settled,
        format!("The message is about {wish}, and all facts needed are there."),
        [also, vec![ASK_INFORMATION]].concat(),
    )
}

/// The draft for the matter itself, mood and signals aside.
fn matter(verdict: &Verdict) -> &'static str {
    match (verdict.intent, verdict.missing.is_empty()) {
        (Intent::Other, _) => BASIC_ANSWER,
        (_, false) => ASK_INFORMATION,
        (Intent::RefundRequest, true) => REVIEW_REQUEST,
        (Intent::RefundNotReceived, true) => REFUND_STATUS,
    }
}

fn wish(intent: Intent) -> &'static str {
    match intent {
        Intent::RefundRequest => "a refund request",
        Intent::RefundNotReceived => "a refund that has not arrived",
        Intent::Other => "another matter than a refund",
    }
}

fn lacking(missing: &[Fact]) -> String {
    let names: Vec<String> = missing.iter().map(|fact| fact.as_str().replace('_', " ")).collect();
    if names.is_empty() { String::new() } else { format!("; missing: {}", names.join(", ")) }
}

fn language_note(flags: &BTreeSet<CaseFlag>, language: &str) -> String {
    let foreign = flags.iter().find_map(|flag| match flag {
        CaseFlag::OtherLanguage(code) => Some(code),
        _ => None,
    });
    foreign.map_or(String::new(), |code| format!(" The customer wrote in “{code}”; the draft is in “{language}”."))
}

fn others_of(chosen: &str, others: Vec<&'static str>) -> Vec<TemplateName> {
    let mut kept: Vec<&str> = Vec::new();
    for other in others {
        if other != chosen && !kept.contains(&other) {
            kept.push(other);
        }
    }
    kept.into_iter().take(2).map(TemplateName::new).collect()
}

fn asks(name: &str) -> bool {
    DRAFTS.iter().any(|(draft, asks)| *draft == name && *asks)
}

fn none(why: &str) -> Suggestion {
    Suggestion { template: None, why: why.to_owned(), others: Vec::new(), asks: false, grants: false }
}

#[cfg(test)]
mod tests;
