//! Identity K: which messages are the same message, wherever and however often they arrive.

use std::fmt;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::message::Message;

/// How much of the text goes into the identity, in bytes of white-space-collapsed UTF-8.
const TEXT_BYTES: usize = 4096;

/// The secret of `data_dir/identity.key`: without it an outsider cannot compute which Message-ID
/// an acknowledgement will carry.
#[derive(Clone)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw secret, for storing it.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells this secret from another without giving it away: an identity that no message can have.
    pub fn fingerprint(&self) -> MessageKey {
        MessageKey(self.mac([b"identity.key".as_slice()]))
    }

    /// HMAC-SHA-256 (RFC 2104) over length-prefixed fields.
    fn mac<'a>(&self, fields: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
        #[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key length");
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

/// K of one message: independent of account, folder and UID, so it survives UIDVALIDITY changes,
/// moves, double delivery and a lost store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageKey([u8; 32]);

/// A text that is no 64-digit hexadecimal key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a message key")]
pub struct NotAMessageKey;

impl MessageKey {
    /// Computes K over Message-ID, From address, Date, decoded Subject and the first 4 KB of the
    /// text with white space collapsed.
    pub fn of(message: &Message, secret: &IdentityKey) -> Self {
        let id = message.message_id.as_ref().map_or("", |id| id.as_str());
        let from = message.author().map_or("", |address| address.email.as_str());
        let text = collapsed(&message.text);
        Self(secret.mac([
            id.as_bytes(),
            from.as_bytes(),
            message.date_header.trim().as_bytes(),
            message.subject.as_bytes(),
            text.as_bytes(),
        ]))
    }

    /// K of bytes that could not be read at all.
    pub fn of_unreadable(bytes: &[u8], secret: &IdentityKey) -> Self {
        Self(secret.mac([b"unreadable".as_slice(), bytes]))
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first 16 bytes in hexadecimal: enough for a Message-ID and a file name.
    pub fn short(self) -> String {
        self.to_hex().chars().take(32).collect()
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Result<Self, NotAMessageKey> {
        let mut bytes = [0_u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NotAMessageKey);
        }
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAMessageKey)?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| NotAMessageKey)?;
        }
        Ok(Self(bytes))
    }
}

fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(TEXT_BYTES + 64));
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() >= TEXT_BYTES {
            break;
        }
    }
    let mut end = out.len().min(TEXT_BYTES);
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K({})", self.short())
    }
}

impl TryFrom<String> for MessageKey {
    type Error = NotAMessageKey;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_hex(&text)
    }
}

impl From<MessageKey> for String {
    fn from(key: MessageKey) -> Self {
        key.to_hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        let mut message = Message::unreadable(jiff::Timestamp::UNIX_EPOCH, "");
        message.text = text.into();
        message
    }

    #[test]
    fn white_space_does_not_change_the_identity_but_words_do() {
        let secret = IdentityKey::new([7; 32]);
        let one = MessageKey::of(&message("bonjour  à\r\n tous"), &secret);
        assert_eq!(one, MessageKey::of(&message("bonjour à tous\n"), &secret));
        assert_ne!(one, MessageKey::of(&message("bonjour à toutes"), &secret));
        assert_ne!(one, MessageKey::of(&message("bonjour à tous"), &IdentityKey::new([8; 32])));
    }

    #[test]
    fn only_the_first_four_kilobytes_count() {
        let secret = IdentityKey::new([7; 32]);
        let long = "é ".repeat(4000);
        let longer = format!("{long} and a footer added by a relay");
        assert_eq!(MessageKey::of(&message(&long), &secret), MessageKey::of(&message(&longer), &secret));
    }

    #[test]
    fn a_field_boundary_cannot_be_moved() {
        let secret = IdentityKey::new([7; 32]);
        assert_ne!(secret.mac([b"ab".as_slice(), b"c"]), secret.mac([b"a".as_slice(), b"bc"]));
    }

    #[test]
    fn hexadecimal_round_trip() {
        let key = MessageKey::of(&message("x"), &IdentityKey::new([1; 32]));
        assert_eq!(MessageKey::from_hex(&key.to_hex()), Ok(key));
        assert!(MessageKey::from_hex("zz").is_err());
    }
}
