//! What erasure and retention leave in the folders.

use std::path::Path;

use guichet::adapters::store::sled::SledStore;
use guichet::ports::Store;
use guichet::ports::store::{Decision, Expiry, Matter};
use jiff::Timestamp;

use super::files::noise;
use super::open;
use crate::support::letter::{Letter, MAILBOX, minutes};

fn names_in(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn record(store: &SledStore, letter: &Letter, machine: bool) {
    let lease = store.lease(MAILBOX).await.unwrap();
    store.keep_raw(letter.key(), b"raw").await.unwrap();
    let mut intake = letter.prepare(store).await;
    if machine {
        intake.matter = Matter::Machine { why: "absence".into() };
    }
    store.record(&lease, intake).await.unwrap();
}

/// Originals may be kept longer than cases are.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_out_takes_its_files_with_it() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let long = |n, name: &str| Letter::new(n).from(name).saying(&noise(20_000 + n as usize));
    let (case, robot) = (long(1, "old@old.example"), long(2, "robot@robot.example"));
    let young = long(3, "young@young.example").at(minutes(3000));
    for (letter, machine) in [(&case, false), (&robot, true), (&young, false)] {
        record(&store, letter, machine).await;
    }
    for letter in [&case, &young] {
        let revision = store.case(&letter.case_id()).await.unwrap().revision;
        let dismissed = Decision::Dismiss { why: String::new() };
        store.decide(&letter.case_id(), revision, dismissed, "rita", minutes(9)).await.unwrap();
    }
    let (raw, texts) = (data.path().join("raw"), data.path().join("texts"));
    assert_eq!((names_in(&raw).len(), names_in(&texts).len()), (3, 3));
    let before = Expiry { raw: Timestamp::MIN, automated: minutes(2000), closed: minutes(2000) };
    let gone = store.expire(before, minutes(4000)).await.unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases, gone.files), (0, 1, 1, 4));
    assert_eq!(names_in(&raw), [format!("{}.zst", young.key().to_hex())]);
    assert_eq!(names_in(&texts).len(), 1);
    let file = store.case_file(&young.case_id()).await.unwrap();
    assert_eq!(file.messages[0].message.text, young.message.text);
}
