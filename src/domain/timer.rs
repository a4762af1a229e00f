//! Timers make drafts, never mail. They are written in the transaction that causes them and
//! cancelled in the one that answers them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::CaseId;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// We asked something and heard nothing.
    Reminder,
    /// The customer's bank should show the refund by now.
    ArrivalCheck,
}

impl TimerKind {
    /// Stable name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::ArrivalCheck => "arrival_check",
        }
    }
}

/// One timer; at most one of a kind per case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The case it belongs to.
    pub case: CaseId,
    /// What for.
    pub kind: TimerKind,
    /// When.
    pub due: Timestamp,
    /// The case's revision when it was set; a later revision makes it void.
    pub revision: u64,
}
