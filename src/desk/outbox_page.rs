//! The outbox: what needs a person first, then what waits, then the latest.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;
use serde::Serialize;

use super::fail::Fail;
use super::session::Flash;
use super::times;
use super::visit::{Posted, SignedIn};
use crate::domain::message::RawMessage;
use crate::domain::{CaseId, DeliveryState, OutgoingId, OutgoingKind, OutgoingMail};
use crate::reading;

/// Rows on one page.
const MOST_ROWS: usize = 200;

/// One mail, as outbox and case page show it.
#[derive(Serialize)]
pub(super) struct MailRow {
    id: String,
    case: String,
    pub kind: &'static str,
    state: String,
    to: String,
    detail: Option<String>,
    at: String,
    attempts: u32,
    held: bool,
    /// It is held, and a copy may lie in the customer's mailbox.
    may_have_left: bool,
    /// A held reply: the customer has written since it was approved.
    overtaken: bool,
    waits: bool,
    troubled: bool,
    /// On a case page: what it says.
    text: Option<String>,
}

impl MailRow {
    /// With the text as its recipient reads it, from the frozen bytes.
    pub fn with_text(self, mail: &OutgoingMail) -> Self {
        let raw = RawMessage { bytes: mail.bytes.clone(), arrived_at: mail.created_at, partial: false };
        let text = reading::read(&raw).text;
        Self { text: (!text.is_empty()).then_some(text), ..self }
    }
}

pub(super) fn mail_row(visit: &SignedIn, mail: &OutgoingMail) -> MailRow {
    let (at, detail) = match &mail.state {
        DeliveryState::Pending { not_before } => (*not_before, mail.last_problem.clone()),
        DeliveryState::Attempting { since, .. } | DeliveryState::InDoubt { since, .. } => {
            (*since, mail.last_problem.clone())
        }
        DeliveryState::Sent { at, response } => (*at, Some(response.clone())),
        DeliveryState::Rejected { at, why } | DeliveryState::Cancelled { at, why } => (*at, Some(why.clone())),
        DeliveryState::Held { why, .. } => (mail.created_at, Some(why.clone())),
    };
    let recipients: Vec<String> = mail.recipients.iter().map(|to| to.email.to_string()).collect();
    MailRow {
        id: mail.id.to_string(),
        case: mail.case.to_string(),
        kind: match mail.kind {
            OutgoingKind::Acknowledgement => "acknowledgement",
            OutgoingKind::Reply => "reply",
        },
        state: mail.state.name().replace(' ', "_"),
        to: recipients.join(", "),
        detail: detail.filter(|detail| !detail.is_empty()),
        at: times::moment(visit.language, &visit.desk.settings().time_zone, at, visit.desk.now()),
        attempts: mail.attempts,
        held: matches!(mail.state, DeliveryState::Held { .. }),
        may_have_left: matches!(mail.state, DeliveryState::Held { may_have_left: true, .. }),
        overtaken: false,
        waits: matches!(mail.state, DeliveryState::Pending { .. }),
        troubled: matches!(
            mail.state,
            DeliveryState::Held { .. } | DeliveryState::InDoubt { .. } | DeliveryState::Rejected { .. }
        ),
        text: None,
    }
}

pub(super) async fn show(visit: SignedIn) -> Result<Response, Fail> {
    let mails = visit.desk.review().outbox(MOST_ROWS).await?;
    let mut rows: Vec<MailRow> = Vec::new();
    for mail in &mails {
        let overtaken = visit.desk.review().is_overtaken(mail).await?;
        rows.push(MailRow { overtaken, ..mail_row(&visit, mail) });
    }
    visit.page(StatusCode::OK, "outbox", context! { rows })
}

pub(super) async fn release(Path(mail): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let visit = &posted.visit;
    visit.desk.review().release(&OutgoingId::new(mail), &visit.session.reviewer).await?;
    visit.flash(Flash::of("flash.released"));
    Ok(onward(&posted))
}

pub(super) async fn cancel(Path(mail): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let visit = &posted.visit;
    let why = visit.desk.inner.pages.words().say(visit.language, "outbox.cancelled_by_hand");
    visit.desk.review().cancel(&OutgoingId::new(mail), why, &visit.session.reviewer).await?;
    visit.flash(Flash::of("flash.cancelled"));
    Ok(onward(&posted))
}

/// Back to the case the button stood on, or to the outbox.
fn onward(posted: &Posted) -> Response {
    let case = posted.fields.get("case").and_then(|case| CaseId::parse(case).ok());
    let path = case.map_or_else(|| "/outbox".to_owned(), |case| format!("/case/{case}"));
    Redirect::to(&path).into_response()
}
