//! A store that turns out to know less than was done.

use guichet::domain::identity::IdentityKey;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::position::FolderRole;
use guichet::domain::{Actor, CaseFlag, CaseId, CaseState, DeliveryState, OutgoingMail};
use guichet::ports::store::{CaseFile, Intake, LossNotice, Matter, Recorded};
use jiff::SignedDuration;

use super::{Bench, event_names};
use crate::support::letter::{CAMILLE, Letter, MAILBOX, folder, mark, message_id, minutes, own_answer};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub async fn a_roll_back_forgets_positions_and_holds_what_waits(mut bench: Bench) {
    let inbox = folder(FolderRole::Inbox);
    bench.step(|store, lease| async move { store.set_position(&lease, &inbox, &mark("far")).await }).await.unwrap();
    let sent = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(2)).await;
    let waiting = Letter::new(2).from("other@other.example");
    let case = bench.open_case(&waiting).await;
    assert_eq!(bench.store().loss().await.unwrap(), None);
    bench.step(|store, _| async move { store.roll_back(minutes(3), "it is older").await }).await.unwrap();

    let loss = LossNotice { at: minutes(3), sentence: "it is older".into() };
    assert_eq!(bench.store().loss().await.unwrap(), Some(loss), "a start later it is still told");
    bench.step(|store, _| async move { store.dismiss_loss().await }).await.unwrap();
    assert_eq!(bench.store().loss().await.unwrap(), None);
    assert_eq!(bench.store().rebuilt_at().await.unwrap(), Some(minutes(3)));
    assert_eq!(bench.store().position(&folder(FolderRole::Inbox)).await.unwrap(), None);
    assert!(matches!(bench.mail(&waiting.acknowledgement_id()).await.state, DeliveryState::Held { .. }));
    assert!(matches!(bench.mail(&Letter::new(1).acknowledgement_id()).await.state, DeliveryState::Sent { .. }));
    let file = bench.file(&case).await;
    assert_eq!(event_names(&file).last().unwrap(), "delivery");
    assert_eq!(file.record.last().unwrap().actor, Actor::Guichet);
    assert!(bench.send_all(minutes(60)).await.is_empty(), "nothing leaves without a person's word");
    assert_eq!(bench.receive(&Letter::new(1)).await, Recorded::AlreadyKnown { case: Some(sent) });
}

/// Camille's case with a reply that waited to be sent when the store turned out to be older than what was done.
async fn held_reply(bench: &mut Bench) -> (CaseId, OutgoingMail) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mail = bench.approve(&case, 1, minutes(5)).await;
    bench.step(|store, _| async move { store.roll_back(minutes(4), "it is older").await }).await.unwrap();
    (case, mail)
}

pub async fn a_copy_or_an_answer_proves_what_a_roll_back_held(mut bench: Bench) {
    let (case, mail) = held_reply(&mut bench).await;
    let mut copy = own_answer(7, minutes(7), CAMILLE, &[]);
    copy.message.message_id = Some(mail.message_id.clone());
    assert_eq!(bench.record(copy).await, Recorded::Noted { case: Some(case) });
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Sent { .. }));
    assert!(bench.step(|s, _| async move { s.release(&mail.id, "rita", minutes(8)).await }).await.is_err());

    let other = Letter::new(20).from("ben@ben.example");
    let case = bench.open_case(&other).await;
    let mail = bench.approve(&case, 1, minutes(25)).await;
    bench.step(|store, _| async move { store.roll_back(minutes(24), "it is older").await }).await.unwrap();
    bench.receive(&Letter::new(30).from("ben@ben.example").citing(&mail.message_id)).await;
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Sent { .. }), "he answers what he has got");
}

pub async fn what_a_roll_back_held_is_released_once(mut bench: Bench) {
    let (_, mail) = held_reply(&mut bench).await;
    let id = mail.id.clone();
    bench
        .step(|store, lease| async move {
            store.release(&id, "rita", minutes(8)).await?;
            store.claim_due(&lease, minutes(8), 9).await?;
            store.mark_committing(&lease, &id).await
        })
        .await
        .unwrap();
    bench.step(|store, lease| async move { store.recover(&lease, minutes(9)).await }).await.unwrap();
    bench.step(|store, lease| async move { store.resolve_doubts(&lease, true, minutes(60)).await }).await.unwrap();
    assert!(
        matches!(bench.mail(&mail.id).await.state, DeliveryState::Held { .. }),
        "a third copy is a person's to send"
    );
}

pub async fn what_a_roll_back_held_is_no_draft_again(mut bench: Bench) {
    let (case, mail) = held_reply(&mut bench).await;
    let approved = |file: &CaseFile| file.draft.as_ref().is_some_and(|draft| draft.approved_as.is_some());
    assert!(approved(&bench.file(&case).await));
    bench.receive(&Letter::new(9)).await;
    let file = bench.file(&case).await;
    assert!(
        !approved(&file) && !event_names(&file).contains(&"returned_to_draft".to_owned()),
        "another reply, not this one"
    );
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Held { .. }));
    bench.step(|s, _| async move { s.cancel(&mail.id, "not needed", "rita", minutes(11)).await }).await.unwrap();
    assert!(!event_names(&bench.file(&case).await).contains(&"returned_to_draft".to_owned()));
}

pub async fn an_attempt_under_way_at_a_roll_back_ends_as_it_ends(mut bench: Bench) {
    for (n, outcome, state) in [
        (1, AttemptOutcome::Accepted { response: "250 ok".into() }, "sent"),
        (2, AttemptOutcome::Retry { not_before: minutes(9), why: "no answer".into() }, "held"),
    ] {
        let letter = Letter::new(n).from(&format!("p{n}@p{n}.example"));
        bench.open_case(&letter).await;
        let id = letter.acknowledgement_id();
        let under_way = id.clone();
        bench
            .step(|store, lease| async move {
                store.claim_due(&lease, minutes(5), 9).await?;
                store.roll_back(minutes(6), "it is older").await?;
                store.finish(&lease, &under_way, outcome, minutes(7)).await
            })
            .await
            .unwrap();
        assert_eq!(bench.mail(&id).await.state.name(), state);
    }
}

pub async fn a_loss_covers_what_came_after_the_newest_message(mut bench: Bench) {
    assert_eq!(bench.store().lost(MAILBOX).await.unwrap(), None);
    bench.open_case(&Letter::new(1).at(minutes(7))).await;
    bench.open_case(&Letter::new(2).from("b@b.example").at(minutes(99_999))).await;
    bench.step(|store, _| async move { store.roll_back(minutes(500), "older").await }).await.unwrap();
    let lost = bench.store().lost(MAILBOX).await.unwrap().unwrap();
    assert_eq!(lost.from, minutes(7) - DAY, "a date in the future tells nothing");
    assert!(lost.covers(minutes(500)) && lost.covers(minutes(500) + DAY * 29) && !lost.covers(minutes(500) + DAY * 31));
    let unknown = bench.store().lost("another").await.unwrap().unwrap();
    assert_eq!(unknown.from, minutes(500) - DAY * 30, "nothing of it is known");

    // A letter that came since; then another loss before the first was read again.
    bench.open_case(&Letter::new(3).from("c@c.example").at(minutes(5_000))).await;
    bench.step(|store, _| async move { store.roll_back(minutes(6_000), "again").await }).await.unwrap();
    assert_eq!(bench.store().lost(MAILBOX).await.unwrap().unwrap().from, minutes(7) - DAY);
    let later = minutes(6_000) + DAY * 300;
    bench.step(|store, _| async move { store.roll_back(later, "long after").await }).await.unwrap();
    assert!(bench.store().lost(MAILBOX).await.unwrap().unwrap().from > minutes(5_000), "that one is long read");
}

/// Camille's letter, prepared as one of the time lost is.
async fn from_the_time_lost(bench: &Bench, letter: &Letter) -> Intake {
    let mut intake = letter.prepare(bench.store()).await;
    let Matter::Customer(matter) = &mut intake.matter else { panic!("a letter of a customer") };
    matter.flags.push(CaseFlag::AfterLoss);
    intake
}

pub async fn an_answer_read_before_its_letter_is_remembered(mut bench: Bench) {
    bench.step(|store, _| async move { store.roll_back(minutes(100), "older").await }).await.unwrap();
    let answer = own_answer(9, minutes(60), CAMILLE, &[message_id("<m1@customer.example>")]);
    let id = answer.message.message_id.clone();
    assert_eq!(bench.record(answer).await, Recorded::Noted { case: None });
    let answered = from_the_time_lost(&bench, &Letter::new(1).held("after a loss")).await;
    let Recorded::New { case, .. } = bench.record(answered).await else { panic!() };
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.draft), (CaseState::Answered, None));
    assert!(file.case.flags.contains(&CaseFlag::AnsweredElsewhere), "{:?}", file.case.flags);
    assert!(!file.case.flags.iter().any(|flag| matches!(flag, CaseFlag::NotAcknowledged(_))), "nobody knows");
    let told = file.record.iter().any(|entry| format!("{entry:?}").contains(id.as_ref().unwrap().as_str()));
    assert!(told, "the record names the answer");

    let follow_up = Letter::new(2).citing(&message_id("<m1@customer.example>")).held("after a loss");
    let open = from_the_time_lost(&bench, &follow_up).await;
    assert_eq!(bench.record(open).await, Recorded::Joined { case: case.clone() });
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply, "nobody answered that one");
    assert!(bench.file(&case).await.draft.is_some());
}

pub async fn a_letter_of_the_time_lost_says_why_else_it_is_held(mut bench: Bench) {
    bench.step(|store, _| async move { store.roll_back(minutes(100), "older").await }).await.unwrap();
    for (n, why, said) in [(1, "after a loss", false), (2, "mailing list", true)] {
        let letter = Letter::new(n).from(&format!("c{n}@customer{n}.example")).held(why);
        let lost = from_the_time_lost(&bench, &letter).await;
        bench.record(lost).await;
        let flags = bench.case(&letter.case_id()).await.flags;
        assert_eq!(flags.contains(&CaseFlag::NotAcknowledged(why.into())), said, "{flags:?}");
    }
}

pub async fn a_copy_of_a_known_answer_is_remembered_for_a_letter_read_later(mut bench: Bench) {
    bench.step(|store, _| async move { store.roll_back(minutes(100), "older").await }).await.unwrap();
    let other = bench.open_case(&Letter::new(5)).await;
    let cited = [message_id("<m5@customer.example>"), message_id("<m1@customer.example>")];
    let copy = own_answer(9, minutes(60), CAMILLE, &cited);
    let mut inbox = copy.clone();
    inbox.location.folder = folder(FolderRole::Inbox);
    let Matter::OwnAnswer(answer) = &mut inbox.matter else { panic!() };
    answer.proven = false;
    assert_eq!(bench.record(inbox).await, Recorded::Noted { case: Some(other) });
    bench.record(copy).await;
    let late = from_the_time_lost(&bench, &Letter::new(1).from("late@late.example").held("after a loss")).await;
    let Recorded::New { case, .. } = bench.record(late).await else { panic!() };
    assert_eq!(bench.case(&case).await.state, CaseState::Answered);
}

pub async fn an_answered_letter_takes_no_newer_one_with_it(mut bench: Bench) {
    bench.step(|store, _| async move { store.roll_back(minutes(100), "older").await }).await.unwrap();
    bench.record(own_answer(9, minutes(60), CAMILLE, &[message_id("<m1@customer.example>")])).await;
    // The folder hands out what is newest first.
    let newer = from_the_time_lost(&bench, &Letter::new(2).at(minutes(90)).held("after a loss")).await;
    let Recorded::New { case, .. } = bench.record(newer).await else { panic!() };
    let earlier = Letter::new(1).at(minutes(50)).citing(&message_id("<m2@customer.example>")).held("after a loss");
    let earlier = from_the_time_lost(&bench, &earlier).await;
    assert_eq!(bench.record(earlier).await, Recorded::Joined { case: case.clone() });
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.draft.is_some()), (CaseState::NeedsReply, true), "nobody answered the newer one");
}

pub async fn an_automatic_mail_of_ours_answers_nobody(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mut copy = own_answer(9, minutes(60), CAMILLE, &[message_id("<m1@customer.example>")]);
    let Matter::OwnAnswer(answer) = &mut copy.matter else { panic!() };
    answer.by_person = false;
    assert_eq!(bench.record(copy).await, Recorded::Noted { case: None });
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply);
}

pub async fn another_secret_is_noticed(mut bench: Bench) {
    let [first, second] = [1, 2].map(|byte| IdentityKey::new([byte; 32]).fingerprint());
    for (secret, unused, is_kept) in [
        (first, false, true),
        (second, false, false),
        (first, false, true),
        (second, true, true),
        (first, false, false),
    ] {
        let told = bench.step(|store, _| async move { store.named_with(secret, unused).await }).await;
        assert_eq!(told.unwrap(), is_kept);
    }
}

pub async fn a_message_is_known_once_it_is_stored(mut bench: Bench) {
    let letter = Letter::new(1);
    assert!(!bench.store().knows(letter.key()).await.unwrap());
    bench.open_case(&letter).await;
    assert!(bench.store().knows(letter.key()).await.unwrap());
}
