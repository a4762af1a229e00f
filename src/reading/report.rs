//! Delivery reports (RFC 3464) and the bounces of servers that never heard of them.

use std::sync::LazyLock;

use mail_parser::{Message as Parsed, MessagePart, MimeHeaders, PartType};
use regex::Regex;

use crate::domain::message::{Message, MessageId};

use super::headers::Headers;
use super::parse::regex;

/// Most ids taken from one report.
const MAX_IDS: usize = 20;
/// Longest part that is searched, in bytes.
const MAX_PART: usize = 256 * 1024;

/// Message-IDs of what came back: the returned message, its returned headers, or header lines
/// quoted in the text.
pub(super) fn ids(parsed: &Parsed<'_>, message: &Message) -> Vec<MessageId> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| regex(r"(?im)^[>\s|]*message-id\s*:\s*(<[^<>\s]+>)"));
    let mut found: Vec<MessageId> = Vec::new();
    let mut add = |id: MessageId| {
        if found.len() < MAX_IDS && message.message_id.as_ref() != Some(&id) && !found.contains(&id) {
            found.push(id);
        }
    };
    for part in parsed.parts.iter().take(200) {
        if let PartType::Message(inner) = &part.body {
            let returned = Headers::of(inner).get("message-id").and_then(|id| MessageId::parse(id).ok());
            returned.into_iter().for_each(&mut add);
        } else if let Some(text) = text(part) {
            let quoted = LINE.captures_iter(&text).filter_map(|found| MessageId::parse(found.get(1)?.as_str()).ok());
            quoted.for_each(&mut add);
        }
    }
    LINE.captures_iter(&message.text)
        .filter_map(|found| MessageId::parse(found.get(1)?.as_str()).ok())
        .for_each(&mut add);
    found
}

/// `Action` and `Status` of the report; of several recipients the one that fared worst.
pub(super) fn status(parsed: &Parsed<'_>) -> Option<(String, String)> {
    let reports = parsed.parts.iter().take(200).filter(|part| {
        let subtype = part.content_type().and_then(|content| content.subtype()).unwrap_or_default().to_lowercase();
        matches!(subtype.as_str(), "delivery-status" | "global-delivery-status")
    });
    let mut found: Vec<(String, String)> = Vec::new();
    for part in reports {
        let Some(text) = text(part) else { continue };
        for group in text.replace("\r\n", "\n").split("\n\n").take(200) {
            let fields = Headers::of_text(group);
            let Some(action) = fields.get("action") else { continue };
            found.push((keyword(action), keyword(fields.get("status").unwrap_or_default())));
        }
    }
    found.into_iter().min_by_key(|(action, _)| match action.as_str() {
        "failed" => 0,
        "delayed" => 1,
        _ => 2,
    })
}

fn keyword(value: &str) -> String {
    value.split(['(', ' ', ';']).next().unwrap_or_default().trim().to_lowercase()
}

fn text(part: &MessagePart<'_>) -> Option<String> {
    let bytes = match &part.body {
        PartType::Text(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            let kind = part.content_type().map(|content| content.ctype().to_lowercase()).unwrap_or_default();
            if !matches!(kind.as_str(), "text" | "message") {
                return None;
            }
            bytes.as_ref()
        }
        _ => return None,
    };
    Some(String::from_utf8_lossy(bytes.get(..MAX_PART).unwrap_or(bytes)).into_owned())
}
