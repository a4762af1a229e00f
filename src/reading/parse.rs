//! Headers → checked values: ids, addresses, recipients, envelope sender, subject.

use std::sync::LazyLock;

use jiff::Timestamp;
use mail_parser::{HeaderName, HeaderValue, Message as Parsed, MessagePart, MimeHeaders, PartType};
use regex::Regex;

use crate::domain::address::{Address, Email};
use crate::domain::message::{Condition, Message, MessageId, ReturnPath};

use super::headers::Headers;
use super::lines::is_invisible;

/// Longest subject kept, in characters.
const MAX_SUBJECT: usize = 1_000;
/// Most addresses of a kind kept; far above any `max_recipients`.
const MAX_ADDRESSES: usize = 1_000;
/// Most ids kept: the first (the thread's root) and the last.
const MAX_IDS: usize = 100;
/// Most attachment names kept.
const MAX_ATTACHMENTS: usize = 200;

/// The structure of a message whose headers are UTF-8; `None` where there are none.
pub(super) fn parsed(bytes: &[u8]) -> Option<Parsed<'_>> {
    mail_parser::MessageParser::default().parse(bytes)
}

/// Everything the headers tell, texts and marks still empty.
pub(super) fn head(parsed: &Parsed<'_>, headers: &Headers, arrived_at: Timestamp) -> Message {
    let mut recipients = Vec::new();
    for name in [HeaderName::To, HeaderName::Cc, HeaderName::ResentTo, HeaderName::ResentCc] {
        recipients.extend(addresses(parsed, headers, name));
    }
    recipients.truncate(MAX_ADDRESSES);
    Message {
        condition: Condition::Readable,
        message_id: ids(parsed, headers, HeaderName::MessageId).into_iter().next(),
        in_reply_to: ids(parsed, headers, HeaderName::InReplyTo),
        references: ids(parsed, headers, HeaderName::References),
        from: addresses(parsed, headers, HeaderName::From),
        reply_to: addresses(parsed, headers, HeaderName::ReplyTo),
        sender: addresses(parsed, headers, HeaderName::Sender).into_iter().next(),
        recipients,
        return_path: return_path(headers),
        subject: subject(parsed),
        date_header: headers.get("date").unwrap_or_default().to_owned(),
        attachments: attachments(parsed).map(|(name, _)| name).collect(),
        ..Message::unreadable(arrived_at, "")
    }
}

/// Ids in order; a badly formed one is left out. Old In-Reply-To fields hold whole phrases, so
/// what stands in angle brackets counts first.
fn ids(parsed: &Parsed<'_>, headers: &Headers, name: HeaderName<'static>) -> Vec<MessageId> {
    static BRACKETED: LazyLock<Regex> = LazyLock::new(|| regex(r"<[^<>\s]+>"));
    let lower = name.as_str().to_ascii_lowercase();
    let mut found: Vec<MessageId> = Vec::new();
    for value in headers.all(&lower) {
        for bracketed in BRACKETED.find_iter(value) {
            found.extend(MessageId::parse(bracketed.as_str()));
        }
    }
    if found.is_empty() {
        for value in parsed.header_values(name) {
            let texts: Vec<&str> = match value {
                HeaderValue::Text(text) => vec![text],
                HeaderValue::TextList(list) => list.iter().map(AsRef::as_ref).collect(),
                _ => Vec::new(),
            };
            found.extend(texts.into_iter().filter_map(|text| MessageId::parse(text).ok()));
        }
    }
    if found.len() > MAX_IDS {
        found.drain(1..=found.len() - MAX_IDS);
    }
    found
}

/// The mailboxes of all fields of a name. Where the parser finds no usable address, whatever looks
/// like one in the field is taken: real senders write odd things.
fn addresses(parsed: &Parsed<'_>, headers: &Headers, name: HeaderName<'static>) -> Vec<Address> {
    static LOOSE: LazyLock<Regex> = LazyLock::new(|| regex(r#"[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+"#));
    let lower = name.as_str().to_ascii_lowercase();
    let mut found: Vec<Address> = Vec::new();
    for value in parsed.header_values(name) {
        let Some(list) = value.as_address() else { continue };
        found.extend(list.iter().filter_map(|addr| {
            let email = Email::parse(addr.address.as_deref()?.trim_matches(['<', '>', ' ', '\''])).ok()?;
            Some(Address { name: addr.name.as_deref().and_then(display_name), email })
        }));
    }
    if found.is_empty() {
        for value in headers.all(&lower) {
            let loose = LOOSE.find_iter(value).take(MAX_ADDRESSES);
            found.extend(loose.filter_map(|found| Email::parse(found.as_str()).ok()).map(Address::bare));
        }
    }
    found.truncate(MAX_ADDRESSES);
    found
}

/// A name for one line of display, or nothing.
pub(super) fn display_name(text: &str) -> Option<String> {
    let name = one_line(text, 200);
    let name = name.trim_matches(['"', '\'', ' ']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The topmost Return-Path. Empty and `MAILER-DAEMON`, with or without a host, mean the null sender:
/// some servers note it so.
fn return_path(headers: &Headers) -> ReturnPath {
    let Some(value) = headers.get("return-path") else { return ReturnPath::Absent };
    let inner = value.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let local = inner.split('@').next().unwrap_or_default();
    if inner.is_empty() || local.eq_ignore_ascii_case("mailer-daemon") {
        return ReturnPath::Null;
    }
    Email::parse(inner).map_or(ReturnPath::Absent, ReturnPath::Mailbox)
}

fn subject(parsed: &Parsed<'_>) -> String {
    let text = parsed.header(HeaderName::Subject).and_then(HeaderValue::as_text).unwrap_or_default();
    one_line(text, MAX_SUBJECT)
}

/// White space collapsed, invisible characters removed, at most `max` characters.
pub(super) fn one_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in text.split(char::is_whitespace) {
        let word: String = word.chars().filter(|c| !is_invisible(*c)).collect();
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    match out.char_indices().nth(max) {
        Some((end, _)) => out[..end].to_owned(),
        None => out,
    }
}

/// Everything that is not the body, with its decoded file name; an attached message shows its subject.
pub(super) fn attachments<'p, 'x>(
    parsed: &'p Parsed<'x>,
) -> impl Iterator<Item = (String, &'p MessagePart<'x>)> + use<'p, 'x> {
    let named = parsed.parts.iter().filter_map(|part| Some((attachment_name(part)?, part)));
    named.filter(|(name, _)| !name.is_empty()).take(MAX_ATTACHMENTS)
}

fn attachment_name(part: &MessagePart<'_>) -> Option<String> {
    if let Some(name) = part.attachment_name() {
        // Some clients write RFC 2047 words inside a parameter, which RFC 2231 forbids.
        let name = if name.contains("=?") { decoded_words(name) } else { name.to_owned() };
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        return Some(one_line(base, 255));
    }
    match &part.body {
        PartType::Message(inner) if !inner.parts.is_empty() => {
            let subject = subject(inner);
            Some(if subject.is_empty() { "message.eml".to_owned() } else { format!("{subject}.eml") })
        }
        _ => None,
    }
}

/// Encoded words decoded by the parser itself, as if they stood in a subject.
fn decoded_words(text: &str) -> String {
    let field = format!("Subject: {}\r\n\r\n", text.replace(['\r', '\n'], " "));
    match mail_parser::MessageParser::default().parse_headers(field.as_bytes()) {
        Some(parsed) if !parsed.parts.is_empty() => parsed.subject().unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    }
}

/// Compiles a pattern of ours.
#[allow(clippy::expect_used, reason = "the patterns are constants; a test compiles each")]
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}
