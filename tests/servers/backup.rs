//! `guichet backup` beside the running daemon and without it, and the restore steps of the documentation.

use std::process::Command;

use crate::play::daemon::{Daemon, Seen, guichet};
use crate::support::maildir_shop::MaildirShop;

fn wait(daemon: &mut Daemon, from: usize, words: &[&str]) {
    let seen = daemon.wait_line_from(from, words);
    assert!(matches!(seen, Seen::Line(_)), "{}", daemon.log.join("\n"));
}

#[test]
fn a_backup_is_restored_and_nobody_is_answered_again() {
    let backups = tempfile::tempdir().unwrap();
    let shop = MaildirShop::new(None, &format!("backup_dir = {:?}", backups.path().join("managed")));
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready());
    shop.deliver("first@customer.example");
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    let copy = backups.path().join("hot");
    let output = daemon.command(&["backup", copy.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 cases, 1 messages (1 with their original)"), "{said}");
    assert!(!daemon.command(&["backup", copy.to_str().unwrap()]).status.success(), "it replaces nothing");
    shop.deliver("second@customer.example");
    let seen = daemon.log.len();
    wait(&mut daemon, seen, &["acknowledgement accepted"]);
    assert!(daemon.stop().success());

    let cold = guichet().args(["backup", "--config"]).arg(&shop.config).output().unwrap();
    assert!(cold.status.success(), "{}", String::from_utf8_lossy(&cold.stderr));
    assert!(String::from_utf8_lossy(&cold.stdout).contains("2 cases, 2 messages"));

    // The steps of docs/guarantees.md.
    std::fs::rename(&shop.data, shop.data.with_extension("lost")).unwrap();
    assert!(Command::new("cp").arg("-a").arg(&copy).arg(&shop.data).status().unwrap().success());
    let mut daemon = Daemon::start(&shop.config, None);
    wait(&mut daemon, 0, &["alarm: The store is older", "restored from a backup"]);
    assert!(daemon.wait_ready());
    shop.deliver("third@customer.example");
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    wait(&mut daemon, 0, &["new case, not acknowledged"]);
    let queue = daemon.command(&["queue", "list", "--json"]);
    let queue: serde_json::Value = serde_json::from_slice(&queue.stdout).unwrap();
    let second = queue["cases"].as_array().unwrap().iter().find(|row| row["customer"] == "second@customer.example");
    let second = second.expect("the letter that the copy does not know waits for a person");
    assert!(second["flags"].to_string().contains("after_loss"), "{second}");
    assert_eq!(shop.answered(), ["first@customer.example", "second@customer.example", "third@customer.example"]);
    assert!(daemon.stop().success());
}
