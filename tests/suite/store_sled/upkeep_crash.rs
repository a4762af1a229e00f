//! A backup, an erasure or retention is killed between any two of its steps: the store is whole, and doing it again
//! brings it to its end.

mod backup;
mod erasure;
mod retention;

pub(super) use retention::expire;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::ports::Store;
use tempfile::TempDir;

use super::crash::copy;
use super::files::noise;
use super::{ids, open};
use crate::support::letter::{Letter, MAILBOX};

/// Both backups of a scene hold letters 1 and 2, its store 1 to 3.
const BACKUPS: [&str; 2] = ["20260301T000000Z", "20260302T000000Z"];

/// A text of its own, in a file of its own.
fn letter(n: u32) -> Letter {
    let text = format!("samovar {n} whistles {}", noise(20_000 + n as usize));
    Letter::new(n).from(&format!("p{n}@d{n}.example")).saying(&text)
}

async fn record(store: &SledStore, letter: &Letter) {
    let lease = store.lease(MAILBOX).await.unwrap();
    store.keep_raw(letter.key(), b"raw").await.unwrap();
    let intake = letter.prepare(store).await;
    store.record(&lease, intake).await.unwrap();
}

/// Points whose names begin so, as the source has them, each at so many passages.
fn points(prefix: &str, passages: usize) -> Vec<String> {
    let names: BTreeSet<String> = crate::crash::points_in_source();
    let ours = names.iter().filter(|name| name.starts_with(prefix));
    ours.flat_map(|name| (1..=passages).map(move |n| format!("{name}:{n}"))).collect()
}

/// A data folder and two backups, as often as they are wanted.
struct Scene {
    base: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self { base: tempfile::tempdir().unwrap() };
        let store = open(&scene.path("whole"));
        record(&store, &letter(1)).await;
        record(&store, &letter(2)).await;
        for name in BACKUPS {
            store.backup(&scene.path("kept").join(name)).await.unwrap();
        }
        record(&store, &letter(3)).await;
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// As if nothing had happened.
    fn reset(&self) {
        for (from, to) in [("whole", "data"), ("kept", "backups")] {
            let _ = fs::remove_dir_all(self.path(to));
            copy(&self.path(from), &self.path(to));
        }
    }

    /// The exit status of a command without a daemon; nothing when it died.
    fn runs(&self, arguments: &[&str], failpoint: Option<&str>) -> Option<i32> {
        let config = self.path("guichet.toml");
        let text = format!(
            "data_dir = {:?}\nbackup_dir = {:?}\nbackup_keep = 2\n[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\n\
             path = {:?}\nfrom = \"Shop <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = {:?}\n",
            self.path("data"),
            self.path("backups"),
            self.path("inbox"),
            self.path("out")
        );
        fs::write(&config, text).unwrap();
        super::status(&config, arguments, failpoint)
    }

    /// The names below `backups`.
    fn backups(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("backups")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What a restore of this backup would give.
    async fn assert_holds(&self, backup: &str, letters: &[u32], what: &str) {
        let tried = self.path("tried");
        let _ = fs::remove_dir_all(&tried);
        copy(&self.path("backups").join(backup), &tried);
        let (store, loss) = SledStore::open(&tried, &SledSettings::default(), ids()).unwrap();
        assert!(loss.is_some_and(|loss| loss.why.contains("backup")), "{what}: {backup} knows that it is one");
        assert_holds(&store, letters, &format!("{what}, {backup}")).await;
    }
}

/// These letters are there with text and original, and no others.
async fn assert_holds(store: &SledStore, letters: &[u32], what: &str) {
    let cases = store.cases(99).await.unwrap().into_iter().filter(|case| case.customer.is_some()).count();
    assert_eq!(cases, letters.len(), "{what}");
    for n in letters {
        let file = store.case_file(&letter(*n).case_id()).await.unwrap_or_else(|error| panic!("{what}, {n}: {error}"));
        assert_eq!(file.messages[0].message.text, letter(*n).message.text, "{what}: {n}");
        assert!(store.raw(letter(*n).key()).await.unwrap().is_some(), "{what}: the original of {n}");
    }
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
