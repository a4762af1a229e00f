//! What only the embedded store has to show: files, locks, versions, damage, crashes.

mod backup;
mod crash;
mod damaged;
mod files;
mod lost;
mod restore;
mod upkeep;
mod upkeep_crash;

use std::sync::Arc;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::ports::Store;
use tempfile::TempDir;

pub use self::files::noise;
use crate::store_contract::Backend;
use crate::support::daemon::guichet;
use crate::support::ids::CountingIds;

/// A data folder with the embedded store in it.
pub struct SledBackend {
    data: TempDir,
}

impl SledBackend {
    pub fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    pub fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }
}

impl Backend for SledBackend {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(open(self.data.path()))
    }
}

/// The exit status of a command without a daemon; nothing when it died.
fn status(config: &std::path::Path, arguments: &[&str], failpoint: Option<&str>) -> Option<i32> {
    let mut command = guichet();
    command.args(arguments).arg("--config").arg(config);
    if let Some(point) = failpoint {
        command.env("GUICHET_FAILPOINT", point);
    }
    command.output().unwrap().status.code()
}

pub fn open(data_dir: &std::path::Path) -> SledStore {
    let (store, broken) = SledStore::open(data_dir, &SledSettings::default(), ids()).unwrap();
    assert_eq!(broken, None);
    store
}

fn ids() -> Arc<CountingIds> {
    Arc::new(CountingIds::default())
}
