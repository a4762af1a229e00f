//! What the original still holds and a [`crate::domain::Message`] does not: attached files, and the HTML as its
//! sender laid it out. The numbers of the files are those of `Message::attachments`.

use mail_parser::{Encoding, Message as Parsed, MessagePart, MimeHeaders, PartType};

use super::html::LaidOut;
use super::{body, charset, html, parse, shield};

/// What is taken for a file whose declared type is missing or could not be written into a header.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A file that a message brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as `Message::attachments` has it.
    pub name: String,
    /// What its sender says it is, in lower case, e.g. `image/jpeg`: a claim, nothing more.
    pub media_type: String,
    /// Decoded.
    pub bytes: Vec<u8>,
    /// Nothing comes after it in the original. Where only the beginning of a message was fetched, its end is missing.
    pub is_last: bool,
}

/// An attachment without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Decoded bytes.
    pub size: usize,
    /// As [`Attachment::is_last`].
    pub is_last: bool,
}

/// What can be had of an original.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// The attached files, numbered from 0.
    pub attachments: Vec<Listed>,
    /// There is HTML to be seen.
    pub has_html: bool,
}

/// What [`attachment`] and [`laid_out`] would find. `raw` are the bytes as received (RFC 5322).
pub fn outline(raw: &[u8]) -> Outline {
    let outline = over(raw, |parsed| {
        let files = parse::attachments(parsed).map(|(name, part)| {
            let Attachment { name, bytes, is_last, .. } = file(parsed, name, part);
            Listed { name, size: bytes.len(), is_last }
        });
        Outline { attachments: files.collect(), has_html: !body::html_parts(parsed).is_empty() }
    });
    outline.unwrap_or_default()
}

/// The `n`-th attached file, counted from 0; `None` when there are not so many.
pub fn attachment(raw: &[u8], n: usize) -> Option<Attachment> {
    over(raw, |parsed| parse::attachments(parsed).nth(n).map(|(name, part)| file(parsed, name, part))).flatten()
}

/// The HTML of a message, made harmless; `None` where it has none. What it may still hold: see [`LaidOut`].
pub fn laid_out(raw: &[u8]) -> Option<LaidOut> {
    over(raw, |parsed| {
        let parts = body::html_parts(parsed);
        (!parts.is_empty()).then(|| html::laid_out(&parts))
    })
    .flatten()
}

/// Parses as reading did, so that both see the same parts.
fn over<T: Send>(raw: &[u8], look: impl Fn(&Parsed<'_>) -> T + Sync) -> Option<T> {
    let (found, _) = shield::over(raw, |bytes| {
        let bytes = charset::with_utf8_headers(bytes);
        parse::parsed(&bytes).map(|parsed| look(&parsed))
    });
    found.flatten()
}

fn file(parsed: &Parsed<'_>, name: String, part: &MessagePart<'_>) -> Attachment {
    // The blank line that is missing at a cut is added before parsing.
    let is_last = part.offset_end as usize + 4 >= parsed.raw_message.len();
    Attachment { name, media_type: media_type(part), bytes: decoded(parsed, part), is_last }
}

fn decoded(parsed: &Parsed<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let as_written = || parsed.raw_message.get(part.offset_body as usize..part.offset_end as usize);
    match &part.body {
        // A text as its sender saved it, not as the parser understood its character set.
        PartType::Text(_) | PartType::Html(_) => body::transfer_decoded(parsed, part),
        PartType::Binary(_) | PartType::InlineBinary(_) if part.is_encoding_problem => {
            body::transfer_decoded(parsed, part)
        }
        PartType::Binary(_) | PartType::InlineBinary(_) => None,
        // A message that stands there as it is has the bytes of the whole for its own.
        PartType::Message(_) if part.encoding != Encoding::None => None,
        PartType::Message(_) | PartType::Multipart(_) => as_written().map(<[u8]>::to_vec),
    }
    .unwrap_or_else(|| part.contents().to_vec())
}

/// The declared type as a header can hold it (RFC 6838 §4.2).
fn media_type(part: &MessagePart<'_>) -> String {
    let good = |word: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        !word.is_empty() && word.len() <= 127 && word.chars().all(known)
    };
    let declared = part.content_type().and_then(|declared| {
        let subtype = declared.subtype()?;
        (good(declared.ctype()) && good(subtype)).then(|| format!("{}/{subtype}", declared.ctype()))
    });
    declared.map_or_else(|| UNKNOWN_TYPE.to_owned(), |declared| declared.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::RawMessage;

    fn names(raw: &[u8]) -> Vec<String> {
        let message = RawMessage { bytes: raw.to_vec(), arrived_at: jiff::Timestamp::UNIX_EPOCH, partial: false };
        super::super::read(&message).attachments
    }

    const MIXED: &[u8] = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>Broken</p>\r\n\
        --b\r\nContent-Type: image/JPEG; name=kettle.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/4AAQ\r\n\
        --b\r\nContent-Type: text/plain; charset=iso-8859-1; name=\"../note.txt\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nfendu=E9\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: mediator@c.example\r\nSubject: Avis\r\n\r\nLetter\r\n\
        --b--\r\n";

    #[test]
    fn files_come_out_as_they_were_put_in() {
        let found: Vec<Attachment> = (0..4).map_while(|n| attachment(MIXED, n)).collect();
        let said: Vec<_> = found.iter().map(|file| (file.name.as_str(), file.media_type.as_str())).collect();
        assert_eq!(said, [("kettle.jpg", "image/jpeg"), ("note.txt", "text/plain"), ("Avis.eml", "message/rfc822")],);
        assert_eq!(found[0].bytes, b"\xff\xd8\xff\xe0\x00\x10");
        assert_eq!(found[1].bytes, b"fendu\xe9", "in the sender's own character set");
        assert_eq!(found[2].bytes, b"From: mediator@c.example\r\nSubject: Avis\r\n\r\nLetter");
        assert!(found.iter().all(|file| !file.is_last));
    }

    #[test]
    fn the_list_is_the_message_s() {
        let outline = outline(MIXED);
        assert!(outline.has_html);
        assert_eq!(names(MIXED), outline.attachments.iter().map(|file| file.name.clone()).collect::<Vec<_>>());
        assert_eq!(outline.attachments.iter().map(|file| file.size).collect::<Vec<_>>(), [6, 6, 49]);
    }

    #[test]
    fn an_encoded_message_is_decoded() {
        let raw =
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822; name=a.eml\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaGkNCg0KYm9keQ==\r\n--b--\r\n";
        assert_eq!(attachment(raw, 0).unwrap().bytes, b"Subject: hi\r\n\r\nbody");
    }

    #[test]
    fn what_was_cut_says_so() {
        let end = MIXED.windows(5).position(|word| word == b"fendu").unwrap() + 3;
        let cut = &MIXED[..end];
        let found = outline(cut).attachments;
        assert_eq!(found.iter().map(|file| file.is_last).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn mail_that_is_one_file_brings_it() {
        let raw = b"From: a@b.example\r\nContent-Type: application/pdf; name=letter.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n";
        assert_eq!(attachment(raw, 0).unwrap().bytes, b"%PDF");
        assert_eq!(outline(raw).attachments.len(), 1);
    }

    #[test]
    fn a_type_that_no_header_could_hold_is_unknown() {
        let raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: ima\"ge/x\xe9; name=a.bin\r\n\r\nx\r\n--b--\r\n";
        assert_eq!(attachment(raw, 0).unwrap().media_type, UNKNOWN_TYPE);
    }

    #[test]
    fn hostile_structure_is_survived() {
        for raw in [
            &b""[..],
            b"\0",
            b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n----",
            b"Content-Type: message/rfc822; name=x\r\n\r\n",
            b"Content-Type: multipart/mixed; name=x; boundary=b\r\n\r\n--b",
        ] {
            assert_eq!(names(raw).len(), outline(raw).attachments.len(), "{raw:?}");
        }
        let deep = b"Content-Type: message/rfc822; name=x\r\n\r\n".repeat(3_000);
        assert_eq!(names(&deep).len(), outline(&deep).attachments.len());
        assert_eq!(attachment(&deep, 0).unwrap().name, "x");
    }
}
