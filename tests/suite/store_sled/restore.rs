//! A damaged store is being moved aside and a backup put back when the process dies, or the disk refuses: the next start
//! goes on there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guichet::adapters::store::sled::{Loss, SledSettings, SledStore};
use guichet::ports::Store;
use guichet::ports::store::OutboxFilter;
use tempfile::TempDir;

use super::backup::record;
use super::crash::copy;
use super::{ids, open};
use crate::support::letter::Letter;

const BACKUP: &str = "20260302T000000Z";
/// Wherever a crash may strike.
const POINTS: [&str; 8] = [
    "restore-begun",
    "restore-moving",
    "restore-moved",
    "restore-part:1",
    "restore-part:2",
    "restore-part:3",
    "restore-put-back",
    "restore-recorded",
];

/// Two letters in the backup, three in the store.
struct Scene {
    base: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self { base: tempfile::tempdir().unwrap() };
        let (store, _) = SledStore::open(&scene.path("whole"), &scene.settings(), ids()).unwrap();
        record(&store, 1).await;
        record(&store, 2).await;
        store.backup(&scene.path("backups").join(BACKUP)).await.unwrap();
        record(&store, 3).await;
        drop(store);
        scene.damage();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// A data folder with a damaged database.
    fn damage(&self) {
        let data = self.path("data");
        let _ = fs::remove_dir_all(&data);
        copy(&self.path("whole"), &data);
        fs::write(data.join("store/db"), "damaged").unwrap();
    }

    fn settings(&self) -> SledSettings {
        SledSettings { backups: Some(self.path("backups")), ..SledSettings::default() }
    }

    /// A command that opens the store dies there; whether it did.
    fn dies_at(&self, point: &str, with_backups: bool) -> bool {
        let backups = if with_backups { format!("backup_dir = {:?}\n", self.path("backups")) } else { String::new() };
        self.runs(&backups, &["backup", &self.path("never").display().to_string()], Some(point)).is_none()
    }

    /// The exit status of a command without a daemon; nothing when it died.
    fn runs(&self, more: &str, arguments: &[&str], failpoint: Option<&str>) -> Option<i32> {
        let config = self.path("guichet.toml");
        let text = format!(
            "data_dir = {:?}\n{more}[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\npath = {:?}\n\
             from = \"Shop <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = {:?}\n",
            self.path("data"),
            self.path("inbox"),
            self.path("out")
        );
        fs::write(&config, text).unwrap();
        super::status(&config, arguments, failpoint)
    }
}

fn named(folder: &Path, part: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(part)).collect()
}

async fn assert_put_back(scene: &Scene, store: SledStore, loss: Option<Loss>, what: &str) {
    let loss = loss.unwrap_or_else(|| panic!("{what}: nobody is told"));
    assert_eq!(loss.restored_from, Some(scene.path("backups").join(BACKUP)), "{what}");
    assert!(!loss.why.contains("start before"), "{what}: {loss}");
    assert_eq!(store.cases(9).await.unwrap().len(), 2, "{what}");
    let kept = Letter::new(1).from("p1@d1.example").saying(&super::files::noise(20_000)).key();
    assert!(store.raw(kept).await.unwrap().is_some(), "{what}: its original");
    assert!(store.rebuilt_at().await.unwrap().is_some() && store.loss().await.unwrap().is_some(), "{what}");
    drop(store);
    let data = scene.path("data");
    let aside = named(&data, "store.broken");
    assert_eq!(aside.len(), 1, "{what}: {aside:?}");
    assert_eq!(named(&data.join(&aside[0]).join("raw"), "").len(), 3, "{what}: the damaged one is whole");
    assert!(named(&data, "partial").is_empty() && named(&data, "restoring").is_empty(), "{what}");
    let (_, again) = SledStore::open(&data, &scene.settings(), ids()).unwrap();
    assert_eq!(again, None, "{what}: it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_restore_is_made_good_by_the_next_start() {
    let scene = Scene::new().await;
    for point in POINTS {
        scene.damage();
        assert!(tokio::task::block_in_place(|| scene.dies_at(point, true)), "{point} was not reached");
        let (store, loss) = SledStore::open(&scene.path("data"), &scene.settings(), ids()).unwrap();
        assert_put_back(&scene, store, loss, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_cannot_be_put_back_yet_is_put_back_later() {
    let scene = Scene::new().await;
    let in_the_way = scene.path("data").join("raw.partial");
    fs::write(&in_the_way, "").unwrap();
    for _ in 0..2 {
        assert!(SledStore::open(&scene.path("data"), &scene.settings(), ids()).is_err(), "no empty store begins");
    }
    fs::remove_file(&in_the_way).unwrap();
    let (store, loss) = SledStore::open(&scene.path("data"), &scene.settings(), ids()).unwrap();
    assert_put_back(&scene, store, loss, "in the way").await;
}

/// The folder that a disk is mounted on is there without the disk, or it is not.
#[tokio::test(flavor = "multi_thread")]
async fn no_empty_store_begins_while_the_disk_of_the_backups_is_away() {
    let scene = Scene::new().await;
    let (backups, away) = (scene.path("backups"), scene.path("away"));
    fs::rename(&backups, &away).unwrap();
    for mounted_on_nothing in [false, true] {
        if mounted_on_nothing {
            fs::create_dir(&backups).unwrap();
        }
        let opened = SledStore::open(&scene.path("data"), &scene.settings(), ids());
        let refused = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(BACKUP) && refused.contains("bring its disk back"), "{refused}");
    }
    fs::remove_dir(&backups).unwrap();
    fs::rename(&away, &backups).unwrap();
    let (store, loss) = SledStore::open(&scene.path("data"), &scene.settings(), ids()).unwrap();
    assert_put_back(&scene, store, loss, "the disk is back").await;

    scene.damage();
    fs::rename(&backups, &away).unwrap();
    fs::remove_file(scene.path("data").join("newest-backup")).unwrap();
    let (_, loss) = SledStore::open(&scene.path("data"), &scene.settings(), ids()).unwrap();
    assert_eq!(loss.unwrap().restored_from, None, "a person said so");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backup_the_new_store_tells_of_the_old_one() {
    let scene = Scene::new().await;
    for point in ["restore-begun", "restore-moved", "restore-put-back", "restore-recorded"] {
        scene.damage();
        assert!(tokio::task::block_in_place(|| scene.dies_at(point, false)), "{point} was not reached");
        let (store, loss) = SledStore::open(&scene.path("data"), &SledSettings::default(), ids()).unwrap();
        let loss = loss.unwrap();
        assert!(loss.moved_to.as_deref().is_some_and(|aside| aside.join("raw").exists()), "{point}: {loss}");
        assert!(store.cases(9).await.unwrap().is_empty() && store.rebuilt_at().await.unwrap().is_some());
        assert_eq!(store.loss().await.unwrap().unwrap().sentence, loss.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_opens_slowly_is_left_alone_once() {
    let scene = Scene::new().await;
    let data = scene.path("whole");
    let hasty = SledSettings { open_timeout: Duration::ZERO, ..scene.settings() };
    let error = SledStore::open(&data, &hasty, ids()).err().unwrap().to_string();
    assert!(error.contains("Nothing was touched"), "{error}");
    let (store, loss) = SledStore::open(&data, &scene.settings(), ids()).unwrap();
    assert_eq!((loss, store.cases(9).await.unwrap().len()), (None, 3));
    drop(store);
    assert!(SledStore::open(&data, &hasty, ids()).is_err());
    assert!(named(&data, "store.broken").is_empty(), "it opened in between");
    assert!(SledStore::open(&data, &hasty, ids()).is_err(), "no backup opens in no time either");
    assert_eq!(named(&data, "store.broken").len(), 1, "twice in a row");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_an_older_copy_is_noticed_hides_nothing() {
    let scene = Scene::new().await;
    let witness = scene.path("witness");
    let settings = SledSettings { witness: Some(witness.clone()), ..SledSettings::default() };
    let data = scene.path("data");
    for point in ["store.compared.before", "store.compared.after"] {
        let _ = fs::remove_file(&witness);
        fs::remove_dir_all(&data).unwrap();
        copy(&scene.path("whole"), &data);
        let old = scene.path("old");
        let _ = fs::remove_dir_all(&old);
        drop(SledStore::open(&data, &settings, ids()).unwrap());
        copy(&data, &old);
        let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
        record(&store, 4).await;
        drop(store);
        fs::remove_dir_all(&data).unwrap();
        copy(&old, &data);
        let more = format!("state_witness = {witness:?}\n");
        let never = scene.path("never").display().to_string();
        let died = tokio::task::block_in_place(|| scene.runs(&more, &["backup", &never], Some(point)));
        assert_eq!(died, None, "{point} was not reached");
        let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
        assert!(store.loss().await.unwrap().is_some_and(|loss| loss.sentence.contains("witness")), "{point}");
        assert!(store.rebuilt_at().await.unwrap().is_some(), "{point}");
        let waiting = store.outbox(OutboxFilter::Open).await.unwrap();
        assert!(!waiting.is_empty() && waiting.iter().all(|mail| mail.state.name() == "held"), "{point}");
        assert_eq!(store.unwatched().await, None, "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_database_is_written_anew_loses_nothing() {
    let scene = Scene::new().await;
    let data = scene.path("data");
    let erase = ["erase", "p1@d1.example"];
    for point in ["rewrite-copied", "rewrite-between", "rewrite-swapped"] {
        fs::remove_dir_all(&data).unwrap();
        copy(&scene.path("whole"), &data);
        let died = tokio::task::block_in_place(|| scene.runs("", &erase, Some(point)));
        assert_eq!(died, None, "{point} was not reached");
        let store = open(&data);
        let customers = store.cases(9).await.unwrap().into_iter().filter_map(|case| case.customer);
        let mut customers: Vec<_> = customers.map(|customer| customer.email.to_string()).collect();
        customers.sort();
        assert_eq!(customers, ["p2@d2.example", "p3@d3.example"], "{point}: what was asked for, and no more");
        drop(store);
        assert!(named(&data, "store.re").is_empty(), "{point}: the next start finishes or forgets it");
        assert_eq!(tokio::task::block_in_place(|| scene.runs("", &erase, None)), Some(0), "{point}: asked again");
    }
}
