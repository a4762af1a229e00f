//! Acknowledgements that come too late.

use guichet::domain::outgoing::{ACKNOWLEDGEMENT_LIFE, AttemptOutcome};
use guichet::domain::{CaseFlag, DeliveryState, Event, OutgoingId};
use jiff::{SignedDuration, Timestamp};

use super::{Bench, events};
use crate::support::letter::{Letter, minutes};

async fn claim(bench: &mut Bench, now: Timestamp, limit: usize) -> Vec<OutgoingId> {
    let claimed = bench.step(|store, lease| async move { store.claim_due(&lease, now, limit).await }).await.unwrap();
    claimed.into_iter().map(|mail| mail.id).collect()
}

async fn finish(bench: &mut Bench, id: &OutgoingId, outcome: AttemptOutcome, now: Timestamp) -> DeliveryState {
    let id = id.clone();
    bench
        .step(|store, lease| async move {
            if matches!(outcome, AttemptOutcome::Doubt { .. }) {
                store.mark_committing(&lease, &id).await?;
            }
            store.finish(&lease, &id, outcome, now).await
        })
        .await
        .unwrap()
}

fn retry(at: Timestamp) -> AttemptOutcome {
    AttemptOutcome::Retry { not_before: at, why: "451 try later".into() }
}

pub async fn an_approval_cancels_the_acknowledgement(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    let reply = bench.approve(&case, 1, minutes(2)).await.id;
    let acknowledgement = bench.mail(&letter.acknowledgement_id()).await;
    assert_eq!(acknowledgement.state, DeliveryState::Cancelled { at: minutes(2), why: "a person replied".into() });
    assert_eq!(claim(&mut bench, minutes(9), 9).await, [reply]);
    let flags = bench.case(&case).await.flags;
    assert!(flags.is_empty(), "the customer gets an answer: {flags:?}");
}

pub async fn an_acknowledgement_under_way_does_not_follow_the_reply(mut bench: Bench) {
    let letter = Letter::new(1);
    let id = letter.acknowledgement_id();
    let case = bench.open_case(&letter).await;
    claim(&mut bench, minutes(1), 9).await;
    bench.approve(&case, 1, minutes(2)).await;
    let state = finish(&mut bench, &id, retry(minutes(10)), minutes(3)).await;
    assert!(matches!(state, DeliveryState::Cancelled { .. }), "{state:?}");
}

pub async fn an_acknowledgement_in_doubt_does_not_follow_the_reply(mut bench: Bench) {
    let letter = Letter::new(1);
    let id = letter.acknowledgement_id();
    let case = bench.open_case(&letter).await;
    claim(&mut bench, minutes(1), 9).await;
    finish(&mut bench, &id, AttemptOutcome::Doubt { why: "no answer".into() }, minutes(2)).await;
    bench.approve(&case, 1, minutes(3)).await;
    bench.step(|store, lease| async move { store.resolve_doubts(&lease, true, minutes(60)).await }).await.unwrap();
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Cancelled { .. }));
}

pub async fn a_released_acknowledgement_does_not_follow_the_reply(mut bench: Bench) {
    let letter = Letter::new(1);
    let id = letter.acknowledgement_id();
    let case = bench.open_case(&letter).await;
    // A doubt that a person has to decide about outlives the approval.
    claim(&mut bench, minutes(1), 9).await;
    finish(&mut bench, &id, AttemptOutcome::Doubt { why: "no answer".into() }, minutes(2)).await;
    bench.step(|store, lease| async move { store.resolve_doubts(&lease, false, minutes(60)).await }).await.unwrap();
    let reply = bench.approve(&case, 1, minutes(61)).await.id;
    let row = id.clone();
    bench.step(|store, _| async move { store.release(&row, "rita", minutes(62)).await }).await.unwrap();
    assert_eq!(claim(&mut bench, minutes(63), 1).await, [reply], "the cancelled one makes room");
    assert_eq!(claim(&mut bench, minutes(63), 1).await, []);
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Cancelled { .. }));
}

pub async fn an_old_acknowledgement_is_not_sent(mut bench: Bench) {
    let (old, young) = (Letter::new(1).order("A-1"), Letter::new(2).order("B-2"));
    let case = bench.open_case(&old).await;
    bench.open_case(&young).await;
    let now = young.at + ACKNOWLEDGEMENT_LIFE;
    assert_eq!(claim(&mut bench, now, 1).await, [young.acknowledgement_id()], "a day to the second is not too old");
    let id = old.acknowledgement_id();
    assert_eq!(bench.mail(&id).await.state, DeliveryState::Cancelled { at: now, why: "too old to send".into() });
    let file = bench.file(&case).await;
    assert!(file.case.flags.contains(&CaseFlag::NotAcknowledged("too old to send".into())));
    let wanted = Event::Delivery { id, state: "cancelled".into(), detail: "too old to send".into() };
    assert_eq!(events(&file).last(), Some(&&wanted));
    assert!(file.draft.is_some(), "the case stays as it is");
}

pub async fn what_is_due_is_found_behind_many_old_acknowledgements(mut bench: Bench) {
    for n in 1..=120 {
        let intake = Letter::new(n).from(&format!("p{n}@d{n}.example")).prepare(bench.store()).await;
        bench.store().record(&bench.lease, intake).await.unwrap();
    }
    let young = Letter::new(121);
    bench.open_case(&young).await;
    let now = young.at + ACKNOWLEDGEMENT_LIFE;
    assert_eq!(claim(&mut bench, now, 1).await, [young.acknowledgement_id()]);
    assert_eq!(bench.store().overview().await.unwrap().outbox["cancelled"], 120);
    assert!(claim(&mut bench, now, 9).await.is_empty());
}

pub async fn a_reply_leaves_before_the_acknowledgements(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mut greetings = Vec::new();
    for n in 2..=4 {
        let letter = Letter::new(n).from(&format!("p{n}@d{n}.example"));
        bench.open_case(&letter).await;
        greetings.push(letter.acknowledgement_id());
    }
    let reply = bench.approve(&case, 1, minutes(5)).await.id;
    assert_eq!(claim(&mut bench, minutes(4), 1).await, [greetings[0].clone()], "it is not due yet");
    assert_eq!(claim(&mut bench, minutes(6), 1).await, [reply]);
    assert_eq!(claim(&mut bench, minutes(6), 9).await, greetings[1..]);
}

pub async fn a_reply_is_sent_however_old(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let reply = bench.approve(&case, 1, minutes(2)).await.id;
    let late = minutes(2) + ACKNOWLEDGEMENT_LIFE + SignedDuration::from_hours(24);
    assert_eq!(claim(&mut bench, late, 9).await, [reply]);
}
