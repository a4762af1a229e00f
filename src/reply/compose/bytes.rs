//! The RFC 5322 bytes of one mail, built with lettre.
//!
//! lettre's own header encoder passes ASCII through as it is, so a customer's subject that reads
//! `=?utf-8?…?=` after decoding would be decoded a second time by the reader; and its `Address` refuses
//! local parts that real senders have. Both are handled here.

use std::time::SystemTime;

use base64::Engine;
use jiff::Timestamp;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, SinglePart};

use super::ComposeError;
use crate::domain::{Address, MessageId};

/// How many ids `References` cites at most: the first and the newest ones.
const MOST_REFERENCES: usize = 20;

/// Room for `References` in bytes; servers refuse very large headers.
const REFERENCES_BYTES: usize = 4000;

/// Bytes of UTF-8 in one encoded word: 45 give 60 of base64, and 75 with the frame (RFC 2047 §2).
const WORD_BYTES: usize = 45;

/// One mail, before it is bytes.
pub(super) struct Letter<'a> {
    pub(super) from: &'a Address,
    pub(super) to: &'a Address,
    pub(super) cc: &'a [Address],
    pub(super) subject: &'a str,
    pub(super) message_id: &'a MessageId,
    pub(super) in_reply_to: Option<&'a MessageId>,
    /// Oldest first.
    pub(super) references: &'a [MessageId],
    /// Sent without a person's word (RFC 3834 §5).
    pub(super) automatic: bool,
    pub(super) text: &'a str,
    pub(super) now: Timestamp,
}

/// Writes the mail: text/plain, UTF-8, CRLF.
pub(super) fn write(letter: &Letter<'_>) -> Result<Vec<u8>, ComposeError> {
    let from = mailbox(letter.from)?;
    let to = mailbox(letter.to)?;
    let mut recipients = vec![to.email.clone()];
    let mut builder = MessageBuilder::new().from(from.clone()).to(to).date(system_time(letter.now));
    for copy in letter.cc {
        let copy = mailbox(copy)?;
        recipients.push(copy.email.clone());
        builder = builder.cc(copy);
    }
    builder = builder.raw_header(subject(letter.subject)).message_id(Some(letter.message_id.to_string()));
    if let Some(id) = letter.in_reply_to {
        builder = builder.in_reply_to(id.to_string());
    }
    if let Some(references) = references(letter.references) {
        builder = builder.references(references);
    }
    if letter.automatic {
        builder = builder
            .raw_header(fixed("Auto-Submitted", "auto-replied"))
            .raw_header(fixed("X-Auto-Response-Suppress", "All"));
    }
    let refused = |error: &dyn std::fmt::Display| ComposeError::Builder(error.to_string());
    let envelope = Envelope::new(Some(from.email), recipients).map_err(|error| refused(&error))?;
    let mail = builder
        .envelope(envelope)
        .singlepart(SinglePart::plain(plain(letter.text)))
        .map_err(|error| refused(&error))?;
    Ok(mail.formatted())
}

/// Our checked address in lettre's type; a display name loses what could end or disguise the header.
fn mailbox(address: &Address) -> Result<Mailbox, ComposeError> {
    if !address.email.as_str().is_ascii() {
        return Err(ComposeError::NotAscii(address.email.clone()));
    }
    let email = lettre::Address::new_dangerous(address.email.local(), address.email.domain());
    let clean =
        |name: &String| name.chars().filter(|c| !c.is_control()).take(100).collect::<String>().replace("=?", "= ?");
    let name = address.name.as_ref().map(clean).filter(|name| !name.trim().is_empty());
    Ok(Mailbox::new(name, email))
}

fn fixed(name: &'static str, value: &'static str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Plain ASCII as it is, anything else as encoded words throughout.
fn subject(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if printable && !text.contains("=?") {
        return HeaderValue::new(name, text.to_owned());
    }
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if word.len() + c.len_utf8() > WORD_BYTES {
            words.push(encoded_word(&std::mem::take(&mut word)));
        }
        word.push(c);
    }
    words.push(encoded_word(&word));
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), words.join("\r\n "))
}

fn encoded_word(text: &str) -> String {
    format!("=?utf-8?b?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
}

/// The first id and the newest ones, within number and room.
fn references(ids: &[MessageId]) -> Option<String> {
    let (first, rest) = ids.split_first()?;
    let mut room = REFERENCES_BYTES.saturating_sub(first.as_str().len());
    let mut kept: Vec<&MessageId> = Vec::new();
    for id in rest.iter().rev().take(MOST_REFERENCES - 1) {
        let Some(left) = room.checked_sub(id.as_str().len() + 3) else { break };
        room = left;
        kept.push(id);
    }
    kept.push(first);
    Some(kept.iter().rev().map(|id| id.to_string()).collect::<Vec<_>>().join(" "))
}

/// Line ends as lettre expects them, no other control characters.
fn plain(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out: String = unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    out.push('\n');
    out
}

/// The instant for the Date header, which knows no year before 1970.
fn system_time(now: Timestamp) -> SystemTime {
    SystemTime::from(now.max(Timestamp::UNIX_EPOCH))
}
