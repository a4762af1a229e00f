//! Back-off, quotas, set-up faults, a store in trouble.

use guichet::domain::DeliveryState;
use guichet::ports::Clock;
use guichet::ports::store::StoreError;
use jiff::SignedDuration;

use super::fixture::Fixture;
use crate::support::scripted_smtp::{At, Do};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test]
async fn waits_grow_and_after_five_days_a_person_decides() {
    let f = Fixture::new().await;
    f.server.always(At::Rcpt, Do::Say("450 4.2.0 greylisted\r\n"));
    let reply = f.approve_reply().await;
    let worker = f.start().await;
    let mut waits = Vec::new();
    let held = loop {
        let attempt = u32::try_from(waits.len()).unwrap() + 1;
        let ended = |row: &guichet::domain::OutgoingMail| row.attempts == attempt && row.state.name() != "attempting";
        let mail = f.store.until_row(&reply, ended).await;
        let DeliveryState::Pending { not_before } = mail.state else { break mail };
        let wait = not_before.duration_since(f.clock.now());
        waits.push(wait);
        f.advance(wait).await;
    };
    worker.stop().await;
    assert!(waits[0] < MINUTE && waits[1] >= MINUTE && waits[6] >= MINUTE * 60, "{waits:?}");
    let total: SignedDuration = waits.iter().fold(SignedDuration::ZERO, |sum, wait| sum + *wait);
    assert!(total >= MINUTE * 60 * 24 * 5 && total < MINUTE * 60 * 24 * 6, "{total:?}");
    assert!(matches!(held.state, DeliveryState::Held { why, .. } if why.starts_with("undeliverable for 5 days")));
    assert!(f.server.taken().is_empty());
}

#[tokio::test]
async fn an_exhausted_quota_pauses_the_mailbox_and_loses_nothing() {
    let f = Fixture::new().await;
    f.server.once(At::Rcpt, Do::Say("550 5.4.5 Daily user sending limit exceeded.\r\n"));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    f.failed("a-1", 1).await;
    f.pass_time(MINUTE * 4).await;
    assert_eq!((f.server.count("connect"), f.server.taken().len()), (1, 0), "nothing is tried while paused");
    assert!(f.alarm("smtp support").unwrap().contains("sending limit"));
    f.advance(MINUTE * 3).await;
    f.store.until("a-1", "sent").await;
    f.store.until("a-2", "sent").await;
    worker.stop().await;
    assert_eq!(f.alarm("smtp support"), None);
}

#[tokio::test]
async fn a_wrong_password_raises_an_alarm_and_every_mail_waits() {
    let f = Fixture::new().await;
    f.server.always(At::Auth, Do::Say("535 5.7.8 authentication failed\r\n"));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    let mail = f.failed("a-1", 1).await;
    assert_eq!(f.store.state("a-2").await, "pending");
    assert!(f.alarm("smtp support").unwrap().contains("535"));
    f.server.heal();
    let DeliveryState::Pending { not_before } = mail.state else { panic!("{:?}", mail.state) };
    f.advance(not_before.duration_since(f.clock.now())).await;
    f.store.until("a-1", "sent").await;
    f.store.until("a-2", "sent").await;
    worker.stop().await;
    assert!(f.alarms.list().is_empty());
}

#[tokio::test]
async fn a_server_that_is_away_calls_a_person_only_after_some_tries() {
    let mut f = Fixture::new().await;
    // A port on which nobody listens any more.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    f.smtp.port = free.local_addr().unwrap().port();
    drop(free);
    f.put("a-1").await;
    let worker = f.start().await;
    for attempt in 1..=4 {
        f.failed("a-1", attempt).await;
        assert!(f.alarm("smtp support").is_none() || attempt == 4);
        f.advance(MINUTE * 6).await;
    }
    f.failed("a-1", 5).await;
    worker.stop().await;
    assert!(f.alarm("smtp support").unwrap().contains("cannot connect"));
}

#[tokio::test]
async fn one_mail_that_meets_a_set_up_fault_does_not_stop_the_others() {
    let f = Fixture::new().await;
    f.server.once(At::Rcpt, Do::Say("554 5.7.1 Relay access denied\r\n"));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    f.store.until("a-2", "sent").await;
    assert_eq!(f.store.state("a-1").await, "pending");
    worker.stop().await;
}

#[tokio::test]
async fn max_per_hour_slides_and_survives_a_restart() {
    let mut f = Fixture::new().await;
    f.settings.max_per_hour = Some(2);
    for id in ["a-1", "a-2", "a-3"] {
        f.put(id).await;
    }
    let worker = f.start().await;
    f.store.until("a-2", "sent").await;
    worker.stop().await;
    let worker = f.start().await;
    f.advance(MINUTE * 59).await;
    f.put("a-4").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 2);
    let worker = f.start().await;
    f.advance(MINUTE).await;
    f.store.until("a-4", "sent").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 4);
}

#[tokio::test]
async fn a_store_that_fails_anywhere_loses_no_mail_and_doubles_none() {
    for step in [
        "recover",
        "claim_due",
        "claim_due afterwards",
        "mark_committing",
        "mark_committing afterwards",
        "finish",
        "finish afterwards",
    ] {
        let f = Fixture::new().await;
        f.store.fail_once(step, StoreError::Temporary("disk full".into()));
        f.put_mail(f.acknowledgement("a-1")).await;
        let worker = f.start().await;
        f.alarm_seen("store deliver support").await;
        f.advance(MINUTE).await;
        f.store.until("a-1", "sent").await;
        f.pass_time(MINUTE).await;
        worker.stop().await;
        assert_eq!(f.server.taken().len(), 1, "{step}");
        assert!(f.alarms.list().is_empty(), "{step}: {:?}", f.alarms);
    }
}

#[tokio::test]
async fn a_mailbox_taken_over_by_another_process_is_left_alone() {
    let f = Fixture::new().await;
    f.store.fail_once("claim_due", StoreError::LeaseLost);
    f.put("a-1").await;
    let worker = f.start().await;
    tokio::time::timeout(crate::support::PATIENCE, worker.task).await.expect("the worker ends").unwrap();
    assert_eq!(f.server.count("connect"), 0);
}

impl Fixture {
    /// Returns once the alarm was raised.
    async fn alarm_seen(&self, key: &str) {
        let raised = async {
            while self.alarm(key).is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::support::PATIENCE, raised).await.expect("the alarm is raised");
    }
}
