//! A long text whose file is damaged: only what needs the text stands still, and it is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::daemon::timers::Timers;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::position::FolderRole;
use guichet::domain::{CaseState, Closed, DeliveryState, Email, OutgoingMail, Timer, TimerKind};
use guichet::ports::store::{Decision, Erased, Expiry, Matter, OutboxFilter};
use guichet::ports::{Clock, Store};
use jiff::Timestamp;

use super::files::noise;
use super::{ids, open};
use crate::store_contract::event_names;
use crate::support::clock::ManualClock;
use crate::support::letter::{Letter, MAILBOX, folder, kept_since, minutes, reply};

const CLAIRE: &str = "claire@customer.example";
const DENIS: &str = "denis@other.example";

fn texts(data: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(data.join("texts")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Does a step that stores one long text; its file.
async fn file_of(data: &Path, step: impl Future<Output = ()>) -> PathBuf {
    let before = texts(data);
    step.await;
    let after = texts(data);
    let mut new = after.difference(&before);
    let file = new.next().expect("a file of its own").clone();
    assert_eq!(new.next(), None);
    file
}

async fn record(store: &SledStore, letter: &Letter, machine: bool) {
    let lease = store.lease(MAILBOX).await.unwrap();
    let mut intake = letter.prepare(store).await;
    if machine {
        intake.matter = Matter::Machine { why: "absence".into(), alert: None };
    }
    store.record(&lease, intake).await.unwrap();
}

fn long(n: u32, from: &str) -> Letter {
    Letter::new(n).from(from).saying(&noise(20_000 + n as usize))
}

/// Another bit in the middle of the file; its former bytes.
fn damage(file: &Path) -> Vec<u8> {
    let whole = fs::read(file).unwrap();
    let mut bytes = whole.clone();
    bytes[whole.len() / 2] ^= 0x10;
    fs::write(file, bytes).unwrap();
    whole
}

async fn erase(store: &SledStore, address: &str) -> Erased {
    store.erase(&Email::parse(address).unwrap(), minutes(100)).await.unwrap()
}

async fn dismiss(store: &SledStore, letter: &Letter) {
    let revision = store.case(&letter.case_id()).await.unwrap().revision;
    let dismissed = Decision::Dismiss { why: "settled".into() };
    store.decide(&letter.case_id(), revision, dismissed, "rita", minutes(9)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_erased_and_so_is_the_person_whose_text_it_is() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let (claire, denis) = (long(1, CLAIRE), long(2, DENIS));
    record(&store, &claire, false).await;
    let file = file_of(data.path(), record(&store, &denis, false)).await;
    damage(&file);

    let erased = erase(&store, CLAIRE).await;
    assert_eq!((erased.cases.as_slice(), erased.messages), ([claire.case_id()].as_slice(), 1));
    assert!(store.knows(denis.key()).await.unwrap() && file.exists());
    let [told] = erased.damaged.as_slice() else { panic!("{erased:?}") };
    assert!(told.contains(&file.display().to_string()) && told.contains(denis.case_id().as_str()), "{told}");
    assert_eq!(store.damaged(false).await.unwrap().len(), 1, "an alarm names it");

    let erased = erase(&store, DENIS).await;
    assert_eq!((erased.cases.as_slice(), erased.messages), ([denis.case_id()].as_slice(), 1));
    assert_eq!((erased.damaged.as_slice(), erased.unlocated), ([].as_slice(), 1));
    assert_eq!(store.damaged(true).await.unwrap(), [""; 0]);
    assert_eq!(store.case(&denis.case_id()).await.unwrap().state, CaseState::Closed(Closed::Erased));
    assert!(!file.exists() && store.knows(denis.key()).await.unwrap());
    assert!(store.case_file(&denis.case_id()).await.unwrap().messages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_out_like_any_other() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let (case, machine) = (long(1, CLAIRE), long(2, "robot@robot.example"));
    for (letter, machine) in [(&case, false), (&machine, true)] {
        damage(&file_of(data.path(), record(&store, letter, machine)).await);
    }
    dismiss(&store, &case).await;
    let before = Expiry { raw: Timestamp::MIN, ..kept_since(minutes(2000)) };
    let gone = store.expire(before, minutes(4000)).await.unwrap();
    assert_eq!((gone.automated, gone.cases, texts(data.path()).len()), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_of_others_are_compared() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let (claire, denis) = (long(1, CLAIRE), long(2, DENIS));
    record(&store, &claire, false).await;
    damage(&file_of(data.path(), record(&store, &denis, false)).await);
    let names = [&claire, &denis].map(|letter| letter.location().name).into_iter().chain(["new".to_owned()]).collect();
    let missing = store.missing(&folder(FolderRole::Inbox), names).await.unwrap();
    assert_eq!(missing, [denis.location().name, "new".into()], "who asks goes by its identity then");
    assert!(store.knows(denis.key()).await.unwrap());
}

async fn approve(store: &SledStore, letter: &Letter, bytes: Vec<u8>) -> OutgoingMail {
    approve_with(store, letter, bytes, Vec::new()).await
}

async fn approve_with(store: &SledStore, letter: &Letter, bytes: Vec<u8>, timers: Vec<Timer>) -> OutgoingMail {
    let case = store.case(&letter.case_id()).await.unwrap();
    let mail = OutgoingMail { bytes, ..reply(&case, letter.n, minutes(10)) };
    let approved =
        Decision::Approve { mail: Box::new(mail.clone()), asks: true, timers, refund: None, promises: Vec::new() };
    store.decide(&case.id, case.revision, approved, "rita", minutes(5)).await.unwrap();
    mail
}

async fn row(store: &SledStore, mail: &OutgoingMail) -> OutgoingMail {
    let rows = store.outbox(OutboxFilter::Latest(99)).await.unwrap();
    rows.into_iter().find(|row| row.id == mail.id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_ours_waits_for_a_person_and_the_others_leave() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let (claire, denis) = (Letter::new(1).from(CLAIRE), Letter::new(2).from(DENIS));
    let lease = store.lease(MAILBOX).await.unwrap();
    for letter in [&claire, &denis] {
        record(&store, letter, false).await;
    }
    let acknowledgements = store.claim_due(&lease, minutes(2), 9).await.unwrap();
    assert_eq!(acknowledgements.len(), 2);
    let mut first = None;
    let file =
        file_of(data.path(), async { first = Some(approve(&store, &claire, noise(30_000).into_bytes()).await) }).await;
    let (first, second) = (first.unwrap(), approve(&store, &denis, b"Subject: Re\r\n\r\nBonjour\r\n".to_vec()).await);
    let whole = damage(&file);

    let claimed = store.claim_due(&lease, minutes(11), 9).await.unwrap();
    assert_eq!(claimed.iter().map(|mail| &mail.id).collect::<Vec<_>>(), [&second.id]);
    let held = row(&store, &first).await;
    let DeliveryState::Held { why, may_have_left } = &held.state else { panic!("{held:?}") };
    assert!(why.contains(&file.display().to_string()) && !may_have_left, "{why}");

    fs::write(&file, whole).unwrap();
    store.release(&first.id, "rita", minutes(12)).await.unwrap();
    let claimed = store.claim_due(&lease, minutes(13), 9).await.unwrap();
    assert_eq!(claimed.iter().map(|mail| mail.bytes.len()).collect::<Vec<_>>(), [30_000]);

    // It has left, and the copy for the folder of sent mail cannot be made; other duties are done.
    for mail in claimed.iter().chain(&acknowledgements) {
        store.mark_committing(&lease, &mail.id).await.unwrap();
        let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
        store.finish(&lease, &mail.id, accepted, minutes(14)).await.unwrap();
    }
    damage(&file);
    assert_eq!(store.chores(MAILBOX, minutes(15), 1).await.unwrap().len(), 1);
    assert_eq!(store.chores(MAILBOX, minutes(15), 9).await.unwrap().len(), 2, "the marks of two acknowledgements");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_stored_although_its_letter_cannot_be_read() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let claire = long(1, CLAIRE);
    let lease = store.lease(MAILBOX).await.unwrap();
    damage(&file_of(data.path(), record(&store, &claire, false)).await);
    let claimed = store.claim_due(&lease, minutes(2), 9).await.unwrap();
    store.mark_committing(&lease, &claimed[0].id).await.unwrap();
    let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
    let state = store.finish(&lease, &claimed[0].id, accepted, minutes(3)).await.unwrap();
    assert!(matches!(state, DeliveryState::Sent { .. }), "{state:?}");
}

/// How often a timer of the letter's case fired.
async fn reminders(store: &SledStore, letter: &Letter) -> usize {
    let file = store.case_file(&letter.case_id()).await.unwrap();
    event_names(&file).iter().filter(|name| *name == "timer_fired").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timers_of_others_fall_due() {
    let data = tempfile::tempdir().unwrap();
    let store = Arc::new(open(data.path()));
    let (claire, denis) = (long(1, CLAIRE), Letter::new(2).from(DENIS));
    let file = file_of(data.path(), record(&store, &claire, false)).await;
    record(&store, &denis, false).await;
    for (letter, minute) in [(&claire, 100), (&denis, 101)] {
        let timer = Timer { case: letter.case_id(), kind: TimerKind::Reminder, due: minutes(minute), revision: 0 };
        approve_with(&store, letter, b"Subject: Re\r\n\r\nBonjour\r\n".to_vec(), vec![timer]).await;
    }
    let whole = damage(&file);
    let clock = ManualClock::new();
    clock.advance(minutes(200).duration_since(clock.now()));
    let timers = Timers {
        store: Arc::clone(&store) as Arc<dyn Store>,
        handbooks: crate::intake::handbooks(),
        sender: crate::shop::sender(),
        clock: Arc::new(clock),
    };
    let lease = store.lease(MAILBOX).await.unwrap();
    timers.fire_due(&lease).await.unwrap();
    let due = store.due_timers(&lease, minutes(200)).await.unwrap();
    assert_eq!(due.iter().map(|timer| &timer.case).collect::<Vec<_>>(), [&claire.case_id()], "hers stays due");
    assert_eq!(reminders(&store, &denis).await, 1);
    fs::write(&file, whole).unwrap();
    timers.fire_due(&lease).await.unwrap();
    assert_eq!(store.due_timers(&lease, minutes(200)).await.unwrap(), [], "once the file is put right");
    assert_eq!(reminders(&store, &claire).await, 1);
}

/// Drafts, what was found on an order, replies and the record are searched as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_draft_or_reply_of_somebody_else_stops_no_erasure() {
    let data = tempfile::tempdir().unwrap();
    let store = open(data.path());
    let claire = long(1, CLAIRE);
    record(&store, &claire, false).await;
    let mut denis = Letter::new(2).from(DENIS);
    denis.draft.as_mut().unwrap().body = noise(30_000);
    damage(&file_of(data.path(), record(&store, &denis, false)).await);
    let eve = Letter::new(3).from("eve@another.example");
    record(&store, &eve, false).await;
    let mail = file_of(data.path(), async { drop(approve(&store, &eve, noise(31_000).into_bytes()).await) }).await;
    damage(&mail);

    let erased = erase(&store, CLAIRE).await;
    assert_eq!(erased.cases, [claire.case_id()]);
    assert_eq!(erased.damaged.len(), 2, "{:?}", erased.damaged);
    assert_eq!(erase(&store, DENIS).await.cases, [denis.case_id()]);
    assert_eq!(erase(&store, CLAIRE).await.damaged.len(), 1, "what is gone keeps nothing back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_and_says_what_is_damaged() {
    let base = tempfile::tempdir().unwrap();
    let (data, backups) = (base.path().join("data"), base.path().join("backups"));
    let settings = SledSettings { backups: Some(backups.clone()), keep_backups: Some(1), ..SledSettings::default() };
    let (store, _) = SledStore::open(&data, &settings, ids()).unwrap();
    let claire = long(1, CLAIRE);
    let file = file_of(&data, record(&store, &claire, false)).await;
    store.keep_raw(claire.key(), noise(9000).as_bytes()).await.unwrap();
    let raw = fs::read_dir(data.join("raw")).unwrap().next().unwrap().unwrap().path();
    let [whole, second, third] =
        ["20260301T000000Z", "20260302T000000Z", "20260303T000000Z"].map(|name| backups.join(name));
    assert_eq!(store.backup(&whole).await.unwrap().damaged, [""; 0]);
    for (damaged, number, with) in [(&file, 1, b"no zstd".as_slice()), (&raw, 2, b"")] {
        fs::write(damaged, with).unwrap();
        let done = store.backup(&second).await.unwrap();
        assert_eq!(done.damaged.len(), number, "{:?}", done.damaged);
        assert!(done.damaged.iter().any(|told| told.contains(&damaged.display().to_string())), "{:?}", done.damaged);
        assert!(whole.exists(), "it has what is damaged here");
        fs::remove_dir_all(&second).unwrap();
    }
    fs::copy(whole.join("texts").join(file.file_name().unwrap()), &file).unwrap();
    fs::copy(whole.join("raw").join(raw.file_name().unwrap()), &raw).unwrap();
    assert_eq!(store.damaged(true).await.unwrap(), [""; 0], "put in its place beside the running store");
    assert_eq!(store.case_file(&claire.case_id()).await.unwrap().messages[0].message.text, claire.message.text);
    assert_eq!(store.backup(&third).await.unwrap().damaged, [""; 0]);
    assert!(!whole.exists() && third.exists());
}
