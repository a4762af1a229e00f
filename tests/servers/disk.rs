//! A disk that fills up, refuses to sync, turns read-only or tears a write, under the running daemon: sending
//! stops, the desk and the log say so, all goes on by itself afterwards, nothing is lost or answered twice.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::play::daemon::{Daemon, Seen, guichet};
use crate::shop::NAME;
use crate::shop::http::Visitor;
use crate::support::maildir_shop::MaildirShop;

const BEFORE: &str = "before@customer.example";
const DURING: [&str; 2] = ["during1@customer.example", "during2@customer.example"];
const AFTER: &str = "after@customer.example";

/// Small file system of its own, gone with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn of_megabytes(size: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small tmpfs: run it as root in a place where mounting is allowed"
        );
        Self(folder)
    }

    /// Leaves so many bytes free.
    fn fill(&self, free: u64) -> PathBuf {
        let path = self.0.path().join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        let left = || {
            let stat = rustix::fs::statvfs(self.0.path()).unwrap();
            stat.f_bavail * stat.f_frsize
        };
        while left() > free && file.write_all(&[0x5A; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn wait(daemon: &mut Daemon, from: usize, words: &[&str]) {
    let seen = daemon.wait_line_from(from, words);
    assert!(matches!(seen, Seen::Line(_)), "{}", daemon.log.join("\n"));
}

async fn desk_must_say(shop: &MaildirShop, words: &str) {
    let mut visitor = Visitor::new(SocketAddr::from(([127, 0, 0, 1], shop.desk)));
    visitor.sign_in().await;
    let page = visitor.get("/queue").await;
    assert!(page.body.contains(words), "{} {}", page.status, page.body);
}

fn queue(daemon: &Daemon) -> Vec<serde_json::Value> {
    let output = daemon.command(&["queue", "list", "--json"]);
    let queue: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    queue["cases"].as_array().unwrap().clone()
}

fn approve(daemon: &Daemon, case: &serde_json::Value) -> bool {
    let (id, revision) = (case["case"].as_str().unwrap(), case["revision"].to_string());
    daemon.command(&["queue", "approve", id, "--revision", &revision, "--as", NAME]).status.success()
}

/// The whole way through one trouble: `begin` makes the disk fail, `end` makes it work again.
async fn through(shop: &MaildirShop, mut daemon: Daemon, begin: impl FnOnce(), end: impl FnOnce()) -> Daemon {
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    shop.deliver(BEFORE);
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    wait(&mut daemon, 0, &["assessed"]);
    let case = queue(&daemon).remove(0);

    begin();
    for customer in DURING {
        shop.deliver(customer);
    }
    assert!(!approve(&daemon, &case), "what cannot be stored is refused");
    wait(&mut daemon, 0, &["alarm: Nothing is taken in", "subject=\"disk\""]);
    desk_must_say(shop, "Nothing is taken in and nothing is sent").await;
    assert_eq!(shop.answered(), [BEFORE], "nothing leaves while its fate cannot be stored");

    let from = daemon.log.len();
    end();
    wait(&mut daemon, from, &["alarm over", "subject=\"disk\""]);
    // As after a crash, the step that was refused may be there or not; it is never there twice.
    if queue(&daemon).iter().any(|waiting| waiting["case"] == case["case"]) {
        assert!(approve(&daemon, &case), "{}", daemon.log.join("\n"));
    }
    shop.deliver(AFTER);
    wait(&mut daemon, from, &["reply accepted"]);
    while daemon.log.iter().filter(|line| line.contains("acknowledgement accepted")).count() < 4 {
        let seen = daemon.log.len();
        wait(&mut daemon, seen, &["acknowledgement accepted"]);
    }
    assert_eq!(shop.answered(), [AFTER, BEFORE, BEFORE, DURING[0], DURING[1]], "each once, and one reply");
    assert!(daemon.stop().success());

    let mut again = Daemon::start(&shop.config, None);
    assert!(again.wait_ready(), "{}", again.log.join("\n"));
    assert_eq!(queue(&again).len(), 3, "nothing is lost, one is answered");
    assert!(!again.log.iter().any(|line| line.contains("moved aside")), "{}", again.log.join("\n"));
    assert!(again.stop().success());
    daemon
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_sending_until_there_is_room() {
    for left in [8 << 20, 0] {
        let disk = SmallDisk::of_megabytes(96);
        let shop = MaildirShop::new(Some(disk.0.path()), "");
        let daemon = Daemon::start(&shop.config, None);
        let ballast = disk.0.path().join("ballast");
        through(&shop, daemon, || assert_eq!(disk.fill(left), ballast), || std::fs::remove_file(&ballast).unwrap())
            .await;
    }
}

/// The shim, built into `folder`.
fn shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/support/disk_faults.c");
    let library = folder.join("disk_faults.so");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    assert!(built.is_ok_and(|status| status.success()), "this test needs a C compiler: apt-get install gcc libc6-dev");
    library
}

async fn with_fault(letter: &str) {
    let shop = MaildirShop::new(None, "");
    let library = shim(shop.folder.path());
    let fault = shop.folder.path().join("fault");
    let daemon = Daemon::start_with(&shop.config, |command| {
        command.env("LD_PRELOAD", &library).env("GUICHET_FAULT", &fault).env("GUICHET_FAULT_DIR", &shop.data);
    });
    let daemon =
        through(&shop, daemon, || std::fs::write(&fault, letter).unwrap(), || std::fs::remove_file(&fault).unwrap())
            .await;
    let reopened = daemon.log.iter().any(|line| line.contains("the disk works again and the store goes on"));
    assert!(reopened, "the database itself must have failed: {}", daemon.log.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_sync_stops_sending_until_it_does() {
    with_fault("s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_turns_read_only_stops_sending_until_it_is_writable() {
    with_fault("r").await;
}

/// A healthy store is not taken for a damaged one because its disk stumbled, whichever read it was.
#[test]
fn a_read_that_fails_moves_nothing_aside() {
    let shop = MaildirShop::new(None, "");
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    shop.deliver(BEFORE);
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    assert!(daemon.stop().success());
    let library = shim(shop.folder.path());
    let fault = shop.folder.path().join("fault");
    std::fs::write(&fault, "e").unwrap();
    // A command that opens the store as the daemon does.
    let opens = |failing: u32| {
        let copy = shop.folder.path().join(format!("copy-{failing}"));
        let mut command = guichet();
        command.args(["backup", "--config"]).arg(&shop.config).arg(copy).env("LD_PRELOAD", &library);
        command.env("GUICHET_FAULT", &fault).env("GUICHET_FAULT_DIR", shop.data.join("store/db"));
        let output = command.env("GUICHET_FAULT_READ", failing.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let names = std::fs::read_dir(&shop.data).unwrap().map(|entry| entry.unwrap().file_name());
        let aside = names.filter(|name| name.to_string_lossy().starts_with("store.broken")).count();
        assert_eq!(aside, 0, "read {failing}: {said}");
        (output.status.success(), said)
    };
    let mut failed = 0;
    for failing in 1.. {
        let (well, said) = opens(failing);
        if well {
            break;
        }
        failed += 1;
        assert!(said.contains("Input/output error"), "read {failing}: {said}");
    }
    assert!(failed > 0, "the shim sees no read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torn_writes_are_no_damage() {
    with_fault("f").await;
}
