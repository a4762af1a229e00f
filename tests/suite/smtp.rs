//! The SMTP mailer against a server that does as it is told.

use std::path::PathBuf;
use std::time::Duration;

use guichet::adapters::secret::Secret;
use guichet::adapters::smtp::{SmtpLogin, SmtpMailer, SmtpSettings, StageTimeouts, probe};
use guichet::adapters::tls::Security;
use guichet::domain::Email;
use guichet::ports::{Mailer, MailerError, MailerProblem};

use crate::support::certificates::{Authority, Identity};
use crate::support::scripted_smtp::{At, Do, SmtpServer};

const MAIL: &[u8] = b"From: shop@shop.example\r\nSubject: x\r\n\r\n.leading dot\r\n..two\r\n.\r\nend\r\n";

pub fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        tls: Security::None,
        login: Some(SmtpLogin { username: "shop".into(), sign_in: Secret::Given("s3cret".into()).into() }),
        ca_file: None,
        hello: "shop.example".into(),
        timeouts: StageTimeouts::default(),
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn send(settings: SmtpSettings, from: Option<&Email>, to: &[Email]) -> Result<String, MailerError> {
    let mut session = SmtpMailer::new(settings).connect().await?;
    session.begin(from, to).await?;
    let answer = session.commit(MAIL).await?;
    session.close().await;
    Ok(answer)
}

async fn send_plain(server: &SmtpServer) -> Result<String, MailerError> {
    send(settings(server.port), None, &[email("customer@example.org")]).await
}

#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    let server = SmtpServer::start().await;
    assert_eq!(send_plain(&server).await.unwrap(), "250 2.0.0 Ok: queued");
    let taken = server.taken().remove(0);
    assert_eq!(String::from_utf8(taken.bytes).unwrap(), std::str::from_utf8(MAIL).unwrap());
    assert_eq!(taken.mail_from, "MAIL FROM:<> BODY=8BITMIME");
    assert_eq!(taken.rcpt_to, ["RCPT TO:<customer@example.org>"]);
    assert_eq!(server.transcript()[1], "EHLO shop.example");
    server.heard("QUIT", 1).await;
}

#[tokio::test]
async fn one_connection_takes_several_mails() {
    let server = SmtpServer::start().await;
    let mut session = SmtpMailer::new(settings(server.port)).connect().await.unwrap();
    for _ in 0..3 {
        session.begin(None, &[email("customer@example.org")]).await.unwrap();
        session.commit(MAIL).await.unwrap();
    }
    assert_eq!((server.taken().len(), server.count("connect")), (3, 1));
}

#[tokio::test]
async fn irregular_addresses_are_written_as_they_are() {
    let server = SmtpServer::start().await;
    let to = [email("a..b@docomo.example"), email("\"odd.local\"@x.example"), email("émilie@exemple.fr")];
    send(settings(server.port), Some(&email("shop@shop.example")), &to).await.unwrap();
    let taken = server.taken().remove(0);
    assert_eq!(taken.mail_from, "MAIL FROM:<shop@shop.example> SMTPUTF8 BODY=8BITMIME");
    let expected =
        ["RCPT TO:<a..b@docomo.example>", "RCPT TO:<\"odd.local\"@x.example>", "RCPT TO:<émilie@exemple.fr>"];
    assert_eq!(taken.rcpt_to, expected);
}

#[tokio::test]
async fn an_address_the_server_cannot_take_is_said_clearly() {
    let server = SmtpServer::start().await;
    server.offers(&["AUTH PLAIN"]);
    let error = send(settings(server.port), None, &[email("émilie@exemple.fr")]).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Permanent);
    assert!(error.message.contains("SMTPUTF8") && error.message.contains("émilie@exemple.fr"), "{error}");
    assert_eq!(server.count("MAIL"), 0);
}

#[tokio::test]
async fn odd_but_positive_replies_are_understood() {
    for answer in ["250\r\n", "250 ok\n", "250-2.0.0 taken\r\n250 as 17\r\n", "250 \u{e9}t\u{e9}\r\n"] {
        let server = SmtpServer::start().await;
        server.once(At::Data, Do::Say("354\r\n"));
        server.once(At::Dot, Do::Say(answer));
        let said = send_plain(&server).await;
        assert!(said.as_ref().is_ok_and(|said| said.starts_with("250")), "{answer:?}: {said:?}");
    }
}

#[tokio::test]
async fn only_250_after_the_dot_is_success() {
    for answer in ["251 elsewhere\r\n", "354 more?\r\n", "200 fine\r\n", "hello\r\n", "250-\r\n550 no\r\n"] {
        let server = SmtpServer::start().await;
        server.once(At::Dot, Do::Say(answer));
        let error = send_plain(&server).await.unwrap_err();
        assert_eq!(error.problem, MailerProblem::Doubt, "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn data_must_be_answered_with_354() {
    let server = SmtpServer::start().await;
    server.once(At::Data, Do::Say("250 sure\r\n"));
    assert_eq!(send_plain(&server).await.unwrap_err().problem, MailerProblem::Temporary);
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn the_password_is_refused_in_words() {
    let server = SmtpServer::start().await;
    server.always(At::Auth, Do::Say("535 5.7.8 authentication failed\r\n"));
    let error = send_plain(&server).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("sign-in") && !error.message.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_server_without_sign_in_is_a_matter_of_set_up() {
    let server = SmtpServer::start().await;
    server.offers(&["8BITMIME"]);
    let error = send_plain(&server).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("AUTH"), "{error}");
}

#[tokio::test]
async fn a_missing_password_is_found_before_dialling() {
    let server = SmtpServer::start().await;
    let mut settings = settings(server.port);
    let password = Secret::File(PathBuf::from("/nowhere/smtp"));
    settings.login = Some(SmtpLogin { username: "shop".into(), sign_in: password.into() });
    let error = send(settings, None, &[email("a@b.example")]).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert_eq!(server.count("connect"), 0);
}

#[tokio::test]
async fn a_silent_server_is_given_up_stage_by_stage() {
    let short = Duration::from_millis(50);
    for (at, expected) in [
        (At::Greeting, MailerProblem::Temporary),
        (At::Auth, MailerProblem::Temporary),
        (At::Mail, MailerProblem::Temporary),
        (At::Rcpt, MailerProblem::Temporary),
        (At::Data, MailerProblem::Temporary),
        (At::Dot, MailerProblem::Doubt),
    ] {
        let server = SmtpServer::start().await;
        server.always(at, Do::Stall);
        let mut settings = settings(server.port);
        let limits = &mut settings.timeouts;
        match at {
            At::Greeting => (limits.greeting, limits.command) = (short, Duration::ZERO),
            At::Auth => limits.command = short,
            At::Mail => limits.mail = short,
            At::Rcpt => limits.rcpt = short,
            At::Data => limits.data = short,
            _ => (limits.body, limits.dot) = (short, Duration::ZERO),
        }
        let error = send(settings, None, &[email("a@b.example")]).await.unwrap_err();
        assert_eq!(error.problem, expected, "{at:?}: {error}");
    }
}

#[tokio::test]
async fn nothing_is_sent_in_clear_to_another_machine() {
    let mut settings = settings(25);
    settings.host = "192.0.2.1".into();
    let error = send(settings, None, &[email("a@b.example")]).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("in clear"), "{error}");
}

#[tokio::test]
async fn tls_from_the_first_byte_and_by_starttls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.write(&folder.path().join("ca.pem"));
    let config = authority.certificate_for("localhost").server_config();
    for tls in [Security::Implicit, Security::StartTls] {
        let server = match tls {
            Security::Implicit => SmtpServer::with_implicit_tls(config.clone()).await,
            _ => SmtpServer::with_starttls(config.clone()).await,
        };
        let ca_file = Some(folder.path().join("ca.pem"));
        let settings = SmtpSettings { host: "localhost".into(), tls, ca_file, ..settings(server.port) };
        send(settings, None, &[email("a@b.example")]).await.unwrap();
        assert_eq!(server.taken().len(), 1, "{tls:?}");
        assert_eq!(server.count("AUTH PLAIN"), 1, "{tls:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_verify_is_named_by_its_fault() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.write(&folder.path().join("ca.pem"));
    let known = Some(folder.path().join("ca.pem"));
    for (identity, ca_file, words) in [
        (authority.expired_certificate_for("localhost"), known.clone(), "has expired"),
        (authority.certificate_for("mail.example"), known.clone(), "another name"),
        (Authority::named("other").certificate_for("localhost"), known.clone(), "does not trust"),
        (Authority::new().certificate_for("localhost"), known, "out of date"),
        (authority.certificate_for("localhost"), Some(folder.path().join("none.pem")), "none.pem"),
    ] {
        for tls in [Security::Implicit, Security::StartTls] {
            let config = identity.server_config();
            let server = match tls {
                Security::Implicit => SmtpServer::with_implicit_tls(config).await,
                _ => SmtpServer::with_starttls(config).await,
            };
            let settings =
                SmtpSettings { host: "localhost".into(), tls, ca_file: ca_file.clone(), ..settings(server.port) };
            let error = send(settings, None, &[email("a@b.example")]).await.unwrap_err();
            assert_eq!(error.problem, MailerProblem::Setup, "{error}");
            assert!(error.message.contains(words), "{words}: {error}");
            assert_eq!(server.count("AUTH"), 0);
        }
    }
}

#[tokio::test]
async fn a_certificate_may_be_its_own_trust_root() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.pem");
    let identity = Identity::self_signed("localhost");
    std::fs::write(&path, &identity.certificate_pem).unwrap();
    let server = SmtpServer::with_implicit_tls(identity.server_config()).await;
    let settings = SmtpSettings {
        host: "localhost".into(),
        tls: Security::Implicit,
        ca_file: Some(path),
        ..settings(server.port)
    };
    send(settings, None, &[email("a@b.example")]).await.unwrap();
}

#[tokio::test]
async fn tls_towards_a_plain_port_is_explained() {
    let server = SmtpServer::start().await;
    let settings = SmtpSettings { tls: Security::Implicit, ..settings(server.port) };
    let error = send(settings, None, &[email("a@b.example")]).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn starttls_is_never_skipped_nor_tampered_with() {
    let server = SmtpServer::start().await;
    let plain = SmtpSettings { tls: Security::StartTls, ..settings(server.port) };
    let error = send(plain, None, &[email("a@b.example")]).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("STARTTLS"), "{error}");
    assert_eq!(server.count("AUTH"), 0);

    let config = Authority::new().certificate_for("localhost").server_config();
    let server = SmtpServer::with_starttls(config).await;
    server.once(At::StartTls, Do::Say("220 go\r\n250 injected\r\n"));
    let tampered = SmtpSettings { tls: Security::StartTls, ..settings(server.port) };
    let error = send(tampered, None, &[email("a@b.example")]).await.unwrap_err();
    assert!(error.message.contains("tampering"), "{error}");
}

#[tokio::test]
async fn the_probe_sends_nothing_and_tells_whether_null_senders_are_taken() {
    let server = SmtpServer::start().await;
    let own = email("support@shop.example");
    let found = probe(&settings(server.port), Some(&own)).await.unwrap();
    assert_eq!((found.null_sender_refused, found.smtp_utf8), (None, true));
    assert_eq!(
        (server.count("MAIL FROM:<>"), server.count("RCPT"), server.count("RSET"), server.count("DATA")),
        (1, 1, 1, 0)
    );
    server.always(At::Rcpt, Do::Say("553 5.7.1 <>: Sender address rejected: not owned by user shop\r\n"));
    let found = probe(&settings(server.port), Some(&own)).await.unwrap();
    assert!(found.null_sender_refused.unwrap().contains("553"));
    assert!(server.taken().is_empty());
}
