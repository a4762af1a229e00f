//! The IMAP adapter against Dovecot.

use std::sync::Arc;
use std::time::Duration;

use guichet::adapters::imap::{ImapActions, ImapSettings, ImapSource, probe};
use guichet::adapters::secret::Secret;
use guichet::adapters::tls::Security;
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, MessageId, Position};
use guichet::ports::{Arrival, Content, MailError, MailSession, MailSource, MailboxActions, Opened, Standing};
use tokio_util::sync::CancellationToken;

use crate::support::dovecot::{Dovecot, FRENCH_USER, Options, USER};

/// Longer than any test: a wait that nothing ends shows as a hanging test.
const LONG: Duration = Duration::from_secs(3600);

pub(crate) fn settings(dovecot: &Dovecot) -> ImapSettings {
    let mut settings =
        ImapSettings::new("localhost", dovecot.imaps, Security::Implicit, USER.0, Secret::Given(USER.1.into()));
    settings.ca_file = Some(dovecot.ca_file());
    settings
}

fn source(settings: &ImapSettings, role: FolderRole) -> ImapSource {
    ImapSource::new(Arc::new(settings.clone()), Folder { mailbox: "support".into(), role })
}

pub async fn open(settings: &ImapSettings, stored: Option<&Position>) -> (Box<dyn MailSession>, Opened) {
    let mut session = source(settings, FolderRole::Inbox).connect().await.unwrap();
    let opened = session.open(stored).await.unwrap();
    (session, opened)
}

pub async fn refusal(settings: &ImapSettings) -> MailError {
    match source(settings, FolderRole::Inbox).connect().await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: customer@customer.example\r\nSubject: {subject}\r\n\r\nHello\r\n").into_bytes()
}

pub fn bytes(arrival: &Arrival) -> &[u8] {
    match &arrival.content {
        Content::Message(raw) => &raw.bytes,
        other => panic!("{other:?}"),
    }
}

fn flags(dovecot: &Dovecot, folder: &str) -> String {
    dovecot.doveadm(&["-f", "tab", "fetch", "-u", USER.0, "uid flags", "mailbox", folder, "all"])
}

/// Waits until the server tells, and fetches.
pub async fn next(session: &mut Box<dyn MailSession>) -> Vec<Arrival> {
    loop {
        let arrivals = session.fetch(10).await.unwrap();
        if !arrivals.is_empty() {
            return arrivals;
        }
        session.wait(LONG, &CancellationToken::new()).await.unwrap();
    }
}

#[tokio::test]
async fn new_mail_wakes_idle_and_comes_before_history_and_stays_unseen() {
    let dovecot = Dovecot::start();
    dovecot.deliver(USER.0, &mail("before")).await;
    let settings = settings(&dovecot);
    let (mut session, opened) = open(&settings, None).await;
    assert_eq!(opened.standing, Standing::First);
    let history = next(&mut session).await;
    assert!(history.iter().all(|arrival| arrival.history));
    assert!(String::from_utf8_lossy(bytes(&history[0])).contains("Subject: before"));

    let mut second = mail("after");
    second.extend_from_slice(b"caf\xe9 \xff 8-bit\r\n.\r\n..dots\r\n");
    let waiting = CancellationToken::new();
    assert_eq!(session.fetch(10).await.unwrap(), []);
    let (waited, ()) = tokio::join!(session.wait(LONG, &waiting), dovecot.deliver(USER.0, &second));
    waited.unwrap();
    let arrivals = next(&mut session).await;
    assert_eq!(arrivals.len(), 1);
    assert!(!arrivals[0].history);
    assert!(bytes(&arrivals[0]).ends_with(b"caf\xe9 \xff 8-bit\r\n.\r\n..dots\r\n"));
    session.close().await;
    assert!(!flags(&dovecot, "INBOX").contains("Seen"), "{}", flags(&dovecot, "INBOX"));

    let (mut session, opened) = open(&settings, Some(&arrivals[0].position)).await;
    assert_eq!(opened.standing, Standing::Continues);
    assert_eq!(session.fetch(10).await.unwrap(), []);
}

#[tokio::test]
async fn waiting_ends_when_told_to_stop_and_the_session_goes_on() {
    let dovecot = Dovecot::start();
    let (mut session, _) = open(&settings(&dovecot), None).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    let stop = CancellationToken::new();
    let (waited, ()) = tokio::join!(session.wait(LONG, &stop), async { stop.cancel() });
    waited.unwrap();
    dovecot.deliver(USER.0, &mail("later")).await;
    assert_eq!(next(&mut session).await.len(), 1);
}

#[tokio::test]
async fn a_large_message_comes_whole_and_one_over_the_cap_in_part() {
    let dovecot = Dovecot::start();
    let mut settings = settings(&dovecot);
    settings.size_cap = 3_000_000;
    let (mut session, _) = open(&settings, None).await;
    let line = [b"x".repeat(76).as_slice(), b"\r\n"].concat();
    let large = [mail("large"), line.repeat(30_000)].concat();
    let larger = [mail("larger"), line.repeat(60_000)].concat();
    dovecot.deliver(USER.0, &large).await;
    dovecot.deliver(USER.0, &larger).await;
    dovecot.deliver(USER.0, &mail("small")).await;
    let arrivals = next(&mut session).await;
    assert_eq!(arrivals.len(), 3);
    assert!(bytes(&arrivals[0]).ends_with(&large));
    let Content::Message(partial) = &arrivals[1].content else { panic!("{:?}", arrivals[1].content) };
    assert!(partial.partial);
    assert_eq!(partial.bytes.len(), 256 * 1024);
    assert!(String::from_utf8_lossy(&partial.bytes).contains("Subject: larger"));
    assert!(bytes(&arrivals[2]).ends_with(&mail("small")));
}

#[tokio::test]
async fn after_a_renumbering_all_comes_again_and_counts_as_new_since_the_first_start() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot);
    let (mut session, _) = open(&settings, None).await;
    dovecot.deliver(USER.0, &mail("known")).await;
    let known = next(&mut session).await.remove(0);
    session.close().await;
    dovecot.doveadm(&["mailbox", "update", "-u", USER.0, "--uid-validity", "4242", "INBOX"]);
    let (mut session, opened) = open(&settings, Some(&known.position)).await;
    assert_eq!(opened.standing, Standing::Renumbered);
    assert!(opened.position.mark.contains("4242"), "{}", opened.position.mark);
    let again = next(&mut session).await;
    assert_eq!(again.len(), 1);
    assert!(!again[0].history, "what is known is recognised by its identity");
    assert_eq!(bytes(&again[0]), bytes(&known));
    assert_eq!(again[0].location.name.split('/').next(), Some("4242"));
}

#[tokio::test]
async fn the_keyword_is_set_once_the_uid_is_still_the_same() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot);
    let (mut session, opened) = open(&settings, None).await;
    dovecot.deliver(USER.0, &mail("one")).await;
    let mut arrival = next(&mut session).await.remove(0);
    assert!(!arrival.marked_acknowledged);
    let actions = ImapActions::new(Arc::new(settings.clone()));
    assert!(actions.mark_acknowledged(&arrival.location).await.unwrap());
    assert!(flags(&dovecot, "INBOX").contains("$GuichetAcknowledged"));
    assert!(!flags(&dovecot, "INBOX").contains("Seen"));
    let (mut session, _) = open(&settings, Some(&opened.position)).await;
    assert!(next(&mut session).await[0].marked_acknowledged);
    arrival.location.name = "1/1".into();
    assert!(!actions.mark_acknowledged(&arrival.location).await.unwrap(), "another UIDVALIDITY");
}

#[tokio::test]
async fn a_reply_is_filed_in_the_special_use_folder_and_seen_by_its_watcher() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot);
    let mut watcher = source(&settings, FolderRole::Sent).connect().await.unwrap();
    watcher.open(None).await.unwrap();
    let actions = ImapActions::new(Arc::new(settings));
    let id = MessageId::parse("<reply.1@shop.example>").unwrap();
    assert!(!actions.find_sent(&id).await.unwrap());
    let reply = "Message-ID: <reply.1@shop.example>\r\nSubject: R\u{e9}ponse\r\n\r\nBonjour\r\n".as_bytes();
    actions.file_sent(reply).await.unwrap();
    assert!(actions.find_sent(&id).await.unwrap());
    assert!(!actions.find_sent(&MessageId::parse("<reply.2@shop.example>").unwrap()).await.unwrap());
    let seen = next(&mut watcher).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(bytes(&seen[0]), reply);
    assert_eq!(seen[0].location.folder.role, FolderRole::Sent);
    let listed = flags(&dovecot, crate::support::dovecot::SENT);
    assert!(listed.contains("\\Seen"), "{listed}");
}

#[tokio::test]
async fn starttls_signs_in_and_is_not_left_out_where_the_server_has_none() {
    let dovecot = Dovecot::start();
    let mut settings = settings(&dovecot);
    (settings.port, settings.tls) = (dovecot.imap, Security::StartTls);
    (settings.username, settings.sign_in) = (FRENCH_USER.0.into(), Secret::Given(FRENCH_USER.1.into()).into());
    let report = probe(&settings).await.unwrap();
    assert!(report.idle && report.keeps_keyword);
    assert_eq!((report.inbox.name.as_str(), report.inbox.messages), ("INBOX", 0));
    assert_eq!(report.sent.unwrap().name, "&AMk-l&AOk-ments envoy&AOk-s");

    let bare = Dovecot::start_with(Options { no_tls: true, ..Options::default() });
    settings.port = bare.imap;
    let MailError::Permanent(why) = refusal(&settings).await else { panic!("temporary") };
    assert!(why.contains("does not offer STARTTLS"), "{why}");
}

#[tokio::test]
async fn a_wrong_password_is_permanent_and_names_who_and_where() {
    let dovecot = Dovecot::start();
    let mut settings = settings(&dovecot);
    settings.sign_in = Secret::Given("wrong".into()).into();
    let MailError::Permanent(why) = refusal(&settings).await else { panic!("temporary") };
    assert!(why.contains("localhost") && why.contains(USER.0) && why.contains("AUTHENTICATIONFAILED"), "{why}");
    assert!(!why.contains("wrong\""), "{why}");
}

#[tokio::test]
async fn certificates_that_do_not_verify_are_named() {
    let dovecot = Dovecot::start();
    let mut unknown = settings(&dovecot);
    unknown.ca_file = None;
    let MailError::Permanent(why) = refusal(&unknown).await else { panic!("temporary") };
    assert!(why.contains("localhost") && why.contains("does not trust"), "{why}");

    let expired = Dovecot::start_with(Options { expired_certificate: true, ..Options::default() });
    let MailError::Permanent(why) = refusal(&settings(&expired)).await else { panic!("temporary") };
    assert!(why.contains("localhost") && why.contains("expired"), "{why}");
}

#[tokio::test]
async fn a_missing_folder_is_permanent() {
    let dovecot = Dovecot::start();
    let mut settings = settings(&dovecot);
    settings.folders.inbox = "Réclamations".into();
    let mut session = source(&settings, FolderRole::Inbox).connect().await.unwrap();
    let Err(MailError::Permanent(why)) = session.open(None).await else { panic!("opened") };
    assert!(why.contains("R&AOk-clamations") && why.contains("localhost"), "{why}");
}

#[tokio::test]
async fn after_the_server_was_killed_a_new_connection_continues() {
    let mut dovecot = Dovecot::start();
    let settings = settings(&dovecot);
    let (mut session, _) = open(&settings, None).await;
    dovecot.deliver(USER.0, &mail("one")).await;
    let first = next(&mut session).await.remove(0);
    assert_eq!(session.fetch(10).await.unwrap(), []);
    let never = CancellationToken::new();
    let (waited, ()) = tokio::join!(session.wait(LONG, &never), async {
        dovecot.restart();
    });
    assert!(matches!(waited, Err(MailError::Temporary(_))), "{waited:?}");
    dovecot.deliver(USER.0, &mail("two")).await;
    let (mut session, opened) = open(&settings, Some(&first.position)).await;
    assert_eq!(opened.standing, Standing::Continues);
    let arrivals = next(&mut session).await;
    assert_eq!(arrivals.len(), 1);
    assert!(bytes(&arrivals[0]).ends_with(&mail("two")));
}

#[tokio::test]
async fn old_messages_come_in_batches_without_a_gap() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot);
    for number in 0..120 {
        dovecot.deliver(USER.0, &mail(&format!("old {number}"))).await;
    }
    let (mut session, _) = open(&settings, None).await;
    let mut seen = Vec::new();
    loop {
        let arrivals = session.fetch(25).await.unwrap();
        if arrivals.is_empty() {
            break;
        }
        assert!(arrivals.len() <= 25);
        seen.extend(arrivals.iter().map(|arrival| (arrival.history, arrival.location.name.clone())));
    }
    assert_eq!(seen.len(), 120);
    assert!(seen.iter().all(|(history, _)| *history));
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 120);
}
