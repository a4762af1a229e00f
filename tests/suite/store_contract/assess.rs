//! What law and policy say of a case, when it is due to be said, and what it does to the draft.

use guichet::domain::assessment::{Basis, Outcome};
use guichet::domain::{Assessment, CaseId, Email, Event, Purchase, Suggestion};
use guichet::ports::store::{Decision, DraftEdit, StoreError, StoreResult};
use jiff::Timestamp;

use super::{Bench, event_names, events};
use crate::support::letter::{CAMILLE, Letter, MAILBOX, kept_since, minutes, proposal, suggestion, verdict};
use crate::support::order::{assessment, eligible, found, order};

/// What follows once the order is known.
fn accept() -> Option<(Suggestion, String)> {
    Some((suggestion("accept"), "Vous serez remboursée.".into()))
}

fn silent(at: Timestamp) -> Assessment {
    let purchase = Purchase::Unavailable { why: "no answer in 5 s".into(), at };
    assessment(purchase, Outcome::NeedsInformation(Vec::new()), None, at)
}

async fn due(bench: &Bench, now: Timestamp) -> Vec<CaseId> {
    bench.store().unassessed(MAILBOX, now, 9).await.unwrap()
}

async fn assess(
    bench: &mut Bench,
    case: &CaseId,
    revision: u64,
    said: Assessment,
    draft: Option<(Suggestion, String)>,
) -> StoreResult<u64> {
    let (case, at) = (case.clone(), said.at);
    bench.step(|store, lease| async move { store.assess(&lease, &case, revision, said, draft, at).await }).await
}

pub async fn a_message_is_due_to_be_assessed_until_it_was(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.open_case(&Letter::new(2).from("old@old.example").history()).await;
    let mut unjudged = Letter::new(3).from("blank@blank.example");
    unjudged.verdict = None;
    bench.open_case(&unjudged).await;
    assert_eq!(
        due(&bench, minutes(9)).await,
        std::slice::from_ref(&case),
        "neither history nor what nobody could judge"
    );
    assert_eq!(due(&bench, minutes(0)).await, []);
    assert_eq!(bench.store().unassessed("other", minutes(9), 9).await.unwrap(), []);
    assert_eq!(bench.store().assessment(&case).await.unwrap(), None);

    let said = eligible(found(order("FR-1"), minutes(2)), minutes(2));
    assert_eq!(
        assess(&mut bench, &case, 1, said.clone(), None).await,
        Ok(1),
        "no draft changed: nothing to read again"
    );
    assert_eq!(due(&bench, Timestamp::MAX).await, []);
    assert_eq!(bench.store().assessment(&case).await.unwrap().as_ref(), Some(&said));
    let file = bench.file(&case).await;
    assert_eq!(file.assessment, Some(said.clone()));
    let event = Event::Assessed { outcome: said.outcome.clone(), basis: Some(Basis::Conformity) };
    assert_eq!(events(&file).last(), Some(&&event));
    let row = bench.queue(9).await.into_iter().find(|row| row.case.id == case).unwrap();
    let shown = row.assessed.unwrap();
    assert_eq!((shown.outcome, shown.governing, shown.facts_missing), (said.outcome, said.governing, false));
}

pub async fn a_further_message_is_due_and_thanks_are_not(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    assess(&mut bench, &case, 1, silent(minutes(1)), None).await.unwrap();
    let id = case.clone();
    bench.step(|store, lease| async move { store.defer_assessment(&lease, &id, minutes(60)).await }).await.unwrap();
    bench.receive(&Letter::new(2).thanks()).await;
    assert_eq!(due(&bench, minutes(3)).await, [], "thanks change nothing");
    bench.receive(&Letter::new(3)).await;
    assert_eq!(
        due(&bench, minutes(3)).await,
        std::slice::from_ref(&case),
        "what the customer wrote does not wait for the source"
    );
}

pub async fn an_assessment_replaces_an_untouched_draft(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let said = eligible(found(order("FR-1"), minutes(2)), minutes(2));
    assert_eq!(assess(&mut bench, &case, 1, said.clone(), accept()).await, Ok(2));
    let file = bench.file(&case).await;
    let draft = file.draft.clone().unwrap();
    assert_eq!((draft.body.as_str(), draft.newer, draft.revision), ("Vous serez remboursée.", None, 2));
    assert_eq!(event_names(&file)[3..], ["assessed", "drafted"]);

    let again = Assessment { at: minutes(3), ..said };
    assert_eq!(assess(&mut bench, &case, 2, again, accept()).await, Ok(2), "the same again is no news");
    assert_eq!(event_names(&bench.file(&case).await).len(), 5);
}

pub async fn an_assessment_stands_beside_what_a_person_touched(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let edit = DraftEdit { body: Some("Bonjour Camille, je regarde.".into()), ..DraftEdit::default() };
    let id = case.clone();
    bench.step(|store, _| async move { store.edit_draft(&id, 1, edit, "rita", minutes(2)).await }).await.unwrap();
    let said = eligible(found(order("FR-1"), minutes(3)), minutes(3));
    assert_eq!(assess(&mut bench, &case, 2, said, accept()).await, Ok(3), "she has to know of it before approving");
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!(draft.body, "Bonjour Camille, je regarde.");
    assert_eq!(draft.newer.unwrap().body, "Vous serez remboursée.");

    let other = bench.open_case(&Letter::new(5).from("tom@other.example")).await;
    let id = other.clone();
    bench.step(|store, _| async move { store.open_draft(&id, "rita", minutes(6)).await }).await.unwrap();
    assess(&mut bench, &other, 1, eligible(Purchase::NotAsked, minutes(7)), accept()).await.unwrap();
    let draft = bench.file(&other).await.draft.unwrap();
    assert_eq!((draft.body, draft.newer.is_some()), (proposal("ask_information").body, true));
}

pub async fn an_assessment_leaves_an_approved_reply_alone(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mail = bench.approve(&case, 1, minutes(3)).await;
    assert_eq!(assess(&mut bench, &case, 2, eligible(Purchase::NotAsked, minutes(2)), accept()).await, Ok(2));
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!((draft.body, draft.newer), (proposal("ask_information").body, None));
    bench.send_all(minutes(3)).await;
    assert_eq!(bench.mail(&mail.id).await.state.name(), "sent");
    let again = eligible(found(order("FR-1"), minutes(4)), minutes(4));
    assess(&mut bench, &case, 2, again, accept()).await.unwrap();
    assert_eq!(bench.file(&case).await.draft, None, "an answered case gets no draft by itself");
}

pub async fn a_stale_assessment_is_refused_and_stays_due(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    bench.receive(&Letter::new(2)).await;
    let said = eligible(Purchase::NotAsked, minutes(3));
    assert_eq!(assess(&mut bench, &case, 1, said, accept()).await, Err(StoreError::Stale { current: 2 }));
    assert_eq!(due(&bench, minutes(3)).await, std::slice::from_ref(&case));
    assert_eq!(bench.store().assessment(&case).await.unwrap(), None);
    let lost = guichet::ports::store::Lease { epoch: 0, ..bench.lease.clone() };
    let refused = bench.store().assess(&lost, &case, 2, eligible(Purchase::NotAsked, minutes(3)), None, minutes(3));
    assert_eq!(refused.await, Err(StoreError::LeaseLost));
    assert_eq!(bench.store().defer_assessment(&lost, &case, minutes(9)).await, Err(StoreError::LeaseLost));
}

pub async fn a_silent_source_leaves_the_case_due(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    assess(&mut bench, &case, 1, silent(minutes(2)), None).await.unwrap();
    assert_eq!(due(&bench, minutes(2)).await, std::slice::from_ref(&case), "a crash behind this loses no duty");
    let row = bench.queue(9).await.remove(0);
    assert!(row.assessed.unwrap().facts_missing);
    let id = case.clone();
    bench.step(|store, lease| async move { store.defer_assessment(&lease, &id, minutes(12)).await }).await.unwrap();
    assert_eq!((due(&bench, minutes(11)).await, due(&bench, minutes(12)).await), (vec![], vec![case.clone()]));

    let said = eligible(found(order("FR-1"), minutes(12)), minutes(12));
    let revision = bench.case(&case).await.revision;
    let after = assess(&mut bench, &case, revision, said, None).await.unwrap();
    assert!(after > revision, "the facts are news to who read the case before");
    let id = case.clone();
    bench.step(|store, lease| async move { store.defer_assessment(&lease, &id, minutes(13)).await }).await.unwrap();
    assert_eq!(due(&bench, Timestamp::MAX).await, [], "what is not due is not made due by deferring it");
}

pub async fn a_corrected_basis_is_due_and_kept(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    assess(&mut bench, &case, 1, eligible(Purchase::NotAsked, minutes(2)), None).await.unwrap();
    let set = |basis, revision| {
        let id = case.clone();
        move |store: std::sync::Arc<dyn guichet::ports::Store>, _| async move {
            store.correct_basis(&id, revision, basis, "rita", minutes(3)).await
        }
    };
    assert_eq!(bench.step(set(Some(Basis::Withdrawal), 1)).await, Ok(2));
    let file = bench.file(&case).await;
    assert_eq!(file.corrected_basis, Some(Basis::Withdrawal));
    assert_eq!(
        events(&file).last(),
        Some(&&Event::Corrected { changes: vec!["basis: conformity → withdrawal".into()] })
    );
    assert_eq!(due(&bench, minutes(3)).await, std::slice::from_ref(&case));
    assert_eq!(bench.step(set(None, 1)).await, Err(StoreError::Stale { current: 2 }));
    assert_eq!(bench.step(set(None, 2)).await, Ok(3));
    assert_eq!(bench.file(&case).await.corrected_basis, None);
}

pub async fn a_corrected_verdict_is_due_and_a_closed_case_is_not(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    assess(&mut bench, &case, 1, eligible(Purchase::NotAsked, minutes(2)), None).await.unwrap();
    let id = case.clone();
    bench.step(|store, _| async move { store.correct(&id, 1, verdict(), "rita", minutes(3)).await }).await.unwrap();
    assert_eq!(due(&bench, minutes(3)).await, std::slice::from_ref(&case));
    let dismissed = Decision::Dismiss { why: String::new() };
    let id = case.clone();
    bench.step(|store, _| async move { store.decide(&id, 2, dismissed, "rita", minutes(4)).await }).await.unwrap();
    assert_eq!(due(&bench, Timestamp::MAX).await, []);
}

pub async fn a_customers_other_cases_are_history(mut bench: Bench) {
    let refused = bench.open_case(&Letter::new(1).order("A-1").at(minutes(-60 * 24 * 90))).await;
    let granted = bench.open_case(&Letter::new(2).order("B-2").at(minutes(-60 * 24 * 30))).await;
    let ancient = bench.open_case(&Letter::new(3).order("C-3").at(minutes(-60 * 24 * 900))).await;
    for (case, template) in [(&refused, "refuse"), (&granted, "accept")] {
        let edit =
            DraftEdit { suggestion: Some(suggestion(template)), body: Some("…".into()), ..DraftEdit::default() };
        bench.store().edit_draft(case, 1, edit, "rita", minutes(0)).await.unwrap();
        bench.approve(case, 1, minutes(0)).await;
    }
    let dismissed = Decision::Dismiss { why: String::new() };
    bench.store().decide(&ancient, 1, dismissed, "rita", minutes(0)).await.unwrap();
    bench.send_all(minutes(0)).await;
    let open = bench.open_case(&Letter::new(4).order("D-4")).await;
    let here = bench.open_case(&Letter::new(5).order("E-5")).await;
    bench.open_case(&Letter::new(6).from("sidonie@else.example").order("e 5")).await;

    let me = Email::parse("Camille+shop@customer.example").unwrap();
    let history = bench.store().history(&me, Some("#E5"), &here).await.unwrap();
    assert_eq!(history.open.as_slice(), std::slice::from_ref(&open));
    let told: Vec<_> =
        history.earlier.iter().map(|case| (&case.id, case.asked_refund, case.refunded, case.refused)).collect();
    assert_eq!(told, [(&granted, true, true, false), (&refused, true, false, true)], "two years back, newest first");
    assert_eq!(history.same_order, ["s…@else.example"]);
    let by_address = bench.store().history(&me, None, &here).await.unwrap();
    assert_eq!((by_address.open, by_address.same_order), (vec![open.clone()], vec![]));

    // An order that was found without its number having been named counts as well.
    let said = eligible(found(order("E-5"), minutes(9)), minutes(9));
    assess(&mut bench, &open, 1, said, None).await.unwrap();
    let sidonie = Email::parse("sidonie@else.example").unwrap();
    let history = bench.store().history(&sidonie, Some("E-5"), &here).await.unwrap();
    assert_eq!(history.same_order, ["c…@customer.example"]);
}

pub async fn an_assessment_is_erased_with_its_case_and_its_buyer(mut bench: Bench) {
    let theirs = bench.open_case(&Letter::new(1).order("F-1")).await;
    let other = bench.open_case(&Letter::new(2).from("tom@other.example").order("F-1")).await;
    let said = || eligible(found(order("F-1"), minutes(3)), minutes(3));
    for case in [&theirs, &other] {
        assess(&mut bench, case, 1, said(), None).await.unwrap();
    }
    bench.store().correct_basis(&theirs, 1, Some(Basis::Goodwill), "rita", minutes(4)).await.unwrap();
    let camille = Email::parse(CAMILLE).unwrap();
    bench.step(|store, _| async move { store.erase(&camille, minutes(5)).await }).await.unwrap();
    for case in [&theirs, &other] {
        let file = bench.file(case).await;
        assert_eq!((file.assessment, file.corrected_basis), (None, None), "it named the buyer");
    }
    assert_eq!(due(&bench, Timestamp::MAX).await, [], "nothing waits for an erased case");
    let tom = Email::parse("tom@other.example").unwrap();
    assert_eq!(bench.store().history(&tom, Some("F-1"), &other).await.unwrap().same_order, Vec::<String>::new());

    let revision = bench.case(&other).await.revision;
    assess(&mut bench, &other, revision, said(), None).await.unwrap();
    let dismissed = Decision::Dismiss { why: String::new() };
    let revision = bench.case(&other).await.revision;
    bench.store().decide(&other, revision, dismissed, "rita", minutes(6)).await.unwrap();
    let all = kept_since(minutes(900));
    bench.step(|store, _| async move { store.expire(all, minutes(2000)).await }).await.unwrap();
    assert_eq!(bench.store().assessment(&other).await.unwrap(), None, "kept long enough");
}
