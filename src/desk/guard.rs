//! What stands around every page: which names we answer to, where forms may come from, and the
//! headers that tell the browser to trust nothing but us.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;

use super::fail::Fail;
use super::visit::language_of;
use super::words::Language;
use super::{Desk, Settings};
use crate::daemon::review::ReviewError;
use crate::ports::store::StoreError;

const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// On every answer. The referrer policy is `same-origin`, not `no-referrer`: under the latter
/// browsers send `Origin: null` with our own forms, which could then not be told from foreign ones;
/// to other sites both send nothing.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cache-control", "no-store"),
];

/// What strangers made, which is no page of ours. An answer that carries it is dressed more tightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    /// A file to be saved. Should a browser show it all the same, nothing in it acts.
    File,
    /// For a frame on a page of ours, and in nobody else's: no script, no loading, no way out, an origin of its own.
    Frame,
}

impl Apart {
    /// What differs from [`HEADERS`].
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::File => &[("content-security-policy", "default-src 'none'; sandbox")],
            Self::Frame => &[
                (
                    "content-security-policy",
                    "default-src 'none'; style-src 'unsafe-inline'; sandbox; form-action 'none'; base-uri 'none'; \
                     frame-ancestors 'self'",
                ),
                ("x-frame-options", "SAMEORIGIN"),
                ("referrer-policy", "no-referrer"),
                // A page of its own group cannot be sandboxed; opened by itself it would be an error.
                ("cross-origin-opener-policy", "unsafe-none"),
            ],
        }
    }
}

/// Checks a request before any handler sees it.
pub(super) async fn check(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !host_allowed(desk.settings(), host) {
        return Fail::Refused(StatusCode::MISDIRECTED_REQUEST, "error.host").into_response();
    }
    if !is_looking(&request) && !same_origin(request.headers(), host, desk.settings().secure_cookie) {
        return Fail::Refused(StatusCode::FORBIDDEN, "error.origin").into_response();
    }
    next.run(request).await
}

/// Adds the headers and turns a [`Fail`] into its page.
pub(super) async fn dress(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let language = language_of(request.headers());
    let looking = is_looking(&request);
    let mut response = next.run(request).await;
    if let Some(fail) = response.extensions_mut().remove::<Arc<Fail>>() {
        response = fail_page(&desk, language, looking, &fail);
    } else if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let too_large = Fail::Refused(StatusCode::PAYLOAD_TOO_LARGE, "error.too_large");
        response = fail_page(&desk, language, looking, &too_large);
    }
    let apart = response.extensions_mut().remove::<Apart>().map_or(&[][..], Apart::headers);
    for (name, value) in HEADERS.iter().chain(apart) {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// Nothing was to be changed.
fn is_looking(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

fn fail_page(desk: &Desk, language: Language, looking: bool, fail: &Fail) -> Response {
    let words = desk.inner.pages.words();
    let lang = language.code();
    let (page, context) = match fail {
        Fail::SignIn { next, text: None } => {
            let query = next.as_deref().map_or_else(String::new, |next| format!("?next={next}"));
            return Redirect::to(&format!("/sign-in{query}")).into_response();
        }
        Fail::SignIn { text: Some(text), .. } => ("signed_out", context! { lang, text }),
        Fail::Refused(_, key) => ("error", context! { lang, message => words.say(language, key) }),
        Fail::Review(ReviewError::Store(
            error @ (StoreError::Temporary(_) | StoreError::Permanent(_) | StoreError::Damaged(_)),
        )) if looking => {
            tracing::warn!(%error, "the store cannot be read for the desk");
            // Only who is signed in gets so far, so the alarms may be told.
            let alarms: Vec<String> =
                desk.inner.parts.health.alarms().into_iter().map(|alarm| alarm.sentence).collect();
            ("error", context! { lang, alarms, message => words.say(language, "error.unreadable") })
        }
        Fail::Review(error) => ("error", context! { lang, message => review_words(desk, language, error) }),
        Fail::Broken(detail) => {
            tracing::error!(detail, "the desk could not answer a request");
            ("error", context! { lang, message => words.say(language, "error.broken") })
        }
    };
    match desk.inner.pages.render(page, context) {
        Ok(html) => (fail.status(), axum::response::Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the desk's error page is broken");
            fail.status().into_response()
        }
    }
}

/// A refused step in the reader's language.
pub(super) fn review_words(desk: &Desk, language: Language, error: &ReviewError) -> String {
    use ReviewError as E;
    let words = desk.inner.pages.words();
    let say = |key: &str| words.say(language, key).to_owned();
    match error {
        E::Stale { .. } => say("refused.stale"),
        E::AlreadyApproved => say("refused.already_approved"),
        E::NoRecipient => say("refused.no_recipient"),
        E::EmptyText => say("refused.empty_text"),
        E::BadAddress(text) => words.fill(language, "refused.bad_address", &[("text", text)]),
        E::NoDraft => say("refused.no_draft"),
        E::NoNewer => say("refused.no_newer"),
        E::Shadow => say("refused.shadow"),
        E::Frozen => say("refused.frozen"),
        E::Unconfirmed(why) => words.label(language, "confirm", why.as_str()),
        E::NotYours { kind, who } => {
            words.fill(language, &format!("refused.role_{}", kind.as_str()), &[("who", &who.join(", "))])
        }
        E::OwnRefusal { case, others } => {
            words.fill(language, "refused.own_refusal", &[("case", case.as_str()), ("others", &others.join(", "))])
        }
        E::UnknownTemplate(name) => words.fill(language, "refused.unknown_template", &[("name", name.as_str())]),
        E::UnknownMailbox(name) => words.fill(language, "refused.unknown_mailbox", &[("name", name)]),
        E::NoVerdict => say("refused.no_verdict"),
        E::Wording(why) => words.fill(language, "refused.wording", &[("why", why)]),
        E::Missing(_) => say("error.not_found"),
        E::Store(StoreError::Illegal(step)) => words.fill(language, "refused.illegal", &[("why", &step.to_string())]),
        E::Store(error) => {
            tracing::warn!(%error, "the store refused a reviewer's step");
            say("refused.store")
        }
    }
}

/// Without its port; `[::1]:8025` → `::1`.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(name, _)| name);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// A foreign name that resolves to this machine (DNS rebinding) must not reach the pages.
fn host_allowed(settings: &Settings, host: &str) -> bool {
    let name = host_name(host).trim_end_matches('.');
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    if let Ok(address) = name.parse::<IpAddr>()
        && (address.is_loopback() || (address == settings.listen.ip() && !address.is_unspecified()))
    {
        return true;
    }
    settings.public_hosts.iter().any(|known| host_name(known).eq_ignore_ascii_case(name))
}

/// Whether the browser says that the form came from a page of ours.
fn same_origin(headers: &HeaderMap, host: &str, https: bool) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) => {
            let authority = match origin.split_once("://") {
                Some(("https", authority)) => authority,
                Some(("http", authority)) if !https => authority,
                _ => return false,
            };
            authority.eq_ignore_ascii_case(host)
        }
        None => headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let mut settings = Settings::local("192.0.2.7:8025".parse().unwrap());
        settings.public_hosts = vec!["desk.shop.example".into()];
        settings
    }

    #[test]
    fn only_our_names_are_answered() {
        for host in [
            "localhost",
            "127.0.0.1:8025",
            "[::1]:8025",
            "192.0.2.7:8025",
            "Desk.Shop.Example",
            "desk.shop.example.:443",
        ] {
            assert!(host_allowed(&settings(), host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "192.0.2.8",
            "desk.shop.example.evil.example",
            "127.0.0.1.evil.example:80",
        ] {
            assert!(!host_allowed(&settings(), host), "{host}");
        }
    }

    #[test]
    fn forms_come_from_our_own_pages() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(header::HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        assert!(same_origin(&headers("origin", "http://localhost:1"), "localhost:1", false));
        assert!(same_origin(&headers("origin", "https://a.example"), "A.example", true));
        assert!(same_origin(&headers("sec-fetch-site", "same-origin"), "localhost:1", false));
        for (name, value) in [
            ("origin", "null"),
            ("origin", "http://localhost:2"),
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("x-other", "1"),
        ] {
            assert!(!same_origin(&headers(name, value), "localhost:1", false), "{name}: {value}");
        }
        assert!(!same_origin(&headers("origin", "http://a.example"), "a.example", true));
    }
}
