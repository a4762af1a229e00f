//! What a source remembers from one session to the next while the daemon runs.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

/// UIDs that need care. Forgotten when the folder is renumbered; a restart of the daemon costs
/// only a repetition.
#[derive(Debug, Default)]
pub(super) struct Memory {
    uid_validity: u32,
    /// A command that named these broke the session: they are fetched one by one.
    pub(super) suspects: BTreeSet<u32>,
    /// Failed messages are left alone until then.
    pub(super) resting: BTreeMap<u32, Instant>,
}

impl Memory {
    /// To be called when the folder is opened.
    pub(super) fn opened(&mut self, uid_validity: u32) {
        if self.uid_validity != uid_validity {
            *self = Self { uid_validity, ..Self::default() };
        }
    }

    /// The message with this UID is dealt with.
    pub(super) fn pass(&mut self, uid: u32) {
        self.suspects.remove(&uid);
        self.resting.remove(&uid);
    }
}
