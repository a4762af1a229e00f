//! Copies in \Sent and keywords.

use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, MessageLocation, OutgoingId};
use guichet::ports::MailError;
use guichet::ports::store::{Chore, StoreError};
use jiff::SignedDuration;

use super::fixture::Fixture;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn with_copy(f: &Fixture, id: &str) {
    let mut mail = f.acknowledgement(id);
    mail.file_copy = true;
    f.store.put(mail);
}

fn keyword(id: &str) -> Chore {
    let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let location = MessageLocation { folder, name: format!("1/{id}") };
    Chore::MarkAcknowledged { id: OutgoingId::new(id), location }
}

#[tokio::test]
async fn a_copy_is_filed_after_a_minute_when_the_server_did_not() {
    let f = Fixture::new().await;
    with_copy(&f, "r-1");
    let worker = f.start();
    f.store.until("r-1", "sent").await;
    f.pass_time(MINUTE - SignedDuration::from_secs(1)).await;
    assert_eq!(*f.mailbox.searches.borrow(), 0, "the server is given its time");
    f.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(f.store.chores_done(1).await, [("copy r-1".to_owned(), false)]);
    worker.stop().await;
    assert_eq!(*f.mailbox.filed.lock().unwrap(), [f.acknowledgement("r-1").bytes]);
}

#[tokio::test]
async fn a_copy_the_server_filed_is_not_filed_again() {
    let f = Fixture::new().await;
    with_copy(&f, "r-1");
    f.mailbox.sent.lock().unwrap().insert("ack.r-1@shop.example".into());
    let worker = f.start();
    f.store.until("r-1", "sent").await;
    f.clock.advance(MINUTE);
    assert_eq!(f.store.chores_done(1).await, [("copy r-1".to_owned(), true)]);
    worker.stop().await;
    assert!(f.mailbox.filed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failing_mailbox_is_tried_again_and_delays_no_mail() {
    let f = Fixture::new().await;
    let down = || MailError::Temporary("connection refused".into());
    f.mailbox.failures.lock().unwrap().extend([down(), down(), down()]);
    f.store.add_chore(keyword("a-1"));
    let worker = f.start();
    f.put("a-2");
    f.store.until("a-2", "sent").await;
    for tries in 1..=3 {
        f.mailbox.tried(tries).await;
        f.clock.advance(MINUTE * 6);
    }
    assert_eq!(f.store.chores_done(1).await, [("keyword a-1".to_owned(), true)]);
    worker.stop().await;
    assert_eq!(*f.mailbox.marked.lock().unwrap(), ["1/a-1"]);
    assert!(f.alarms.list().is_empty(), "{:?}", f.alarms);
}

#[tokio::test]
async fn a_duty_that_always_fails_does_not_stop_the_others() {
    let f = Fixture::new().await;
    f.mailbox.failures.lock().unwrap().push(MailError::Permanent("the server refuses the keyword".into()));
    f.store.add_chore(keyword("a-1"));
    f.store.add_chore(keyword("a-2"));
    let worker = f.start();
    assert_eq!(f.store.chores_done(1).await[0].0, "keyword a-2");
    worker.stop().await;
}

#[tokio::test]
async fn a_copy_filed_just_before_a_crash_is_found_not_filed_again() {
    let f = Fixture::new().await;
    with_copy(&f, "r-1");
    f.store.fail_once("chore_done", StoreError::Temporary("disk full".into()));
    let worker = f.start();
    f.store.until("r-1", "sent").await;
    f.clock.advance(MINUTE);
    f.mailbox.searched(1).await;
    f.mailbox.sent.lock().unwrap().insert("ack.r-1@shop.example".into());
    f.clock.advance(MINUTE);
    assert_eq!(f.store.chores_done(1).await, [("copy r-1".to_owned(), true)]);
    worker.stop().await;
    assert_eq!(f.mailbox.filed.lock().unwrap().len(), 1);
}
