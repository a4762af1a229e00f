//! What the store shows.

use guichet::domain::Signal;
use guichet::ports::store::Matter;

use super::Bench;
use crate::support::letter::{Letter, minutes};

pub async fn a_store_that_lost_nothing_was_not_rebuilt(mut bench: Bench) {
    assert_eq!(bench.store().rebuilt_at().await.unwrap(), None);
    bench.open_case(&Letter::new(1)).await;
    assert_eq!(bench.store().rebuilt_at().await.unwrap(), None);
    assert_eq!(bench.store().unwatched().await, None, "nobody asked for a witness");
}

pub async fn what_no_message_bears_is_missing(mut bench: Bench) {
    let letter = Letter::new(1);
    bench.open_case(&letter).await;
    let location = letter.location();
    let names = vec![location.name.clone(), "elsewhere".to_owned()];
    assert_eq!(bench.store().missing(&location.folder, names.clone()).await.unwrap(), ["elsewhere"]);
    let junk = crate::support::letter::folder(guichet::domain::position::FolderRole::Junk);
    assert_eq!(bench.store().missing(&junk, names.clone()).await.unwrap(), names, "the folder counts");
}

pub async fn healing_a_store_that_is_well_changes_nothing(mut bench: Bench) {
    bench.open_case(&Letter::new(1)).await;
    let before = super::picture(bench.store()).await;
    bench.store().heal().await.unwrap();
    assert_eq!(super::picture(bench.store()).await, before);
}

pub async fn the_queue_is_sorted_by_urgency(mut bench: Bench) {
    let calm = bench.open_case(&Letter::new(1).from("a@a.example")).await;
    let older = bench.open_case(&Letter::new(2).from("b@b.example").at(minutes(-60))).await;
    let grave = bench.open_case(&Letter::new(3).from("c@c.example").signals(&[Signal::LegalThreat])).await;
    let order =
        |rows: Vec<guichet::ports::store::QueueRow>| rows.into_iter().map(|row| row.case.id).collect::<Vec<_>>();
    assert_eq!(order(bench.queue(9).await), [grave.clone(), older.clone(), calm.clone()]);
    assert_eq!(order(bench.queue(1).await), std::slice::from_ref(&grave));
    let newest: Vec<_> = bench.store().cases(9).await.unwrap().into_iter().map(|case| case.id).collect();
    assert_eq!(newest, [grave, calm, older]);
}

pub async fn the_overview_counts(mut bench: Bench) {
    assert_eq!(bench.store().overview().await.unwrap(), Default::default());
    bench.open_case(&Letter::new(1).order("A-1")).await;
    bench.open_case(&Letter::new(2).order("B-2")).await;
    bench.open_case(&Letter::new(3).from("old@x.example").history()).await;
    bench.record(Letter::new(4).intake(Matter::Machine { why: "null return-path".into(), alert: None })).await;
    bench.record(Letter::new(5).intake(Matter::SentBefore { by_person: false })).await;
    bench.send_all(minutes(1)).await;
    let overview = bench.store().overview().await.unwrap();
    let named = |names: &[(&str, u64)]| names.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    assert_eq!(overview.cases, named(&[("closed", 1), ("needs_reply", 2)]));
    assert_eq!(overview.outbox, named(&[("pending", 1), ("sent", 1)]));
    assert_eq!((overview.messages, overview.automated), (4, 1));
    assert_eq!(overview.oldest_waiting, Some(minutes(1)));
}

pub async fn excerpts_are_one_short_line(mut bench: Bench) {
    let text = format!("Bonjour,\r\n\r\n  ma   commande {}", "x".repeat(5000));
    bench.open_case(&Letter::new(1).saying(&text)).await;
    let row = bench.queue(1).await.remove(0);
    assert!(row.excerpt.starts_with("Bonjour, ma commande x") && row.excerpt.len() < 500, "{}", row.excerpt);
}
