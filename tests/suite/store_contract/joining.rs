//! A message continues a case.

use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::{CaseFlag, CaseState, Closed, DeliveryState, Event};
use guichet::ports::store::{Decision, DraftEdit, Period, Recorded};
use jiff::SignedDuration;

use super::{Bench, event_names, events};
use crate::support::letter::{Letter, message_id, minutes, proposal};

const DAY: i64 = 24 * 60;

async fn dismiss(bench: &mut Bench, case: &guichet::domain::CaseId, at: jiff::Timestamp) {
    let case = bench.case(case).await;
    let decision = Decision::Dismiss { why: "settled by phone".into() };
    bench
        .step(|store, _| async move { store.decide(&case.id, case.revision, decision, "rita", at).await })
        .await
        .unwrap();
}

pub async fn an_answer_joins_by_its_citation(mut bench: Bench) {
    let first = Letter::new(1);
    let case = bench.open_case(&first).await;
    bench.open_case(&Letter::new(2).from("paul@elsewhere.example")).await;
    let ours = bench.mail(&first.acknowledgement_id()).await;
    let answer = Letter::new(3).citing(&ours.message_id);
    assert_eq!(bench.receive(&answer).await, Recorded::Joined { case: case.clone() });
    let file = bench.file(&case).await;
    assert_eq!(file.messages.len(), 2);
    assert_eq!(file.case.last_message_at, answer.at);
    assert_eq!(file.case.waiting_since, first.at, "it waits since the first one");
    assert_eq!(file.case.revision, 2);
    assert_eq!(file.outgoing.len(), 1, "a joined message is never acknowledged");
    assert_eq!(file.case.thread.len(), 2);
}

pub async fn a_reference_joins_the_same_sender_only(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("A-1")).await;
    bench.open_case(&Letter::new(2).order("B-2").saying("autre commande")).await;
    let text = format!("Au sujet de [{}]", case.as_str().to_lowercase());
    assert_eq!(bench.receive(&Letter::new(3).saying(&text)).await, Recorded::Joined { case: case.clone() });
    let stranger = Letter::new(4).from("paul@elsewhere.example").saying(&text);
    assert!(matches!(bench.receive(&stranger).await, Recorded::New { .. }));
}

pub async fn an_order_number_joins(mut bench: Bench) {
    let first = bench.open_case(&Letter::new(1).order("CMD-1")).await;
    let second = bench.open_case(&Letter::new(2).order("CMD-2")).await;
    assert_eq!(bench.receive(&Letter::new(3).order("cmd 1")).await, Recorded::Joined { case: first });
    assert_eq!(bench.receive(&Letter::new(4).order("CMD/2")).await, Recorded::Joined { case: second });
    let third = bench.receive(&Letter::new(5).order("CMD-3")).await;
    assert!(matches!(third, Recorded::New { .. }), "{third:?}");
}

pub async fn the_only_open_case_is_joined(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let again = Letter::new(2).from("CAMILLE+shop@Customer.example");
    assert_eq!(bench.receive(&again).await, Recorded::Joined { case: case.clone() });
    dismiss(&mut bench, &case, minutes(10)).await;
    assert!(matches!(bench.receive(&Letter::new(11)).await, Recorded::New { .. }), "a closed case is not joined");
    let recent = bench.open_case(&Letter::new(12).from("paul@elsewhere.example")).await;
    let earlier = Letter::new(5).from("paul@elsewhere.example").history();
    assert!(matches!(bench.receive(&earlier).await, Recorded::New { .. }), "nor by what lay there before the start");
    assert_eq!(bench.file(&recent).await.messages.len(), 1);
    let late = Letter::new(14).at(minutes(11 + 14 * DAY));
    assert!(matches!(bench.receive(&late).await, Recorded::New { .. }), "nor a quiet one");
    let cited = message_id("<m1@customer.example>");
    let much_later = Letter::new(15).at(minutes(11 + 31 * DAY)).citing(&cited);
    let new = bench.open_case(&much_later).await;
    assert_eq!(bench.case(&new).await.linked, Some(case), "long closed: linked, not continued");
}

pub async fn thanks_do_not_reopen(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mail = bench.approve(&case, 1, minutes(30)).await;
    assert_eq!(bench.receive(&Letter::new(3).thanks()).await, Recorded::Joined { case: case.clone() });
    assert_eq!(bench.case(&case).await.state, CaseState::Answered);
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Pending { .. }), "the reply still goes out");
    dismiss(&mut bench, &case, minutes(40)).await;
    let thanks = Letter::new(41).thanks().citing(&message_id("<m1@customer.example>"));
    bench.receive(&thanks).await;
    assert_eq!(bench.case(&case).await.state, CaseState::Closed(Closed::Dismissed));
    let more = Letter::new(42).citing(&message_id("<m1@customer.example>"));
    bench.receive(&more).await;
    let case = bench.case(&case).await;
    assert_eq!((case.state, case.closed_at, case.waiting_since), (CaseState::NeedsReply, None, minutes(42)));
}

pub async fn a_mark_is_kept_where_a_reply_asked_for_one(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let answer = |n: u32| Letter::new(n).citing(&message_id("<m1@customer.example>"));
    let draft = Some(proposal("ask_feedback"));
    bench.receive(&Letter { draft, ..answer(2).mark(2) }).await;
    assert_eq!(bench.case(&case).await.rating, None, "nobody has asked yet");
    bench.approve(&case, 1, minutes(5)).await;
    bench.send_all(minutes(6)).await;
    bench.receive(&answer(7).from("paul@other.example").mark(1)).await;
    assert_eq!(bench.case(&case).await.rating, None, "somebody else’s");
    bench.receive(&answer(8).mark(4).thanks()).await;
    let file = bench.file(&case).await;
    let rating = file.case.rating.unwrap();
    assert_eq!((rating.mark, rating.at), (4, minutes(8)));
    assert!(events(&file).contains(&&Event::Rated { mark: 4 }));
    let figures = bench.store().figures(Period::default(), &jiff::tz::TimeZone::UTC).await.unwrap();
    assert_eq!(figures.ratings["2026-03"]["4"], 1);
}

pub async fn a_newcomer_in_the_thread_is_flagged(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let spouse = Letter::new(2).from("alex@customer.example").citing(&message_id("<m1@customer.example>"));
    assert_eq!(bench.receive(&spouse).await, Recorded::Joined { case: case.clone() });
    let file = bench.file(&case).await;
    assert!(file.case.flags.contains(&CaseFlag::OtherSender));
    assert_eq!(file.case.customer.as_ref(), Letter::new(1).message.author());
}

pub async fn an_edited_draft_is_kept_beside_the_new_suggestion(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let (id, edit) = (case.clone(), DraftEdit { body: Some("Ma réponse".into()), ..DraftEdit::default() });
    bench.step(|store, _| async move { store.edit_draft(&id, 1, edit, "rita", minutes(2)).await }).await.unwrap();
    let mut more = Letter::new(3);
    more.draft = Some(proposal("return_address"));
    bench.receive(&more).await;
    let file = bench.file(&case).await;
    let draft = file.draft.unwrap();
    assert_eq!(draft.body, "Ma réponse");
    assert_eq!(draft.newer.unwrap().body, proposal("return_address").body);
    assert!(file.case.flags.contains(&CaseFlag::NewMessageSinceEdit));
    assert_eq!(file.case.revision, 3);
}

pub async fn an_untouched_draft_is_replaced(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mut more = Letter::new(2);
    more.draft = Some(proposal("return_address"));
    bench.receive(&more).await;
    let file = bench.file(&case).await;
    let draft = file.draft.unwrap();
    assert_eq!((draft.body.as_str(), draft.newer), (proposal("return_address").body.as_str(), None));
    assert!(!file.case.flags.contains(&CaseFlag::NewMessageSinceEdit));
}

pub async fn an_approved_reply_returns_to_draft(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mail = bench.approve(&case, 1, minutes(30)).await;
    assert_eq!(bench.case(&case).await.state, CaseState::Answered);
    bench.receive(&Letter::new(2)).await;
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.waiting_since), (CaseState::NeedsReply, minutes(2)));
    assert!(matches!(bench.mail(&mail.id).await.state, DeliveryState::Cancelled { .. }));
    let draft = file.draft.clone().unwrap();
    assert_eq!((draft.approved_as, draft.body), (None, proposal("ask_information").body));
    assert!(draft.newer.is_some(), "the approved words are a person's: the new suggestion stands beside them");
    assert!(event_names(&file).contains(&"returned_to_draft".to_owned()));
    bench.approve(&case, 2, minutes(40)).await;
    assert_eq!(bench.case(&case).await.state, CaseState::Answered);
}

pub async fn a_reply_under_way_is_withdrawn_if_it_fails(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let mail = bench.approve(&case, 1, minutes(2)).await;
    let id = mail.id.clone();
    bench.step(|store, lease| async move { store.claim_due(&lease, minutes(2), 9).await }).await.unwrap();
    bench.receive(&Letter::new(3)).await;
    assert_eq!(bench.case(&case).await.state, CaseState::NeedsReply);
    let outcome = AttemptOutcome::Retry { not_before: minutes(9), why: "451 later".into() };
    let state = bench.step(|store, lease| async move { store.finish(&lease, &id, outcome, minutes(4)).await }).await;
    assert!(matches!(state.unwrap(), DeliveryState::Cancelled { .. }), "nobody approved it knowing the new message");
    let file = bench.file(&case).await;
    assert_eq!(file.draft.clone().unwrap().approved_as, None);
    assert!(event_names(&file).contains(&"returned_to_draft".to_owned()));
}

pub async fn a_reply_in_doubt_makes_room_for_another(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(1)).await;
    let id = bench.approve(&case, 1, minutes(2)).await.id;
    let doubt = AttemptOutcome::Doubt { why: "no answer to the final dot".into() };
    bench
        .step(|store, lease| async move {
            store.claim_due(&lease, minutes(2), 9).await?;
            store.mark_committing(&lease, &id).await?;
            store.finish(&lease, &id, doubt, minutes(3)).await
        })
        .await
        .unwrap();
    bench.receive(&Letter::new(4)).await;
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!((draft.approved_as, draft.opened_by), (None, None), "a fresh draft");
    bench.approve(&case, 2, minutes(5)).await;
}

pub async fn the_same_id_with_other_words_joins(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1).order("CMD-1")).await;
    let mut again = Letter::new(1).order("CMD-9").saying("les mêmes mots, un peu changés");
    again.n = 2;
    assert_eq!(bench.receive(&again).await, Recorded::Joined { case: case.clone() });
    assert_eq!(bench.file(&case).await.outgoing.len(), 1);
    let mut forged = again.clone().from("paul@elsewhere.example");
    forged.n = 3;
    assert!(matches!(bench.receive(&forged).await, Recorded::New { .. }));
}

pub async fn history_leaves_a_case_as_it_stands(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(5).order("CMD-1")).await;
    let before = bench.file(&case).await;
    let older = Letter::new(1).order("CMD-1").history().at(minutes(5) - SignedDuration::from_hours(1));
    assert_eq!(bench.receive(&older).await, Recorded::Joined { case: case.clone() });
    let file = bench.file(&case).await;
    assert_eq!((file.case.revision, file.case.state), (before.case.revision, before.case.state));
    assert_eq!((file.case.last_message_at, &file.draft), (before.case.last_message_at, &before.draft));
    assert_eq!(file.messages[0].key, older.key(), "oldest first");
}
