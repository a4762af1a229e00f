//! The SMTP mailer through Postfix into Dovecot.

use guichet::adapters::secret::Secret;
use guichet::adapters::smtp::{SmtpLogin, SmtpMailer, SmtpSettings, StageTimeouts, probe};
use guichet::adapters::tls::Security;
use guichet::domain::Email;
use guichet::ports::{Mailer, MailerError, MailerProblem};

use crate::imap;
use crate::support::dovecot::{Dovecot, FRENCH_USER, USER};
use crate::support::postfix::{Options, Postfix};

const MAIL: &[u8] = "From: support@shop.example\r\nMessage-ID: <ack.1@shop.example>\r\nSubject: x\r\n\
    MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
    .point\r\n..deux\r\n.\r\nvoilà\r\n"
    .as_bytes();

pub fn settings(postfix: &Postfix, tls: Security) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port: if tls == Security::Implicit { postfix.submissions } else { postfix.submission },
        tls,
        login: Some(SmtpLogin { username: USER.0.into(), sign_in: Secret::Given(USER.1.into()).into() }),
        ca_file: Some(postfix.ca_file()),
        hello: "shop.example".into(),
        timeouts: StageTimeouts::default(),
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub async fn send(settings: SmtpSettings, from: Option<&Email>) -> Result<String, MailerError> {
    let mut session = SmtpMailer::new(settings).connect().await?;
    session.begin(from, &[email(USER.0)]).await?;
    let answer = session.commit(MAIL).await?;
    session.close().await;
    Ok(answer)
}

#[tokio::test]
async fn a_mail_arrives_whole_with_a_null_return_path() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let inbox = imap::settings(&dovecot);
    for tls in [Security::StartTls, Security::Implicit] {
        let (mut session, _) = imap::open(&inbox, None).await;
        while !session.fetch(10).await.unwrap().is_empty() {}
        let answer = send(settings(&postfix, tls), None).await.unwrap();
        assert!(answer.starts_with("250 2.0.0 Ok: queued as"), "{answer}");
        let arrivals = imap::next(&mut session).await;
        let received = imap::bytes(&arrivals[0]);
        let text = String::from_utf8_lossy(received);
        assert!(text.starts_with("Return-Path: <>\r\n"), "{tls:?}: {text}");
        assert!(text.contains("with ESMTPSA"), "signed in over TLS: {text}");
        assert!(received.ends_with(MAIL.split_at(MAIL.len() - 25).1), "{text}");
        session.close().await;
    }
}

#[tokio::test]
async fn a_password_beyond_ascii_signs_in() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let mut settings = settings(&postfix, Security::Implicit);
    settings.login =
        Some(SmtpLogin { username: FRENCH_USER.0.into(), sign_in: Secret::Given(FRENCH_USER.1.into()).into() });
    send(settings, None).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_of_set_up() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let mut settings = settings(&postfix, Security::StartTls);
    settings.login = Some(SmtpLogin { username: USER.0.into(), sign_in: Secret::Given("wrong".into()).into() });
    let error = send(settings, None).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup);
    assert!(error.message.contains("535"), "{error}");
}

#[tokio::test]
async fn a_mail_without_sign_in_waits_for_a_person() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let mut settings = settings(&postfix, Security::StartTls);
    settings.login = None;
    let error = send(settings, Some(&email(USER.0))).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::Setup, "{error}");
}

#[tokio::test]
async fn an_expired_certificate_is_named() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start_with(&dovecot, Options { expired_certificate: true, ..Options::default() });
    for tls in [Security::StartTls, Security::Implicit] {
        let error = send(settings(&postfix, tls), None).await.unwrap_err();
        assert_eq!(error.problem, MailerProblem::Setup);
        assert!(error.message.contains("has expired"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_null_sender_is_recognised_and_the_mailbox_taken_instead() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start_with(&dovecot, Options { no_null_sender: true, ..Options::default() });
    let settings = settings(&postfix, Security::StartTls);
    let found = probe(&settings, Some(&email(USER.0))).await.unwrap();
    assert!(found.null_sender_refused.is_some_and(|words| words.contains("554")));
    let error = send(settings.clone(), None).await.unwrap_err();
    assert_eq!(error.problem, MailerProblem::NullSenderRefused, "{error}");
    send(settings, Some(&email(USER.0))).await.unwrap();
}
