//! The process dies at each durable step: afterwards the whole step is there, or nothing of it.

use std::path::Path;
use std::process::Command;

use guichet::adapters::store::sled::SledStore;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::{MessageKey, OutgoingId};
use guichet::ports::Store;
use guichet::ports::store::{Decision, Lease};

use super::open;
use crate::store_contract::picture;
use crate::support::letter::{CAMILLE, Letter, MAILBOX, folder, mark, message_id, minutes, own_answer, reply};

const FOLDER_VARIABLE: &str = "GUICHET_TEST_CRASH_FOLDER";
const STEP_VARIABLE: &str = "GUICHET_TEST_CRASH_STEP";

const ENDLESS: &str = "record endlessly";
/// Retention, on what `upkeep_crash` has put there.
pub const EXPIRE: &str = "expire";
const DURABLE: &str = "durable: ";

/// Steps that a crash must leave whole or undone, each on what the ones before it left.
const STEPS: &[&str] = &[
    "set_position",
    "record a new case",
    "claim",
    "commit",
    "finish",
    "chore done",
    "approve",
    "record an answer that withdraws the reply",
    "record a long message",
    "record an answer given elsewhere",
];

/// Where the process dies, and whether the step must be there afterwards (`None`: either).
const PLACES: &[(&str, Option<bool>)] = &[
    ("store.batch.before", Some(false)),
    ("store.batch.after", None),
    ("store.flush.before", None),
    ("store.flush.after", Some(true)),
];

async fn take(store: &dyn Store, lease: &Lease, step: &str) {
    let first = Letter::new(1);
    let acknowledgement = first.acknowledgement_id();
    match step {
        "set_position" => {
            let inbox = folder(guichet::domain::position::FolderRole::Inbox);
            store.set_position(lease, &inbox, &mark("first")).await.unwrap();
        }
        "record a new case" => record(store, lease, &first).await,
        "claim" => assert_eq!(store.claim_due(lease, minutes(2), 9).await.unwrap().len(), 1),
        "commit" => store.mark_committing(lease, &acknowledgement).await.unwrap(),
        "finish" => {
            let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
            store.finish(lease, &acknowledgement, accepted, minutes(3)).await.unwrap();
        }
        "chore done" => {
            let chore = store.chores(MAILBOX, minutes(9), 1).await.unwrap().remove(0);
            store.chore_done(lease, &chore, false, minutes(4)).await.unwrap();
        }
        "approve" => {
            let case = store.case(&first.case_id()).await.unwrap();
            let mail = Box::new(reply(&case, 1, minutes(60)));
            let decision =
                Decision::Approve { mail, asks: true, timers: Vec::new(), refund: None, promises: Vec::new() };
            store.decide(&case.id, case.revision, decision, "rita", minutes(5)).await.unwrap();
        }
        "record an answer that withdraws the reply" => record(store, lease, &Letter::new(6)).await,
        "record a long message" => record(store, lease, &long_letter()).await,
        "record an answer given elsewhere" => {
            let cited = [message_id("<m1@customer.example>")];
            store.record(lease, own_answer(8, minutes(8), CAMILLE, &cited)).await.unwrap();
        }
        other => panic!("no step {other}"),
    }
}

async fn record(store: &(dyn Store + '_), lease: &Lease, letter: &Letter) {
    let intake = letter.prepare(store).await;
    store.record(lease, intake).await.unwrap();
}

/// Its text needs a file.
fn long_letter() -> Letter {
    let text: String = (0_u64..4000).map(|n| format!("{:x} ", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    Letter::new(7).saying(&text)
}

/// Not a test by itself: the process that is made to die.
#[tokio::test]
#[ignore = "run by the crash tests in a process of its own"]
async fn the_process_that_dies() {
    let folder = std::env::var_os(FOLDER_VARIABLE).expect("run by the crash tests");
    let step = std::env::var(STEP_VARIABLE).expect("run by the crash tests");
    let store = open(Path::new(&folder));
    let lease = store.lease(MAILBOX).await.unwrap();
    if step == ENDLESS {
        return record_endlessly(&store, &lease).await;
    }
    if step == EXPIRE {
        super::upkeep_crash::expire(&store).await;
        return;
    }
    match step.strip_prefix("keep raw ") {
        Some(hex) => store.keep_raw(MessageKey::from_hex(hex).unwrap(), b"raw").await.unwrap(),
        None => take(&store, &lease, &step).await,
    }
}

/// Eight at a time, saying which letters are durable.
async fn record_endlessly(store: &SledStore, lease: &Lease) {
    let mut running = tokio::task::JoinSet::new();
    for n in 1.. {
        if running.len() >= 8 {
            let durable: u32 = running.join_next().await.unwrap().unwrap();
            println!("{DURABLE}{durable}");
        }
        let (store, lease) = (store.clone(), lease.clone());
        running.spawn(async move {
            let letter = Letter::new(n).from(&format!("person{n}@d{n}.example"));
            record(&store, &lease, &letter).await;
            n
        });
    }
}

fn child(data: &Path, step: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "store_sled::crash::the_process_that_dies", "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, data)
        .env(STEP_VARIABLE, step);
    command
}

/// Runs a step in a process armed to die at `place`; whether it did, and did not end otherwise.
pub fn dies(data: &Path, step: &str, place: &str) -> bool {
    let output = child(data, step).env("GUICHET_FAILPOINT", place).output().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(signal.is_some() || output.status.success(), "“{step}” failed before {place}: {} {said}", output.status);
    signal.is_some()
}

fn die(data: &Path, step: &str, place: &str) {
    assert!(dies(data, step, place), "“{step}” did not die at {place}");
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_there_whole_or_not_at_all() {
    let base = tempfile::tempdir().unwrap();
    for step in STEPS {
        let store = open(base.path());
        let before = picture(&store).await;
        drop(store);
        let places = PLACES.iter().chain(if *step == "record a long message" {
            &[("store.text.before", Some(false)), ("store.text.after", Some(false))][..]
        } else {
            &[]
        });
        let mut seen = Vec::new();
        for (place, there) in places {
            let crashed = tempfile::tempdir().unwrap();
            copy(base.path(), crashed.path());
            die(crashed.path(), step, place);
            seen.push((*place, *there, picture(&open(crashed.path())).await));
        }
        let store = open(base.path());
        let lease = store.lease(MAILBOX).await.unwrap();
        take(&store, &lease, step).await;
        let after = picture(&store).await;
        drop(store);
        assert_ne!(before, after, "“{step}” changes nothing: the test proves nothing");
        for (place, there, found) in seen {
            let whole = found == after;
            assert!(whole || found == before, "“{step}”, dead at {place}, left a part:\n{found}");
            assert!(there.is_none_or(|there| there == whole), "“{step}”, dead at {place}: whole is {whole}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_of_a_crash_are_whole_or_swept() {
    let letter = Letter::new(1);
    for place in ["store.raw.before", "store.raw.after"] {
        let data = tempfile::tempdir().unwrap();
        let store = open(data.path());
        record(&store, &store.lease(MAILBOX).await.unwrap(), &Letter::new(2)).await;
        drop(store);
        die(data.path(), &format!("keep raw {}", letter.key().to_hex()), place);
        let store = open(data.path());
        assert_eq!(store.raw(letter.key()).await.unwrap(), None, "no message names it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_called_durable_survives_a_kill() {
    use std::io::BufRead as _;
    let data = tempfile::tempdir().unwrap();
    for lines in [1, 9, 64] {
        let folder = data.path().join(lines.to_string());
        let mut child = child(&folder, ENDLESS).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let said = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let durable: Vec<u32> = said
            .filter_map(|line| line.unwrap().split_once(DURABLE).map(|(_, n)| n.parse().unwrap()))
            .take(lines)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(durable.len(), lines);
        let store = open(&folder);
        for n in durable {
            let file = store.case_file(&Letter::new(n).case_id()).await.unwrap();
            assert_eq!((file.messages.len(), file.outgoing.len(), file.draft.is_some()), (1, 1, true));
        }
    }
}

#[test]
fn ids_of_the_samples_do_not_meet() {
    let ids: std::collections::BTreeSet<OutgoingId> = (1..500).map(|n| Letter::new(n).acknowledgement_id()).collect();
    let cases: std::collections::BTreeSet<_> = (1..500).map(|n| Letter::new(n).case_id()).collect();
    assert_eq!((ids.len(), cases.len()), (499, 499));
}
