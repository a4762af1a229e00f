//! The promise ledger.

use guichet::domain::record::CallDirection;
use guichet::domain::{Actor, CaseFlag, CaseId, CaseState, Email, Event, Promised};
use guichet::ports::store::{Decision, NewPromise, Promise, StoreError};
use jiff::Timestamp;
use jiff::civil::date;

use super::{Bench, events};
use crate::support::letter::{CAMILLE, Letter, minutes, reply};

/// Approves reply `n`, which promises something: warned of at minute 100, over at minute 200.
async fn promise(bench: &mut Bench, case: &CaseId, n: u32) {
    let read = bench.case(case).await;
    let mail = Box::new(reply(&read, n, minutes(5)));
    let promised = Promised { words: format!("d’ici vendredi ({n})"), by: date(2026, 3, 6) };
    let promises = vec![NewPromise { promised, warn_at: minutes(100), lapse_at: minutes(200) }];
    let decision = Decision::Approve { mail, asks: false, timers: Vec::new(), refund: None, promises };
    bench
        .step(|store, _| async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
        .await
        .unwrap();
}

async fn due(bench: &mut Bench, now: Timestamp) -> Vec<Promise> {
    bench.step(|store, lease| async move { store.due_promises(&lease, now).await }).await.unwrap()
}

async fn history(bench: &Bench, case: &CaseId) -> Vec<String> {
    let file = bench.file(case).await;
    let states = events(&file).into_iter().filter_map(|event| match event {
        Event::Promise { state, .. } => Some(state.clone()),
        _ => None,
    });
    states.collect()
}

pub async fn a_promise_is_warned_of_lapses_and_is_kept(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    promise(&mut bench, &case, 1).await;
    bench.send_all(minutes(6)).await;
    assert!(due(&mut bench, minutes(99)).await.is_empty());
    assert_eq!(due(&mut bench, minutes(100)).await.len(), 1, "the day before");
    assert_eq!(bench.case(&case).await.state, CaseState::Answered, "only people are told so far");
    assert_eq!(due(&mut bench, minutes(200)).await.len(), 1);
    let read = bench.case(&case).await;
    assert!(read.flags.contains(&CaseFlag::PromiseDue) && read.state == CaseState::NeedsReply);
    let calm = bench.open_case(&Letter::new(2).from("tom@other.example")).await;
    let queue = bench.queue(9).await;
    assert_eq!(queue.iter().map(|row| row.case.id.clone()).collect::<Vec<_>>(), [case.clone(), calm]);

    let id = case.clone();
    bench.step(|store, _| async move { store.keep_promise(&id, 1, "rita", minutes(210)).await }).await.unwrap();
    assert!(due(&mut bench, Timestamp::MAX).await.is_empty());
    assert!(!bench.case(&case).await.flags.contains(&CaseFlag::PromiseDue));
    assert_eq!(history(&bench, &case).await, ["made", "lapsed", "reviewer"]);
    let twice = bench.store().keep_promise(&case, 1, "rita", minutes(211)).await;
    assert!(matches!(twice, Err(StoreError::Missing(_))));
}

pub async fn a_later_reply_keeps_a_promise_unless_it_is_taken_back(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    promise(&mut bench, &case, 1).await;
    bench.send_all(minutes(6)).await;
    bench.receive(&Letter::new(2).saying("Et alors ?")).await;
    promise(&mut bench, &case, 2).await;
    assert_eq!(history(&bench, &case).await, ["made", "reply", "made"]);
    // The customer writes before the second reply has left.
    bench.receive(&Letter::new(3).saying("Encore une chose.")).await;
    assert_eq!(history(&bench, &case).await, ["made", "reply", "made", "stands_again", "withdrawn"]);
    let open = due(&mut bench, minutes(100)).await;
    assert_eq!(open.iter().map(|promise| promise.n).collect::<Vec<_>>(), [1]);
    assert_eq!(bench.file(&case).await.promised(), Some(date(2026, 3, 6)));
}

pub async fn a_closed_case_owes_nothing_and_an_erased_one_tells_nothing(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    promise(&mut bench, &case, 1).await;
    bench.send_all(minutes(6)).await;
    due(&mut bench, minutes(200)).await;
    let (id, revision) = (case.clone(), bench.case(&case).await.revision);
    let dismissed = Decision::Dismiss { why: "settled by telephone".into() };
    bench
        .step(|store, _| async move { store.decide(&id, revision, dismissed, "rita", minutes(300)).await })
        .await
        .unwrap();
    assert!(due(&mut bench, Timestamp::MAX).await.is_empty());
    let camille = Email::parse(CAMILLE).unwrap();
    bench.step(|store, _| async move { store.erase(&camille, minutes(400)).await }).await.unwrap();
    let file = bench.file(&case).await;
    assert!(file.promises.is_empty() && !format!("{file:?}").contains("vendredi"), "{file:?}");
}

pub async fn a_call_enters_the_record_and_changes_nothing_else(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let before = bench.file(&case).await;
    let id = case.clone();
    bench
        .step(|store, _| async move {
            store.log_call(&id, CallDirection::Incoming, "wants a call back", "rita", minutes(9)).await
        })
        .await
        .unwrap();
    let mut after = bench.file(&case).await;
    let entry = after.record.pop().unwrap();
    assert_eq!(entry.actor, Actor::Reviewer("rita".into()));
    let note = "wants a call back".to_owned();
    assert_eq!(entry.event, Some(Event::Called { direction: CallDirection::Incoming, note }));
    assert_eq!(after, before);
}
