//! What a reviewer does about a case beside its reply: set the basis, note a call, settle a promise, tell the payment
//! side again. Each first keeps what was typed into the reply.

use axum::extract::Path;
use axum::response::Response;

use super::acting::{answer, case_id, case_path, keep};
use super::fail::Fail;
use super::session::Flash;
use super::visit::Posted;
use crate::daemon::review::{ReviewResult, Seen};
use crate::domain::record::CallDirection;
use crate::domain::{Basis, CaseId};

/// Shows the case again, with a word about what was done.
async fn done(posted: &Posted, case: &CaseId, flash: &'static str, step: ReviewResult<()>) -> Result<Response, Fail> {
    answer(posted, case, step.map(|()| (case_path(case), Some(Flash::of(flash))))).await
}

pub(super) async fn basis(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let step = set_basis(&posted, &case).await;
    done(&posted, &case, "flash.basis", step).await
}

async fn set_basis(posted: &Posted, case: &CaseId) -> ReviewResult<()> {
    let Posted { visit, fields } = posted;
    let revision = keep(posted, case).await?;
    // Nothing chosen takes a correction back.
    let basis = fields.get("basis").and_then(Basis::from_label);
    let seen = Seen { revision, entries: None };
    visit.desk.review().correct_basis(case, seen, basis, &visit.session.reviewer).await.map(drop)
}

pub(super) async fn call(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let step = log_call(&posted, &case).await;
    done(&posted, &case, "flash.called", step).await
}

async fn log_call(posted: &Posted, case: &CaseId) -> ReviewResult<()> {
    let Posted { visit, fields } = posted;
    keep(posted, case).await?;
    let direction = match fields.get("direction") {
        Some("outgoing") => CallDirection::Outgoing,
        _ => CallDirection::Incoming,
    };
    let note = fields.text("note").unwrap_or_default();
    visit.desk.review().log_call(case, direction, &note, &visit.session.reviewer).await
}

pub(super) async fn kept(Path((case, n)): Path<(String, u64)>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let step = keep_promise(&posted, &case, n).await;
    done(&posted, &case, "flash.kept", step).await
}

async fn keep_promise(posted: &Posted, case: &CaseId, n: u64) -> ReviewResult<()> {
    keep(posted, case).await?;
    posted.visit.desk.review().keep_promise(case, n, &posted.visit.session.reviewer).await
}

pub(super) async fn tell_again(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let step = tell(&posted, &case).await;
    done(&posted, &case, "flash.told_again", step).await
}

async fn tell(posted: &Posted, case: &CaseId) -> ReviewResult<()> {
    keep(posted, case).await?;
    posted.visit.desk.review().tell_stuck_again(case, &posted.visit.session.reviewer).await.map(drop)
}
