//! Files beside the database, the lock, versions and damage.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::ports::Store;
use guichet::ports::store::StoreError;

use super::{ids, open};
use crate::support::letter::{Letter, MAILBOX};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Text that compression cannot make small.
pub fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    (0..bytes).map(|_| digit()).collect()
}

/// Longer than any thread of sled's goes on.
const LINGERING: Duration = Duration::from_secs(10);

/// The database below a store that was just closed: sled's own threads may hold its lock for a moment longer.
fn open_bare(data: &Path) -> sled::Db {
    let begun = Instant::now();
    loop {
        match sled::open(data.join("store")) {
            Err(sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock") && begun.elapsed() < LINGERING =>
            {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

async fn record(store: &SledStore, letter: &Letter) {
    let lease = store.lease(MAILBOX).await.unwrap();
    store.keep_raw(letter.key(), b"raw").await.unwrap();
    let intake = letter.prepare(store).await;
    store.record(&lease, intake).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn large_values_stay_out_of_the_database_and_all_files_are_private() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("guichet");
    let store = open(&folder);
    for n in 1..=40 {
        // Half of them just small enough for the database, so that leaves fill up with the largest values; the
        // others would burst a leaf if they were let in.
        let size = if n % 2 == 0 { 3000 } else { 20_000 };
        let mut letter = Letter::new(n).from(&format!("p{n}@d{n}.example")).saying(&noise(size));
        letter.draft.as_mut().unwrap().body = noise(size + 1000);
        record(&store, &letter).await;
    }
    record(&store, &Letter::new(99).saying(&noise(3_000_000))).await;
    drop(store);
    let blobs = folder.join("store/blobs");
    assert!(!blobs.exists() || files_below(&blobs).is_empty(), "sled never syncs its blobs");
    assert!(!files_below(&folder.join("texts")).is_empty());
    for file in files_below(&folder) {
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    for inside in ["", "store", "texts", "raw"] {
        assert_eq!(fs::metadata(folder.join(inside)).unwrap().permissions().mode() & 0o777, 0o700, "{inside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_swept_and_named_files_stay() {
    let data = tempfile::tempdir().unwrap();
    let letter = Letter::new(1).saying(&noise(20_000));
    let orphan = Letter::new(2);
    let store = open(data.path());
    record(&store, &letter).await;
    store.keep_raw(orphan.key(), b"never recorded").await.unwrap();
    fs::write(data.path().join("texts/.unfinished-abc"), "half").unwrap();
    drop(store);
    let store = open(data.path());
    assert_eq!(store.raw(orphan.key()).await.unwrap(), None);
    assert_eq!(store.raw(letter.key()).await.unwrap().as_deref(), Some(b"raw".as_slice()));
    assert!(!data.path().join("texts/.unfinished-abc").exists());
    let file = store.case_file(&letter.case_id()).await.unwrap();
    assert_eq!(file.messages[0].message.text, letter.message.text);
}

#[tokio::test]
async fn a_second_store_on_the_same_folder_is_refused_in_one_line() {
    let data = tempfile::tempdir().unwrap();
    let _first = open(data.path());
    let error = SledStore::open(data.path(), &SledSettings::default(), ids()).err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, StoreError::Permanent(_)));
    assert!(text.contains(&data.path().display().to_string()), "{text}");
    assert!(text.contains(&format!("pid {}", std::process::id())), "{text}");
    assert!(!text.contains('\n'));
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path()));
    let database = open_bare(data.path());
    database.insert("s", "2").unwrap();
    drop(database);
    let error = SledStore::open(data.path(), &SledSettings::default(), ids()).err().unwrap().to_string();
    assert!(error.contains("newer guichet") && error.contains("schema 2"), "{error}");
    let database = open_bare(data.path());
    assert_eq!(database.get("s").unwrap().unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_an_earlier_version_is_taken_over() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    for n in 1..=3 {
        record(&store, &Letter::new(n).from(&format!("p{n}@d{n}.example"))).await;
    }
    let before = store.work().await.unwrap();
    assert_eq!(before.len(), 3);
    drop(store);
    // It kept references under another letter, and nothing else.
    let database = open_bare(data.path());
    for row in database.scan_prefix("Q") {
        let (key, case) = row.unwrap();
        database.insert([b"q\0\x03\x01", &key[1..]].concat(), case).unwrap();
    }
    let now: Vec<_> = database.scan_prefix("3").keys().map(Result::unwrap).collect();
    assert_eq!(now.len(), 3);
    now.iter().for_each(|key| drop(database.remove(key).unwrap()));
    drop(database);
    assert_eq!(open(data.path()).work().await.unwrap(), before);
    assert_eq!(open(data.path()).work().await.unwrap(), before, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_moved_aside_with_its_mail_and_said() {
    for damage in [Damage::Overwritten, Damage::Emptied, Damage::NotADatabase] {
        let data = tempfile::tempdir().unwrap();
        let store = open(data.path());
        for n in 1..=30 {
            record(&store, &Letter::new(n).from(&format!("p{n}@d{n}.example")).saying(&noise(20_000))).await;
        }
        drop(store);
        damage.inflict(&data.path().join("store"));
        let (store, broken) = SledStore::open(data.path(), &SledSettings::default(), ids()).unwrap();
        let broken = broken.unwrap_or_else(|| panic!("{damage:?} was not noticed"));
        let moved_to = broken.moved_to.unwrap();
        assert!(moved_to.join("db").exists() && !broken.why.is_empty());
        assert_eq!(files_below(&moved_to.join("raw")).len(), 30);
        assert!(!files_below(&moved_to.join("texts")).is_empty());
        assert!(store.cases(9).await.unwrap().is_empty());
        let rebuilt = store.rebuilt_at().await.unwrap();
        assert!(rebuilt.is_some(), "nobody knows what was acknowledged");
        record(&store, &Letter::new(1)).await;
        drop(store);
        let store = open(data.path());
        assert_eq!(store.cases(9).await.unwrap().len(), 1);
        assert_eq!(store.rebuilt_at().await.unwrap(), rebuilt, "for good");
        let told = store.loss().await.unwrap().expect("told at the next start as well");
        assert!(told.sentence.contains(&moved_to.display().to_string()), "{told:?}");
    }
}

#[tokio::test]
async fn a_crash_behind_the_moving_aside_does_not_hide_it() {
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path()));
    // The moment between the renaming and the first row of the new store.
    fs::rename(data.path().join("store"), data.path().join("store.broken-20260302T090000Z")).unwrap();
    let store = open(data.path());
    assert!(store.rebuilt_at().await.unwrap().is_some());
    assert!(store.loss().await.unwrap().unwrap().sentence.contains("store.broken-20260302T090000Z"));
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Overwritten,
    Emptied,
    NotADatabase,
}

impl Damage {
    fn inflict(self, store: &Path) {
        let path = store.join("db");
        match self {
            Self::Overwritten => {
                let mut bytes = fs::read(&path).unwrap();
                let middle = bytes.len() / 4;
                bytes[middle..middle + 8192].fill(0xA5);
                fs::write(&path, bytes).unwrap();
            }
            Self::Emptied => {
                for entry in fs::read_dir(store).unwrap() {
                    let path = entry.unwrap().path();
                    if path.file_name().unwrap().to_str().unwrap().starts_with("snap") {
                        fs::remove_file(path).unwrap();
                    }
                }
                fs::write(&path, "").unwrap();
            }
            Self::NotADatabase => fs::write(store.join("conf"), "something else").unwrap(),
        }
    }
}
