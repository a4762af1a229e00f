//! `guichet check --reconcile` and its look at the last mails, on Dovecot.

use std::process::Output;
use std::sync::Arc;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, Position};
use guichet::ports::Store as _;

use crate::lost_store::{Stage, wait};
use crate::play::daemon::guichet;
use crate::support::dovecot::USER;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_does_not_have_is_listed_and_nothing_else() {
    let stage = Stage::new();
    stage.customer_writes("history").await;
    let mut daemon = stage.start();
    for name in ["first", "second"] {
        let from = daemon.log.len();
        stage.customer_writes(name).await;
        wait(&mut daemon, from, &["acknowledgement accepted"]);
    }
    wait(&mut daemon, 0, &["new case, not acknowledged"]);
    // Moved away and back: another UID, the same letter.
    stage.dovecot.doveadm(&["move", "-u", USER.0, "Drafts", "mailbox", "INBOX", "uid", "2"]);
    stage.dovecot.doveadm(&["move", "-u", USER.0, "INBOX", "mailbox", "Drafts", "ALL"]);
    wait(&mut daemon, 0, &["already known"]);
    let output = daemon.command(&["check", "--reconcile"]);
    assert!(said(&output).contains("0 missing of 3 messages on the server (0 not read yet)"), "{}", said(&output));
    assert!(said(&output).contains("of the last 3 mails 0 are machines', 3 people's"), "{}", said(&output));
    assert!(output.status.success(), "{}", said(&output));
    assert!(daemon.stop().success());

    let replayed =
        guichet().args(["replay", "--mailbox", "support", "--config"]).arg(stage.path("guichet.toml")).output();
    let replayed = replayed.unwrap();
    assert!(said(&replayed).contains("3 mails: 3 acknowledged"), "{}", said(&replayed));

    stage.customer_writes("third").await;
    let check =
        || guichet().args(["check", "--reconcile", "--config"]).arg(stage.path("guichet.toml")).output().unwrap();
    let output = check();
    assert!(said(&output).contains("0 missing of 4 messages on the server (1 not read yet)"), "{}", said(&output));

    // A position that ran ahead of what was stored: what no fault of ours should ever do.
    let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let (store, _) = SledStore::open(&stage.path("data"), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
    let position = store.position(&folder).await.unwrap().unwrap();
    let mut mark: serde_json::Value = serde_json::from_str(&position.mark).unwrap();
    let next = mark["next_uid"].as_u64().unwrap();
    mark["next_uid"] = (next + 1).into();
    let lease = store.lease("support").await.unwrap();
    let ahead = Position { mark: mark.to_string(), ..position };
    store.set_position(&lease, &folder, &ahead).await.unwrap();
    drop(store);
    let output = check();
    let list = format!("1 missing of 4 messages on the server, look at them there: UID {next}");
    assert!(said(&output).contains(&list) && !output.status.success(), "{}", said(&output));
}
