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
mod parse;
mod report;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use crate::domain::message::{Condition, Message, RawMessage};

use guard::Way;

/// Stack for mail that nests deeply: the parser and its `Drop` need up to a few hundred bytes a level.
const DEEP_STACK: usize = 64 * 1024 * 1024;

/// Why a message that made the parser fail is unreadable.
const PARSER_FAILED: &str = "the mail parser failed on it";

/// Reads one message. Never fails and never panics: what cannot be read becomes a message whose
/// condition is [`Condition::Unreadable`], with as much of its headers as could be saved.
pub fn read(raw: &RawMessage) -> Message {
    let bytes = guard::trimmed(&raw.bytes);
    let message = match guard::inspect(bytes) {
        Way::Plain => shielded(bytes, raw.arrived_at),
        Way::DeepStack => on_deep_stack(bytes, raw.arrived_at),
        Way::Beginning => shielded(guard::beginning(bytes), raw.arrived_at)
            .map(|message| Message { condition: demoted(message.condition, Condition::Partial), ..message }),
        Way::HeadersOnly(why) => shielded(guard::header_block(bytes), raw.arrived_at)
            .map(|message| Message { condition: Condition::Unreadable(why.into()), ..message }),
        Way::Not(why) => return Message::unreadable(raw.arrived_at, why),
    };
    let message = message.unwrap_or_else(|| given_up(bytes, raw.arrived_at));
    if raw.partial {
        return Message { condition: demoted(message.condition, Condition::Partial), ..message };
    }
    message
}

/// What a person can still be shown of a message that made the parser fail: its headers, where they
/// can be read alone.
fn given_up(bytes: &[u8], arrived_at: Timestamp) -> Message {
    let message = shielded(guard::header_block(bytes), arrived_at);
    let message = message.unwrap_or_else(|| Message::unreadable(arrived_at, ""));
    Message { condition: Condition::Unreadable(PARSER_FAILED.into()), ..message }
}

/// `worse`, unless the message is unreadable already.
fn demoted(condition: Condition, worse: Condition) -> Condition {
    match condition {
        Condition::Readable => worse,
        other => other,
    }
}

/// A thread of its own costs as much as reading an ordinary mail does (some 0.2 ms), so only mail
/// whose nesting could overflow an ordinary stack gets one.
fn on_deep_stack(bytes: &[u8], arrived_at: Timestamp) -> Option<Message> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("reading".into())
            .stack_size(DEEP_STACK)
            .spawn_scoped(scope, || shielded(bytes, arrived_at))
            .ok()?
            .join()
            .ok()?
    })
}

/// The parser is other people's code fed by strangers: a panic in it is a property of that one
/// message, not of the daemon.
fn shielded(bytes: &[u8], arrived_at: Timestamp) -> Option<Message> {
    catch_unwind(AssertUnwindSafe(|| read_bytes(bytes, arrived_at))).ok()
}

fn read_bytes(bytes: &[u8], arrived_at: Timestamp) -> Message {
    let bytes: Cow<'_, [u8]> = charset::with_utf8_headers(bytes);
    let Some(parsed) = mail_parser::MessageParser::default().parse(bytes.as_ref()) else {
        return without_headers(&bytes, arrived_at);
    };
    let headers = headers::Headers::of(&parsed);
    let mut message = parse::head(&parsed, &headers, arrived_at);
    let mut body = body::read(&parsed);
    for line in &mut body.lines {
        message.holds_card_number |= mask::mask(&mut line.text);
    }
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
