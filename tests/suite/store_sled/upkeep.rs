//! What erasure and retention leave in the folders.

use std::path::Path;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::domain::{CaseId, Email, Signal};
use guichet::ports::Store;
use guichet::ports::store::{Decision, Erased, Expiry, Matter};
use jiff::Timestamp;

use super::files::noise;
use super::{ids, open};
use crate::support::letter::{Letter, MAILBOX, kept_since, minutes};

fn names_in(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn record(store: &SledStore, letter: &Letter, machine: bool) {
    let lease = store.lease(MAILBOX).await.unwrap();
    store.keep_raw(letter.key(), b"raw").await.unwrap();
    let mut intake = letter.prepare(store).await;
    if machine {
        intake.matter = Matter::Machine { why: "absence".into(), alert: None };
    }
    store.record(&lease, intake).await.unwrap();
}

async fn dismiss(store: &SledStore, case: &CaseId) {
    let revision = store.case(case).await.unwrap().revision;
    let dismissed = Decision::Dismiss { why: "settled".into() };
    store.decide(case, revision, dismissed, "rita", minutes(9)).await.unwrap();
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
        dismiss(&store, &letter.case_id()).await;
    }
    let (raw, texts) = (data.path().join("raw"), data.path().join("texts"));
    assert_eq!((names_in(&raw).len(), names_in(&texts).len()), (3, 3));
    let before = Expiry { raw: Timestamp::MIN, ..kept_since(minutes(2000)) };
    let gone = store.expire(before, minutes(4000)).await.unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases, gone.files), (0, 1, 1, 4));
    assert_eq!(names_in(&raw), [format!("{}.zst", young.key().to_hex())]);
    assert_eq!(names_in(&texts).len(), 1);
    let file = store.case_file(&young.case_id()).await.unwrap();
    assert_eq!(file.messages[0].message.text, young.message.text);
}

const CLAIRE: &str = "claire@customer.example";

async fn erase(store: &SledStore) -> Erased {
    store.erase(&Email::parse(CLAIRE).unwrap(), minutes(100)).await.unwrap()
}

/// One backup from before the dispute, one from during it.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_dispute_keeps_the_case_in_the_backups_and_it_is_said() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let settings = SledSettings { backups: Some(backups.clone()), ..SledSettings::default() };
    let open = || SledStore::open(&data, &settings, ids()).unwrap().0;
    let store = open();
    let (before, during) = (backups.join("20260301T000000Z"), backups.join("20260302T000000Z"));
    record(&store, &Letter::new(1).from(CLAIRE), false).await;
    store.backup(&before).await.unwrap();
    let disputed = Letter::new(2).from(CLAIRE).at(minutes(50_000)).signals(&[Signal::DisputeOpened]);
    let joined = Letter::new(1).case_id();
    dismiss(&store, &joined).await;
    record(&store, &disputed, false).await;
    let case = disputed.case_id();
    assert!(store.case(&case).await.is_ok(), "the dispute is a case of its own");
    store.backup(&during).await.unwrap();

    let erased = erase(&store).await;
    assert_eq!((erased.cases.as_slice(), erased.deferred.len()), ([joined].as_slice(), 1));
    let [kept] = erased.deferred_in_backups.as_slice() else { panic!("{erased:?}") };
    assert_eq!((&kept.backup, &kept.case), (&during, &case));
    assert!(kept.why.contains("dispute"), "{kept:?}");
    assert_eq!(erased.backups, [during.clone(), before]);

    // Settled: what the store decides holds in the backup, where the dispute is open for ever.
    dismiss(&store, &case).await;
    let erased = erase(&store).await;
    assert_eq!((erased.deferred_in_backups.as_slice(), erased.cases.as_slice()), ([].as_slice(), [case].as_slice()));
    assert_eq!((names_in(&during.join("raw")).len(), names_in(&data.join("raw")).len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_only_a_backup_knows_is_said_with_what_to_do() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let backup = backups.join("20260301T000000Z");
    let store = open(&data);
    let disputed = Letter::new(1).from(CLAIRE).signals(&[Signal::DisputeOpened]);
    record(&store, &disputed, false).await;
    store.backup(&backup).await.unwrap();
    drop(store);
    std::fs::remove_dir_all(&data).unwrap();
    let settings = SledSettings { backups: Some(backups), ..SledSettings::default() };
    let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
    let erased = erase(&store).await;
    let [kept] = erased.deferred_in_backups.as_slice() else { panic!("{erased:?}") };
    assert_eq!((&kept.backup, &kept.case), (&backup, &disputed.case_id()));
    assert!(kept.why.contains("delete the backup"), "{kept:?}");
}

fn mentioned_below(folder: &Path, word: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(mentioned_below(&path, word));
        } else if std::fs::read(&path).unwrap().windows(word.len()).any(|part| part == word.as_bytes()) {
            found.push(path);
        }
    }
    found
}

/// Keys are not compressed, and name whom an acknowledgement went to.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_wrote_once_is_no_key_for_ever() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let letter = Letter::new(1).from(CLAIRE);
    record(&store, &letter, false).await;
    dismiss(&store, &letter.case_id()).await;
    assert!(!mentioned_below(data.path(), CLAIRE).is_empty(), "it is there");
    store.expire(kept_since(minutes(2000)), minutes(4000)).await.unwrap();
    // Retention leaves the writing anew of files to the next erasure.
    store.erase(&Email::parse("nobody@else.example").unwrap(), minutes(4000)).await.unwrap();
    assert_eq!(mentioned_below(data.path(), CLAIRE), Vec::<std::path::PathBuf>::new());
}
