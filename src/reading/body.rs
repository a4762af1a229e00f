//! Which parts of a message are its text, and that text as lines.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message as Parsed, MessagePart, MimeHeaders, PartType};

use crate::domain::address::Address;

use super::lines::{self, Line};
use super::{charset, flowed, html, mask, parse};

/// Longest text of one part that is read, in bytes.
const MAX_PART: usize = 1024 * 1024;
/// Most text parts that are read.
const MAX_PARTS: usize = 50;

/// A message attached whole, as "forward as attachment" does.
#[derive(Debug)]
pub(super) struct Attached {
    /// Its sender.
    pub from: Option<Address>,
    /// Its text.
    pub lines: Vec<Line>,
}

/// The text of a message.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// All its lines.
    pub lines: Vec<Line>,
    /// The first message attached to it.
    pub attached: Option<Attached>,
    /// A card number stands in something that no text is taken from: the HTML beside a plain text, a text file.
    pub card_elsewhere: bool,
}

/// A text part in its document order.
struct Leaf {
    /// The topmost multipart/alternative it stands in.
    alternative: Option<usize>,
    is_html: bool,
    lines: Vec<Line>,
}

/// Reads the text of a message and of the first message attached to it.
pub(super) fn read(parsed: &Parsed<'_>) -> Body {
    let (lines, mut card_elsewhere) = own_lines(parsed);
    let attached = parsed.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => Some(Attached { from: sender(inner), lines: own_lines(inner).0 }),
        _ => None,
    });
    card_elsewhere |= card_in_files(parsed) || card_in_attached(parsed);
    Body { lines, attached, card_elsewhere }
}

/// Whether a text file of the message holds a card number.
fn card_in_files(parsed: &Parsed<'_>) -> bool {
    parsed.parts.iter().enumerate().any(|(at, part)| {
        let is_file = text_kind(part, at == 0, false).is_none();
        let text = if is_file { text_of(parsed, part) } else { None };
        text.is_some_and(|text| match part.body {
            PartType::Html(_) => holds_card(&html::lines(&text)),
            _ => holds_card(&lines::of_plain(&text)),
        })
    })
}

/// Whether a message attached to it holds a card number, however deep. How many and how deep is bounded by what is read
/// at all.
fn card_in_attached(parsed: &Parsed<'_>) -> bool {
    let mut waiting = vec![parsed];
    while let Some(outer) = waiting.pop() {
        for part in &outer.parts {
            let PartType::Message(inner) = &part.body else { continue };
            let (lines, beside) = own_lines(inner);
            if beside || holds_card(&lines) || card_in_files(inner) {
                return true;
            }
            waiting.push(inner);
        }
    }
    false
}

fn holds_card(lines: &[Line]) -> bool {
    let mut text = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    mask::mask(&mut text)
}

fn sender(parsed: &Parsed<'_>) -> Option<Address> {
    let headers = super::headers::Headers::of(parsed);
    parse::head(parsed, &headers, jiff::Timestamp::UNIX_EPOCH).from.into_iter().next()
}

/// The text, and whether what was not chosen for it holds a card number.
fn own_lines(parsed: &Parsed<'_>) -> (Vec<Line>, bool) {
    let mut leaves = leaves(parsed, false);
    if leaves.is_empty() {
        // Some programs name their body as if it were a file.
        leaves = self::leaves(parsed, true);
    }
    let mut out: Vec<Line> = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    let mut card_beside = false;
    for leaf in &leaves {
        let (chosen, left): (Vec<&Leaf>, Vec<&Leaf>) = match leaf.alternative {
            None => (vec![leaf], Vec::new()),
            Some(group) if done.contains(&group) => continue,
            Some(group) => {
                done.push(group);
                choose(leaves.iter().filter(|other| other.alternative == Some(group)).collect())
            }
        };
        card_beside |= left.iter().any(|leaf| holds_card(&leaf.lines));
        for leaf in chosen {
            if !out.is_empty() {
                out.push(Line::default());
            }
            out.extend(leaf.lines.iter().cloned());
        }
    }
    (out, card_beside)
}

/// Of alternatives, plain text; HTML where plain text is empty or only says "see the HTML". And the others.
fn choose(leaves: Vec<&Leaf>) -> (Vec<&Leaf>, Vec<&Leaf>) {
    let (rich, plain): (Vec<&Leaf>, Vec<&Leaf>) = leaves.into_iter().partition(|leaf| leaf.is_html);
    let letters = |leaves: &[&Leaf]| -> usize {
        leaves
            .iter()
            .flat_map(|leaf| &leaf.lines)
            .map(|line| line.text.chars().filter(|c| c.is_alphanumeric()).count())
            .sum()
    };
    let (in_plain, in_rich) = (letters(&plain), letters(&rich));
    let stub = in_plain == 0 || (in_plain < 400 && in_rich > in_plain * 2 && announces_html(&plain));
    if stub && in_rich > 0 { (rich, plain) } else { (plain, rich) }
}

/// "Your mail program does not show HTML" and the like.
fn announces_html(leaves: &[&Leaf]) -> bool {
    leaves.iter().flat_map(|leaf| &leaf.lines).any(|line| {
        let text = line.text.to_lowercase();
        text.contains("html")
            || text.contains("view this email")
            || text.contains("version en ligne")
            || text.contains("navigateur")
    })
}

fn leaves(parsed: &Parsed<'_>, named_too: bool) -> Vec<Leaf> {
    let alternatives = alternatives(parsed);
    let mut found = Vec::new();
    for (at, part) in parsed.parts.iter().enumerate() {
        if found.len() >= MAX_PARTS {
            break;
        }
        let Some(is_html) = text_kind(part, at == 0, named_too) else { continue };
        let Some(text) = text_of(parsed, part) else { continue };
        let is_html = is_html || looks_html(&text);
        let lines = if is_html { html::lines(&text) } else { plain_lines(part, &text) };
        found.push(Leaf { alternative: alternatives.get(at).copied().flatten(), is_html, lines });
    }
    found
}

/// The HTML of a message in document order, decoded; parts that are files are none of it.
pub(super) fn html_parts(parsed: &Parsed<'_>) -> Vec<String> {
    let all = |named_too| {
        let leaves = parsed.parts.iter().enumerate().filter_map(move |(at, part)| {
            let is_html = text_kind(part, at == 0, named_too)?;
            Some((is_html, text_of(parsed, part)?))
        });
        leaves.take(MAX_PARTS).collect::<Vec<_>>()
    };
    let mut leaves = all(false);
    if leaves.is_empty() {
        leaves = all(true);
    }
    let rich = leaves.into_iter().filter(|(is_html, text)| *is_html || looks_html(text));
    rich.map(|(_, text)| text).collect()
}

/// Whether a text that is called plain begins as an HTML page does.
fn looks_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_lowercase();
    start.starts_with("<html") || start.starts_with("<!doctype html")
}

fn plain_lines(part: &MessagePart<'_>, text: &str) -> Vec<Line> {
    let attribute = |name: &str| part.content_type().and_then(|ct| ct.attribute(name)).map(str::to_ascii_lowercase);
    let lines = lines::of_plain(text);
    if attribute("format").as_deref() == Some("flowed") {
        flowed::joined(lines, text, attribute("delsp").as_deref() == Some("yes"))
    } else {
        lines
    }
}

/// For each part the topmost multipart/alternative above it. Parents stand before their children,
/// so one pass is enough and no depth is recursed on.
fn alternatives(parsed: &Parsed<'_>) -> Vec<Option<usize>> {
    let mut groups: Vec<Option<usize>> = vec![None; parsed.parts.len()];
    for (at, part) in parsed.parts.iter().enumerate() {
        let PartType::Multipart(children) = &part.body else { continue };
        let is_alternative = subtype(part).is_some_and(|subtype| subtype == "alternative");
        let group = groups.get(at).copied().flatten().or(is_alternative.then_some(at));
        for child in children {
            let child = *child as usize;
            if let Some(slot) = groups.get_mut(child).filter(|_| child > at) {
                *slot = group;
            }
        }
    }
    groups
}

fn subtype(part: &MessagePart<'_>) -> Option<String> {
    part.content_type().and_then(|ct| ct.subtype()).map(str::to_ascii_lowercase)
}

/// Whether a part is text to read, and whether it is HTML. Named and attached texts are files.
/// The root of a message is text even when its structure is broken.
fn text_kind(part: &MessagePart<'_>, is_root: bool, named_too: bool) -> Option<bool> {
    let has_text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
    let is_attached = part.content_disposition().is_some_and(|d| d.is_attachment());
    let is_file = is_attached || (part.attachment_name().is_some() && !named_too);
    if !has_text || (is_file && !is_root) {
        return None;
    }
    let kind = part.content_type().map(|ct| ct.ctype().to_ascii_lowercase());
    match (kind.as_deref(), subtype(part).as_deref()) {
        (None, _) | (Some("text"), Some("plain" | "enriched") | None) => Some(false),
        (Some("text"), Some("html")) => Some(true),
        (Some("multipart"), _) if is_root => Some(false),
        (Some("text"), Some(_)) if is_root => Some(false),
        _ => None,
    }
}

/// The decoded text. The parser replaces what it cannot decode, so the bytes are decoded again
/// unless they were declared well and came out clean.
fn text_of(parsed: &Parsed<'_>, part: &MessagePart<'_>) -> Option<String> {
    let (PartType::Text(text) | PartType::Html(text)) = &part.body else { return None };
    let declared = part.content_type().and_then(|ct| ct.attribute("charset"));
    let bytes = transfer_decoded(parsed, part);
    let text = match bytes {
        Some(bytes) => charset::decode(bytes.get(..MAX_PART).unwrap_or(&bytes), declared),
        None => text.chars().take(MAX_PART).collect(),
    };
    Some(text)
}

/// The bytes that the sender encoded for the way, where the parser knows where they stand.
pub(super) fn transfer_decoded(parsed: &Parsed<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let raw = parsed.raw_message.get(part.offset_body as usize..part.offset_end as usize)?;
    let encoding = part.content_transfer_encoding().map(|e| e.trim().to_ascii_lowercase()).unwrap_or_default();
    match (part.encoding, encoding.as_str()) {
        (Encoding::QuotedPrintable, _) => quoted_printable_decode(raw).or_else(|| Some(lenient_quoted_printable(raw))),
        (_, "quoted-printable") => Some(lenient_quoted_printable(raw)),
        (Encoding::Base64, _) | (_, "base64") => base64_decode(raw).or_else(|| lenient_base64(raw)),
        (Encoding::None, _) => Some(raw.to_vec()),
    }
}

/// Base64 with foreign characters in it or its end missing: what can be decoded.
fn lenient_base64(raw: &[u8]) -> Option<Vec<u8>> {
    let mut kept: Vec<u8> =
        raw.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    match kept.len() % 4 {
        0 => {}
        1 => drop(kept.pop()),
        missing => kept.resize(kept.len() + 4 - missing, b'='),
    }
    base64_decode(&kept).filter(|bytes| !bytes.is_empty())
}

/// Quoted-printable whose `=` signs are not all escapes: those stay as they are.
fn lenient_quoted_printable(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let rest = raw.get(at + 1..).unwrap_or_default();
        at += 1;
        if *byte != b'=' {
            out.push(*byte);
        } else if rest.starts_with(b"\r\n") {
            at += 2;
        } else if rest.starts_with(b"\n") {
            at += 1;
        } else {
            let hex = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
            match (hex(0), hex(1)) {
                (Some(high), Some(low)) => {
                    out.extend(u8::try_from(high * 16 + low));
                    at += 2;
                }
                _ => out.push(b'='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_transfer_encodings_give_what_they_can() {
        assert_eq!(lenient_quoted_printable(b"a=3Db = c=\r\nd=E9"), b"a=b = cd\xe9");
        assert_eq!(lenient_base64(b"Qm9u**am91cg!!"), Some(b"Bonjour".to_vec()));
    }

    #[test]
    fn a_card_number_counts_wherever_it_stands() {
        let mail = |parts: &[(&str, &str)]| {
            let parts = parts.iter().map(|(head, text)| format!("--b\r\nContent-Type: {head}\r\n\r\n{text}\r\n"));
            format!("Content-Type: multipart/alternative; boundary=b\r\n\r\n{}--b--\r\n", parts.collect::<String>())
        };
        let plain = ("text/plain", "The kettle is broken.");
        let elsewhere = |other: (&str, &str)| {
            let raw = mail(&[plain, other]);
            read(&parse::parsed(raw.as_bytes()).unwrap()).card_elsewhere
        };
        for other in [
            ("text/html", "<p>4111 1111 <b>1111</b> 1111"),
            ("text/csv; name=a.csv", "a;4111111111111111;b"),
            ("text/html; name=a.html", "<td>4111 1111 1111 1111"),
            ("message/rfc822", "Subject: a\r\n\r\n4111 1111 1111 1111"),
            ("message/rfc822", "Content-Type: message/rfc822\r\n\r\nSubject: b\r\n\r\n4111 1111 1111 1111"),
        ] {
            assert!(elsewhere(other), "{other:?}");
        }
        for other in [
            ("text/html", "<p>4111 1111 1111 1112"),
            ("text/html", "<a href='http://h/4111111111111111'>parcel</a>"),
            ("image/png; name=4111111111111111.png", "4111 1111 1111 1111"),
        ] {
            assert!(!elsewhere(other), "{other:?}");
        }
    }
}
