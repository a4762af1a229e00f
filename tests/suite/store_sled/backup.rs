//! A copy made while the store works, put back, and what that means.

use std::fs;
use std::path::Path;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::ports::Store;
use guichet::ports::store::StoreError;

use super::crash::copy;
use super::files::noise;
use super::{ids, open};
use crate::support::letter::{Letter, MAILBOX};

pub(super) async fn record(store: &SledStore, n: u32) {
    let letter = Letter::new(n).from(&format!("p{n}@d{n}.example")).saying(&noise(20_000));
    let lease = store.lease(MAILBOX).await.unwrap();
    store.keep_raw(letter.key(), b"raw").await.unwrap();
    let intake = letter.prepare(store).await;
    store.record(&lease, intake).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_under_load_is_whole_and_knows_that_it_is_one() {
    let base = tempfile::tempdir().unwrap();
    let (data, to) = (base.path().join("data"), base.path().join("backup"));
    let store = open(&data);
    fs::write(data.join("identity.key"), [7; 32]).unwrap();
    for n in 1..=10 {
        record(&store, n).await;
    }
    let busy = store.clone();
    let load = tokio::spawn(async move {
        for n in 11..=40 {
            record(&busy, n).await;
        }
    });
    let done = store.backup(&to).await.unwrap();
    load.await.unwrap();
    assert!((10..=40).contains(&done.cases) && done.messages == done.cases, "{done:?}");
    assert_eq!(store.cases(99).await.unwrap().len(), 40, "the store itself went on");
    assert_eq!(fs::read(to.join("identity.key")).unwrap(), [7; 32]);

    let (restored, loss) = SledStore::open(&to, &SledSettings::default(), ids()).unwrap();
    assert!(loss.unwrap().why.contains("backup"), "who restores an older copy is told what that means");
    let cases = restored.cases(99).await.unwrap();
    assert_eq!(cases.len() as u64, done.cases);
    for case in cases {
        let file = restored.case_file(&case.id).await.unwrap();
        assert_eq!(file, {
            store
                .case_file(&case.id)
                .await
                .map(|ours| guichet::ports::store::CaseFile {
                    // What waited is held in the copy, and said in its record.
                    outgoing: file.outgoing.clone(),
                    record: file.record.clone(),
                    ..ours
                })
                .unwrap()
        });
        assert!(restored.raw(file.messages[0].key).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_replaces_nothing_and_lies_elsewhere() {
    let base = tempfile::tempdir().unwrap();
    let data = base.path().join("data");
    let store = open(&data);
    let full = base.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("precious"), "x").unwrap();
    for (to, why) in [(full.as_path(), "not empty"), (&data.join("inside"), "lies in data_dir")] {
        match store.backup(to).await {
            Err(StoreError::Permanent(text)) => assert!(text.contains(why), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_readable_backup_takes_the_place_of_a_damaged_store() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let settings = SledSettings { backups: Some(backups.clone()), ..SledSettings::default() };
    let store = open(&data);
    for (n, name) in [(1, "20260301T000000Z"), (2, "20260302T000000Z"), (3, "20260303T000000Z")] {
        record(&store, n).await;
        store.backup(&backups.join(name)).await.unwrap();
    }
    record(&store, 4).await;
    drop(store);
    fs::write(backups.join("20260303T000000Z/store/db"), "damaged as well").unwrap();
    let before = base.path().join("before");
    copy(&backups.join("20260302T000000Z"), &before);
    fs::write(data.join("store/db"), "damaged").unwrap();

    let (store, loss) = SledStore::open(&data, &settings, ids()).unwrap();
    let loss = loss.unwrap();
    assert!(loss.moved_to.as_deref().is_some_and(Path::exists));
    assert_eq!(loss.restored_from, Some(backups.join("20260302T000000Z")));
    assert!(loss.to_string().contains("20260302T000000Z"), "{loss}");
    assert_eq!(store.cases(9).await.unwrap().len(), 2);
    assert!(store.rebuilt_at().await.unwrap().is_some(), "nobody knows what was done since");
    assert!(store.claim_due(&store.lease(MAILBOX).await.unwrap(), jiff::Timestamp::now(), 9).await.unwrap().is_empty());
    drop(store);
    assert_eq!(
        fs::read(before.join("store/db")).unwrap(),
        fs::read(backups.join("20260302T000000Z/store/db")).unwrap()
    );
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_leaves_no_copy() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let store = open(&data);
    record(&store, 1).await;
    let raw = fs::read_dir(data.join("raw")).unwrap().next().unwrap().unwrap().path();
    // What cannot be copied.
    fs::remove_file(&raw).unwrap();
    fs::create_dir(&raw).unwrap();
    assert!(store.backup(&backups.join("20260301T000000Z")).await.is_err());
    assert_eq!(names_in(&backups), Vec::<String>::new());
}

/// As a crash leaves it.
fn half_a_backup(data: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    copy(&data.join("store"), &to.join("store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crashed_backup_left_goes_with_the_next_and_with_an_erasure() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let settings = SledSettings { backups: Some(backups.clone()), ..SledSettings::default() };
    let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
    record(&store, 1).await;
    half_a_backup(&data, &backups.join("20260301T000000Z.partial"));
    store.backup(&backups.join("20260302T000000Z")).await.unwrap();
    assert_eq!(names_in(&backups), ["20260302T000000Z"]);

    half_a_backup(&data, &backups.join("20260303T000000Z.partial"));
    half_a_backup(&data, &backups.join("mine.partial"));
    fs::create_dir(data.join("raw.partial")).unwrap();
    let address = guichet::domain::Email::parse("p1@d1.example").unwrap();
    let erased = store.erase(&address, crate::support::letter::minutes(9)).await.unwrap();
    assert_eq!(names_in(&backups), ["20260302T000000Z", "mine.partial"]);
    assert_eq!(erased.incomplete, [backups.join("mine.partial")], "a person named it");
    assert!(!data.join("raw.partial").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_backups_are_kept_and_those_that_a_person_named() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let settings = SledSettings { backups: Some(backups.clone()), keep_backups: Some(2), ..SledSettings::default() };
    let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
    record(&store, 1).await;
    let days = ["20260301T000000Z", "20260302T000000Z", "before-the-move", "20260303T000000Z"];
    for name in days {
        store.backup(&backups.join(name)).await.unwrap();
    }
    store.backup(&base.path().join("elsewhere")).await.unwrap();
    assert_eq!(names_in(&backups), ["20260302T000000Z", "20260303T000000Z", "before-the-move"]);
}
