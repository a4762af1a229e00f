//! IMAP (RFC 3501) as mail source and for the few things we do in a mailbox.
//!
//! The crate underneath reports a refused command as an empty success and the end of the
//! connection as the end of a list, so that nothing here uses its convenience calls: every command
//! goes through `connection`, which reads up to the tagged answer and demands `OK`. A session in
//! which anything went wrong is dropped, never repaired.

mod actions;
mod connection;
mod fetch;
mod folder;
mod idle;
mod login;
mod mark;
mod memory;
mod probe;
mod session;
mod settings;
mod survey;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::adapters::tls::Tls;
use crate::domain::Folder;
use crate::ports::{MailError, MailSession, MailSource};

pub use actions::ImapActions;
pub use probe::{FolderReport, ProbeReport, probe};
pub use settings::{FolderNames, ImapSettings};
pub use survey::{Place, Survey};

/// One folder of an IMAP account that is watched.
#[derive(Debug)]
pub struct ImapSource {
    settings: Arc<ImapSettings>,
    tls: Tls,
    folder: Folder,
    memory: Arc<Mutex<memory::Memory>>,
}

impl ImapSource {
    /// Watches the folder that has this role in `settings.folders`.
    pub fn new(settings: Arc<ImapSettings>, folder: Folder) -> Self {
        let tls = Tls::new(settings.ca_file.clone());
        Self { settings, tls, folder, memory: Arc::default() }
    }
}

#[async_trait]
impl MailSource for ImapSource {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        let mut connection = login::sign_in(&self.settings, &self.tls).await?;
        let name = folder::resolve(&mut connection, &self.settings, self.folder.role).await?;
        Ok(Box::new(session::ImapSession::new(
            Arc::clone(&self.settings),
            self.folder.clone(),
            name,
            connection,
            Arc::clone(&self.memory),
        )))
    }
}
