//! Machines' messages that a person must know of.

use guichet::domain::joining::Threading;
use guichet::domain::{AlertKind, CaseId, CaseState, DeliveryState, Email, Event, MessageKey, Signal};
use guichet::ports::store::{Alert, Decision, Intake, Matter, Recorded};
use jiff::Timestamp;

use super::{Bench, events};
use crate::support::letter::{CAMILLE, Letter, kept_since, key_of, minutes};

/// Letter `n` as a payment provider's or a carrier's.
fn told(n: u32, kind: AlertKind, order: Option<&str>, subject: &str) -> Intake {
    let mut letter = Letter::new(n).from("service@provider.example").saying("A buyer has opened a case.");
    letter.message.subject = subject.into();
    let threading = Threading::of(&letter.message, key_of(&letter.message), None, order);
    letter.intake(Matter::Machine { why: "auto-submitted".into(), alert: Some(Box::new(Alert { kind, threading })) })
}

async fn shown(bench: &Bench) -> Vec<(AlertKind, Option<CaseId>)> {
    let alerts = bench.store().alerts(10).await.unwrap();
    alerts.into_iter().map(|alert| (alert.kind, alert.case)).collect()
}

async fn dismiss(bench: &mut Bench, key: MessageKey, at: Timestamp) {
    bench.step(|store, _| async move { store.dismiss_alert(key, "rita", at).await }).await.unwrap();
}

async fn signals(bench: &Bench, case: &CaseId) -> Vec<Signal> {
    bench.case(case).await.verdict.unwrap().signals
}

pub async fn an_alert_stands_until_a_person_puts_it_away(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    let before = bench.case(&case).await;
    let arrived = told(2, AlertKind::ReturnArrived, Some("cmd 7"), "Return received");
    let key = arrived.key;
    assert_eq!(bench.record(arrived.clone()).await, Recorded::Noted { case: Some(case.clone()) });
    assert_eq!(bench.record(arrived).await, Recorded::AlreadyKnown { case: None });
    assert_eq!(shown(&bench).await, [(AlertKind::ReturnArrived, Some(case.clone()))]);
    assert!(bench.case(&case).await.revision > before.revision, "who approves has to read it first");
    assert_eq!(signals(&bench, &case).await, before.verdict.unwrap().signals, "it is no dispute");
    dismiss(&mut bench, key, minutes(9)).await;
    dismiss(&mut bench, key, minutes(10)).await;
    assert_eq!(shown(&bench).await, []);
    assert_eq!(bench.store().automated(10).await.unwrap().len(), 1, "it stays among the machines' messages");
    let file = bench.file(&case).await;
    let states: Vec<&str> = events(&file)
        .into_iter()
        .filter_map(|event| match event {
            Event::Alert { state, .. } => Some(state.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(states, ["raised", "seen"]);
}

pub async fn a_dispute_takes_an_approved_reply_back(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    let mail = bench.approve(&case, 1, minutes(30)).await;
    assert_eq!(bench.case(&case).await.state, CaseState::Answered);
    let dispute = told(3, AlertKind::Dispute, Some("CMD-7"), "Dispute");
    let key = dispute.key;
    bench.record(dispute).await;
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Cancelled { .. }), "it does not leave");
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::NeedsReply);
    assert_eq!(file.draft.unwrap().approved_as, None);
    assert!(signals(&bench, &case).await.contains(&Signal::DisputeOpened));
    dismiss(&mut bench, key, minutes(9)).await;
    assert!(signals(&bench, &case).await.contains(&Signal::DisputeOpened), "seen is not settled");
    bench.receive(&Letter::new(11).order("CMD-7")).await;
    let file = bench.file(&case).await;
    assert_eq!(file.messages.len(), 2, "the machine's message is none of the customer's");
}

pub async fn an_alert_finds_its_case_or_stands_alone(mut bench: Bench) {
    let one = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    let two = bench.open_case(&Letter::new(2).from("tom@other.example").order("CMD-7")).await;
    bench.record(told(3, AlertKind::Dispute, Some("CMD-7"), "Dispute")).await;
    bench.record(told(4, AlertKind::Dispute, None, "Dispute")).await;
    bench.record(told(5, AlertKind::Dispute, Some("CMD-8"), "Dispute")).await;
    assert_eq!(shown(&bench).await, vec![(AlertKind::Dispute, None); 3], "nobody guesses whose it is");
    for case in [&one, &two] {
        assert!(!signals(&bench, case).await.contains(&Signal::DisputeOpened));
    }
    bench.record(told(9, AlertKind::ReturnArrived, None, "Return received")).await;
    let first = bench.store().alerts(1).await.unwrap();
    assert_eq!(first[0].kind, AlertKind::Dispute, "no number of returns hides a dispute");
    assert_eq!(bench.store().alerts(9).await.unwrap().len(), 4);
    bench.record(told(6, AlertKind::Dispute, None, &format!("Dispute about {two}"))).await;
    assert_eq!(shown(&bench).await.first().unwrap().1, Some(two));
}

pub async fn an_alert_goes_with_its_case_or_its_message(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    bench.record(told(2, AlertKind::Dispute, None, "Dispute")).await;
    bench.record(told(3, AlertKind::ReturnArrived, Some("CMD-7"), "Return received")).await;
    assert_eq!(shown(&bench).await.len(), 2);
    let customer = Email::parse(CAMILLE).unwrap();
    bench.step(|store, _| async move { store.erase(&customer, minutes(9)).await }).await.unwrap();
    assert_eq!(bench.case(&case).await.state, CaseState::Closed(guichet::domain::Closed::Erased));
    assert_eq!(shown(&bench).await, [(AlertKind::Dispute, None)]);
    let provider = Email::parse("service@provider.example").unwrap();
    bench.step(|store, _| async move { store.erase(&provider, minutes(10)).await }).await.unwrap();
    assert_eq!(shown(&bench).await, []);
}

pub async fn what_machines_wrote_about_a_person_goes_with_the_person(mut bench: Bench) {
    let customer = Email::parse(CAMILLE).unwrap();
    let case = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    bench.record(told(2, AlertKind::ReturnArrived, Some("CMD-7"), "Return received")).await;
    // No case is known for these, but they name her.
    let about_her = format!("Delivery for {CAMILLE}");
    bench.record(told(3, AlertKind::ReturnArrived, None, &about_her)).await;
    let mut absence = Letter::new(4).from("robot@robot.example").saying(&about_her).prepare(bench.store()).await;
    absence.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(absence).await;
    bench.record(told(5, AlertKind::Dispute, None, &format!("{CAMILLE} opened a dispute"))).await;
    bench.record(told(6, AlertKind::ReturnArrived, None, "Somebody else's")).await;
    let (again, revision) = (customer.clone(), bench.case(&case).await.revision);
    let erased = bench.step(|store, _| async move { store.erase(&customer, minutes(9)).await }).await.unwrap();
    assert_eq!((erased.cases.len(), erased.messages, erased.notices.len()), (1, 4, 1), "{erased:?}");
    assert!(bench.case(&case).await.revision > revision);
    let left = bench.store().automated(9).await.unwrap();
    assert_eq!(left.len(), 2, "the dispute, and what is about somebody else: {left:?}");
    assert_eq!(shown(&bench).await.len(), 2);
    assert_eq!(bench.store().overview().await.unwrap().automated, 2);

    let dispute = bench.store().alerts(1).await.unwrap()[0].key;
    dismiss(&mut bench, dispute, minutes(10)).await;
    let erased = bench.step(|store, _| async move { store.erase(&again, minutes(11)).await }).await.unwrap();
    assert_eq!((erased.messages, erased.notices.len()), (1, 0), "put away, it may go: {erased:?}");
    assert_eq!(bench.store().automated(9).await.unwrap().len(), 1);
}

pub async fn alerts_do_not_keep_what_lies_behind_them(mut bench: Bench) {
    // As many as one step takes stand first.
    for n in 1..=200 {
        let alert = told(n, AlertKind::ReturnArrived, None, &format!("Return {n}"));
        bench.store().record(&bench.lease, alert).await.unwrap();
    }
    let mut absence = Letter::new(300).from("robot@robot.example").prepare(bench.store()).await;
    absence.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(absence).await;
    let late = minutes(5000);
    let gone = bench.step(|store, _| async move { store.expire(kept_since(late), late).await }).await.unwrap();
    assert_eq!(gone.automated, 1);
    assert_eq!(bench.store().overview().await.unwrap().automated, 200);
}

pub async fn a_reported_dispute_keeps_its_case(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("CMD-7")).await;
    let (id, revision) = (case.clone(), bench.case(&case).await.revision);
    let over = Decision::Dismiss { why: String::new() };
    bench.step(|store, _| async move { store.decide(&id, revision, over, "rita", minutes(4)).await }).await.unwrap();
    bench.record(told(2, AlertKind::Dispute, Some("CMD-7"), "Dispute")).await;
    let customer = Email::parse(CAMILLE).unwrap();
    let erased = bench.step(|store, _| async move { store.erase(&customer, minutes(9)).await }).await.unwrap();
    assert!(erased.cases.is_empty() && erased.deferred.iter().any(|(kept, _)| *kept == case), "{erased:?}");
    assert_eq!(shown(&bench).await, [(AlertKind::Dispute, Some(case))]);
}
