//! A case: one conversation with one customer, and the states it may legally take.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::message::MessageId;
use super::rating::Rating;
use super::verdict::{Given, Verdict};

/// Digits and letters without the ones people confuse (Crockford base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A case's id and printed reference, e.g. `G-7K3Q`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseId(String);

/// A text that is no case reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a case reference (like G-7K3Q)")]
pub struct NotACaseId(String);

impl CaseId {
    /// Makes a reference of `digits` base-32 digits (at least 4) out of random bits.
    pub fn from_random(bits: u64, digits: usize) -> Self {
        let digits = digits.clamp(4, 12);
        let code: String = (0..digits)
            .map(|i| {
                let index = (bits >> (5 * i)) & 31;
                char::from(ALPHABET.get(index as usize).copied().unwrap_or(b'0'))
            })
            .collect();
        Self(format!("G-{code}"))
    }

    /// Reads a reference, in any case.
    pub fn parse(text: &str) -> Result<Self, NotACaseId> {
        let upper = text.trim().to_ascii_uppercase();
        let good = upper
            .strip_prefix("G-")
            .is_some_and(|code| (4..=12).contains(&code.len()) && code.bytes().all(|byte| ALPHABET.contains(&byte)));
        if good { Ok(Self(upper)) } else { Err(NotACaseId(text.chars().take(40).collect())) }
    }

    /// Every reference that stands in a text, in order, each once.
    pub fn find_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
            if let Ok(id) = Self::parse(word)
                && !found.contains(&id)
            {
                found.push(id);
            }
        }
        found
    }

    /// The reference as printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CaseId {
    type Error = NotACaseId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0
    }
}

/// Why a case was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// It lay in the mailbox before the first start.
    History,
    /// A reviewer dismissed it without sending.
    Dismissed,
    /// Settled.
    Done,
    /// What it held was erased: only its reference and the chain of its record are left.
    Erased,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Ours.
    NeedsReply,
    /// The customer's: our reply asked something.
    WaitingForCustomer,
    /// Nobody's for now: we answered.
    Answered,
    /// Over.
    Closed(Closed),
}

impl CaseState {
    /// Whether the case still counts as open for joining.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed(_))
    }

    /// The state after the customer wrote again. Thanks alone reopen nothing.
    pub fn after_customer(self, mere_thanks: bool) -> Self {
        if mere_thanks { self } else { Self::NeedsReply }
    }

    /// The state after our approved reply was handed to the outbox.
    pub fn after_reply(asks_something: bool) -> Self {
        if asks_something { Self::WaitingForCustomer } else { Self::Answered }
    }
}

/// Something a reviewer must see on the case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "flag", content = "detail")]
pub enum CaseFlag {
    /// A message from another address than the customer's was joined.
    OtherSender,
    /// An approved reply bounced for good.
    NotDelivered,
    /// A colleague answered from a mail client.
    AnsweredElsewhere,
    /// A message from one of our addresses answers it, and nothing proves that it is ours.
    UnprovenAnswer,
    /// No acknowledgement was sent; the rule's name.
    NotAcknowledged(String),
    /// The message could not be read.
    Unreadable,
    /// Only the beginning of a very large message was read.
    Partial,
    /// Written in a language without templates; its ISO 639-1 code.
    OtherLanguage(String),
    /// The message carries `\Answered` in the mailbox: somebody may have answered it there.
    MarkedAnswered,
    /// Nobody knows whether it was acknowledged: after a rebuild, or after a doubt that nothing settled.
    MaybeAcknowledged,
    /// It came in the time of which the store lost what it knew: nobody knows whether it was answered.
    AfterLoss,
    /// New customer text arrived while a reviewer's edited draft was open.
    NewMessageSinceEdit,
    /// A refund was accepted and the shop's payment side could not be told.
    RefundNotTold,
    /// The day on which one of our replies promised something is over.
    PromiseDue,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Id and printed reference.
    pub id: CaseId,
    /// The configured mailbox that it belongs to.
    pub mailbox: String,
    /// Whose turn it is.
    pub state: CaseState,
    /// Whom we answer. `None` when no usable sender exists.
    pub customer: Option<Address>,
    /// Which of our addresses was written to.
    pub our_address: Option<Address>,
    /// Language of the conversation (ISO 639-1, `und` if unknown).
    pub language: String,
    /// Subject of the first message.
    pub subject: String,
    /// When the first message arrived.
    pub opened_at: Timestamp,
    /// When the last message of the customer arrived.
    pub last_message_at: Timestamp,
    /// Since when the customer has been waiting for us; the queue's age.
    pub waiting_since: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Raised by every change a reviewer must know of before approving.
    pub revision: u64,
    /// The latest verdict; `None` when the message could not be judged.
    pub verdict: Option<Verdict>,
    /// Facts known from all messages of the case.
    pub known: Given,
    /// Things to see.
    pub flags: BTreeSet<CaseFlag>,
    /// Message-IDs of the conversation, oldest first: what our next message's References cite.
    pub thread: Vec<MessageId>,
    /// An earlier, long closed case of the same conversation.
    pub linked: Option<CaseId>,
    /// The customer's newest mark for how it was handled.
    #[serde(default)]
    pub rating: Option<Rating>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_in_any_case_and_found_in_text() {
        let id = CaseId::from_random(0x1234_5678, 4);
        assert_eq!(CaseId::parse(&id.as_str().to_lowercase()), Ok(id.clone()));
        let text = format!("Re: votre demande [{id}] et {id}, merci. G-ILOU g-12");
        assert_eq!(CaseId::find_in(&text), vec![id]);
    }

    #[test]
    fn thanks_do_not_reopen_a_closed_case() {
        let closed = CaseState::Closed(Closed::Done);
        assert_eq!(closed.after_customer(true), closed);
        assert_eq!(closed.after_customer(false), CaseState::NeedsReply);
    }
}
