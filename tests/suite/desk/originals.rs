//! Files that customers sent, their HTML, and the text of our own mails.

use guichet::domain::CaseId;
use guichet::ports::Store as _;
use guichet::ports::store::Expiry;
use jiff::{SignedDuration, Timestamp};

use crate::shop::http::{Page, Visitor};
use crate::shop::letters::Letter;
use crate::shop::{Shop, open};

/// A letter with a photo, a note, an SVG under a name that lies, and HTML with everything in it.
const ORIGINAL: &str = "From: a@a.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <p style=\"color:red;background:url(http://h.example/1)\">Fendue <b>4111</b> 1111 1111 1111</p>\
    <script>alert(1)</script><img src=http://h.example/2 alt=\"la fissure\"><a href=\"https://h.example/3?a=<i>\">Suivi</a>\r\n\
    --b\r\nContent-Type: image/jpeg; name=\"bouilloire cass\u{e9}e.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\r\nSlBFRw==\r\n\
    --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''..%2F..%2Fetc%2Fno%0D%0Ate%22%3B%E2%80%AEfdp.txt\r\n\r\n<b>note</b>\r\n\
    --b\r\nContent-Type: image/svg+xml; name=x.svg\r\n\r\n<svg onload=alert(1)>\r\n\
    --b\r\nContent-Type: text/html; name=page.html\r\n\r\n<script>alert(1)</script>\r\n--b--\r\n";

async fn path_of(shop: &Shop, case: &CaseId) -> String {
    let key = shop.store.case_file(case).await.unwrap().messages[0].key;
    format!("/case/{case}/message/{}", key.to_hex())
}

async fn received(shop: &Shop, from: &str) -> (CaseId, String) {
    let case = shop.receive(&Letter::new(from, "Kettle", "Broken").with_original(ORIGINAL.as_bytes())).await;
    let path = path_of(shop, &case).await;
    (case, path)
}

async fn signed_in(shop: &Shop) -> Visitor {
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    visitor
}

fn assert_apart(page: &Page, policy: &str) {
    assert_eq!(page.header("content-security-policy"), policy);
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.headers.iter().filter(|(name, _)| name == "content-security-policy").count(), 1);
}

#[tokio::test]
async fn files_are_saved_under_clean_names_and_never_shown() {
    let shop = open().await;
    let (case, path) = received(&shop, "a@a.example").await;
    let mut visitor = signed_in(&shop).await;
    let page = visitor.get(&format!("/case/{case}")).await;
    assert_eq!(page.body.matches("class=\"file\" href=").count(), 4, "{}", page.body);
    assert!(page.body.contains("bouilloire cassée.jpg <span class=\"size\">4\u{a0}bytes</span>"), "{}", page.body);
    let octets = "application/octet-stream";
    for (n, media_type, disposition, body) in [
        (1, "image/jpeg", "filename=\"bouilloire cass_e.jpg\"; filename*=UTF-8''bouilloire%20cass%C3%A9e.jpg", "JPEG"),
        (2, "text/plain", "filename=\"no te_;fdp.txt\"; filename*=UTF-8''no%20te_%3Bfdp.txt", "<b>note</b>"),
        (3, octets, "filename=\"x.svg\"; filename*=UTF-8''x.svg", "<svg onload=alert(1)>"),
        (4, octets, "filename=\"page.html\"; filename*=UTF-8''page.html", "<script>alert(1)</script>"),
    ] {
        let link = format!("{path}/attachment/{n}");
        assert!(page.body.contains(&link.replace('/', "&#x2f;")) || page.body.contains(&link), "{link}");
        let file = visitor.get(&link).await;
        assert_eq!((file.status, file.header("content-type"), file.body.as_str()), (200, media_type, body));
        assert_eq!(file.header("content-disposition"), format!("attachment; {disposition}"));
        assert_apart(&file, "default-src 'none'; sandbox");
        assert_eq!(file.header("x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn files_are_had_by_reviewers_through_their_own_case_only() {
    let shop = open().await;
    let (case, path) = received(&shop, "a@a.example").await;
    let other = shop.receive(&Letter::new("b@b.example", "Lamp", "Broken too")).await;
    let mut stranger = Visitor::new(shop.address);
    for way in ["attachment/1", "html"] {
        let refused = stranger.get(&format!("{path}/{way}")).await;
        assert_eq!(refused.status, 303);
        assert!(refused.header("location").starts_with("/sign-in") && !refused.body.contains("JPEG"));
    }
    let mut visitor = signed_in(&shop).await;
    let elsewhere = path.replace(case.as_str(), other.as_str());
    let own = path_of(&shop, &other).await;
    for wrong in [
        format!("{elsewhere}/attachment/1"),
        format!("{elsewhere}/html"),
        format!("{own}/attachment/1"),
        format!("{own}/html"),
        format!("{path}/attachment/0"),
        format!("{path}/attachment/5"),
        format!("{path}/attachment/-1"),
        format!("{path}/attachment/99999999999999999999999"),
        format!("{path}/attachment/x"),
        format!("/case/{case}/message/1/attachment/1"),
        format!("/case/{case}/message/..%2f..%2fidentity.key/html"),
        format!("/case/nonsense/message/{}/html", "0".repeat(64)),
    ] {
        let page = visitor.get(&wrong).await;
        assert_eq!(page.status, 404, "{wrong}");
        assert!(page.header("content-type").starts_with("text/html") && !page.body.contains("JPEG"));
    }
    assert_eq!(visitor.get(&format!("{path}/attachment/1")).await.status, 200);
}

#[tokio::test]
async fn html_stands_in_a_frame_that_can_do_nothing() {
    let shop = open().await;
    let (case, path) = received(&shop, "a@a.example").await;
    let mut visitor = signed_in(&shop).await;
    let page = visitor.get(&format!("/case/{case}")).await;
    let frame = page.body.split_once("<iframe ").unwrap().1.split_once('>').unwrap().0;
    assert!(
        frame.contains("sandbox=\"\"") && frame.contains("loading=\"lazy\"") && !frame.contains("allow"),
        "{frame}"
    );
    assert!(page.header("content-security-policy").contains("frame-src 'self'; "));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-frame-options"), "DENY");

    let html = visitor.get(&format!("{path}/html")).await;
    assert_eq!((html.status, html.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_apart(
        &html,
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    );
    assert_eq!(html.header("x-frame-options"), "SAMEORIGIN");
    assert!(html.body.contains("<p style=\"color:red\">Fendue <b>****</b> **** **** 1111</p>"), "{}", html.body);
    assert!(html.body.contains("[la fissure]<span>Suivi [1]</span>"), "{}", html.body);
    assert!(html.body.contains("1 picture is not shown"));
    assert!(html.body.contains("<li>https:&#x2f;&#x2f;h.example&#x2f;3?a=&lt;i&gt;</li>"), "{}", html.body);
    for gone in ["alert", "<img", "<a ", "href", "url(", "src="] {
        assert!(!html.body.contains(gone), "{gone}: {}", html.body);
    }
    visitor.language = "fr";
    assert!(visitor.get(&format!("{path}/html")).await.body.contains("1 image n’est pas affichée"));
}

#[tokio::test]
async fn a_plain_letter_has_no_layout() {
    let shop = open().await;
    let raw = b"From: a@a.example\r\n\r\nBroken";
    let case = shop.receive(&Letter::new("a@a.example", "Kettle", "Broken").with_original(raw)).await;
    let mut visitor = signed_in(&shop).await;
    assert!(!visitor.get(&format!("/case/{case}")).await.body.contains("<iframe"));
    assert_eq!(visitor.get(&format!("{}/html", path_of(&shop, &case).await)).await.status, 404);
}

#[tokio::test]
async fn an_original_that_is_gone_is_said_on_the_page() {
    let shop = open().await;
    let (case, path) = received(&shop, "a@a.example").await;
    let expiry = Expiry {
        raw: shop.review.now() + SignedDuration::from_hours(1),
        automated: Timestamp::MIN,
        closed: Timestamp::MIN,
        answered: Timestamp::MIN,
        waiting: Timestamp::MIN,
    };
    assert_eq!(shop.port().expire(expiry, shop.review.now()).await.unwrap().raw, 1);
    let mut never = Letter::new("b@b.example", "Lamp", "Broken too");
    never.attachments = vec!["lamp.jpg".into()];
    let never = shop.receive(&never).await;
    let mut visitor = signed_in(&shop).await;
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("no longer kept here") && page.body.contains("<span class=\"file\">x.svg</span>"));
    assert!(!page.body.contains("/attachment/") && !page.body.contains("<iframe"), "{}", page.body);
    for way in ["attachment/1", "html"] {
        let missing = visitor.get(&format!("{path}/{way}")).await;
        assert_eq!(missing.status, 404);
        assert!(missing.body.contains("it is in the mailbox"), "{}", missing.body);
    }
    let page = visitor.get(&format!("/case/{never}")).await;
    assert!(page.body.contains("The original was not kept here"), "{}", page.body);
}

#[tokio::test]
async fn the_text_of_our_own_mails_is_on_the_case_page() {
    let shop = open().await;
    let case = shop.receive(&Letter::new("Ana <a@a.example>", "Kettle", "Broken")).await;
    let mut visitor = signed_in(&shop).await;
    let path = format!("/case/{case}");
    let page = visitor.get(&path).await;
    assert_eq!(page.body.matches("Text of this mail").count(), 1, "the acknowledgement: {}", page.body);
    let said = "Two sentences <of> ours.\n\n> and a third";
    visitor.act(&page, &format!("{path}/approve"), &[("body", said), ("confirm_approval", "1")]).await;
    let page = visitor.get(&path).await;
    assert_eq!(page.body.matches("Text of this mail").count(), 2);
    let row = page.body.split("Text of this mail").nth(2).unwrap().split_once("</details>").unwrap().0;
    assert!(row.contains("Two sentences &lt;of&gt; ours.\n\n&gt; and a third"), "{row}");
    assert!(!visitor.get("/outbox").await.body.contains("Two sentences"));
}
