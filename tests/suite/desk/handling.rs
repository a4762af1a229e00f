//! What a reviewer does about a case beside its reply.

use guichet::domain::record::CallDirection;
use guichet::domain::{Basis, CaseFlag, CaseId, Event, OutgoingKind};
use guichet::ports::store::{NoticeState, TellOutcome};
use guichet::ports::{Clock as _, Store as _};
use jiff::SignedDuration;

use crate::shop::http::{Page, Visitor};
use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, Shop, open};
use crate::support::order::{eligible, found, order};

async fn at_case() -> (Shop, CaseId, Visitor, Page) {
    let shop = open().await;
    let letter = Letter::new("Kim <kim@kim.example>", "Broken kettle", "The kettle died. Please refund order 48213.");
    let case = shop.receive(&letter.judged(|verdict| verdict.given.order_number = Some("48213".into()))).await;
    let now = shop.clock.now();
    let mut sold = order("48213");
    sold.lines = vec![serde_json::from_value(serde_json::json!({ "product": "Alba kettle", "quantity": 1 })).unwrap()];
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let revision = shop.store.case(&case).await.unwrap().revision;
    shop.store.assess(&lease, &case, revision, eligible(found(sold, now), now), None, now).await.unwrap();
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get(&format!("/case/{case}")).await;
    (shop, case, visitor, page)
}

async fn calls(shop: &Shop, case: &CaseId) -> Vec<(CallDirection, String)> {
    let record = shop.store.case_file(case).await.unwrap().record;
    let call = |event| match event {
        Some(Event::Called { direction, note }) => Some((direction, note)),
        _ => None,
    };
    record.into_iter().filter_map(|entry| call(entry.event)).collect()
}

#[tokio::test]
async fn a_call_is_noted_in_one_form_and_what_was_typed_is_kept() {
    let (shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}/call");
    let fields = [
        ("direction", "outgoing"),
        ("note", "Asked for the IBAN FR7630006000011234567890189."),
        ("body", "Half a reply"),
    ];
    assert_eq!(visitor.act(&page, &path, &fields).await.status, 303);
    let [(direction, note)] = &calls(&shop, &case).await[..] else { panic!("one call") };
    assert_eq!(*direction, CallDirection::Outgoing);
    assert!(note.starts_with("Asked for the IBAN") && !note.contains("30006000011234567890189"), "{note}");
    let page = visitor.get(&format!("/case/{case}")).await;
    assert_eq!(page.field("body"), "Half a reply");
    assert!(page.body.contains("Call noted.") && page.body.contains("we called"));

    assert_eq!(visitor.act(&page, &path, &[("direction", "incoming"), ("csrf", "invented")]).await.status, 403);
    let stale =
        visitor.act(&page, &path, &[("direction", "incoming"), ("note", "She waits."), ("revision", "0")]).await;
    assert_eq!(stale.status, 409);
    assert_eq!(stale.field("note"), "She waits.", "the note is not lost");
    assert_eq!(calls(&shop, &case).await.len(), 1);
    assert_eq!(visitor.act(&stale, &path, &[("direction", "incoming"), ("note", "She waits.")]).await.status, 303);
    assert_eq!(calls(&shop, &case).await[1], (CallDirection::Incoming, "She waits.".into()));
}

#[tokio::test]
async fn what_the_order_tells_is_not_missing_in_the_queue() {
    let shop = open().await;
    let letter = Letter::new("Kim <kim@kim.example>", "Broken kettle", "The kettle died. Please refund order 48213.");
    let case = shop.receive(&letter.judged(|verdict| verdict.given.order_number = Some("48213".into()))).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let missing = async |visitor: &mut Visitor| {
        let page = visitor.get("/queue").await.body;
        page.split_once("class=\"missing\">").unwrap().1.split_once("</span>").unwrap().0.to_owned()
    };
    assert_eq!(missing(&mut visitor).await, "Missing: purchase date, product, reason");
    let (now, lease) = (shop.clock.now(), shop.store.lease(MAILBOX).await.unwrap());
    let revision = shop.store.case(&case).await.unwrap().revision;
    let assessment = eligible(found(order("48213"), now), now);
    shop.store.assess(&lease, &case, revision, assessment, None, now).await.unwrap();
    assert_eq!(missing(&mut visitor).await, "Missing: product, reason", "this order has no lines");
}

#[tokio::test]
async fn the_evidence_is_a_download_for_who_is_signed_in() {
    let (shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}/evidence.zip");
    assert!(page.body.contains(&format!("href=\"{path}\"")));
    let zip = visitor.get(&path).await;
    assert_eq!((zip.status, zip.header("content-type")), (200, "application/zip"));
    assert_eq!(zip.header("content-disposition"), format!("attachment; filename=\"{case}.zip\""));
    assert!(zip.body.starts_with("PK") && zip.body.contains("summary.html"));
    assert_eq!(visitor.get("/case/G-XXXX/evidence.zip").await.status, 404);
    assert_eq!(Visitor::new(shop.address).get(&path).await.status, 303);
}

#[tokio::test]
async fn the_basis_is_set_and_left_to_law_and_policy_again() {
    let (shop, case, mut visitor, page) = at_case().await;
    assert!(page.body.contains("Correct the basis"));
    let path = format!("/case/{case}/basis");
    for (chosen, expected) in [("withdrawal", Some(Basis::Withdrawal)), ("", None)] {
        let page = visitor.get(&format!("/case/{case}")).await;
        assert_eq!(visitor.act(&page, &path, &[("basis", chosen)]).await.status, 303);
        assert_eq!(shop.store.case_file(&case).await.unwrap().corrected_basis, expected);
        let due = shop.store.unassessed(MAILBOX, shop.clock.now(), 10).await.unwrap();
        assert!(due.contains(&case), "law and policy are due again");
    }
    assert_eq!(visitor.act(&page, &path, &[("basis", "billing")]).await.status, 409, "an old page sets nothing");
    assert_eq!(visitor.act(&page, &path, &[("basis", "billing"), ("csrf", "")]).await.status, 403);
    assert_eq!(shop.store.case_file(&case).await.unwrap().corrected_basis, None);
}

/// Approves an acceptance that promises a day.
async fn accepted(shop: &Shop, case: &CaseId, visitor: &mut Visitor, page: &Page) {
    let path = format!("/case/{case}");
    let suggestion = serde_json::json!({ "template": "accept", "why": "", "others": [], "asks": false });
    let edit = guichet::ports::store::DraftEdit {
        body: Some("We will refund you within 5 business days.".into()),
        suggestion: Some(serde_json::from_value(suggestion).unwrap()),
        ..Default::default()
    };
    let revision: u64 = page.field("revision").parse().unwrap();
    shop.store.edit_draft(case, revision, edit, "ana", shop.clock.now()).await.unwrap();
    let page = visitor.get(&path).await;
    assert_eq!(visitor.act(&page, &format!("{path}/approve"), &[]).await.status, 303);
    shop.clock.advance(SignedDuration::from_mins(1));
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let now = shop.clock.now();
    for mail in shop.store.claim_due(&lease, now, 10).await.unwrap() {
        let outcome = guichet::domain::outgoing::AttemptOutcome::Accepted { response: "250 ok".into() };
        shop.store.finish(&lease, &mail.id, outcome, now).await.unwrap();
    }
    let mails = shop.store.case_file(case).await.unwrap().outgoing;
    assert!(mails.iter().any(|mail| mail.kind == OutgoingKind::Reply));
}

#[tokio::test]
async fn a_promise_is_listed_with_its_day_and_said_to_be_kept() {
    let (shop, case, mut visitor, page) = at_case().await;
    accepted(&shop, &case, &mut visitor, &page).await;
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("by 2026-03-10") && page.body.contains("It is kept"), "{}", page.body);
    let path = format!("/case/{case}/promise/1/kept");
    assert_eq!(visitor.act(&page, &path, &[]).await.status, 303);
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("kept, says the reviewer") && !page.body.contains("It is kept"));
    assert!(!shop.store.case_file(&case).await.unwrap().promises[0].is_open());
    assert_ne!(visitor.act(&page, &path, &[]).await.status, 303, "once");
    assert_eq!(visitor.act(&page, &format!("/case/{case}/promise/7/kept"), &[]).await.status, 404);
}

#[tokio::test]
async fn a_refund_notice_that_was_given_up_is_told_again() {
    let (shop, case, mut visitor, page) = at_case().await;
    accepted(&shop, &case, &mut visitor, &page).await;
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let now = shop.clock.now();
    let claimed = shop.store.claim_notice(&lease, now).await.unwrap().unwrap();
    let gone = TellOutcome::GiveUp { why: "410 <gone>".into() };
    shop.store.finish_notice(&lease, &case, &claimed.notice.idempotency_key, gone, now).await.unwrap();
    assert!(shop.store.case(&case).await.unwrap().flags.contains(&CaseFlag::RefundNotTold));
    let page = visitor.get(&format!("/case/{case}")).await;
    for said in ["a person has to start the refund", "410 &lt;gone&gt;", "order 48213", "Tell the payment side again"] {
        assert!(page.body.contains(said) || said.starts_with("order"), "{said}: {}", page.body);
    }
    assert_eq!(visitor.act(&page, &format!("/case/{case}/tell-again"), &[]).await.status, 303);
    let notice = &shop.store.case_file(&case).await.unwrap().notices[0];
    assert!(matches!(notice.state, NoticeState::Pending { .. }), "{notice:?}");
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(!page.body.contains("Tell the payment side again"));
}

#[tokio::test]
async fn the_page_offers_evidence_and_twin_and_asks_for_nothing_that_the_order_tells() {
    let (_shop, case, mut visitor, page) = at_case().await;
    assert!(page.body.contains("The suggested text in French") && page.body.contains("Bonjour"), "{}", page.body);
    let purchase = page.body.split("purchase date</dt>").nth(1).unwrap().split("</dd>").next().unwrap();
    assert!(purchase.contains("2026-02-09") && purchase.contains("from the order"), "{purchase}");
    assert!(page.body.contains("Alba kettle"));

    visitor.language = "fr";
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("9 février 2026") && !page.body.contains("2026-02-09"), "{}", page.body);
    assert!(page.body.contains("Le message porte sur une demande de remboursement"), "{}", page.body);
}
