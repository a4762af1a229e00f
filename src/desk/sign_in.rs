//! Signing in and out.

use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use minijinja::context;
use serde::Deserialize;

use super::Desk;
use super::fail::Fail;
use super::visit::{Fields, Posted, client_address, cookie_name, language_of, session_id};
use super::words::Language;
use crate::ports::Reviewer;

/// How long a sign-in waits while others' passwords are tried.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(super) struct Onward {
    next: Option<String>,
}

/// One of our own pages, or the queue: never another site.
fn own_path(next: Option<&str>) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    next.filter(|next| next.starts_with('/') && !next.starts_with("//") && next.chars().all(plain)).unwrap_or("/queue")
}

pub(super) async fn form(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(onward): Query<Onward>,
) -> Result<Response, Fail> {
    let next = own_path(onward.next.as_deref());
    page(&desk, language_of(&headers), StatusCode::OK, None, "", next)
}

fn page(
    desk: &Desk,
    language: Language,
    status: StatusCode,
    problem: Option<&str>,
    name: &str,
    next: &str,
) -> Result<Response, Fail> {
    let problem = problem.map(|key| desk.inner.pages.words().say(language, key));
    let html = desk.inner.pages.render("sign_in", context! { lang => language.code(), problem, name, next })?;
    Ok((status, Html(html)).into_response())
}

pub(super) async fn submit(State(desk): State<Desk>, request: Request) -> Result<Response, Fail> {
    let (parts, body) = request.into_parts();
    let address = client_address(&desk, &parts);
    let language = language_of(&parts.headers);
    let old = session_id(&desk, &parts.headers);
    let fields = Fields::read(Request::from_parts(parts, body), &desk).await?;
    let name = fields.get("name").unwrap_or_default().trim().to_lowercase();
    let password = fields.get("password").unwrap_or_default();
    let next = own_path(fields.get("next"));
    // Before the try is counted: who waits in vain has not failed.
    let Ok(Ok(_room)) = tokio::time::timeout(LONGEST_WAIT, desk.inner.trying.acquire()).await else {
        tracing::warn!("many passwords are being tried at the desk; a sign-in waited in vain");
        return page(&desk, language, StatusCode::TOO_MANY_REQUESTS, Some("sign_in.busy"), &name, next);
    };
    if !desk.inner.limits.try_once(&name, address, desk.now()) {
        tracing::warn!(%address, "too many failed sign-ins at the desk; further tries are refused for some minutes");
        return page(&desk, language, StatusCode::TOO_MANY_REQUESTS, Some("sign_in.too_many"), &name, next);
    }
    let Some(reviewer) = desk.inner.parts.reviewers.verify(&name, password).await? else {
        tracing::info!(%address, "a sign-in at the desk failed");
        return page(&desk, language, StatusCode::UNAUTHORIZED, Some("sign_in.wrong"), &name, next);
    };
    desk.inner.limits.succeeded(&name, address);
    Ok(begin(&desk, old, reviewer, next))
}

pub(super) async fn once(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Fail> {
    let used = Fail::Refused(StatusCode::UNAUTHORIZED, "sign_in.link_used");
    let name = desk.inner.sessions.redeem(&token).ok_or_else(|| used.clone())?;
    let reviewer = desk.inner.parts.reviewers.find(&name).await?.ok_or(used)?;
    Ok(begin(&desk, session_id(&desk, &headers), reviewer, "/queue"))
}

/// A new session under a new id; the old one, if any, ends.
fn begin(desk: &Desk, old: Option<String>, reviewer: Reviewer, next: &str) -> Response {
    if let Some(old) = old {
        desk.inner.sessions.end(&old);
    }
    let (id, csrf) = (desk.inner.parts.ids.salt(), desk.inner.parts.ids.salt());
    tracing::info!(reviewer = %reviewer.name, "a reviewer signed in at the desk");
    desk.inner.sessions.begin(&id, csrf, reviewer, desk.now());
    let seconds = desk.inner.sessions.lifetime().as_secs();
    with_cookie(desk, Redirect::to(next), &id, seconds)
}

fn with_cookie(desk: &Desk, onward: Redirect, id: &str, seconds: i64) -> Response {
    let secure = if desk.settings().secure_cookie { "; Secure" } else { "" };
    let name = cookie_name(desk);
    let cookie = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    ([(header::SET_COOKIE, cookie)], onward).into_response()
}

pub(super) async fn out(Posted { visit, .. }: Posted) -> Response {
    visit.desk.inner.sessions.end(&visit.id);
    with_cookie(&visit.desk, Redirect::to("/sign-in"), "", 0)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn signing_in_leads_to_our_own_pages_only() {
        assert_eq!(own_path(Some("/case/G-7K3Q")), "/case/G-7K3Q");
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/a?b", "evil", ""] {
            assert_eq!(own_path(Some(next)), "/queue", "{next}");
        }
    }
}
