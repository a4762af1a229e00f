//! The desk in a real browser: Chromium driven through chromedriver.

mod attacks;
mod browser;

use browser::{Browser, Window};
use guichet::domain::OutgoingKind;
use guichet::ports::Store as _;
use jiff::SignedDuration;

use crate::shop::{NAME, PASSWORD, Shop, open};

/// Where screenshots go when somebody wants to look at them.
const SHOTS: &str = "GUICHET_SCREENSHOTS";

async fn busy_shop() -> Shop {
    let shop = open().await;
    shop.morning().await;
    shop.receive_machine("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender", "null return-path").await;
    shop.receive_machine("newsletter@supplier.example", "Spring prices", "list-unsubscribe without list-post").await;
    shop.give_up("1/77", "the server closed the connection three times while sending this message").await;
    shop.clock.advance(SignedDuration::from_mins(1));
    shop
}

/// Checks what must hold on every page, and takes its picture if asked to.
async fn check(browser: &mut Browser, name: &str) {
    // Not `innerWidth`: a phone zooms out until the overflow fits, and would hide it.
    let overflow =
        browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
    assert!(overflow.as_f64().unwrap() <= 0.0, "{name} scrolls sideways by {overflow} px");
    let unlabelled = browser
        .run(
            "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]\
             .filter(e => !e.labels.length).map(e => e.name).join()",
        )
        .await;
    assert_eq!(unlabelled, "", "{name}: fields without a label");
    if let Ok(folder) = std::env::var(SHOTS) {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), browser.screenshot().await).unwrap();
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:?}");
}

async fn sign_in(browser: &mut Browser, shop: &Shop) {
    browser.open(&format!("http://{}/", shop.address)).await;
    browser.fill("input[name=name]", NAME).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("button.primary").await;
    assert!(browser.address().await.ends_with("/queue"));
}

async fn walk(window: Window, prefix: &str) {
    let shop = busy_shop().await;
    let mut browser = Browser::start(&window).await;
    browser.open(&format!("http://{}/", shop.address)).await;
    check(&mut browser, &format!("{prefix}-sign-in")).await;
    sign_in(&mut browser, &shop).await;
    check(&mut browser, &format!("{prefix}-queue")).await;
    for page in ["cases", "outbox", "aside"] {
        browser.open(&format!("http://{}/{page}", shop.address)).await;
        check(&mut browser, &format!("{prefix}-{page}")).await;
    }
    browser.open(&format!("http://{}/queue", shop.address)).await;
    browser.click("li:nth-child(3) .row-link").await;
    check(&mut browser, &format!("{prefix}-case")).await;
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)").await;
    check(&mut browser, &format!("{prefix}-case-open")).await;
    browser.end().await;
}

#[tokio::test]
async fn pages_fit_a_desktop() {
    walk(Window::desktop(), "1280").await;
}

#[tokio::test]
async fn pages_fit_a_phone_in_french() {
    walk(Window::phone().french(), "390").await;
}

#[tokio::test]
async fn pages_fit_a_phone_in_the_dark() {
    walk(Window::phone().dark(), "390-dark").await;
}

#[tokio::test]
async fn a_reply_is_approved_by_a_click_and_taken_back_by_another() {
    let shop = busy_shop().await;
    let mut browser = Browser::start(&Window::desktop()).await;
    sign_in(&mut browser, &shop).await;
    browser.click("li:first-child .row-link").await;
    browser.fill("#body", " One more sentence.").await;
    let case = browser.address().await.rsplit('/').next().unwrap().to_owned();
    let case = guichet::domain::CaseId::parse(&case).unwrap();
    browser.click("#approve").await;
    let at = browser.address().await;
    assert!(at.ends_with("/queue"), "{at}");
    check(&mut browser, "1280-approved").await;
    let replies = || async {
        let mails = shop.store.case_file(&case).await.unwrap().outgoing;
        mails.into_iter().filter(|mail| mail.kind == OutgoingKind::Reply).collect::<Vec<_>>()
    };
    let sent = replies().await;
    assert_eq!(sent.len(), 1);
    assert!(String::from_utf8_lossy(&sent[0].bytes).contains("One more sentence."));
    assert!(shop.store.corrections().await.unwrap().is_empty(), "an untouched verdict form corrects nothing");
    browser.click(".note.good button").await;
    let at = browser.address().await;
    assert!(at.ends_with(case.as_str()), "{at}");
    assert_eq!(replies().await[0].state.name(), "cancelled");
    check(&mut browser, "1280-taken-back").await;
    browser.end().await;
}

#[tokio::test]
async fn the_keys_move_through_the_queue() {
    let shop = busy_shop().await;
    let mut browser = Browser::start(&Window::desktop()).await;
    sign_in(&mut browser, &shop).await;
    browser.press("jjk").await;
    let at = browser.run("return document.activeElement.getAttribute('href')").await;
    let first = browser.run("return document.querySelector('.row-link').getAttribute('href')").await;
    assert_eq!(at, first);
    browser.end().await;
}
