//! What IMAP servers do when things go wrong, and what the adapter makes of it. Each of these
//! shapes was a silent success, a hang or a panic in the library underneath.

use std::sync::Arc;
use std::time::Duration;

use guichet::adapters::imap::{ImapSettings, ImapSource};
use guichet::adapters::secret::Secret;
use guichet::adapters::tls::Security;
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, Position};
use guichet::ports::{Arrival, Content, MailError, MailSession, MailSource, Standing};
use tokio_util::sync::CancellationToken;

use crate::scripted_imap::{
    ScriptedImap, Step, body, body_line, found, goodbye, list_lines, listed, on, on_then_close, opened, signed_in,
};

const LONG: Duration = Duration::from_secs(3600);
const MAIL: &str = "Subject: hello\r\n\r\nHello\r\n";

pub(crate) fn settings(port: u16) -> ImapSettings {
    let password = Secret::Given("secret".into());
    ImapSettings {
        retry_delay: Duration::ZERO,
        ..ImapSettings::new("127.0.0.1", port, Security::None, "user", password)
    }
}

pub(crate) fn inbox() -> Folder {
    Folder { mailbox: "support".into(), role: FolderRole::Inbox }
}

pub(crate) fn source(port: u16) -> ImapSource {
    ImapSource::new(Arc::new(settings(port)), inbox())
}

/// A folder read up to UID 4, all history imported.
fn stored() -> Position {
    let mark = r#"{"uid_validity":7,"next_uid":5,"history":{"next":5,"end":5,"since":"2026-04-01"},"newest":"2026-05-01T00:00:00Z","first_met":"2026-05-01T00:00:00Z"}"#;
    Position { mark: mark.into(), ..Position::default() }
}

async fn resume(source: &ImapSource) -> Box<dyn MailSession> {
    let mut session = source.connect().await.unwrap();
    assert_eq!(session.open(Some(&stored())).await.unwrap().standing, Standing::Continues);
    session
}

/// A server with the folder of [`stored`] opened, then `steps`.
async fn server(steps: Vec<Step>) -> ScriptedImap {
    ScriptedImap::start(vec![[opened("IDLE", 7, 6), steps].concat()]).await
}

fn mark(arrival: &Arrival) -> serde_json::Value {
    serde_json::from_str(&arrival.position.mark).unwrap()
}

pub(crate) fn temporary<T: std::fmt::Debug>(result: Result<T, MailError>) -> String {
    match result {
        Err(MailError::Temporary(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_fetch_is_a_failure_and_at_the_third_the_message_is_given_up() {
    let refused = || vec![listed(&[5]), on("UID FETCH 5 (UID BODY.PEEK[]", "TAG NO [SERVERBUG] cannot read it\r\n")];
    let first = [vec![found("UID 5:*", "5")], refused(), refused()].concat();
    let server = server([first, refused(), refused(), refused(), refused()].concat()).await;
    let mut session = resume(&source(server.port)).await;
    for failures in 1..=2 {
        let arrivals = session.fetch(10).await.unwrap();
        assert!(
            matches!(&arrivals[0].content, Content::Failed { why } if why.contains("cannot read it")),
            "{arrivals:?}"
        );
        assert_eq!(mark(&arrivals[0])["retry"]["5"], failures);
        assert_eq!(mark(&arrivals[0])["next_uid"], 6, "the next message is not held up");
    }
    let arrivals = session.fetch(10).await.unwrap();
    assert!(matches!(arrivals[0].content, Content::Quarantined { .. }), "{arrivals:?}");
    assert!(mark(&arrivals[0]).get("retry").is_none());
    assert_eq!(session.fetch(10).await.unwrap(), []);
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn a_refusal_of_several_is_narrowed_down_to_the_message_that_caused_it() {
    let server = server(vec![
        found("UID 5:*", "5 6"),
        listed(&[5, 6]),
        on("UID FETCH 5,6 (UID BODY.PEEK[]", "TAG NO no\r\n"),
        listed(&[5]),
        on("UID FETCH 5 (UID BODY.PEEK[]", "TAG NO no\r\n"),
        listed(&[6]),
        body(6, MAIL),
    ])
    .await;
    let mut session = resume(&source(server.port)).await;
    let arrivals = session.fetch(10).await.unwrap();
    assert!(matches!(arrivals[0].content, Content::Failed { .. }));
    assert!(matches!(&arrivals[1].content, Content::Message(raw) if raw.bytes == MAIL.as_bytes()));
    assert_eq!(mark(&arrivals[1])["retry"]["5"], 1);
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn not_now_is_not_blamed_on_a_message() {
    let server = server(vec![
        found("UID 5:*", "5"),
        listed(&[5]),
        on("UID FETCH 5 (UID BODY.PEEK[]", "TAG NO [UNAVAILABLE] back end down\r\n"),
    ])
    .await;
    let mut session = resume(&source(server.port)).await;
    assert!(temporary(session.fetch(10).await).contains("back end down"));
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn a_message_that_ends_the_connection_is_fetched_alone_and_then_counted() {
    let together = [
        opened("IDLE", 7, 7),
        vec![
            found("UID 5:*", "5 6"),
            listed(&[5, 6]),
            // A clean end between two answers: the library reports a complete list.
            on_then_close("UID FETCH 5,6 (UID BODY.PEEK[]", body_line(5, MAIL)),
        ],
    ];
    let alone = [
        opened("IDLE", 7, 7),
        vec![
            found("UID 5:*", "5 6"),
            listed(&[5]),
            body(5, MAIL),
            listed(&[6]),
            on_then_close("UID FETCH 6 (UID BODY.PEEK[]", "* 6 FETCH (UID 6 BODY[] {100}\r\nonly a part"),
        ],
    ];
    let server = ScriptedImap::start(vec![together.concat(), alone.concat()]).await;
    let source = source(server.port);
    let mut session = resume(&source).await;
    assert!(temporary(session.fetch(10).await).contains("closed the connection"));
    let mut session = resume(&source).await;
    let arrivals = session.fetch(10).await.unwrap();
    assert!(matches!(arrivals[0].content, Content::Message(_)), "{arrivals:?}");
    let arrivals = session.fetch(10).await.unwrap();
    assert!(matches!(arrivals[0].content, Content::Failed { .. }), "{arrivals:?}");
    assert_eq!(mark(&arrivals[0])["retry"]["6"], 1);
    temporary(session.fetch(10).await);
    temporary(session.wait(LONG, &CancellationToken::new()).await);
    server.finish().await;
}

#[tokio::test]
async fn an_answer_nobody_can_read_costs_one_message() {
    let garbage = "* 5 FETCH nonsense\r\nTAG OK listed\r\n";
    // The library panics on this one.
    let no_date = "* 5 FETCH (UID 5 FLAGS () INTERNALDATE NIL RFC822.SIZE 20)\r\nTAG OK listed\r\n";
    for answer in [garbage, no_date] {
        let server = server(vec![found("UID 5:*", "5"), on("UID FETCH 5 (UID FLAGS", answer)]).await;
        let mut session = resume(&source(server.port)).await;
        let arrivals = session.fetch(10).await.unwrap();
        assert!(
            matches!(&arrivals[0].content, Content::Failed { why } if why.contains("cannot be read")),
            "{arrivals:?}"
        );
        temporary(session.fetch(10).await);
        drop(session);
        server.finish().await;
    }
}

#[tokio::test]
async fn hostile_answers_neither_panic_nor_hang_nor_pass_for_mail() {
    let answers: &[&[u8]] = &[
        b"* 5 FETCH (UID 5 FLAGS ((((\r\nTAG OK\r\n",
        b"* 5 FETCH (UID 5 BODY[] {4294967295}\r\nx)\r\nTAG OK\r\n",
        b"* 5 FETCH (UID 5 BODY[] {99999999999999999999}\r\nx)\r\nTAG OK\r\n",
        b"* 5 FETCH (UID 5 BODY[] {10}\r\nshort)\r\n",
        b"* 5 FETCH (UID 5 BODY[] NIL)\r\nTAG OK\r\n",
        b"* 5 FETCH (UID 99999999999 BODY[] \"x\")\r\nTAG OK\r\n",
        b"* 5 FETCH (UID 6 BODY[] \"another message\")\r\nTAG OK\r\n",
        b"* 5 FETCH (BODY[] \"no uid\")\r\nTAG OK\r\n",
        b"+ go on\r\n",
        b"\xff\xfe\x00\r\n",
        b"TAG \xff\r\n",
        b"TAG OK [READ-WRITE]\xc3\xa9\r\n",
        b"other OK done\r\n",
        b"* BYE\r\n",
        b"\r\n\r\n\r\n",
    ];
    for answer in answers {
        let server =
            server(vec![found("UID 5:*", "5"), listed(&[5]), on("UID FETCH 5 (UID BODY.PEEK[]", *answer)]).await;
        let settings = ImapSettings { patience: Duration::from_millis(20), ..settings(server.port) };
        let mut session = resume(&ImapSource::new(Arc::new(settings), inbox())).await;
        if let Ok(arrivals) = session.fetch(10).await {
            let failed = arrivals.iter().all(|arrival| matches!(arrival.content, Content::Failed { .. }));
            assert!(failed && !arrivals.is_empty(), "{}: {arrivals:?}", String::from_utf8_lossy(answer));
        }
    }
}

#[tokio::test]
async fn a_message_left_out_of_the_answer_is_a_failure_unless_it_was_deleted() {
    let left_out =
        |uids: &str| vec![listed(&[5]), on("UID FETCH 5 (UID BODY.PEEK[]", "TAG OK fetched\r\n"), found("UID 5", uids)];
    let server = server([vec![found("UID 5:*", "5")], left_out("5"), left_out("5"), left_out("5")].concat()).await;
    let mut session = resume(&source(server.port)).await;
    let mut contents = Vec::new();
    for _ in 0..3 {
        contents.extend(session.fetch(10).await.unwrap().into_iter().map(|arrival| arrival.content));
    }
    let [Content::Failed { .. }, Content::Failed { .. }, Content::Quarantined { .. }] = contents.as_slice() else {
        panic!("{contents:?}")
    };
    drop(session);
    server.finish().await;

    let deleted = ScriptedImap::start(vec![
        [
            opened("IDLE", 7, 7),
            vec![
                found("UID 5:*", "5 6"),
                on("UID FETCH 5,6 (UID FLAGS", format!("{}TAG OK listed\r\n", list_lines(&[6]))),
                body(6, MAIL),
                found("UID 5", ""),
            ],
        ]
        .concat(),
    ])
    .await;
    let mut session = resume(&source(deleted.port)).await;
    let arrivals = session.fetch(10).await.unwrap();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(mark(&arrivals[0])["next_uid"], 7);
    assert!(mark(&arrivals[0]).get("retry").is_none());
    drop(session);
    deleted.finish().await;
}

#[tokio::test]
async fn with_many_failures_no_other_message_is_asked_for_until_they_are_settled() {
    let retry: Vec<String> = (1..=100).map(|uid| format!("\"{uid}\":2")).collect();
    let mark = stored().mark.replace("\"next_uid\":5", &format!("\"next_uid\":101,\"retry\":{{{}}}", retry.join(",")));
    let steps = vec![listed(&[1]), body(1, MAIL), found("UID 101:*", "101"), listed(&[101]), body(101, MAIL)];
    let server = ScriptedImap::start(vec![[opened("IDLE", 7, 102), steps].concat()]).await;
    let mut session = source(server.port).connect().await.unwrap();
    session.open(Some(&Position { mark, ..Position::default() })).await.unwrap();
    let arrivals = session.fetch(10).await.unwrap();
    assert_eq!(arrivals[0].location.name, "7/1");
    assert_eq!(session.fetch(10).await.unwrap()[0].location.name, "7/101");
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn the_last_message_that_a_search_from_n_names_needlessly_is_discarded() {
    let server = server(vec![found("UID 5:*", "4")]).await;
    let mut session = resume(&source(server.port)).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn mail_told_before_idling_ends_the_wait() {
    let server = server(vec![
        found("UID 5:*", ""),
        on("IDLE", "* 6 EXISTS\r\n+ idling\r\n"),
        on("DONE", "TAG OK idled\r\n"),
        found("UID 5:*", "6"),
        listed(&[6]),
        body(6, MAIL),
        goodbye(),
    ])
    .await;
    let mut session = resume(&source(server.port)).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    session.wait(LONG, &CancellationToken::new()).await.unwrap();
    assert_eq!(session.fetch(10).await.unwrap().len(), 1);
    session.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_server_that_never_ends_idle_is_left() {
    let server = server(vec![found("UID 5:*", ""), on("IDLE", "+ idling\r\n* 6 EXISTS\r\n"), on("DONE", "")]).await;
    let settings = ImapSettings { patience: Duration::from_millis(50), ..settings(server.port) };
    let mut session = resume(&ImapSource::new(Arc::new(settings), inbox())).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    assert!(temporary(session.wait(LONG, &CancellationToken::new()).await).contains("DONE"));
    drop(session);
    server.finish().await;
}

#[tokio::test]
async fn mail_told_during_another_command_is_not_slept_over() {
    let server = server(vec![
        on("UID SEARCH UID 5:*", "* SEARCH\r\n* 6 EXISTS\r\nTAG OK found\r\n"),
        found("UID 5:*", "6"),
        listed(&[6]),
        body(6, MAIL),
    ])
    .await;
    let mut session = resume(&source(server.port)).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    session.wait(LONG, &CancellationToken::new()).await.unwrap();
    assert_eq!(session.fetch(10).await.unwrap().len(), 1);
    drop(session);
    let said = server.finish().await;
    assert!(!said.iter().any(|line| line.contains("IDLE")), "{said:?}");
}

#[tokio::test]
async fn where_idle_is_refused_or_missing_the_folder_is_polled() {
    let refused = vec![
        found("UID 5:*", ""),
        on("IDLE", "TAG NO not today\r\n"),
        on("NOOP", "TAG OK\r\n"),
        on("NOOP", "TAG OK\r\n"),
    ];
    let missing = vec![found("UID 5:*", ""), on("NOOP", "TAG OK\r\n"), on("NOOP", "TAG OK\r\n")];
    for (capabilities, steps) in [("IDLE", refused), ("", missing)] {
        let server = ScriptedImap::start(vec![[opened(capabilities, 7, 6), steps].concat()]).await;
        let mut settings = settings(server.port);
        settings.poll_interval = Duration::from_millis(1);
        let mut session = resume(&ImapSource::new(Arc::new(settings), inbox())).await;
        assert_eq!(session.fetch(10).await.unwrap(), []);
        session.wait(LONG, &CancellationToken::new()).await.unwrap();
        session.wait(LONG, &CancellationToken::new()).await.unwrap();
        drop(session);
        server.finish().await;
    }
}

#[tokio::test]
async fn the_end_of_the_connection_is_an_error_wherever_it_comes() {
    let at_open =
        ScriptedImap::start(vec![[signed_in("IDLE"), vec![on_then_close("EXAMINE", "* 3 EXISTS\r\n")]].concat()]).await;
    let mut session = source(at_open.port).connect().await.unwrap();
    temporary(session.open(None).await);

    let in_use =
        ScriptedImap::start(vec![[signed_in(""), vec![on("EXAMINE", "TAG NO [INUSE] locked\r\n")]].concat()]).await;
    let mut session = source(in_use.port).connect().await.unwrap();
    assert!(temporary(session.open(None).await).contains("locked"));

    let at_search = server(vec![on_then_close("UID SEARCH", "* SEARCH 5\r\n")]).await;
    temporary(resume(&source(at_search.port)).await.fetch(10).await);

    let idling = server(vec![found("UID 5:*", ""), on_then_close("IDLE", "+ idling\r\n* BYE restarting\r\n")]).await;
    let mut session = resume(&source(idling.port)).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    let why = temporary(session.wait(LONG, &CancellationToken::new()).await);
    assert!(why.contains("restarting"), "{why}");
}

#[tokio::test]
async fn a_refused_search_is_an_error() {
    let server = server(vec![on("UID SEARCH", "TAG BAD what\r\n")]).await;
    assert!(temporary(resume(&source(server.port)).await.fetch(10).await).contains("BAD what"));
}

#[tokio::test]
async fn a_silent_server_is_left() {
    let server = server(vec![on("UID SEARCH", "* SEARCH 5\r\n")]).await;
    let settings = ImapSettings { patience: Duration::from_millis(50), ..settings(server.port) };
    let mut session = resume(&ImapSource::new(Arc::new(settings), inbox())).await;
    assert!(temporary(session.fetch(10).await).contains("no answer"));
}

#[tokio::test]
async fn a_folder_without_uidvalidity_or_with_another_one() {
    let without =
        ScriptedImap::start(vec![[signed_in(""), vec![on("EXAMINE", "* 3 EXISTS\r\nTAG OK opened\r\n")]].concat()])
            .await;
    let mut session = source(without.port).connect().await.unwrap();
    assert!(matches!(session.open(None).await, Err(MailError::Permanent(why)) if why.contains("UIDVALIDITY")));

    let other = ScriptedImap::start(vec![
        [
            opened("IDLE", 8, 3),
            vec![
                found("UID 3:*", ""),
                found("UID 1:2 SINCE", "1 2"),
                on(
                    "UID FETCH 1,2 (UID FLAGS",
                    "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"30-Apr-2026 10:00:00 +0000\" RFC822.SIZE 20)\r\n\
                     * 2 FETCH (UID 2 FLAGS (\\Answered $guichetacknowledged) INTERNALDATE \"02-May-2026 10:00:00 +0000\" RFC822.SIZE 20)\r\nTAG OK listed\r\n",
                ),
                on("UID FETCH 1,2 (UID BODY.PEEK[]", format!("{}{}TAG OK\r\n", body_line(2, MAIL), body_line(1, MAIL))),
            ],
        ]
        .concat(),
    ])
    .await;
    let mut session = source(other.port).connect().await.unwrap();
    assert_eq!(session.open(Some(&stored())).await.unwrap().standing, Standing::Renumbered);
    let arrivals = session.fetch(10).await.unwrap();
    let told: Vec<_> = arrivals
        .iter()
        .map(|one| (one.location.name.as_str(), one.history, one.answered, one.marked_acknowledged))
        .collect();
    assert_eq!(told, [("8/1", true, false, false), ("8/2", false, true, true)], "2 arrived after the first meeting");
}

#[tokio::test]
async fn a_server_that_tells_no_uidnext_is_asked_for_its_last_message() {
    let server = ScriptedImap::start(vec![
        [
            signed_in("IDLE"),
            vec![on("EXAMINE", "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK opened\r\n"), found("UID *", "41")],
        ]
        .concat(),
    ])
    .await;
    let mut session = source(server.port).connect().await.unwrap();
    let opened = session.open(None).await.unwrap();
    assert_eq!(opened.standing, Standing::First);
    assert!(opened.position.mark.contains(r#""next_uid":42"#), "{}", opened.position.mark);
}

#[tokio::test]
async fn a_position_from_elsewhere_is_refused() {
    let server = server(vec![]).await;
    let mut session = source(server.port).connect().await.unwrap();
    let foreign = Position { mark: "maildir/1".into(), ..Position::default() };
    assert!(matches!(session.open(Some(&foreign)).await, Err(MailError::Permanent(_))));
}
