//! The way of a mail through the outbox.

use guichet::domain::outgoing::{AttemptOutcome, DOUBT_PERIOD, Stage};
use guichet::domain::{CaseFlag, CaseId, CaseState, DeliveryState, Event, OutgoingId};
use guichet::ports::store::{Chore, Decision, OutboxFilter, StoreError};
use jiff::Timestamp;

use super::{Bench, accepted, event_names, events};
use crate::support::letter::{CAMILLE, Letter, MAILBOX, minutes, own_answer, proposal, seconds};

/// A case whose acknowledgement was sent and whose reply waits for minute 5.
async fn approved(bench: &mut Bench) -> (CaseId, OutgoingId) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let id = bench.approve(&case, 1, minutes(5)).await.id;
    (case, id)
}

async fn claim(bench: &mut Bench, now: Timestamp) -> Vec<OutgoingId> {
    let claimed = bench.step(|store, lease| async move { store.claim_due(&lease, now, 9).await }).await.unwrap();
    claimed.into_iter().map(|mail| mail.id).collect()
}

async fn commit(bench: &mut Bench, id: &OutgoingId) {
    let id = id.clone();
    bench.step(|store, lease| async move { store.mark_committing(&lease, &id).await }).await.unwrap();
}

async fn finish(bench: &mut Bench, id: &OutgoingId, outcome: AttemptOutcome, now: Timestamp) -> DeliveryState {
    let id = id.clone();
    bench.step(|store, lease| async move { store.finish(&lease, &id, outcome, now).await }).await.unwrap()
}

/// Leaves the reply in doubt since minute 6.
async fn doubt(bench: &mut Bench, id: &OutgoingId) {
    claim(bench, minutes(5)).await;
    commit(bench, id).await;
    finish(bench, id, AttemptOutcome::Doubt { why: "no answer".into() }, minutes(6)).await;
}

async fn resolve(bench: &mut Bench, resend: bool, now: Timestamp) -> Vec<OutgoingId> {
    bench.step(|store, lease| async move { store.resolve_doubts(&lease, resend, now).await }).await.unwrap()
}

pub async fn an_accepted_reply_leaves_chores(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    let before = bench.store().chores(MAILBOX, minutes(9), 9).await.unwrap().len();
    assert_eq!(bench.store().next_due(MAILBOX).await.unwrap(), Some(minutes(5)));
    assert_eq!(claim(&mut bench, seconds(299)).await, [], "not before its time");
    assert_eq!(claim(&mut bench, minutes(5)).await, std::slice::from_ref(&id));
    assert_eq!(bench.store().next_due(MAILBOX).await.unwrap(), None);
    commit(&mut bench, &id).await;
    let state = finish(&mut bench, &id, accepted(), minutes(6)).await;
    assert!(matches!(&state, DeliveryState::Sent { response, .. } if response.starts_with("250")));
    let chores = bench.store().chores(MAILBOX, minutes(9), 9).await.unwrap();
    assert_eq!(chores.len(), before + 1);
    let chore = chores.into_iter().find(|chore| matches!(chore, Chore::FileCopy(_))).unwrap();
    let Chore::FileCopy(mail) = &chore else { unreachable!() };
    assert_eq!((&mail.id, mail.bytes.is_empty()), (&id, false));
    for _ in 0..2 {
        let done = chore.clone();
        bench
            .step(|store, lease| async move { store.chore_done(&lease, &done, true, minutes(7)).await })
            .await
            .unwrap();
    }
    assert_eq!(bench.store().chores(MAILBOX, minutes(9), 9).await.unwrap().len(), before);
    let file = bench.file(&case).await;
    assert_eq!(file.draft, None);
    assert_eq!(file.case.thread.last(), Some(&bench.mail(&id).await.message_id));
    let filed = events(&file).into_iter().filter(|event| matches!(event, Event::Filed { .. })).count();
    assert_eq!(filed, 1, "saying so twice is harmless");
    assert!(!bench.mail(&id).await.file_copy);
}

pub async fn an_accepted_acknowledgement_is_marked(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    bench.receive(&Letter::new(2)).await;
    bench.send_all(minutes(3)).await;
    let chores = bench.store().chores(MAILBOX, minutes(3), 9).await.unwrap();
    let wanted = Chore::MarkAcknowledged { id: letter.acknowledgement_id(), location: letter.location() };
    assert_eq!(chores, std::slice::from_ref(&wanted));
    bench.step(|store, lease| async move { store.chore_done(&lease, &wanted, false, minutes(4)).await }).await.unwrap();
    assert!(bench.store().chores(MAILBOX, minutes(9), 9).await.unwrap().is_empty());
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply, "an acknowledgement answers nothing");
}

pub async fn a_crash_while_dialling_is_free(mut bench: Bench) {
    let (_, id) = approved(&mut bench).await;
    claim(&mut bench, minutes(5)).await;
    let recovered = bench.step(|store, lease| async move { store.recover(&lease, minutes(7)).await }).await.unwrap();
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].state, DeliveryState::Pending { not_before: minutes(7) });
    claim(&mut bench, minutes(7)).await;
    let mail = bench.mail(&id).await;
    assert_eq!(mail.state, DeliveryState::Attempting { n: 2, stage: Stage::Dialling, since: minutes(7) });
    assert_eq!((mail.attempts, mail.resends), (2, 0));
}

pub async fn a_crash_while_committing_leaves_doubt(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    claim(&mut bench, minutes(5)).await;
    commit(&mut bench, &id).await;
    bench.step(|store, lease| async move { store.recover(&lease, minutes(7)).await }).await.unwrap();
    assert_eq!(bench.mail(&id).await.state, DeliveryState::InDoubt { since: minutes(7), n: 1 });
    assert_eq!(bench.store().next_due(MAILBOX).await.unwrap(), Some(minutes(7) + DOUBT_PERIOD));
    assert_eq!(bench.store().outbox(OutboxFilter::Troubled).await.unwrap().len(), 1);
    assert_eq!(claim(&mut bench, minutes(60)).await, [], "nothing in doubt is sent again by itself");
    let names: Vec<_> = events(&bench.file(&case).await)
        .into_iter()
        .filter_map(|event| match event {
            Event::Delivery { state, .. } => Some(state.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["sent", "in doubt"]);
}

pub async fn a_doubt_is_repeated_once_then_held(mut bench: Bench) {
    let (_, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    assert_eq!(resolve(&mut bench, true, minutes(20)).await, [], "too early");
    assert_eq!(resolve(&mut bench, true, minutes(21)).await, std::slice::from_ref(&id));
    assert_eq!(bench.mail(&id).await.resends, 1);
    assert_eq!(claim(&mut bench, minutes(21)).await, std::slice::from_ref(&id));
    commit(&mut bench, &id).await;
    finish(&mut bench, &id, AttemptOutcome::Doubt { why: "again".into() }, minutes(22)).await;
    assert_eq!(resolve(&mut bench, true, minutes(60)).await, std::slice::from_ref(&id));
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Held { .. }));
}

async fn dismiss(bench: &mut Bench, case: &CaseId, now: Timestamp) {
    let case = bench.case(case).await;
    let decision = Decision::Dismiss { why: String::new() };
    bench
        .step(|store, _| async move { store.decide(&case.id, case.revision, decision, "rita", now).await })
        .await
        .unwrap();
}

/// Resolves the doubt about a mail that was withdrawn meanwhile.
async fn not_repeated(bench: &mut Bench, id: &OutgoingId) {
    assert_eq!(resolve(bench, true, minutes(21)).await, std::slice::from_ref(id));
    assert!(matches!(bench.mail(id).await.state, DeliveryState::Cancelled { .. }), "{:?}", bench.mail(id).await.state);
    assert_eq!(claim(bench, minutes(600)).await, []);
}

pub async fn a_doubt_of_a_dismissed_case_is_not_repeated(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    dismiss(&mut bench, &case, minutes(7)).await;
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::InDoubt { .. }), "it may still be proven sent");
    not_repeated(&mut bench, &id).await;
    assert_eq!(bench.file(&case).await.draft, None);
}

pub async fn a_doubt_answered_elsewhere_is_not_repeated(mut bench: Bench) {
    let (_, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    bench.record(own_answer(7, minutes(7), CAMILLE, &[])).await;
    not_repeated(&mut bench, &id).await;
}

pub async fn a_doubt_that_a_newer_reply_follows_is_not_repeated(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    bench.receive(&Letter::new(7)).await;
    let newer = bench.approve(&case, 2, minutes(8)).await.id;
    assert_eq!(claim(&mut bench, minutes(8)).await, std::slice::from_ref(&newer));
    commit(&mut bench, &newer).await;
    finish(&mut bench, &newer, accepted(), minutes(9)).await;
    not_repeated(&mut bench, &id).await;
}

pub async fn a_repetition_stops_when_the_customer_writes_again(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    resolve(&mut bench, true, minutes(21)).await;
    bench.receive(&Letter::new(22)).await;
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Cancelled { .. }));
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!((draft.approved_as, draft.opened_by), (None, None), "a fresh draft: the old text may have arrived");
}

pub async fn a_withdrawn_doubt_can_be_released(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    dismiss(&mut bench, &case, minutes(7)).await;
    resolve(&mut bench, false, minutes(21)).await;
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Held { .. }), "a person decides");
    let row = id.clone();
    bench.step(|store, _| async move { store.release(&row, "rita", minutes(30)).await }).await.unwrap();
    claim(&mut bench, minutes(30)).await;
    let retry = AttemptOutcome::Retry { not_before: minutes(40), why: "451 try later".into() };
    let state = finish(&mut bench, &id, retry, minutes(31)).await;
    assert_eq!(state, DeliveryState::Pending { not_before: minutes(40) }, "the person's word came last");
}

pub async fn a_doubt_is_proven(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    doubt(&mut bench, &id).await;
    let row = id.clone();
    bench
        .step(|store, lease| async move { store.prove_sent(&lease, &row, "copy in \\Sent", minutes(8)).await })
        .await
        .unwrap();
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Sent { .. }));
    assert_eq!(bench.file(&case).await.draft, None);
    assert_eq!(bench.store().next_due(MAILBOX).await.unwrap(), None);
}

pub async fn a_refused_reply_returns_as_draft(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    claim(&mut bench, minutes(5)).await;
    finish(&mut bench, &id, AttemptOutcome::Refused { why: "550 no such user".into() }, minutes(6)).await;
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.waiting_since), (CaseState::NeedsReply, minutes(6)));
    assert!(file.case.flags.contains(&CaseFlag::NotDelivered));
    let draft = file.draft.clone().unwrap();
    assert_eq!((draft.approved_as, draft.body), (None, proposal("ask_information").body));
    let wanted = Event::Delivery { id: id.clone(), state: "rejected".into(), detail: "550 no such user".into() };
    assert!(events(&file).contains(&&wanted));
    bench.approve(&case, 2, minutes(9)).await;
    assert!(!bench.case(&case).await.flags.contains(&CaseFlag::NotDelivered));
}

pub async fn a_refused_acknowledgement_is_flagged(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    claim(&mut bench, minutes(1)).await;
    let refused = AttemptOutcome::Refused { why: "550 no such user".into() };
    finish(&mut bench, &letter.acknowledgement_id(), refused, minutes(2)).await;
    let case = bench.case(&case).await;
    assert!(case.flags.iter().any(|flag| matches!(flag, CaseFlag::NotAcknowledged(_))));
    assert!(!case.flags.contains(&CaseFlag::NotDelivered));
    assert_eq!(case.revision, 1);
}

pub async fn a_retry_waits_for_its_time(mut bench: Bench) {
    let (_, id) = approved(&mut bench).await;
    claim(&mut bench, minutes(5)).await;
    let retry = AttemptOutcome::Retry { not_before: minutes(15), why: "451 try later".into() };
    let state = finish(&mut bench, &id, retry, minutes(6)).await;
    assert_eq!(state, DeliveryState::Pending { not_before: minutes(15) });
    assert_eq!(bench.mail(&id).await.last_problem.as_deref(), Some("451 try later"));
    assert_eq!(claim(&mut bench, minutes(14)).await, []);
    assert_eq!(claim(&mut bench, minutes(15)).await, [id]);
}

pub async fn a_held_mail_waits_for_a_person(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    claim(&mut bench, minutes(5)).await;
    finish(&mut bench, &id, AttemptOutcome::Hold { why: "sign-in refused".into() }, minutes(6)).await;
    assert_eq!(bench.store().next_due(MAILBOX).await.unwrap(), None);
    assert_eq!(bench.store().outbox(OutboxFilter::Troubled).await.unwrap()[0].id, id);
    let row = id.clone();
    bench.step(|store, _| async move { store.release(&row, "rita", minutes(9)).await }).await.unwrap();
    assert_eq!(claim(&mut bench, minutes(9)).await, std::slice::from_ref(&id));
    assert!(events(&bench.file(&case).await).contains(&&Event::Released { id }));
}

pub async fn a_cancelled_reply_returns_as_draft(mut bench: Bench) {
    let (case, id) = approved(&mut bench).await;
    let row = id.clone();
    bench.step(|store, _| async move { store.cancel(&row, "a slip", "rita", minutes(2)).await }).await.unwrap();
    assert_eq!(bench.mail(&id).await.state, DeliveryState::Cancelled { at: minutes(2), why: "a slip".into() });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.draft.clone().unwrap().approved_as), (CaseState::NeedsReply, None));
    assert_eq!(event_names(&file).last().map(String::as_str), Some("returned_to_draft"));
    let again = bench.store().cancel(&id, "", "rita", minutes(3)).await;
    assert!(matches!(again, Err(StoreError::Illegal(_))));
}

pub async fn mails_are_claimed_oldest_first(mut bench: Bench) {
    let mut wanted = Vec::new();
    for n in [3, 1, 2] {
        let letter = Letter::new(n).order(&format!("ORDER-{n}"));
        bench.open_case(&letter).await;
        wanted.push((letter.at, letter.acknowledgement_id()));
    }
    wanted.sort();
    let claimed = bench.step(|store, lease| async move { store.claim_due(&lease, minutes(9), 2).await }).await.unwrap();
    let claimed: Vec<_> = claimed.into_iter().map(|mail| mail.id).collect();
    assert_eq!(claimed, [wanted[0].1.clone(), wanted[1].1.clone()]);
    let other = bench.store().lease("another").await.unwrap();
    assert!(bench.store().claim_due(&other, minutes(9), 9).await.unwrap().is_empty());
    assert_eq!(claim(&mut bench, minutes(9)).await, [wanted[2].1.clone()]);
}

pub async fn illegal_steps_are_refused(mut bench: Bench) {
    let (_, id) = approved(&mut bench).await;
    let store = bench.store();
    let lease = &bench.lease;
    assert!(matches!(store.mark_committing(lease, &id).await, Err(StoreError::Illegal(_))));
    assert!(matches!(store.finish(lease, &id, accepted(), minutes(5)).await, Err(StoreError::Illegal(_))));
    assert!(matches!(store.prove_sent(lease, &id, "copy", minutes(5)).await, Err(StoreError::Illegal(_))));
    assert!(matches!(store.release(&id, "rita", minutes(5)).await, Err(StoreError::Illegal(_))));
    claim(&mut bench, minutes(5)).await;
    let cancel = bench.store().cancel(&id, "", "rita", minutes(5)).await;
    assert!(matches!(cancel, Err(StoreError::Illegal(_))), "what is being sent cannot be cancelled");
}
