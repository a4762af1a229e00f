//! Refund notices: with the approval or not at all, once its reply has left, once for one refund.

use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::{CaseFlag, CaseId, CaseState, Email};
use guichet::ports::RefundNotice;
use guichet::ports::store::{Decision, NOTICE_LIFE, NoticeState, StoredNotice, TellOutcome};
use jiff::Timestamp;

use super::{Bench, events};
use crate::support::letter::{CAMILLE, Letter, MAILBOX, minutes, reply};

fn notice(case: &CaseId) -> RefundNotice {
    RefundNotice {
        idempotency_key: format!("{case}-0011"),
        case: case.clone(),
        order_number: Some("48213".into()),
        amount: None,
        method: "original".into(),
        basis: "conformity".into(),
        approved_by: "rita".into(),
        approved_at: minutes(2),
    }
}

/// Approves reply `n`, which accepts a refund and may leave at minute 5.
async fn accept(bench: &mut Bench, case: &CaseId, n: u32) {
    let read = bench.case(case).await;
    let mail = Box::new(reply(&read, n, minutes(5)));
    let refund = Some(Box::new(notice(case)));
    let decision = Decision::Approve { mail, asks: false, timers: Vec::new(), refund, promises: Vec::new() };
    bench
        .step(|store, _| async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
        .await
        .unwrap();
}

async fn claim(bench: &mut Bench, now: Timestamp) -> Option<StoredNotice> {
    bench.step(|store, lease| async move { store.claim_notice(&lease, now).await }).await.unwrap()
}

async fn finish(bench: &mut Bench, case: &CaseId, outcome: TellOutcome, now: Timestamp) -> NoticeState {
    let (id, key) = (case.clone(), notice(case).idempotency_key);
    bench.step(|store, lease| async move { store.finish_notice(&lease, &id, &key, outcome, now).await }).await.unwrap()
}

/// The states that the record tells, oldest first.
async fn told(bench: &Bench, case: &CaseId) -> Vec<String> {
    let file = bench.file(case).await;
    let states = events(&file).into_iter().filter_map(|event| match event {
        guichet::domain::Event::RefundNotice { state, .. } => Some(state.clone()),
        _ => None,
    });
    states.collect()
}

pub async fn a_notice_waits_for_its_reply_and_is_told_once(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    accept(&mut bench, &case, 1).await;
    assert_eq!(claim(&mut bench, minutes(4)).await, None, "it can be taken back until then");
    assert_eq!(claim(&mut bench, minutes(9)).await, None, "its reply has not left");
    bench.send_all(minutes(9)).await;
    let row = claim(&mut bench, minutes(10)).await.unwrap();
    assert_eq!((row.attempts, &row.notice), (1, &notice(&case)));
    assert_eq!(claim(&mut bench, minutes(10)).await, None, "the next attempt has its time");
    let why = "503".to_owned();
    finish(&mut bench, &case, TellOutcome::Retry { why }, minutes(10)).await;
    let row = claim(&mut bench, minutes(11)).await.unwrap();
    assert_eq!((row.attempts, row.last_problem.as_deref()), (2, Some("503")));
    assert_eq!(finish(&mut bench, &case, TellOutcome::Told, minutes(11)).await, NoticeState::Told { at: minutes(11) });
    assert_eq!(claim(&mut bench, Timestamp::MAX).await, None);
    assert_eq!(told(&bench, &case).await, ["pending", "failed", "told"]);
}

pub async fn a_notice_goes_with_its_reply(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    accept(&mut bench, &case, 1).await;
    bench.receive(&Letter::new(2).saying("Finalement je la garde.")).await;
    let state = |file: &guichet::ports::store::CaseFile| file.notices[0].state.name();
    assert_eq!(state(&bench.file(&case).await), "cancelled");
    assert_eq!(claim(&mut bench, Timestamp::MAX).await, None);

    accept(&mut bench, &case, 2).await;
    assert_eq!(state(&bench.file(&case).await), "pending", "approved again");
    let claimed = bench.step(|store, lease| async move { store.claim_due(&lease, minutes(9), 9).await }).await.unwrap();
    let id = claimed.into_iter().find(|mail| mail.id.as_str().starts_with('r')).unwrap().id;
    let refused = AttemptOutcome::Refused { why: "550 no such user".into() };
    bench
        .step(|store, lease| async move {
            store.mark_committing(&lease, &id).await?;
            store.finish(&lease, &id, refused, minutes(9)).await
        })
        .await
        .unwrap();
    assert_eq!(state(&bench.file(&case).await), "cancelled", "the customer was told nothing");
    assert_eq!(told(&bench, &case).await, ["pending", "cancelled", "pending", "cancelled"]);
}

pub async fn one_refund_is_announced_once_however_often_it_is_approved(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    accept(&mut bench, &case, 1).await;
    bench.send_all(minutes(9)).await;
    claim(&mut bench, minutes(10)).await.unwrap();
    finish(&mut bench, &case, TellOutcome::Told, minutes(10)).await;
    // The customer writes again, and the same refund is accepted a second time.
    bench.receive(&Letter::new(2).saying("Je n’ai rien reçu.")).await;
    accept(&mut bench, &case, 2).await;
    bench.send_all(minutes(20)).await;
    assert_eq!(claim(&mut bench, Timestamp::MAX).await, None);
    assert_eq!(told(&bench, &case).await, ["pending", "told", "told_before"]);
}

pub async fn a_notice_given_up_calls_a_person(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    accept(&mut bench, &case, 1).await;
    bench.send_all(minutes(9)).await;
    claim(&mut bench, minutes(10)).await.unwrap();
    let why = "400: unknown order".to_owned();
    finish(&mut bench, &case, TellOutcome::GiveUp { why }, minutes(10)).await;
    let stuck = bench.store().stuck_notices(MAILBOX).await.unwrap();
    assert_eq!(stuck.len(), 1);
    assert_eq!(stuck[0].last_problem.as_deref(), Some("400: unknown order"));
    let read = bench.case(&case).await;
    assert!(read.flags.contains(&CaseFlag::RefundNotTold) && read.state == CaseState::NeedsReply);
    assert_eq!(claim(&mut bench, Timestamp::MAX).await, None);
    let key = notice(&case).idempotency_key;
    let again = minutes(10) + NOTICE_LIFE;
    let id = case.clone();
    bench.step(|store, _| async move { store.tell_again(&id, &key, "rita", again).await }).await.unwrap();
    let row = claim(&mut bench, again).await.unwrap();
    assert_eq!((row.since, &row.notice), (again, &notice(&case)), "the same notice, with new patience");
    assert!(bench.store().stuck_notices(MAILBOX).await.unwrap().is_empty());
    assert!(!bench.case(&case).await.flags.contains(&CaseFlag::RefundNotTold));
}

pub async fn an_untold_refund_defers_the_erasure(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    accept(&mut bench, &case, 1).await;
    bench.send_all(minutes(9)).await;
    let camille = Email::parse(CAMILLE).unwrap();
    let address = camille.clone();
    let erased = bench.step(|store, _| async move { store.erase(&address, minutes(20)).await }).await.unwrap();
    assert!(erased.cases.is_empty() && erased.deferred[0].1.contains("refund"), "{erased:?}");
    claim(&mut bench, minutes(10)).await.unwrap();
    finish(&mut bench, &case, TellOutcome::Told, minutes(10)).await;
    let erased = bench.step(|store, _| async move { store.erase(&camille, minutes(30)).await }).await.unwrap();
    assert_eq!(erased.cases.as_slice(), std::slice::from_ref(&case));
    let file = bench.file(&case).await;
    assert!(file.notices.is_empty() && !format!("{file:?}").contains("48213"), "{file:?}");
}
