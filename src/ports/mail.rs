//! Where messages come from, and the few things we do in a mailbox.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::{Folder, MessageId, MessageLocation, Position, RawMessage};

/// What went wrong with a mailbox. A session that returned one is dropped, never repaired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Trying again later may work: the link, a time-out, a server in trouble.
    #[error("{0}")]
    Temporary(String),
    /// Trying again will not: wrong password, no such folder, a certificate that does not verify.
    /// Retried all the same, slowly, with an alarm that a person sees.
    #[error("{0}")]
    Permanent(String),
}

/// A folder that can be connected to, again and again.
#[async_trait]
pub trait MailSource: Send + Sync {
    /// Which folder this is.
    fn folder(&self) -> &Folder;
    /// Connects and signs in.
    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError>;
}

/// One connection to one folder.
#[async_trait]
pub trait MailSession: Send {
    /// What is met for the first time is read back to this instant at least, whatever the configuration says of
    /// history. To be called before [`MailSession::open`], where it is called at all.
    fn reach_back(&mut self, to: Timestamp);

    /// Opens the folder and says how it stands against the stored position. To be called first,
    /// once; [`Opened::position`] is to be stored before anything else when it is not `Continues`.
    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError>;

    /// Some messages past the opened position (anywhere, when it is the first) that carry the keyword
    /// `$GuichetAcknowledged`, at most a handful. One that the store does not know tells that the store lost
    /// something. To be called right after [`MailSession::open`].
    async fn acknowledged(&mut self) -> Result<Vec<RawMessage>, MailError> {
        Ok(Vec::new())
    }

    /// The next messages, new ones before history, at most `limit`; empty when there are none now.
    async fn fetch(&mut self, limit: usize) -> Result<Vec<Arrival>, MailError>;

    /// Returns when something may have arrived, after `at_most`, or soon after `stop` is cancelled.
    /// It must not be dropped while running: a session interrupted in a command is useless.
    async fn wait(&mut self, at_most: Duration, stop: &CancellationToken) -> Result<(), MailError>;

    /// Signs out politely, as far as the server goes along.
    async fn close(self: Box<Self>);
}

/// How a folder stands against what was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where reading starts.
    pub position: Position,
    /// What that means.
    pub standing: Standing,
}

/// See [`Opened`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The stored position holds.
    Continues,
    /// Nothing was stored: all that lies there is history.
    First,
    /// The server renumbered the folder (UIDVALIDITY): everything comes again, known content is
    /// recognised by its identity, and what is not known is new.
    Renumbered,
}

/// One message that came out of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it lies.
    pub location: MessageLocation,
    /// The folder's position once this message is dealt with; stored in the same transaction.
    pub position: Position,
    /// Its bytes, or why there are none.
    pub content: Content,
    /// It was there before the first start.
    pub history: bool,
    /// It carries the keyword `$GuichetAcknowledged`.
    pub marked_acknowledged: bool,
    /// It carries `\Answered`: only a warning for the reviewer.
    pub answered: bool,
}

/// See [`Arrival`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The message.
    Message(RawMessage),
    /// It could not be fetched this time; it will be tried again.
    Failed {
        /// What happened.
        why: String,
    },
    /// It could not be fetched three times: a person has to look in the mailbox.
    Quarantined {
        /// What happened.
        why: String,
    },
}

/// The few things we do in a mailbox besides reading. Each call uses a connection of its own.
#[async_trait]
pub trait MailboxActions: Send + Sync {
    /// Whether a message with this id lies in \Sent. Absence proves nothing about delivery.
    async fn find_sent(&self, id: &MessageId) -> Result<bool, MailError>;
    /// Files a copy in \Sent, marked as read.
    async fn file_sent(&self, bytes: &[u8]) -> Result<(), MailError>;
    /// Sets the keyword `$GuichetAcknowledged`; false when the folder does not keep keywords.
    async fn mark_acknowledged(&self, location: &MessageLocation) -> Result<bool, MailError>;
}
