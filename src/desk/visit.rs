//! Who asks, in which language, and with which form.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Value, context};
use subtle::ConstantTimeEq as _;

use super::Desk;
use super::fail::Fail;
use super::session::{Flash, Session};
use super::words::Language;

/// The address a connection came from; put into each request by the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

/// The reader's language.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::accepted(header.unwrap_or_default())
}

/// The session cookie's name: the `__Host-` prefix makes browsers insist on Secure and Path=/.
pub(super) fn cookie_name(desk: &Desk) -> &'static str {
    if desk.settings().secure_cookie { "__Host-guichet" } else { "guichet" }
}

/// The session id the browser shows.
pub(super) fn session_id(desk: &Desk, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(desk);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, id)| id.to_owned())
}

/// Where the request came from, for counting failed sign-ins.
pub(super) fn client_address(desk: &Desk, parts: &Parts) -> IpAddr {
    let forwarded = || {
        let last = parts.headers.get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    if desk.settings().behind_proxy { forwarded().unwrap_or(peer) } else { peer }
}

/// A signed-in reviewer's request.
pub(super) struct SignedIn {
    pub desk: Desk,
    pub language: Language,
    pub id: String,
    pub session: Session,
}

impl SignedIn {
    async fn of(parts: &Parts, desk: &Desk) -> Result<Self, Fail> {
        let next = (parts.method == Method::GET).then(|| parts.uri.path().to_owned());
        let missing = Fail::SignIn { next, text: None };
        let id = session_id(desk, &parts.headers).ok_or_else(|| missing.clone())?;
        let session = desk.inner.sessions.find(&id, desk.now()).ok_or_else(|| missing.clone())?;
        // Removed meanwhile, or given a new password: the session is void.
        let present = desk.inner.parts.reviewers.find(&session.reviewer.name).await?;
        if present.is_none_or(|reviewer| reviewer.since != session.reviewer.since) {
            desk.inner.sessions.end(&id);
            return Err(missing);
        }
        Ok(Self { desk: desk.clone(), language: language_of(&parts.headers), id, session })
    }

    /// A page inside the common frame.
    pub fn page(&self, status: StatusCode, page: &str, own: Value) -> Result<Response, Fail> {
        let flash = self.desk.inner.sessions.take_flash(&self.id);
        let words = self.desk.inner.pages.words();
        let alarms = self.desk.inner.parts.health.alarms();
        let frame = context! {
            lang => self.language.code(),
            csrf => self.session.csrf,
            reviewer => self.session.reviewer.display_name,
            page,
            shadow => self.desk.review().is_shadow(),
            alarms => alarms.iter().map(|alarm| context! { sentence => alarm.sentence, loss => alarm.loss }).collect::<Vec<_>>(),
            flash => flash.as_ref().map(|flash| words.say(self.language, flash.key)),
            kept_text => flash.as_ref().and_then(|flash| flash.kept_text.as_deref()),
            take_back => flash.as_ref().and_then(|flash| flash.take_back.as_ref()).map(|(case, mail)| {
                context! { case => case.as_str(), mail => mail.as_str() }
            }),
        };
        let html = self.desk.inner.pages.render(page, context! { ..own, ..frame })?;
        Ok((status, Html(html)).into_response())
    }

    /// Says something on the next page.
    pub fn flash(&self, flash: Flash) {
        self.desk.inner.sessions.set_flash(&self.id, flash);
    }
}

impl FromRequestParts<Desk> for SignedIn {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Fail> {
        Self::of(parts, desk).await
    }
}

/// A form must be here within this time: a client that trickles it holds a connection for no longer.
const BODY_TIME: Duration = Duration::from_secs(15);

/// A form's fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form's body.
    pub async fn read(request: Request, desk: &Desk) -> Result<Self, Fail> {
        let reading = Form::<Vec<(String, String)>>::from_request(request, desk);
        let Ok(read) = tokio::time::timeout(BODY_TIME, reading).await else {
            return Err(Fail::Refused(StatusCode::REQUEST_TIMEOUT, "error.too_slow"));
        };
        match read {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Fail::Refused(StatusCode::PAYLOAD_TOO_LARGE, "error.too_large"))
            }
            Err(_) => Err(Fail::Refused(StatusCode::BAD_REQUEST, "error.bad_form")),
        }
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All fields of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text area's content with plain line ends (browsers send CRLF).
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.replace("\r\n", "\n").replace('\r', "\n"))
    }
}

/// A signed-in reviewer's form, its token checked.
pub(super) struct Posted {
    pub visit: SignedIn,
    pub fields: Fields,
}

impl FromRequest<Desk> for Posted {
    type Rejection = Fail;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Fail> {
        let (parts, body) = request.into_parts();
        let visit = SignedIn::of(&parts, desk).await;
        let fields = Fields::read(Request::from_parts(parts, body), desk).await?;
        let visit = match visit {
            // The session ended while the reviewer was writing: show the text, so that it is not lost.
            Err(Fail::SignIn { .. }) => return Err(Fail::SignIn { next: None, text: fields.text("body") }),
            other => other?,
        };
        let token = fields.get("csrf").unwrap_or_default();
        if !bool::from(token.as_bytes().ct_eq(visit.session.csrf.as_bytes())) {
            return Err(Fail::Refused(StatusCode::FORBIDDEN, "error.csrf"));
        }
        Ok(Self { visit, fields })
    }
}
