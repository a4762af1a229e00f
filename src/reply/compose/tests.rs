use jiff::tz::TimeZone;
use mail_parser::{HeaderValue, MessageParser};

use super::*;
use crate::domain::identity::IdentityKey;
use crate::domain::policy::Policy;
use crate::domain::{Calendar, Fact, Given, Intent, Signal, TemplateName};
use crate::reply::shipped;
use crate::reply::suggestion;
use crate::reply::templates::Templates;

struct Shop {
    templates: Templates,
    calendar: Calendar,
    languages: Vec<String>,
    sender: Sender,
    case: CaseId,
}

impl Shop {
    fn new() -> Self {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        Self {
            templates: shipped::templates(),
            calendar: Calendar::parse(zone, "Mon-Fri 09:00-18:00", &[], Some("FR")).unwrap(),
            languages: vec!["fr".into(), "en".into()],
            sender: Sender {
                mailbox: "support".into(),
                from: address("Maison Guichet <support@shop.example>"),
                envelope_sender: None,
                message_id_domain: None,
            },
            case: CaseId::parse("G-7K3Q").unwrap(),
        }
    }

    fn voice(&self) -> Voice<'_> {
        Voice { templates: &self.templates, calendar: &self.calendar, languages: &self.languages, fallback: "en" }
    }

    fn acknowledge(&self, message: &Message, to: &str) -> Result<OutgoingMail, ComposeError> {
        let key = MessageKey::of(message, &IdentityKey::new([7; 32]));
        let to = address(to);
        let parts =
            Acknowledging { sender: &self.sender, case: &self.case, message, verdict: None, key, to: &to, now: now() };
        acknowledgement(&parts, &self.voice())
    }

    fn answer(&self, draft: &Draft, thread: &[MessageId]) -> Result<OutgoingMail, ComposeError> {
        reply(&Replying {
            sender: &self.sender,
            draft,
            thread,
            answers: thread.last(),
            closing: &closing("fr", "Marie", "Maison Guichet"),
            number: 2,
            salt: 0xbeef,
            not_before: now(),
            now: now(),
        })
    }

    fn draft(&self) -> Draft {
        Draft {
            case: self.case.clone(),
            to: Some(address("Anna Müller <anna@client.test>")),
            cc: Vec::new(),
            from: address("Maison Guichet <support@shop.example>"),
            subject: "Re: Remboursement [G-7K3Q]".into(),
            body: "Bonjour,\n\nVoici notre réponse.".into(),
            suggestion: suggestion::reminder(),
            newer: None,
            revision: 4,
            approved_as: None,
            opened_by: None,
            edited_by: None,
            changed_at: now(),
        }
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

fn now() -> Timestamp {
    "2026-03-03T13:05:09Z".parse().unwrap()
}

fn message(subject: &str) -> Message {
    let mut message = Message::unreadable(now(), "");
    message.condition = crate::domain::Condition::Readable;
    message.message_id = Some(id("<42@client.test>"));
    message.subject = subject.into();
    message.language = "fr".into();
    message
}

fn parsed(mail: &OutgoingMail) -> mail_parser::Message<'_> {
    MessageParser::new().parse(&mail.bytes).unwrap()
}

fn header(mail: &OutgoingMail, name: &str) -> Option<String> {
    let text = String::from_utf8(mail.bytes.clone()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let found: Vec<&str> = head
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
        .collect();
    assert!(found.len() < 2, "{name} stands there {} times", found.len());
    found.first().map(|value| (*value).to_owned())
}

fn header_names(mail: &OutgoingMail) -> Vec<String> {
    parsed(mail).headers().iter().map(|header| header.name().to_lowercase()).collect()
}

#[test]
fn the_headers_of_an_acknowledgement() {
    let shop = Shop::new();
    let mail = shop.acknowledge(&message("Remboursement"), "Anna <anna@client.test>").unwrap();
    let key = MessageKey::of(&message("Remboursement"), &IdentityKey::new([7; 32])).short();

    assert_eq!(header(&mail, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header(&mail, "X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert_eq!(header(&mail, "Message-ID"), Some(format!("<ack.{key}@shop.example>")));
    assert_eq!(header(&mail, "In-Reply-To").as_deref(), Some("<42@client.test>"));
    assert_eq!(header(&mail, "References").as_deref(), Some("<42@client.test>"));
    assert_eq!(header(&mail, "Subject").as_deref(), Some("Re: Remboursement [G-7K3Q]"));
    assert_eq!(header(&mail, "Date").as_deref(), Some("Tue, 03 Mar 2026 13:05:09 +0000"));
    assert_eq!(header(&mail, "To").as_deref(), Some("anna@client.test"), "without the name that the sender chose");
    assert_eq!(header(&mail, "From").as_deref(), Some("\"Maison Guichet\" <support@shop.example>"));
    assert_eq!(header(&mail, "MIME-Version").as_deref(), Some("1.0"));
    assert_eq!(header(&mail, "Content-Type").as_deref(), Some("text/plain; charset=utf-8"));

    assert_eq!(mail.id.as_str(), format!("a-{key}"));
    assert_eq!(mail.envelope_from, None);
    assert_eq!(mail.recipients, [address("Anna <anna@client.test>")]);
    assert_eq!(mail.state, DeliveryState::Pending { not_before: now() });
    assert!(!mail.file_copy);
}

#[test]
fn the_text_comes_through_whole() {
    let mail = Shop::new().acknowledge(&message("Remboursement"), "anna@client.test").unwrap();
    let body = parsed(&mail).body_text(0).unwrap().into_owned();
    assert!(
        body.contains("Nous avons bien reçu votre message le mardi 3 mars 2026 à 14\u{a0}h\u{a0}05 (heure de Paris)"),
        "{body}"
    );
    assert!(body.contains("G-7K3Q"));
}

#[test]
fn every_line_ends_with_crlf_and_is_short_ascii() {
    for subject in ["Remboursement", &"é".repeat(400), &"mot ".repeat(100), &"x".repeat(2000)] {
        let mail = Shop::new().acknowledge(&message(subject), "anna@client.test").unwrap();
        let text = String::from_utf8(mail.bytes.clone()).unwrap();
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        assert!(text.is_ascii());
        assert!(text.split("\r\n").all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
    }
}

#[test]
fn an_approved_reply_carries_no_mark_of_a_machine() {
    let shop = Shop::new();
    let thread = [id("<42@client.test>"), id("<ack.1@shop.example>"), id("<43@client.test>")];
    let mail = shop.answer(&shop.draft(), &thread).unwrap();
    assert_eq!(header(&mail, "Auto-Submitted"), None);
    assert_eq!(header(&mail, "X-Auto-Response-Suppress"), None);
    assert_eq!(header(&mail, "In-Reply-To").as_deref(), Some("<43@client.test>"));
    assert_eq!(header(&mail, "References").as_deref(), Some("<42@client.test> <ack.1@shop.example> <43@client.test>"));
    assert_eq!(header(&mail, "Message-ID").as_deref(), Some("<reply.g-7k3q.000000000000beef@shop.example>"));
    assert_eq!(header(&mail, "Subject").as_deref(), Some("Re: Remboursement [G-7K3Q]"));
    assert_eq!(mail.id.as_str(), "r-G-7K3Q-2");
    assert!(mail.file_copy);
    let to = parsed(&mail).to().unwrap().first().unwrap().clone();
    assert_eq!((to.name(), to.address()), (Some("Anna Müller"), Some("anna@client.test")));
    let body = parsed(&mail).body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(body.trim_end(), "Bonjour,\n\nVoici notre réponse.\n\nCordialement,\nMarie\nMaison Guichet");
}

#[test]
fn a_reply_can_bounce_to_us_although_acknowledgements_cannot() {
    let shop = Shop::new();
    let mail = shop.answer(&shop.draft(), &[]).unwrap();
    assert_eq!(mail.envelope_from, Some(address("support@shop.example").email));
    assert_eq!((header(&mail, "In-Reply-To"), header(&mail, "References")), (None, None));
}

#[test]
fn a_reply_needs_a_recipient_and_a_text() {
    let shop = Shop::new();
    let nobody = Draft { to: None, ..shop.draft() };
    assert_eq!(shop.answer(&nobody, &[]), Err(ComposeError::Incomplete("recipient")));
    let empty = Draft { body: " \n".into(), ..shop.draft() };
    assert_eq!(shop.answer(&empty, &[]), Err(ComposeError::Incomplete("text")));
}

#[test]
fn copies_are_named_and_delivered_to() {
    let shop = Shop::new();
    let draft = Draft { cc: vec![address("ben@client.test"), address("cara@client.test")], ..shop.draft() };
    let mail = shop.answer(&draft, &[]).unwrap();
    assert_eq!(header(&mail, "Cc").as_deref(), Some("ben@client.test, cara@client.test"));
    assert_eq!(mail.recipients.len(), 3);
}

#[test]
fn subjects_come_through_as_written() {
    let shop = Shop::new();
    for subject in [
        "Problème : réf. 12 – où en est mon remboursement ?",
        "é  à",
        "a é b è c ê d ë",
        "=?utf-8?q?spoofed?=",
        "日本語の件名です。とても長い件名なので、折り返しが必要になります。返金についてのお問い合わせ",
        "emoji 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀 fin",
        &"très long ".repeat(18),
        "\"quoted\" <tag> (comment) \\ ; , :",
    ] {
        let mail = shop.acknowledge(&message(subject), "anna@client.test").unwrap();
        let expected = reply_subject(subject, &shop.case, "");
        assert_eq!(parsed(&mail).subject(), Some(expected.as_str()), "{}", String::from_utf8_lossy(&mail.bytes));
    }
}

#[test]
fn encoded_words_keep_to_the_length_that_the_rule_allows() {
    let mail = Shop::new().acknowledge(&message(&"é😀 ".repeat(60)), "anna@client.test").unwrap();
    let text = String::from_utf8(mail.bytes).unwrap();
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("=?")).collect();
    assert!(words.len() > 3 && words.iter().all(|word| word.len() <= 75), "RFC 2047 §2");
}

#[test]
fn a_header_cannot_be_injected() {
    let shop = Shop::new();
    let plain = header_names(&shop.acknowledge(&message("x"), "anna@client.test").unwrap());
    for evil in
        ["x\r\nBcc: victim@other.test", "x\nBcc: v@o", "x\rBcc: v@o", "x\0\u{85}\u{2028}Bcc: v@o", "x\r\n\r\nbody"]
    {
        let mail = shop.acknowledge(&message(evil), "anna@client.test").unwrap();
        assert_eq!(header_names(&mail), plain, "{evil:?}");
    }
    let mut draft = shop.draft();
    let usual = header_names(&shop.answer(&draft, &[]).unwrap());
    for name in ["A\r\nBcc: v@o.test", "\"<evil@o.test>, \"x", "=?utf-8?q?=0D=0ABcc:_v=40o?="] {
        draft.to = Some(Address { name: Some(name.into()), email: address("anna@client.test").email });
        draft.from.name = Some(name.into());
        draft.subject = name.into();
        let mail = shop.answer(&draft, &[]).unwrap();
        assert_eq!(header_names(&mail), usual, "{name:?}");
        let to = parsed(&mail).to().unwrap().clone();
        let addresses: Vec<_> = to.iter().filter_map(|to| to.address().map(str::to_owned)).collect();
        assert_eq!(addresses, ["anna@client.test"], "{name:?}");
    }
}

#[test]
fn irregular_but_real_addresses_are_written() {
    let shop = Shop::new();
    for to in ["a..b@docomo.test", "\"odd.local\"@client.test", "x'y+z@client.test", "anna.@client.test"] {
        let mail = shop.acknowledge(&message("x"), to).unwrap();
        assert_eq!(header(&mail, "To").as_deref(), Some(to));
    }
    let accented = shop.acknowledge(&message("x"), "émilie@client.test");
    assert!(matches!(accented, Err(ComposeError::NotAscii(_))));
}

#[test]
fn references_are_capped_and_keep_the_first_and_the_newest() {
    let shop = Shop::new();
    let thread: Vec<MessageId> = (0..500).map(|n| id(&format!("<{n}.{}@client.test>", "x".repeat(150)))).collect();
    let mail = shop.answer(&shop.draft(), &thread).unwrap();
    let references = header(&mail, "References").unwrap();
    let ids: Vec<&str> = references.split(' ').collect();
    assert!(references.len() <= 4100 && ids.len() <= 20 && ids.len() > 10, "{}", references.len());
    assert!(ids.first().unwrap().starts_with("<0.") && ids.last().unwrap().starts_with("<499."));
    assert!(matches!(parsed(&mail).references(), HeaderValue::TextList(list) if list.len() == ids.len()));
}

#[test]
fn a_message_without_an_id_is_answered_without_threading() {
    let mut nameless = message("x");
    nameless.message_id = None;
    nameless.references = vec![id("<1@elsewhere.test>")];
    let mail = Shop::new().acknowledge(&nameless, "anna@client.test").unwrap();
    assert_eq!((header(&mail, "In-Reply-To"), header(&mail, "References")), (None, None));
}

#[test]
fn a_customer_who_answered_before_keeps_the_thread() {
    let mut answer = message("x");
    answer.references = vec![id("<1@a.test>"), id("<2@a.test>")];
    let mail = Shop::new().acknowledge(&answer, "anna@client.test").unwrap();
    assert_eq!(header(&mail, "References").as_deref(), Some("<1@a.test> <2@a.test> <42@client.test>"));
}

#[test]
fn a_name_of_the_shop_is_not_linted() {
    let mut shop = Shop::new();
    shop.sender.from.name = Some("Hop ! Promo".into());
    assert!(shop.acknowledge(&message("x"), "anna@client.test").is_ok());
}

#[test]
fn a_reference_drawn_by_lot_is_not_linted() {
    for unlucky in ["G-CVV7", "G-CVC2", "G-CARD", "G-BANK", "G-ASAP"] {
        let mut shop = Shop::new();
        shop.case = CaseId::parse(unlucky).unwrap();
        assert!(shop.acknowledge(&message("x"), "anna@client.test").is_ok(), "{unlucky}");
    }
}

#[test]
fn an_unusable_domain_is_named() {
    let mut shop = Shop::new();
    shop.sender.message_id_domain = Some("bücher.example".into());
    let error = shop.acknowledge(&message("x"), "anna@client.test").unwrap_err();
    assert!(error.to_string().contains("bücher.example") && error.to_string().contains("xn--"), "{error}");
}

#[test]
fn a_draft_says_what_is_known_and_asks_what_is_missing() {
    let shop = Shop::new();
    let verdict = Verdict {
        intent: Intent::RefundRequest,
        intent_confidence: 0.97,
        anger: crate::domain::Anger::Calm,
        anger_confidence: 0.9,
        reason: Some(crate::domain::Reason::Defective),
        reason_confidence: 0.9,
        unsure: Vec::new(),
        given: Given::default(),
        missing: vec![Fact::OrderNumber, Fact::PurchaseDate],
        signals: vec![Signal::Chaser],
        explanation: Vec::new(),
    };
    let known =
        Given {
            product: Some("la cafetière Delonghi".into()), purchase_date: Some("hier".into()), ..Given::default()
        };
    let to = address("anna@client.test");
    let policy = Policy::default();
    let parts = Drafting {
        case: &shop.case,
        subject: "Cafetière",
        language: "fr",
        received_at: now(),
        verdict: Some(&verdict),
        known: &known,
        to: Some(&to),
        from: &shop.sender.from,
        assessment: None,
        policy: &policy,
        promised: None,
    };
    let suggestion = suggestion::suggest(Some(&verdict), &Default::default(), "fr");
    let proposal = draft(&parts, suggestion, &shop.voice()).unwrap();
    let body = proposal.body.replace(['\u{a0}', '\u{202f}'], " ");
    assert_eq!(proposal.subject, "Re: Cafetière [G-7K3Q]");
    assert!(proposal.suggestion.asks);
    for expected in
        ["mardi 3 mars 2026", "la cafetière Delonghi", "« hier »", "- le numéro de votre commande.", "déjà écrit"]
    {
        assert!(body.contains(expected), "{expected}:\n{body}");
    }
    assert!(!body.contains("- la date de votre achat"), "known from an earlier message:\n{body}");
    let unknown = draft_text(&parts, &TemplateName::new("nothing"), &shop.voice());
    assert!(matches!(unknown, Err(ComposeError::Template(TemplateError::Unknown(_)))));

    let withdrawn = Verdict {
        signals: vec![Signal::Withdrawal],
        missing: vec![Fact::OrderNumber, Fact::Reason],
        ..verdict.clone()
    };
    let parts = Drafting { verdict: Some(&withdrawn), ..parts };
    let body = draft_text(&parts, &TemplateName::new(suggestion::ASK_INFORMATION), &shop.voice()).unwrap();
    assert!(!body.contains("ce qui vous amène"), "a withdrawal needs no reason:\n{body}");
}
