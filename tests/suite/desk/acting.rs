//! What a reviewer does.

use guichet::domain::{Anger, CaseFlag, CaseId, CaseState, Closed, Event, Intent, OutgoingKind, OutgoingMail};
use guichet::ports::Store as _;
use jiff::SignedDuration;

use crate::shop::http::{Page, Visitor};
use crate::shop::letters::Letter;
use crate::shop::{NAME, Shop, open};

const LETTER: &str = "Please refund the broken kettle.";

/// A shop with one letter, a signed-in visitor, and the case's page.
async fn at_case() -> (Shop, CaseId, Visitor, Page) {
    let shop = open().await;
    let case = shop.receive(&Letter::new("Kim <kim@kim.example>", "Broken kettle", LETTER)).await;
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get(&format!("/case/{case}")).await;
    (shop, case, visitor, page)
}

async fn replies(shop: &Shop, case: &CaseId) -> Vec<OutgoingMail> {
    let mails = shop.store.case_file(case).await.unwrap().outgoing;
    mails.into_iter().filter(|mail| mail.kind == OutgoingKind::Reply).collect()
}

/// The customer writes again.
async fn customer_writes_again(shop: &Shop, case: &CaseId) {
    let thread = shop.store.case(case).await.unwrap().thread;
    let mut letter = Letter::new("Kim <kim@kim.example>", "Re: Broken kettle", "It also leaks. Order 77.").ago(0);
    letter.answers = thread.last().cloned();
    assert_eq!(shop.receive(&letter).await, *case);
}

#[tokio::test]
async fn an_approved_reply_is_frozen_with_what_was_typed_and_the_reviewer_s_name() {
    let (shop, case, mut visitor, page) = at_case().await;
    let answer = visitor
        .act(
            &page,
            &format!("/case/{case}/approve"),
            &[("body", "Dear Kim,\r\n\r\nwe look into it."), ("subject", "Your kettle")],
        )
        .await;
    assert_eq!((answer.status, answer.header("location")), (303, "/queue"));
    let replies = replies(&shop, &case).await;
    let [mail] = replies.as_slice() else { panic!("{replies:?}") };
    let text = String::from_utf8(mail.bytes.clone()).unwrap();
    for said in [
        "we look into it.",
        "Ana Lopes",
        "Maison Guichet",
        "Your kettle",
        &format!("[{case}]"),
        "To: Kim <kim@kim.example>",
        "In-Reply-To: <",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Auto-Submitted"), "a person's reply is no automatic mail");
    assert!(mail.file_copy);
    let due = mail.state.due_at().unwrap();
    assert_eq!(due.duration_since(shop.review.now()), SignedDuration::from_secs(10));
    let queue = visitor.get("/queue").await;
    assert!(queue.body.contains("Approved.") && queue.body.contains("Take back"));
}

#[tokio::test]
async fn a_double_click_approves_once() {
    let (shop, case, visitor, page) = at_case().await;
    let path = format!("/case/{case}/approve");
    let (mut first, mut second) = (visitor.clone(), visitor.clone());
    let typed = [("body", "Dear Kim, done.")];
    let (one, two) = tokio::join!(first.act(&page, &path, &typed), second.act(&page, &path, &typed));
    let mut answers =
        [(one.status, one.header("location").to_owned()), (two.status, two.header("location").to_owned())];
    answers.sort();
    assert_eq!(answers, [(303, format!("/case/{case}")), (303, "/queue".to_owned())]);
    assert_eq!(replies(&shop, &case).await.len(), 1);
    let approvals = shop.store.case_file(&case).await.unwrap().record;
    assert_eq!(approvals.iter().filter(|entry| matches!(entry.event, Some(Event::Approved { .. }))).count(), 1);
}

#[tokio::test]
async fn a_stale_approval_says_what_changed_and_keeps_the_text() {
    let (shop, case, mut visitor, page) = at_case().await;
    customer_writes_again(&shop, &case).await;
    let path = format!("/case/{case}/approve");
    let refused = visitor.act(&page, &path, &[("body", "My careful words & more"), ("to", "kim@other.example")]).await;
    assert_eq!(refused.status, 409);
    assert!(replies(&shop, &case).await.is_empty());
    assert!(refused.body.contains("The case changed since you opened it"));
    assert!(refused.body.contains("Message received"), "what happened is said");
    assert!(refused.body.contains("It also leaks."), "the new message is shown");
    assert_eq!(refused.field("body"), "My careful words & more");
    assert_eq!(refused.field("to"), "kim@other.example");
    let sent = visitor.act(&refused, &path, &[]).await;
    assert_eq!(sent.status, 303, "having read it, the reviewer may approve");
    let mails = replies(&shop, &case).await;
    assert!(String::from_utf8_lossy(&mails[0].bytes).contains("My careful words & more"));
    assert_eq!(mails[0].recipients[0].email.as_str(), "kim@other.example");
}

#[tokio::test]
async fn two_reviewers_do_not_overwrite_each_other() {
    let (shop, case, mut ana, page) = at_case().await;
    shop.reviewers.add("bob", "Bob", "another password", shop.review.now()).unwrap();
    let mut bob = Visitor::new(shop.address);
    bob.post("/sign-in", &[("name", "bob"), ("password", "another password")]).await;
    let theirs = bob.get(&format!("/case/{case}")).await;
    assert_eq!(bob.act(&theirs, &format!("/case/{case}/save"), &[("body", "Bob's text")]).await.status, 303);
    let refused = ana.act(&page, &format!("/case/{case}/save"), &[("body", "Ana's text")]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.field("body"), "Ana's text");
    assert!(refused.body.contains("Bob&#x27;s text"), "the text saved before stands beside");
    assert_eq!(ana.act(&refused, &format!("/case/{case}/approve"), &[]).await.status, 303);
    let late = bob.act(&theirs, &format!("/case/{case}/approve"), &[("body", "Bob's second text")]).await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("Bob&#x27;s second text"), "kept although the draft is gone");
    assert_eq!(replies(&shop, &case).await.len(), 1);
}

#[tokio::test]
async fn a_reply_needs_a_recipient_a_text_and_a_real_address() {
    let (shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}/approve");
    for (field, value, said) in [
        ("to", "", "no recipient"),
        ("to", "kim at home", "is not an e-mail address"),
        ("to", "kim@kim.example\r\nBcc: all@shop.example", "is not an e-mail address"),
        ("body", "  \r\n ", "no text"),
    ] {
        let refused = visitor.act(&page, &path, &[(field, value)]).await;
        assert_eq!(refused.status, 422, "{field}={value:?}");
        assert!(refused.body.contains(said), "{said}");
        assert!(replies(&shop, &case).await.is_empty());
        if field == "to" {
            assert_eq!(refused.field("to"), value.replace("\r\n", "\n").trim().replace('\n', "\r\n"));
        }
    }
}

#[tokio::test]
async fn a_reply_is_taken_back_while_it_waits() {
    let (shop, case, mut visitor, page) = at_case().await;
    visitor.act(&page, &format!("/case/{case}/approve"), &[("body", "Too fast")]).await;
    let queue = visitor.get("/queue").await;
    let id = replies(&shop, &case).await[0].id.clone();
    let path = format!("/outbox/{id}/cancel");
    let fields = [("csrf", queue.field("csrf")), ("case", case.to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = visitor.post(&path, &fields).await;
    assert_eq!((answer.status, answer.header("location").to_owned()), (303, format!("/case/{case}")));
    let page = visitor.get(&format!("/case/{case}")).await;
    assert_eq!(page.field("body"), "Too fast");
    assert_eq!(visitor.post(&path, &fields).await.status, 409, "only once");
    assert_eq!(visitor.act(&page, &format!("/case/{case}/approve"), &[("body", "Better")]).await.status, 303);
    assert_eq!(replies(&shop, &case).await.len(), 2);
}

#[tokio::test]
async fn a_dismissed_case_is_closed_without_a_reply() {
    let (shop, case, mut visitor, page) = at_case().await;
    let answer = visitor.act(&page, &format!("/case/{case}/dismiss"), &[("why", "settled by phone")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(shop.store.case(&case).await.unwrap().state, CaseState::Closed(Closed::Dismissed));
    assert!(replies(&shop, &case).await.is_empty());
    assert!(visitor.get(&format!("/case/{case}")).await.body.contains("settled by phone"));
    assert!(!visitor.get("/queue").await.body.contains(case.as_str()));
}

#[tokio::test]
async fn another_template_replaces_the_text_and_shows_what_it_replaced() {
    let (_shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}");
    let before = page.field("body");
    let answer = visitor
        .act(&page, &format!("{path}/template"), &[("template", "basic_answer"), ("body", "Half a thought")])
        .await;
    assert_eq!(answer.status, 303);
    let page = visitor.get(&path).await;
    assert_ne!(page.field("body"), before);
    assert!(page.body.contains("Half a thought"), "the typed text is still there to be copied");
    assert!(!visitor.get(&path).await.body.contains("Half a thought"), "once");
    let unknown = visitor.act(&page, &format!("{path}/template"), &[("template", "no_such")]).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn a_correction_is_kept_for_training_and_changes_an_untouched_draft() {
    let (shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}");
    let fields =
        [("intent", "other"), ("anger", "2"), ("reason", "unspecified"), ("signal", "safety"), ("signal", "chaser")];
    assert_eq!(visitor.act(&page, &format!("{path}/correct"), &fields).await.status, 303);
    let corrections = shop.store.corrections().await.unwrap();
    let [row] = corrections.as_slice() else { panic!("{corrections:?}") };
    assert_eq!((row.verdict.intent, row.verdict.anger, row.reviewer.as_str()), (Intent::Other, Anger::Angry, NAME));
    assert_eq!(row.text, LETTER);
    let draft = shop.store.case_file(&case).await.unwrap().draft.unwrap();
    assert_eq!(draft.suggestion.template, None, "no template speaks of danger");
    let page = visitor.get(&path).await;
    assert!(page.body.contains("Verdict corrected.") && page.body.contains("No template fits"));
    let again = [("intent", "other"), ("anger", "2"), ("signal", "safety"), ("signal", "chaser")];
    assert_eq!(visitor.act(&page, &format!("{path}/correct"), &again).await.status, 303);
    assert_eq!(shop.store.corrections().await.unwrap().len(), 1, "sending the same form again corrects nothing");
}

#[tokio::test]
async fn beside_edited_text_a_new_suggestion_waits_until_it_is_taken() {
    let (shop, case, mut visitor, page) = at_case().await;
    let path = format!("/case/{case}");
    let fields = [("body", "My own words"), ("intent", "refund_not_received"), ("anger", "0")];
    visitor.act(&page, &format!("{path}/correct"), &fields).await;
    let page = visitor.get(&path).await;
    assert_eq!(page.field("body"), "My own words");
    assert!(page.body.contains("A newer suggestion"));
    let newer = shop.store.case_file(&case).await.unwrap().draft.unwrap().newer.unwrap();
    assert_eq!(visitor.act(&page, &format!("{path}/newer"), &[]).await.status, 303);
    let page = visitor.get(&path).await;
    assert_eq!(page.field("body"), newer.body);
    assert!(page.body.contains("My own words"), "what it replaced is shown once");
    assert_eq!(visitor.act(&page, &format!("{path}/newer"), &[]).await.status, 422);
}

#[tokio::test]
async fn saving_an_unchanged_form_is_no_edit() {
    let (shop, case, mut visitor, page) = at_case().await;
    let before = shop.store.case(&case).await.unwrap().revision;
    assert_eq!(visitor.act(&page, &format!("/case/{case}/save"), &[]).await.status, 303);
    let file = shop.store.case_file(&case).await.unwrap();
    assert_eq!(file.case.revision, before);
    assert_eq!(file.draft.unwrap().edited_by, None);
}

#[tokio::test]
async fn text_typed_while_the_session_ended_is_shown_again() {
    let (shop, case, mut visitor, page) = at_case().await;
    shop.clock.advance(SignedDuration::from_hours(13));
    let answer = visitor.act(&page, &format!("/case/{case}/save"), &[("body", "An hour of <thought>")]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("An hour of &lt;thought&gt;"));
}

#[tokio::test]
async fn new_text_of_the_customer_takes_an_approved_reply_back() {
    let (shop, case, mut visitor, page) = at_case().await;
    visitor.act(&page, &format!("/case/{case}/approve"), &[("body", "We need the order number.")]).await;
    customer_writes_again(&shop, &case).await;
    let page = visitor.get(&format!("/case/{case}")).await;
    assert_eq!(page.field("body"), "We need the order number.");
    assert!(page.body.contains("returned to draft") && page.body.contains("It also leaks."));
    let flags = shop.store.case(&case).await.unwrap().flags;
    assert!(!flags.contains(&CaseFlag::NotDelivered));
}
