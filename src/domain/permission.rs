//! May a machine answer this message? The answer's type; the rules are in `reply/permission.rs`.

use serde::{Deserialize, Serialize};

use super::address::Address;

/// Rule of what arrived in a time that a loss took: nobody knows what was sent then.
pub const AFTER_LOSS: &str = "after a loss";

/// Verdict of the permission rules on one message. `why` texts are short, stable, lower-case names
/// of the rule (e.g. `auto-submitted`, `null return-path`, `cap: sender`), shown to people and counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "permission", rename_all = "snake_case")]
pub enum Permission {
    /// Written by a machine: never answered, opens no case.
    Machine {
        /// The rule that said so.
        why: String,
    },
    /// Judged, drafted and queued like any case, but not acknowledged.
    Held {
        /// The rule that said so.
        why: String,
    },
    /// The conversation was acknowledged before.
    AlreadyAcknowledged,
    /// One acknowledgement may go to this address.
    Allowed {
        /// The only recipient.
        to: Address,
    },
}

impl Permission {
    /// `allowed`, `held` or `machine`, as `classify --json` prints it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Machine { .. } => "machine",
            Self::Held { .. } | Self::AlreadyAcknowledged => "held",
            Self::Allowed { .. } => "allowed",
        }
    }

    /// The rule that decided, in words.
    pub fn why(&self) -> &str {
        match self {
            Self::Machine { why } | Self::Held { why } => why,
            Self::AlreadyAcknowledged => "already acknowledged",
            Self::Allowed { .. } => "a person wrote to us",
        }
    }

    /// Shorthand for [`Self::Machine`].
    pub fn machine(why: impl Into<String>) -> Self {
        Self::Machine { why: why.into() }
    }

    /// Shorthand for [`Self::Held`].
    pub fn held(why: impl Into<String>) -> Self {
        Self::Held { why: why.into() }
    }
}
