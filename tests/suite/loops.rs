//! Loops: whatever answers us, a conversation gets one acknowledgement at most in a day. Guichet's real reader,
//! rules and store are played against other responders, hop by hop, for twenty-four hours of a clock that
//! is moved by hand. The real Pigeonhole is met in `tests/servers/loops.rs`.

pub mod counter;
pub mod others;

use counter::Counter;
use others::{Stripped, absence, bounce, dumb, forwarded, letter};

pub const SUPPORT: &str = "support@shop.example";

/// Lets letters and answers fly for a day; `others` answers what leaves the counter.
async fn a_day(counter: &Counter, others: impl Fn(usize, &counter::Left) -> Vec<String>) {
    for minute in 0..24 * 60 {
        for (n, left) in counter.sends().await.into_iter().enumerate() {
            for answer in others(minute * 100 + n, &left) {
                counter.receives(&answer).await;
            }
        }
        counter.a_minute_passes();
    }
}

#[tokio::test]
async fn two_guichets_answer_each_other_once() {
    for stripped in Stripped::ALL {
        let ours = Counter::open(SUPPORT).await;
        let theirs = Counter::open("help@store.example").await;
        // An employee of theirs writes from the shared address.
        ours.receives(&letter("help@store.example", SUPPORT, 1)).await;
        for _ in 0..24 * 60 {
            for left in ours.sends().await {
                theirs.receives(&stripped.relay(&left, SUPPORT)).await;
            }
            for left in theirs.sends().await {
                ours.receives(&stripped.relay(&left, "help@store.example")).await;
            }
            ours.a_minute_passes();
            theirs.a_minute_passes();
        }
        let (by_us, by_them) = (ours.left(), theirs.left());
        // Where a relay leaves nothing at all, neither identity nor thread nor subject, each mail may pass for
        // a conversation of its own: then the limit of three a sender and day ends it.
        let most = if stripped == Stripped::Everything { 3 } else { 1 };
        assert!((1..=most).contains(&by_us), "{stripped:?}: {by_us} acknowledgements by us");
        assert!(by_them <= most, "{stripped:?}: {by_them} acknowledgements of an acknowledgement");
        assert!(by_them == 0 || stripped != Stripped::Nothing, "an honest relay leaves nothing to answer");
    }
}

#[tokio::test]
async fn a_responder_that_knows_no_rules_is_acknowledged_once() {
    let counter = Counter::open(SUPPORT).await;
    counter.receives(&letter("kim@home.example", SUPPORT, 1)).await;
    a_day(&counter, |n, left| vec![dumb("kim@home.example", &left.subject, n)]).await;
    assert_eq!(counter.left(), 1);
}

/// Even one that writes by itself, every minute, is one conversation.
#[tokio::test]
async fn a_machine_that_writes_every_minute_is_acknowledged_once() {
    let counter = Counter::open(SUPPORT).await;
    for n in 0..24 * 60 {
        if n % 10 == 0 {
            counter.receives(&dumb("robot@home.example", "Ticket opened", n)).await;
        }
        counter.sends().await;
        counter.a_minute_passes();
    }
    assert_eq!(counter.left(), 1);
}

#[tokio::test]
async fn absence_notices_in_ten_languages_are_not_answered() {
    for (language, subject, text) in others::ABSENCES {
        for marked in [true, false] {
            let counter = Counter::open(SUPPORT).await;
            counter.receives(&letter("kim@home.example", SUPPORT, 1)).await;
            a_day(&counter, |n, left| vec![absence(subject, text, marked, &left.message_id, n)]).await;
            assert_eq!(counter.left(), 1, "{language}, marked: {marked}");
            // A notice that comes out of the blue opens no conversation.
            let counter = Counter::open(SUPPORT).await;
            counter.receives(&absence(subject, text, marked, "unknown@elsewhere.example", 1)).await;
            a_day(&counter, |_, _| Vec::new()).await;
            assert_eq!(counter.left(), 0, "{language}, marked: {marked}");
        }
    }
}

#[tokio::test]
async fn a_mailing_list_is_never_acknowledged() {
    let counter = Counter::open(SUPPORT).await;
    for n in 0..50 {
        counter.receives(&others::list_post(n)).await;
    }
    a_day(&counter, |_, _| Vec::new()).await;
    assert_eq!(counter.left(), 0);
    assert_eq!(counter.cases().await, 50, "all of them wait for a person");
}

/// A list that hides what it is and sends everything it gets to all members, us among them.
#[tokio::test]
async fn a_list_without_marks_that_sends_our_acknowledgement_back_gets_no_second_one() {
    let counter = Counter::open(SUPPORT).await;
    counter.receives(&letter("everybody@club.example", SUPPORT, 1)).await;
    a_day(&counter, |_, left| vec![forwarded(left, "everybody@club.example")]).await;
    assert_eq!(counter.left(), 1);
}

#[tokio::test]
async fn our_own_acknowledgement_coming_back_is_not_answered() {
    let counter = Counter::open(SUPPORT).await;
    counter.receives(&letter("kim@home.example", SUPPORT, 1)).await;
    a_day(&counter, |_, left| vec![forwarded(left, "kim@home.example"), left.text()]).await;
    assert_eq!(counter.left(), 1);
}

#[tokio::test]
async fn a_bounce_of_an_acknowledgement_is_not_answered() {
    for kind in bounce::ALL {
        let counter = Counter::open(SUPPORT).await;
        counter.receives(&letter("kim@home.example", SUPPORT, 1)).await;
        a_day(&counter, |n, left| vec![kind(left, n)]).await;
        assert_eq!(counter.left(), 1);
        assert_eq!(counter.cases().await, 1, "a bounce opens no case");
    }
}
