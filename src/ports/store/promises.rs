//! Promises in the store: dates that approved replies name, until they are kept.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{CaseId, OutgoingId, Promised};

/// A promise about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPromise {
    /// What, by when.
    pub promised: Promised,
    /// From when on a person is reminded of it: on the business day before.
    pub warn_at: Timestamp,
    /// When it is broken: the end of its last day.
    pub lapse_at: Timestamp,
}

/// Where a promise stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PromiseState {
    /// To be kept.
    Standing,
    /// Its day is over.
    Lapsed {
        /// When that was noticed.
        at: Timestamp,
    },
    /// Kept, or settled otherwise.
    Kept {
        /// When.
        at: Timestamp,
        /// How, in one word: `reply`, `refund_notice`, `reviewer`, `closed`, `answered_elsewhere`.
        how: String,
        /// The later reply that keeps it: it stands again when that one is taken back.
        by: Option<OutgoingId>,
    },
    /// Its own reply did not leave.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// A promise as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The case.
    pub case: CaseId,
    /// Its number in the case, from 1.
    pub n: u64,
    /// The case's mailbox.
    pub mailbox: String,
    /// The reply that promises it.
    pub mail: OutgoingId,
    /// The words that promise it.
    pub words: String,
    /// The last day by which it is kept.
    pub by: Date,
    /// From when on a person is reminded of it.
    pub warn_at: Timestamp,
    /// When it is broken.
    pub lapse_at: Timestamp,
    /// Where it stands.
    pub state: PromiseState,
}

impl Promise {
    /// Whether it is still to be kept, late or not.
    pub fn is_open(&self) -> bool {
        matches!(self.state, PromiseState::Standing | PromiseState::Lapsed { .. })
    }
}
