//! What is not approved by one click: refusals, money for the angry, money beside a dispute, and what the policy leaves
//! to others.

use guichet::control::{Control, Request, Response};
use guichet::domain::assessment::Terms;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::policy::Policy;
use guichet::domain::{AlertKind, Anger, Assessment, CaseId, Money, OutgoingId, OutgoingKind, Signal};
use guichet::ports::{Clock as _, Store as _};
use jiff::SignedDuration;
use jiff::civil::date;

use crate::shop::http::{Page, Visitor};
use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, Shop, open, open_under};
use crate::support::order::{eligible, found, order};

fn letter(anger: Anger, signals: &[Signal]) -> Letter {
    let letter = Letter::new("Kim <kim@kim.example>", "Broken kettle", "The kettle died. Please refund order 48213.");
    letter.judged(|verdict| {
        verdict.anger = anger;
        verdict.signals = signals.to_vec();
        verdict.given.order_number = Some("48213".into());
    })
}

async fn visitor(shop: &Shop) -> Visitor {
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    visitor
}

async fn bob(shop: &Shop) -> Visitor {
    shop.reviewers.add("bob", "Bob", "another password", shop.review.now()).unwrap();
    let mut bob = Visitor::new(shop.address);
    bob.post("/sign-in", &[("name", "bob"), ("password", "another password")]).await;
    bob
}

/// Law and policy grant 129.90 EUR.
async fn assess(shop: &Shop, case: &CaseId) {
    let now = shop.clock.now();
    let terms = serde_json::json!({
        "amount": Money::parse("129.90", "EUR").unwrap(), "method": "original", "paid_by": date(2026, 3, 10),
        "arrives_by": date(2026, 3, 17), "return_needed": false, "customer_pays_return": false
    });
    let terms: Terms = serde_json::from_value(terms).unwrap();
    let known = Assessment { terms: Some(terms), ..eligible(found(order("48213"), now), now) };
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let revision = shop.store.case(case).await.unwrap().revision;
    shop.store.assess(&lease, case, revision, known, None, now).await.unwrap();
}

/// The case's page once this template was chosen, or, where it cannot be rendered, said to be the suggestion.
async fn with_template(shop: &Shop, visitor: &mut Visitor, case: &CaseId, template: &str) -> Page {
    let suggestion = serde_json::json!({ "template": template, "why": "", "others": [], "asks": false });
    let edit = guichet::ports::store::DraftEdit {
        body: Some("Dear Kim, here is what we decided.".into()),
        suggestion: Some(serde_json::from_value(suggestion).unwrap()),
        ..Default::default()
    };
    let revision = shop.store.case(case).await.unwrap().revision;
    shop.store.edit_draft(case, revision, edit, "ana", shop.clock.now()).await.unwrap();
    visitor.get(&format!("/case/{case}")).await
}

async fn replies(shop: &Shop, case: &CaseId) -> usize {
    let mails = shop.store.case_file(case).await.unwrap().outgoing;
    mails.iter().filter(|mail| mail.kind == OutgoingKind::Reply).count()
}

#[tokio::test]
async fn a_refusal_and_money_for_the_angry_need_a_second_step_and_the_rest_one_click() {
    for (template, anger, said) in [
        ("accept", Anger::Calm, None),
        ("accept", Anger::Frustrated, None),
        ("review_request", Anger::Furious, None),
        ("accept", Anger::Angry, Some("grants a refund to an angry customer")),
        ("accept_in_part", Anger::Furious, Some("grants a refund to an angry customer")),
        ("refuse", Anger::Calm, Some("refuses a refund")),
    ] {
        let shop = open().await;
        let case = shop.receive(&letter(anger, &[])).await;
        let mut visitor = visitor(&shop).await;
        let page = with_template(&shop, &mut visitor, &case, template).await;
        let path = format!("/case/{case}/approve");
        assert_eq!(page.body.contains("name=\"confirm_approval\""), said.is_some(), "{template} {anger:?}");
        let answer = visitor.act(&page, &path, &[("body", "Whatever is written here, Kim.")]).await;
        let Some(said) = said else {
            assert_eq!((answer.status, replies(&shop, &case).await), (303, 1), "{template} {anger:?}");
            continue;
        };
        assert_eq!((answer.status, replies(&shop, &case).await), (422, 0), "{template} {anger:?}");
        assert!(answer.body.contains(said) && answer.body.contains("Read it once more"), "{}", answer.body);
        assert_eq!(answer.field("body"), "Whatever is written here, Kim.", "nothing typed is lost");
        let sent = visitor.act(&answer, &path, &[("confirm_approval", "1")]).await;
        assert_eq!((sent.status, replies(&shop, &case).await), (303, 1), "{template} {anger:?}");
    }
}

#[tokio::test]
async fn an_acceptance_is_frozen_while_a_dispute_is_open_and_free_once_a_person_says_it_is_settled() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[Signal::DisputeOpened])).await;
    let mut visitor = visitor(&shop).await;
    let page = with_template(&shop, &mut visitor, &case, "accept").await;
    assert!(page.body.contains("could be paid twice") && !page.body.contains("id=\"approve\""));
    let path = format!("/case/{case}");
    let refused = visitor.act(&page, &format!("{path}/approve"), &[("confirm_approval", "1")]).await;
    assert_eq!((refused.status, replies(&shop, &case).await), (422, 0));
    assert!(refused.body.contains("could be paid twice"));

    let settled = [("intent", "refund_request"), ("anger", "0"), ("reason", "unspecified"), ("order_number", "48213")];
    assert_eq!(visitor.act(&refused, &format!("{path}/correct"), &settled).await.status, 303);
    let page = visitor.get(&path).await;
    assert!(!page.body.contains("could be paid twice"));
    assert_eq!(visitor.act(&page, &format!("{path}/approve"), &[]).await.status, 303);
    assert_eq!(replies(&shop, &case).await, 1);
}

#[tokio::test]
async fn a_dispute_freezes_no_other_text() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[Signal::DisputeOpened])).await;
    let mut visitor = visitor(&shop).await;
    let page = with_template(&shop, &mut visitor, &case, "legal_notice").await;
    assert_eq!(visitor.act(&page, &format!("/case/{case}/approve"), &[]).await.status, 303);
}

#[tokio::test]
async fn a_command_confirms_as_the_desk_does() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    let mut visitor = visitor(&shop).await;
    with_template(&shop, &mut visitor, &case, "refuse").await;
    let control = Control {
        review: shop.review.clone(),
        reviewers: shop.reviewers.clone(),
        store: shop.store.clone(),
        clock: shop.clock.clone(),
    };
    let revision = shop.store.case(&case).await.unwrap().revision;
    let approve = |confirmed| Request::Approve { case: case.clone(), revision, confirmed, reviewer: None };
    let Response::Refused { why, .. } = control.answer(approve(false)).await else { panic!("it was approved") };
    assert!(why.contains("--confirm"), "{why}");
    assert!(matches!(control.answer(approve(true)).await, Response::Approved { .. }));
}

#[tokio::test]
async fn the_policy_s_roles_hold_for_refusals_and_for_amounts_above_the_limit() {
    let mut policy = Policy::default();
    policy.roles.refuse = vec!["bob".into()];
    policy.roles.accept = vec!["bob".into()];
    policy.roles.accept_up_to = Some(Money::parse("50", "EUR").unwrap());
    for (template, said) in
        [("refuse", "leaves refusals to bob"), ("accept", "leaves acceptances of this amount to bob")]
    {
        let shop = open_under(policy.clone(), |_| {}).await;
        let case = shop.receive(&letter(Anger::Calm, &[])).await;
        assess(&shop, &case).await;
        let (mut ana, mut bob) = (visitor(&shop).await, bob(&shop).await);
        let page = with_template(&shop, &mut ana, &case, template).await;
        assert!(page.body.contains(said) && !page.body.contains("id=\"approve\""), "{}", page.body);
        let path = format!("/case/{case}/approve");
        let refused = ana.act(&page, &path, &[("confirm_approval", "1")]).await;
        assert_eq!((refused.status, replies(&shop, &case).await), (422, 0), "{template}");
        let page = bob.get(&format!("/case/{case}")).await;
        assert_eq!(bob.act(&page, &path, &[("confirm_approval", "1")]).await.status, 303, "{template}");
    }
}

#[tokio::test]
async fn the_answer_to_a_refusal_goes_to_another_reviewer() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    let mut ana = visitor(&shop).await;
    let (path, approve) = (format!("/case/{case}"), format!("/case/{case}/approve"));
    let page = with_template(&shop, &mut ana, &case, "refuse").await;
    assert_eq!(ana.act(&page, &approve, &[("confirm_approval", "1")]).await.status, 303);
    sent(&shop, &case).await;
    let mut again = letter(Anger::Calm, &[]).ago(0);
    again.text = "I do not accept this. Order 48213 is under guarantee.".into();
    again.answers = shop.store.case(&case).await.unwrap().thread.last().cloned();
    assert_eq!(shop.receive(&again).await, case);

    let page = ana.get(&path).await;
    assert!(page.body.contains("id=\"approve\""), "she is the only one there is");
    let mut bob = bob(&shop).await;
    let page = ana.get(&path).await;
    assert!(page.body.contains("goes to another reviewer (bob)"), "{}", page.body);
    assert_eq!(ana.act(&page, &approve, &[]).await.status, 422);
    let page = bob.get(&path).await;
    assert_eq!(bob.act(&page, &approve, &[]).await.status, 303);
    assert_eq!(replies(&shop, &case).await, 2);
}

#[tokio::test]
async fn a_refusal_that_was_taken_back_binds_nobody() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    let (mut ana, _bob) = (visitor(&shop).await, bob(&shop).await);
    let page = with_template(&shop, &mut ana, &case, "refuse").await;
    let approve = format!("/case/{case}/approve");
    assert_eq!(ana.act(&page, &approve, &[("confirm_approval", "1")]).await.status, 303);
    // The customer's new text arrives in the undo time: the refusal never leaves.
    let mut again = letter(Anger::Calm, &[]).ago(0);
    again.text = "One more thing: it also leaks.".into();
    again.answers = shop.store.case(&case).await.unwrap().thread.last().cloned();
    assert_eq!(shop.receive(&again).await, case);
    let page = ana.get(&format!("/case/{case}")).await;
    assert_eq!(ana.act(&page, &approve, &[("confirm_approval", "1")]).await.status, 303);
}

/// The reply leaves.
async fn sent(shop: &Shop, case: &CaseId) {
    shop.clock.advance(SignedDuration::from_mins(1));
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let now = shop.clock.now();
    for mail in shop.store.claim_due(&lease, now, 10).await.unwrap() {
        let outcome = AttemptOutcome::Accepted { response: "250 ok".into() };
        shop.store.finish(&lease, &mail.id, outcome, now).await.unwrap();
    }
    assert_eq!(replies(shop, case).await, 1);
}

#[tokio::test]
async fn a_provider_s_notice_is_named_above_the_queue_and_freezes_the_acceptance() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    shop.receive_alert("PayPal <service@paypal.example>", "A dispute <b>", AlertKind::Dispute, "48213").await;
    shop.receive_alert("Colis <info@colis.example>", "Retour", AlertKind::ReturnArrived, "99999").await;
    assess(&shop, &case).await;
    let mut visitor = visitor(&shop).await;
    let queue = visitor.get("/queue").await;
    assert!(queue.body.contains("service@paypal.example") && queue.body.contains("payment dispute"), "{}", queue.body);
    assert!(
        queue.body.contains("A dispute &lt;b&gt;") && queue.body.contains(&format!("<a href=\"/case/{case}\">Case"))
    );
    assert_eq!(queue.body.matches("machine-alert").count(), 2);
    for n in 0..6 {
        shop.receive_alert("Colis <info@colis.example>", &format!("Retour {n}"), AlertKind::ReturnArrived, "").await;
    }
    let many = visitor.get("/queue").await;
    assert!(
        many.body.contains("service@paypal.example") && many.body.contains("More automated messages to know of: 2.")
    );
    let aside = visitor.get("/aside").await;
    assert!(aside.body.contains("The automated text."), "{}", aside.body);
    let page = with_template(&shop, &mut visitor, &case, "accept").await;
    assert!(page.body.contains("No refund can be accepted while the dispute is open"), "{}", page.body);
    assert!(page.body.contains("could be paid twice") && !page.body.contains("id=\"approve\""), "no button for it");
    visitor.act(&page, &format!("/case/{case}/approve"), &[("body", "We refund you.")]).await;
    assert_eq!(replies(&shop, &case).await, 0, "nor by another way");

    for key in shop.store.alerts(9).await.unwrap().into_iter().map(|alert| alert.key.to_hex()) {
        visitor.act(&queue, &format!("/alert/{key}/dismiss"), &[]).await;
    }
    let queue = visitor.get("/queue").await;
    assert_eq!(queue.body.matches("machine-alert").count(), 0);
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("Automated message put away: payment dispute"), "{}", page.body);
    visitor.act(&page, &format!("/case/{case}/approve"), &[("body", "We refund you.")]).await;
    assert_eq!(replies(&shop, &case).await, 0, "seen is not settled");
}

/// The store turns out to be older than what was done: what waits is held.
async fn rolled_back(shop: &Shop) {
    shop.store.roll_back(shop.clock.now(), "it is older").await.unwrap();
}

async fn reply_state(shop: &Shop, case: &CaseId) -> (OutgoingId, &'static str) {
    let mails = shop.store.case_file(case).await.unwrap().outgoing;
    let reply = mails.into_iter().find(|mail| mail.kind == OutgoingKind::Reply).unwrap();
    (reply.id, reply.state.name())
}

#[tokio::test]
async fn a_held_acceptance_is_not_let_go_while_a_dispute_is_open() {
    for (template, status, state) in [("accept", 409, "held"), ("review_request", 303, "pending")] {
        let shop = open().await;
        let case = shop.receive(&letter(Anger::Calm, &[])).await;
        let mut visitor = visitor(&shop).await;
        let page = with_template(&shop, &mut visitor, &case, template).await;
        assert_eq!(visitor.act(&page, &format!("/case/{case}/approve"), &[]).await.status, 303);
        rolled_back(&shop).await;
        shop.receive_alert("PayPal <service@paypal.example>", "A dispute", AlertKind::Dispute, "48213").await;
        let (reply, held) = reply_state(&shop, &case).await;
        assert_eq!(held, "held");
        let outbox = visitor.get("/outbox").await;
        let answer = visitor.act(&outbox, &format!("/outbox/{reply}/release"), &[]).await;
        assert_eq!((answer.status, reply_state(&shop, &case).await.1), (status, state), "{template}: {}", answer.body);
        assert_eq!(answer.body.contains("could be paid twice"), status == 409, "{template}");
        if status == 303 {
            continue;
        }
        let page = visitor.get(&format!("/case/{case}")).await;
        let settled =
            [("intent", "refund_request"), ("anger", "0"), ("reason", "unspecified"), ("order_number", "48213")];
        assert_eq!(visitor.act(&page, &format!("/case/{case}/correct"), &settled).await.status, 303);
        let outbox = visitor.get("/outbox").await;
        assert_eq!(visitor.act(&outbox, &format!("/outbox/{reply}/release"), &[]).await.status, 303);
        assert_eq!(reply_state(&shop, &case).await.1, "pending", "a person said that it is settled");
    }
}

#[tokio::test]
async fn the_outbox_says_that_the_customer_wrote_after_a_held_reply() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    let mut visitor = visitor(&shop).await;
    let page = with_template(&shop, &mut visitor, &case, "review_request").await;
    assert_eq!(visitor.act(&page, &format!("/case/{case}/approve"), &[]).await.status, 303);
    rolled_back(&shop).await;
    const SAID: &str = "The customer has written since";
    assert!(!visitor.get("/outbox").await.body.contains(SAID));
    shop.clock.advance(SignedDuration::from_mins(3));
    let mut again = letter(Anger::Calm, &[]).ago(0);
    again.answers = shop.store.case(&case).await.unwrap().thread.last().cloned();
    assert_eq!(shop.receive(&again).await, case);
    let outbox = visitor.get("/outbox").await;
    assert_eq!(outbox.body.matches(SAID).count(), 1, "{}", outbox.body);
}

#[tokio::test]
async fn the_outbox_says_that_a_refused_repetition_may_lie_with_the_customer() {
    let shop = open().await;
    let case = shop.receive(&letter(Anger::Calm, &[])).await;
    let mut visitor = visitor(&shop).await;
    let page = with_template(&shop, &mut visitor, &case, "review_request").await;
    assert_eq!(visitor.act(&page, &format!("/case/{case}/approve"), &[]).await.status, 303);
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let (doubt, refused) =
        (AttemptOutcome::Doubt { why: "no answer".into() }, AttemptOutcome::Refused { why: "554 <duplicate>".into() });
    for outcome in [doubt, refused] {
        shop.clock.advance(SignedDuration::from_mins(16));
        let now = shop.clock.now();
        shop.store.resolve_doubts(&lease, true, now).await.unwrap();
        for mail in shop.store.claim_due(&lease, now, 10).await.unwrap() {
            shop.store.mark_committing(&lease, &mail.id).await.unwrap();
            shop.store.finish(&lease, &mail.id, outcome.clone(), now).await.unwrap();
        }
    }
    let outbox = visitor.get("/outbox").await.body;
    for said in ["The customer may have it already", "its repetition was refused: 554 &lt;duplicate&gt;", "Send it"] {
        assert!(outbox.contains(said), "{said}: {outbox}");
    }
    let page = visitor.get(&format!("/case/{case}")).await.body;
    assert!(page.contains("The customer may have it already") && !page.contains("id=\"approve\""), "{page}");
}
