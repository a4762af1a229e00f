//! Timers.

use guichet::domain::{CaseId, CaseState, Timer, TimerKind};
use guichet::ports::store::{Decision, StoreError};
use jiff::Timestamp;

use super::{Bench, event_names};
use crate::support::letter::{Letter, minutes, proposal, reply};

/// A case that waits for the customer, with a reminder at minute 100.
async fn waiting(bench: &mut Bench, n: u32) -> CaseId {
    let case = bench.open_case(&Letter::new(n).order(&format!("ORDER-{n}"))).await;
    let read = bench.case(&case).await;
    let timer = Timer { case: case.clone(), kind: TimerKind::Reminder, due: minutes(100), revision: 0 };
    let mail = Box::new(reply(&read, 1, minutes(2)));
    let decision = Decision::Approve { mail, asks: true, timers: vec![timer], refund: None, promises: Vec::new() };
    bench
        .step(|store, _| async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
        .await
        .unwrap();
    bench.send_all(minutes(3)).await;
    case
}

pub async fn a_timer_fires_once(mut bench: Bench) {
    let case = waiting(&mut bench, 1).await;
    assert_eq!(bench.case(&case).await.state, CaseState::WaitingForCustomer);
    assert!(bench.store().due_timers(&bench.lease, minutes(99)).await.unwrap().is_empty());
    let due = bench.store().due_timers(&bench.lease, minutes(100)).await.unwrap();
    assert_eq!(due.len(), 1);
    let timer = due[0].clone();
    let fired = timer.clone();
    bench
        .step(|store, lease| async move { store.fire_timer(&lease, &fired, proposal("reminder"), minutes(101)).await })
        .await
        .unwrap();
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.waiting_since), (CaseState::NeedsReply, minutes(101)));
    assert_eq!(file.draft.clone().unwrap().body, proposal("reminder").body);
    assert!(event_names(&file).contains(&"timer_fired".to_owned()));
    assert_eq!(file.outgoing.len(), 2, "timers make drafts, never mail");
    assert_eq!(bench.store().due_timers(&bench.lease, Timestamp::MAX).await.unwrap(), []);
    let again = bench.store().fire_timer(&bench.lease, &timer, proposal("reminder"), minutes(102)).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
}

pub async fn the_customers_answer_cancels_timers(mut bench: Bench) {
    let case = waiting(&mut bench, 1).await;
    let timer = bench.store().due_timers(&bench.lease, minutes(100)).await.unwrap().remove(0);
    bench.receive(&Letter::new(50).order("ORDER-1")).await;
    assert_eq!(bench.store().due_timers(&bench.lease, Timestamp::MAX).await.unwrap(), []);
    let late = bench.store().fire_timer(&bench.lease, &timer, proposal("reminder"), minutes(200)).await;
    assert!(matches!(late, Err(StoreError::Missing(_))));
    assert_eq!(bench.file(&case).await.outgoing.len(), 2);
}

pub async fn thanks_leave_timers_standing(mut bench: Bench) {
    let case = waiting(&mut bench, 1).await;
    bench.receive(&Letter::new(50).order("ORDER-1").thanks()).await;
    let revision = bench.case(&case).await.revision;
    let due = bench.store().due_timers(&bench.lease, minutes(100)).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].revision, revision);
}

pub async fn one_timer_fires_per_case(mut bench: Bench) {
    let one = waiting(&mut bench, 1).await;
    let two = waiting(&mut bench, 2).await;
    let due = bench.store().due_timers(&bench.lease, minutes(5000)).await.unwrap();
    let mut cases: Vec<_> = due.into_iter().map(|timer| timer.case).collect();
    cases.sort();
    let mut wanted = [one, two];
    wanted.sort();
    assert_eq!(cases, wanted);
}
