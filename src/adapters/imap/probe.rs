//! Trying an account, for `guichet check` and `guichet init`.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::fetch::ACKNOWLEDGED;
use super::folder::{examine, resolve, select};
use super::login::sign_in;
use super::settings::ImapSettings;
use crate::adapters::tls::Tls;
use crate::domain::position::FolderRole;
use crate::ports::MailError;

/// What an account offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// As the server names them after the sign-in, in upper case.
    pub capabilities: BTreeSet<String>,
    /// Whether the server wakes us (RFC 2177); otherwise the folder is polled.
    pub idle: bool,
    /// The inbox.
    pub inbox: FolderReport,
    /// Whether the inbox keeps our keyword, so that acknowledged mail is known after a loss of our data.
    pub keeps_keyword: bool,
    /// The junk folder when one is configured.
    pub junk: Option<Result<FolderReport, MailError>>,
    /// The folder of sent mail, configured or found.
    pub sent: Result<FolderReport, MailError>,
}

/// One folder that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderReport {
    /// Its name as the server writes it (modified UTF-7).
    pub name: String,
    /// Number of messages in it.
    pub messages: u32,
}

/// Signs in, opens the folders and says what is there. Changes no message.
///
/// # Errors
/// When the connection, the sign-in or the inbox fails.
pub async fn probe(settings: &ImapSettings) -> Result<ProbeReport, MailError> {
    let tls = Tls::new(settings.ca_file.clone());
    let mut connection = sign_in(settings, &tls).await?;
    let name = resolve(&mut connection, settings, FolderRole::Inbox).await?;
    // A folder opened for reading only keeps no flag: this one is opened as for acknowledging.
    let selected = select(&mut connection, &name).await?;
    let inbox = FolderReport { name, messages: selected.exists };
    let junk = match settings.folders.junk {
        Some(_) => Some(report(&mut connection, settings, FolderRole::Junk).await),
        None => None,
    };
    let sent = report(&mut connection, settings, FolderRole::Sent).await;
    let capabilities = connection.capabilities().clone();
    connection.logout().await;
    let keeps_keyword = selected.keeps(ACKNOWLEDGED);
    Ok(ProbeReport { idle: capabilities.contains("IDLE"), capabilities, inbox, keeps_keyword, junk, sent })
}

async fn report(
    connection: &mut Connection,
    settings: &ImapSettings,
    role: FolderRole,
) -> Result<FolderReport, MailError> {
    let name = resolve(connection, settings, role).await?;
    let selected = examine(connection, &name).await?;
    Ok(FolderReport { name, messages: selected.exists })
}
