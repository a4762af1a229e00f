//! What the pages show.

use guichet::domain::assessment::{Basis, Finding, Standing};
use guichet::domain::{Intent, Purchase};
use guichet::ports::{Clock as _, Store as _};
use jiff::SignedDuration;

use crate::shop::http::Visitor;
use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, open};
use crate::support::order::{eligible, found, order};

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

#[tokio::test]
async fn markup_in_mail_is_shown_as_text_on_every_page() {
    let shop = open().await;
    let mut letter = Letter::new("a@a.example", HOSTILE, HOSTILE);
    letter.name = Some(HOSTILE.into());
    letter.quoted = format!("\n> {HOSTILE}");
    letter.attachments = vec![HOSTILE.into()];
    letter.verdict.given.product = Some(HOSTILE.into());
    letter.verdict.explanation = vec![guichet::domain::Explanation {
        from: "rule".into(),
        name: HOSTILE.into(),
        matched: HOSTILE.into(),
        weight: 2.0,
    }];
    letter.flags = vec![guichet::domain::CaseFlag::OtherLanguage(HOSTILE.into())];
    let case = shop.receive(&letter).await;
    shop.receive_machine("robot@a.example", HOSTILE, HOSTILE).await;
    shop.give_up(HOSTILE, HOSTILE).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let path = format!("/case/{case}");
    let mut pages = Vec::new();
    for path in ["/queue", "/cases", "/outbox", "/aside", &path] {
        pages.push(visitor.get(path).await);
    }
    let page = pages.last().unwrap().clone();
    pages.push(
        visitor.act(&page, &format!("{path}/save"), &[("to", HOSTILE), ("body", HOSTILE), ("subject", HOSTILE)]).await,
    );
    pages.push(visitor.act(&page, &format!("{path}/template"), &[("template", HOSTILE)]).await);
    pages.push(Visitor::new(shop.address).post(&format!("{path}/save"), &[("body", HOSTILE)]).await);
    pages.push(visitor.post("/sign-in", &[("name", HOSTILE), ("password", "x"), ("next", HOSTILE)]).await);
    let shown = pages.iter().filter(|page| page.body.contains("alert(1)")).count();
    assert!(shown >= 7, "the text itself is there on most of them: {shown}");
    for page in pages {
        assert!(!page.body.contains("<script>") && !page.body.contains("<img src=x"), "{}", page.body);
        assert!(!page.body.contains("value=\"\"'"), "{}", page.body);
    }
}

#[tokio::test]
async fn the_queue_stands_by_urgency_and_says_what_a_reviewer_needs() {
    let shop = open().await;
    shop.morning().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get("/queue").await;
    let place = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text} is not on the page"));
    assert!(place("Tom Okafor") < place("jb.lefort"), "a dispute before anger");
    assert!(place("jb.lefort") < place("Marta Kowalska"), "anger before a calm question");
    for said in [
        "6 cases wait",
        "payment dispute",
        "unsure",
        "Missing: ",
        "not acknowledged: the server noted no return path",
        "42\u{a0}min",
        "3\u{a0}h",
        "Legal steps or payment dispute",
        "By age, 8 h ahead for the tone",
    ] {
        place(said);
    }
}

#[tokio::test]
async fn many_cases_on_one_product_are_told_above_the_queue() {
    let shop = open().await;
    shop.morning().await;
    for (n, name) in ["bouilloire Lume", "la bouilloire LUMÉ", "Bouilloire Lume rouge", HOSTILE].iter().enumerate() {
        let mut letter = Letter::new(&format!("c{n}@kettle.example"), &format!("Kettle {n}"), "Elle fuit.");
        letter.verdict.reason = Some(guichet::domain::Reason::Defective);
        letter.verdict.given.product = Some((*name).into());
        shop.receive(&letter).await;
        if n == 2 {
            letter.from = "another@kettle.example".into();
            letter.subject = "Kettle again".into();
            shop.receive(&letter).await;
        }
    }
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get("/queue").await;
    assert!(page.body.contains("4 cases in one day: "), "{}", page.body);
    let link = page.body.split_once("href=\"/queue?").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    assert_eq!(link, "product=bouilloire%20lume&reason=defective");
    visitor.language = "fr";
    let only = visitor.get(&format!("/queue?{link}")).await;
    assert!(
        only.body.contains("4 dossiers\u{a0}: Bouilloire Lume rouge")
            && !only.body.contains("en un jour")
            && only.body.contains("Afficher toute la file")
    );
    assert_eq!(only.body.matches("class=\"row-link\"").count(), 4);
    assert!(!only.body.contains("Tom Okafor"));
    for broken in ["product=x&reason=nonsense", "product=&reason=defective", "reason=defective", "product=%ff"] {
        assert!(visitor.get(&format!("/queue?{broken}")).await.status < 500, "{broken}");
    }
    let none = visitor.get("/queue?product=toaster+Vega&reason=defective").await;
    assert!(none.body.contains("Plus aucun dossier en attente"), "{}", none.body);
}

#[tokio::test]
async fn french_readers_get_french_pages() {
    let shop = open().await;
    let cases = shop.morning().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.language = "fr-FR,fr;q=0.9,en;q=0.5";
    visitor.sign_in().await;
    let queue = visitor.get("/queue").await;
    assert!(queue.body.contains("<html lang=\"fr\">") && queue.body.contains("6 dossiers attendent"));
    let case = visitor.get(&format!("/case/{}", cases[0])).await;
    for said in
        ["Approuver et envoyer", "Pourquoi ce verdict", "fort", "numéro de commande", "manque", "Pièces jointes\u{a0}:"]
    {
        assert!(case.body.contains(said), "{said}");
    }
}

#[tokio::test]
async fn the_case_page_shows_letter_verdict_and_reply() {
    let shop = open().await;
    let cases = shop.morning().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get(&format!("/case/{}", cases[0])).await;
    for said in [
        "fendue sur toute la hauteur",
        "Votre commande est en route.",
        "facture mars.pdf",
        "asks-money-back",
        "97\u{a0}% sure",
        "Acknowledgement: waiting to leave.",
        "Ana Lopes",
        "Message received: Refund request, calm",
    ] {
        assert!(page.body.contains(said) || page.body.contains(&said.replace('\u{a0}', " ")), "{said}");
    }
    assert_eq!(page.field("to"), "Camille Durand <camille.durand@exemple.example>");
    assert!(page.field("body").contains("Bonjour"));
}

#[tokio::test]
async fn the_case_page_shows_what_law_and_the_order_say() {
    let shop = open().await;
    let letter = Letter::new("Kim <kim@kim.example>", "Broken kettle", "The kettle died. Please refund order 48213.");
    let case = shop.receive(&letter).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let path = format!("/case/{case}");
    assert!(!visitor.get(&path).await.body.contains("Law and policy"), "nothing is shown before it is known");

    let now = shop.clock.now();
    let mut known = eligible(found(order("48213"), now), now);
    known.findings.push(Finding {
        basis: Basis::Conformity,
        standing: Standing::Applies,
        until: Some(jiff::civil::date(2028, 2, 9)),
        steps: vec!["received 2026-02-09".into(), HOSTILE.into()],
        articles: vec!["L217-3".into()],
    });
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let revision = shop.store.case(&case).await.unwrap().revision;
    shop.store.assess(&lease, &case, revision, known, None, now).await.unwrap();
    let page = visitor.get(&path).await;
    for said in
        ["Law and policy", "guarantee of conformity", "48213", "until 2028-02-09", "L217-3", "received 2026-02-09"]
    {
        assert!(page.body.contains(said), "{said}");
    }
    assert!(!page.body.contains("<script>alert"), "{}", page.body);

    let revision = shop.store.case(&case).await.unwrap().revision;
    let silent = Purchase::Unavailable { why: "orders.csv, line 7: no date".into(), at: now };
    shop.store.assess(&lease, &case, revision, eligible(silent, now), None, now).await.unwrap();
    assert!(visitor.get(&path).await.body.contains("could not be asked: orders.csv, line 7: no date"));
}

#[tokio::test]
async fn alarms_and_what_is_set_aside_are_seen() {
    let shop = open().await;
    shop.receive_machine("MAILER-DAEMON@a.example", "Undelivered", "null return-path").await;
    shop.give_up("1/77", "the server closed the connection three times").await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let queue = visitor.get("/queue").await;
    assert!(queue.body.contains("1 message could not be read"));
    let aside = visitor.get("/aside").await;
    for said in ["Undelivered", "a delivery notice (empty return path)", "1/77", "three times"] {
        assert!(aside.body.contains(&said.replace('/', "&#x2f;")), "{said}");
    }
}

#[tokio::test]
async fn an_open_breaker_is_seen_and_released_at_the_desk() {
    let shop = open().await;
    for n in 0..4 {
        let mut letter = Letter::new(&format!("c{n}@c{n}.example"), &format!("Letter {n}"), &format!("Text {n}"));
        letter.minutes_ago = n;
        letter.breaker = 2;
        shop.receive(&letter).await;
    }
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let queue = visitor.get("/queue").await;
    assert!(queue.body.contains("has stopped acknowledging"), "{}", queue.body);
    let released = visitor.post(&format!("/breaker/{MAILBOX}/release"), &[("csrf", &queue.field("csrf"))]).await;
    assert_eq!(released.status, 303);
    assert!(shop.store.breaker(MAILBOX).await.unwrap().is_none());
}

#[tokio::test]
async fn a_loss_is_on_every_page_until_somebody_has_read_it() {
    let shop = open().await;
    shop.port().roll_back(shop.review.now(), "The store is older.").await.unwrap();
    *shop.pulse.lost.lock().unwrap() = Some("The store is older.".into());
    *shop.pulse.ill.lock().unwrap() = Some("The server refuses us.".into());
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let outbox = visitor.get("/outbox").await;
    assert!(outbox.body.contains("The store is older.") && outbox.body.contains("The server refuses us."));
    assert_eq!(outbox.body.matches("/loss/dismiss").count(), 1, "what is wrong now cannot be put away");
    assert_eq!(visitor.post("/loss/dismiss", &[("csrf", "invented")]).await.status, 403);
    assert!(shop.port().loss().await.unwrap().is_some());
    assert_eq!(visitor.post("/loss/dismiss", &[("csrf", &outbox.field("csrf"))]).await.status, 303);
    assert_eq!(shop.port().loss().await.unwrap(), None);
    let queue = visitor.get("/queue").await;
    assert!(!queue.body.contains("The store is older.") && queue.body.contains("The server refuses us."));
}

#[tokio::test]
async fn unknown_cases_and_mails_are_not_found() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let csrf = visitor.get("/queue").await.field("csrf");
    for path in ["/case/G-ZZZZ", "/case/nonsense", "/file/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    for path in ["/case/G-ZZZZ/approve", "/outbox/r-none-1/release", "/outbox/r-none-1/cancel"] {
        assert_eq!(visitor.post(path, &[("csrf", &csrf)]).await.status, 404, "{path}");
    }
    assert_eq!(visitor.get("/case/G-ZZZZ/approve").await.status, 404);
}

#[tokio::test]
async fn a_case_without_a_usable_draft_can_still_be_read_and_dismissed() {
    let shop = open().await;
    let letter = Letter::new("a@a.example", "Hello", "Hello").judged(|v| v.intent = Intent::Other);
    let case = shop.receive(&letter).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let path = format!("/case/{case}");
    let page = visitor.get(&path).await;
    assert_eq!(visitor.act(&page, &format!("{path}/approve"), &[]).await.status, 303);
    shop.clock.advance(SignedDuration::from_secs(1));
    let page = visitor.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("No draft waits") && page.body.contains("Take back"), "{}", page.body);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_refused_change() {
    let shop = open().await;
    // Long, and of little repetition: such a text lies in a file of its own.
    let long = (0_u64..4000).map(|n| format!("{:x} ", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect::<String>();
    let case = shop.receive(&Letter::new("a@a.example", "Hello", &long)).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let path = format!("/case/{case}");
    assert_eq!(visitor.get(&path).await.status, 200);

    let texts: Vec<_> = std::fs::read_dir(shop.data.path().join("texts")).unwrap().map(|f| f.unwrap().path()).collect();
    assert!(!texts.is_empty());
    texts.iter().for_each(|text| std::fs::remove_file(text).unwrap());
    *shop.pulse.ill.lock().unwrap() = Some("the disk fails".into());
    let page = visitor.get(&path).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("could not be read from the store") && page.body.contains("Nothing was changed"));
    assert!(page.body.contains("the disk fails"), "the alarm stands there too");
    assert!(!visitor.get("/nowhere").await.body.contains("the disk fails"));
    // A stranger is told nothing of it.
    let page = Visitor::new(shop.address).get(&path).await;
    assert!(page.status == 303 && !page.body.contains("the disk fails"), "{}", page.body);
}
