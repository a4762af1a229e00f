//! What an approval sets in motion.

use std::sync::Arc;

use guichet::daemon::review::{Changes, Seen};
use guichet::daemon::timers::Timers;
use guichet::domain::{Basis, CaseState, TemplateName, TimerKind};
use guichet::ports::{Clock, Store};
use jiff::SignedDuration;

use super::{ana, approve, assess, kettle, owed, owed_by};
use crate::shop::{MAILBOX, open, sender};

#[tokio::test]
async fn an_acceptance_is_told_and_asked_about_when_the_money_should_be_there() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    let file = approve(&shop, &case, "accept", Some("We will refund you within 5 business days.")).await;
    let notice = &file.notices[0].notice;
    assert_eq!(notice.amount.as_ref().unwrap().to_string(), "129.90 EUR");
    assert_eq!((notice.order_number.as_deref(), notice.basis.as_str()), (Some("48213"), "conformity"));
    assert!(notice.idempotency_key.starts_with(case.as_str()));
    assert_eq!(file.promises.len(), 1);
    assert_eq!(file.promised().unwrap().to_string(), "2026-03-10");

    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let before = "2026-03-18T08:59:59Z".parse().unwrap();
    assert!(shop.store.due_timers(&lease, before).await.unwrap().is_empty());
    shop.clock.advance(SignedDuration::from_hours(15 * 24));
    let due = shop.store.due_timers(&lease, shop.clock.now()).await.unwrap();
    assert_eq!(due.iter().map(|timer| timer.kind).collect::<Vec<_>>(), [TimerKind::ArrivalCheck]);
    let timers = Timers {
        store: Arc::clone(&shop.store) as Arc<dyn Store>,
        handbooks: crate::intake::handbooks(),
        sender: sender(),
        clock: Arc::clone(&shop.clock) as Arc<dyn Clock>,
    };
    timers.fire_due(&lease).await.unwrap();
    let file = shop.store.case_file(&case).await.unwrap();
    assert_eq!(file.case.state, CaseState::NeedsReply);
    let draft = file.draft.unwrap();
    assert!(draft.suggestion.template.is_some() && !draft.body.trim().is_empty(), "{draft:?}");
}

#[tokio::test]
async fn an_answer_to_a_withdrawal_or_a_wrong_charge_that_grants_the_money_is_told_too() {
    for (template, basis) in [("withdrawal_received", Basis::Withdrawal), ("billing_error", Basis::Billing)] {
        let shop = open().await;
        let case = owed_by(&shop, &kettle(), basis).await;
        let file = approve(&shop, &case, template, None).await;
        let told: Vec<_> = file.notices.iter().map(|row| row.notice.basis.as_str()).collect();
        assert_eq!(told, [basis.as_str()], "{template}");
        let lease = shop.store.lease(MAILBOX).await.unwrap();
        let due = shop.store.due_timers(&lease, jiff::Timestamp::MAX).await.unwrap();
        assert_eq!(due.iter().map(|timer| timer.kind).collect::<Vec<_>>(), [TimerKind::ArrivalCheck], "{template}");

        let shop = open().await;
        let case = owed(&shop, &kettle()).await;
        assert!(approve(&shop, &case, template, None).await.notices.is_empty(), "{template} grants nothing here");
    }
}

/// What is learnt of the order later does not change what a kept text says.
#[tokio::test]
async fn a_text_written_before_the_order_was_known_grants_nothing() {
    let shop = open().await;
    let case = shop.receive(&kettle()).await;
    let seen = async || Seen { revision: shop.store.case(&case).await.unwrap().revision, entries: None };
    let name = TemplateName::new("withdrawal_received");
    shop.review.use_template(&case, seen().await, &name, &ana()).await.unwrap();
    assess(&shop, &case, Basis::Withdrawal).await;
    shop.review.approve(&case, seen().await, Changes::default(), &ana()).await.unwrap();
    assert!(shop.store.case_file(&case).await.unwrap().notices.is_empty(), "the letter says that we are checking");
}

#[tokio::test]
async fn the_customer_s_next_message_cancels_the_question() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    approve(&shop, &case, "accept", None).await;
    let mut again = kettle();
    again.text = "One more question about order 48213.".into();
    again.minutes_ago = 0;
    assert_eq!(shop.receive(&again).await, case);
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    assert!(shop.store.due_timers(&lease, jiff::Timestamp::MAX).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reply_that_accepts_nothing_tells_nobody() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    assert!(approve(&shop, &case, "basic_answer", None).await.notices.is_empty());
}
