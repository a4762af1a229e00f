//! Many at once.

use std::sync::Arc;

use guichet::domain::joining::Joining;
use guichet::ports::store::{Decision, OutboxFilter, Recorded, StoreError};

use super::Bench;
use crate::support::letter::{Letter, minutes, reply};

pub async fn one_of_two_approvals_wins(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let read = bench.case(&case).await;
    let store = Arc::clone(bench.store.as_ref().unwrap());
    let approvals = (1..=2).map(|n| {
        let (store, read) = (Arc::clone(&store), read.clone());
        let mail = Box::new(reply(&read, n, minutes(9)));
        let decision = Decision::Approve { mail, asks: false, timers: Vec::new(), refund: None, promises: Vec::new() };
        tokio::spawn(async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
    });
    let mut answers = Vec::new();
    for approval in approvals.collect::<Vec<_>>() {
        answers.push(approval.await.unwrap());
    }
    drop(store);
    answers.sort_by_key(Result::is_err);
    assert_eq!(answers, [Ok(()), Err(StoreError::Stale { current: 2 })]);
    bench.reopen().await;
    assert_eq!(bench.file(&case).await.outgoing.len(), 2, "the acknowledgement and one reply");
}

pub async fn many_records_at_once_are_all_there(mut bench: Bench) {
    let store = Arc::clone(bench.store.as_ref().unwrap());
    let mut running = Vec::new();
    for n in 1..=200 {
        let letter = Letter::new(n).from(&format!("person{n}@d{n}.example"));
        let (store, lease) = (Arc::clone(&store), bench.lease.clone());
        let intake = letter.prepared(Joining::Opens { linked: None }, 0);
        running.push(tokio::spawn(async move { store.record(&lease, intake).await }));
    }
    for record in running {
        assert!(matches!(record.await.unwrap().unwrap(), Recorded::New { .. }));
    }
    drop(store);
    bench.reopen().await;
    assert_eq!(bench.store().cases(usize::MAX).await.unwrap().len(), 200);
    assert_eq!(bench.store().outbox(OutboxFilter::Open).await.unwrap().len(), 200);
    assert_eq!(bench.store().overview().await.unwrap().messages, 200);
}

pub async fn a_message_read_twice_at_once_is_stored_once(mut bench: Bench) {
    let store = Arc::clone(bench.store.as_ref().unwrap());
    let intake = Letter::new(1).prepare(store.as_ref()).await;
    let mut running = Vec::new();
    for _ in 0..8 {
        let (store, lease, intake) = (Arc::clone(&store), bench.lease.clone(), intake.clone());
        running.push(tokio::spawn(async move { store.record(&lease, intake).await.unwrap() }));
    }
    let mut new = 0;
    for record in running {
        match record.await.unwrap() {
            Recorded::New { .. } => new += 1,
            other => assert!(matches!(other, Recorded::AlreadyKnown { case: Some(_) }), "{other:?}"),
        }
    }
    drop(store);
    assert_eq!(new, 1);
    bench.reopen().await;
    assert_eq!(bench.store().outbox(OutboxFilter::Open).await.unwrap().len(), 1);
}
