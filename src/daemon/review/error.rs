//! Why a reviewer's step was refused.

use crate::domain::{CaseId, RecordEntry, TemplateName};
use crate::ports::store::StoreError;
use crate::reply::suggestion::approval::{Commitment, Deliberate};

/// Shorthand.
pub type ReviewResult<T> = Result<T, ReviewError>;

/// A refused step. Nothing was changed, unless the variant says so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReviewError {
    /// The case changed since the reviewer looked.
    #[error("the case changed since you looked at it (revision {current} now): look at it again, then decide")]
    Stale {
        /// The revision that holds now.
        current: u64,
        /// What happened since, oldest first.
        changes: Vec<RecordEntry>,
    },
    /// The same reviewer approved this very draft a moment ago.
    #[error("you have approved this reply already; it is sent once")]
    AlreadyApproved,
    /// Approving without a recipient.
    #[error("the reply has no recipient: write an address into “To” first")]
    NoRecipient,
    /// Approving an empty text.
    #[error("the reply has no text")]
    EmptyText,
    /// The recipient's text is no address.
    #[error("“{0}” is not an e-mail address")]
    BadAddress(String),
    /// The case has no draft that waits.
    #[error("the case has no draft that waits for a decision")]
    NoDraft,
    /// No newer suggestion stands beside the text.
    #[error("there is no newer suggestion")]
    NoNewer,
    /// Approving needs a second, deliberate step.
    #[error("{}", deliberately(*.0))]
    Unconfirmed(Deliberate),
    /// A payment dispute is open: a refund beside it could be paid twice.
    #[error(
        "a payment dispute is announced or open: a refund accepted beside it could be paid twice. Answer with another \
         text, or, once the dispute is settled, correct the verdict (take “payment dispute” out) and approve again"
    )]
    Frozen,
    /// The policy leaves this to others (`[roles]`).
    #[error("the policy leaves the {} of refunds to {}: ask one of them to approve it", .kind.as_str(), .who.join(", "))]
    NotYours {
        /// What the reply commits to.
        kind: Commitment,
        /// Who may, by sign-in name.
        who: Vec<String>,
    },
    /// The customer answers a refusal that the same reviewer sent.
    #[error("you sent the refusal in {case}: what the customer replies to it is answered by another reviewer ({})", .others.join(", "))]
    OwnRefusal {
        /// Where it was refused.
        case: CaseId,
        /// Who may answer, by sign-in name.
        others: Vec<String>,
    },
    /// `mode = "shadow"`.
    #[error("the daemon runs in shadow mode and sends nothing: set `mode = \"live\"` to send replies")]
    Shadow,
    /// No such template in the case's language.
    #[error("there is no template “{0}” in this language")]
    UnknownTemplate(TemplateName),
    /// A case of a mailbox that the configuration no longer names.
    #[error("the configuration has no mailbox “{0}” any more: add it again to answer its cases")]
    UnknownMailbox(String),
    /// The verdict cannot be corrected: there is none (the message could not be read).
    #[error("the message could not be judged, so there is no verdict to correct")]
    NoVerdict,
    /// The text could not be rendered or the mail not composed.
    #[error("the reply could not be written: {0}")]
    Wording(String),
    /// No such case or mail.
    #[error("{0} does not exist")]
    Missing(String),
    /// The store's own words.
    #[error(transparent)]
    Store(StoreError),
}

fn deliberately(why: Deliberate) -> &'static str {
    match why {
        Deliberate::AngryAcceptance => {
            "this reply accepts a refund for an angry customer: read it once more, then confirm it (the box beside the \
             button, or `guichet queue approve --confirm`)"
        }
        Deliberate::Refusal => {
            "this reply refuses a refund: read it once more, then confirm it (the box beside the button, or `guichet \
             queue approve --confirm`)"
        }
    }
}

impl From<StoreError> for ReviewError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { current } => Self::Stale { current, changes: Vec::new() },
            StoreError::Missing(what) => Self::Missing(what),
            other => Self::Store(other),
        }
    }
}
