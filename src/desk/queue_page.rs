//! The queue, and the list of all cases.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::alerts::{self, Place};
use super::fail::Fail;
use super::paging::Paging;
use super::visit::SignedIn;
use super::{place, times};
use crate::daemon::review::Queued;
use crate::domain::grouping::Topic;
use crate::domain::{Case, CaseFlag, CaseState, Fact, Reason, TemplateName};

/// Lines above the queue that tell what machines reported; the rest is counted.
const MOST_ALERTS: usize = 6;
/// Groups above them.
const MOST_GROUPS: usize = 5;

#[derive(Serialize)]
struct Row {
    id: String,
    who: String,
    subject: String,
    excerpt: String,
    intent: Option<&'static str>,
    anger: Option<u8>,
    unsure: bool,
    grave: bool,
    missing: Vec<&'static str>,
    signals: Vec<&'static str>,
    flags: Vec<String>,
    template: Option<String>,
    edited: bool,
    waiting: String,
    place: Option<String>,
    pressing: bool,
    state: &'static str,
}

/// A group of the queue, as its link names it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Only {
    /// The product's telling words.
    product: Option<String>,
    /// The reason's label.
    reason: Option<String>,
}

impl Only {
    fn topic(&self) -> Option<Topic> {
        Topic::new(self.product.as_deref()?, Reason::from_label(self.reason.as_deref()?)?)
    }
}

/// A line above the queue.
#[derive(Serialize)]
struct GroupLine {
    product: String,
    key: String,
    reason: &'static str,
    cases: usize,
    days: i64,
    /// The page shows this group only.
    open: bool,
}

pub(super) async fn queue(
    Query(only): Query<Only>,
    Query(paging): Query<Paging>,
    visit: SignedIn,
) -> Result<Response, Fail> {
    let topic = only.topic();
    let path = topic_path(topic.as_ref());
    let view = visit.desk.review().queue(paging.wanted(), topic.as_ref()).await?;
    let groups: Vec<GroupLine> = view
        .groups
        .iter()
        .take(MOST_GROUPS)
        .map(|group| GroupLine {
            product: group.product.clone(),
            key: group.topic.key(),
            reason: group.topic.reason().as_str(),
            cases: group.cases,
            days: group.days,
            open: topic.as_ref() == Some(&group.topic),
        })
        .collect();
    let only = topic.map(|topic| {
        let named = groups.iter().find(|group| group.open).map(|group| group.product.clone());
        context! { product => named.unwrap_or_else(|| topic.key()), reason => topic.reason().as_str() }
    });
    let (shown, beside) = paging.cut(view.rows);
    let rows: Vec<Row> = shown.iter().map(|row| queue_row(&visit, row)).collect();
    let waiting = view.overview.cases.get("needs_reply").copied().unwrap_or(rows.len() as u64);
    let now = visit.desk.now();
    let breakers: Vec<_> = view
        .breakers
        .iter()
        .map(|open| {
            context! {
                mailbox => open.mailbox,
                count => open.breaker.count,
                since => times::moment(visit.language, &visit.desk.settings().time_zone, open.breaker.since, now),
            }
        })
        .collect();
    let oldest = view.overview.oldest_waiting.map(|since| times::age(visit.language, since, now));
    visit.page(
        StatusCode::OK,
        "queue",
        context! {
            alerts => view.alerts.iter().take(MOST_ALERTS).map(|alert| alerts::view(&visit, alert, Place::Queue)).collect::<Vec<_>>(),
            more_alerts => view.alerts.len().saturating_sub(MOST_ALERTS),
            rows, waiting, breakers, oldest, groups, only, beside, path,
            matching => view.matching,
            troubled => view.troubled,
            quarantined => view.overview.quarantined,
            automated => view.overview.automated,
            messages => view.overview.messages,
        },
    )
}

pub(super) async fn cases(Query(paging): Query<Paging>, visit: SignedIn) -> Result<Response, Fail> {
    let (cases, beside) = paging.cut(visit.desk.review().cases(paging.wanted()).await?);
    let rows: Vec<Row> = cases.iter().map(|case| row(&visit, case)).collect();
    visit.page(StatusCode::OK, "cases", context! { rows, beside, path => "/cases?" })
}

/// The page's address up to the number of the page.
fn topic_path(topic: Option<&Topic>) -> String {
    match topic {
        Some(topic) => {
            let product: String = form_urlencoded::byte_serialize(topic.key().as_bytes()).collect();
            format!("/queue?product={product}&reason={}&", topic.reason())
        }
        None => "/queue?".into(),
    }
}

fn queue_row(visit: &SignedIn, queued: &Queued) -> Row {
    let (place, pressing) = place::words(visit, &queued.why);
    let queued = &queued.row;
    let title = |name: &String| visit.desk.review().template_title(&queued.case.language, &TemplateName::new(name));
    Row {
        excerpt: queued.excerpt.clone(),
        missing: queued.missing().map(Fact::as_str).collect(),
        template: queued.template.as_ref().map(title),
        edited: queued.edited,
        place: Some(place),
        pressing,
        ..row(visit, &queued.case)
    }
}

fn row(visit: &SignedIn, case: &Case) -> Row {
    let verdict = case.verdict.as_ref();
    let now = visit.desk.now();
    Row {
        id: case.id.to_string(),
        who: who(case),
        subject: case.subject.clone(),
        excerpt: String::new(),
        intent: verdict.map(|v| v.intent.as_str()),
        anger: verdict.map(|v| v.anger.level()),
        unsure: verdict.is_some_and(|v| !v.unsure.is_empty()),
        grave: verdict.is_some_and(crate::domain::Verdict::is_grave) || case.flags.contains(&CaseFlag::NotDelivered),
        missing: Vec::new(),
        signals: verdict.map(|v| v.signals.iter().map(|s| s.as_str()).collect()).unwrap_or_default(),
        flags: case.flags.iter().map(|flag| flag_words(visit, flag)).collect(),
        template: None,
        edited: false,
        waiting: times::age(visit.language, case.waiting_since, now),
        place: None,
        pressing: false,
        state: state_key(case.state),
    }
}

/// The customer's name, or address, or a dash.
pub(super) fn who(case: &Case) -> String {
    let customer = case.customer.as_ref();
    customer.map_or_else(|| "—".into(), |c| c.name.clone().unwrap_or_else(|| c.email.to_string()))
}

/// Key below `state.`.
pub(super) fn state_key(state: CaseState) -> &'static str {
    match state {
        CaseState::NeedsReply => "needs_reply",
        CaseState::WaitingForCustomer => "waiting_for_customer",
        CaseState::Answered => "answered",
        CaseState::Closed(crate::domain::Closed::History) => "closed_history",
        CaseState::Closed(crate::domain::Closed::Dismissed) => "closed_dismissed",
        CaseState::Closed(crate::domain::Closed::Erased) => "closed_erased",
        CaseState::Closed(crate::domain::Closed::Done) => "closed_done",
    }
}

/// Something to see on the case, in words.
pub(super) fn flag_words(visit: &SignedIn, flag: &CaseFlag) -> String {
    let words = visit.desk.inner.pages.words();
    let language = visit.language;
    match flag {
        CaseFlag::OtherSender => words.say(language, "flag.other_sender").to_owned(),
        CaseFlag::NotDelivered => words.say(language, "flag.not_delivered").to_owned(),
        CaseFlag::AnsweredElsewhere => words.say(language, "flag.answered_elsewhere").to_owned(),
        CaseFlag::UnprovenAnswer => words.say(language, "flag.unproven_answer").to_owned(),
        CaseFlag::NotAcknowledged(why) => {
            words.fill(language, "flag.not_acknowledged", &[("why", &words.rule(language, why))])
        }
        CaseFlag::Unreadable => words.say(language, "flag.unreadable").to_owned(),
        CaseFlag::Partial => words.say(language, "flag.partial").to_owned(),
        CaseFlag::OtherLanguage(code) => words.fill(language, "flag.other_language", &[("code", code)]),
        CaseFlag::MarkedAnswered => words.say(language, "flag.marked_answered").to_owned(),
        CaseFlag::MaybeAcknowledged => words.say(language, "flag.maybe_acknowledged").to_owned(),
        CaseFlag::AfterLoss => words.say(language, "flag.after_loss").to_owned(),
        CaseFlag::PromiseDue => words.say(language, "flag.promise_due").to_owned(),
        CaseFlag::RefundNotTold => words.say(language, "flag.refund_not_told").to_owned(),
        CaseFlag::NewMessageSinceEdit => words.say(language, "flag.new_message_since_edit").to_owned(),
    }
}
