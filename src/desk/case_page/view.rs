//! The parts of the case page, as its template wants them.

use minijinja::{Value, context};

use crate::desk::editor::Typed;
use crate::desk::times;
use crate::desk::visit::SignedIn;
use crate::domain::verdict::Unsure;
use crate::domain::{
    CaseFlag, Condition, DeliveryState, Event, Explanation, Fact, Given, Order, OutgoingKind, Reason, RecordEntry,
    TemplateName, Verdict,
};
use crate::ports::store::{CaseFile, CaseMessage, NoticeState, Promise, PromiseState, StoredNotice};

/// From this weight (log-odds) on, a reason counts as strong; from the second on as plain.
const STRONG: f32 = 2.0;
const PLAIN: f32 = 0.7;
/// Reasons shown; the rest weighs little.
const MOST_REASONS: usize = 12;

fn moment(visit: &SignedIn, at: jiff::Timestamp) -> String {
    times::moment(visit.language, &visit.desk.settings().time_zone, at, visit.desk.now())
}

pub(super) fn record_entry(visit: &SignedIn, entry: &RecordEntry) -> Value {
    let words = visit.desk.inner.pages.words();
    let actor = words.actor(visit.language, &entry.actor);
    context! { at => moment(visit, entry.at), actor, words => words.event(visit.language, entry.event.as_ref()) }
}

pub(super) fn message(visit: &SignedIn, held: &CaseMessage) -> Value {
    let message = &held.message;
    let newest = if message.newest_text.trim().is_empty() { &message.text } else { &message.newest_text };
    let unreadable = match &message.condition {
        Condition::Unreadable(why) => Some(why.as_str()),
        _ => None,
    };
    context! {
        from => message.author().map(ToString::to_string),
        at => moment(visit, message.arrived_at),
        subject => message.subject,
        newest,
        whole => (message.text.trim() != newest.trim()).then_some(&message.text),
        partial => message.condition == Condition::Partial,
        unreadable,
        card => message.holds_card_number,
        location => held.location.name,
    }
}

/// What became of the acknowledgement, in one sentence.
pub(super) fn acknowledgement(visit: &SignedIn, file: &CaseFile) -> String {
    let words = visit.desk.inner.pages.words();
    let language = visit.language;
    if let Some(mail) = file.outgoing.iter().find(|mail| mail.kind == OutgoingKind::Acknowledgement) {
        let state = words.label(language, "delivery", &mail.state.name().replace(' ', "_"));
        return match &mail.state {
            DeliveryState::Sent { at, .. } => words.fill(language, "case.acknowledged", &[("at", &moment(visit, *at))]),
            _ => words.fill(language, "case.acknowledgement_state", &[("state", &state)]),
        };
    }
    let flagged = file.case.flags.iter().find_map(|flag| match flag {
        CaseFlag::NotAcknowledged(why) => Some(why.as_str()),
        _ => None,
    });
    let recorded = file.record.iter().find_map(|entry| match &entry.event {
        Some(Event::Received { permission, .. }) => Some(permission.as_str()),
        _ => None,
    });
    match flagged.or(recorded) {
        Some(why) => words.fill(language, "case.not_acknowledged", &[("why", &words.rule(language, why))]),
        None => words.say(language, "case.no_acknowledgement").to_owned(),
    }
}

fn fact_words(given: &Given, fact: Fact) -> Option<String> {
    match fact {
        Fact::OrderNumber => given.order_number.clone(),
        Fact::PurchaseDate => given.purchase_date.clone(),
        Fact::Product => given.product.clone(),
        Fact::Reason => given.reason.map(|reason| reason.to_string()),
        Fact::AnnouncedDate => given.announced_date.clone(),
    }
}

/// What the order tells of a fact that the customer did not give.
fn told_by_order(visit: &SignedIn, order: &Order, fact: Fact) -> Option<String> {
    match fact {
        Fact::OrderNumber => Some(order.number.clone()),
        Fact::PurchaseDate => Some(times::date(visit.language, order.ordered_on)),
        Fact::Product => {
            let products: Vec<&str> = order.lines.iter().map(|line| line.product.as_str()).collect();
            (!products.is_empty()).then(|| products.join(", "))
        }
        Fact::Reason | Fact::AnnouncedDate => None,
    }
}

pub(super) fn verdict(visit: &SignedIn, verdict: &Verdict, file: &CaseFile) -> Value {
    let mut given = verdict.given.clone();
    given.fill_from(&file.case.known);
    let order = file.assessment.as_ref().and_then(|assessment| assessment.purchase.order());
    let of_order = |fact| order.and_then(|order| told_by_order(visit, order, fact)).filter(|_| !given.has(fact));
    let facts: Vec<Value> = Fact::ALL
        .iter()
        .filter(|fact| **fact != Fact::Reason)
        .map(|fact| {
            context! {
                name => fact.as_str(), value => fact_words(&given, *fact),
                typed => fact_words(&verdict.given, *fact), of_order => of_order(*fact),
                missing => verdict.missing.contains(fact) && of_order(*fact).is_none(),
            }
        })
        .collect();
    let unsure = |field| verdict.unsure.contains(&field);
    context! {
        intent => verdict.intent.as_str(),
        intent_percent => percent(verdict.intent_confidence),
        intent_unsure => unsure(Unsure::Intent),
        anger => verdict.anger.level(),
        anger_percent => percent(verdict.anger_confidence),
        anger_unsure => unsure(Unsure::Anger),
        reason => verdict.reason.map(Reason::as_str),
        reason_percent => percent(verdict.reason_confidence),
        reason_unsure => unsure(Unsure::Reason),
        facts,
        missing => verdict.missing.iter().map(|fact| fact.as_str()).collect::<Vec<_>>(),
        signals => verdict.signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>(),
        reasons => verdict.explanation.iter().take(MOST_REASONS).map(reason).collect::<Vec<_>>(),
    }
}

fn percent(confidence: f32) -> u8 {
    // Clamped first, so the conversion cannot wrap.
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u8
}

fn reason(explanation: &Explanation) -> Value {
    let size = explanation.weight.abs();
    let strength = if size >= STRONG {
        "strong"
    } else if size >= PLAIN {
        "plain"
    } else {
        "weak"
    };
    context! {
        from => explanation.from, name => explanation.name, matched => explanation.matched,
        strength, against => explanation.weight < 0.0,
    }
}

/// Dates that our replies promised: open ones first, each with its button.
pub(super) fn promises(visit: &SignedIn, file: &CaseFile) -> Vec<Value> {
    let words = visit.desk.inner.pages.words();
    let (open, settled): (Vec<&Promise>, Vec<&Promise>) = file.promises.iter().partition(|promise| promise.is_open());
    let row = |promise: &Promise| {
        let state = match &promise.state {
            PromiseState::Standing => "standing",
            PromiseState::Lapsed { .. } => "lapsed",
            PromiseState::Kept { how, .. } => how,
            PromiseState::Withdrawn { .. } => "withdrawn",
        };
        context! {
            n => promise.n, words => promise.words, by => times::date(visit.language, promise.by),
            open => promise.is_open(), lapsed => state == "lapsed",
            state => words.label(visit.language, "promise", state),
        }
    };
    open.into_iter().chain(settled).map(row).collect()
}

/// Accepted refunds, and whether the payment side knows of them.
pub(super) fn notices(visit: &SignedIn, file: &CaseFile) -> Vec<Value> {
    let words = visit.desk.inner.pages.words();
    let row = |stored: &StoredNotice| {
        let why = match &stored.state {
            NoticeState::GivenUp { why, .. } | NoticeState::Cancelled { why, .. } => Some(why.as_str()),
            NoticeState::Pending { .. } => stored.last_problem.as_deref(),
            NoticeState::Told { .. } => None,
        };
        context! {
            amount => stored.notice.amount.as_ref().map(|sum| times::money(visit.language, sum)),
            order => stored.notice.order_number, stuck => stored.is_stuck(), why,
            state => words.label(visit.language, "notice", stored.state.name()),
        }
    };
    file.notices.iter().map(row).collect()
}

/// The editor: the draft that waits, with the typed text over it after a refusal.
pub(super) fn draft(visit: &SignedIn, file: &CaseFile, typed: Option<&Typed>) -> Option<Value> {
    let draft = file.draft.as_ref().filter(|draft| draft.approved_as.is_none())?;
    let title = |name: &TemplateName| visit.desk.review().template_title(&file.case.language, name);
    let told = |english: &str| visit.desk.inner.pages.words().told(visit.language, english);
    let stored_to = draft.to.as_ref().map(ToString::to_string).unwrap_or_default();
    let stored_differs = typed.is_some_and(|typed| typed.body.trim_end() != draft.body.trim_end());
    let newer = draft.newer.as_ref().map(|newer| {
        context! {
            title => newer.suggestion.template.as_ref().map(title),
            why => told(&newer.suggestion.why), body => newer.body,
        }
    });
    Some(context! {
        to => typed.map_or(stored_to, |typed| typed.to.clone()),
        from => draft.from.to_string(),
        cc => draft.cc.iter().map(ToString::to_string).collect::<Vec<_>>(),
        subject => typed.map_or(draft.subject.as_str(), |typed| typed.subject.as_str()),
        body => typed.map_or(draft.body.as_str(), |typed| typed.body.as_str()),
        stored => stored_differs.then_some(draft.body.as_str()),
        template => draft.suggestion.template.as_ref().map(TemplateName::as_str),
        title => draft.suggestion.template.as_ref().map(title),
        why => told(&draft.suggestion.why),
        asks => draft.suggestion.asks,
        others => draft.suggestion.others.iter().map(TemplateName::as_str).collect::<Vec<_>>(),
        edited_by => draft.edited_by,
        opened_by => draft.opened_by.as_ref().filter(|name| **name != visit.session.reviewer.name),
        newer,
    })
}
