//! A message enters the store.

use guichet::domain::joining::Joining;
use guichet::domain::position::FolderRole;
use guichet::domain::{CaseFlag, CaseState, Closed, Condition, Message, Position};
use guichet::ports::store::{Lease, Matter, Quarantine, Recorded, StoreError};

use super::{Bench, event_names, queued};
use crate::support::letter::{Letter, MAILBOX, folder, mark, minutes, seconds};

pub async fn a_new_case_has_everything_at_once(mut bench: Bench) {
    let letter = Letter::new(1).order("CMD-7");
    let recorded = bench.receive(&letter).await;
    assert!(queued(&recorded), "{recorded:?}");
    let file = bench.file(&letter.case_id()).await;
    assert_eq!(file.case.state, CaseState::NeedsReply);
    assert_eq!(file.case.mailbox, MAILBOX);
    assert_eq!(file.case.customer.as_ref(), letter.message.author());
    assert_eq!(file.case.waiting_since, letter.at);
    assert_eq!(file.case.known.order_number.as_deref(), Some("CMD-7"));
    assert_eq!(file.case.thread, Vec::from_iter(letter.message.message_id.clone()));
    assert_eq!(file.messages.len(), 1);
    assert_eq!(file.messages[0].message, letter.message);
    assert_eq!(file.messages[0].verdict, letter.verdict);
    assert_eq!(file.draft.unwrap().revision, file.case.revision);
    assert_eq!(file.outgoing.len(), 1);
    assert!(file.outgoing[0].bytes.starts_with(b"Subject: "));
    assert_eq!(event_names(&bench.file(&letter.case_id()).await), ["received", "drafted", "queued"]);
    let position = bench.store().position(&folder(FolderRole::Inbox)).await.unwrap();
    assert_eq!(position, Some(mark("after 1")));
    assert_eq!(bench.queue(10).await.len(), 1);
}

pub async fn an_unreadable_message_opens_a_case(mut bench: Bench) {
    let mut letter = Letter::new(1);
    letter.message = Message::unreadable(minutes(1), "broken beyond repair");
    letter.verdict = None;
    letter.draft = None;
    letter.acknowledge = false;
    let case = bench.open_case(&letter).await;
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, &file.case.verdict, &file.case.customer), (CaseState::NeedsReply, &None, &None));
    assert!(file.case.flags.contains(&CaseFlag::Unreadable));
    assert!(matches!(file.messages[0].message.condition, Condition::Unreadable(_)));
    assert_eq!(bench.queue(10).await[0].case.id, case);
}

pub async fn history_opens_a_closed_case(mut bench: Bench) {
    let letter = Letter::new(1).history();
    let recorded = bench.receive(&letter).await;
    assert!(matches!(recorded, Recorded::New { .. }) && !queued(&recorded));
    let file = bench.file(&letter.case_id()).await;
    assert_eq!(file.case.state, CaseState::Closed(Closed::History));
    assert_eq!((file.draft, file.outgoing.len()), (None, 0));
    assert!(file.case.flags.is_empty());
    assert!(bench.queue(10).await.is_empty());
}

pub async fn the_same_message_again_moves_the_position_only(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    let before = bench.file(&case).await;
    let mut again = letter.prepare(bench.store()).await;
    assert_eq!(bench.store().locate(&letter.threading()).await.unwrap(), Joining::Known(Some(case.clone())));
    again.position = mark("further");
    again.location.folder = folder(FolderRole::Junk);
    assert_eq!(bench.record(again).await, Recorded::AlreadyKnown { case: Some(case.clone()) });
    assert_eq!(bench.file(&case).await, before);
    assert_eq!(bench.store().position(&folder(FolderRole::Junk)).await.unwrap(), Some(mark("further")));
}

pub async fn an_outdated_preparation_stores_nothing(mut bench: Bench) {
    let first = Letter::new(1);
    let second = Letter::new(2);
    let unaware = second.prepare(bench.store()).await;
    let case = bench.open_case(&first).await;
    assert_eq!(bench.record(unaware).await, Recorded::Outdated, "it would join now");
    let prepared = second.prepare(bench.store()).await;
    assert_eq!(bench.receive(&Letter::new(3)).await, Recorded::Joined { case: case.clone() });
    assert_eq!(bench.record(prepared).await, Recorded::Outdated, "the case moved on");
    assert_eq!(bench.file(&case).await.messages.len(), 2);
    assert_eq!(bench.store().position(&folder(FolderRole::Inbox)).await.unwrap(), Some(mark("after 3")));
    assert_eq!(bench.receive(&second).await, Recorded::Joined { case });
}

pub async fn a_taken_case_reference_is_outdated(mut bench: Bench) {
    bench.open_case(&Letter::new(1)).await;
    let stranger = Letter::new(1).from("paul@elsewhere.example").saying("another matter");
    let mut intake = stranger.prepare(bench.store()).await;
    intake.message.message_id = None;
    assert_eq!(bench.record(intake).await, Recorded::Outdated);
    assert_eq!(bench.store().cases(10).await.unwrap().len(), 1);
}

pub async fn a_held_permission_is_flagged_and_sends_nothing(mut bench: Bench) {
    let letter = Letter::new(1).held("dmarc=fail");
    assert!(!queued(&bench.receive(&letter).await));
    let file = bench.file(&letter.case_id()).await;
    assert!(file.case.flags.contains(&CaseFlag::NotAcknowledged("dmarc=fail".into())));
    assert!(file.draft.is_some() && file.outgoing.is_empty());
}

pub async fn a_machine_changes_no_case(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let before = bench.file(&case).await;
    let machine = Letter::new(2).from("news@elsewhere.example").citing(&before.case.thread[0]);
    let intake = machine.intake(Matter::Machine { why: "auto-submitted".into(), alert: None });
    assert_eq!(bench.record(intake.clone()).await, Recorded::Noted { case: None });
    assert_eq!(bench.record(intake).await, Recorded::AlreadyKnown { case: None });
    assert_eq!(bench.store().locate(&machine.threading()).await.unwrap(), Joining::Known(None));
    assert_eq!(bench.file(&case).await, before);
    let listed = bench.store().automated(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].why.as_str(), listed[0].key), ("auto-submitted", machine.key()));
}

pub async fn a_quarantined_message_is_listed_when_given_up(mut bench: Bench) {
    let letter = Letter::new(1);
    for (given_up, listed) in [(false, 0), (true, 1)] {
        let quarantine = Quarantine {
            location: letter.location(),
            position: mark(if given_up { "given up" } else { "failed once" }),
            why: "the server gave no bytes".into(),
            given_up,
            at: minutes(1),
        };
        bench.step(|store, lease| async move { store.pass_over(&lease, quarantine).await }).await.unwrap();
        assert_eq!(bench.store().quarantined(10).await.unwrap().len(), listed);
    }
    let position = bench.store().position(&folder(FolderRole::Inbox)).await.unwrap();
    assert_eq!(position, Some(mark("given up")));
}

pub async fn positions_grow_by_names(mut bench: Bench) {
    let inbox = folder(FolderRole::Inbox);
    assert_eq!(bench.store().position(&inbox).await.unwrap(), None);
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let first = Position { mark: "m1".into(), seen: names(&["a", "b"]), ..Position::default() };
    let target = inbox.clone();
    bench.step(|store, lease| async move { store.set_position(&lease, &target, &first).await }).await.unwrap();
    let mut intake = Letter::new(1).prepare(bench.store()).await;
    intake.position = Position { mark: "m2".into(), seen: names(&["c"]), forgotten: names(&["a"]) };
    bench.record(intake).await;
    let stored = bench.store().position(&inbox).await.unwrap().unwrap();
    assert_eq!(stored, Position { mark: "m2".into(), seen: names(&["b", "c"]), ..Position::default() });
    assert_eq!(bench.store().position(&folder(FolderRole::Sent)).await.unwrap(), None);
    let afresh = Position { mark: "m3".into(), seen: names(&["z"]), ..Position::default() };
    let (target, wanted) = (inbox.clone(), afresh.clone());
    bench.step(|store, lease| async move { store.set_position(&lease, &target, &wanted).await }).await.unwrap();
    assert_eq!(bench.store().position(&inbox).await.unwrap(), Some(afresh));
}

pub async fn raw_bytes_are_kept(mut bench: Bench) {
    let letter = Letter::new(1);
    let bytes = b"Subject: x\r\n\r\n\xff\x00 raw".repeat(1000);
    assert_eq!(bench.store().raw(letter.key()).await.unwrap(), None);
    for _ in 0..2 {
        bench.store().keep_raw(letter.key(), &bytes).await.unwrap();
    }
    let mut intake = letter.prepare(bench.store()).await;
    intake.raw_kept = true;
    bench.record(intake).await;
    assert_eq!(bench.store().raw(letter.key()).await.unwrap(), Some(bytes));
    assert!(bench.file(&letter.case_id()).await.messages[0].raw_kept);
}

pub async fn a_stale_lease_changes_nothing(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let before = super::picture(bench.store()).await;
    let lost = Lease { epoch: bench.lease.epoch + 1, ..bench.lease.clone() };
    let store = bench.store();
    let prepared = Letter::new(2).prepare(store).await;
    let inbox = folder(FolderRole::Inbox);
    let id = Letter::new(1).acknowledgement_id();
    let now = seconds(100);
    let lease_lost = Some(StoreError::LeaseLost);
    assert_eq!(store.record(&lost, prepared).await.err(), lease_lost);
    assert_eq!(store.set_position(&lost, &inbox, &mark("x")).await.err(), lease_lost);
    assert_eq!(store.claim_due(&lost, now, 1).await.err(), lease_lost);
    assert_eq!(store.recover(&lost, now).await.err(), lease_lost);
    assert_eq!(store.mark_committing(&lost, &id).await.err(), lease_lost);
    assert_eq!(store.finish(&lost, &id, super::accepted(), now).await.err(), lease_lost);
    assert_eq!(store.prove_sent(&lost, &id, "copy", now).await.err(), lease_lost);
    assert_eq!(store.resolve_doubts(&lost, true, now).await.err(), lease_lost);
    assert_eq!(store.due_timers(&lost, now).await.err(), lease_lost);
    let suggestion = crate::support::letter::suggestion("x");
    assert_eq!(store.revise(&lost, &case, 1, suggestion, String::new(), now).await.err(), lease_lost);
    assert_eq!(super::picture(store).await, before);
}

pub async fn long_texts_come_back_whole(mut bench: Bench) {
    let long = "Très longue plainte, numéro après numéro. ".repeat(20_000);
    let mut letter = Letter::new(1).saying(&long);
    letter.draft.as_mut().unwrap().body.clone_from(&long);
    let case = bench.open_case(&letter).await;
    let file = bench.file(&case).await;
    assert_eq!(file.messages[0].message.text, long);
    assert_eq!(file.draft.unwrap().body, long);
}
