//! What is erased, what is kept although it should go, and what runs out.

use guichet::domain::record::CallDirection;
use guichet::domain::{CaseId, CaseState, Closed, Email, OutgoingId, Signal};
use guichet::ports::store::{Decision, DraftEdit, Erased, Expiry, Matter, OutboxFilter, Recorded};

use super::Bench;
use crate::support::letter::{Letter, address, kept_since, minutes, reply};

const CLAIRE: &str = "claire@customer.example";

async fn erase(bench: &mut Bench, address: &str) -> Erased {
    let address = Email::parse(address).unwrap();
    bench.step(|store, _| async move { store.erase(&address, minutes(100)).await }).await.unwrap()
}

pub async fn an_erased_customer_is_gone_and_stays_known(mut bench: Bench) {
    let letter = Letter::new(1).from(CLAIRE);
    let case = bench.open_case(&letter).await;
    let mut automated = Letter::new(3).from("Claire@Customer.example").prepare(bench.store()).await;
    automated.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(automated).await;
    let other = bench.open_case(&Letter::new(2).from("tom@other.example")).await;
    bench.send_all(minutes(2)).await;
    let kept = bench.file(&other).await;

    let erased = erase(&mut bench, CLAIRE).await;
    assert_eq!((erased.cases.as_slice(), erased.messages, erased.mails), ([case.clone()].as_slice(), 2, 1));
    assert_eq!(erased.in_mailbox.len(), 2, "theirs to delete who own the mailbox");
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::Closed(Closed::Erased));
    assert!(file.messages.is_empty() && file.outgoing.is_empty() && file.draft.is_none());
    assert!(file.record.iter().rev().skip(1).all(|entry| entry.event.is_none() && entry.salt.is_empty()));
    assert!(!format!("{file:?}").to_lowercase().contains("claire"), "{file:?}");
    assert!(bench.store().automated(9).await.unwrap().is_empty());
    assert!(bench.store().knows(letter.key()).await.unwrap());
    assert_eq!(bench.receive(&letter).await, Recorded::AlreadyKnown { case: None }, "never acknowledged again");
    assert_eq!(bench.file(&other).await, kept, "somebody else's case");
    let overview = bench.store().overview().await.unwrap();
    assert_eq!((overview.messages, overview.automated, overview.outbox["sent"]), (1, 0, 1));

    let again = erase(&mut bench, CLAIRE).await;
    assert_eq!(again, Erased { files: again.files, ..Erased::default() }, "repeating it is harmless");
}

pub async fn what_is_under_way_survives_an_erasure(mut bench: Bench) {
    bench.open_case(&Letter::new(1).from(CLAIRE)).await;
    let coming = Letter::new(2).from("tom@other.example");
    bench.store().keep_raw(coming.key(), b"the original").await.unwrap();
    // Between the bytes and the row that names them.
    bench.store().erase(&Email::parse(CLAIRE).unwrap(), minutes(100)).await.unwrap();
    bench.store().expire(kept_since(minutes(1)), minutes(100)).await.unwrap();
    bench.open_case(&coming).await;
    assert_eq!(bench.store().raw(coming.key()).await.unwrap().as_deref(), Some(b"the original".as_slice()));
}

pub async fn an_open_dispute_defers_the_erasure(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).from(CLAIRE).signals(&[Signal::DisputeOpened])).await;
    let before = bench.file(&case).await;
    let erased = erase(&mut bench, CLAIRE).await;
    assert_eq!((erased.deferred.len(), erased.messages), (1, 0));
    assert!(erased.deferred[0].1.contains("dispute"), "{erased:?}");
    assert_eq!(bench.file(&case).await, before);

    let revision = before.case.revision;
    let id = case.clone();
    let dismissed = Decision::Dismiss { why: "settled".into() };
    bench
        .step(|store, _| async move { store.decide(&id, revision, dismissed, "rita", minutes(5)).await })
        .await
        .unwrap();
    assert_eq!(erase(&mut bench, CLAIRE).await.cases, [case]);
}

pub async fn machines_messages_run_out_in_any_number(mut bench: Bench) {
    // More than one step takes.
    for n in 1..=450 {
        let mut automated = Letter::new(n).from(&format!("robot{n}@robot.example")).prepare(bench.store()).await;
        automated.matter = Matter::Machine { why: "absence".into(), alert: None };
        bench.store().record(&bench.lease, automated).await.unwrap();
    }
    let gone = bench
        .step(|store, _| async move { store.expire(kept_since(minutes(5000)), minutes(5000)).await })
        .await
        .unwrap();
    assert_eq!(gone.automated, 450);
    let overview = bench.store().overview().await.unwrap();
    assert_eq!((overview.messages, overview.automated), (0, 0));
    assert!(bench.store().automated(9).await.unwrap().is_empty());
}

pub async fn what_was_kept_long_enough_goes(mut bench: Bench) {
    let old = Letter::new(1).from("old@old.example");
    let young = Letter::new(2).from("young@young.example").at(minutes(1000));
    let (old_case, young_case) = (bench.open_case(&old).await, bench.open_case(&young).await);
    for letter in [&old, &young] {
        bench.store().keep_raw(letter.key(), b"raw").await.unwrap();
    }
    let mut automated = Letter::new(3).from("robot@robot.example").prepare(bench.store()).await;
    automated.matter = Matter::Machine { why: "absence".into(), alert: None };
    bench.record(automated).await;
    let gone = bench
        .step(|store, _| async move { store.expire(kept_since(minutes(500)), minutes(2000)).await })
        .await
        .unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases), (1, 1, 0), "an open case stays");
    assert_eq!(bench.store().raw(old.key()).await.unwrap(), None);
    assert!(bench.store().raw(young.key()).await.unwrap().is_some());

    for id in [&old_case, &young_case] {
        let (id, revision) = (id.clone(), bench.case(id).await.revision);
        let dismissed = Decision::Dismiss { why: String::new() };
        bench
            .step(|store, _| async move { store.decide(&id, revision, dismissed, "rita", minutes(1500)).await })
            .await
            .unwrap();
    }
    let gone = bench
        .step(|store, _| async move { store.expire(kept_since(minutes(500)), minutes(2000)).await })
        .await
        .unwrap();
    assert_eq!((gone.raw, gone.automated, gone.cases), (0, 0, 1));
    assert_eq!(bench.case(&old_case).await.state, CaseState::Closed(Closed::Erased));
    assert_eq!(bench.case(&young_case).await.state, CaseState::Closed(Closed::Dismissed));
    let outbox = bench.store().outbox(OutboxFilter::Latest(9)).await.unwrap();
    assert!(outbox.iter().all(|mail| mail.case == young_case), "{outbox:?}");
}

pub async fn an_answered_case_is_closed_and_runs_out(mut bench: Bench) {
    let answered = bench.open_case(&Letter::new(1).from("a@a.example")).await;
    let disputed = Letter::new(2).from("b@b.example").signals(&[Signal::DisputeOpened]);
    let disputed = bench.open_case(&disputed).await;
    let held = bench.open_case(&Letter::new(3).from("c@c.example")).await;
    for (n, case) in [(1, &answered), (2, &disputed)] {
        bench.approve(case, n, minutes(10)).await;
    }
    bench.send_all(minutes(20)).await;
    bench.approve(&held, 3, minutes(9000)).await;
    let expire = |answered, now| {
        let before = Expiry { answered, ..kept_since(minutes(500)) };
        async move |store: std::sync::Arc<dyn guichet::ports::Store>, _| store.expire(before, now).await
    };
    // The customer wrote before, the answer left after.
    let early = bench.step(expire(minutes(15), minutes(600))).await.unwrap();
    assert_eq!((early.settled, early.cases), (0, 0));
    let gone = bench.step(expire(minutes(400), minutes(600))).await.unwrap();
    assert_eq!((gone.settled, gone.cases), (1, 1), "closed, and its customer wrote long enough ago");
    assert_eq!(bench.case(&answered).await.state, CaseState::Closed(Closed::Erased));
    for (case, why) in [(&disputed, "a person has to say that it is settled"), (&held, "its reply has not left")] {
        assert_eq!(bench.case(case).await.state, CaseState::Answered, "{why}");
    }
}

pub async fn a_case_closed_by_silence_can_be_continued(mut bench: Bench) {
    let letter = Letter::new(1).from("a@a.example");
    let case = bench.open_case(&letter).await;
    bench.approve(&case, 1, minutes(10)).await;
    bench.send_all(minutes(20)).await;
    let before = Expiry { answered: minutes(400), ..kept_since(minutes(0)) };
    bench.step(|store, _| async move { store.expire(before, minutes(600)).await }).await.unwrap();
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.closed_at), (CaseState::Closed(Closed::Done), Some(minutes(600))));
    assert!(super::event_names(&file).contains(&"settled".to_owned()));
    let cited = letter.message.message_id.clone().unwrap();
    let further = Letter::new(2).from("a@a.example").at(minutes(700)).citing(&cited);
    assert_eq!(bench.receive(&further).await, Recorded::Joined { case: case.clone() });
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply);
}

const SECOND: &str = "second@elsewhere.example";

/// Approves reply number `n`, to an address that a reviewer named.
async fn approve_to_second(bench: &mut Bench, case: &CaseId, n: u32, at: i64) -> OutgoingId {
    let before = bench.case(case).await;
    let edit = DraftEdit { to: Some(address(SECOND)), ..DraftEdit::default() };
    let id = case.clone();
    let revision = bench
        .step(|store, _| async move { store.edit_draft(&id, before.revision, edit, "rita", minutes(at)).await })
        .await
        .unwrap();
    let mut mail = reply(&bench.case(case).await, n, minutes(at));
    mail.recipients = vec![address(SECOND)];
    mail.bytes = format!("To: {SECOND}\r\nSubject: Re\r\n\r\nBonjour\r\n").into_bytes();
    let (id, row) = (case.clone(), mail.id.clone());
    let decision =
        Decision::Approve { mail: Box::new(mail), asks: false, timers: Vec::new(), refund: None, promises: Vec::new() };
    bench
        .step(|store, _| async move { store.decide(&id, revision, decision, "rita", minutes(at)).await })
        .await
        .unwrap();
    row
}

pub async fn what_went_to_an_address_in_somebody_elses_case_is_erased(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).from(CLAIRE)).await;
    let mail = approve_to_second(&mut bench, &case, 1, 5).await;

    let waiting = erase(&mut bench, SECOND).await;
    assert_eq!((waiting.mails, waiting.deferred.len()), (0, 1), "it has not left: {waiting:?}");
    bench.send_all(minutes(6)).await;
    let erased = erase(&mut bench, SECOND).await;
    assert_eq!((erased.mails, erased.deferred.len(), erased.cases.len()), (1, 0, 0), "{erased:?}");
    let file = bench.file(&case).await;
    assert_eq!((file.messages.len(), file.case.state), (1, CaseState::Answered), "the case is Claire's");
    assert!(file.outgoing.iter().all(|outgoing| outgoing.id != mail));
    assert!(!format!("{file:?}").contains(SECOND), "{file:?}");
    assert!(erased.mentioned_in.is_empty(), "{erased:?}");
}

pub async fn what_our_people_wrote_about_an_address_is_said(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).from(CLAIRE)).await;
    let revision = bench.case(&case).await.revision;
    let edit = DraftEdit { to: Some(address(SECOND)), ..DraftEdit::default() };
    let id = case.clone();
    bench.step(|s, _| async move { s.edit_draft(&id, revision, edit, "rita", minutes(2)).await }).await.unwrap();
    let before = bench.file(&case).await;
    assert!(erase(&mut bench, SECOND).await.mentioned_in.is_empty(), "it stood in the draft's head only");
    let after = bench.file(&case).await;
    assert_eq!(after.draft.unwrap().to, None, "a person has to say whom it answers");
    assert!(after.case.revision > before.case.revision);

    let (id, note) = (case.clone(), "call her husband, Second@Elsewhere.example");
    bench
        .step(|s, _| async move { s.log_call(&id, CallDirection::Outgoing, note, "rita", minutes(3)).await })
        .await
        .unwrap();
    assert_eq!(erase(&mut bench, SECOND).await.mentioned_in, [case]);
}
