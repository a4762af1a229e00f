//! What keeping the store in order comes to.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{CaseId, MessageLocation};

/// A backup that was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Where it lies.
    pub folder: PathBuf,
    /// Cases in it.
    pub cases: u64,
    /// Messages in it.
    pub messages: u64,
    /// Of them with their original bytes.
    pub raw: u64,
    /// Rows of its database.
    pub rows: u64,
    /// Texts and originals that are damaged in the store already, each with what to do: in the backup they are no better.
    #[serde(default)]
    pub damaged: Vec<String>,
}

/// What an erasure removed, and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erased {
    /// Cases of which only the reference and the chain of the record are left.
    pub cases: Vec<CaseId>,
    /// Messages removed.
    pub messages: u64,
    /// Mails of ours removed from the outbox.
    pub mails: u64,
    /// Reviewers' corrections removed.
    pub corrections: u64,
    /// Files removed: originals and long texts.
    pub files: u64,
    /// Cases left as they are, and why.
    pub deferred: Vec<(CaseId, String)>,
    /// Machines' notices of a dispute that concern no case known here and that nobody has put away yet: they stay.
    pub notices: Vec<MessageLocation>,
    /// Cases left in backups, and why.
    pub deferred_in_backups: Vec<KeptInBackup>,
    /// Where the messages lie in the mailbox: theirs to delete who own it.
    pub in_mailbox: Vec<MessageLocation>,
    /// Other customers' cases in which the address is written.
    pub mentioned_in: Vec<CaseId>,
    /// Backups rewritten without it, but for [`Self::deferred_in_backups`].
    pub backups: Vec<PathBuf>,
    /// Backups under names that a person chose and that did not come to their end, which cannot be searched.
    pub incomplete: Vec<PathBuf>,
    /// Damaged stores moved aside earlier, which cannot be searched.
    pub moved_aside: Vec<PathBuf>,
    /// Where a text is damaged, so that nobody can say whether it is about the person, and what to do.
    #[serde(default)]
    pub damaged: Vec<String>,
    /// Messages removed of which nobody can say where in the mailbox they lie: that stood in a damaged text.
    #[serde(default)]
    pub unlocated: u64,
}

/// That the store does not know all that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossNotice {
    /// When it was noticed.
    pub at: Timestamp,
    /// What happened, to what, and what follows.
    pub sentence: String,
}

/// The time of which a store does not know what came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// A day before the newest message known; a month before the loss was noticed where none is known.
    pub from: Timestamp,
    /// A month after it was noticed: a folder may be read for the first time late.
    pub until: Timestamp,
}

impl Lost {
    /// Whether mail that arrived then and is unknown was lost.
    pub fn covers(&self, at: Timestamp) -> bool {
        (self.from..=self.until).contains(&at)
    }
}

/// A case that an erasure left in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptInBackup {
    /// The backup.
    pub backup: PathBuf,
    /// The case.
    pub case: CaseId,
    /// Why, and what to do.
    pub why: String,
}

/// From when on what is kept no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Originals of messages that arrived before.
    pub raw: Timestamp,
    /// Machines' messages stored before.
    pub automated: Timestamp,
    /// Closed cases without a message since.
    pub closed: Timestamp,
    /// Answered cases in which nothing happened since are closed.
    pub answered: Timestamp,
    /// The same for cases that wait for the customer.
    pub waiting: Timestamp,
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Originals removed.
    pub raw: u64,
    /// Machines' messages removed.
    pub automated: u64,
    /// Closed cases erased.
    pub cases: u64,
    /// Answered cases closed.
    pub settled: u64,
    /// Files removed with these two: originals and long texts.
    pub files: u64,
}
