//! Every class of reply at every stage of the SMTP dialogue.

use super::house::House;
use super::played;
use super::smtp_bytes::SMTP_LIMIT;
use crate::support::scripted_smtp::{At, Do};

/// A reply, and what kind of answer it is.
const REPLIES: &[(&str, &str)] = &[
    ("a wrong positive code", "299 2.9.9 who knows\r\n"),
    ("another positive code", "251 2.1.5 will forward\r\n"),
    ("an intermediate code", "334 go on\r\n"),
    ("an unknown intermediate code", "399 more\r\n"),
    ("a temporary refusal", "450 4.2.0 later\r\n"),
    ("a closing server", "421 4.3.2 closing\r\n"),
    ("a permanent refusal", "550 5.7.1 never\r\n"),
    ("an unknown command", "502 5.5.1 what\r\n"),
    ("a code beyond five hundred", "699 what\r\n"),
    ("a code of no class", "099 what\r\n"),
    ("garbage", "\u{1}\u{2}!?\r\n"),
    ("binary garbage", "\u{0}\u{0}\u{0}\r\n"),
    ("an empty line", "\r\n"),
    ("another protocol", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    ("several lines, refusing", "550-5.7.1 never\r\n550-5.7.1 and\r\n550 5.7.1 ever\r\n"),
    ("several lines that disagree", "250-yes\r\n550 no\r\n"),
    ("several lines without an end", "250-yes\r\n"),
    ("half a code", "25"),
    ("a line without an end", "250 and so on"),
    ("two replies at once", "450 4.2.0 later\r\n250 2.0.0 or not\r\n"),
];

const STAGES: &[At] = &[At::Greeting, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data, At::Dot, At::Quit];

/// What the two mails came to: the states, and how many copies of each the server took.
async fn story(at: At, reply: Do, what: &str) -> Vec<(&'static str, usize, u32)> {
    let house = House::new().await;
    house.smtp.once(at, reply);
    house.put(1).await;
    house.put(2).await;
    let tasks = vec![house.deliver(house.smtp.port).await];
    let settled = |rows: &[guichet::domain::OutgoingMail]| rows.iter().all(|row| row.state.is_final());
    let done = house.still.during(SMTP_LIMIT, house.store.until_outbox(settled)).await;
    assert!(done.is_some(), "{at:?} {what}: not settled in {SMTP_LIMIT:?}: {:?}", house.outbox().await);
    house.end(tasks).await;
    let taken = house.smtp.taken();
    let mut came_to = Vec::new();
    for row in house.outbox().await {
        let id = format!("Message-ID: <{}>", row.message_id);
        let copies: Vec<_> = taken.iter().filter(|mail| String::from_utf8_lossy(&mail.bytes).contains(&id)).collect();
        assert!(copies.iter().all(|mail| mail.bytes == copies[0].bytes), "{at:?} {what}: the copies differ");
        came_to.push((row.state.name(), copies.len(), row.resends));
    }
    came_to
}

#[test]
fn every_class_of_reply_at_every_stage() {
    let long = "250 ".to_owned() + &"x".repeat(100_000) + "\r\n";
    let endless = "250-x\r\n".repeat(50_000);
    let mut replies: Vec<(&str, Do)> = REPLIES.iter().map(|(what, words)| (*what, Do::Say(words))).collect();
    replies.push(("an overlong line, then the end", Do::SayAndClose(long)));
    replies.push(("an endless reply, then the end", Do::SayAndClose(endless)));
    replies.extend([("silence", Do::Stall), ("the end", Do::Close), ("a reset", Do::Reset)]);
    let mut tried = 0;
    for at in STAGES {
        for (what, reply) in &replies {
            let came_to = played(story(*at, reply.clone(), what));
            let refused = came_to.iter().filter(|(state, ..)| *state == "rejected").count();
            // Only the mail that was refused for good is not sent, and that is said (its case is flagged).
            let may_refuse = matches!(at, At::Mail | At::Rcpt | At::Data | At::Dot);
            assert!(refused <= usize::from(may_refuse), "{at:?} {what}: {came_to:?}");
            for (state, copies, resends) in came_to {
                let (least, most) = match (state, *at) {
                    ("sent", _) => (1, 1 + resends as usize),
                    // The scripted server keeps what it refuses after the dot.
                    ("rejected", At::Dot) => (0, 1),
                    ("rejected", _) => (0, 0),
                    other => panic!("{at:?} {what}: {other:?}"),
                };
                // A temporary refusal after the dot is no copy for the customer, but the scripted server keeps it.
                let refused_once = usize::from(*at == At::Dot);
                assert!((least..=most + refused_once).contains(&copies), "{at:?} {what}: {copies} copies, {state}");
                assert!(resends == 0 || *at == At::Dot, "{at:?} {what}: in doubt before the body");
            }
            tried += 1;
        }
    }
    println!("{tried} wrong replies over {} stages: 0 lost, 0 in doubt before the body", STAGES.len());
}
