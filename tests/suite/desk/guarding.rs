//! Who gets in, and what is refused at the door.

use jiff::SignedDuration;

use crate::shop::http::Visitor;
use crate::shop::letters::Letter;
use crate::shop::{NAME, PASSWORD, open, open_with};

const PAGES: &[&str] = &["/sign-in", "/queue", "/cases", "/outbox", "/aside", "/no-such-page", "/file/desk.css"];

#[tokio::test]
async fn nothing_is_shown_before_sign_in_and_the_page_asked_for_comes_after_it() {
    let shop = open().await;
    let case = shop.receive(&Letter::new("a@a.example", "Secret subject", "Hello")).await;
    let mut visitor = Visitor::new(shop.address);
    for path in ["/queue", "/cases", "/outbox", "/aside"] {
        let page = visitor.get(path).await;
        assert_eq!((page.status, page.header("location")), (303, format!("/sign-in?next={path}").as_str()));
    }
    let path = format!("/case/{case}");
    let form = visitor.get(&format!("/sign-in?next={path}")).await;
    assert_eq!(form.field("next"), path);
    let page = visitor.post("/sign-in", &[("name", NAME), ("password", PASSWORD), ("next", &path)]).await;
    assert_eq!((page.status, page.header("location")), (303, path.as_str()));
    assert!(visitor.get(&path).await.body.contains("Secret subject"));
}

#[tokio::test]
async fn the_cookie_is_for_our_pages_only_and_new_at_each_sign_in() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    let page = visitor.sign_in().await;
    let cookie = page.header("set-cookie");
    for attribute in ["guichet=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let first = visitor.clone();
    visitor.sign_in().await;
    assert_ne!(first.cookie, visitor.cookie);
    assert_eq!(first.clone().get("/queue").await.status, 303, "the earlier session has ended");
    assert_eq!(visitor.get("/queue").await.status, 200);

    let shop = open_with(|settings| settings.secure_cookie = true).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.origin = Some(format!("https://{}", shop.address));
    let cookie = visitor.sign_in().await.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-guichet=") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_the_same() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    let wrong = visitor.post("/sign-in", &[("name", NAME), ("password", "not this one")]).await;
    let unknown = visitor.post("/sign-in", &[("name", "bob"), ("password", "not this one")]).await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.body, unknown.body.replace("value=\"bob\"", &format!("value=\"{NAME}\"")));
    assert!(wrong.header("set-cookie").is_empty());
}

#[tokio::test]
async fn guessing_is_slowed_down_and_time_lets_the_reviewer_in_again() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    for _ in 0..5 {
        assert_eq!(visitor.post("/sign-in", &[("name", NAME), ("password", "guess guess")]).await.status, 401);
    }
    assert_eq!(visitor.sign_in().await.status, 429, "even the right password waits");
    shop.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(visitor.sign_in().await.status, 303);
}

#[tokio::test]
async fn sessions_end_by_time_by_sign_out_and_with_the_reviewer() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    shop.clock.advance(SignedDuration::from_hours(12));
    assert_eq!(visitor.get("/queue").await.status, 303);

    visitor.sign_in().await;
    let queue = visitor.get("/queue").await;
    let old = visitor.cookie.clone();
    let out = visitor.post("/sign-out", &[("csrf", &queue.field("csrf"))]).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    visitor.cookie = old;
    assert_eq!(visitor.get("/queue").await.status, 303);

    visitor.sign_in().await;
    shop.reviewers.remove(NAME).unwrap();
    assert_eq!(visitor.get("/queue").await.status, 303);
}

#[tokio::test]
async fn a_one_time_link_signs_in_once() {
    let shop = open().await;
    let path = shop.desk.one_time_path(NAME);
    let mut visitor = Visitor::new(shop.address);
    assert_eq!(visitor.get(&path).await.status, 303);
    assert_eq!(visitor.get("/queue").await.status, 200);
    assert_eq!(Visitor::new(shop.address).get(&path).await.status, 401);
    assert_eq!(Visitor::new(shop.address).get("/sign-in/once/guessed").await.status, 401);
}

#[tokio::test]
async fn forms_without_our_token_or_from_elsewhere_change_nothing() {
    let shop = open().await;
    let case = shop.receive(&Letter::new("a@a.example", "Order", "Hello")).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let path = format!("/case/{case}");
    let page = visitor.get(&path).await;
    let approve = format!("{path}/approve");
    for token in ["", "0123456789abcdef0123456789abcdef"] {
        assert_eq!(visitor.act(&page, &approve, &[("csrf", token)]).await.status, 403, "token {token:?}");
    }
    let token = page.field("csrf");
    for origin in [None, Some("null"), Some("http://evil.example"), Some("https://127.0.0.1")] {
        let mut foreign = visitor.clone();
        foreign.origin = origin.map(str::to_owned);
        let answer = foreign.act(&page, &approve, &[("csrf", &token)]).await;
        assert_eq!(answer.status, 403, "origin {origin:?}");
        let sign_in = foreign.post("/sign-in", &[("name", NAME), ("password", PASSWORD)]).await;
        assert_eq!(sign_in.status, 403, "origin {origin:?}");
    }
    let mut other = Visitor::new(shop.address);
    other.sign_in().await;
    let theirs = other.get(&path).await.field("csrf");
    assert_eq!(visitor.act(&page, &approve, &[("csrf", &theirs)]).await.status, 403, "another session's token");
    assert!(shop.review.look(&case).await.unwrap().outgoing.iter().all(|mail| !mail.id.as_str().starts_with("r-")));
    assert_eq!(visitor.act(&page, &approve, &[]).await.status, 303, "the right form passes");
}

#[tokio::test]
async fn other_names_are_not_answered_to() {
    let shop = open_with(|settings| settings.public_hosts = vec!["desk.shop.example".into()]).await;
    let mut visitor = Visitor::new(shop.address);
    for (host, status) in
        [("rebound.example", 421), ("", 421), ("desk.shop.example", 200), ("localhost:9", 200), ("127.0.0.1", 200)]
    {
        visitor.host = host.into();
        assert_eq!(visitor.get("/sign-in").await.status, status, "{host}");
    }
}

#[tokio::test]
async fn every_page_carries_the_headers_that_keep_scripts_and_frames_out() {
    let shop = open().await;
    let case = shop.receive(&Letter::new("a@a.example", "Order", "Hello")).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let mut pages = Vec::new();
    for path in PAGES.iter().map(|path| (*path).to_owned()).chain([format!("/case/{case}")]) {
        pages.push((path.clone(), visitor.get(&path).await));
    }
    pages.push(("stranger".into(), Visitor::new(shop.address).get("/queue").await));
    pages.push(("refused".into(), visitor.post("/sign-out", &[]).await));
    for (path, page) in pages {
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert!(!page.body.contains("style=\"") && !page.body.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn a_form_too_large_is_refused() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.send("POST", "/sign-in", &"a=b&".repeat(100_000)).await;
    assert_eq!(page.status, 413);
}

#[tokio::test]
async fn health_is_told_without_sign_in_and_tells_nothing_else() {
    let shop = open().await;
    let mut visitor = Visitor::new(shop.address);
    visitor.host = "monitor.example".into();
    let page = visitor.get("/healthz").await;
    assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    *shop.pulse.ill.lock().unwrap() = Some("imap support: wrong password".into());
    let page = visitor.get("/healthz").await;
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("password"));
    let mut reviewer = Visitor::new(shop.address);
    reviewer.sign_in().await;
    assert!(reviewer.get("/queue").await.body.contains("imap support: wrong password"));
}
