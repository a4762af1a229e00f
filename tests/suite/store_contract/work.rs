//! What the order of work goes by.

use guichet::domain::assessment::LegalClock;
use guichet::domain::order_of_work::Owed;
use guichet::domain::{Email, Promised, Reason, Work};
use guichet::ports::store::{Decision, NewPromise};
use jiff::civil::date;

use super::Bench;
use crate::support::letter::{CAMILLE, Letter, minutes, reply};
use crate::support::order::{eligible, found, order};

async fn work(bench: &Bench) -> Vec<Work> {
    bench.store().work().await.unwrap()
}

pub async fn what_waits_is_work_until_it_is_answered(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.open_case(&Letter::new(2).from("old@x.example").history()).await;
    let known = work(&bench).await;
    let [one] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!((&one.case, one.since, one.customer.as_deref()), (&case, minutes(1), Some(CAMILLE)));
    assert_eq!((one.reason, one.law, one.promised, one.owed), (Some(Reason::Defective), None, None, None));
    bench.approve(&case, 1, minutes(5)).await;
    assert!(work(&bench).await.is_empty());
    bench.receive(&Letter::new(3).at(minutes(60)).saying("Et alors ?")).await;
    assert_eq!(work(&bench).await[0].since, minutes(60), "it waits anew");
}

pub async fn the_laws_deadline_is_known_until_it_is_erased(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).from("gift@other.example")).await;
    let mut known = eligible(found(order("48213"), minutes(3)), minutes(3));
    let clock = |day| LegalClock { what: "refund".into(), by: day, articles: Vec::new(), increases: Vec::new() };
    known.clocks = vec![clock(date(2026, 4, 1)), clock(date(2026, 3, 16))];
    known.marketplace = Some("bazar".into());
    let (id, revision) = (case.clone(), bench.case(&case).await.revision);
    bench
        .step(|store, lease| async move { store.assess(&lease, &id, revision, known, None, minutes(3)).await })
        .await
        .unwrap();
    let one = work(&bench).await.remove(0);
    assert_eq!((one.law, one.marketplace.as_deref()), (Some(date(2026, 3, 16)), Some("bazar")));
    // The buyer of the order is somebody else: their facts go, the case stays.
    let buyer = Email::parse(CAMILLE).unwrap();
    bench.step(|store, _| async move { store.erase(&buyer, minutes(10)).await }).await.unwrap();
    let one = work(&bench).await.remove(0);
    assert_eq!((one.case, one.law, one.marketplace), (case, None, None));
}

pub async fn a_promise_is_work_until_it_is_kept(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let read = bench.case(&case).await;
    let mail = Box::new(reply(&read, 1, minutes(5)));
    let promised = Promised { words: "d’ici vendredi".into(), by: date(2026, 3, 6) };
    let promises = vec![NewPromise { promised, warn_at: minutes(100), lapse_at: minutes(200) }];
    let decision = Decision::Approve { mail, asks: false, timers: Vec::new(), refund: None, promises };
    bench
        .step(|store, _| async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
        .await
        .unwrap();
    bench.send_all(minutes(6)).await;
    bench.receive(&Letter::new(2).at(minutes(60)).saying("Et alors ?")).await;
    assert_eq!(work(&bench).await[0].promised, Some(minutes(200)), "it stands while the customer waits");
    bench.step(|store, lease| async move { store.due_promises(&lease, minutes(201)).await }).await.unwrap();
    let one = work(&bench).await.remove(0);
    assert_eq!((one.promised, one.owed), (Some(minutes(200)), Some(Owed::Promise)), "late is not kept");
    bench.step(|store, _| async move { store.keep_promise(&case, 1, "rita", minutes(210)).await }).await.unwrap();
    let one = work(&bench).await.remove(0);
    assert_eq!((one.promised, one.owed), (None, None));
}

pub async fn rows_come_as_they_are_named(mut bench: Bench) {
    let one = bench.open_case(&Letter::new(1).from("a@a.example")).await;
    let two = bench.open_case(&Letter::new(2).from("b@b.example")).await;
    let closed = bench.open_case(&Letter::new(3).from("c@c.example").history()).await;
    let unknown = guichet::domain::CaseId::parse("G-0000").unwrap();
    let rows = bench.store().queue_rows(&[two.clone(), closed, unknown, one.clone()]).await.unwrap();
    assert_eq!(rows.into_iter().map(|row| row.case.id).collect::<Vec<_>>(), [two, one]);
}
