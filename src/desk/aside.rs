//! What is no case: machines' messages, and messages that could not be fetched.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;

use super::alerts::{self, Place};
use super::fail::Fail;
use super::paging::Paging;
use super::session::Flash;
use super::times;
use super::visit::{Posted, SignedIn};

/// Machines' messages in pages; what could not be fetched all at once, for somebody has to look at each.
pub(super) async fn show(Query(paging): Query<Paging>, visit: SignedIn) -> Result<Response, Fail> {
    let (automated, quarantined) = visit.desk.review().set_aside(paging.wanted()).await?;
    let (automated, beside) = paging.cut(automated);
    let alerts = visit.desk.review().alerts().await?;
    let alerts: Vec<_> = alerts.iter().map(|alert| alerts::view(&visit, alert, Place::Aside)).collect();
    let words = visit.desk.inner.pages.words();
    let moment = |at| times::moment(visit.language, &visit.desk.settings().time_zone, at, visit.desk.now());
    let machines: Vec<_> = automated
        .iter()
        .map(|m| {
            context! {
                from => m.from, subject => m.subject, at => moment(m.at),
                why => words.rule(visit.language, &m.why),
                mailbox => m.location.folder.mailbox, location => m.location.name,
            }
        })
        .collect();
    let failed: Vec<_> = quarantined
        .iter()
        .map(|q| {
            context! {
                why => q.why, at => moment(q.at),
                mailbox => q.location.folder.mailbox, location => q.location.name,
            }
        })
        .collect();
    visit.page(StatusCode::OK, "aside", context! { alerts, machines, failed, beside, path => "/aside?" })
}

pub(super) async fn release_breaker(Path(mailbox): Path<String>, posted: Posted) -> Result<Response, Fail> {
    posted.visit.desk.review().release_breaker(&mailbox).await?;
    posted.visit.flash(Flash::of("flash.breaker_released"));
    Ok(Redirect::to("/queue").into_response())
}

/// The notice of a loss stands on every page until somebody has read it.
pub(super) async fn dismiss_loss(posted: Posted) -> Result<Response, Fail> {
    posted.visit.desk.review().dismiss_loss().await?;
    posted.visit.desk.inner.parts.health.loss_dismissed();
    posted.visit.flash(Flash::of("flash.loss_dismissed"));
    Ok(Redirect::to("/queue").into_response())
}
