//! Bytes → Message, on a mail of every shape that customers' programs write.

use std::path::Path;

use guichet::domain::message::{Condition, Message, RawMessage, ReturnPath};
use guichet::reading::{attachment, laid_out, outline, read};
use jiff::Timestamp;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read_bytes(bytes: Vec<u8>) -> Message {
    read(&RawMessage { bytes, arrived_at: Timestamp::UNIX_EPOCH, partial: false })
}

fn fixture(name: &str) -> Message {
    read_bytes(bytes(name))
}

/// File, language, newest text.
const NEWEST: &[(&str, &str, &str)] = &[
    (
        "fr-outlook-reply.eml",
        "fr",
        "Bonjour,\n\nJe n'ai toujours pas reçu le remboursement de la commande CMD-2024-118.\n\nCordialement,\nMarie Durand",
    ),
    ("fr-outlook-message-d-origine.eml", "fr", "Je veux être remboursée, le grille-pain est cassé."),
    ("fr-gmail-reply-wrapped.eml", "fr", "Oui, la commande est la 2024-5567. Merci"),
    ("fr-apple-reply.eml", "fr", "Le colis n’est jamais arrivé, je demande le remboursement."),
    ("fr-thunderbird-reply.eml", "fr", "Bonjour,\n\nLa facture F-889 comporte une erreur de 12 €."),
    ("fr-zimbra-reply.eml", "fr", "Bonjour,\n\nJ'ai renvoyé les chaussures le 20 février."),
    ("fr-orange-webmail-reply.eml", "fr", "Bonjour, j'attends toujours mon remboursement."),
    ("fr-inline-answers.eml", "fr", "Bonjour, mes réponses ci-dessous.\n\nCMD-2024-031\n\nLa pompe ne marche plus."),
    (
        "fr-retold-not-quoted.eml",
        "fr",
        "Bonjour,\n\nLe 12 mars 2026, votre conseiller m'a écrit :\n« Le remboursement partira sous cinq jours. »\nIl n'est jamais parti.\n\nJulie",
    ),
    (
        "fr-order-number-after-greeting.eml",
        "fr",
        "Bonjour, je souhaite être remboursé.\n\nCordialement,\nPaul Petit\nCommande n° 403-1234567-7654321",
    ),
    (
        "fr-company-signature-and-disclaimer.eml",
        "fr",
        "Bonjour,\n\nNous avons été prélevés deux fois pour la commande 77812.\n\nBien cordialement,\n\nClaire Martin",
    ),
    (
        "en-company-disclaimer.eml",
        "en",
        "Hello,\n\nI was charged twice for order 77812. Please refund one of them.\n\nKind regards\nClaire",
    ),
    (
        "de-company-disclaimer.eml",
        "de",
        "Guten Tag,\n\ndie Bestellung 77812 wurde doppelt abgebucht, bitte erstatten Sie mir den Betrag.\n\nMit freundlichen Grüßen\nJens Vogel",
    ),
    ("en-gmail-reply.eml", "en", "My order number is 10045. I just want my money back."),
    ("en-outlook-reply-underscores.eml", "en", "Still no refund. Order 10045."),
    ("en-apple-reply.eml", "en", "It arrived broken."),
    ("en-yahoo-reply.eml", "en", "Please cancel and refund me."),
    ("en-blackberry-reply.eml", "en", "Where is my refund?"),
    (
        "en-sentence-sent-from-my.eml",
        "en",
        "I sent the parcel back on Tuesday.\n\nSent from my house last week, tracking says delivered.\n\nRegards\nTom",
    ),
    ("de-outlook-reply.eml", "de", "Guten Tag,\n\nich möchte mein Geld zurück, die Lampe ist defekt."),
    ("de-gmail-reply.eml", "de", "Die Bestellnummer ist 4711-22."),
    ("es-gmail-reply.eml", "es", "Quiero que me devuelvan el dinero del pedido 5512, por favor."),
    ("it-outlook-reply.eml", "it", "Vorrei il rimborso dell'ordine 5512, il prodotto non funziona più."),
    ("nl-gmail-reply.eml", "nl", "Ik wil graag mijn geld terug voor bestelling 5512, want het is kapot."),
    ("pt-outlook-reply.eml", "pt", "Quero o reembolso da encomenda 5512, o produto não funciona."),
    ("fr-only-quoted.eml", "fr", "> Bonjour,\n> votre colis est arrivé."),
    (
        "fr-format-flowed.eml",
        "fr",
        "Bonjour, je vous écris au sujet de la commande CMD-17 qui devait arriver la semaine dernière.\nMerci.",
    ),
    ("fr-windows-1252-undeclared.eml", "fr", "Bonjour,\nje n’ai pas été remboursé des 49 € de mon œuvre encadrée."),
    ("fr-iso-8859-15.eml", "fr", "J'ai payé 49 € pour ce livre abîmé."),
    ("fr-utf-8-called-latin-1.eml", "fr", "Je suis très déçue, remboursez-moi."),
    (
        "fr-truncated-multipart.eml",
        "fr",
        "Bonjour, je demande le remboursement de la commande 4412.\nLa livraison n'est jamais arr",
    ),
    ("fr-body-named-as-a-file.eml", "fr", "Bonjour, la commande 7712 est incomplète."),
    (
        "fr-dashes-between-own-paragraphs.eml",
        "fr",
        "Bonjour, deux choses.\n--\nLa première : la commande 7712 est arrivée sans sa notice, et le vendeur que j'ai eu au téléphone ne savait pas quoi me répondre.\n--\nLa seconde : remboursez-moi les frais.",
    ),
    ("fr-server-banner.eml", "fr", "Bonjour, le lampadaire est cassé."),
    ("fr-base64-garbage.eml", "fr", "Bonjour, je veux être remboursé. Commande 4412."),
    ("fr-nul-bytes.eml", "fr", "Bonjour, je veux être remboursé."),
    (
        "fr-html-only-list-and-table.eml",
        "fr",
        "Bonjour,\n\nIl manque :\n- la notice\n- le chargeur\n\n1. un\n2. deux\n\nCommande CMD-88\nPrix 12 €\n\nVoir la photo.\nMerci",
    ),
    ("fr-html-hidden-text.eml", "fr", "Vu.\n\nJe veux un remboursement."),
    ("fr-html-gmail-reply.eml", "fr", "La commande est la 2024-5567.\n\nMerci"),
    ("fr-html-outlook-reply.eml", "fr", "Bonjour,\n\nToujours pas de remboursement."),
    ("fr-html-outlook-web-reply.eml", "fr", "Je refuse l'avoir, je veux un virement."),
    ("en-html-apple-inline.eml", "en", "Hi, see below.\n\nIt is 10045.\n\nThe screen is cracked."),
    ("en-html-yahoo-reply.eml", "en", "Please refund me."),
    ("fr-html-thunderbird-reply.eml", "fr", "Il manque une vis."),
    ("en-html-gmail-indent-is-no-quote.eml", "en", "I ordered:\n\ntwo lamps, order 10045\n\nPlease refund them."),
    (
        "fr-html-with-plain-stub.eml",
        "fr",
        "Bonjour, je voudrais être remboursé de la commande 9981, livrée cassée le 3 mars.",
    ),
];

#[test]
fn the_newest_text_is_what_the_customer_wrote_this_time() {
    let mut wrong = Vec::new();
    for (name, language, expected) in NEWEST {
        let message = fixture(name);
        if message.newest_text != *expected || message.language != *language || message.condition != Condition::Readable
        {
            wrong
                .push(format!("{name} ({}): {:?}\n    {:?}", message.language, message.newest_text, message.condition));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_forward_names_the_customer_and_gives_their_words_when_nobody_added_any() {
    let asked = "Bonjour, je voudrais être remboursé de la commande 9981.";
    for (name, expected) in [
        ("fr-forward-gmail-without-words.eml", format!("{asked}\nLuc")),
        ("fr-forward-apple-with-words.eml", "Peux-tu t'en occuper ?\n\nSophie".into()),
        ("fr-forward-outlook-tr.eml", asked.into()),
        ("fr-forward-nested.eml", "Pour toi.".into()),
        ("fr-forward-as-attachment.eml", asked.into()),
    ] {
        let message = fixture(name);
        assert_eq!(message.newest_text, expected, "{name}");
        let inner = message.forwarded_from.map(|address| address.to_string());
        assert_eq!(inner.as_deref(), Some("Luc Moreau <luc.moreau@client.example>"), "{name}");
        assert!(message.text.contains("9981") || name.contains("attachment"), "{name}");
    }
    assert_eq!(fixture("fr-outlook-reply.eml").forwarded_from, None, "an answer is no forward");
}

#[test]
fn hidden_text_is_in_no_text() {
    let text = fixture("fr-html-hidden-text.eml").text;
    for hidden in ["a1", "a2", "a3", "a4", "a5", "a6"] {
        assert!(!text.contains(hidden), "{hidden} in {text:?}");
    }
    assert!(!fixture("fr-html-only-list-and-table.eml").text.contains("invisible"));
}

#[test]
fn quoted_history_stays_in_the_whole_text() {
    let message = fixture("fr-html-gmail-reply.eml");
    assert!(message.text.contains("> Quel est votre numéro ?"), "{}", message.text);
}

#[test]
fn names_are_decoded_whatever_their_encoding() {
    let message = fixture("fr-encoded-names.eml");
    assert_eq!(message.subject, "Remboursement de la cafetière cassée");
    assert_eq!(message.author().unwrap().name.as_deref(), Some("Hélène Lefèvre"));
    assert_eq!(fixture("fr-encoded-words-cut-inside-a-character.eml").subject, "Cafétière en panne");
    assert_eq!(fixture("fr-raw-8-bit-subject.eml").subject, "Remboursement refusé");
    assert_eq!(
        fixture("fr-attachment-names.eml").attachments,
        ["facture été 2026.pdf", "pièce cassée.jpg", "notes.txt"]
    );
    assert_eq!(fixture("fr-attachment-names.eml").newest_text, "Voici les photos de la commande 5512.");
    assert_eq!(fixture("fr-winmail-dat.eml").attachments, ["winmail.dat"]);
    assert_eq!(fixture("fr-forward-as-attachment.eml").attachments, ["Remboursement.eml"]);
}

#[test]
fn odd_addresses_and_ids_are_read() {
    let message = fixture("fr-odd-addresses.eml");
    assert_eq!(message.author().unwrap().email.as_str(), "a..b@mobile.example");
    assert!(matches!(&message.return_path, ReturnPath::Mailbox(email) if email.as_str() == "a..b@mobile.example"));
    assert_eq!(message.reply_to.len(), 2);
    let recipients: Vec<&str> = message.recipients.iter().map(|address| address.email.as_str()).collect();
    assert_eq!(recipients, ["support+web@shop.example", "archive@shop.example"]);
    let cited: Vec<&str> = message.cited_ids().map(|id| id.as_str()).collect();
    assert_eq!(cited, ["ack.1@shop.example", "ack.1@shop.example", "a@b.example"]);
    let headers = &message.marks.recipient_headers;
    assert!(headers.contains(&("delivered-to".into(), "support@shop.example".into())), "{headers:?}");
    assert!(headers.contains(&("x-original-to".into(), "boutique@shop.example".into())), "{headers:?}");
}

#[test]
fn a_delivery_report_gives_the_id_that_came_back() {
    for (name, id, status) in [
        ("bounce-rfc-3464.eml", "ack.4f2a@shop.example", Some(("failed", "5.1.1"))),
        ("bounce-with-returned-message.eml", "reply.77@shop.example", Some(("failed", "5.2.2"))),
        ("bounce-quoted-headers.eml", "reply.78@shop.example", None),
    ] {
        let message = fixture(name);
        let ids: Vec<&str> = message.marks.reported_ids.iter().map(|id| id.as_str()).collect();
        assert_eq!(ids, [id], "{name}");
        let found = message.marks.report_status.as_ref().map(|(action, status)| (action.as_str(), status.as_str()));
        assert_eq!(found, status, "{name}");
        assert_eq!(message.return_path, ReturnPath::Null, "{name}");
    }
    assert_eq!(fixture("bounce-rfc-3464.eml").marks.auto_submitted.as_deref(), Some("auto-replied"));
    assert_eq!(fixture("bounce-rfc-3464.eml").marks.machine_part.as_deref(), Some("multipart/report"));
    assert_eq!(fixture("bounce-quoted-headers.eml").marks.auto_headers, ["x-failed-recipients"]);
}

#[test]
fn a_message_that_a_person_attached_proves_nothing_about_its_carrier() {
    let marks = fixture("fr-forward-as-attachment.eml").marks;
    let results: Vec<Option<&str>> = marks.authentication.iter().map(|found| found.dmarc.as_deref()).collect();
    assert_eq!(results, [Some("fail")]);
    assert!(marks.reported_ids.is_empty());
    let calendar = fixture("fr-calendar-reply.eml").marks.machine_part;
    assert_eq!(calendar.as_deref(), Some("text/calendar; method=reply"));
}

#[test]
fn card_numbers_and_ibans_are_masked_everywhere() {
    let message = fixture("fr-card-number.eml");
    assert!(message.holds_card_number);
    assert_eq!(message.subject, "Carte **** **** **** 1111");
    for text in [&message.text, &message.newest_text] {
        assert!(text.contains("****-****-****-4444") && text.contains("***0 189"), "{text}");
        assert!(text.contains("1234567890123456"), "an order number stays: {text}");
    }
}

#[test]
fn the_first_received_field_dates_the_arrival_and_the_date_field_stays_text() {
    let message = fixture("fr-outlook-reply.eml");
    assert_eq!(message.marks.top_received.unwrap().to_string(), "2026-03-03T09:15:02Z");
    assert_eq!(message.date_header, "Tue, 3 Mar 2026 10:15:00 +0100");
}

#[test]
fn what_is_no_mail_is_unreadable_but_shown() {
    assert!(matches!(read_bytes(Vec::new()).condition, Condition::Unreadable(_)));
    assert!(matches!(read_bytes(b" \r\n\r\n".to_vec()).condition, Condition::Unreadable(_)));
    assert!(matches!(read_bytes(vec![0; 5000]).condition, Condition::Unreadable(_)));
    let message = fixture("no-headers.eml");
    assert!(matches!(message.condition, Condition::Unreadable(_)));
    assert!(message.text.contains("sans aucun en-tête"), "{}", message.text);
}

#[test]
fn a_mail_cut_by_the_source_is_partial() {
    let bytes = bytes("fr-truncated-multipart.eml");
    let message = read(&RawMessage { bytes, arrived_at: Timestamp::UNIX_EPOCH, partial: true });
    assert_eq!(message.condition, Condition::Partial);
    assert!(message.newest_text.contains("4412"));
}

#[test]
fn thirty_thousand_nested_messages_are_refused_with_their_headers_kept() {
    let mut bytes = b"From: a@client.example\r\nSubject: nested\r\n".to_vec();
    for _ in 0..30_000 {
        bytes.extend_from_slice(b"Content-Type: message/rfc822\r\n\r\n");
    }
    let message = read_bytes(bytes);
    assert!(matches!(message.condition, Condition::Unreadable(_)), "{:?}", message.condition);
    assert_eq!(message.subject, "nested");
}

#[test]
fn nine_thousand_nested_messages_are_read_on_a_large_stack() {
    let mut bytes = b"From: a@client.example\r\nSubject: nested\r\n".to_vec();
    for _ in 0..9_000 {
        bytes.extend_from_slice(b"Content-Type: message/rfc822\r\n\r\n");
    }
    assert_eq!(read_bytes(bytes).subject, "nested");
}

#[test]
fn html_made_to_exhaust_a_parser_is_read() {
    let head = "From: a@client.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n";
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    for body in [
        "<div>".repeat(100_000) + "fond",
        "<blockquote>".repeat(50_000) + "fond",
        (0..2_000).map(|n| format!("<b id={n}>")).collect::<String>() + &"<p>x".repeat(9_000) + "fond",
        "<table><tr><td>".repeat(30_000) + "fond",
        "<ul><li>".repeat(30_000) + "fond",
        format!("<a{attributes}>fond"),
        "<".repeat(300_000) + " fond",
        "</p>".repeat(100_000) + "fond",
        "fond<!--".to_owned() + &"<".repeat(300_000),
    ] {
        let message = read_bytes(format!("{head}{body}").into_bytes());
        assert!(message.text.contains("fond"), "{}", &body[..60]);
    }
}

#[test]
fn huge_headers_do_not_hang() {
    let many: String = (0..20_000).map(|n| format!("a{n}@x.example, ")).collect();
    let message = read_bytes(format!("From: a@x.example\r\nTo: {many}\r\nSubject: s\r\n\r\ntexte").into_bytes());
    assert_eq!((message.recipients.len(), message.subject.as_str()), (1_000, "s"));
    let long = "x".repeat(3_000_000);
    let message = read_bytes(format!("From: a@x.example\r\nX-Long: {long}\r\nSubject: s\r\n\r\ntexte").into_bytes());
    assert!(matches!(message.condition, Condition::Unreadable(_)));
    let received = "Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0100\r\n".repeat(10_000);
    assert_eq!(read_bytes(format!("{received}Subject: s\r\n\r\ntexte").into_bytes()).text, "texte");
}

/// A small generator of our own: the same mutations in every run.
struct Generator(u64);

impl Generator {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

fn mutated(original: &[u8], other: &[u8], generator: &mut Generator) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=generator.next(6) {
        let at = generator.next(bytes.len());
        let end = (at + generator.next(80)).min(bytes.len());
        match generator.next(7) {
            0 => bytes[at] = u8::try_from(generator.next(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at.max(1)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let from = generator.next(other.len());
                let to = (from + generator.next(200)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            5 => {
                let special = [
                    &b"\r\n\r\n"[..],
                    b"\0",
                    b"<",
                    b">",
                    b"=",
                    b"--",
                    b":",
                    b"\xff",
                    b"\xe2\x80",
                    b"@",
                    b"message/rfc822",
                    b"boundary=",
                ];
                let piece = special[generator.next(special.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => bytes.retain(|byte| *byte != b'\r'),
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

/// The files are those that the message names, and nothing in its HTML could act.
fn the_original_tells_the_same(bytes: &[u8], message: &Message, which: &str) {
    let listed = outline(bytes);
    let names: Vec<&String> = listed.attachments.iter().map(|file| &file.name).collect();
    assert_eq!(names, message.attachments.iter().collect::<Vec<_>>(), "{which}");
    for (n, file) in listed.attachments.iter().enumerate() {
        let taken = attachment(bytes, n).unwrap_or_else(|| panic!("{which}: no file {n}"));
        assert_eq!((&taken.name, taken.bytes.len()), (&file.name, file.size), "{which}");
    }
    assert_eq!(attachment(bytes, listed.attachments.len()), None, "{which}");
    let page = laid_out(bytes);
    assert_eq!(page.is_some(), listed.has_html, "{which}");
    // Text and values are escaped: a sign opens or ends a tag.
    for tag in page.unwrap_or_default().html.split('<').skip(1).filter_map(|rest| rest.split_once('>')) {
        let (name, attributes) = tag.0.split_once(' ').unwrap_or((tag.0, ""));
        assert!(name.trim_start_matches('/').chars().all(|c| c.is_ascii_alphanumeric()), "{which}: {name}");
        assert!(!["a", "img", "script", "style", "svg", "form", "iframe"].contains(&name), "{which}: {name}");
        assert!(
            !["url(", "src", "href", " on"].iter().any(|acting| attributes.contains(acting)),
            "{which}: {attributes}"
        );
    }
}

#[test]
fn the_originals_of_all_fixtures_tell_the_same() {
    let mut pages = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        the_original_tells_the_same(&bytes, &read_bytes(bytes.clone()), &path.display().to_string());
        pages += usize::from(outline(&bytes).has_html);
    }
    assert!(pages > 5, "{pages} of them hold HTML");
}

#[test]
fn mutated_mail_never_makes_the_reader_fail() {
    let mut names: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let originals: Vec<Vec<u8>> = names.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let mut generator = Generator(0x9e37_79b9_7f4a_7c15);
    for round in 0..40 {
        for (index, original) in originals.iter().enumerate() {
            let other = &originals[generator.next(originals.len())];
            let bytes = mutated(original, other, &mut generator);
            let name = names[index].display();
            let message = read_bytes(bytes.clone());
            the_original_tells_the_same(&bytes, &message, &format!("round {round}, {name}"));
            // The shield around the parser is for faults that nobody knows of.
            let failed = matches!(&message.condition, Condition::Unreadable(why) if why.contains("failed"));
            assert!(!failed, "round {round}, {name}");
            assert!(
                message.newest_text.is_empty() == message.text.is_empty() || message.text.is_empty(),
                "round {round}, {name}"
            );
            assert!(!message.subject.contains(char::is_control), "round {round}, {name}");
        }
    }
}
