//! What `guichet check` asks a submission server, without sending anything.

use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::extension::Extension;

use super::super::tls::Tls;
use super::SmtpSettings;
use super::classify::Stage;
use super::connect::connect;
use crate::domain::Email;
use crate::ports::{MailerError, MailerProblem};

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The server's words when it refused `<>` as envelope sender: acknowledgements then need
    /// `envelope_sender` set to an address.
    pub null_sender_refused: Option<String>,
    /// Addresses with letters beyond ASCII can be written to.
    pub smtp_utf8: bool,
}

/// Connects, signs in, names `<>` as sender and, when given, one of our own addresses as recipient
/// (servers like Postfix judge the sender only then), takes it all back and signs out.
///
/// # Errors
/// What [`crate::ports::Mailer::connect`] would return, or what an actual mail would meet.
pub async fn probe(settings: &SmtpSettings, own_address: Option<&Email>) -> Result<Probe, MailerError> {
    let mut session = connect(settings, &Tls::new(settings.ca_file.clone())).await?;
    let smtp_utf8 = session.offers(Extension::SmtpUtfEight);
    let mut named = session.mail(None, &[]).await;
    if let (Ok(()), Some(own)) = (&named, own_address) {
        named = session.rcpt(true, own).await;
    }
    match named {
        Ok(()) => {
            session.command(Stage::End, settings.timeouts.command, Rset, &[250]).await?;
            session.quit().await;
            Ok(Probe { null_sender_refused: None, smtp_utf8 })
        }
        Err(MailerError { problem: MailerProblem::NullSenderRefused, message }) => {
            Ok(Probe { null_sender_refused: Some(message), smtp_utf8 })
        }
        Err(error) => Err(error),
    }
}
