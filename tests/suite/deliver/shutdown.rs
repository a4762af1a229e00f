//! The daemon stops.

use std::sync::Arc;

use guichet::domain::DeliveryState;
use guichet::ports::Clock;
use jiff::SignedDuration;
use tokio::sync::Notify;

use super::fixture::Fixture;
use crate::support::scripted_smtp::{At, Do};

#[tokio::test]
async fn a_body_under_way_is_finished_and_nothing_more_is_claimed() {
    let f = Fixture::new().await;
    let go = Arc::new(Notify::new());
    f.server.once(At::Dot, Do::Wait(go.clone()));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    f.server.heard(".", 1).await;
    worker.stop.cancel();
    // Everything that could stop has stopped once the clock moved and nobody woke.
    f.advance(SignedDuration::from_secs(1)).await;
    assert!(!worker.task.is_finished());
    go.notify_one();
    worker.stop().await;
    assert_eq!(f.store.state("a-1").await, "sent");
    assert_eq!((f.store.state("a-2").await, f.server.taken().len()), ("pending", 1));
}

#[tokio::test]
async fn a_dialogue_before_the_body_is_given_up_and_the_mail_is_due_at_the_next_start() {
    let f = Fixture::new().await;
    f.server.once(At::Rcpt, Do::Stall);
    f.put("a-1").await;
    let worker = f.start().await;
    f.server.heard("RCPT", 1).await;
    worker.stop().await;
    assert!(
        matches!(f.store.row("a-1").await.state, DeliveryState::Pending { not_before } if not_before <= f.clock.now())
    );
    assert!(f.server.taken().is_empty());
}

#[tokio::test]
async fn a_long_wait_for_the_server_keeps_the_heart_beating() {
    let f = Fixture::new().await;
    let go = Arc::new(Notify::new());
    f.server.once(At::Dot, Do::Wait(go.clone()));
    f.put("a-1").await;
    let worker = f.start().await;
    f.server.heard(".", 1).await;
    for _ in 0..8 {
        f.pass_time(SignedDuration::from_secs(29)).await;
    }
    go.notify_one();
    f.store.until("a-1", "sent").await;
    worker.stop().await;
}
