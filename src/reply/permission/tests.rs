//! The permission rules beyond the table of `tests/suite/permission_table.rs`: rules that the design does not
//! name, further shapes of those that it does, and what else is asked of a message.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::message::{AuthenticationResults, ReturnPath};
use crate::domain::position::FolderRole;
use crate::domain::{Email, MessageId};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn patterns(texts: &[&str]) -> Vec<AddressPattern> {
    texts.iter().map(|text| AddressPattern::parse(text).unwrap()).collect()
}

/// The mailbox of the example configuration.
fn shop() -> PermissionSettings {
    let rules = [crate::domain::Asset {
        name: PUBLIC_MAIL_FILE.into(),
        origin: "test".into(),
        bytes: b"domains = [\"gmail.com\", \"orange.fr\"]".to_vec(),
    }];
    PermissionSettings {
        addresses: Some(patterns(&["support@shop.example", "*@help.shop.example"])),
        from: Some(address("Maison Guichet <support@shop.example>")),
        contact_forms: patterns(&["wordpress@shop.example", "form@forms.test"]),
        colleagues: patterns(&["*@shop.example"]),
        trusted_authserv_id: Some("mx.shop.example".into()),
        return_path: ReturnPathRule::Required,
        recipient_headers: vec!["x-original-to".into()],
        max_recipients: 3,
        max_age: SignedDuration::from_hours(24),
        public_mail: PublicMail::load(&rules).unwrap(),
    }
}

/// A customer's ordinary message to the shop.
fn ordinary() -> Message {
    let mut message = Message::unreadable(arrival(), "");
    message.condition = Condition::Readable;
    message.message_id = Some(MessageId::parse("<1@client.test>").unwrap());
    message.from = vec![address("Anna <anna@client.test>")];
    message.recipients = vec![address("support@shop.example")];
    message.return_path = ReturnPath::Mailbox(Email::parse("anna@client.test").unwrap());
    message.subject = "Remboursement".into();
    message
}

/// What our contact form sends for a customer.
fn form() -> Message {
    let mut message = ordinary();
    message.from = vec![address("wordpress@shop.example")];
    message.reply_to = vec![address("anna@client.test")];
    message.return_path = ReturnPath::Mailbox(Email::parse("www-data@host.test").unwrap());
    message
}

fn arrival() -> Timestamp {
    "2026-03-03T13:05:00Z".parse().unwrap()
}

fn inbox() -> PermissionContext {
    PermissionContext { role: FolderRole::Inbox, history: false, now: Some(arrival()) }
}

fn from(text: &str) -> Message {
    let mut message = ordinary();
    message.from = vec![address(text)];
    message.return_path = ReturnPath::Mailbox(address(text).email);
    message
}

fn subject(text: &str) -> Message {
    let mut message = ordinary();
    message.subject = text.into();
    message
}

fn with(change: impl FnOnce(&mut Message)) -> Message {
    let mut message = ordinary();
    change(&mut message);
    message
}

fn form_with(change: impl FnOnce(&mut Message)) -> Message {
    let mut message = form();
    change(&mut message);
    message
}

fn returned_by(message: &mut Message, sender: &str) {
    message.return_path = ReturnPath::Mailbox(Email::parse(sender).unwrap());
}

fn authenticated(message: &mut Message, results: &[(&str, Option<&str>)]) {
    let header = |(id, dmarc): &(&str, Option<&str>)| AuthenticationResults {
        authserv_id: (*id).into(),
        dmarc: dmarc.map(Into::into),
    };
    message.marks.authentication = results.iter().map(header).collect();
}

fn to(recipients: &[&str]) -> Message {
    with(|message| message.recipients = recipients.iter().map(|text| address(text)).collect())
}

fn judge(message: &Message) -> Permission {
    permission(message, &shop(), &inbox())
}

/// Asserts a row: what the rule stops, with its name, and what it lets through.
fn row(kind: &str, rule: &str, stopped: &Message, innocent: &Message) {
    let verdict = judge(stopped);
    assert_eq!((verdict.name(), verdict.why()), (kind, rule));
    let verdict = judge(innocent);
    assert_eq!(verdict.name(), "allowed", "the innocent neighbour of “{rule}” is stopped by “{}”", verdict.why());
}

#[test]
fn further_addresses_that_nobody_reads() {
    for (daemon, person) in [
        ("noreply@client.test", "reply@client.test"),
        ("no_reply2@client.test", "no@client.test"),
        ("orders-noreply@client.test", "orders@client.test"),
        ("nepasrepondre@client.test", "pas@client.test"),
        ("bounces@client.test", "bouncer@client.test"),
    ] {
        let local = address(daemon).email.local().to_lowercase();
        row("machine", &format!("daemon sender: {local}"), &from(daemon), &from(person));
    }
}

#[test]
fn a_person_has_to_decide() {
    let row = |rule: &str, stopped: &Message, innocent: &Message| row("held", rule, stopped, innocent);

    let unreadable = with(|m| m.condition = Condition::Unreadable("no headers".into()));
    row("unreadable: no headers", &unreadable, &with(|m| m.condition = Condition::Partial));
    row("discussion list: list-id", &with(|m| m.marks.list_id = true), &ordinary());
    row("our own address", &from("anybody@help.shop.example"), &from("anybody@help.client.test"));
    row("delivery-report subject", &subject("Undeliverable: my order"), &subject("Re: Undeliverable: my order"));
    row(
        "written to a bounce address",
        &to(&["news-bounces@shop.test"]),
        &to(&["news-bounces@shop.test", "support@shop.example"]),
    );
    row(
        "written to a bounce address",
        &to(&["catchall+12@shop.test"]),
        &to(&["catchall+12@shop.test", "support@shop.example"]),
    );
    let judge = |role| permission(&ordinary(), &shop(), &PermissionContext { role, ..inbox() });
    assert_eq!(judge(FolderRole::Sent).why(), "sent folder");
}

#[test]
fn a_sender_has_to_be_verified() {
    let row = |rule: &str, stopped: &Message, innocent: &Message| row("held", rule, stopped, innocent);
    let proven = |results: &[(&str, Option<&str>)]| {
        with(|m| {
            returned_by(m, "x@relay.test");
            authenticated(m, results);
        })
    };

    let pass = |m: &mut Message| authenticated(m, &[("mx.shop.example", Some("pass"))]);
    let unknown = with(|m| {
        pass(m);
        m.return_path = ReturnPath::Absent;
    });
    row("return-path absent", &unknown, &with(pass));
    row(
        "sender not verified: return-path of relay.test",
        &proven(&[("mx.shop.example", None), ("mx.shop.example", Some("pass"))]),
        &proven(&[("filter.shop.example", None), ("MX.shop.example", Some("pass")), ("mx.shop.example", Some("fail"))]),
    );
}

#[test]
fn a_server_that_strips_the_return_path_is_forgiven_its_absence_only() {
    let settings = PermissionSettings { return_path: ReturnPathRule::Ignore, ..shop() };
    let judge = |message: &Message| permission(message, &settings, &inbox());
    assert_eq!(judge(&with(|m| m.return_path = ReturnPath::Absent)).name(), "allowed");
    assert_eq!(judge(&with(|m| m.return_path = ReturnPath::Null)).why(), "null return-path");
    assert_eq!(judge(&with(|m| returned_by(m, "x@relay.test"))).name(), "held");
}

#[test]
fn a_contact_form_is_held_to_the_other_rules() {
    let row = |rule: &str, stopped: &Message, innocent: &Message| row("held", rule, stopped, innocent);
    let unread = form_with(|m| m.reply_to = vec![address("no-reply@client.test")]);
    row("no usable sender: contact form without reply-to", &unread, &form());
    row("too many recipients: 4", &form_with(|m| m.recipients = vec![address("support@shop.example"); 4]), &form());
}

#[test]
fn a_shop_at_a_public_provider_does_not_own_the_domain() {
    let settings = PermissionSettings {
        addresses: Some(patterns(&["boutique@orange.fr"])),
        from: Some(address("boutique@orange.fr")),
        contact_forms: patterns(&["*@orange.fr"]),
        colleagues: Vec::new(),
        ..shop()
    };
    let mut message = from("anna@orange.fr");
    message.recipients = vec![address("boutique@orange.fr")];
    message.reply_to = vec![address("victim@other.test")];
    let verdict = permission(&message, &settings, &inbox());
    assert_eq!(
        verdict,
        Permission::Allowed { to: address("anna@orange.fr") },
        "no form, and no look-alike of orange.fr"
    );
    assert_eq!(settings.capped_domain(&address("anna@orange.fr").email), None);
    assert_eq!(settings.capped_domain(&address("anna@client.test").email), Some("client.test"));
}

#[test]
fn without_a_configuration_the_rules_about_our_addresses_are_skipped_and_said_so() {
    let settings = PermissionSettings::without_configuration(PublicMail::default());
    let context = PermissionContext::just_arrived();
    let mut message = to(&["whoever@elsewhere.test"]);
    message.return_path = ReturnPath::Absent;
    let allowed = permission(&message, &settings, &context);
    assert_eq!(allowed.name(), "allowed");
    assert!(why(&allowed, &settings).contains("no configuration"), "{}", why(&allowed, &settings));
    assert!(!why(&judge(&ordinary()), &shop()).contains("no configuration"));
    let bounce = permission(&with(|m| m.return_path = ReturnPath::Null), &settings, &context);
    assert_eq!(why(&bounce, &settings), "null return-path");
}

#[test]
fn whom_a_draft_is_addressed_to() {
    let who = |message: &Message| customer(message, &shop()).map(|address| address.email.to_string());
    assert_eq!(who(&ordinary()).as_deref(), Some("anna@client.test"));
    assert_eq!(who(&form()).as_deref(), Some("anna@client.test"));
    assert_eq!(who(&from("support@shop.example")), None);
    assert_eq!(who(&from("marie@shop.example")).as_deref(), Some("marie@shop.example"));
    let forwarded = |sender: &str| {
        let mut message = from(sender);
        message.forwarded_from = Some(address("anna@client.test"));
        message
    };
    assert_eq!(who(&forwarded("marie@shop.example")).as_deref(), Some("anna@client.test"));
    assert_eq!(who(&forwarded("ben@client.test")).as_deref(), Some("ben@client.test"));
}

#[test]
fn the_address_written_to_answers_without_its_tag() {
    let ours = |message: &Message| our_address(message, &shop()).map(|address| address.to_string());
    assert_eq!(
        ours(&to(&["a@client.test", "Anna+42@Help.shop.example"])).as_deref(),
        Some("Maison Guichet <anna@help.shop.example>")
    );
    assert_eq!(ours(&to(&["a@client.test"])), None);
}
