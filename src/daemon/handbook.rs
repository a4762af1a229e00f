//! What the daemon judges and writes by: rules (with the list of public mail providers), models,
//! templates, policy. Replaced as a whole when
//! the operator reloads, so that one message is never judged by half of each.

use std::sync::{Arc, PoisonError, RwLock};

use super::review::Wording;
use crate::refund::clues::Clues;
use crate::reply::permission::PublicMail;
use crate::triage::Triage;

/// One consistent set.
pub struct Handbook {
    /// Rules and models.
    pub triage: Triage,
    /// The rules of clues.
    pub clues: Clues,
    /// Templates, policy, calendar and languages.
    pub wording: Arc<Wording>,
    /// Public mail providers, from the rules.
    pub public_mail: PublicMail,
}

/// The set in force. Clones share it.
#[derive(Clone)]
pub struct Handbooks(Arc<RwLock<Arc<Handbook>>>);

impl Handbooks {
    /// Begins with this set.
    pub fn new(handbook: Handbook) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(handbook))))
    }

    /// The set in force now; whoever holds it goes on with it.
    pub fn current(&self) -> Arc<Handbook> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another set in force for the next message.
    pub fn replace(&self, handbook: Handbook) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(handbook);
    }
}
