//! From nothing to a signed-in connection.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_imap::error::Error;
use async_imap::imap_proto::{Response, Status};
use async_imap::{Authenticator, Client, Session};
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::connection::{Connection, Counted, Wire, short};
use super::settings::ImapSettings;
use crate::adapters::sign_in::{Proof, SignIn};
use crate::adapters::tls::{ConnectError, Security, Tls, dial};
use crate::ports::MailError;

/// How long connecting, and then signing in, may take. Servers delay the answer to a wrong password
/// by some seconds on purpose.
const LONGEST: Duration = Duration::from_secs(60);
/// Words in a refusal that mean "not now" rather than "not you" (RFC 5530 and what servers say).
const PASSING: &[&str] =
    &["[unavailable]", "[inuse]", "[limit]", "[serverbug]", "try again", "temporar", "too many", "internal error"];

/// Connects, protects the connection and signs in.
pub(super) async fn sign_in(settings: &ImapSettings, tls: &Tls) -> Result<Connection, MailError> {
    let proof = settings.sign_in.proof().await.map_err(told)?;
    let client = within(settings, "connecting", protected(settings, tls)).await?;
    signed_in(settings, client, &proof).await
}

/// The same over a stream that stands already, protected or not.
pub(super) async fn sign_in_over(settings: &ImapSettings, stream: Box<dyn Wire>) -> Result<Connection, MailError> {
    let proof = settings.sign_in.proof().await.map_err(told)?;
    let client = within(settings, "connecting", greeted(settings, stream)).await?;
    signed_in(settings, client, &proof).await
}

async fn signed_in(settings: &ImapSettings, client: Client<Counted>, proof: &Proof) -> Result<Connection, MailError> {
    let session = within(settings, "signing in", authenticated(settings, client, proof)).await?;
    let mut connection = Connection::new(session, &settings.host, settings.patience);
    connection.load_capabilities().await?;
    Ok(connection)
}

/// A step with a time limit. The parser's panics on malformed answers end the step, not the task.
async fn within<T>(
    settings: &ImapSettings,
    step: &str,
    work: impl Future<Output = Result<T, MailError>>,
) -> Result<T, MailError> {
    let (host, port) = (&settings.host, settings.port);
    match timeout(LONGEST, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(MailError::Temporary(format!("{host}:{port}: an answer at {step} cannot be read"))),
        Err(_) => Err(MailError::Temporary(format!(
            "{host}:{port}: no answer at {step} in {} s (a port that expects TLS from the first byte stays silent too)",
            LONGEST.as_secs()
        ))),
    }
}

/// Connected, protected as configured, greeted.
async fn protected(settings: &ImapSettings, tls: &Tls) -> Result<Client<Counted>, MailError> {
    let host = settings.host.as_str();
    let tcp = dial(host, settings.port, settings.tls).await.map_err(told)?;
    match settings.tls {
        Security::Implicit => {
            let stream = tls.handshake(tcp, host).await.map_err(told)?;
            greeted(settings, Box::new(stream)).await
        }
        Security::None => greeted(settings, Box::new(tcp)).await,
        Security::StartTls => {
            let mut plain = Client::new(tcp);
            greeting(settings, &mut plain).await?;
            plain.run_command_and_check_ok("STARTTLS", None).await.map_err(|error| match error {
                Error::No(_) | Error::Bad(_) => MailError::Permanent(format!(
                    "{host}:{} does not offer STARTTLS ({}): nothing was sent in clear; try tls = \"implicit\", port 993",
                    settings.port,
                    words(&error)
                )),
                other => broken(settings, &other),
            })?;
            // What came before the handshake is dropped with the old client: it was not protected.
            let stream = tls.handshake(plain.into_inner(), host).await.map_err(told)?;
            Ok(Client::new(Counted::new(Box::new(stream))))
        }
    }
}

async fn greeted(settings: &ImapSettings, stream: Box<dyn Wire>) -> Result<Client<Counted>, MailError> {
    let mut client = Client::new(Counted::new(stream));
    greeting(settings, &mut client).await?;
    Ok(client)
}

/// Reads the server's first line.
async fn greeting<T>(settings: &ImapSettings, client: &mut Client<T>) -> Result<(), MailError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug,
{
    let host = &settings.host;
    let response = client.read_response().await.map_err(|error| broken(settings, &Error::Io(error)))?;
    let Some(response) = response else {
        return Err(MailError::Temporary(format!("{host} closed the connection without a greeting")));
    };
    match response.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        Response::Data { status: Status::Bye, outcome } => {
            let words = short(outcome.information.as_deref().unwrap_or("without a reason"));
            Err(MailError::Temporary(format!("{host} accepts no connections now: {words}")))
        }
        // Signed in before we said who we are (RFC 3501 §7.1.4): never what was configured, and on
        // an unprotected port the mark of somebody in between.
        Response::Data { status: Status::PreAuth, .. } => {
            Err(MailError::Permanent(format!("{host} signs everybody in at once (PREAUTH): this is refused")))
        }
        _ => Err(MailError::Permanent(format!("{host}:{} does not greet as an IMAP server", settings.port))),
    }
}

async fn authenticated(
    settings: &ImapSettings,
    client: Client<Counted>,
    proof: &Proof,
) -> Result<Session<Counted>, MailError> {
    let user = settings.username.as_str();
    let secret = match proof {
        Proof::Password(password) => password,
        Proof::Token(token) => &token.text,
    };
    if user.chars().chain(secret.chars()).any(char::is_control) {
        return Err(MailError::Permanent(format!(
            "user name or password for {} holds a line break or another control character",
            settings.host
        )));
    }
    let result = match proof {
        Proof::Password(password) => by_password(client, Plain { user, password }).await,
        Proof::Token(token) => client.authenticate("XOAUTH2", Xoauth2::new(user, &token.text)).await,
    };
    match result {
        Ok(session) => Ok(session),
        Err((error @ (Error::No(_) | Error::Bad(_)), _)) => {
            let words = words(&error);
            let passing = is_passing(&words);
            let another = !passing && settings.sign_in.refused(proof).await;
            Err(refused(settings, &words, passing, another))
        }
        Err((error, _)) => Err(broken(settings, &error)),
    }
}

/// LOGIN; for names and passwords beyond ASCII AUTHENTICATE PLAIN, which is defined for UTF-8
/// (RFC 4616) where LOGIN is not.
async fn by_password(client: Client<Counted>, plain: Plain<'_>) -> Result<Session<Counted>, (Error, Client<Counted>)> {
    if !plain.user.is_ascii() || !plain.password.is_ascii() {
        return client.authenticate("PLAIN", plain).await;
    }
    match client.login(plain.user, plain.password).await {
        // A server with LOGINDISABLED (RFC 3501 §6.2.3) does not know the command.
        Err((Error::Bad(_), client)) => client.authenticate("PLAIN", plain).await,
        other => other,
    }
}

fn is_passing(words: &str) -> bool {
    let lower = words.to_lowercase();
    PASSING.iter().any(|passing| lower.contains(passing))
}

fn refused(settings: &ImapSettings, words: &str, passing: bool, another: bool) -> MailError {
    let text = format!("{} refused the sign-in of {}: {words}", settings.host, settings.username);
    match &settings.sign_in {
        _ if another => MailError::Temporary(format!("{text}; a new access token is asked for")),
        _ if passing => MailError::Temporary(text),
        SignIn::Password(_) => MailError::Permanent(format!("{text}; check user name and password")),
        SignIn::Oauth2(_) => MailError::Permanent(format!(
            "{text}; check that the access was granted for this user name, and `scope` of oauth2"
        )),
    }
}

fn broken(settings: &ImapSettings, error: &Error) -> MailError {
    let host = &settings.host;
    MailError::Temporary(match error {
        Error::ConnectionLost => format!("{host} closed the connection during the sign-in"),
        Error::Io(error) if error.kind() != std::io::ErrorKind::Other => {
            format!("the connection to {host} broke during the sign-in: {error}")
        }
        _ => format!("{host} gave an answer during the sign-in that cannot be read"),
    })
}

fn told(error: ConnectError) -> MailError {
    match error {
        ConnectError::Temporary(why) => MailError::Temporary(why),
        ConnectError::Setup(why) => MailError::Permanent(why),
    }
}

/// The server's own words in the crate's `code: …, info: Some("…")`.
fn words(error: &Error) -> String {
    let (Error::No(text) | Error::Bad(text)) = error else { return short(&error.to_string()) };
    let inner = text.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    short(inner.unwrap_or(text))
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a> {
    user: &'a str,
    password: &'a str,
}

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.user, self.password)
    }
}

/// SASL XOAUTH2, as Google and Microsoft document it. A refusal comes as a challenge that holds the reason; an
/// empty answer to it makes the server end the dialogue with NO.
struct Xoauth2 {
    answer: String,
}

impl Xoauth2 {
    fn new(user: &str, token: &str) -> Self {
        Self { answer: format!("user={user}\x01auth=Bearer {token}\x01\x01") }
    }
}

impl Authenticator for Xoauth2 {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        std::mem::take(&mut self.answer)
    }
}
