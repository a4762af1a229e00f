//! Headers at random: may a machine answer? What the input plainly says about a machine is looked for
//! once more by hand, and must have been heeded.
#![no_main]

use std::sync::LazyLock;

use guichet::domain::message::ReturnPath;
use guichet::domain::{Address, Message, Permission, RawMessage};
use guichet::reply::permission::{
    self, AddressPattern, PermissionContext, PermissionSettings, PublicMail, ReturnPathRule,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static SETTINGS: LazyLock<PermissionSettings> = LazyLock::new(|| {
    let pattern = |text| AddressPattern::parse(text).expect("a pattern");
    PermissionSettings {
        addresses: Some(vec![pattern("support@shop.example")]),
        from: Address::parse("Shop <support@shop.example>").ok(),
        contact_forms: vec![pattern("form@shop.example")],
        colleagues: vec![pattern("*@shop.example")],
        trusted_authserv_id: Some("mx.shop.example".into()),
        return_path: ReturnPathRule::Required,
        recipient_headers: vec!["x-original-to".into()],
        ..PermissionSettings::without_configuration(PublicMail::default())
    }
});

fuzz_target!(init: guichet_fuzz::survive_parsers(), |data: &[u8]| {
    let bytes = [data, b"\r\n\r\nHello, where is my order?\r\n"].concat();
    let raw = RawMessage { bytes, arrived_at: Timestamp::UNIX_EPOCH, partial: false };
    let message = guichet::reading::read(&raw);
    let permission = permission::permission(&message, &SETTINGS, &PermissionContext::just_arrived());
    assert!(!permission::why(&permission, &SETTINGS).is_empty());
    let _ = permission::our_address(&message, &SETTINGS);
    let _ = permission::is_own_answer(&message, &SETTINGS);
    if let Permission::Allowed { to } = permission {
        answered(&message, &to, &raw.bytes);
    }
});

/// What must be true of a message that is answered by itself.
fn answered(message: &Message, to: &Address, bytes: &[u8]) {
    assert!(!SETTINGS.is_ours(&to.email), "our own address");
    let [from] = message.from.as_slice() else { panic!("not one author") };
    if from.email.canonical() == "form@shop.example" {
        return;
    }
    assert_eq!(to.email, from.email, "somebody else than the author");
    assert!(matches!(message.return_path, ReturnPath::Mailbox(_)), "no envelope sender");
    for line in bytes.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty()) {
        let line = guichet_fuzz::text(line).trim_end().to_ascii_lowercase();
        let (name, value) = guichet_fuzz::cut(&line, ":");
        let value = value.trim();
        let machine = match name {
            "auto-submitted" => matches!(value, "auto-replied" | "auto-generated" | "auto-notified"),
            "precedence" => matches!(value, "bulk" | "junk" | "auto_reply" | "list"),
            "x-auto-response-suppress" => matches!(value, "all" | "oof" | "autoreply"),
            "return-path" => value == "<>",
            "x-autoreply" | "x-autorespond" | "x-loop" | "x-failed-recipients" | "list-post" => !value.is_empty(),
            _ => false,
        };
        assert!(!machine, "answered although it says {line:?}");
    }
}
