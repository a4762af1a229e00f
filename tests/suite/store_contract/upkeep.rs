//! What is erased, what is kept although it should go, and what runs out.

use guichet::domain::{CaseState, Closed, Email, Signal};
use guichet::ports::store::{Decision, Erased, Expiry, Matter, OutboxFilter, Recorded};
use jiff::Timestamp;

use super::Bench;
use crate::support::letter::{Letter, minutes};

const CLAIRE: &str = "claire@customer.example";

async fn erase(bench: &mut Bench, address: &str) -> Erased {
    let address = Email::parse(address).unwrap();
    bench.step(|store, _| async move { store.erase(&address, minutes(100)).await }).await.unwrap()
}

pub async fn an_erased_customer_is_gone_and_stays_known(mut bench: Bench) {
    let letter = Letter::new(1).from(CLAIRE);
    let case = bench.open_case(&letter).await;
    let mut automated = Letter::new(3).from("Claire@Customer.example").prepare(bench.store()).await;
    automated.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(automated).await;
    let other = bench.open_case(&Letter::new(2).from("tom@other.example")).await;
    bench.send_all(minutes(2)).await;
    let kept = bench.file(&other).await;

    let erased = erase(&mut bench, CLAIRE).await;
    assert_eq!((erased.cases.as_slice(), erased.messages, erased.mails), ([case.clone()].as_slice(), 2, 1));
    assert_eq!(erased.in_mailbox.len(), 2, "theirs to delete who own the mailbox");
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::Closed(Closed::Erased));
    assert!(file.messages.is_empty() && file.outgoing.is_empty() && file.draft.is_none());
    assert!(file.record.iter().rev().skip(1).all(|entry| entry.event.is_none() && entry.salt.is_empty()));
    assert!(!format!("{file:?}").to_lowercase().contains("claire"), "{file:?}");
    assert!(bench.store().automated(9).await.unwrap().is_empty());
    assert!(bench.store().knows(letter.key()).await.unwrap());
    assert_eq!(bench.receive(&letter).await, Recorded::AlreadyKnown { case: None }, "never acknowledged again");
    assert_eq!(bench.file(&other).await, kept, "somebody else's case");
    let overview = bench.store().overview().await.unwrap();
    assert_eq!((overview.messages, overview.automated, overview.outbox["sent"]), (1, 0, 1));

    let again = erase(&mut bench, CLAIRE).await;
    assert_eq!(again, Erased { files: again.files, ..Erased::default() }, "repeating it is harmless");
}

pub async fn what_is_under_way_survives_an_erasure(mut bench: Bench) {
    bench.open_case(&Letter::new(1).from(CLAIRE)).await;
    let coming = Letter::new(2).from("tom@other.example");
    bench.store().keep_raw(coming.key(), b"the original").await.unwrap();
    // Between the bytes and the row that names them.
    bench.store().erase(&Email::parse(CLAIRE).unwrap(), minutes(100)).await.unwrap();
    bench
        .store()
        .expire(Expiry { raw: minutes(1), automated: minutes(1), closed: minutes(1) }, minutes(100))
        .await
        .unwrap();
    bench.open_case(&coming).await;
    assert_eq!(bench.store().raw(coming.key()).await.unwrap().as_deref(), Some(b"the original".as_slice()));
}

pub async fn an_open_dispute_defers_the_erasure(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).from(CLAIRE).signals(&[Signal::DisputeOpened])).await;
    let before = bench.file(&case).await;
    let erased = erase(&mut bench, CLAIRE).await;
    assert_eq!((erased.deferred.len(), erased.messages), (1, 0));
    assert!(erased.deferred[0].1.contains("dispute"), "{erased:?}");
    assert_eq!(bench.file(&case).await, before);

    let revision = before.case.revision;
    let id = case.clone();
    let dismissed = Decision::Dismiss { why: "settled".into() };
    bench
        .step(|store, _| async move { store.decide(&id, revision, dismissed, "rita", minutes(5)).await })
        .await
        .unwrap();
    assert_eq!(erase(&mut bench, CLAIRE).await.cases, [case]);
}

pub async fn machines_messages_run_out_in_any_number(mut bench: Bench) {
    // More than one step takes.
    for n in 1..=450 {
        let mut automated = Letter::new(n).from(&format!("robot{n}@robot.example")).prepare(bench.store()).await;
        automated.matter = Matter::Machine { why: "absence".into(), alert: None };
        bench.store().record(&bench.lease, automated).await.unwrap();
    }
    let all = |at: Timestamp| Expiry { raw: at, automated: at, closed: at };
    let gone =
        bench.step(|store, _| async move { store.expire(all(minutes(5000)), minutes(5000)).await }).await.unwrap();
    assert_eq!(gone.automated, 450);
    let overview = bench.store().overview().await.unwrap();
    assert_eq!((overview.messages, overview.automated), (0, 0));
    assert!(bench.store().automated(9).await.unwrap().is_empty());
}

pub async fn what_was_kept_long_enough_goes(mut bench: Bench) {
    let old = Letter::new(1).from("old@old.example");
    let young = Letter::new(2).from("young@young.example").at(minutes(1000));
    let (old_case, young_case) = (bench.open_case(&old).await, bench.open_case(&young).await);
    for letter in [&old, &young] {
        bench.store().keep_raw(letter.key(), b"raw").await.unwrap();
    }
    let mut automated = Letter::new(3).from("robot@robot.example").prepare(bench.store()).await;
    automated.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(automated).await;
    let all = |at: Timestamp| Expiry { raw: at, automated: at, closed: at };
    let gone =
        bench.step(|store, _| async move { store.expire(all(minutes(500)), minutes(2000)).await }).await.unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases), (1, 1, 0), "an open case stays");
    assert_eq!(bench.store().raw(old.key()).await.unwrap(), None);
    assert!(bench.store().raw(young.key()).await.unwrap().is_some());

    for id in [&old_case, &young_case] {
        let (id, revision) = (id.clone(), bench.case(id).await.revision);
        let dismissed = Decision::Dismiss { why: String::new() };
        bench
            .step(|store, _| async move { store.decide(&id, revision, dismissed, "rita", minutes(1500)).await })
            .await
            .unwrap();
    }
    let gone =
        bench.step(|store, _| async move { store.expire(all(minutes(500)), minutes(2000)).await }).await.unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases), (0, 0, 1));
    assert_eq!(bench.case(&old_case).await.state, CaseState::Closed(Closed::Erased));
    assert_eq!(bench.case(&young_case).await.state, CaseState::Closed(Closed::Dismissed));
    let outbox = bench.store().outbox(OutboxFilter::Latest(9)).await.unwrap();
    assert!(outbox.iter().all(|mail| mail.case == young_case), "{outbox:?}");
}
