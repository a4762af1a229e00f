//! The case page's buttons. Each first keeps what was typed; a refusal shows the page again with
//! the reviewer's text still in the form.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::case_page::{Refusal, render};
use super::editor::{Typed, changes, seen};
use super::fail::Fail;
use super::session::Flash;
use super::visit::Posted;
use crate::daemon::review::{ReviewError, ReviewResult};
use crate::domain::{CaseId, TemplateName};

pub(super) fn case_id(text: &str) -> Result<CaseId, Fail> {
    CaseId::parse(text).map_err(|_| Fail::NOT_FOUND)
}

/// Goes on to `path`, or shows the case again with the refusal and the typed text.
pub(super) async fn answer(
    posted: &Posted,
    case: &CaseId,
    outcome: ReviewResult<(String, Option<Flash>)>,
) -> Result<Response, Fail> {
    let visit = &posted.visit;
    match outcome {
        Ok((path, flash)) => {
            if let Some(flash) = flash {
                visit.flash(flash);
            }
            Ok(Redirect::to(&path).into_response())
        }
        Err(ReviewError::AlreadyApproved) => {
            visit.flash(Flash::of("refused.already_approved"));
            Ok(Redirect::to(&case_path(case)).into_response())
        }
        Err(error @ (ReviewError::Missing(_) | ReviewError::Store(_) | ReviewError::UnknownMailbox(_)))
            if Typed::of(&posted.fields).is_none() =>
        {
            Err(error.into())
        }
        Err(error) => {
            let (typed, note) = (Typed::of(&posted.fields), posted.fields.text("note"));
            render(visit, case, Some(Refusal { error, typed, note })).await
        }
    }
}

pub(super) fn case_path(case: &CaseId) -> String {
    format!("/case/{case}")
}

/// Saves the typed draft and the corrected verdict; the revision that then holds.
pub(super) async fn keep(posted: &Posted, case: &CaseId) -> ReviewResult<u64> {
    let Posted { visit, fields } = posted;
    let review = visit.desk.review();
    let emptied = Typed::of(fields).is_some_and(|typed| typed.to.is_empty());
    if emptied && review.look(case).await?.draft.is_some_and(|draft| draft.to.is_some()) {
        return Err(ReviewError::NoRecipient);
    }
    review.save(case, seen(fields), changes(fields)?, &visit.session.reviewer).await
}

pub(super) async fn save(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let kept = keep(&posted, &case).await;
    answer(&posted, &case, kept.map(|_| (case_path(&case), Some(Flash::of("flash.saved"))))).await
}

pub(super) async fn correct(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let kept = keep(&posted, &case).await;
    answer(&posted, &case, kept.map(|_| (case_path(&case), Some(Flash::of("flash.corrected"))))).await
}

pub(super) async fn approve(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let outcome = approved(&posted, &case).await;
    answer(&posted, &case, outcome).await
}

async fn approved(posted: &Posted, case: &CaseId) -> ReviewResult<(String, Option<Flash>)> {
    let Posted { visit, fields } = posted;
    if Typed::of(fields).is_some_and(|typed| typed.to.is_empty()) {
        return Err(ReviewError::NoRecipient);
    }
    let mail = visit.desk.review().approve(case, seen(fields), changes(fields)?, &visit.session.reviewer).await?;
    let flash = Flash { take_back: Some((case.clone(), mail)), ..Flash::of("flash.approved") };
    Ok(("/queue".into(), Some(flash)))
}

pub(super) async fn use_template(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let Posted { visit, fields } = &posted;
    let template = TemplateName::new(fields.get("template").unwrap_or_default());
    let kept_text = worth_keeping(&posted, &case).await?;
    let outcome = visit.desk.review().use_template(&case, seen(fields), &template, &visit.session.reviewer).await;
    let flash = Flash { kept_text, ..Flash::of("flash.template") };
    answer(&posted, &case, outcome.map(|_| (case_path(&case), Some(flash)))).await
}

pub(super) async fn take_newer(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let visit = &posted.visit;
    let kept_text = worth_keeping(&posted, &case).await?;
    let outcome = visit.desk.review().take_newer(&case, seen(&posted.fields), &visit.session.reviewer).await;
    let flash = Flash { kept_text, ..Flash::of("flash.newer") };
    answer(&posted, &case, outcome.map(|_| (case_path(&case), Some(flash)))).await
}

/// The text a template is about to replace, when a person had a hand in it.
async fn worth_keeping(posted: &Posted, case: &CaseId) -> Result<Option<String>, Fail> {
    let draft = posted.visit.desk.review().look(case).await?.draft;
    let typed = Typed::of(&posted.fields).map(|typed| typed.body);
    Ok(typed
        .filter(|text| draft.is_none_or(|draft| draft.edited_by.is_some() || draft.body.trim_end() != text.trim_end())))
}

pub(super) async fn dismiss(Path(case): Path<String>, posted: Posted) -> Result<Response, Fail> {
    let case = case_id(&case)?;
    let Posted { visit, fields } = &posted;
    let why = fields.get("why").unwrap_or_default();
    let outcome = visit.desk.review().dismiss(&case, seen(fields), why, &visit.session.reviewer).await;
    answer(&posted, &case, outcome.map(|()| ("/queue".to_owned(), Some(Flash::of("flash.dismissed"))))).await
}
