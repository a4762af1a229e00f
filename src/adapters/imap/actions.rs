//! The few things we do in a mailbox, each on a connection of its own.

use std::sync::Arc;

use async_trait::async_trait;

use super::connection::{Connection, Problem};
use super::fetch::{ACKNOWLEDGED, search};
use super::folder::{examine, quoted, resolve, select};
use super::login::sign_in;
use super::settings::ImapSettings;
use crate::adapters::tls::Tls;
use crate::domain::position::FolderRole;
use crate::domain::{MessageId, MessageLocation};
use crate::ports::{MailError, MailboxActions};

/// Files replies in \Sent and sets our keyword.
#[derive(Debug)]
pub struct ImapActions {
    settings: Arc<ImapSettings>,
    tls: Tls,
}

impl ImapActions {
    /// Acts in this account.
    pub fn new(settings: Arc<ImapSettings>) -> Self {
        let tls = Tls::new(settings.ca_file.clone());
        Self { settings, tls }
    }

    async fn connect(&self, role: FolderRole) -> Result<(Connection, String), MailError> {
        let mut connection = sign_in(&self.settings, &self.tls).await?;
        let folder = resolve(&mut connection, &self.settings, role).await?;
        Ok((connection, folder))
    }
}

#[async_trait]
impl MailboxActions for ImapActions {
    async fn find_sent(&self, id: &MessageId) -> Result<bool, MailError> {
        let (mut connection, folder) = self.connect(FolderRole::Sent).await?;
        examine(&mut connection, &folder).await?;
        let found = search(&mut connection, &format!("HEADER Message-ID {}", quoted(&id.to_string()))).await?;
        connection.logout().await;
        Ok(!found.is_empty())
    }

    async fn file_sent(&self, bytes: &[u8]) -> Result<(), MailError> {
        let (mut connection, folder) = self.connect(FolderRole::Sent).await?;
        connection.append(&quoted(&folder), bytes).await?;
        connection.logout().await;
        Ok(())
    }

    /// Also false when the folder was renumbered since: the UID means another message now.
    async fn mark_acknowledged(&self, location: &MessageLocation) -> Result<bool, MailError> {
        let Some((uid_validity, uid)) = parse_name(&location.name) else {
            return Err(MailError::Permanent(format!("“{}” names no message of an IMAP folder", location.name)));
        };
        let (mut connection, folder) = self.connect(location.folder.role).await?;
        let selected = select(&mut connection, &folder).await?;
        let possible = selected.uid_validity == uid_validity && selected.keeps(ACKNOWLEDGED);
        let stored = if possible {
            let line = format!("UID STORE {uid} +FLAGS.SILENT ({ACKNOWLEDGED})");
            connection.command("UID STORE", &line, |_| ()).await
        } else {
            Ok(())
        };
        let set = match stored {
            Ok(()) => possible,
            // Without PERMANENTFLAGS only trying tells whether keywords are kept.
            Err(Problem::Refused { .. }) if selected.permanent_flags.is_none() => false,
            Err(problem) => return Err(problem.into()),
        };
        connection.logout().await;
        Ok(set)
    }
}

/// `UIDVALIDITY/UID`.
fn parse_name(name: &str) -> Option<(u32, u32)> {
    let (uid_validity, uid) = name.split_once('/')?;
    Some((uid_validity.parse().ok()?, uid.parse().ok()?))
}
