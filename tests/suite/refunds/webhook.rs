//! What the webhook sends, and what it makes of each answer.

use std::sync::Arc;
use std::time::Duration;

use guichet::adapters::http_client::HttpUrl;
use guichet::adapters::refunds::{WebhookRefunds, signature};
use guichet::adapters::secret::Secret;
use guichet::adapters::tls::Tls;
use guichet::daemon::Alarms;
use guichet::daemon::refunds::RefundTeller;
use guichet::domain::{CaseFlag, CaseId};
use guichet::ports::store::{Lease, NoticeState};
use guichet::ports::{Refunds, RefundsError, Store};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::notice;
use crate::store_sled::open;
use crate::support::clock::ManualClock;
use crate::support::letter::{MAILBOX, minutes};
use crate::support::scripted_http::{HttpServer, Reply};

const SECRET: &str = "un secret de boutique";

fn webhook(url: &str) -> WebhookRefunds {
    WebhookRefunds::new(HttpUrl::parse(url).unwrap(), Secret::Given(SECRET.into()), Tls::new(None))
}

#[tokio::test]
async fn the_receiver_gets_the_notice_its_key_and_a_signature_it_can_check() {
    let server = HttpServer::start().await;
    webhook(&server.url("/refunds")).tell(&notice()).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.line, "POST /refunds HTTP/1.1");
    assert_eq!(asked.header("idempotency-key"), Some("G-7K3Q-0123456789abcdef"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let wanted = serde_json::json!({
        "schema": 1, "event": "refund_approved", "idempotency_key": "G-7K3Q-0123456789abcdef", "case": "G-7K3Q",
        "order_number": "48213", "amount": {"value": "129.90", "minor": 12990, "currency": "EUR"},
        "method": "original", "basis": "conformity", "approved_by": "ana", "approved_at": "2026-03-02T09:00:00Z"
    });
    assert_eq!(asked.json(), wanted);
    let signed = asked.header("x-guichet-signature").unwrap();
    let time: i64 = signed.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    let at = jiff::Timestamp::from_second(time).unwrap();
    assert_eq!(signature(SECRET.as_bytes(), at, &asked.body).as_deref(), Some(signed));
    assert_ne!(signature(b"another", at, &asked.body).as_deref(), Some(signed));
}

#[tokio::test]
async fn each_answer_means_what_the_documentation_says() {
    let server = HttpServer::start().await;
    for (status, lasting) in [
        (200, None),
        (204, None),
        (302, Some(true)),
        (400, Some(true)),
        (401, Some(true)),
        (404, Some(true)),
        (422, Some(true)),
        (408, Some(false)),
        (409, Some(false)),
        (429, Some(false)),
        (500, Some(false)),
        (503, Some(false)),
    ] {
        server.next(Reply::Say(status, String::new()));
        let answer = webhook(&server.url("/s3cret-path")).tell(&notice()).await;
        let found = match &answer {
            Ok(()) => None,
            Err(RefundsError::Permanent(_)) => Some(true),
            Err(RefundsError::Temporary(_)) => Some(false),
        };
        assert_eq!(found, lasting, "{status}: {answer:?}");
        assert!(!format!("{answer:?}").contains("s3cret"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_silent_or_not_there_is_asked_again_later() {
    let server = HttpServer::start().await;
    server.next(Reply::Stall);
    let slow = webhook(&server.url("/")).within(Duration::from_millis(50));
    assert!(matches!(slow.tell(&notice()).await, Err(RefundsError::Temporary(_))));
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(matches!(webhook(&format!("http://{gone}/")).tell(&notice()).await, Err(RefundsError::Temporary(_))));
    let missing = WebhookRefunds::new(
        HttpUrl::parse(&server.url("/")).unwrap(),
        Secret::Env("GUICHET_NO_SUCH_SECRET".into()),
        Tls::new(None),
    );
    let unsigned = missing.tell(&notice()).await.unwrap_err();
    assert!(matches!(&unsigned, RefundsError::Temporary(why) if why.contains("GUICHET_NO_SUCH_SECRET")), "{unsigned}");
    assert_eq!(server.asked().len(), 1, "nothing leaves unsigned");
}

/// A store in which a refund was accepted and its reply has left.
struct Told {
    _data: tempfile::TempDir,
    store: Arc<dyn Store>,
    lease: Lease,
    case: CaseId,
    clock: Arc<ManualClock>,
    alarms: Alarms,
    teller: RefundTeller,
}

impl Told {
    async fn new(url: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(open(data.path()));
        let lease = store.lease(MAILBOX).await.unwrap();
        let case = super::crash::accept(store.as_ref(), &lease, minutes(0)).await;
        super::crash::send(store.as_ref(), &lease, minutes(0)).await;
        let clock = Arc::new(ManualClock::new());
        clock.advance(SignedDuration::from_hours(1));
        let alarms = Alarms::new(clock.clone());
        let teller = RefundTeller {
            store: store.clone(),
            refunds: Arc::new(webhook(url)),
            clock: clock.clone(),
            alarms: alarms.clone(),
        };
        Self { _data: data, store, lease, case, clock, alarms, teller }
    }

    async fn round(&self) -> NoticeState {
        self.teller.tell_due(&self.lease, &CancellationToken::new()).await.unwrap();
        self.store.case_file(&self.case).await.unwrap().notices.remove(0).state
    }
}

#[tokio::test]
async fn a_failure_is_repeated_with_the_same_key_and_a_success_never() {
    let server = HttpServer::start().await;
    server.next(Reply::Say(500, "out of order".into()));
    let told = Told::new(&server.url("/")).await;
    assert_eq!(told.round().await.name(), "pending");
    assert_eq!(told.round().await.name(), "pending");
    assert_eq!(server.asked().len(), 1, "not before its time");
    told.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(told.round().await.name(), "told");
    told.clock.advance(SignedDuration::from_hours(1000));
    told.round().await;
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    assert_eq!(asked[0].body, asked[1].body, "the same bytes");
    assert!(told.alarms.list().is_empty(), "{:?}", told.alarms);
}

#[tokio::test]
async fn a_refusal_gives_up_and_says_so() {
    let server = HttpServer::start().await;
    server.next(Reply::Say(400, "{\"error\":\"unknown order\"}".into()));
    let told = Told::new(&server.url("/")).await;
    assert_eq!(told.round().await.name(), "given_up");
    let alarms = told.alarms.list();
    assert_eq!(alarms.len(), 1);
    assert!(alarms[0].sentence.contains("unknown order") && alarms[0].sentence.contains(told.case.as_str()));
    assert!(told.store.case(&told.case).await.unwrap().flags.contains(&CaseFlag::RefundNotTold));
    let key = told.store.case_file(&told.case).await.unwrap().notices.remove(0).notice.idempotency_key;
    told.store.tell_again(&told.case, &key, "ana", told.teller.clock.now()).await.unwrap();
    assert_eq!(told.round().await.name(), "told");
    assert!(told.alarms.list().is_empty(), "{:?}", told.alarms);
}

#[tokio::test]
async fn five_days_of_failures_are_the_end() {
    let server = HttpServer::start().await;
    server.always(Reply::Say(503, String::new()));
    let told = Told::new(&server.url("/")).await;
    let mut rounds = 0;
    while told.round().await.name() == "pending" {
        rounds += 1;
        assert!(rounds < 100, "it never ends");
        told.clock.advance(SignedDuration::from_hours(6));
    }
    assert_eq!(told.round().await.name(), "given_up");
    assert!((20..=21).contains(&rounds), "five days, every six hours: {rounds}");
    assert!(told.alarms.list().iter().any(|alarm| alarm.sentence.contains("not taken for 5 days")));
}
