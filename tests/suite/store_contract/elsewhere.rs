//! Bounces, and answers given from a mail client.

use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::position::FolderRole;
use guichet::domain::{CaseFlag, CaseId, CaseState, DeliveryState, Event, MessageId, OutgoingId};
use guichet::ports::store::{Intake, Matter, OwnAnswer, Recorded};

use super::{Bench, event_names};
use crate::support::letter::{CAMILLE, Letter, address, folder, kept_since, message_id, minutes, own_answer, proposal};

fn bounce(n: u32, id: &MessageId) -> Intake {
    let report = Letter::new(n).from("mailer-daemon@relay.example");
    report.intake(Matter::DeliveryReport { message_ids: vec![id.clone()], failed: true, report: "failed 5.1.1".into() })
}

/// The copy of one of our mails, found in \Sent.
fn copy_of(n: u32, id: &MessageId) -> Intake {
    let mut letter = Letter::new(n).from("support@shop.example");
    letter.folder = folder(FolderRole::Sent);
    letter.message.message_id = Some(id.clone());
    let recipients = vec![address(CAMILLE)];
    letter.intake(Matter::OwnAnswer(OwnAnswer { cited: Vec::new(), recipients, proven: true, by_person: true }))
}

/// A reply in doubt since minute 6.
async fn in_doubt(bench: &mut Bench) -> (CaseId, OutgoingId, MessageId) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mail = bench.approve(&case, 1, minutes(5)).await;
    let id = mail.id.clone();
    bench
        .step(|store, lease| async move {
            store.claim_due(&lease, minutes(5), 9).await?;
            store.mark_committing(&lease, &id).await?;
            store.finish(&lease, &id, AttemptOutcome::Doubt { why: "no answer".into() }, minutes(6)).await
        })
        .await
        .unwrap();
    (case, mail.id, mail.message_id)
}

pub async fn an_answer_by_citation_withdraws_the_draft(mut bench: Bench) {
    let letter = Letter::new(1).order("A-1");
    let case = bench.open_case(&letter).await;
    bench.open_case(&Letter::new(2).order("B-2")).await;
    let answer = own_answer(3, minutes(3), CAMILLE, &[message_id("<m1@customer.example>")]);
    let id = answer.message.message_id.clone().unwrap();
    assert_eq!(bench.record(answer.clone()).await, Recorded::Noted { case: Some(case.clone()) });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.revision), (CaseState::Answered, 2));
    assert!(file.case.flags.contains(&CaseFlag::AnsweredElsewhere));
    assert_eq!(file.draft, None);
    assert_eq!(file.case.thread.last(), Some(&id));
    assert_eq!(file.messages.iter().map(|message| message.from_us).collect::<Vec<_>>(), [false, true]);
    assert!(event_names(&file).contains(&"answered_elsewhere".to_owned()));
    assert!(matches!(bench.mail(&letter.acknowledgement_id()).await.state, DeliveryState::Cancelled { .. }));
    assert_eq!(bench.record(answer).await, Recorded::AlreadyKnown { case: Some(case) });
}

pub async fn an_answer_by_recipient_needs_exactly_one_case(mut bench: Bench) {
    let nobody = own_answer(9, minutes(9), "somebody@else.example", &[]);
    assert_eq!(bench.record(nobody).await, Recorded::Noted { case: None });
    let case = bench.open_case(&Letter::new(1).order("A-1")).await;
    let one = own_answer(10, minutes(10), "Camille@customer.example", &[]);
    assert_eq!(bench.record(one).await, Recorded::Noted { case: Some(case) });
    bench.open_case(&Letter::new(2).order("B-2")).await;
    let unclear = own_answer(11, minutes(11), CAMILLE, &[]);
    assert_eq!(bench.record(unclear).await, Recorded::Noted { case: None });
    assert_eq!(bench.queue(9).await.len(), 1);
}

pub async fn an_answer_cancels_what_is_pending(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let reply = bench.approve(&case, 1, minutes(30)).await;
    bench.record(own_answer(2, minutes(2), CAMILLE, &[])).await;
    assert!(matches!(bench.mail(&reply.id).await.state, DeliveryState::Cancelled { .. }));
    assert!(bench.step(|s, l| async move { s.claim_due(&l, minutes(60), 9).await }).await.unwrap().is_empty());
}

pub async fn our_own_copy_proves_a_doubt(mut bench: Bench) {
    let (case, id, sent_as) = in_doubt(&mut bench).await;
    let before = bench.case(&case).await;
    assert_eq!(bench.record(copy_of(7, &sent_as)).await, Recorded::Noted { case: Some(case.clone()) });
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Sent { .. }));
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.revision), (before.state, before.revision));
    assert!(!file.case.flags.contains(&CaseFlag::AnsweredElsewhere), "it is our own mail");
    assert!(!bench.mail(&id).await.file_copy, "the copy lies in \\Sent already");
}

pub async fn an_older_answer_changes_nothing(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.receive(&Letter::new(10)).await;
    let first = message_id("<m1@customer.example>");
    bench.record(own_answer(5, minutes(5), CAMILLE, std::slice::from_ref(&first))).await;
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::NeedsReply, "the customer wrote after that");
    assert!(file.draft.is_some());
    let newest = message_id("<m10@customer.example>");
    bench.record(own_answer(6, minutes(9), CAMILLE, &[newest, first])).await;
    assert_eq!(bench.case(&case).await.state, CaseState::Answered, "the client's clock may be wrong");
}

pub async fn the_customer_can_answer_the_colleague(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let answer = own_answer(2, minutes(2), CAMILLE, &[message_id("<m1@customer.example>")]);
    let id = answer.message.message_id.clone().unwrap();
    bench.record(answer).await;
    let spouse = Letter::new(3).from("alex@customer.example").citing(&id);
    assert_eq!(bench.receive(&spouse).await, Recorded::Joined { case: case.clone() });
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::NeedsReply);
    assert!(!file.case.flags.contains(&CaseFlag::AnsweredElsewhere));
    assert!(file.draft.is_some());
}

/// From our address in the inbox, with nothing to prove it.
fn unproven(n: u32, at: jiff::Timestamp, recipient: &str, cited: &[MessageId]) -> Intake {
    let mut intake = own_answer(n, at, recipient, cited);
    intake.location.folder = folder(FolderRole::Inbox);
    if let Matter::OwnAnswer(answer) = &mut intake.matter {
        answer.proven = false;
    }
    intake
}

pub async fn an_unproven_answer_withdraws_nothing(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let reply = bench.approve(&case, 1, minutes(30)).await;
    let before = bench.file(&case).await;
    let forged = unproven(2, minutes(2), CAMILLE, &[message_id("<m1@customer.example>")]);
    assert_eq!(bench.record(forged).await, Recorded::Noted { case: Some(case.clone()) });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.revision), (before.case.state, before.case.revision + 1));
    assert!(file.case.flags.contains(&CaseFlag::UnprovenAnswer));
    assert_eq!((file.draft, file.outgoing), (before.draft, before.outgoing));
    assert!(matches!(bench.mail(&reply.id).await.state, DeliveryState::Pending { .. }));
    assert_eq!(file.messages.len(), 2, "a person sees it");
    let nobody = unproven(3, minutes(3), "somebody@else.example", &[]);
    assert_eq!(bench.record(nobody).await, Recorded::Unclaimed, "nothing is lost");
}

pub async fn a_copy_among_the_sent_mails_proves_an_answer(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let first = message_id("<m1@customer.example>");
    let inbox = unproven(2, minutes(2), CAMILLE, std::slice::from_ref(&first));
    let sent = own_answer(2, minutes(2), CAMILLE, std::slice::from_ref(&first));
    assert_eq!(inbox.key, sent.key);
    bench.record(inbox).await;
    assert_eq!(bench.record(sent.clone()).await, Recorded::AlreadyKnown { case: Some(case.clone()) });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.draft.is_none()), (CaseState::Answered, true));
    assert!(!file.case.flags.contains(&CaseFlag::UnprovenAnswer));
    bench.record(sent).await;
    assert_eq!(bench.case(&case).await.revision, file.case.revision, "once is enough");
}

pub async fn a_proven_answer_is_noted_once_and_settles_its_own_case_only(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let first = message_id("<m1@customer.example>");
    let sent = own_answer(2, minutes(2), CAMILLE, std::slice::from_ref(&first));
    bench.record(unproven(2, minutes(2), CAMILLE, std::slice::from_ref(&first))).await;
    // She wrote after the answer: the case stays open, and the folder of sent mail is read twice.
    bench.receive(&Letter::new(3).at(minutes(9)).citing(&first)).await;
    for _ in 0..2 {
        bench.record(sent.clone()).await;
    }
    let file = bench.file(&case).await;
    let noted = file.record.iter().filter(|entry| matches!(entry.event, Some(Event::AnsweredElsewhere { .. })));
    assert_eq!((file.case.state, noted.count()), (CaseState::NeedsReply, 1));

    // The copy of a mail in one case, known before; the flag in another comes from a forged one.
    let other = bench.open_case(&Letter::new(20).from("ben@ben.example").at(minutes(10))).await;
    let id = message_id("<m20@customer.example>");
    bench.record(unproven(21, minutes(11), "ben@ben.example", std::slice::from_ref(&id))).await;
    let mut elsewhere = own_answer(2, minutes(12), "ben@ben.example", std::slice::from_ref(&id));
    elsewhere.key = sent.key;
    bench.record(elsewhere).await;
    assert_eq!(bench.case(&other).await.state, CaseState::NeedsReply, "that mail is not the forged one's proof");
}

pub async fn a_known_mail_of_ours_sent_on_to_another_customer_proves_nothing(mut bench: Bench) {
    let sent = own_answer(7, minutes(0), "mallory@evil.example", &[]);
    bench.record(sent.clone()).await;
    let case = bench.open_case(&Letter::new(1)).await;
    let forged = unproven(7, minutes(2), CAMILLE, &[]);
    assert_eq!(forged.key, sent.key, "recipients are no part of the identity");
    bench.record(forged).await;
    bench.record(sent).await;
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply);
}

pub async fn who_answers_a_person_is_not_acknowledged(mut bench: Bench) {
    let offer = own_answer(7, minutes(0), CAMILLE, &[]);
    let robot = {
        let mut robot = own_answer(8, minutes(0), CAMILLE, &[]);
        robot.matter = Matter::SentBefore { by_person: false };
        robot
    };
    let before = {
        let mut before = own_answer(9, minutes(0), CAMILLE, &[]);
        before.matter = Matter::SentBefore { by_person: true };
        before
    };
    let ids: Vec<_> =
        [&offer, &robot, &before].map(|sent| sent.message.message_id.clone().unwrap()).into_iter().collect();
    for sent in [offer, robot, before] {
        bench.record(sent).await;
    }
    for (n, id, greeted) in [(1, &ids[0], false), (2, &ids[1], true), (3, &ids[2], false)] {
        let letter = Letter::new(n).from(&format!("c{n}@customer{n}.example")).citing(id);
        assert_eq!(super::queued(&bench.receive(&letter).await), greeted, "letter {n}");
        let flagged = CaseFlag::NotAcknowledged("a person already wrote".into());
        let file = bench.file(&letter.case_id()).await;
        assert_eq!(file.case.flags.contains(&flagged), !greeted);
        assert!(file.draft.is_some(), "it is queued like any case");
    }
    let late = minutes(500);
    bench.step(|store, _| async move { store.expire(kept_since(late), late).await }).await.unwrap();
    let letter = Letter::new(4).from("c4@customer4.example").citing(&ids[0]);
    assert!(super::queued(&bench.receive(&letter).await), "its id is not kept for ever");
}

pub async fn a_bounced_reply_comes_back(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mail = bench.approve(&case, 1, minutes(2)).await;
    bench.send_all(minutes(2)).await;
    assert_eq!(bench.record(bounce(8, &mail.message_id)).await, Recorded::Noted { case: Some(case.clone()) });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.waiting_since), (CaseState::NeedsReply, minutes(8)));
    assert!(file.case.flags.contains(&CaseFlag::NotDelivered));
    assert_eq!(file.draft.clone().unwrap().body, proposal("ask_information").body);
    assert!(event_names(&file).contains(&"bounced".to_owned()));
    assert_eq!(bench.store().automated(9).await.unwrap().len(), 1);
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Sent { .. }), "it did leave");
}

pub async fn a_bounce_settles_a_doubt(mut bench: Bench) {
    let (case, id, sent_as) = in_doubt(&mut bench).await;
    bench.record(bounce(8, &sent_as)).await;
    assert!(matches!(bench.mail(&id).await.state, DeliveryState::Sent { .. }));
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply);
}

pub async fn a_bounce_of_something_else_is_stored(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let before = bench.file(&case).await;
    assert_eq!(bench.record(bounce(8, &message_id("<other@x>"))).await, Recorded::Noted { case: None });
    assert_eq!(bench.file(&case).await, before);
    assert_eq!(bench.store().automated(9).await.unwrap().len(), 1);
    let acknowledgement = before.outgoing[0].message_id.clone();
    bench.send_all(minutes(9)).await;
    bench.record(bounce(10, &acknowledgement)).await;
    let case = bench.case(&case).await;
    assert!(!case.flags.contains(&CaseFlag::NotDelivered), "an acknowledgement that bounced reopens nothing");
}
