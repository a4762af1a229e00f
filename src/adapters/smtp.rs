//! The mailer that speaks SMTP: lettre's connection, driven stage by stage so that each stage has its
//! own time limit and the caller can store what it is about to do before it does it.
//!
//! lettre's pooled transport is not used: cancelling a send there puts a half-used connection back,
//! and every later reply would answer the wrong command. Here a connection that returned any error,
//! or was interrupted, is closed.

mod classify;
mod connect;
mod probe;
mod session;
mod starttls;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use super::sign_in::SignIn;
use super::tls::{Security, Tls};
use crate::ports::{Mailer, MailerError, MailerSession};

pub use probe::{Probe, probe};

/// How to reach a submission server (RFC 6409).
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Name or IP address; the certificate must carry it.
    pub host: String,
    /// 465 for implicit TLS, 587 for STARTTLS.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Security,
    /// User name and how it is proved; `None` for a relay that knows us by address.
    pub login: Option<SmtpLogin>,
    /// Certificates to trust beside the machine's own (PEM).
    pub ca_file: Option<PathBuf>,
    /// Our name in EHLO: a domain, or an address literal without its brackets.
    pub hello: String,
    /// How long each stage may take.
    pub timeouts: StageTimeouts,
}

/// Who signs in.
#[derive(Debug, Clone)]
pub struct SmtpLogin {
    /// User name.
    pub username: String,
    /// Read at each connection.
    pub sign_in: SignIn,
}

/// Time limits of the stages: the minimum times of RFC 5321 §4.5.3.2, which a client should grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageTimeouts {
    /// TCP connection and TLS handshake together.
    pub connect: Duration,
    /// The server's greeting.
    pub greeting: Duration,
    /// EHLO, STARTTLS, each step of AUTH, RSET.
    pub command: Duration,
    /// MAIL.
    pub mail: Duration,
    /// Each RCPT.
    pub rcpt: Duration,
    /// DATA until 354.
    pub data: Duration,
    /// Writing the body.
    pub body: Duration,
    /// The answer to the final dot. A shorter limit makes second copies.
    pub dot: Duration,
    /// QUIT: politeness, nothing depends on it.
    pub quit: Duration,
}

impl Default for StageTimeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            connect: minutes(1),
            greeting: minutes(5),
            command: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            body: minutes(3),
            dot: minutes(10),
            quit: Duration::from_secs(5),
        }
    }
}

/// Sends through one submission server.
#[derive(Debug)]
pub struct SmtpMailer {
    settings: SmtpSettings,
    tls: Tls,
}

impl SmtpMailer {
    /// Nothing is tried before [`Mailer::connect`].
    pub fn new(settings: SmtpSettings) -> Self {
        let tls = Tls::new(settings.ca_file.clone());
        Self { settings, tls }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn connect(&self) -> Result<Box<dyn MailerSession>, MailerError> {
        Ok(Box::new(connect::connect(&self.settings, &self.tls).await?))
    }
}
