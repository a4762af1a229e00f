//! What a reviewer does: look, change, approve, dismiss, correct. Desk, control socket and command
//! line share these steps, so that none of them can do what another may not.

mod approving;
mod decisions;
mod error;
mod looking;
mod promising;
mod refunding;
mod verdict_edit;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};

pub use approving::Approving;
pub use error::{ReviewError, ReviewResult};
pub use looking::{CaseView, OpenBreaker, QueueView, Queued, Twin};
pub use verdict_edit::VerdictEdit;
pub use wording::{TemplateChoice, Wording};

use crate::ports::store::DraftEdit;
use crate::ports::{Clock, Ids, Reviewers, Store};
use crate::reply::compose::Sender;

/// How long an approved reply waits, so that it can be taken back.
pub const DEFAULT_UNDO: SignedDuration = SignedDuration::from_secs(10);

/// What reviewing needs to know of one `[[mailbox]]`.
#[derive(Debug, Clone)]
pub struct ReviewMailbox {
    /// Who sends.
    pub sender: Sender,
    /// Lines under the reviewer's name; may be empty.
    pub signature: String,
    /// How long an approved reply waits before it may leave.
    pub undo: SignedDuration,
    /// An unanswered question of ours gets a reminder draft after this time.
    pub reminder: SignedDuration,
    /// Whether the sent reply is filed in \Sent.
    pub file_copy: bool,
    /// Wakes the mailbox's delivery.
    pub deliver: Arc<Notify>,
    /// Wakes the mailbox's enrichment.
    pub enrich: Arc<Notify>,
}

/// What a reviewer had before the eyes when deciding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The case's revision.
    pub revision: u64,
    /// How many entries its record had; tells exactly what is new when the revision is stale.
    pub entries: Option<u64>,
}

/// What a reviewer typed, corrected and ticked. What does not differ from what is there is no change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// On the draft.
    pub draft: DraftEdit,
    /// On the verdict.
    pub verdict: VerdictEdit,
    /// The second step was taken that some approvals need ([`crate::reply::suggestion::approval`]).
    pub confirmed: bool,
}

/// Everything a [`Review`] is made of.
pub struct ReviewParts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Who may decide at all.
    pub reviewers: Arc<dyn Reviewers>,
    /// What replies are written by now; asked at each step, so that a reload takes effect.
    pub wording: Arc<dyn Fn() -> Arc<Wording> + Send + Sync>,
    /// By the name of the `[[mailbox]]`.
    pub mailboxes: BTreeMap<String, ReviewMailbox>,
    /// Whether accepted refunds are told to the shop's payment side (`[refunds]`).
    pub refunds: bool,
    /// `mode = "shadow"`: approving is refused, nothing is sent.
    pub shadow: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bits.
    pub ids: Arc<dyn Ids>,
}

/// The reviewing use-case.
pub struct Review {
    parts: ReviewParts,
    /// One decision at a time: the second half of a double click sees the first.
    deciding: Mutex<()>,
}

impl Review {
    /// Puts the parts together.
    pub fn new(parts: ReviewParts) -> Self {
        Self { parts, deciding: Mutex::new(()) }
    }

    /// Now, by the clock that the steps are stamped with.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The shop's time zone.
    pub fn time_zone(&self) -> TimeZone {
        self.wording().calendar.time_zone.clone()
    }

    /// Whether nothing is sent (`mode = "shadow"`).
    pub fn is_shadow(&self) -> bool {
        self.parts.shadow
    }

    fn wording(&self) -> Arc<Wording> {
        (self.parts.wording)()
    }

    fn mailbox(&self, name: &str) -> ReviewResult<&ReviewMailbox> {
        self.parts.mailboxes.get(name).ok_or_else(|| ReviewError::UnknownMailbox(name.to_owned()))
    }
}
