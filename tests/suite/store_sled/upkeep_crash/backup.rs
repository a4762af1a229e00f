//! Under its name stands a backup that was read back, or none.

use std::fs;

use guichet::adapters::store::sled::{SledSettings, SledStore};

use super::super::{ids, open};
use super::{BACKUPS, Scene, assert_holds, points};

const NEW: &str = "20260303T000000Z";
const NEXT: &str = "20260304T000000Z";

/// What is there is whole; what is not is called so.
async fn assert_none_is_half(scene: &Scene, point: &str) -> bool {
    let mut complete = scene.backups();
    complete.retain(|name| !name.ends_with(".partial"));
    for name in &complete {
        let letters: &[u32] = if name == NEW { &[1, 2, 3] } else { &[1, 2] };
        scene.assert_holds(name, letters, point).await;
    }
    assert!(complete.iter().any(|name| name == BACKUPS[1]), "{point}: the one before is not given up for it");
    complete.iter().any(|name| name == NEW)
}

/// The store is lost next: the newest whole backup takes its place, half a one never.
async fn assert_restores(scene: &Scene, newest: &str, point: &str) {
    fs::write(scene.path("data").join("store/db"), "damaged").unwrap();
    let settings = SledSettings { backups: Some(scene.path("backups")), ..SledSettings::default() };
    let (store, loss) = SledStore::open(&scene.path("data"), &settings, ids()).unwrap();
    assert_eq!(loss.unwrap().restored_from, Some(scene.path("backups").join(newest)), "{point}");
    let letters: &[u32] = if newest == NEW { &[1, 2, 3] } else { &[1, 2] };
    assert_holds(&store, letters, point).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_backup_never_counts_as_one_and_goes_with_the_next() {
    let scene = Scene::new().await;
    let points = points("backup-", 1);
    assert!(points.len() >= 7, "{points:?}");
    let mut made = Vec::new();
    for point in &points {
        scene.reset();
        let backup = |name: &str, point| {
            let to = scene.path("backups").join(name).display().to_string();
            tokio::task::block_in_place(|| scene.runs(&["backup", &to], point))
        };
        assert_eq!(backup(NEW, Some(point)), None, "{point} was not reached");
        assert_holds(&open(&scene.path("data")), &[1, 2, 3], point).await;
        let is_made = assert_none_is_half(&scene, point).await;
        made.extend(is_made.then(|| point.clone()));

        assert_eq!(backup(NEXT, None), Some(0), "{point}: the next one");
        let before = if is_made { NEW } else { BACKUPS[1] };
        assert_eq!(scene.backups(), [before, NEXT], "{point}: two are kept, and nothing half");
        fs::remove_dir_all(scene.path("backups").join(NEXT)).unwrap();
        assert_restores(&scene, before, point).await;
    }
    let renamed = ["backup-noted:1", "backup-old-going:1", "backup-old-gone:1", "backup-renamed:1"];
    assert_eq!(made, renamed, "it counts from its renaming on");
}
