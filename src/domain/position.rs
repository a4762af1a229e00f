//! Where a message lies, and how far a folder has been read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a watched folder is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderRole {
    /// New customer mail arrives here.
    Inbox,
    /// Judged and listed, never acknowledged.
    Junk,
    /// Our own answers: watched for replies given from a mail client, never acknowledged.
    Sent,
}

/// One folder of one configured mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Folder {
    /// Name of the `[[mailbox]]`.
    pub mailbox: String,
    /// What the folder is to us.
    pub role: FolderRole,
}

/// Where one message was found: enough for a person or an adapter to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLocation {
    /// Mailbox and role.
    pub folder: Folder,
    /// The adapter's own name of the message in it (`UIDVALIDITY/UID`, a file name).
    pub name: String,
}

/// How far a folder has been read. Opaque to everything but the mail source that made it.
///
/// `mark` replaces the stored one; `seen` names are added to the stored set and `forgotten` ones
/// removed from it, so that a source that knows messages by name writes a row a message, not the
/// whole set each time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Small text in the source's own format (JSON for IMAP).
    pub mark: String,
    /// Names known so far (when loaded) or to be added (when stored).
    pub seen: BTreeSet<String>,
    /// Names to be dropped when stored; empty when loaded.
    pub forgotten: BTreeSet<String>,
}
