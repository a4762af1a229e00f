//! A mail's bytes, whole: headers, MIME structure, character sets, HTML.
#![no_main]

use guichet::domain::identity::{IdentityKey, MessageKey};
use guichet::domain::{Email, Message, RawMessage};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: guichet_fuzz::survive_parsers(), |data: &[u8]| {
    let raw = RawMessage { bytes: data.to_vec(), arrived_at: Timestamp::UNIX_EPOCH, partial: false };
    let message = guichet::reading::read(&raw);
    check(&message);
    check_original(data, &message);
    let _ = MessageKey::of(&message, &IdentityKey::new([7; 32]));
    // As the store keeps it.
    let kept = serde_json::to_vec(&message).expect("a message can be stored");
    assert_eq!(serde_json::from_slice::<Message>(&kept).expect("and comes back"), message);
});

/// What the desk takes from the original is what the message told of it.
fn check_original(data: &[u8], message: &Message) {
    let listed = guichet::reading::outline(data).attachments;
    assert!(listed.iter().map(|file| &file.name).eq(&message.attachments), "other files than the message names");
    for (n, file) in listed.iter().enumerate().take(3) {
        let taken = guichet::reading::attachment(data, n).expect("a listed file");
        assert_eq!((&taken.name, taken.bytes.len()), (&file.name, file.size));
    }
    if let Some(page) = guichet::reading::laid_out(data) {
        for acting in ["<script", "<a ", "<img", "<iframe", "<form", "<svg", "<style", "href=", "src=", "url("] {
            let found =
                page.html.match_indices(acting).any(|(at, _)| page.html[..at].rfind('<') > page.html[..at].rfind('>'));
            assert!(!page.html.contains(acting) || !acting.starts_with('<') && !found, "{acting}");
        }
    }
}

fn check(message: &Message) {
    assert!(!message.subject.chars().any(char::is_control), "a subject of several lines");
    assert!(message.text.trim().is_empty() || !message.newest_text.is_empty(), "text, but no newest text");
    let senders = message.from.iter().chain(&message.reply_to).chain(&message.sender).chain(&message.forwarded_from);
    for address in senders.chain(&message.recipients) {
        assert!(Email::parse(address.email.as_str()).is_ok(), "an address that could not be written");
        assert!(!address.name.iter().any(|name| name.chars().any(char::is_control)), "a name of several lines");
    }
}
