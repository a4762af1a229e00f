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

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::adapters::tls::Tls;
use crate::domain::Folder;
use crate::ports::{MailError, MailSession, MailSource};

pub use actions::ImapActions;
pub use probe::{FolderReport, ProbeReport, probe};
pub use settings::{FolderNames, ImapSettings};
pub use survey::{Handed, Place, Survey};

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

    /// Signs in over a stream that stands already: what a server says can be tried without a network.
    ///
    /// # Errors
    /// As [`MailSource::connect`].
    pub async fn connect_over<S>(&self, stream: S) -> Result<Box<dyn MailSession>, MailError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug + 'static,
    {
        self.session(login::sign_in_over(&self.settings, Box::new(stream)).await?).await
    }

    async fn session(&self, mut connection: connection::Connection) -> Result<Box<dyn MailSession>, MailError> {
        let name = folder::resolve(&mut connection, &self.settings, self.folder.role).await?;
        let (settings, memory) = (Arc::clone(&self.settings), Arc::clone(&self.memory));
        Ok(Box::new(session::ImapSession::new(settings, self.folder.clone(), name, connection, memory)))
    }
}

#[async_trait]
impl MailSource for ImapSource {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        self.session(login::sign_in(&self.settings, &self.tls).await?).await
    }
}
