//! The control socket and the commands that use it.

use std::os::unix::fs::PermissionsExt as _;

use guichet::cli::{case, queue};
use guichet::control::{Client, ClientError, Control, Request, Response, bind, serve, socket_path};
use guichet::domain::{AlertKind, CaseId};
use guichet::ports::Store as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::shop::letters::Letter;
use crate::shop::{Shop, open};

async fn listening() -> (Shop, CaseId) {
    let shop = open().await;
    let case = shop.receive(&Letter::new("Kim <kim@kim.example>", "Broken kettle", "Please refund it.")).await;
    start(&shop).await;
    (shop, case)
}

/// Starts the socket; it can be connected to when this returns.
async fn start(shop: &Shop) {
    let path = socket_path(shop.data.path());
    let listener = bind(&path).await.unwrap();
    let control = Control {
        review: shop.review.clone(),
        reviewers: shop.reviewers.clone(),
        store: shop.store.clone(),
        clock: shop.clock.clone(),
    };
    let stop = shop.stop.clone();
    tokio::spawn(async move { serve(control, listener, &path, stop).await });
}

async fn queue_prints(shop: &Shop, line: &str) -> (String, Result<(), String>) {
    let mut out = Vec::new();
    let command = queue::parse(line.split_whitespace()).unwrap();
    let result = queue::run(command, shop.data.path(), &mut out).await;
    (String::from_utf8(out).unwrap(), result.map_err(|error| format!("{error:#}")))
}

#[tokio::test]
async fn the_queue_is_listed_shown_edited_and_approved_from_a_terminal() {
    let (shop, case) = listening().await;
    let (listed, _) = queue_prints(&shop, "list").await;
    assert!(listed.contains(case.as_str()) && listed.contains("Kim") && listed.contains("refund_request"), "{listed}");
    let (json, _) = queue_prints(&shop, "list --json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["cases"][0]["case"], case.as_str());

    let (shown, _) = queue_prints(&shop, &format!("show {case}")).await;
    assert!(shown.contains("Please refund it.") && shown.contains("kim@kim.example"), "{shown}");
    let body = shop.data.path().join("body.txt");
    std::fs::write(&body, "Dear Kim, soon.\n").unwrap();
    let revision = shop.store.case(&case).await.unwrap().revision;
    let line = format!("edit {case} --revision {revision} --subject Kettle --body-file {}", body.display());
    let (edited, result) = queue_prints(&shop, &line).await;
    assert!(result.is_ok() && edited.contains(&format!("--revision {}", revision + 1)), "{edited} {result:?}");

    let (_, stale) = queue_prints(&shop, &format!("approve {case} --revision {revision}")).await;
    let stale = stale.unwrap_err();
    assert!(stale.contains("changed since") && stale.contains("Draft changed"), "{stale}");
    let (approved, result) = queue_prints(&shop, &format!("approve {case} --revision {}", revision + 1)).await;
    assert!(result.is_ok() && approved.contains("approved"), "{approved} {result:?}");
    let file = shop.store.case_file(&case).await.unwrap();
    let reply = file.outgoing.iter().find(|mail| mail.id.as_str().starts_with("r-")).unwrap();
    let text = String::from_utf8_lossy(&reply.bytes);
    assert!(text.contains("Dear Kim, soon.") && text.contains("Ana Lopes"));

    let mut out = Vec::new();
    case::show(&case, false, shop.data.path(), &mut out).await.unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(shown.contains("Reply approved") && shown.contains("answered") || shown.contains("waits for"), "{shown}");
}

#[tokio::test]
async fn dismissing_asks_for_the_reviewer_when_there_are_several() {
    let (shop, case) = listening().await;
    shop.reviewers.add("bob", "Bob", "another password", shop.review.now()).unwrap();
    let revision = shop.store.case(&case).await.unwrap().revision;
    let (_, result) = queue_prints(&shop, &format!("dismiss {case} --revision {revision}")).await;
    assert!(result.unwrap_err().contains("--as"));
    let (_, result) = queue_prints(&shop, &format!("dismiss {case} --revision {revision} --as eve")).await;
    assert!(result.unwrap_err().contains("no reviewer “eve”"));
    let (_, result) = queue_prints(&shop, &format!("dismiss {case} --revision {revision} --as bob --why phone")).await;
    assert_eq!(result, Ok(()));
    assert!(!shop.store.case(&case).await.unwrap().state.is_open());
}

#[tokio::test]
async fn escape_sequences_in_mail_do_not_reach_the_terminal() {
    let shop = open().await;
    let case = shop.receive(&Letter::new("a@a.example", "x\u{1b}[2J", "y\u{1b}]0;owned\u{7}\nsecond line")).await;
    start(&shop).await;
    for line in ["list".to_owned(), format!("show {case}")] {
        let (shown, _) = queue_prints(&shop, &line).await;
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{shown:?}");
    }
}

#[tokio::test]
async fn a_terminal_names_what_a_machine_told() {
    let (shop, case) = listening().await;
    shop.receive_alert("PayPal <service@paypal.example>", "A case\u{1b}[31m", AlertKind::Dispute, "99999").await;
    let (shown, _) = queue_prints(&shop, "list").await;
    assert!(shown.contains("! PayPal <service@paypal.example> reports: dispute: A case"), "{shown}");
    assert!(shown.contains(case.as_str()) && !shown.contains('\u{1b}'), "{shown:?}");
}

#[tokio::test]
async fn without_a_daemon_one_clear_line_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = Client::connect(folder.path()).await.unwrap_err();
    assert!(matches!(error, ClientError::NoDaemon(_)));
    assert!(error.to_string().contains("no daemon is running on") && error.to_string().contains("guichet run"));
}

#[tokio::test]
async fn the_socket_is_its_owner_s_only_and_survives_nonsense() {
    let (shop, case) = listening().await;
    let path = socket_path(shop.data.path());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut raw = UnixStream::connect(&path).await.unwrap();
    raw.write_all(b"{\"ask\":\"everything\"}\nnot json\n").await.unwrap();
    raw.shutdown().await.unwrap();
    let mut answers = String::new();
    raw.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.lines().count(), 2);
    assert!(answers.lines().all(|line| line.contains("does not understand")), "{answers}");
    let mut client = Client::connect(shop.data.path()).await.unwrap();
    let answer = client.ask(&Request::Case { case }).await.unwrap();
    assert!(matches!(answer, Response::Case(_)));
    let missing = client.ask(&Request::Case { case: CaseId::parse("G-ZZZZ").unwrap() }).await.unwrap();
    assert!(matches!(missing, Response::Refused { .. }));
}

#[tokio::test]
async fn a_second_daemon_is_refused_and_a_leftover_socket_is_not() {
    let (shop, _) = listening().await;
    let path = socket_path(shop.data.path());
    let error = bind(&path).await.unwrap_err();
    assert!(error.to_string().contains("another daemon"), "{error}");

    let other = open().await;
    drop(std::os::unix::net::UnixListener::bind(socket_path(other.data.path())).unwrap());
    start(&other).await;
    assert!(Client::connect(other.data.path()).await.is_ok());
}

#[tokio::test]
async fn what_is_set_aside_is_told_in_a_terminal() {
    let (shop, _) = listening().await;
    shop.receive_machine("robot@robot.example", "Newsletter", "list-unsubscribe without list-post").await;
    shop.give_up("1/77", "garbage").await;
    let (said, result) = queue_prints(&shop, "aside").await;
    assert!(result.is_ok() && ["Newsletter", "1/77", "garbage"].iter().all(|word| said.contains(word)), "{said}");
    let (json, _) = queue_prints(&shop, "aside --json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["quarantined"][0]["location"]["name"], "1/77");
    assert_eq!(json["automated"][0]["subject"], "Newsletter");
}
