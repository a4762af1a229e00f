//! Who is signed in. Sessions live in memory: a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::domain::{CaseId, OutgoingId};
use crate::ports::Reviewer;

/// More sessions than any shop has reviewers; beyond it the oldest end.
const MOST: usize = 1000;

/// Said once, on the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flash {
    /// Key of the phrase.
    pub key: &'static str,
    /// Text that a step replaced, so that nothing typed is lost.
    pub kept_text: Option<String>,
    /// The case and the reply just approved, which may still be taken back.
    pub take_back: Option<(CaseId, OutgoingId)>,
}

impl Flash {
    /// A phrase alone.
    pub fn of(key: &'static str) -> Self {
        Self { key, kept_text: None, take_back: None }
    }
}

/// One sign-in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Who, as of the sign-in.
    pub reviewer: Reviewer,
    /// The token in each of its forms.
    pub csrf: String,
    ends: Timestamp,
    flash: Option<Flash>,
}

#[derive(Debug)]
pub(super) struct Sessions {
    lifetime: SignedDuration,
    open: Mutex<HashMap<[u8; 32], Session>>,
    once: Mutex<HashMap<[u8; 32], String>>,
}

/// Secrets are kept as digests: looking one up tells nothing about the others by its time.
fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    pub fn new(lifetime: SignedDuration) -> Self {
        Self { lifetime, open: Mutex::default(), once: Mutex::default() }
    }

    pub fn lifetime(&self) -> SignedDuration {
        self.lifetime
    }

    /// Opens a session under a new id.
    pub fn begin(&self, id: &str, csrf: String, reviewer: Reviewer, now: Timestamp) {
        let mut open = locked(&self.open);
        open.retain(|_, session| session.ends > now);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.ends).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        let ends = now.saturating_add(self.lifetime).unwrap_or(Timestamp::MAX);
        open.insert(digest(id), Session { reviewer, csrf, ends, flash: None });
    }

    /// The session, unless it ended.
    pub fn find(&self, id: &str, now: Timestamp) -> Option<Session> {
        locked(&self.open).get(&digest(id)).filter(|session| session.ends > now).cloned()
    }

    pub fn end(&self, id: &str) {
        locked(&self.open).remove(&digest(id));
    }

    pub fn set_flash(&self, id: &str, flash: Flash) {
        if let Some(session) = locked(&self.open).get_mut(&digest(id)) {
            session.flash = Some(flash);
        }
    }

    pub fn take_flash(&self, id: &str) -> Option<Flash> {
        locked(&self.open).get_mut(&digest(id))?.flash.take()
    }

    /// Lets whoever shows this token in as `reviewer`, once.
    pub fn allow_once(&self, token: &str, reviewer: &str) {
        locked(&self.once).insert(digest(token), reviewer.to_owned());
    }

    /// Uses a token up.
    pub fn redeem(&self, token: &str) -> Option<String> {
        locked(&self.once).remove(&digest(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviewer() -> Reviewer {
        Reviewer { name: "ana".into(), display_name: "Ana".into(), since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_session_ends_by_time_or_by_word() {
        let sessions = Sessions::new(SignedDuration::from_hours(1));
        let now = Timestamp::UNIX_EPOCH;
        sessions.begin("id", "csrf".into(), reviewer(), now);
        assert!(sessions.find("id", now).is_some());
        assert!(sessions.find("other", now).is_none());
        assert!(sessions.find("id", now + SignedDuration::from_hours(1)).is_none());
        sessions.end("id");
        assert!(sessions.find("id", now).is_none());
    }

    #[test]
    fn a_one_time_token_works_once() {
        let sessions = Sessions::new(SignedDuration::from_hours(1));
        sessions.allow_once("token", "ana");
        assert_eq!(sessions.redeem("token").as_deref(), Some("ana"));
        assert_eq!(sessions.redeem("token"), None);
    }

    #[test]
    fn sessions_are_bounded() {
        let sessions = Sessions::new(SignedDuration::from_hours(1));
        for n in 0..MOST + 5 {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(i64::try_from(n).unwrap());
            sessions.begin(&n.to_string(), String::new(), reviewer(), at);
        }
        assert_eq!(locked(&sessions.open).len(), MOST);
        assert!(sessions.find("0", Timestamp::UNIX_EPOCH).is_none());
    }
}
