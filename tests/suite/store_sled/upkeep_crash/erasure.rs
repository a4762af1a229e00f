//! What an erasure that was killed has left is found by the next one, in the store and in the backups.

use std::collections::BTreeSet;

use super::super::open;
use super::{BACKUPS, Scene, assert_holds, points};
use crate::support::searching::found;

const WORDS: [&str; 3] = ["p1@d1.example", "samovar 1 whistles", "m1@customer.example"];

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_was_killed_is_finished_by_repeating_it() {
    let scene = Scene::new().await;
    let erase = |point| tokio::task::block_in_place(|| scene.runs(&["erase", WORDS[0]], point));
    // The rewriting strikes the store first, then each backup.
    let points: Vec<_> = [points("erase-", 2), points("rewrite-", 3)].concat();
    let mut died = BTreeSet::new();
    for point in &points {
        scene.reset();
        for folder in ["data", "backups"] {
            let there = found(&scene.path(folder), &WORDS);
            assert!(WORDS.iter().all(|word| there.iter().any(|place| place.starts_with(word))), "{there:?}");
        }
        if erase(Some(point)).is_some() {
            continue;
        }
        died.insert(point.split(':').next().unwrap());
        let store = open(&scene.path("data"));
        for n in [2, 3] {
            let file = guichet::ports::Store::case_file(&store, &super::letter(n).case_id()).await;
            assert!(file.is_ok_and(|file| file.messages.len() == 1), "{point}: {n} is nobody's business");
        }
        drop(store);

        assert_eq!(erase(None), Some(0), "{point}: asked again");
        for folder in ["data", "backups"] {
            assert_eq!(found(&scene.path(folder), &WORDS), Vec::<String>::new(), "{point}");
        }
        assert_holds(&open(&scene.path("data")), &[2, 3], point).await;
        assert_eq!(scene.backups(), BACKUPS, "{point}");
        for backup in BACKUPS {
            scene.assert_holds(backup, &[2], point).await;
        }
    }
    let all: BTreeSet<_> = points.iter().map(|point| point.split(':').next().unwrap()).collect();
    assert_eq!(died, all, "every point lies on the way");
}
