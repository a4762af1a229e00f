//! The order source is down, slow or wrong: the acknowledgement leaves all the same, the case says why the facts are
//! missing, and they come by themselves.

use std::path::Path;

use guichet::domain::Purchase;
use guichet::ports::Store;
use guichet::ports::store::{DraftEdit, OutboxFilter};
use serde_json::json;

use super::shop::{Shop, source};
use crate::support::scripted_http::{HttpServer, Reply};

const CLAIRE: &str = "claire@orange.example";
const WISH: &str = "The kettle of order FR-48213 stopped working, I want my money back please.";

fn order() -> String {
    json!([{ "id": "FR-48213", "day": "2026-10-01", "mail": CLAIRE, "sum": "129.90" }]).to_string()
}

/// An endpoint with four fields; answers are not kept.
fn endpoint(server: &HttpServer) -> String {
    format!(
        "source = \"http\"\nurl = \"{}\"\ncache = \"0s\"\n[orders.fields]\nnumber = \"/id\"\nordered_on = \"/day\"\n\
         email = \"/mail\"\ntotal = \"/sum\"\n",
        server.url("/orders?number={number}")
    )
}

/// The mail is acknowledged, the case says why facts are missing, and they come once the source answers.
async fn recovers(server: &HttpServer, shop: &Shop, why: &str) {
    let case = shop.arrives(CLAIRE, WISH).await;
    shop.acknowledged(&case).await;
    let said = shop.missing(&case).await;
    assert!(said.contains(why), "{why}: {said}");
    assert!(!said.contains("48213") && !said.contains("claire"), "nobody is named: {said}");
    shop.until_alarm(|alarm| alarm.is_some_and(|alarm| alarm.contains(why))).await;
    let row = crate::support::queue::rows(shop.store.as_ref(), crate::support::letter::minutes(0)).await.remove(0);
    assert!(row.assessed.unwrap().facts_missing, "the queue shows it");
    assert!(row.template.is_some(), "there is a draft to work with");

    server.always(Reply::Say(200, order()));
    let found = shop.found(&case).await;
    assert_eq!(found.total.unwrap().to_string(), "129.90 EUR");
    shop.until_alarm(|alarm| alarm.is_none()).await;
    assert_eq!(shop.store.unassessed("support", jiff::Timestamp::MAX, 9).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_answers_wrongly_delays_nothing() {
    let say = |status, text: &str| Reply::Say(status, text.into());
    for (reply, why) in [
        (Reply::Close, "broke"),
        (Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec()), "127.0.0.1"),
        (say(500, "oops"), "status 500"),
        (say(401, "{}"), "refuses the key"),
        (say(301, ""), "redirect"),
        (say(404, "[]"), "orders.missing_is_404"),
        (say(200, "<html>maintenance</html>"), "no JSON"),
        (say(200, "[{\"id\": \"FR-48213\", \"day\": \"2026-"), "no JSON"),
        (say(200, "3"), "no list of orders"),
        (say(200, "[{\"id\": \"FR-48213\", \"day\": \"soon\"}]"), "ordered_on (“/day”) cannot be used"),
        (say(200, "[{\"id\": \"FR-48213\", \"day\": \"2026-10-01\", \"sum\": \"much\"}]"), "total (“/sum”)"),
        (say(200, &" ".repeat(1024 * 1024 + 1)), "longer than"),
    ] {
        let server = HttpServer::start().await;
        server.always(reply);
        let shop = Shop::open(Some(source(&endpoint(&server)))).await;
        recovers(&server, &shop, why).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_delays_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let text = format!(
        "source = \"http\"\nurl = \"http://127.0.0.1:{port}/{{number}}\"\n[orders.fields]\nnumber = \"/id\"\n\
         ordered_on = \"/day\"\n"
    );
    let shop = Shop::open(Some(source(&text))).await;
    let case = shop.arrives(CLAIRE, WISH).await;
    shop.acknowledged(&case).await;
    assert!(shop.missing(&case).await.contains("cannot connect"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_source_that_never_answers() {
    let server = HttpServer::start().await;
    server.always(Reply::Stall);
    let shop = Shop::open_waiting(source(&endpoint(&server))).await;
    let case = shop.arrives(CLAIRE, WISH).await;
    let waiting = shop.store.outbox(OutboxFilter::Open).await.unwrap();
    assert_eq!(waiting.len(), 1, "the acknowledgement may leave before anybody asks the source");
    assert_eq!(shop.store.assessment(&case).await.unwrap(), None);
    shop.acknowledged(&case).await;
    let said = shop.missing(&case).await;
    assert!(said.contains("no complete answer in 4.5 s"), "{said}");
    let second = shop.arrives("tom@other.example", WISH).await;
    shop.acknowledged(&second).await;
    shop.missing(&second).await;

    server.always(Reply::Say(200, order()));
    shop.found(&case).await;
    shop.found(&second).await;
    shop.until_alarm(|alarm| alarm.is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn text_that_a_reviewer_wrote_stays_when_the_facts_come() {
    let server = HttpServer::start().await;
    server.always(Reply::Say(503, String::new()));
    let shop = Shop::open(Some(source(&endpoint(&server)))).await;
    let case = shop.arrives(CLAIRE, WISH).await;
    shop.missing(&case).await;
    let revision = shop.store.case(&case).await.unwrap().revision;
    let edit = DraftEdit { body: Some("Dear Claire, I am looking into it.".into()), ..DraftEdit::default() };
    shop.store.edit_draft(&case, revision, edit, "rita", jiff::Timestamp::now()).await.unwrap();
    server.always(Reply::Say(200, order()));
    shop.found(&case).await;
    let file = shop.store.case_file(&case).await.unwrap();
    assert_eq!(file.draft.unwrap().body, "Dear Claire, I am looking into it.");
    assert!(file.case.revision > revision + 1, "she has to see the facts before she approves");
}

#[tokio::test(start_paused = true)]
async fn without_a_source_a_case_is_assessed_all_the_same() {
    let shop = Shop::open(None).await;
    let case = shop.arrives(CLAIRE, WISH).await;
    let said = shop.assessed(&case, |_| true).await;
    assert_eq!(said.purchase, Purchase::NotAsked);
    assert_eq!(shop.alarm(), None);
}

const GOOD: &str = "number,ordered_on,email,total\nFR-48213,2026-10-01,claire@orange.example,\"129,90\"\n";

fn file_source(file: &Path) -> String {
    format!("source = \"csv\"\nfile = {:?}\n", file.to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_delays_nothing() {
    let half = GOOD.strip_suffix("e,\"129,90\"\n").unwrap();
    let utf_16: Vec<u8> = std::iter::once(0xFEFF).chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (bytes, why) in [
        (None, "cannot be read"),
        (Some(half.as_bytes().to_vec()), "line 2: 3 columns instead of 4"),
        (Some(GOOD.replace("90\"\n", "90").into_bytes()), "line 2: a quotation mark is never closed"),
        (Some(GOOD.replace("ordered_on", "date").into_bytes()), "no column “ordered_on”"),
        (Some(GOOD.replace("129,90", "a lot").into_bytes()), "line 2, column “total”"),
        (Some(GOOD.replace("2026-10-01", "01/10/2026").into_bytes()), "line 2, column “ordered_on”"),
        (Some(utf_16), "UTF-16"),
        (Some(Vec::new()), "it is empty"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.csv");
        if let Some(bytes) = &bytes {
            std::fs::write(&file, bytes).unwrap();
        }
        let shop = Shop::open(Some(source(&file_source(&file)))).await;
        let case = shop.arrives(CLAIRE, WISH).await;
        shop.acknowledged(&case).await;
        let said = shop.missing(&case).await;
        assert!(said.contains(why) && said.contains("orders.csv"), "{why}: {said}");
        shop.until_alarm(|alarm| alarm.is_some_and(|alarm| alarm.contains(why))).await;

        std::fs::write(&file, GOOD).unwrap();
        assert_eq!(shop.found(&case).await.number, "FR-48213");
        shop.until_alarm(|alarm| alarm.is_none()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_good_file_is_used_while_the_next_one_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    std::fs::write(&file, GOOD).unwrap();
    let shop = Shop::open(Some(source(&file_source(&file)))).await;
    let first = shop.arrives(CLAIRE, WISH).await;
    shop.found(&first).await;

    std::fs::write(&file, format!("{GOOD}FR-50000,2026-10-")).unwrap();
    shop.until_alarm(|alarm| alarm.is_some_and(|alarm| alarm.contains("line 3") && alarm.contains("last good"))).await;
    let known = shop.arrives(CLAIRE, "Any news of order FR-48213? I want my money back.").await;
    assert_eq!(known, first);
    shop.found(&known).await;
    let new = shop.arrives("tom@other.example", "Order FR-50000 arrived broken, I want a refund.").await;
    shop.acknowledged(&new).await;
    assert!(shop.missing(&new).await.contains("line 3"), "it may stand in the version that cannot be read");

    std::fs::write(&file, format!("{GOOD}FR-50000,2026-10-20,tom@other.example,15\n")).unwrap();
    assert_eq!(shop.found(&new).await.number, "FR-50000");
    shop.until_alarm(|alarm| alarm.is_none()).await;
}
