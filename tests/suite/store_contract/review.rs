//! What reviewers do.

use guichet::domain::{CaseFlag, CaseId, CaseState, Closed, DeliveryState, Event, Intent, OutgoingId, TemplateName};
use guichet::ports::store::{Decision, DraftEdit, StoreError};

use super::{Bench, event_names, events};
use crate::support::letter::{Letter, address, minutes, proposal, reply, suggestion, verdict};

pub async fn an_approval_moves_the_case_and_queues_the_mail(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mail = bench.approve(&case, 1, minutes(3)).await;
    assert_eq!(bench.mail(&mail.id).await, mail);
    let file = bench.file(&case).await;
    assert_eq!((file.case.state, file.case.revision), (CaseState::Answered, 2));
    assert_eq!(file.draft.clone().unwrap().approved_as, Some(mail.id.clone()), "the text is kept until it is sent");
    assert_eq!(event_names(&file)[3..], ["approved", "queued", "delivery"]);
    assert!(
        events(&file)
            .iter()
            .any(|event| matches!(event, Event::Approved { revision: 1, template: Some(_), edited: false }))
    );
    assert!(bench.queue(9).await.is_empty());
    let figures = bench.store().template_figures().await.unwrap();
    assert_eq!(figures, [(TemplateName::new("ask_information"), 1, 0)]);
    bench.send_all(minutes(3)).await;
    assert_eq!(bench.file(&case).await.draft, None);
}

pub async fn a_stale_approval_is_refused(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let read = bench.case(&case).await;
    bench.receive(&Letter::new(2)).await;
    let mail = Box::new(reply(&read, 1, minutes(3)));
    let approve = || Decision::Approve {
        mail: mail.clone(),
        asks: false,
        timers: Vec::new(),
        refund: None,
        promises: Vec::new(),
    };
    let late = bench.store().decide(&case, read.revision, approve(), "rita", minutes(3)).await;
    assert_eq!(late, Err(StoreError::Stale { current: 2 }));
    bench.store().decide(&case, 2, approve(), "rita", minutes(3)).await.unwrap();
    let again = bench.store().decide(&case, 3, approve(), "rita", minutes(3)).await;
    assert_eq!(again, Err(StoreError::Stale { current: 3 }), "the same draft is not approved twice");
    bench.reopen().await;
}

pub async fn a_dismissed_case_is_closed_and_its_mails_withdrawn(mut bench: Bench) {
    let letter = Letter::new(1);
    let case = bench.open_case(&letter).await;
    let dismiss = Decision::Dismiss { why: "settled by phone".into() };
    let id = case.clone();
    bench.step(|store, _| async move { store.decide(&id, 1, dismiss, "rita", minutes(2)).await }).await.unwrap();
    let file = bench.file(&case).await;
    assert_eq!(file.case.state, CaseState::Closed(Closed::Dismissed));
    assert_eq!((file.case.closed_at, &file.draft), (Some(minutes(2)), &None));
    assert!(events(&file).contains(&&Event::Dismissed { why: "settled by phone".into() }));
    assert!(matches!(bench.mail(&letter.acknowledgement_id()).await.state, DeliveryState::Cancelled { .. }));
}

pub async fn an_edit_raises_the_revision(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let edit = DraftEdit {
        body: Some("Bonjour Camille".into()),
        subject: Some("Votre cafetière".into()),
        to: Some(address("camille@work.example")),
        suggestion: None,
    };
    let (id, wanted) = (case.clone(), edit.clone());
    let revision =
        bench.step(|store, _| async move { store.edit_draft(&id, 1, wanted, "rita", minutes(2)).await }).await;
    assert_eq!(revision, Ok(2));
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!(Some(draft.body), edit.body);
    assert_eq!((Some(draft.subject), draft.to), (edit.subject.clone(), edit.to.clone()));
    assert_eq!(draft.edited_by.as_deref(), Some("rita"));
    assert!(bench.queue(1).await[0].edited);
    let stale = bench.store().edit_draft(&case, 1, edit, "paul", minutes(3)).await;
    assert_eq!(stale, Err(StoreError::Stale { current: 2 }));
    bench.approve(&case, 1, minutes(4)).await;
    let figures = bench.store().template_figures().await.unwrap();
    assert_eq!(figures, [(TemplateName::new("ask_information"), 1, 1)]);
}

pub async fn another_template_replaces_the_text(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let edit = DraftEdit {
        body: Some("Texte de l’autre modèle".into()),
        suggestion: Some(suggestion("return_address")),
        ..DraftEdit::default()
    };
    let id = case.clone();
    bench.step(|store, _| async move { store.edit_draft(&id, 1, edit, "rita", minutes(2)).await }).await.unwrap();
    let row = &bench.queue(1).await[0];
    assert_eq!((row.template.as_deref(), row.edited), (Some("return_address"), false));
    bench.receive(&Letter::new(3)).await;
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!(draft.body, "Texte de l’autre modèle", "a person chose it");
}

pub async fn a_correction_is_a_training_row(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let mut right = verdict();
    right.intent = Intent::Other;
    right.reason = None;
    let (id, wanted) = (case.clone(), right.clone());
    let revision = bench.step(|store, _| async move { store.correct(&id, 1, wanted, "rita", minutes(2)).await }).await;
    assert_eq!(revision, Ok(2));
    let file = bench.file(&case).await;
    assert_eq!(file.case.verdict.as_ref(), Some(&right));
    let rows = bench.store().corrections().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0].verdict, &rows[0].case, rows[0].key), (&right, &case, Letter::new(1).key()));
    assert_eq!(rows[0].text, Letter::new(1).message.newest_text);
    let changes = vec!["intent: refund_request → other".to_owned(), "reason: defective → none".to_owned()];
    assert!(events(&file).contains(&&Event::Corrected { changes }));
    let stale = bench.store().correct(&case, 1, verdict(), "rita", minutes(3)).await;
    assert_eq!(stale, Err(StoreError::Stale { current: 2 }));
}

pub async fn an_opened_draft_is_not_overwritten(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let id = case.clone();
    bench.step(|store, _| async move { store.open_draft(&id, "rita", minutes(2)).await }).await.unwrap();
    assert_eq!(bench.case(&case).await.revision, 1, "looking changes nothing to approve");
    let id = case.clone();
    let revised = bench
        .step(|store, lease| async move {
            store.revise(&lease, &id, 1, suggestion("order_found"), "Commande trouvée".into(), minutes(3)).await
        })
        .await;
    assert_eq!(revised, Ok(2));
    let draft = bench.file(&case).await.draft.unwrap();
    assert_eq!(draft.body, proposal("ask_information").body);
    assert_eq!(draft.newer.unwrap().body, "Commande trouvée");
}

pub async fn a_revision_replaces_an_untouched_draft(mut bench: Bench) {
    let case = bench.open_case(&Letter::new(1)).await;
    let id = case.clone();
    let revised = bench
        .step(|store, lease| async move {
            store.revise(&lease, &id, 1, suggestion("order_found"), "Commande trouvée".into(), minutes(3)).await
        })
        .await;
    assert_eq!(revised, Ok(2));
    let file = bench.file(&case).await;
    assert_eq!(file.draft.clone().unwrap().body, "Commande trouvée");
    assert_eq!(event_names(&file).last().map(String::as_str), Some("drafted"));
    let stale = bench.store().revise(&bench.lease, &case, 1, suggestion("x"), String::new(), minutes(4)).await;
    assert_eq!(stale, Err(StoreError::Stale { current: 2 }));
    assert!(!file.case.flags.contains(&CaseFlag::NewMessageSinceEdit));
}

pub async fn what_does_not_exist_is_missing(mut bench: Bench) {
    let nobody = CaseId::parse("G-0000").unwrap();
    let store = bench.store();
    assert!(matches!(store.case(&nobody).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.case_file(&nobody).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.open_draft(&nobody, "rita", minutes(1)).await, Err(StoreError::Missing(_))));
    let dismiss = Decision::Dismiss { why: String::new() };
    assert!(matches!(store.decide(&nobody, 1, dismiss, "rita", minutes(1)).await, Err(StoreError::Missing(_))));
    let row = OutgoingId::new("r-none");
    assert!(matches!(store.release(&row, "rita", minutes(1)).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.mark_committing(&bench.lease, &row).await, Err(StoreError::Missing(_))));
    let mut letter = Letter::new(1);
    letter.draft = None;
    let case = bench.open_case(&letter).await;
    let edit = bench.store().edit_draft(&case, 1, DraftEdit::default(), "rita", minutes(2)).await;
    assert!(matches!(edit, Err(StoreError::Missing(_))));
}
