//! Floor 1, pure: bytes → [`crate::domain::Message`].
//!
//! Mail is outside input in its most hostile form, so nothing here panics, recurses on a depth the
//! sender chooses, or takes time that grows with the square of the size:
//!
//! 1. `guard` looks at the bytes before the parser does;
//! 2. `parse` turns headers into checked values, `automated` and `report` gather the machine marks;
//! 3. `body` chooses the text, `html` writes HTML out as lines;
//! 4. `newest_text` leaves out history, signature and disclaimer;
//! 5. `language` names the language, `mask` hides card numbers and IBANs.
//!
//! [`outline`], [`attachment`] and [`laid_out`] go back to the same bytes for what a [`Message`] does not hold.

mod automated;
mod body;
mod charset;
mod flowed;
mod guard;
mod headers;
mod html;
mod language;
mod lines;
mod mask;
mod newest_text;
mod original;
mod parse;
mod report;
mod shield;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::domain::message::{Condition, Message, RawMessage};

pub use html::LaidOut;
pub use original::{Attachment, Listed, Outline, attachment, laid_out, outline};

use shield::Extent;

/// Reads one message. Never fails and never panics: what cannot be read becomes a message whose
/// condition is [`Condition::Unreadable`], with as much of its headers as could be saved.
pub fn read(raw: &RawMessage) -> Message {
    let (message, extent) = shield::over(&raw.bytes, |bytes| read_bytes(bytes, raw.arrived_at));
    let message = message.unwrap_or_else(|| Message::unreadable(raw.arrived_at, ""));
    let condition = match extent {
        Extent::Whole if !raw.partial => message.condition,
        Extent::Whole | Extent::Beginning => demoted(message.condition, Condition::Partial),
        Extent::HeadersOnly(why) | Extent::Nothing(why) => Condition::Unreadable(why.into()),
    };
    Message { condition, ..message }
}

/// `worse`, unless the message is unreadable already.
fn demoted(condition: Condition, worse: Condition) -> Condition {
    match condition {
        Condition::Readable => worse,
        other => other,
    }
}

fn read_bytes(bytes: &[u8], arrived_at: Timestamp) -> Message {
    let bytes: Cow<'_, [u8]> = charset::with_utf8_headers(bytes);
    let Some(parsed) = parse::parsed(&bytes) else {
        return without_headers(&bytes, arrived_at);
    };
    let headers = headers::Headers::of(&parsed);
    let mut message = parse::head(&parsed, &headers, arrived_at);
    let mut body = body::read(&parsed);
    for line in &mut body.lines {
        message.holds_card_number |= mask::mask(&mut line.text);
    }
    message.holds_card_number |= body.card_elsewhere;
    message.holds_card_number |= mask::mask(&mut message.subject);
    let newest = newest_text::newest(&body, &message.subject);
    message.text = lines::join(&body.lines);
    message.holds_card_number |= mask::mask(&mut message.text);
    message.newest_text = newest.text;
    message.holds_card_number |= mask::mask(&mut message.newest_text);
    message.forwarded_from = newest.forwarded_from;
    message.language = language::of(&message.newest_text, &message.subject);
    message.marks = automated::marks(&parsed, &headers, &message);
    if !headers.looks_like_mail() {
        message.condition = Condition::Unreadable("it has no mail headers".into());
    }
    message
}

/// Text that has no header at all is shown to a person as it stands.
fn without_headers(bytes: &[u8], arrived_at: Timestamp) -> Message {
    let mut message = Message::unreadable(arrived_at, "it has no mail headers");
    message.text = lines::clean(&charset::sniffed(bytes));
    message.holds_card_number = mask::mask(&mut message.text);
    message.newest_text.clone_from(&message.text);
    message
}

/// A text of ours with card numbers and IBANs masked, as those of customers are.
pub fn mask_secrets(text: &str) -> String {
    let mut masked = text.to_owned();
    mask::mask(&mut masked);
    masked
}
