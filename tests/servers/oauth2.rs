//! Signing in with access tokens: Dovecot checks them as signed JWTs (RFC 7519), Postfix asks Dovecot.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guichet::adapters::http_client::HttpUrl;
use guichet::adapters::imap::ImapSettings;
use guichet::adapters::oauth2::{Oauth2, Oauth2Settings};
use guichet::adapters::secret::Secret;
use guichet::adapters::sign_in::SignIn;
use guichet::adapters::smtp::{SmtpLogin, SmtpMailer};
use guichet::adapters::tls::Tls;
use guichet::ports::{MailError, Mailer, MailerProblem};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::play::scripted_http::{HttpServer, Reply};
use crate::support::dovecot::{Dovecot, Options, TOKEN_KEY, USER};
use crate::support::postfix::Postfix;
use crate::{imap, smtp};

/// A token that Dovecot takes for `user` if `key` is its own.
fn token(user: &str, key: &str) -> String {
    let now = Timestamp::now().as_second();
    let claims = serde_json::json!({ "sub": user, "iat": now - 10, "exp": now + 3600 }).to_string();
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn granted(token: &str) -> Reply {
    Reply::Say(200, format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"))
}

fn sign_in(provider: &HttpServer) -> SignIn {
    let settings = Oauth2Settings {
        token_url: HttpUrl::parse(&provider.url("/token")).unwrap(),
        client_id: "guichet".into(),
        client_secret: None,
        refresh_token: Some(Secret::Given("lasting".into())),
        scope: None,
    };
    SignIn::Oauth2(Oauth2::new(settings, Tls::new(None)).into())
}

fn inbox(dovecot: &Dovecot, provider: &HttpServer) -> ImapSettings {
    ImapSettings { sign_in: sign_in(provider), ..imap::settings(dovecot) }
}

#[tokio::test]
async fn a_token_opens_the_inbox_and_sends_mail() {
    let provider = HttpServer::start().await;
    provider.always(granted(&token(USER.0, TOKEN_KEY)));
    let dovecot = Dovecot::start_with(Options { tokens: true, ..Options::default() });
    let postfix = Postfix::start(&dovecot);
    let (session, _) = imap::open(&inbox(&dovecot, &provider), None).await;
    session.close().await;
    let mut settings = smtp::settings(&postfix, guichet::adapters::tls::Security::StartTls);
    settings.login = Some(SmtpLogin { username: USER.0.into(), sign_in: sign_in(&provider) });
    let answer = smtp::send(settings, None).await.unwrap();
    assert!(answer.starts_with("250 2.0.0 Ok: queued as"), "{answer}");
    assert_eq!(provider.asked().len(), 2, "one for each account");
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_once_more_and_then_told() {
    let provider = HttpServer::start().await;
    provider.next(granted(&token(USER.0, TOKEN_KEY)));
    provider.always(granted(&token(USER.0, "another key, thirty-two bytes long")));
    let dovecot = Dovecot::start_with(Options { tokens: true, ..Options::default() });
    let postfix = Postfix::start(&dovecot);
    let mut settings = inbox(&dovecot, &provider);
    let (session, _) = imap::open(&settings, None).await;
    session.close().await;
    // The same token, used for a name that it was not given for.
    settings.username = "aide@shop.example".into();
    let held = imap::refusal(&settings).await;
    assert!(matches!(&held, MailError::Temporary(text) if text.contains("a new access token is asked for")), "{held}");
    let told = imap::refusal(&settings).await;
    assert!(matches!(&told, MailError::Permanent(text) if text.contains("`scope` of oauth2")), "{told}");
    assert_eq!(provider.asked().len(), 2);
    let mut settings = smtp::settings(&postfix, guichet::adapters::tls::Security::StartTls);
    settings.login = Some(SmtpLogin { username: USER.0.into(), sign_in: sign_in(&provider) });
    let Err(refused) = SmtpMailer::new(settings).connect().await else { panic!("signed in") };
    assert_eq!(refused.problem, MailerProblem::Setup);
    assert!(refused.message.contains("refused the access token of support@shop.example"), "{}", refused.message);
}
