//! Copies in \\Sent and keywords.

use guichet::ports::MailError;
use guichet::ports::store::StoreError;
use jiff::SignedDuration;

use super::fixture::{Fixture, Worker};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Sends a mail whose copy is to be filed; its keyword is set at once.
async fn sent_with_copy(f: &Fixture) -> Worker {
    let mut mail = f.acknowledgement("r-1");
    mail.file_copy = true;
    f.put_mail(mail).await;
    let worker = f.start().await;
    f.store.until("r-1", "sent").await;
    assert_eq!(f.store.chores_done(1).await, [("keyword r-1".to_owned(), true)]);
    assert_eq!(*f.mailbox.marked.lock().unwrap(), ["1/1"]);
    worker
}

#[tokio::test]
async fn a_copy_is_filed_after_a_minute_when_the_server_did_not() {
    let f = Fixture::new().await;
    let worker = sent_with_copy(&f).await;
    f.pass_time(MINUTE - SignedDuration::from_secs(1)).await;
    assert_eq!(*f.mailbox.searches.borrow(), 0, "the server is given its time");
    f.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(f.store.chores_done(2).await[1], ("copy r-1".to_owned(), false));
    worker.stop().await;
    assert_eq!(*f.mailbox.filed.lock().unwrap(), [f.acknowledgement("r-1").bytes]);
}

#[tokio::test]
async fn a_copy_the_server_filed_is_not_filed_again() {
    let f = Fixture::new().await;
    f.mailbox.sent.lock().unwrap().insert("ack.r-1@shop.example".into());
    let worker = sent_with_copy(&f).await;
    f.advance(MINUTE).await;
    assert_eq!(f.store.chores_done(2).await[1], ("copy r-1".to_owned(), true));
    worker.stop().await;
    assert!(f.mailbox.filed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_filed_just_before_the_store_failed_is_found_not_filed_again() {
    let f = Fixture::new().await;
    let worker = sent_with_copy(&f).await;
    f.store.fail_once("chore_done", StoreError::Temporary("disk full".into()));
    f.advance(MINUTE).await;
    f.mailbox.searched(1).await;
    f.mailbox.sent.lock().unwrap().insert("ack.r-1@shop.example".into());
    f.pass_time(MINUTE).await;
    f.advance(MINUTE).await;
    assert_eq!(f.store.chores_done(2).await[1], ("copy r-1".to_owned(), true));
    worker.stop().await;
    assert_eq!(f.mailbox.filed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_failing_mailbox_is_tried_again_and_delays_no_mail() {
    let f = Fixture::new().await;
    let down = || MailError::Temporary("connection refused".into());
    f.mailbox.failures.lock().unwrap().extend([down(), down(), down()]);
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    f.store.until("a-2", "sent").await;
    for tries in 1..=3 {
        f.mailbox.tried(tries).await;
        f.advance(MINUTE * 6).await;
    }
    f.store.chores_done(2).await;
    worker.stop().await;
    let mut marked = f.mailbox.marked.lock().unwrap().clone();
    marked.sort();
    assert_eq!(marked, ["1/1", "1/2"]);
    assert!(f.alarms.list().is_empty(), "{:?}", f.alarms);
}

#[tokio::test]
async fn a_duty_that_always_fails_does_not_stop_the_others() {
    let f = Fixture::new().await;
    f.mailbox.failures.lock().unwrap().push(MailError::Permanent("the server refuses the keyword".into()));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    assert_eq!(f.store.chores_done(1).await[0].0, "keyword a-2");
    worker.stop().await;
}
