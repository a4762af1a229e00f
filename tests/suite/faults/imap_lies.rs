//! An IMAP server that lies. Whatever it says, every letter has one case and one acknowledgement in the end.

use std::sync::Arc;
use std::time::Duration;

use guichet::domain::CaseState;
use guichet::ports::Store;
use jiff::{SignedDuration, Timestamp};

use super::house::{House, letter};
use super::played;
use crate::support::played_imap::{Alter, Said};

/// A lie costs at most three tries of a message, with their rests of one and of five minutes, or the five
/// minutes after a refused sign-in.
const LIMIT: Duration = Duration::from_secs(15 * 60);

const COMMANDS: &[&str] = &["LOGIN", "CAPABILITY", "EXAMINE", "UID SEARCH", FLAGS, BODIES, "IDLE", "DONE", "EXISTS"];
/// The list of what is new, and its bytes.
const FLAGS: &str = "UID FETCH 1,2 (UID FLAGS";
const BODIES: &str = "UID FETCH 1,2 (UID BODY.PEEK[]";

/// Instead of the true answer.
fn instead(make: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Alter {
    Arc::new(move |tag, honest| {
        let bytes = make(tag, &String::from_utf8_lossy(honest)).into_bytes();
        Said { bytes, close: false }
    })
}

/// Instead of it, and the end.
fn at_last(make: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Alter {
    Arc::new(move |tag, honest| {
        let bytes = make(tag, &String::from_utf8_lossy(honest)).into_bytes();
        Said { bytes, close: true }
    })
}

/// What any command may be answered with.
fn to_any_command() -> Vec<(&'static str, Alter)> {
    vec![
        ("NO", instead(|tag, _| format!("{tag} NO not now\r\n"))),
        ("NO, for a reason that passes", instead(|tag, _| format!("{tag} NO [UNAVAILABLE] down\r\n"))),
        ("BAD", instead(|tag, _| format!("{tag} BAD what\r\n"))),
        ("BYE and the end", at_last(|_, _| "* BYE restarting\r\n".into())),
        ("BYE without an end", instead(|tag, honest| format!("* BYE restarting\r\n{honest}{tag} OK\r\n"))),
        ("BYE after the answer", at_last(|_, honest| format!("{honest}* BYE restarting\r\n"))),
        ("nothing, and the end", at_last(|_, _| String::new())),
        ("nothing", instead(|_, _| String::new())),
        ("the answer without its end", instead(|tag, honest| honest.replace(&format!("{tag} OK"), "* OK"))),
        ("OK without the answer", instead(|tag, _| format!("{tag} OK done\r\n"))),
        ("OK to another command", instead(|_, honest| format!("A9999 OK done\r\n{honest}"))),
        ("garbage", instead(|_, _| "\u{1}\u{2}\u{3} nonsense )))(((\r\n".into())),
        ("half the answer, and the end", at_last(|_, honest| honest.chars().take(honest.len() / 2).collect())),
        ("the answer twice", instead(|_, honest| format!("{honest}{honest}"))),
        ("EXPUNGE in the middle", instead(|_, honest| format!("* 1 EXPUNGE\r\n{honest}"))),
        ("a wrong number of messages", instead(|_, honest| format!("* 4000000000 EXISTS\r\n* 0 EXISTS\r\n{honest}"))),
        ("an alert", instead(|_, honest| format!("* OK [ALERT] disk nearly full\r\n{honest}"))),
    ]
}

/// What only some commands can be answered with.
fn particular() -> Vec<(&'static str, &'static str, Alter)> {
    let no_line = |word: &'static str| {
        instead(move |_, honest| {
            honest.lines().filter(|line| !line.contains(word)).map(|line| format!("{line}\r\n")).collect()
        })
    };
    vec![
        ("EXAMINE", "no EXISTS", no_line("EXISTS")),
        ("EXAMINE", "too few messages", instead(|_, honest| honest.replace("2 EXISTS", "0 EXISTS"))),
        ("EXAMINE", "too many messages", instead(|_, honest| honest.replace("2 EXISTS", "99 EXISTS"))),
        ("EXAMINE", "no UIDNEXT", no_line("UIDNEXT")),
        ("EXAMINE", "a UIDNEXT too low", instead(|_, honest| honest.replace("UIDNEXT 3", "UIDNEXT 1"))),
        ("EXAMINE", "a UIDNEXT too high", instead(|_, honest| honest.replace("UIDNEXT 3", "UIDNEXT 900"))),
        ("EXAMINE", "no UIDVALIDITY", no_line("UIDVALIDITY")),
        ("UID SEARCH", "nothing found", instead(|tag, _| format!("* SEARCH\r\n{tag} OK done\r\n"))),
        ("UID SEARCH", "shuffled", instead(|tag, _| format!("* SEARCH 2 1\r\n{tag} OK done\r\n"))),
        ("UID SEARCH", "in two answers", instead(|tag, _| format!("* SEARCH 2\r\n* SEARCH 1\r\n{tag} OK done\r\n"))),
        ("UID SEARCH", "twice the same", instead(|tag, _| format!("* SEARCH 1 1 2 2\r\n{tag} OK done\r\n"))),
        (
            "UID SEARCH",
            "messages that are not there",
            instead(|tag, _| format!("* SEARCH 1 2 77\r\n{tag} OK done\r\n")),
        ),
        ("UID SEARCH", "the last only", instead(|tag, _| format!("* SEARCH 2\r\n{tag} OK done\r\n"))),
        (FLAGS, "one left out", no_line("UID 1 ")),
        (FLAGS, "all left out", no_line("FETCH (UID")),
        (FLAGS, "shuffled", instead(shuffled_lines)),
        (
            FLAGS,
            "one not asked for",
            instead(|_, honest| format!("* 9 FETCH (UID 9 FLAGS () RFC822.SIZE 5)\r\n{honest}")),
        ),
        (FLAGS, "a change of flags by the way", instead(|_, honest| format!("* 1 FETCH (FLAGS (\\Seen))\r\n{honest}"))),
        (FLAGS, "a size too small", instead(|_, honest| honest.replace("RFC822.SIZE ", "RFC822.SIZE 0"))),
        (FLAGS, "a size too large", instead(|_, honest| honest.replace("RFC822.SIZE ", "RFC822.SIZE 3999"))),
        (FLAGS, "no date", instead(|_, honest| honest.replace('"', "").replace("INTERNALDATE ", "INTERNALDATE NIL X"))),
        (BODIES, "without the body", instead(|_, honest| without_bodies(honest, ""))),
        (BODIES, "NIL for the body", instead(|_, honest| without_bodies(honest, " BODY[] NIL"))),
        (BODIES, "an empty body by name", instead(|_, honest| without_bodies(honest, " BODY[HEADER] \"x\""))),
        (BODIES, "one left out", instead(|_, honest| without_first_body(honest))),
        (BODIES, "the other first", instead(shuffled_bodies)),
        (
            BODIES,
            "one not asked for",
            instead(|_, honest| format!("* 9 FETCH (UID 9 BODY[] {{3}}\r\nabc)\r\n{honest}")),
        ),
        (BODIES, "one without a UID", instead(|_, honest| format!("* 9 FETCH (BODY[] {{3}}\r\nabc)\r\n{honest}"))),
        (BODIES, "a literal longer than promised", instead(|_, honest| promised(honest, -20))),
        (BODIES, "a literal shorter than promised", instead(|_, honest| promised(honest, 20))),
        (BODIES, "a literal far shorter than promised", instead(|_, honest| promised(honest, 4_000_000_000))),
        (BODIES, "a literal beyond all numbers", instead(|_, honest| honest.replacen('{', "{99999999999999999999", 1))),
    ]
}

fn shuffled_lines(tag: &str, honest: &str) -> String {
    let mut lines: Vec<&str> = honest.lines().filter(|line| !line.starts_with(tag)).collect();
    lines.reverse();
    lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() + &format!("{tag} OK done\r\n")
}

fn shuffled_bodies(tag: &str, honest: &str) -> String {
    let (second, end) = (honest.find("* 2 FETCH").unwrap(), honest.rfind(tag).unwrap());
    format!("{}{}{}", &honest[second..end], &honest[..second], &honest[end..])
}

fn without_bodies(honest: &str, body: &str) -> String {
    let last = honest.trim_end().lines().last().unwrap();
    format!("* 1 FETCH (UID 1{body})\r\n* 2 FETCH (UID 2{body})\r\n{last}\r\n")
}

fn without_first_body(honest: &str) -> String {
    honest[honest.find("* 2 FETCH").unwrap()..].to_owned()
}

/// The first literal's length is said to be other than it is.
fn promised(honest: &str, more: i64) -> String {
    let (from, to) = (honest.find('{').unwrap() + 1, honest.find('}').unwrap());
    let length: i64 = honest[from..to].parse().unwrap();
    format!("{}{}{}", &honest[..from], length + more, &honest[to..])
}

/// Two letters lie there and a third arrives, while the server lies so often to commands that begin so.
async fn story(command: &str, what: &str, lie: &Alter, times: usize) {
    let told = (command, what, times);
    let house = House::new().await;
    house.imap.lie(command, times, Arc::clone(lie));
    house.receive(1);
    house.receive(2);
    let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
    house.until_sent(2, LIMIT, &told).await;
    house.receive(3);
    house.until_sent(3, LIMIT, &told).await;
    house.assert_each_once(3, &told).await;
    assert!(house.imap.untold() < times, "{told:?}: never asked: {:?}", house.imap.transcript());
    house.end(tasks).await;
}

#[test]
fn whatever_an_imap_server_says_once_or_twice_no_letter_is_missed_or_answered_twice() {
    let mut tried = 0;
    for command in COMMANDS {
        for (what, lie) in to_any_command() {
            played(story(command, what, &lie, 1));
            tried += 1;
        }
    }
    for (command, what, lie) in particular() {
        for times in [1, 2] {
            played(story(command, what, &lie, times));
            tried += 1;
        }
    }
    println!("{tried} lies of an IMAP server: 0 missed, 0 answered twice");
}

#[tokio::test(start_paused = true)]
async fn mail_that_nobody_tells_of_is_found_by_looking() {
    let house = House::new().await;
    house.imap.fall_silent();
    let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
    house.still.during(Duration::from_secs(5), std::future::pending::<()>()).await;
    house.receive(1);
    house.until_sent(1, Duration::from_secs(5 * 60), &"no EXISTS").await;
    house.assert_each_once(1, &"no EXISTS").await;
    house.end(tasks).await;
}

/// The server rebuilds its folder between two sessions, and with mail that nobody has seen yet.
#[tokio::test(start_paused = true)]
async fn a_folder_that_is_renumbered_answers_nobody_again_and_loses_nothing() {
    for first in [1, 2, 3, 100] {
        let house = House::new().await;
        house.receive(1);
        house.receive(2);
        let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
        house.until_sent(2, LIMIT, &first).await;
        // The connection ends, and all has other numbers when it comes back.
        house.imap.lie("DONE", 1, at_last(|_, _| "* BYE rebuilding\r\n".into()));
        house.imap.lie("EXISTS", 1, at_last(|_, _| "* BYE rebuilding\r\n".into()));
        house.imap.renumber(first);
        house.receive(3);
        house.until_sent(3, LIMIT, &first).await;
        house.receive(4);
        house.until_sent(4, LIMIT, &first).await;
        house.still.during(LIMIT, std::future::pending::<()>()).await;
        house.assert_each_once(4, &first).await;
        house.end(tasks).await;
    }
}

/// Nobody has seen these, and they are no younger than what was: moved back from another folder, or not handed out
/// while the index was broken that is rebuilt now. The link breaks before they are read.
#[tokio::test(start_paused = true)]
async fn older_mail_that_nobody_has_seen_is_new_after_a_renumbering_that_the_link_interrupts() {
    let house = House::new().await;
    house.receive(1);
    house.receive(2);
    let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
    house.until_sent(2, LIMIT, &"before").await;
    house.imap.lie("DONE", 1, at_last(|_, _| "* BYE rebuilding\r\n".into()));
    house.imap.lie("EXISTS", 1, at_last(|_, _| "* BYE rebuilding\r\n".into()));
    house.imap.lie("UID FETCH 11,12,13,14 (UID FLAGS", 1, at_last(|_, _| "* BYE not yet\r\n".into()));
    house.imap.deliver(letter(3).as_bytes(), Timestamp::now() - SignedDuration::from_hours(2));
    house.imap.deliver(letter(4).as_bytes(), Timestamp::now() - SignedDuration::from_hours(72));
    house.imap.renumber(11);
    house.until_sent(3, LIMIT, &"moved back").await;
    house.receive(5);
    house.until_sent(4, LIMIT, &"after").await;
    house.still.during(LIMIT, std::future::pending::<()>()).await;
    let cases = house.cases().await;
    assert_eq!(cases.len(), 5, "{cases:?}");
    for case in &cases {
        assert_eq!(case.state, CaseState::NeedsReply, "{:?} waits for a person", case.customer);
    }
    let answered: Vec<(String, usize)> = house.copies().into_iter().collect();
    let once = |n| (format!("RCPT TO:<kim{n}@home{n}.example>"), 1);
    assert_eq!(answered, [1, 2, 3, 5].map(once), "each once, and what is too old by no machine");
    house.end(tasks).await;
}

/// A replica that lags, an index that is being repaired: a search names two, and then one of them is in no list and found by no
/// search, when it is asked for the first time or once more after it could not be had.
#[tokio::test(start_paused = true)]
async fn a_message_that_is_hidden_for_a_moment_is_taken_in_when_it_shows() {
    let without_one: Alter = instead(|_, honest| {
        let lines = honest.lines().filter(|line| *line != "* SEARCH 1" && !line.contains("UID 1 "));
        lines.map(|line| format!("{line}\r\n")).collect()
    });
    for tries_before in [0, 1] {
        let house = House::new().await;
        // The search that finds both is not one of those.
        house.imap.lie("UID FETCH 1,2 (UID BODY", tries_before, instead(|_, honest| without_first_body(honest)));
        house.imap.lie("UID SEARCH UID 1", 2 + tries_before, Arc::clone(&without_one));
        house.imap.lie(if tries_before == 0 { FLAGS } else { "UID FETCH 1 (UID FLAGS" }, 1, without_one.clone());
        house.receive(1);
        house.receive(2);
        let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
        house.until_sent(2, LIMIT, &tries_before).await;
        house.receive(3);
        house.until_sent(3, LIMIT, &tries_before).await;
        house.assert_each_once(3, &tries_before).await;
        assert_eq!(house.imap.untold(), 0, "{tries_before}: {:?}", house.imap.transcript());
        house.end(tasks).await;
    }
}

/// Where the reader's own shield does not reach.
#[tokio::test(start_paused = true)]
async fn a_message_on_which_the_code_panics_is_listed_at_the_third_try_and_stops_no_other() {
    for panics in [2, 3] {
        let house = House::new().await;
        (0..panics).for_each(|_| house.store.panic_once("locate"));
        house.receive(1);
        house.receive(2);
        let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
        let listed = usize::from(panics == 3);
        house.until_sent(2 - listed, LIMIT, &panics).await;
        let given_up = house.store.quarantined(10).await.unwrap();
        assert_eq!(given_up.len(), listed, "{panics}: {given_up:?}");
        assert!(given_up.iter().all(|one| one.location.name == "7/1" && one.why.contains("a fault at locate")));
        house.end(tasks).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_deleted_between_list_and_body_holds_up_no_other() {
    let house = House::new().await;
    let imap = house.imap.clone();
    let expunge: Alter = Arc::new(move |_, honest| {
        imap.expunge(1);
        Said { bytes: honest.to_vec(), close: false }
    });
    house.imap.lie(FLAGS, 1, expunge);
    house.receive(1);
    house.receive(2);
    let tasks = vec![house.watch(house.imap.port).await, house.deliver(house.smtp.port).await];
    house.until_sent(1, LIMIT, &"deleted").await;
    house.assert_each_once(1, &"deleted").await;
    house.end(tasks).await;
}
