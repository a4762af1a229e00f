//! One SMTP dialogue after sign-in.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address as LettreAddress;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use super::StageTimeouts;
use super::classify::{Stage, classify};
use crate::domain::Email;
use crate::ports::{MailerError, MailerProblem, MailerSession};

/// A connection that is signed in. Any error closes it: `connection` is `None` from then on.
pub(super) struct SmtpSession {
    connection: Option<AsyncSmtpConnection>,
    host: String,
    timeouts: StageTimeouts,
}

impl SmtpSession {
    pub(super) fn new(connection: AsyncSmtpConnection, host: String, timeouts: StageTimeouts) -> Self {
        Self { connection: Some(connection), host, timeouts }
    }

    pub(super) fn offers(&self, extension: Extension) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.server_info().supports_feature(extension))
    }

    /// Sends a command; any answer other than one of `expected` is an error and closes the connection.
    pub(super) async fn command(
        &mut self,
        stage: Stage,
        limit: Duration,
        command: impl Display + Send,
        expected: &[u16],
    ) -> Result<(), MailerError> {
        let mut connection = self.take()?;
        let command = command.to_string();
        let response = match timeout(limit, connection.command(command)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure(&self.host, stage, &error)),
            Err(_) => return Err(silence(&self.host, stage, limit)),
        };
        if !expected.contains(&u16::from(response.code())) {
            return Err(temporary(format!("{} answered {} with “{}”", self.host, stage.name(), words(&response))));
        }
        self.connection = Some(connection);
        Ok(())
    }

    pub(super) async fn mail(&mut self, from: Option<&Email>, to: &[Email]) -> Result<(), MailerError> {
        let mut parameters = Vec::new();
        if let Some(address) = from.into_iter().chain(to).find(|address| !address.as_str().is_ascii()) {
            if !self.offers(Extension::SmtpUtfEight) {
                return Err(MailerError {
                    problem: MailerProblem::Permanent,
                    message: format!(
                        "{} cannot send to or from {address}: the address holds letters beyond ASCII \
                         and the server does not offer SMTPUTF8",
                        self.host
                    ),
                });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // Declared whenever it is offered: the body is not known yet, and 7-bit mail may declare it (RFC 6152 §3).
        if self.offers(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let stage = Stage::Mail { null_sender: from.is_none() };
        self.command(stage, self.timeouts.mail, Mail::new(from.map(unchecked), parameters), &[250]).await
    }

    pub(super) async fn rcpt(&mut self, null_sender: bool, to: &Email) -> Result<(), MailerError> {
        let command = Rcpt::new(unchecked(to), Vec::new());
        self.command(Stage::Rcpt { null_sender }, self.timeouts.rcpt, command, &[250, 251, 252]).await
    }

    pub(super) async fn quit(mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = timeout(self.timeouts.quit, connection.command(Quit)).await;
        }
    }

    fn take(&mut self) -> Result<AsyncSmtpConnection, MailerError> {
        self.connection.take().ok_or_else(|| temporary(format!("the connection to {} is closed", self.host)))
    }
}

#[async_trait]
impl MailerSession for SmtpSession {
    async fn begin(&mut self, from: Option<&Email>, to: &[Email]) -> Result<(), MailerError> {
        if to.is_empty() {
            return Err(MailerError { problem: MailerProblem::Permanent, message: "the mail has no recipient".into() });
        }
        self.mail(from, to).await?;
        for recipient in to {
            self.rcpt(from.is_none(), recipient).await?;
        }
        self.command(Stage::Data, self.timeouts.data, Data, &[354]).await
    }

    async fn commit(&mut self, bytes: &[u8]) -> Result<String, MailerError> {
        if !bytes.is_ascii() && !self.offers(Extension::EightBitMime) {
            self.connection = None;
            let message = format!("{} takes 7-bit mail only, and this mail is not", self.host);
            return Err(MailerError { problem: MailerProblem::Permanent, message });
        }
        let mut connection = self.take()?;
        let limit = self.timeouts.body + self.timeouts.dot;
        let body = body_for_data(bytes);
        let outcome = timeout(limit, connection.message(&body)).await;
        match outcome {
            Ok(Ok(response)) if u16::from(response.code()) == 250 => {
                self.connection = Some(connection);
                Ok(words(&response))
            }
            Ok(Ok(response)) => {
                Err(doubt(format!("{} answered the mail with “{}”, not with 250", self.host, words(&response))))
            }
            Ok(Err(error)) if error.status().is_some() => Err(failure(&self.host, Stage::Dot, &error)),
            Ok(Err(error)) => {
                Err(doubt(format!("the connection to {} broke while the mail was sent: {error}", self.host)))
            }
            Err(_) => Err(doubt(format!("{} did not confirm the mail within {} s", self.host, limit.as_secs()))),
        }
    }

    async fn close(self: Box<Self>) {
        self.quit().await;
    }
}

/// lettre ends the body with CRLF and dot by itself: a CRLF of our own would become an empty line. Line
/// ends are made CRLF, for `LF . LF` ends a mail on servers that take a bare line feed for a line end.
fn body_for_data(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let bare = |index: usize, byte: u8| match byte {
        b'\n' => index == 0 || bytes.get(index - 1) != Some(&b'\r'),
        b'\r' => bytes.get(index + 1) != Some(&b'\n'),
        _ => false,
    };
    if !bytes.iter().enumerate().any(|(index, byte)| bare(index, *byte)) {
        return Cow::Borrowed(bytes);
    }
    let mut mended = Vec::with_capacity(bytes.len() + 64);
    for (index, byte) in bytes.iter().enumerate() {
        if bare(index, *byte) {
            mended.extend(b"\r\n");
        } else {
            mended.push(*byte);
        }
    }
    Cow::Owned(mended)
}

/// lettre's own check refuses addresses that real senders have; [`Email`] has made the one that safety needs.
fn unchecked(email: &Email) -> LettreAddress {
    LettreAddress::new_dangerous(email.local(), email.domain())
}

fn words(response: &Response) -> String {
    let text = response.message().collect::<Vec<_>>().join(" ");
    format!("{} {}", response.code(), text).trim_end().to_owned()
}

/// An error before the first byte of the body.
pub(super) fn failure(host: &str, stage: Stage, error: &SmtpError) -> MailerError {
    use std::error::Error as _;
    let Some(code) = error.status() else {
        return temporary(format!("the connection to {host} broke at {}: {error}", stage.name()));
    };
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let message = format!("{host} answered {} with “{code} {text}”", stage.name());
    MailerError { problem: classify(stage, u16::from(code), &text), message }
}

/// A time-out before the first byte of the body.
pub(super) fn silence(host: &str, stage: Stage, limit: Duration) -> MailerError {
    temporary(format!("{host} gave no answer to {} within {} s", stage.name(), limit.as_secs()))
}

fn temporary(message: String) -> MailerError {
    MailerError { problem: MailerProblem::Temporary, message }
}

fn doubt(message: String) -> MailerError {
    MailerError { problem: MailerProblem::Doubt, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_ends_cannot_end_the_mail_early() {
        assert_eq!(&*body_for_data(b"a\n.\nb\r\n.\r.\r\n"), b"a\r\n.\r\nb\r\n.\r\n.");
    }

    #[test]
    fn a_proper_mail_is_sent_as_it_is_without_its_last_line_end() {
        let body = body_for_data(b"a: b\r\n\r\n.x\r\n");
        assert!(matches!(body, Cow::Borrowed(b"a: b\r\n\r\n.x")));
    }
}
