//! One received e-mail: the bytes as they came, and what reading made of them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::{Address, Email};

/// The bytes of one message as the mail source gave them.
#[derive(Clone, PartialEq, Eq)]
pub struct RawMessage {
    /// RFC 5322 bytes; when `partial`, only the first part of them.
    pub bytes: Vec<u8>,
    /// When the mailbox received it (IMAP INTERNALDATE, the file's time in a Maildir).
    pub arrived_at: Timestamp,
    /// True when the message was larger than the size cap and only its beginning was fetched.
    pub partial: bool,
}

impl fmt::Debug for RawMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawMessage({} bytes, arrived {})", self.bytes.len(), self.arrived_at)
    }
}

/// A Message-ID without its angle brackets (RFC 5322 §3.6.4), strictly checked so that it can be
/// written into a header of ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// Why a text is no [`MessageId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a Message-ID")]
pub struct NotAMessageId;

impl MessageId {
    /// Checks an id, with or without its angle brackets: printable ASCII, one `@` at least,
    /// at most 500 characters.
    pub fn parse(text: &str) -> Result<Self, NotAMessageId> {
        let text = text.trim();
        let text = text.strip_prefix('<').unwrap_or(text);
        let text = text.strip_suffix('>').unwrap_or(text);
        let good = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')');
        let shape = text.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
        if shape && text.len() <= 500 && text.chars().all(good) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAMessageId)
        }
    }

    /// The id without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl TryFrom<String> for MessageId {
    type Error = NotAMessageId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

/// How much of the message could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of it.
    Readable,
    /// Larger than the size cap: only the beginning was fetched and read.
    Partial,
    /// Nothing useful; a person has to look. The text says why.
    Unreadable(String),
}

/// The envelope sender as the delivering server noted it (RFC 5321 §4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnPath {
    /// No Return-Path header.
    Absent,
    /// `<>`: a notification, never to be answered (RFC 3834 §2).
    Null,
    /// The address noted.
    Mailbox(Email),
}

/// One `Authentication-Results` header (RFC 8601), from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationResults {
    /// The server that claims to have checked, in lower case.
    pub authserv_id: String,
    /// The `dmarc=` result in lower case, if one stands there.
    pub dmarc: Option<String>,
}

/// What in headers and structure tells who or what wrote the message. Read by
/// `reading/automated.rs`, judged by `reply/permission.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// `Auto-Submitted` keyword in lower case, comments and parameters removed (RFC 3834 §5).
    pub auto_submitted: Option<String>,
    /// `Precedence` in lower case.
    pub precedence: Option<String>,
    /// `X-Auto-Response-Suppress` keywords in lower case.
    pub auto_response_suppress: Vec<String>,
    /// Names of other auto-responder headers that are present (`X-Autoreply`, `X-Loop`…), lower case.
    pub auto_headers: Vec<String>,
    /// Top-level or nested machine structure: `multipart/report`, `message/disposition-notification`,
    /// `text/calendar` with METHOD, or `None`.
    pub machine_part: Option<String>,
    /// `List-Post` is present.
    pub list_post: bool,
    /// `List-Unsubscribe` is present.
    pub list_unsubscribe: bool,
    /// `List-Id` is present.
    pub list_id: bool,
    /// `Authentication-Results`, topmost first, of the outer message only.
    pub authentication: Vec<AuthenticationResults>,
    /// A spam filter's header says spam (`X-Spam-Flag: YES`, `X-Spam-Status: Yes`…); the header's name.
    pub spam: Option<String>,
    /// Header names with their values for recipients that show no To/Cc (`Delivered-To`, `X-Original-To`…),
    /// lower-case names; used with the configured `recipient_headers`.
    pub recipient_headers: Vec<(String, String)>,
    /// Message-IDs that a delivery report returns to us (RFC 3464's third part, or quoted headers).
    pub reported_ids: Vec<MessageId>,
    /// `Action:` and `Status:` of a delivery report, e.g. `("failed", "5.1.1")`.
    pub report_status: Option<(String, String)>,
    /// Date of the topmost `Received` header.
    pub top_received: Option<Timestamp>,
}

/// A message as read: the input of triage and of the permission rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// How much could be read.
    pub condition: Condition,
    /// Its own id, when it has a well-formed one.
    pub message_id: Option<MessageId>,
    /// `In-Reply-To` ids, well-formed ones only.
    pub in_reply_to: Vec<MessageId>,
    /// `References` ids in order, well-formed ones only.
    pub references: Vec<MessageId>,
    /// `From` mailboxes.
    pub from: Vec<Address>,
    /// `Reply-To` mailboxes.
    pub reply_to: Vec<Address>,
    /// `Sender`.
    pub sender: Option<Address>,
    /// `To`, `Cc` and `Resent-*` mailboxes: where our address may be visible.
    pub recipients: Vec<Address>,
    /// Envelope sender.
    pub return_path: ReturnPath,
    /// Decoded subject, one line, control characters removed.
    pub subject: String,
    /// The `Date` header as written (part of the identity only; never trusted as a time).
    pub date_header: String,
    /// Arrival in the mailbox.
    pub arrived_at: Timestamp,
    /// ISO 639-1 code of the newest text, `und` when there is too little of it.
    pub language: String,
    /// The whole decoded text.
    pub text: String,
    /// What the customer wrote this time: no quoted history, signature or disclaimer.
    pub newest_text: String,
    /// Decoded file names of attachments.
    pub attachments: Vec<String>,
    /// For a forwarded message, the inner sender a colleague passed on.
    pub forwarded_from: Option<Address>,
    /// True when a payment card number was found and masked (the raw copy is then not kept).
    pub holds_card_number: bool,
    /// Machine and authentication marks.
    pub marks: Marks,
}

impl Message {
    /// The first `From` mailbox.
    pub fn author(&self) -> Option<&Address> {
        self.from.first()
    }

    /// A message nothing could be read of.
    pub fn unreadable(arrived_at: Timestamp, why: impl Into<String>) -> Self {
        Self {
            condition: Condition::Unreadable(why.into()),
            message_id: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            from: Vec::new(),
            reply_to: Vec::new(),
            sender: None,
            recipients: Vec::new(),
            return_path: ReturnPath::Absent,
            subject: String::new(),
            date_header: String::new(),
            arrived_at,
            language: "und".into(),
            text: String::new(),
            newest_text: String::new(),
            attachments: Vec::new(),
            forwarded_from: None,
            holds_card_number: false,
            marks: Marks::default(),
        }
    }

    /// Ids this message answers, nearest first: In-Reply-To, then References from last to first.
    pub fn cited_ids(&self) -> impl Iterator<Item = &MessageId> {
        self.in_reply_to.iter().chain(self.references.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_are_checked_before_we_write_them() {
        assert_eq!(MessageId::parse("<a.b@c>").unwrap().as_str(), "a.b@c");
        for bad in ["", "<>", "a", "a@", "@b", "a b@c", "a@b\r\nX: y", "a,b@c", "<a@b><c@d>"] {
            assert!(MessageId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
