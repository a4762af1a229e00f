//! An older copy in the store's place, a database that is gone, single damaged bits: noticed, or without effect.

use std::fs;
use std::path::{Path, PathBuf};

use guichet::adapters::store::sled::{Loss, SledSettings, SledStore};
use guichet::domain::DeliveryState;
use guichet::domain::position::FolderRole;
use guichet::ports::Store;
use guichet::ports::store::OutboxFilter;

use super::crash::copy;
use super::{ids, open};
use crate::store_contract::picture;
use crate::support::letter::{Letter, MAILBOX, folder, mark};

fn watched(data: &Path, witness: &Path) -> (SledStore, Option<Loss>) {
    let settings = SledSettings { witness: Some(witness.to_owned()), ..SledSettings::default() };
    SledStore::open(data, &settings, ids()).unwrap()
}

async fn record(store: &SledStore, n: u32) {
    let letter = Letter::new(n).from(&format!("p{n}@d{n}.example"));
    let lease = store.lease(MAILBOX).await.unwrap();
    store.set_position(&lease, &folder(FolderRole::Inbox), &mark("first")).await.unwrap();
    let intake = letter.prepare(store).await;
    store.record(&lease, intake).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_older_copy_is_noticed_and_sends_nothing() {
    let base = tempfile::tempdir().unwrap();
    let (data, old, newer, witness) = (
        base.path().join("data"),
        base.path().join("old"),
        base.path().join("newer"),
        base.path().join("elsewhere/witness"),
    );
    let (store, loss) = watched(&data, &witness);
    assert_eq!(loss, None);
    record(&store, 1).await;
    drop(store);
    copy(&data, &old);
    let (store, loss) = watched(&data, &witness);
    assert_eq!(loss, None, "the same store again");
    record(&store, 2).await;
    drop(store);
    fs::rename(&data, &newer).unwrap();

    copy(&old, &data);
    let (store, loss) = watched(&data, &witness);
    let loss = loss.expect("an older copy is noticed");
    assert!(loss.moved_to.is_none() && loss.why.contains("change"), "{loss:?}");
    assert!(loss.to_string().contains("maybe acknowledged"), "{loss}");
    assert!(store.rebuilt_at().await.unwrap().is_some());
    assert_eq!(store.position(&folder(FolderRole::Inbox)).await.unwrap(), None, "all counts as history");
    let outbox = store.outbox(OutboxFilter::Latest(9)).await.unwrap();
    assert!(matches!(&outbox[0].state, DeliveryState::Held { why, .. } if why.contains("rolled back")), "{outbox:?}");
    assert!(store.knows(Letter::new(1).from("p1@d1.example").key()).await.unwrap(), "what it knows it still knows");
    drop(store);
    let (store, again) = watched(&data, &witness);
    assert_eq!(again, None, "nothing more was lost");
    let told = store.loss().await.unwrap().expect("told until a person knows of it");
    assert_eq!(told.sentence, loss.to_string());
    store.dismiss_loss().await.unwrap();
    drop(store);
    let (store, _) = watched(&data, &witness);
    assert_eq!(store.loss().await.unwrap(), None);
    drop(store);

    fs::remove_dir_all(&data).unwrap();
    fs::rename(&newer, &data).unwrap();
    assert!(watched(&data, &witness).1.is_some(), "the newer one does not know what was done meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_older_copy_put_back_again_is_noticed_again() {
    let base = tempfile::tempdir().unwrap();
    let (data, old, witness) = (base.path().join("data"), base.path().join("old"), base.path().join("witness"));
    record(&watched(&data, &witness).0, 1).await;
    copy(&data, &old);
    record(&watched(&data, &witness).0, 2).await;
    for time in 1..=3 {
        fs::remove_dir_all(&data).unwrap();
        copy(&old, &data);
        let (store, loss) = watched(&data, &witness);
        assert!(loss.is_some(), "time {time}");
        assert_eq!(store.position(&folder(FolderRole::Inbox)).await.unwrap(), None);
        record(&store, 2 + time).await;
    }
    assert_eq!(watched(&data, &witness).1, None, "what was recovered goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_noticed_by_the_witness() {
    let base = tempfile::tempdir().unwrap();
    let (data, witness) = (base.path().join("data"), base.path().join("witness"));
    let (store, _) = watched(&data, &witness);
    record(&store, 1).await;
    drop(store);
    fs::remove_dir_all(&data).unwrap();
    let (store, loss) = watched(&data, &witness);
    assert!(loss.unwrap().why.contains("another store"));
    assert!(store.rebuilt_at().await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_is_not_there_any_more_is_told_and_not_begun_anew() {
    let base = tempfile::tempdir().unwrap();
    let (data, witness, hidden) =
        (base.path().join("data"), base.path().join("disk/witness"), base.path().join("hidden"));
    let (store, _) = watched(&data, &witness);
    record(&store, 1).await;
    assert_eq!(store.unwatched().await, None);
    drop(store);
    fs::rename(base.path().join("disk"), &hidden).unwrap();
    for _ in 0..2 {
        let (store, loss) = watched(&data, &witness);
        assert_eq!(loss, None, "nothing says that anything was lost");
        let told = store.unwatched().await.expect("nobody could compare");
        assert!(told.contains(&witness.display().to_string()), "{told}");
        record(&store, 2).await;
        assert!(!witness.exists(), "the disk may come back");
    }
    fs::create_dir(witness.parent().unwrap()).unwrap();
    fs::write(&witness, "").unwrap();
    assert!(watched(&data, &witness).0.unwatched().await.is_some(), "an empty one has seen nothing either");
    assert_eq!(fs::read_to_string(&witness).unwrap(), "");
    assert_eq!(watched(&data, &base.path().join("another")).0.unwatched().await, None, "the operator named another");
    fs::copy(hidden.join("witness"), &witness).unwrap();
    let (store, loss) = watched(&data, &witness);
    assert_eq!((loss, store.unwatched().await), (None, None), "it is back, and saw no more than the store knows");
}

#[tokio::test]
async fn a_file_that_is_no_witness_is_refused_and_left_alone() {
    let base = tempfile::tempdir().unwrap();
    let witness = base.path().join("passwd");
    fs::write(&witness, "root:x:0:0:root").unwrap();
    let settings = SledSettings { witness: Some(witness.clone()), ..SledSettings::default() };
    let error = SledStore::open(&base.path().join("data"), &settings, ids()).err().unwrap().to_string();
    assert!(error.contains("no witness"), "{error}");
    assert_eq!(fs::read_to_string(&witness).unwrap(), "root:x:0:0:root");
}

/// A bit here and there, half a file, no snapshot: what opens without a word is whole.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_noticed_or_without_effect() {
    let base = tempfile::tempdir().unwrap();
    let whole = base.path().join("whole");
    let store = open(&whole);
    for n in 1..=20 {
        record(&store, n).await;
    }
    let before = picture(&store).await;
    drop(store);
    let size = fs::metadata(whole.join("store/db")).unwrap().len();
    let flips = (1..=12_u64).map(|n| Damage::FlippedBit(size * n / 13));
    let mut noticed = 0;
    for damage in flips.chain([Damage::Half, Damage::NoSnapshot, Damage::NoDatabase]) {
        let data = base.path().join("damaged");
        copy(&whole, &data);
        damage.inflict(&data.join("store"));
        let (store, loss) = SledStore::open(&data, &SledSettings::default(), ids()).unwrap();
        match loss {
            Some(loss) => {
                noticed += 1;
                assert!(loss.moved_to.unwrap().exists() && store.rebuilt_at().await.unwrap().is_some());
            }
            None => assert!(picture(&store).await == before, "{damage:?} was not noticed"),
        }
        drop(store);
        fs::remove_dir_all(&data).unwrap();
    }
    assert!(noticed >= 2, "half a file and a missing one at least");
}

fn snapshots(store: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect();
    found.sort();
    found
}

/// What a start that died while sled wrote its snapshot leaves.
fn leave_unfinished(store: &Path, bytes: &[u8]) {
    fs::write(store.join("snap.00000000FFFFFFFF.generating"), bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_died_while_a_snapshot_was_written_costs_nothing() {
    let base = tempfile::tempdir().unwrap();
    let whole = base.path().join("whole");
    for n in 1..=20 {
        record(&open(&whole), n).await;
    }
    let before = picture(&open(&whole)).await;
    let snapshot = fs::read(snapshots(&whole.join("store")).last().unwrap()).unwrap();
    let mut flipped = snapshot.clone();
    flipped[snapshot.len() / 2] ^= 0x10;
    for left in [&[], &snapshot[..7], &snapshot[..snapshot.len() / 2], &snapshot[..snapshot.len() - 4], &flipped] {
        let data = base.path().join("died");
        copy(&whole, &data);
        leave_unfinished(&data.join("store"), left);
        let (store, loss) = SledStore::open(&data, &SledSettings::default(), ids()).unwrap();
        assert_eq!(loss, None, "{} bytes of {}", left.len(), snapshot.len());
        assert!(picture(&store).await == before);
        drop(store);
        assert!(!snapshots(&data.join("store")).iter().any(|path| path.extension().unwrap() == "generating"));
        fs::remove_dir_all(&data).unwrap();
    }
}

/// A start may have built on a whole one that was not renamed: without it, sled would not find the end of its log.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_was_written_whole_gets_its_name() {
    let data = tempfile::tempdir().unwrap();
    for n in 1..=20 {
        record(&open(data.path()), n).await;
    }
    let before = picture(&open(data.path())).await;
    let named = snapshots(&data.path().join("store")).pop().unwrap();
    let unfinished = named.with_extension(format!("{}.generating", named.extension().unwrap().to_str().unwrap()));
    fs::rename(&named, &unfinished).unwrap();
    assert!(picture(&open(data.path())).await == before);
    assert!(!unfinished.exists());
    assert!(!snapshots(&data.path().join("store")).is_empty());
}

/// The log alone does not make up for a snapshot that was there: sled may take it for empty and overwrite it.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_still_noticed_beside_an_unfinished_snapshot() {
    let base = tempfile::tempdir().unwrap();
    let whole = base.path().join("whole");
    for n in 1..=20 {
        record(&open(&whole), n).await;
    }
    for damage in [Damage::Half, Damage::NoDatabase, Damage::Snapshot] {
        let data = base.path().join("damaged");
        copy(&whole, &data);
        leave_unfinished(&data.join("store"), b"half");
        damage.inflict(&data.join("store"));
        let damaged = fs::read(data.join("store/db")).unwrap_or_default();
        let (store, loss) = SledStore::open(&data, &SledSettings::default(), ids()).unwrap();
        let aside = loss.unwrap_or_else(|| panic!("{damage:?}")).moved_to.unwrap();
        if damage == Damage::Snapshot {
            assert!(fs::read(aside.join("db")).unwrap() == damaged, "the log is there for who can read it");
        }
        drop(store);
        fs::remove_dir_all(&data).unwrap();
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Damage {
    FlippedBit(u64),
    Half,
    NoSnapshot,
    NoDatabase,
    /// A bit in the snapshot.
    Snapshot,
}

impl Damage {
    fn inflict(self, store: &Path) {
        let path = store.join("db");
        match self {
            Self::FlippedBit(at) => {
                let mut bytes = fs::read(&path).unwrap();
                bytes[usize::try_from(at).unwrap()] ^= 0x10;
                fs::write(&path, bytes).unwrap();
            }
            Self::Half => {
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            }
            Self::NoSnapshot => {
                for snapshot in snapshots(store) {
                    fs::remove_file(snapshot).unwrap();
                }
            }
            Self::Snapshot => {
                let snapshot =
                    snapshots(store).into_iter().find(|path| path.extension().unwrap() != "generating").unwrap();
                let mut bytes = fs::read(&snapshot).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x10;
                fs::write(snapshot, bytes).unwrap();
            }
            Self::NoDatabase => fs::remove_file(&path).unwrap(),
        }
    }
}
