//! Malformed mail, each kind alone among a hundred good ones: all good ones are acknowledged, and the bad
//! one is there for a person to see. What a server cannot hand out is tried three times and then listed.

use std::time::Duration;

use guichet::ports::store::StoreError;

use crate::faults::house::House;
use crate::loops::counter::Counter;
use crate::support::played_imap::{Alter, Said};

/// A hundred good ones in the long run (`GUICHET_LONG=1`), some in the short one.
fn good_ones() -> usize {
    if std::env::var_os("GUICHET_LONG").is_some() { 100 } else { 6 }
}

const HEAD: &str = "Return-Path: <eve@odd.example>\r\nMessage-ID: <odd@odd.example>\r\nFrom: Eve <eve@odd.example>\r\n\
    To: support@shop.example\r\nSubject: Order 1\r\n";

fn good(n: usize) -> String {
    format!(
        "Return-Path: <kim@home{n}.example>\r\nMessage-ID: <good.{n}@home{n}.example>\r\nFrom: Kim <kim@home{n}.example>\r\n\
         To: support@shop.example\r\nSubject: Order {n}\r\nContent-Type: text/plain\r\n\r\nThe kettle of order {n} broke.\r\n"
    )
}

fn with_head(rest: &str) -> Vec<u8> {
    format!("{HEAD}{rest}").into_bytes()
}

/// Each container in the one before.
fn nested(depth: usize, open: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = HEAD.to_owned();
    (0..depth).for_each(|level| text.push_str(&open(level)));
    text.into_bytes()
}

/// Broken outside: what is hardly a mail at all.
fn hardly_mail() -> Vec<(&'static str, Vec<u8>)> {
    let mut binary: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    binary[0] = 0xff;
    vec![
        ("empty", Vec::new()),
        ("blank lines only", b"\r\n\r\n\r\n".to_vec()),
        ("NUL bytes only", vec![0; 5_000]),
        ("noise", binary),
        ("no headers", b"my kettle broke, order 1\r\n".to_vec()),
        ("headers without an end", HEAD.as_bytes().to_vec()),
        ("one line of four megabytes", with_head(&format!("\r\n{}", "x".repeat(4_000_000)))),
        ("two megabytes of headers", with_head(&format!("X-Pad: {}\r\n\r\nx", "y".repeat(2_000_000)))),
        ("a hundred thousand headers", with_head(&format!("{}\r\nx", "X-A: b\r\n".repeat(100_000)))),
        ("line ends of an old Mac", HEAD.replace("\r\n", "\r").into_bytes()),
        ("another kind of file", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n".to_vec()),
    ]
}

/// Broken in its headers.
fn odd_headers() -> Vec<(&'static str, Vec<u8>)> {
    let replaced = |from: &str, to: &str| format!("{}\r\nThe kettle broke.\r\n", HEAD.replace(from, to)).into_bytes();
    let many = (0..10_000).map(|n| format!("<p{n}@x.example>, ")).collect::<String>() + "support@shop.example";
    let ids = (0..10_000).map(|n| format!("<{n}@x.example> ")).collect::<String>();
    vec![
        ("no sender", replaced("From: Eve <eve@odd.example>\r\n", "")),
        ("a sender of control characters", replaced("Eve <eve@odd.example>", "\u{1}\u{7f}\u{0} <\u{8}@\u{b}>")),
        ("a sender that breaks lines", replaced("Eve <eve", "=?utf-8?q?Eve=0D=0ABcc:_all=40x.example?= <eve")),
        (
            "a subject that breaks lines",
            replaced("Order 1", "=?utf-8?q?a=0D=0ABcc:_victim=40x.example=0D=0A=0D=0Atext?="),
        ),
        ("a subject of 300 KB", replaced("Order 1", &"=?utf-8?b?w6k=?= ".repeat(20_000))),
        ("encoded words without an end", replaced("Order 1", &"=?utf-8?q?".repeat(20_000))),
        ("ten thousand recipients", replaced("support@shop.example", &many)),
        ("ten thousand references", replaced("Subject:", &format!("References: {ids}\r\nSubject:"))),
        ("a Message-ID of noise", replaced("<odd@odd.example>", "<<<>>@@\u{1}<")),
        ("no Message-ID", replaced("Message-ID: <odd@odd.example>\r\n", "")),
        ("an impossible date", replaced("Subject:", "Date: Foo, 99 Bar 99999 99:99:99 +9999\r\nSubject:")),
        (
            "comments in comments",
            replaced("support@shop.example", &format!("{}support@shop.example", "(".repeat(50_000))),
        ),
        (
            "the same header a thousand times",
            replaced("Subject:", &format!("{}Subject:", "From: x@y.example\r\n".repeat(1_000))),
        ),
        ("raw eight-bit headers", {
            let mut bytes = replaced("Order 1", "Ordre");
            let at = bytes.len() - 30;
            bytes[at] = 0xe9;
            bytes
        }),
    ]
}

/// Broken inside.
fn odd_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let part = |level: usize| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    let html = |body: &str| with_head(&format!("Content-Type: text/html; charset=utf-8\r\n\r\n{body}"));
    let text = |body: &str| with_head(&format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"));
    vec![
        ("thirty thousand parts in each other", nested(30_000, part)),
        ("thirty thousand messages in each other", nested(30_000, |_| "Content-Type: message/rfc822\r\n\r\n".into())),
        (
            "twenty thousand parts",
            with_head(&format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
                "--b\r\n\r\nx\r\n".repeat(20_000)
            )),
        ),
        (
            "a truncated multipart",
            with_head(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe ket",
            ),
        ),
        (
            "a boundary that never comes",
            with_head("Content-Type: multipart/mixed; boundary=nowhere\r\n\r\nThe kettle broke.\r\n"),
        ),
        ("an empty boundary", with_head("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----\r\n")),
        ("base64 garbage", with_head("Content-Transfer-Encoding: base64\r\n\r\n####!!!!====%%%%\r\n")),
        (
            "quoted-printable garbage",
            with_head(&format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", "=ZZ=".repeat(50_000))),
        ),
        ("an unknown charset", with_head("Content-Type: text/plain; charset=x-klingon\r\n\r\n\u{e9}\r\n")),
        ("broken UTF-16", {
            let mut bytes = with_head("Content-Type: text/plain; charset=utf-16\r\n\r\n");
            bytes.extend([0xd8; 4_001]);
            bytes
        }),
        ("NUL in the text", text("The kettle\0 of order\0 1 broke.\r\n")),
        ("a hundred thousand open elements", html(&"<div><b><table><td>".repeat(25_000))),
        ("an attribute without an end", html(&format!("<a href=\"{}", "x".repeat(500_000)))),
        ("styles made to exhaust", html(&format!("<style>{}</style>x", "a{b:c}".repeat(100_000)))),
        ("nothing but quotes", text(&"> ".repeat(300_000))),
        ("a hundred thousand quoted levels", text(&format!("{} x\r\n", ">".repeat(100_000)))),
        ("words made for back-tracking", text(&"a ".repeat(300_000))),
        ("digits made for card numbers", text(&"4111 1111 1111 1112 ".repeat(20_000))),
        ("dates without an end", text(&"le 3 mars le 4 ".repeat(20_000))),
        ("order numbers without an end", text(&"commande CMD-2024-001 ".repeat(20_000))),
        ("marks upon marks", text(&format!("Z{} order 1\r\n", "\u{301}".repeat(100_000)))),
        ("text in both directions", text(&"\u{202e}\u{2066}1 redro\u{202d}".repeat(20_000))),
        (
            "a winmail.dat of noise",
            with_head(
                "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgAA\r\n",
            ),
        ),
        (
            "an attachment name of a path",
            with_head("Content-Type: application/pdf; name=\"../../../etc/passwd\"\r\n\r\nx\r\n"),
        ),
    ]
}

#[tokio::test]
async fn each_kind_of_malformed_mail_costs_no_good_one_anything() {
    let kinds: Vec<_> = [hardly_mail(), odd_headers(), odd_bodies()].concat();
    let good_count = good_ones();
    for (kind, poison) in &kinds {
        let counter = Counter::open("support@shop.example").await;
        let mut acknowledged = Vec::new();
        for n in 0..good_count {
            if n == good_count / 2 {
                counter.receives_bytes(poison).await;
            }
            counter.receives(&good(n)).await;
            acknowledged.extend(counter.sends().await.into_iter().map(|left| left.to));
        }
        let answered = (0..good_count).filter(|n| acknowledged.contains(&format!("kim@home{n}.example"))).count();
        assert_eq!(answered, good_count, "{kind}");
        assert!(acknowledged.len() <= good_count + 1, "{kind}: {} acknowledgements", acknowledged.len());
        assert_eq!(counter.seen().await, good_count + 1, "{kind}: it is to be seen");
        assert!(!acknowledged.iter().any(|to| to.contains("victim") || to.contains("x.example")), "{kind}");
    }
    println!(
        "{} kinds of malformed mail, each among {good_count} good ones: every good one acknowledged, each bad one to be seen",
        kinds.len()
    );
}

/// The server fails on one message: in every way, each time it is asked.
#[tokio::test(start_paused = true)]
async fn a_message_that_a_server_cannot_hand_out_is_listed_and_the_others_are_acknowledged() {
    let ways: [fn(&str) -> Said; 4] = [
        |tag| Said { bytes: format!("{tag} NO [SERVERBUG] cannot read it\r\n").into_bytes(), close: false },
        |_| Said { bytes: b"* 3 FETCH nonsense\r\n".to_vec(), close: false },
        |_| Said { bytes: Vec::new(), close: true },
        |tag| Said { bytes: format!("* 3 FETCH (UID 3 BODY[] NIL)\r\n{tag} OK done\r\n").into_bytes(), close: false },
    ];
    for (n, way) in ways.into_iter().enumerate() {
        let house = House::new().await;
        let lie: Alter = std::sync::Arc::new(move |tag, _| way(tag));
        house.imap.lie("UID FETCH 1,2,3,4,5,6 (UID BODY", 100, lie.clone());
        house.imap.lie("UID FETCH 3 (UID BODY", 100, lie);
        (1..=6).for_each(|n| {
            house.receive(n);
        });
        let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
        house.until_sent(5, Duration::from_secs(15 * 60), &n).await;
        // Three tries, with rests of one and of five minutes.
        house.still.during(Duration::from_secs(15 * 60), std::future::pending::<()>()).await;
        let listed = guichet::ports::Store::quarantined(&*house.store, 10).await.unwrap();
        assert!(listed.len() == 1 && listed[0].location.name == "7/3", "way {n}: {listed:?}");
        assert_eq!((house.cases().await.len(), house.copies().len()), (5, 5), "way {n}");
        house.end(tasks).await;
    }
}

/// Whatever the store has against a message: the next one does not wait for it.
#[tokio::test(start_paused = true)]
async fn a_message_that_the_store_cannot_take_is_listed_and_the_next_is_acknowledged() {
    for refusal in [StoreError::Permanent("damaged".into()), StoreError::Missing("case G-7K3Q".into())] {
        let house = House::new().await;
        for _ in 0..3 {
            house.store.fail_once("record", refusal.clone());
        }
        (1..=2).for_each(|n| {
            house.receive(n);
        });
        let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
        house.until_sent(1, Duration::from_secs(15 * 60), &refusal).await;
        let listed = guichet::ports::Store::quarantined(&*house.store, 10).await.unwrap();
        assert!(listed.len() == 1 && listed[0].location.name == "7/1", "{refusal:?}: {listed:?}");
        house.end(tasks).await;
    }
}

/// A server that lets us in and gives nothing: each sign-in looks like a success.
#[tokio::test(start_paused = true)]
async fn a_folder_that_can_be_opened_and_not_read_is_an_alarm() {
    let house = House::new().await;
    house.receive(1);
    let nothing: Alter =
        std::sync::Arc::new(|tag, _| Said { bytes: format!("{tag} NO try again later\r\n").into_bytes(), close: true });
    house.imap.lie("UID SEARCH UID ", usize::MAX, nothing);
    let tasks = vec![house.watch(house.imap.port).await];
    let told = || house.alarms.list().iter().any(|alarm| alarm.key.starts_with("oldest support"));
    house.still.during(Duration::from_secs(14 * 60), std::future::pending::<()>()).await;
    assert!(!told(), "{:?}", house.alarms.list());
    house.still.during(Duration::from_secs(6 * 60), std::future::pending::<()>()).await;
    assert!(told(), "{:?}", house.alarms.list());
    house.end(tasks).await;
}
