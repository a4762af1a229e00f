//! A mail's text, without MIME around it: quotes, attributions, forwards, signatures, disclaimers.
//! The first byte chooses plain or flowed text or HTML, and whether the subject says that it is a forward.
#![no_main]

use guichet::domain::RawMessage;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: guichet_fuzz::survive_parsers(), |data: &[u8]| {
    let Some((shape, body)) = data.split_first() else { return };
    let subject = ["Re: order", "Fwd: order", "TR: commande", "hello"][usize::from(shape & 3)];
    let kind = ["text/plain", "text/html", "text/plain; format=flowed; delsp=yes"][usize::from(shape >> 2) % 3];
    let head = format!("From: a@b.example\r\nSubject: {subject}\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n");
    let bytes = [head.as_bytes(), guichet_fuzz::text(body).as_bytes()].concat();
    let message =
        guichet::reading::read(&RawMessage { bytes, arrived_at: Timestamp::UNIX_EPOCH, partial: false });
    assert!(message.text.trim().is_empty() || !message.newest_text.is_empty(), "text, but no newest text");
    assert!(!message.newest_text.contains('\r'), "line ends that are not ours");
});
