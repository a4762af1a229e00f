//! Rules that recognise a machine's mail. Each names itself and what it saw.

use super::settings::PermissionSettings;
use super::subjects::{self, Absence};
use crate::domain::message::ReturnPath;
use crate::domain::{Email, Message};

/// `Precedence` values of mass mail and responders; `list` is another matter (Held).
const MASS: &[&str] = &["bulk", "junk", "auto_reply", "auto-reply"];

/// `X-Auto-Response-Suppress` values that forbid an automatic answer.
const SUPPRESS: &[&str] = &["all", "autoreply", "oof"];

/// Local parts nobody reads, as the word sequences they consist of.
const NOBODY: &[&[&str]] = &[
    &["noreply"],
    &["no", "reply"],
    &["donotreply"],
    &["do", "not", "reply"],
    &["dont", "reply"],
    &["dontreply"],
    &["noreplies"],
    &["unattended"],
    &["nepasrepondre"],
    &["ne", "pas", "repondre"],
    &["pasdereponse"],
    &["sansreponse"],
    &["noresponder"],
    &["no", "responder"],
    &["noresponda"],
    &["naoresponda"],
    &["nao", "responda"],
    &["naoresponder"],
    &["nao", "responder"],
    &["nonrispondere"],
    &["non", "rispondere"],
    &["nichtantworten"],
    &["nicht", "antworten"],
    &["keineantwort"],
    &["keine", "antwort"],
    &["nietantwoorden"],
    &["niet", "antwoorden"],
    &["nepasrepondresvp"],
    &["svarainte"],
    &["ikkesvar"],
    &["mailer", "daemon"],
    &["mailerdaemon"],
    &["mail", "daemon"],
    &["maildaemon"],
    &["autoresponder"],
    &["autoreply"],
    &["auto", "reply"],
];

/// Local parts that are a daemon's as a whole.
const DAEMONS: &[&str] =
    &["postmaster", "listserv", "majordomo", "mailman", "sympa", "daemon", "ndr", "nobody", "root", "www-data"];

/// The first rule that says “machine”, in words; `form` skips what our own contact forms do as well.
pub(super) fn machine(message: &Message, settings: &PermissionSettings, form: bool) -> Option<String> {
    let marks = &message.marks;
    if is_our_acknowledgement(message, settings) {
        return Some("our own acknowledgement".into());
    }
    if let Some(word) = marks.auto_submitted.as_deref().filter(|word| *word != "no" && !form) {
        return Some(format!("auto-submitted: {word}"));
    }
    if message.return_path == ReturnPath::Null && !form {
        return Some("null return-path".into());
    }
    if let Some(part) = &marks.machine_part {
        return Some(format!("machine structure: {part}"));
    }
    if let Some(word) = marks.precedence.as_deref().filter(|word| MASS.contains(word)) {
        return Some(format!("precedence: {word}"));
    }
    if let Some(word) = marks.auto_response_suppress.iter().find(|word| SUPPRESS.contains(&word.as_str())) {
        return Some(format!("x-auto-response-suppress: {word}"));
    }
    if let Some(header) = marks.auto_headers.first() {
        return Some(format!("auto-responder header: {header}"));
    }
    let daemon = message.from.iter().map(|from| &from.email).find(|from| is_daemon(from));
    if let Some(from) = daemon.filter(|_| !form) {
        return Some(format!("daemon sender: {}", from.local().to_lowercase()));
    }
    if let ReturnPath::Mailbox(sender) = &message.return_path
        && is_postmaster(sender)
        && !form
    {
        return Some(format!("daemon return-path: {}", sender.local().to_lowercase()));
    }
    if subjects::absence(&message.subject) == Some(Absence::Notice) {
        return Some("absence subject".into());
    }
    (marks.list_unsubscribe && !marks.list_post).then(|| "list-unsubscribe without list-post".into())
}

/// An acknowledgement of ours that comes back: its Message-ID is `ack.` and 32 hexadecimal digits at a
/// domain of ours (any domain when we know none).
fn is_our_acknowledgement(message: &Message, settings: &PermissionSettings) -> bool {
    let Some((left, domain)) = message.message_id.as_ref().and_then(|id| id.as_str().split_once('@')) else {
        return false;
    };
    let digits = left.strip_prefix("ack.").unwrap_or_default();
    let ours = settings.addresses.is_none()
        || settings.from.as_ref().is_some_and(|from| from.email.domain().eq_ignore_ascii_case(domain))
        || settings.owns(&domain.to_lowercase());
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) && ours
}

/// Whether nobody reads what is sent to this address.
pub(super) fn is_daemon(from: &Email) -> bool {
    let local = from.local().to_lowercase();
    // Some gateways write a whole address into the local part.
    let plain = local.split(['+', '@', '\\']).next().unwrap_or_default();
    let list = plain.starts_with("owner-") || plain.ends_with("-owner") || plain.ends_with("-request");
    if list || DAEMONS.contains(&plain) || is_bounce_address(from) {
        return true;
    }
    let words = words(&local);
    NOBODY.iter().any(|name| words.windows(name.len()).any(|window| begins_alike(window, name)))
}

/// Whether the address only takes delivery reports back (`news-bounces@`, `bounce-12-x=y@`).
pub(super) fn is_bounce_address(email: &Email) -> bool {
    let local = email.local().to_lowercase();
    let words = words(&local);
    let bounce = |word: Option<&&str>| matches!(word, Some(&"bounce" | &"bounces"));
    bounce(words.first()) || bounce(words.last())
}

/// Whether the address is a server's bin for mail to nobody in particular.
pub(super) fn is_catch_all(email: &Email) -> bool {
    let local = email.local().to_lowercase();
    matches!(local.split('+').next(), Some("catchall" | "catch-all"))
}

fn is_postmaster(email: &Email) -> bool {
    matches!(email.local().to_lowercase().as_str(), "mailer-daemon" | "postmaster")
}

fn words(local: &str) -> Vec<&str> {
    local.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Whether the words are the name's, a number after the last one allowed (`noreply2`).
fn begins_alike(words: &[&str], name: &[&str]) -> bool {
    words.iter().zip(name).all(|(word, part)| word.trim_end_matches(|c: char| c.is_ascii_digit()) == *part)
}
