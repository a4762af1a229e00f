//! Retention that was killed has taken nothing that should stay, and takes the rest the next time.

use std::collections::BTreeSet;
use std::path::Path;

use guichet::adapters::store::sled::SledStore;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::{CaseState, Closed, Signal};
use guichet::ports::Store;
use guichet::ports::store::{Decision, Expired, Expiry, Matter};

use super::super::crash::{EXPIRE, copy, dies};
use super::super::open;
use super::{letter, names_in, points, record};
use crate::support::letter::{Letter, MAILBOX, kept_since, minutes, reply};

const CLOSED: u32 = 1;
const MACHINE: u32 = 2;
const ANSWERED: u32 = 3;
const ANSWERED_LATELY: u32 = 4;
const DISPUTED: u32 = 5;
const YOUNG: u32 = 6;
/// What has to be whole at any time.
const STAYS: [u32; 2] = [DISPUTED, YOUNG];

/// By then retention has something to do in each of its steps.
pub(in super::super) async fn expire(store: &SledStore) -> Expired {
    let before = Expiry { answered: minutes(1500), ..kept_since(minutes(500)) };
    store.expire(before, minutes(2000)).await.unwrap()
}

fn written(n: u32) -> Letter {
    match n {
        ANSWERED_LATELY => letter(n).at(minutes(1000)),
        DISPUTED => letter(n).signals(&[Signal::DisputeOpened]),
        YOUNG => letter(n).at(minutes(1900)),
        _ => letter(n),
    }
}

async fn decide(store: &SledStore, n: u32, decision: Decision) {
    let case = store.case(&letter(n).case_id()).await.unwrap();
    store.decide(&case.id, case.revision, decision, "rita", minutes(10)).await.unwrap();
}

async fn answer(store: &SledStore, n: u32) {
    let mail = Box::new(reply(&store.case(&letter(n).case_id()).await.unwrap(), 1, minutes(10)));
    decide(store, n, Decision::Approve { mail, asks: false, timers: Vec::new(), refund: None, promises: Vec::new() })
        .await;
    let lease = store.lease(MAILBOX).await.unwrap();
    for mail in store.claim_due(&lease, minutes(1100), 99).await.unwrap() {
        store.mark_committing(&lease, &mail.id).await.unwrap();
        let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
        store.finish(&lease, &mail.id, accepted, minutes(1100)).await.unwrap();
    }
}

async fn fill(store: &SledStore) {
    for n in [CLOSED, ANSWERED, ANSWERED_LATELY, DISPUTED, YOUNG] {
        record(store, &written(n)).await;
    }
    let robot = written(MACHINE);
    store.keep_raw(robot.key(), b"raw").await.unwrap();
    let mut intake = robot.prepare(store).await;
    intake.matter = Matter::Machine { why: "absence".into(), alert: None };
    store.record(&store.lease(MAILBOX).await.unwrap(), intake).await.unwrap();
    decide(store, CLOSED, Decision::Dismiss { why: "settled".into() }).await;
    answer(store, ANSWERED).await;
    answer(store, ANSWERED_LATELY).await;
}

/// Every case as it stands, and every file: all of it can be read.
async fn left(data: &Path, store: &SledStore) -> Vec<String> {
    let mut lines = Vec::new();
    for case in store.cases(99).await.unwrap() {
        let file = store.case_file(&case.id).await.unwrap();
        let record: Vec<_> = file.record.iter().map(|entry| entry.seq).collect();
        let (messages, mails) = (file.messages.len(), file.outgoing.len());
        lines.push(format!("{} {:?} {messages} {mails} {record:?}", case.id, file.case.state));
    }
    lines.push(format!("{:?} {:?}", store.overview().await.unwrap(), store.automated(9).await.unwrap()));
    lines.push(format!("{:?} {:?}", names_in(&data.join("raw")), names_in(&data.join("texts"))));
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_that_was_killed_takes_nothing_else_and_is_finished_later() {
    let base = tempfile::tempdir().unwrap();
    let (full, done, data) = (base.path().join("full"), base.path().join("done"), base.path().join("data"));
    fill(&open(&full)).await;
    copy(&full, &done);
    let store = open(&done);
    let gone = expire(&store).await;
    assert_eq!((gone.raw, gone.automated, gone.settled, gone.cases), (3, 1, 2, 2), "{gone:?}");
    let state = store.case(&letter(ANSWERED_LATELY).case_id()).await.unwrap().state;
    assert_eq!(state, CaseState::Closed(Closed::Done), "settled, and kept for now");
    let finished = left(&done, &store).await;
    drop(store);

    let mut died = BTreeSet::new();
    let points = points("expire-", 3);
    for point in &points {
        let _ = std::fs::remove_dir_all(&data);
        copy(&full, &data);
        if !dies(&data, EXPIRE, point) {
            continue;
        }
        died.insert(point.split(':').next().unwrap());
        let store = open(&data);
        left(&data, &store).await;
        for n in STAYS {
            let file = store.case_file(&letter(n).case_id()).await.unwrap();
            assert_eq!(file.messages[0].message.text, letter(n).message.text, "{point}");
            assert!(store.raw(written(n).key()).await.unwrap().is_some(), "{point}: the original of {n}");
        }
        expire(&store).await;
        assert_eq!(left(&data, &store).await, finished, "{point}");
    }
    let all: BTreeSet<_> = points.iter().map(|point| point.split(':').next().unwrap()).collect();
    assert_eq!(died, all, "every point lies on the way");
}

/// A store so small that nothing gets to the disk before it is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn no_file_goes_before_it_is_durable_that_no_row_names_it() {
    let base = tempfile::tempdir().unwrap();
    let (full, data) = (base.path().join("full"), base.path().join("data"));
    let store = open(&full);
    record(&store, &written(CLOSED)).await;
    decide(&store, CLOSED, Decision::Dismiss { why: "settled".into() }).await;
    drop(store);
    for point in ["store.flush.before", "expire-swept"] {
        let _ = std::fs::remove_dir_all(&data);
        copy(&full, &data);
        assert!(dies(&data, EXPIRE, point), "{point} was not reached");
        let store = open(&data);
        let file = store.case_file(&letter(CLOSED).case_id()).await.unwrap();
        let (text, named) = (names_in(&data.join("texts")).len(), file.messages.len());
        assert!(text >= named, "{point}: {named} of a message, {text} of its text");
    }
}
