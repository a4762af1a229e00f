//! What the outbox held at the start may have been sent since, if the store is an older copy: it waits for the inboxes.

use guichet::daemon::Losses;
use guichet::ports::{Clock, Store};
use jiff::SignedDuration;

use super::fixture::Fixture;
use crate::support::scripted_smtp::{At, Do};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The process starts now, with two inboxes that nobody has looked into.
async fn starting() -> Fixture {
    let mut f = Fixture::new().await;
    f.put("a-1").await;
    begin(&mut f).await;
    f
}

async fn begin(f: &mut Fixture) {
    let inboxes = ["support", "sales"].map(str::to_owned);
    f.losses = Losses::at_start(f.store.as_ref() as &dyn Store, inboxes, f.clock.now()).await.unwrap();
}

#[tokio::test]
async fn mail_found_at_the_start_waits_for_every_inbox_and_newer_mail_does_not() {
    let f = starting().await;
    let worker = f.start().await;
    f.put("a-2").await;
    f.store.until("a-2", "sent").await;
    f.losses.compared("sales");
    f.pass_time(MINUTE * 50).await;
    assert_eq!(f.store.state("a-1").await, "pending");
    f.losses.compared("support");
    f.store.until("a-1", "sent").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 2);
}

#[tokio::test]
async fn an_inbox_that_cannot_be_opened_is_waited_for_an_hour() {
    let f = starting().await;
    let worker = f.start().await;
    f.pass_time(MINUTE * 59).await;
    assert_eq!(f.store.state("a-1").await, "pending");
    f.advance(MINUTE).await;
    f.store.until("a-1", "sent").await;
    worker.stop().await;
}

#[tokio::test]
async fn many_that_wait_do_not_hide_a_newer_one() {
    let mut f = Fixture::new().await;
    for n in 0..60 {
        f.put(&format!("a-{n:02}")).await;
    }
    begin(&mut f).await;
    let worker = f.start().await;
    f.put("a-new").await;
    f.store.until("a-new", "sent").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 1);
}

#[tokio::test]
async fn a_doubt_of_before_the_start_is_not_repeated_meanwhile() {
    let mut f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    worker.stop().await;
    begin(&mut f).await;
    let worker = f.start().await;
    f.pass_time(MINUTE * 20).await;
    f.pass_time(MINUTE * 20).await;
    assert_eq!((f.store.state("a-1").await, f.server.taken().len()), ("pending", 1));
    for mailbox in ["support", "sales"] {
        f.losses.compared(mailbox);
    }
    f.store.until("a-1", "sent").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 2);
}
