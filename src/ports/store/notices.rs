//! Refund notices in the store: what was approved and has to be told to the shop's payment side.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::OutgoingId;
use crate::ports::refunds::RefundNotice;

/// Telling is given up after this time; a person is called.
pub const NOTICE_LIFE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// The first one; each further wait is four times as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// How long after the `n`-th attempt (from 1) the next one is due: 5 s, 20 s, 80 s… up to 6 h.
pub fn notice_wait(n: u32) -> SignedDuration {
    let factor = 4_i32.saturating_pow(n.saturating_sub(1).min(10));
    (FIRST_WAIT * factor).min(LONGEST_WAIT)
}

/// Where a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum NoticeState {
    /// To be told, once its reply has left.
    Pending {
        /// Not before this instant. Moved on before each attempt touches the network, so that after a crash the
        /// attempt is repeated, and not sooner than after a failure.
        not_before: Timestamp,
    },
    /// The payment side took it.
    Told {
        /// When.
        at: Timestamp,
    },
    /// It was refused for good, or nobody took it for [`NOTICE_LIFE`]: a person's business.
    GivenUp {
        /// When.
        at: Timestamp,
        /// What was said last.
        why: String,
    },
    /// Its reply did not leave, so nothing was promised.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

impl NoticeState {
    /// Stable name, as recorded.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Told { .. } => "told",
            Self::GivenUp { .. } => "given_up",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// A notice as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredNotice {
    /// What is told.
    pub notice: RefundNotice,
    /// The case's mailbox.
    pub mailbox: String,
    /// The reply that accepts the refund.
    pub mail: OutgoingId,
    /// Where it stands.
    pub state: NoticeState,
    /// Since when it is tried: the approval, or a person's later word.
    pub since: Timestamp,
    /// Attempts begun.
    pub attempts: u32,
    /// What went wrong last.
    pub last_problem: Option<String>,
}

impl StoredNotice {
    /// Whether a person has to see to it.
    pub fn is_stuck(&self) -> bool {
        matches!(self.state, NoticeState::GivenUp { .. })
    }
}

/// What an attempt to tell came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TellOutcome {
    /// It was taken.
    Told,
    /// It was not; the next attempt is due at the time stored when this one began.
    Retry {
        /// What happened.
        why: String,
    },
    /// Repeating is useless.
    GiveUp {
        /// What happened.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_hours_and_no_further() {
        let seconds: Vec<i64> = (1..=8).map(|n| notice_wait(n).as_secs()).collect();
        assert_eq!(seconds, [5, 20, 80, 320, 1280, 5120, 20_480, 21_600]);
        assert_eq!(notice_wait(u32::MAX), LONGEST_WAIT);
    }
}
