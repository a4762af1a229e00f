//! The whole of what a draft may say.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Drafting, apology, bars, offers, order, refund};
use crate::domain::assessment::{Assessment, Outcome, Standing};
use crate::domain::policy::RefusalLength;
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Basis, Fact, Intent, Reason, Signal};
use crate::reply::acknowledgement::Voice;
use crate::reply::templates::{DraftContext, MediatorWords, PromiseWords};
use crate::reply::wording;

/// What the parts of the context are decided from.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    pub parts: &'a Drafting<'a>,
    pub language: &'a str,
    /// The day of the assessment, in the shop's time zone; the day of the message without one.
    pub today: Date,
    /// A basis in law applies or may apply, or nobody has looked.
    pub statutory: bool,
}

impl Saying<'_> {
    pub fn assessment(&self) -> Option<&Assessment> {
        self.parts.assessment
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        self.parts.assessment.map(|assessment| &assessment.outcome)
    }

    /// The basis a refund is accepted on.
    pub fn accepted(&self) -> Option<Basis> {
        match self.outcome() {
            Some(Outcome::Eligible(basis)) => Some(*basis),
            _ => None,
        }
    }

    /// The reason, only when triage is sure of it.
    pub fn reason(&self) -> Option<Reason> {
        let sure = self.parts.verdict.filter(|verdict| !verdict.unsure.contains(&Unsure::Reason));
        sure.and_then(|verdict| verdict.reason)
    }

    pub fn date(&self, date: Date) -> String {
        wording::date(date, self.language)
    }

    /// One day in words, unless it has passed.
    pub fn coming(&self, date: Date) -> Option<String> {
        (date >= self.today).then(|| self.date(date))
    }
}

/// Decides everything a template may say.
pub(super) fn context(parts: &Drafting<'_>, voice: &Voice<'_>, language: &str) -> DraftContext {
    let zone = &voice.calendar.time_zone;
    let received_on = parts.received_at.to_zoned(zone.clone()).date();
    let today = parts.assessment.map_or(received_on, |assessment| assessment.at.to_zoned(zone.clone()).date());
    let saying = Saying { parts, language, today, statutory: statutory(parts.assessment) };
    let anger = parts.verdict.map_or(Anger::Calm, |verdict| verdict.anger);
    let order = order::words(&saying);
    let missing = missing(&saying, order.is_some());
    let mistake = apology::mistake(&saying, order.is_some());
    let policy = parts.policy;
    DraftContext {
        reference: parts.case.to_string(),
        received_on: saying.date(received_on),
        intent: parts.verdict.map(|verdict| verdict.intent.to_string()),
        reason: saying.reason().map(|reason| reason.to_string()),
        anger: anger.level(),
        angry: anger >= Anger::Angry,
        chaser: parts.has(Signal::Chaser),
        withdrawal: parts.has(Signal::Withdrawal),
        wants_exchange: parts.has(Signal::ExchangeOrRepair),
        taken_back: refund::taken_back(&saying).map(str::to_owned),
        order_number: order
            .as_ref()
            .map(|order| order.number.clone())
            .or_else(|| words(parts.known.order_number.as_ref())),
        purchase_date: words(parts.known.purchase_date.as_ref()),
        product: words(parts.known.product.as_ref()),
        announced_date: words(parts.known.announced_date.as_ref()),
        missing_names: missing.iter().map(|fact| fact.to_string()).collect(),
        missing: missing.iter().map(|fact| wording::fact(*fact, language).to_owned()).collect(),
        questions: questions(&saying).iter().map(|question| (*question).to_owned()).collect(),
        hours: wording::hours(voice.calendar, language),
        shop: parts.from.name.clone(),
        marketplace: parts.assessment.and_then(|assessment| assessment.marketplace.clone()),
        verify: order::verify(&saying),
        outcome: saying.outcome().map(|outcome| label(outcome).to_owned()),
        basis: parts.assessment.and_then(|assessment| assessment.governing).map(|basis| basis.as_str().to_owned()),
        statutory: saying.statutory,
        refund: refund::words(&saying),
        stage: refund::stage(&saying),
        regret: apology::regret(&saying, mistake.is_some()),
        measure: apology::measure(&saying, mistake.as_ref()),
        mistake,
        offers: offers::words(&saying),
        clause: bars::clause(&saying).ok(),
        mediator: policy.mediator.as_ref().map(|mediator| MediatorWords {
            name: mediator.name.clone(),
            url: mediator.url.clone(),
            address: words(mediator.address.as_ref()),
        }),
        in_full: policy.stance.refusal_length == RefusalLength::Full,
        clocks: clocks(&saying),
        promise: parts.promised.map(|by| PromiseWords { by: saying.date(by), passed: by < today }),
        barred: bars::bars(&saying),
        order,
    }
}

/// Whether anything in law applies or may apply; nobody having looked counts as yes.
fn statutory(assessment: Option<&Assessment>) -> bool {
    assessment.is_none_or(|assessment| standing_in_law(assessment).is_some())
}

/// The basis in law that governs, applies, or may apply; what a reviewer has looked at may apply no more.
pub(super) fn standing_in_law(assessment: &Assessment) -> Option<Basis> {
    let stands = |standing: Standing| match standing {
        Standing::Applies => true,
        Standing::Possible => !assessment.corrected,
        Standing::Expired | Standing::Excluded => false,
    };
    let found = assessment.findings.iter().filter(|finding| stands(finding.standing)).map(|finding| finding.basis);
    assessment.governing.into_iter().chain(found).find(|basis| basis.is_statutory())
}

fn label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible(_) => "eligible",
        Outcome::Ineligible(_) => "ineligible",
        Outcome::NeedsInformation(_) => "needs_information",
        Outcome::NeedsPerson(_) => "needs_person",
        Outcome::NoRefundMatter => "no_refund_matter",
    }
}

/// What a draft still has to ask: not what is known from messages or order, nor the reason of a withdrawal.
fn missing(saying: &Saying<'_>, order_known: bool) -> BTreeSet<Fact> {
    let parts = saying.parts;
    let missing = match saying.outcome() {
        Some(Outcome::NeedsInformation(facts)) => facts,
        _ => parts.verdict.map_or(&[][..], |verdict| &verdict.missing),
    };
    let of_order = [Fact::OrderNumber, Fact::PurchaseDate, Fact::Product];
    let open = missing.iter().copied().filter(|fact| !parts.known.has(*fact));
    open.filter(|fact| !(order_known && of_order.contains(fact)))
        .filter(|fact| !(*fact == Fact::Reason && no_reason_needed(saying)))
        .collect()
}

/// A withdrawal needs no reason.
fn no_reason_needed(saying: &Saying<'_>) -> bool {
    let governs = saying.assessment().and_then(|assessment| assessment.governing) == Some(Basis::Withdrawal);
    governs || saying.parts.has(Signal::Withdrawal)
}

/// What may be asked beside, by reason; an answer to it is never a condition.
fn questions(saying: &Saying<'_>) -> &'static [&'static str] {
    let asks_money = saying.parts.verdict.is_some_and(|verdict| verdict.intent == Intent::RefundRequest);
    if !asks_money || no_reason_needed(saying) {
        return &[];
    }
    match saying.reason() {
        Some(Reason::Defective) => &["went_wrong", "used_since", "help_tried"],
        Some(Reason::NotAsDescribed) => &["expected", "went_wrong"],
        Some(Reason::NotDelivered) => &["tracking"],
        Some(Reason::Dissatisfied) => &["expected", "went_wrong", "help_tried"],
        Some(Reason::BillingError) => &["charge"],
        Some(Reason::ChangedMind | Reason::Cancelled) => &[],
        Some(Reason::Unspecified) | None => &["expected"],
    }
}

fn clocks(saying: &Saying<'_>) -> Vec<String> {
    let clocks = saying.assessment().filter(|_| saying.parts.policy.quote_legal_clocks).map(|found| &found.clocks);
    let coming = clocks.into_iter().flatten().filter(|clock| clock.by >= saying.today);
    coming.filter_map(|clock| wording::legal_clock(clock, saying.language)).collect()
}

/// The customer's words on one line.
fn words(words: Option<&String>) -> Option<String> {
    wording::one_line(words?)
}
