//! The only window in which a second copy is possible.

use jiff::SignedDuration;

use super::fixture::Fixture;
use crate::support::scripted_smtp::{At, Do};
use guichet::daemon::InDoubt;
use guichet::domain::DeliveryState;
use guichet::ports::{MailError, Store};

const QUARTER: SignedDuration = SignedDuration::from_mins(15);

#[tokio::test]
async fn a_crash_while_dialling_is_a_free_retry() {
    for at in [At::Greeting, At::Auth, At::Mail, At::Rcpt, At::Data] {
        let f = Fixture::new().await;
        f.server.once(at, Do::Stall);
        f.put("a-1").await;
        let worker = f.start().await;
        f.store.until("a-1", "attempting").await;
        f.server.heard("connect", 1).await;
        worker.kill().await;
        f.server.heal();
        let worker = f.start().await;
        let mail = f.store.until("a-1", "sent").await;
        worker.stop().await;
        assert_eq!((mail.resends, f.server.taken().len()), (0, 1), "{at:?}");
    }
}

#[tokio::test]
async fn a_crash_after_the_dot_is_doubt_then_one_identical_copy_then_a_person() {
    let f = Fixture::new().await;
    f.server.always(At::Dot, Do::Stall);
    f.put("a-1").await;
    let worker = f.start().await;
    f.server.heard(".", 1).await;
    worker.kill().await;
    assert!(matches!(f.store.row("a-1").await.state, DeliveryState::Attempting { .. }));

    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    f.pass_time(QUARTER - SignedDuration::from_secs(1)).await;
    assert_eq!(f.server.taken().len(), 1, "nothing is repeated before the time is over");
    f.advance(SignedDuration::from_secs(1)).await;
    f.server.heard(".", 2).await;
    worker.kill().await;
    let taken = f.server.taken();
    assert_eq!(taken[0].bytes, taken[1].bytes);

    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    f.advance(QUARTER).await;
    let mail = f.store.until("a-1", "held").await;
    f.pass_time(SignedDuration::from_hours(24 * 30)).await;
    worker.stop().await;
    assert_eq!((f.server.taken().len(), mail.resends), (2, 1));
}

/// The customer has the first copy, whatever the server says of the second.
#[tokio::test]
async fn a_repetition_that_the_server_refuses_waits_for_a_person() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    let id = f.approve_reply().await;
    let worker = f.start().await;
    let doubt = f.store.until(&id, "in doubt").await;
    f.server.always(At::Rcpt, Do::Say("550 5.7.1 seen before\r\n"));
    f.advance(QUARTER).await;
    let mail = f.store.until_row(&id, |row| row.attempts == 2 && row.state.name() != "attempting").await;
    let DeliveryState::Held { why, may_have_left: true } = &mail.state else { panic!("{:?}", mail.state) };
    assert!(why.contains("earlier attempt") && why.contains("550 5.7.1 seen before"), "{why}");
    let file = f.store.case_file(&mail.case).await.unwrap();
    assert_eq!(file.draft.unwrap().approved_as, Some(mail.id), "it cannot be approved a second time");
    f.server.heal();
    f.pass_time(SignedDuration::from_hours(24)).await;
    assert_eq!(f.server.taken().len(), 1);

    f.answer("customer1@example.org", &doubt.message_id).await;
    let mail = f.store.until(&id, "sent").await;
    worker.stop().await;
    assert!(matches!(mail.state, DeliveryState::Sent { response, .. } if response.contains("answer")));
}

/// Greylisted, or its server is out of order, until the daemon gives up.
#[tokio::test]
async fn a_repetition_put_off_until_it_is_given_up_waits_for_a_person() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    let id = f.approve_reply().await;
    let worker = f.start().await;
    f.store.until(&id, "in doubt").await;
    f.server.always(At::Rcpt, Do::Say("451 4.7.1 try later\r\n"));
    f.advance(QUARTER).await;
    let mut attempts = 2;
    let mail = loop {
        let tried = |row: &guichet::domain::OutgoingMail| row.attempts >= attempts && row.state.name() != "attempting";
        let mail = f.store.until_row(&id, tried).await;
        if mail.state.name() != "pending" {
            break mail;
        }
        attempts = mail.attempts + 1;
        f.advance(SignedDuration::from_hours(13)).await;
    };
    let DeliveryState::Held { why, may_have_left: true } = &mail.state else { panic!("{:?}", mail.state) };
    assert!(why.contains("earlier attempt") && why.contains("undeliverable for 5 days"), "{why}");
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 1);
}

#[tokio::test]
async fn an_operator_may_want_no_second_copy_at_all() {
    let mut f = Fixture::new().await;
    f.settings.in_doubt = InDoubt::Hold;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    f.advance(QUARTER).await;
    f.store.until("a-1", "held").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 1);
}

#[tokio::test]
async fn a_copy_found_in_sent_proves_the_delivery() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    let doubt = f.store.until("a-1", "in doubt").await;
    f.mailbox.searched(1).await;
    f.mailbox.sent.lock().unwrap().insert(doubt.message_id.as_str().to_owned());
    f.advance(SignedDuration::from_mins(5)).await;
    let mail = f.store.until("a-1", "sent").await;
    worker.stop().await;
    assert!(matches!(mail.state, DeliveryState::Sent { response, .. } if response.contains("\\Sent")));
    assert_eq!(f.server.taken().len(), 1);
}

#[tokio::test]
async fn the_last_search_is_made_before_the_copy_is_sent() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    let doubt = f.store.until("a-1", "in doubt").await;
    f.mailbox.searched(1).await;
    f.mailbox.sent.lock().unwrap().insert(doubt.message_id.as_str().to_owned());
    f.advance(QUARTER).await;
    f.store.until("a-1", "sent").await;
    worker.stop().await;
    assert_eq!((f.server.taken().len(), f.server.count("connect")), (1, 1));
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_searched_does_not_keep_the_mail_for_ever() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    let down = || MailError::Temporary("connection refused".into());
    f.mailbox.failures.lock().unwrap().extend([down(), down(), down()]);
    f.put("a-1").await;
    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    f.mailbox.searched(1).await;
    f.advance(QUARTER).await;
    f.store.until("a-1", "sent").await;
    worker.stop().await;
    assert_eq!(f.server.taken().len(), 2);
}

/// A server that reports on a mail has had it, whatever became of it then.
#[tokio::test]
async fn a_report_that_cites_the_mail_proves_the_delivery() {
    for failed in [true, false] {
        let f = Fixture::new().await;
        f.server.once(At::Dot, Do::Close);
        f.put("a-1").await;
        let worker = f.start().await;
        let doubt = f.store.until("a-1", "in doubt").await;
        f.report(&doubt.message_id, failed).await;
        f.store.until("a-1", "sent").await;
        f.pass_time(QUARTER).await;
        f.pass_time(SignedDuration::from_hours(24)).await;
        worker.stop().await;
        assert_eq!(f.server.taken().len(), 1, "no second copy");
    }
}

/// Nobody answers what they have not got.
#[tokio::test]
async fn a_customers_answer_to_the_mail_proves_the_delivery() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    let doubt = f.store.until("a-1", "in doubt").await;
    f.answer("customer1@example.org", &doubt.message_id).await;
    let mail = f.store.until("a-1", "sent").await;
    f.pass_time(QUARTER).await;
    f.pass_time(SignedDuration::from_hours(24)).await;
    worker.stop().await;
    assert!(matches!(mail.state, DeliveryState::Sent { response, .. } if response.contains("answer")));
    assert_eq!(f.server.taken().len(), 1, "no second copy");
}

/// A report about another mail, and the customer's next letter, prove nothing.
#[tokio::test]
async fn what_does_not_cite_the_mail_proves_nothing() {
    let f = Fixture::new().await;
    f.server.once(At::Dot, Do::Close);
    f.put("a-1").await;
    let worker = f.start().await;
    f.store.until("a-1", "in doubt").await;
    f.report(&guichet::domain::MessageId::parse("ack.other@shop.example").unwrap(), true).await;
    f.answer("customer1@example.org", &guichet::domain::MessageId::parse("else@example.org").unwrap()).await;
    f.pass_time(SignedDuration::from_mins(14)).await;
    assert_eq!(f.store.state("a-1").await, "in doubt");
    f.advance(SignedDuration::from_mins(1)).await;
    f.store.until("a-1", "sent").await;
    worker.stop().await;
    let taken = f.server.taken();
    assert_eq!((taken.len(), &taken[0].bytes), (2, &taken[1].bytes));
}
