//! Floor 5: the page where reviewers read, correct and approve.
//!
//! [`serve`] answers until told to stop. Every page works without JavaScript; mail is
//! shown as text, and its HTML, made harmless, in a frame that can do nothing.

mod acting;
mod alerts;
mod aside;
mod case_page;
mod editor;
mod evidence;
mod fail;
mod guard;
mod handling;
mod limiter;
mod originals;
mod outbox_page;
mod pages;
mod paging;
mod phrases;
mod place;
mod queue_page;
mod room;
mod routes;
mod server;
mod session;
mod sign_in;
mod times;
mod visit;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

pub use evidence::Evidence;
pub use server::serve;
pub use words::{Language, Words};

use crate::daemon::review::Review;
use crate::domain::Asset;
use crate::ports::{Clock, Health, Ids, Reviewers};

/// How the desk is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; its address is an allowed `Host`.
    pub listen: SocketAddr,
    /// Other names it is reached by (`Host` allow-list); loopback names are always allowed.
    pub public_hosts: Vec<String>,
    /// Reached over TLS: the cookie is `__Host-guichet`, `Secure`, and `Origin` must be https.
    pub secure_cookie: bool,
    /// Behind a proxy: the client's address is the last one of `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// A sign-in lasts this long.
    pub session_lifetime: SignedDuration,
    /// What times are shown in.
    pub time_zone: TimeZone,
}

impl Settings {
    /// Settings for a desk on loopback without TLS.
    pub fn local(listen: SocketAddr) -> Self {
        Self {
            listen,
            public_hosts: Vec::new(),
            secure_cookie: false,
            behind_proxy: false,
            session_lifetime: SignedDuration::from_hours(12),
            time_zone: TimeZone::UTC,
        }
    }
}

/// Everything a [`Desk`] is made of.
pub struct DeskParts {
    /// How it is reached.
    pub settings: Settings,
    /// The steps a reviewer may take.
    pub review: Arc<Review>,
    /// Who may sign in.
    pub reviewers: Arc<dyn Reviewers>,
    /// Heartbeats and alarms.
    pub health: Arc<dyn Health>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bits for sessions and tokens.
    pub ids: Arc<dyn Ids>,
}

/// The desk. Cheap to clone; clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

/// Passwords tried at once: each takes 19 MiB (Argon2id), and anybody may ask.
const PASSWORDS_AT_ONCE: usize = 2;

struct Inner {
    parts: DeskParts,
    pages: pages::Pages,
    sessions: session::Sessions,
    limits: limiter::Limits,
    /// Room for one more password to be tried.
    trying: tokio::sync::Semaphore,
}

impl Desk {
    /// Loads the pages (`desk/…` among the template assets) and checks each.
    ///
    /// # Errors
    /// When a page or the phrases are missing or broken; names the file.
    pub fn new(parts: DeskParts, templates: &[Asset]) -> anyhow::Result<Self> {
        let pages = pages::Pages::load(templates)?;
        let sessions = session::Sessions::new(parts.settings.session_lifetime);
        let trying = tokio::sync::Semaphore::new(PASSWORDS_AT_ONCE);
        Ok(Self { inner: Arc::new(Inner { parts, pages, sessions, limits: limiter::Limits::default(), trying }) })
    }

    /// All pages as a service, to be called without a connection; `peer` is who seems to ask.
    pub fn router(&self, peer: SocketAddr) -> axum::Router {
        routes::router(self.clone()).layer(axum::Extension(visit::Peer(peer)))
    }

    /// A path that signs this reviewer in once, e.g. for the demo's terminal. Forgotten at the end
    /// of the process; the reviewer must exist when it is followed.
    pub fn one_time_path(&self, reviewer: &str) -> String {
        let token = self.inner.parts.ids.salt();
        self.inner.sessions.allow_once(&token, reviewer);
        format!("/sign-in/once/{token}")
    }

    fn settings(&self) -> &Settings {
        &self.inner.parts.settings
    }

    fn review(&self) -> &Review {
        &self.inner.parts.review
    }

    fn now(&self) -> jiff::Timestamp {
        self.inner.parts.clock.now()
    }
}
