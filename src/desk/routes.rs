//! Which path leads where.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::fail::Fail;
use super::{
    Desk, acting, alerts, aside, case_page, evidence, guard, handling, originals, outbox_page, queue_page, sign_in,
};

/// A form may be this large; a reply is a few kilobytes.
const MOST_BYTES: usize = 256 * 1024;

/// All of the desk.
pub(super) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/queue") }))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-in/once/{token}", get(sign_in::once))
        .route("/sign-out", post(sign_in::out))
        .route("/queue", get(queue_page::queue))
        .route("/cases", get(queue_page::cases))
        .route("/case/{case}", get(case_page::show))
        .route("/case/{case}/save", post(acting::save))
        .route("/case/{case}/approve", post(acting::approve))
        .route("/case/{case}/template", post(acting::use_template))
        .route("/case/{case}/newer", post(acting::take_newer))
        .route("/case/{case}/dismiss", post(acting::dismiss))
        .route("/case/{case}/correct", post(acting::correct))
        .route("/case/{case}/basis", post(handling::basis))
        .route("/case/{case}/call", post(handling::call))
        .route("/case/{case}/promise/{n}/kept", post(handling::kept))
        .route("/case/{case}/tell-again", post(handling::tell_again))
        .route("/case/{case}/message/{message}/attachment/{n}", get(originals::download))
        .route("/case/{case}/message/{message}/html", get(originals::laid_out))
        .route("/case/{case}/evidence.zip", get(evidence::download))
        .route("/outbox", get(outbox_page::show))
        .route("/outbox/{mail}/release", post(outbox_page::release))
        .route("/outbox/{mail}/cancel", post(outbox_page::cancel))
        .route("/aside", get(aside::show))
        .route("/breaker/{mailbox}/release", post(aside::release_breaker))
        .route("/alert/{key}/dismiss", post(alerts::dismiss))
        .route("/loss/dismiss", post(aside::dismiss_loss))
        .route("/file/{name}", get(file))
        .route("/healthz", get(health))
        .fallback(|| async { Fail::NOT_FOUND })
        .method_not_allowed_fallback(|| async { Fail::NOT_FOUND })
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(from_fn_with_state(desk.clone(), guard::check))
        .layer(from_fn_with_state(desk.clone(), guard::dress))
        .layer(map_response(close_refused))
        .with_state(desk)
}

/// A body that was not read to its end cannot be followed by another request.
async fn close_refused(mut response: Response) -> Response {
    if matches!(response.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}

async fn file(State(desk): State<Desk>, Path(name): Path<String>) -> Result<Response, Fail> {
    let (media_type, bytes) = desk.inner.pages.file(&name).ok_or(Fail::NOT_FOUND)?;
    Ok(([(header::CONTENT_TYPE, media_type)], bytes.to_vec()).into_response())
}

/// For monitors: 200 while every worker's heartbeat is fresh. Tells nothing else.
async fn health(State(desk): State<Desk>) -> (StatusCode, &'static str) {
    if desk.inner.parts.health.fresh() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "a worker stands still\n")
    }
}
