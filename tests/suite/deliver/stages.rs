//! Every stage of the dialogue, with every way it can go wrong.

use jiff::SignedDuration;

use super::fixture::Fixture;
use crate::support::scripted_smtp::{At, Do};

const BEFORE_THE_BODY: &[At] = &[At::Greeting, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data];

#[tokio::test]
async fn an_acknowledgement_is_sent_once() {
    let f = Fixture::new().await;
    f.put("a-1").await;
    let worker = f.start().await;
    let mail = f.store.until("a-1", "sent").await;
    assert_eq!((mail.attempts, mail.last_problem), (1, None));
    f.pass_time(SignedDuration::from_hours(24 * 10)).await;
    worker.stop().await;
    let taken = f.server.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].bytes, f.acknowledgement("a-1").bytes);
    assert!(f.alarms.list().is_empty() && f.heartbeats.all_fresh(jiff::Timestamp::MAX));
}

#[tokio::test]
async fn mail_put_in_later_wakes_the_worker_and_shares_a_connection() {
    let f = Fixture::new().await;
    let worker = f.start().await;
    f.pass_time(SignedDuration::from_secs(20)).await;
    for id in ["a-1", "a-2", "a-3"] {
        f.put_mail(f.acknowledgement(id)).await;
    }
    f.wake.notify_one();
    f.store.until("a-3", "sent").await;
    worker.stop().await;
    assert_eq!((f.server.taken().len(), f.server.count("connect")), (3, 1));
}

/// The link fails before the first byte of the body: tried again, arrives once.
#[tokio::test]
async fn a_link_that_fails_before_the_body_is_a_free_retry() {
    for at in BEFORE_THE_BODY {
        let cut_reply = Do::SayAndClose("25".into());
        for action in [Do::Close, Do::Reset, cut_reply, Do::Say("421 4.3.2 shutting down\r\n"), Do::Say("nonsense\r\n")]
        {
            let f = Fixture::new().await;
            f.server.once(*at, action.clone());
            f.put("a-1").await;
            let worker = f.start().await;
            let mail = f.failed("a-1", 1).await;
            assert!(mail.last_problem.is_some(), "{at:?} {action:?}");
            f.advance(SignedDuration::from_mins(1)).await;
            let mail = f.store.until("a-1", "sent").await;
            assert_eq!(mail.attempts, 2, "{at:?} {action:?}");
            worker.stop().await;
            assert_eq!(f.server.taken().len(), 1, "{at:?} {action:?}");
        }
    }
}

#[tokio::test]
async fn a_temporary_answer_delays_and_a_permanent_one_rejects() {
    for at in [At::Mail, At::Rcpt, At::Data, At::Dot] {
        let f = Fixture::new().await;
        f.server.once(at, Do::Say("451 4.3.0 later\r\n"));
        f.put("a-1").await;
        let worker = f.start().await;
        let mail = f.failed("a-1", 1).await;
        assert!(mail.last_problem.unwrap().contains("451 4.3.0 later"), "{at:?}");
        f.advance(SignedDuration::from_mins(1)).await;
        f.store.until("a-1", "sent").await;
        worker.stop().await;
        let begun_at_dot = usize::from(at == At::Dot);
        assert_eq!(f.server.taken().len(), 1 + begun_at_dot, "{at:?}");

        let f = Fixture::new().await;
        f.server.once(at, Do::Say("554 5.6.0 never\r\n"));
        let mut mail = f.acknowledgement("a-1");
        mail.envelope_from = Some(f.settings.fallback_sender.clone());
        f.put_mail(mail).await;
        f.put("a-2").await;
        let worker = f.start().await;
        let mail = f.store.until("a-1", "rejected").await;
        assert!(mail.last_problem.unwrap().contains("554 5.6.0 never"), "{at:?}");
        f.store.until("a-2", "sent").await;
        f.pass_time(SignedDuration::from_hours(24)).await;
        worker.stop().await;
        assert_eq!(f.store.state("a-1").await, "rejected");
    }
}

#[tokio::test]
async fn a_body_cut_at_any_byte_is_in_doubt() {
    let f = Fixture::new().await;
    let on_the_wire = f.acknowledgement("a-1").bytes.len() + 1 + 3;
    for count in 0..on_the_wire {
        let f = Fixture::new().await;
        f.server.once(At::Body(count), Do::Close);
        f.put("a-1").await;
        let worker = f.start().await;
        f.store.until("a-1", "in doubt").await;
        worker.stop().await;
        assert!(f.server.taken().is_empty());
    }
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_in_doubt() {
    let answer = "250 2.0.0 Ok\r\n";
    for count in 0..=answer.len() {
        let f = Fixture::new().await;
        f.server.once(At::Dot, Do::SayAndClose(answer[..count].to_owned()));
        f.put("a-1").await;
        let worker = f.start().await;
        f.store.until("a-1", if count == answer.len() { "sent" } else { "in doubt" }).await;
        worker.stop().await;
        assert_eq!(f.server.taken().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_gone_stale_between_two_mails_costs_nothing() {
    let f = Fixture::new().await;
    f.server.once(At::Mail, Do::Say("250 2.1.0 Ok\r\n"));
    f.server.once(At::Mail, Do::Say("421 4.7.0 too many mails on this connection\r\n"));
    f.put("a-1").await;
    f.put("a-2").await;
    let worker = f.start().await;
    let mail = f.store.until("a-2", "sent").await;
    worker.stop().await;
    assert_eq!((mail.attempts, f.server.taken().len(), f.server.count("connect")), (1, 2, 2));
}

#[tokio::test]
async fn a_refused_null_sender_is_replaced_by_the_mailbox_and_said_once() {
    for (at, words) in
        [(At::Mail, "550 5.7.1 no bounces here\r\n"), (At::Rcpt, "553 5.7.1 <>: Sender address rejected\r\n")]
    {
        let f = Fixture::new().await;
        f.server.once(at, Do::Say(words));
        f.put("a-1").await;
        f.put("a-2").await;
        let worker = f.start().await;
        f.store.until("a-2", "sent").await;
        worker.stop().await;
        let senders: Vec<_> = f.server.taken().into_iter().map(|mail| mail.mail_from).collect();
        assert!(senders.iter().all(|from| from.contains("<support@shop.example>")), "{senders:?}");
        assert_eq!((senders.len(), f.server.count("MAIL FROM:<>")), (2, 1));
        let alarm = f.alarms.list().remove(0);
        assert_eq!((alarm.key.as_str(), alarm.count), ("smtp support null sender", 1));
        assert!(alarm.sentence.contains("envelope_sender"), "{}", alarm.sentence);
    }
}
