//! Handing a mail to the next server, in two steps: everything up to the server's 354, and the body.

use async_trait::async_trait;

use crate::domain::Email;

/// What a failed step means for the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailerProblem {
    /// Nothing of the body left: try again later.
    Temporary,
    /// The server refuses this mail for good.
    Permanent,
    /// The account's sending quota is used up: pause the mailbox, never reject the mail.
    Quota,
    /// The server refuses `<>` as envelope sender: use the mailbox's address and alarm once.
    NullSenderRefused,
    /// Sign-in or set-up is wrong: a person has to look; the mail waits.
    Setup,
    /// The body was begun and no answer came: nobody can know.
    Doubt,
}

/// A failed step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MailerError {
    /// What it means.
    pub problem: MailerProblem,
    /// Stage, server and the server's words.
    pub message: String,
}

/// A server (or folder) that takes our mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Connects and signs in.
    async fn connect(&self) -> Result<Box<dyn MailerSession>, MailerError>;
}

/// One connection. After any error it is dropped.
#[async_trait]
pub trait MailerSession: Send + Sync {
    /// Names sender (`None` is `<>`) and recipients, and asks to begin: returns once the server said 354.
    async fn begin(&mut self, from: Option<&Email>, to: &[Email]) -> Result<(), MailerError>;
    /// Sends the body and returns the server's answer to the final dot. Only an answer of exactly 250 is
    /// success; a 4xx or 5xx answer is Temporary or Permanent, no answer is Doubt.
    async fn commit(&mut self, bytes: &[u8]) -> Result<String, MailerError>;
    /// Signs out politely.
    async fn close(self: Box<Self>);
}
