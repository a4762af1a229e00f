//! A mail in doubt is repeated, and the repetition does not go through: the customer may have the first copy.

use guichet::domain::outgoing::{ACKNOWLEDGEMENT_LIFE, AttemptOutcome};
use guichet::domain::{CaseFlag, CaseId, CaseState, DeliveryState, OutgoingId, OutgoingMail, Promised};
use guichet::ports::RefundNotice;
use guichet::ports::store::{Decision, Matter, NewPromise, OutboxFilter};
use jiff::Timestamp;
use jiff::civil::date;

use super::{Bench, event_names};
use crate::support::letter::{CAMILLE, Letter, minutes, own_answer, reply};

const REFUSAL: &str = "554 5.7.1 duplicate message";

/// Camille's case, and a reply to it that waits to be repeated, its first copy in doubt since minute 6.
async fn doubted(bench: &mut Bench) -> (CaseId, OutgoingMail) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mail = bench.approve(&case, 1, minutes(5)).await;
    doubt(bench, &mail.id, minutes(5)).await;
    (case, mail)
}

/// A first attempt that ends in doubt after a minute, and the word that it is to be repeated.
async fn doubt(bench: &mut Bench, id: &OutgoingId, at: Timestamp) {
    attempt(bench, id, AttemptOutcome::Doubt { why: "no answer".into() }, at).await;
    bench
        .step(|store, lease| async move {
            store.resolve_doubts(&lease, true, at + jiff::SignedDuration::from_mins(16)).await
        })
        .await
        .unwrap();
}

async fn attempt(bench: &mut Bench, id: &OutgoingId, outcome: AttemptOutcome, at: Timestamp) -> DeliveryState {
    let id = id.clone();
    bench
        .step(|store, lease| async move {
            store.claim_due(&lease, at, 9).await?;
            store.mark_committing(&lease, &id).await?;
            store.finish(&lease, &id, outcome, at + jiff::SignedDuration::from_mins(1)).await
        })
        .await
        .unwrap()
}

async fn refuse(bench: &mut Bench, id: &OutgoingId) -> DeliveryState {
    attempt(bench, id, AttemptOutcome::Refused { why: REFUSAL.into() }, minutes(22)).await
}

/// Held, and shown as what the customer may have.
fn assert_held(state: &DeliveryState, words: &str) {
    let DeliveryState::Held { why, may_have_left } = state else { panic!("{state:?}") };
    assert!(*may_have_left && why.contains(words) && why.contains("earlier attempt"), "{why}");
}

pub async fn a_refused_repetition_waits_for_a_person(mut bench: Bench) {
    let (case, mail) = doubted(&mut bench).await;
    assert_held(&refuse(&mut bench, &mail.id).await, REFUSAL);
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::Answered);
    assert!(!file.case.flags.contains(&CaseFlag::NotDelivered), "nobody knows");
    assert_eq!(file.draft.unwrap().approved_as, Some(mail.id.clone()), "it cannot be approved a second time");
    assert_eq!(bench.store().outbox(OutboxFilter::Troubled).await.unwrap()[0].id, mail.id);
    assert!(bench.send_all(minutes(900)).await.is_empty(), "nothing leaves without a person's word");
    let id = mail.id.clone();
    bench.step(|store, _| async move { store.release(&id, "rita", minutes(901)).await }).await.unwrap();
    let again = attempt(&mut bench, &mail.id, AttemptOutcome::Refused { why: REFUSAL.into() }, minutes(902)).await;
    assert_held(&again, REFUSAL);
    let id = mail.id.clone();
    bench.step(|store, _| async move { store.cancel(&id, "seen to", "rita", minutes(903)).await }).await.unwrap();
    let file = bench.file(&case).await;
    assert!(file.draft.is_none() && !event_names(&file).contains(&"returned_to_draft".to_owned()));
}

pub async fn evidence_settles_a_refused_repetition(mut bench: Bench) {
    for n in 0..3 {
        let from = format!("p{n}@d{n}.example");
        let first = n * 3 + 1;
        let letter = Letter::new(first).from(&from).at(minutes(1));
        let case = bench.open_case(&letter).await;
        bench.send_all(minutes(2)).await;
        let mail = bench.approve(&case, 1, minutes(5)).await;
        doubt(&mut bench, &mail.id, minutes(5)).await;
        refuse(&mut bench, &mail.id).await;
        match n {
            0 => {
                let mut copy = own_answer(first + 1, minutes(30), CAMILLE, &[]);
                copy.message.message_id = Some(mail.message_id.clone());
                bench.record(copy).await;
            }
            1 => {
                let letter = Letter::new(first + 1).from(&from).at(minutes(30)).citing(&mail.message_id);
                bench.receive(&letter).await;
            }
            _ => {
                let message_ids = vec![mail.message_id.clone()];
                let matter = Matter::DeliveryReport { message_ids, failed: false, report: "delayed".into() };
                bench.record(Letter::new(first + 1).from("mailer-daemon@relay.example").intake(matter)).await;
            }
        }
        assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Sent { .. }), "evidence {n}");
    }
}

pub async fn what_a_refused_repetition_announced_stands(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let read = bench.case(&case).await;
    let mail = reply(&read, 1, minutes(5));
    let refund = RefundNotice {
        idempotency_key: format!("{case}-0011"),
        case: case.clone(),
        order_number: None,
        amount: None,
        method: "original".into(),
        basis: "conformity".into(),
        approved_by: "rita".into(),
        approved_at: minutes(2),
    };
    let promised = Promised { words: "by Friday".into(), by: date(2026, 3, 6) };
    let decision = Decision::Approve {
        mail: Box::new(mail.clone()),
        asks: false,
        timers: Vec::new(),
        refund: Some(Box::new(refund)),
        promises: vec![NewPromise { promised, warn_at: minutes(100), lapse_at: minutes(200) }],
    };
    bench
        .step(|store, _| async move { store.decide(&read.id, read.revision, decision, "rita", minutes(2)).await })
        .await
        .unwrap();
    doubt(&mut bench, &mail.id, minutes(5)).await;
    refuse(&mut bench, &mail.id).await;
    let file = bench.file(&case).await;
    assert_eq!(file.notices[0].state.name(), "pending", "the customer may have read of it");
    assert!(file.promises[0].is_open(), "{:?}", file.promises);
}

pub async fn a_repetition_given_up_after_days_waits_as_a_doubt(mut bench: Bench) {
    let (_, mail) = doubted(&mut bench).await;
    for day in 1..5 {
        let at = minutes(day * 24 * 60);
        let retry = AttemptOutcome::Retry { not_before: minutes((day + 1) * 24 * 60), why: "451 later".into() };
        attempt(&mut bench, &mail.id, retry, at).await;
    }
    let hold = AttemptOutcome::Hold { why: "undeliverable for 5 days: 451 later".into() };
    assert_held(&attempt(&mut bench, &mail.id, hold, minutes(5 * 24 * 60)).await, "undeliverable for 5 days");
}

pub async fn a_repetition_refused_while_the_customer_writes_makes_room(mut bench: Bench) {
    let (case, mail) = doubted(&mut bench).await;
    bench.step(|store, lease| async move { store.claim_due(&lease, minutes(22), 9).await }).await.unwrap();
    bench.receive(&Letter::new(23)).await;
    let id = mail.id.clone();
    let refused = AttemptOutcome::Refused { why: REFUSAL.into() };
    let state =
        bench.step(|store, lease| async move { store.finish(&lease, &id, refused, minutes(24)).await }).await.unwrap();
    assert_held(&state, REFUSAL);
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::NeedsReply);
    assert!(file.draft.is_none_or(|draft| draft.approved_as.is_none()), "another reply can be written");
    assert!(!event_names(&bench.file(&case).await).contains(&"returned_to_draft".to_owned()));
}

pub async fn an_acknowledgement_whose_repetition_comes_too_late_may_have_left(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    let id = letter.acknowledgement_id();
    doubt(&mut bench, &id, minutes(1)).await;
    let late = letter.at + ACKNOWLEDGEMENT_LIFE + ACKNOWLEDGEMENT_LIFE;
    assert!(bench.send_all(late).await.is_empty());
    assert_eq!(bench.mail(&id).await.state.name(), "cancelled");
    let flags = bench.case(&case).await.flags;
    assert!(flags.contains(&CaseFlag::MaybeAcknowledged), "{flags:?}");
    assert!(!flags.iter().any(|flag| matches!(flag, CaseFlag::NotAcknowledged(_))), "{flags:?}");
}

pub async fn what_a_roll_back_held_is_no_draft_when_it_is_released_and_refused(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mail = bench.approve(&case, 1, minutes(5)).await;
    let id = mail.id.clone();
    bench
        .step(|store, _| async move {
            store.roll_back(minutes(4), "it is older").await?;
            store.release(&id, "rita", minutes(22)).await
        })
        .await
        .unwrap();
    assert_held(&refuse(&mut bench, &mail.id).await, REFUSAL);
    assert_eq!(bench.file(&case).await.draft.unwrap().approved_as, Some(mail.id));
}
