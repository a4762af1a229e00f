//! Signing in and acting in a mailbox, where the server does not go along.

use std::sync::Arc;

use guichet::adapters::imap::{ImapActions, ImapSettings, ImapSource};
use guichet::adapters::tls::Security;
use guichet::domain::MessageLocation;
use guichet::ports::{MailError, MailSource, MailboxActions};

use crate::imap::{inbox, settings, source, temporary};
use crate::scripted_imap::{ScriptedImap, goodbye, on, on_then_close, signed_in};

const MAIL: &str = "Subject: hello\r\n\r\nHello\r\n";

async fn connect_error(port: u16) -> MailError {
    match source(port).connect().await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn sign_in_troubles_are_told_apart() {
    let wrong = "TAG NO [AUTHENTICATIONFAILED] no\r\n";
    let down = "TAG NO [UNAVAILABLE] directory down\r\n";
    let server =
        ScriptedImap::start(vec![vec![on("LOGIN", wrong)], vec![on("LOGIN", down)], vec![on_then_close("LOGIN", "")]])
            .await;
    assert!(matches!(connect_error(server.port).await, MailError::Permanent(_)));
    assert!(matches!(connect_error(server.port).await, MailError::Temporary(why) if why.contains("directory down")));
    assert!(matches!(connect_error(server.port).await, MailError::Temporary(_)));

    let full = ScriptedImap::start_with("* BYE too many connections", vec![vec![]]).await;
    assert!(matches!(connect_error(full.port).await, MailError::Temporary(why) if why.contains("too many")));
    let pre = ScriptedImap::start_with("* PREAUTH hello root", vec![vec![]]).await;
    assert!(matches!(connect_error(pre.port).await, MailError::Permanent(_)));
    let other = ScriptedImap::start_with("HTTP/1.1 400 Bad Request", vec![vec![]]).await;
    connect_error(other.port).await;
}

#[tokio::test]
async fn where_login_is_unknown_the_other_way_is_tried() {
    let server = ScriptedImap::start(vec![vec![
        on("LOGIN", "TAG BAD LOGIN is disabled\r\n"),
        on("AUTHENTICATE PLAIN", "+ \r\n"),
        // NUL user NUL secret; the line has no tag.
        on("AHVzZXIAc2VjcmV0", "TAG OK signed in\r\n"),
        on("CAPABILITY", "* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"),
    ]])
    .await;
    drop(source(server.port).connect().await.unwrap());
    server.finish().await;
}

#[tokio::test]
async fn nothing_secret_is_sent_in_clear() {
    let server = ScriptedImap::start(vec![vec![on("STARTTLS", "TAG BAD unknown\r\n")]]).await;
    let starttls = ImapSettings { tls: Security::StartTls, ..settings(server.port) };
    let refused = ImapSource::new(Arc::new(starttls), inbox()).connect().await;
    assert!(matches!(refused.err(), Some(MailError::Permanent(_))));
    assert_eq!(server.finish().await, ["STARTTLS"]);

    // An address reserved for documentation (RFC 5737): nothing is dialled.
    let far = ImapSettings { host: "192.0.2.1".into(), ..settings(143) };
    let refused = ImapSource::new(Arc::new(far), inbox()).connect().await.err();
    assert!(matches!(refused, Some(MailError::Permanent(why)) if why.contains("in clear")));
}

#[tokio::test]
async fn a_copy_is_appended_once_and_a_refusal_is_an_error() {
    let list = "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST () \"/\" \"Archive/Sent Items\"\r\nTAG OK listed\r\n";
    let sent = |answer: &str| {
        [
            signed_in(""),
            vec![
                on("LIST \"\" \"*\"", list),
                on(format!("APPEND \"Archive/Sent Items\" (\\Seen) {{{}}}", MAIL.len()), answer),
            ],
        ]
        .concat()
    };
    let full = sent("TAG NO [OVERQUOTA] full\r\n");
    let server = ScriptedImap::start(vec![full]).await;
    let actions = ImapActions::new(Arc::new(settings(server.port)));
    assert!(temporary(actions.file_sent(MAIL.as_bytes()).await).contains("full"));
    let said = server.finish().await;
    assert!(!said.iter().any(|line| line.contains("Hello")), "nothing is sent after a refusal: {said:?}");
}

#[tokio::test]
async fn a_keyword_is_not_set_where_it_is_not_kept() {
    let server = ScriptedImap::start(vec![
        [
            signed_in(""),
            vec![on(
                "SELECT \"INBOX\"",
                "* OK [UIDVALIDITY 7] valid\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted)] some\r\nTAG OK [READ-WRITE] opened\r\n",
            ), goodbye()],
        ]
        .concat(),
    ])
    .await;
    let actions = ImapActions::new(Arc::new(settings(server.port)));
    let location = MessageLocation { folder: inbox(), name: "7/5".into() };
    assert!(!actions.mark_acknowledged(&location).await.unwrap());
    let said = server.finish().await;
    assert!(!said.iter().any(|line| line.contains("STORE")), "{said:?}");
}
