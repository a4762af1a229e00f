//! Dialling, TLS, EHLO and sign-in.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::sign_in::Proof;
use super::super::tls::{ConnectError, Security, Tls, dial};
use super::classify::Stage;
use super::session::{SmtpSession, failure, silence};
use super::wire::Wire;
use super::{SmtpLogin, SmtpSettings, starttls};
use crate::ports::{MailerError, MailerProblem};

/// PLAIN first: one round trip. LOGIN for servers that know nothing else.
const PASSWORD: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];
const TOKEN: &[Mechanism] = &[Mechanism::Xoauth2];

impl From<ConnectError> for MailerError {
    fn from(error: ConnectError) -> Self {
        let problem = match error {
            ConnectError::Temporary(_) => MailerProblem::Temporary,
            ConnectError::Setup(_) => MailerProblem::Setup,
        };
        Self { problem, message: error.to_string() }
    }
}

/// Connects and signs in. The password is read before anything is dialled.
pub(super) async fn connect(settings: &SmtpSettings, tls: &Tls) -> Result<SmtpSession, MailerError> {
    let proof = match &settings.login {
        Some(login) => Some((login, login.sign_in.proof().await?)),
        None => None,
    };
    let hello = client_id(&settings.hello);
    let wire = open(settings, tls, &hello).await?;
    let limit = settings.timeouts.greeting + settings.timeouts.command;
    let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello);
    let mut connection = match timeout(limit, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(failure(&settings.host, Stage::Hello, &error)),
        Err(_) => return Err(silence(&settings.host, Stage::Hello, limit)),
    };
    if let Some((login, proof)) = proof {
        sign_in(&mut connection, settings, login, &proof).await?;
    }
    Ok(SmtpSession::new(connection, settings.host.clone(), settings.timeouts))
}

async fn open(settings: &SmtpSettings, tls: &Tls, hello: &ClientId) -> Result<Wire, MailerError> {
    let limits = settings.timeouts;
    let (host, port) = (settings.host.as_str(), settings.port);
    let mut stream = within(limits.connect, host, "the connection", dial(host, port, settings.tls)).await?;
    let peer = peer(&stream, host)?;
    match settings.tls {
        Security::None => Ok(Wire::new(stream, peer, None)),
        Security::Implicit => {
            let stream = within(limits.connect, host, "the TLS handshake", tls.handshake(stream, host)).await?;
            Ok(Wire::new(stream, peer, None))
        }
        Security::StartTls => {
            let limit = limits.greeting + 2 * limits.command;
            let greeting = within(limit, host, "STARTTLS", starttls::begin(&mut stream, host, hello)).await?;
            let stream = within(limits.connect, host, "the TLS handshake", tls.handshake(stream, host)).await?;
            Ok(Wire::new(stream, peer, Some(&greeting)))
        }
    }
}

async fn within<T>(
    limit: Duration,
    host: &str,
    what: &str,
    step: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let late = || ConnectError::Temporary(format!("{host} gave no answer to {what} within {} s", limit.as_secs()));
    timeout(limit, step).await.map_err(|_| late())?
}

fn peer(stream: &TcpStream, host: &str) -> Result<SocketAddr, ConnectError> {
    let broke = |error| ConnectError::Temporary(format!("the connection to {host} broke: {error}"));
    stream.peer_addr().map_err(broke)
}

async fn sign_in(
    connection: &mut AsyncSmtpConnection,
    settings: &SmtpSettings,
    login: &SmtpLogin,
    proof: &Proof,
) -> Result<(), MailerError> {
    let host = &settings.host;
    let (mechanisms, secret) = match proof {
        Proof::Password(password) => (PASSWORD, password),
        Proof::Token(token) => (TOKEN, &token.text),
    };
    if connection.server_info().get_auth_mechanism(mechanisms).is_none() {
        let how = match proof {
            Proof::Password(_) => "by password (AUTH PLAIN or LOGIN)",
            Proof::Token(_) => "by token (AUTH XOAUTH2)",
        };
        let message = format!(
            "{host} offers no sign-in {how} on port {}: check port and tls, \
             or leave out username if this relay needs none",
            settings.port
        );
        return Err(MailerError { problem: MailerProblem::Setup, message });
    }
    let limit = 3 * settings.timeouts.command;
    let credentials = Credentials::new(login.username.clone(), secret.clone());
    match timeout(limit, connection.auth(mechanisms, &credentials)).await {
        Ok(Ok(response)) if u16::from(response.code()) == 235 => Ok(()),
        Ok(Ok(response)) => {
            let message = format!("{host} answered the sign-in with {}, not with 235", response.code());
            Err(MailerError { problem: MailerProblem::Setup, message })
        }
        Ok(Err(error)) => {
            let challenged = matches!(proof, Proof::Token(_)) && error.is_client();
            let failed = if challenged { token_refused(host, login) } else { failure(host, Stage::Auth, &error) };
            let another = failed.problem == MailerProblem::Setup && login.sign_in.refused(proof).await;
            let problem = if another { MailerProblem::Temporary } else { failed.problem };
            Err(MailerError { problem, ..failed })
        }
        Err(_) => Err(silence(host, Stage::Auth, limit)),
    }
}

/// A server refuses a token by a challenge that holds its reason, and lettre gives the dialogue up there.
fn token_refused(host: &str, login: &SmtpLogin) -> MailerError {
    let message = format!(
        "{host} refused the access token of {}; check that the access was granted for this user name and for \
         sending, and `scope` of oauth2",
        login.username
    );
    MailerError { problem: MailerProblem::Setup, message }
}

/// An IP address becomes an address literal; anything that is no host name would break the dialogue.
fn client_id(hello: &str) -> ClientId {
    match hello.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => {
            let name: String = hello.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
            if name.is_empty() { ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST) } else { ClientId::Domain(name) }
        }
    }
}
