//! Machines' messages that a person must know of, as the pages show them.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use minijinja::{Value, context};

use super::fail::Fail;
use super::session::Flash;
use super::times;
use super::visit::{Posted, SignedIn};
use crate::domain::MessageKey;
use crate::ports::store::MachineAlert;

/// Where an alert is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Above the queue: one line with a link.
    Queue,
    /// Among what is set aside, with the beginning of its text.
    Aside,
    /// On the page of the case that it concerns.
    Case,
}

pub(super) fn view(visit: &SignedIn, alert: &MachineAlert, place: Place) -> Value {
    let words = visit.desk.inner.pages.words();
    let from = alert.from.as_deref().unwrap_or("—");
    let kind = words.label(visit.language, "alert_kind", alert.kind.as_str());
    let values = [("from", from), ("kind", kind.as_str()), ("subject", alert.subject.as_str())];
    context! {
        key => alert.key.to_hex(),
        kind => alert.kind.as_str(),
        line => words.fill(visit.language, "machine_alert.line", &values),
        case => alert.case.as_ref().map(|case| case.as_str()),
        excerpt => (place != Place::Queue).then_some(alert.excerpt.as_str()),
        here => place == Place::Case,
        at => times::moment(visit.language, &visit.desk.settings().time_zone, alert.at, visit.desk.now()),
    }
}

pub(super) async fn dismiss(Path(key): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let key = MessageKey::from_hex(&key).map_err(|_| Fail::NOT_FOUND)?;
    posted.visit.desk.review().dismiss_alert(key, &posted.visit.session.reviewer).await?;
    posted.visit.flash(Flash::of("flash.alert_dismissed"));
    Ok(Redirect::to("/queue").into_response())
}
