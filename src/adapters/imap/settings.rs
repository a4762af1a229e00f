//! What is configured about an IMAP account.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::adapters::sign_in::SignIn;
use crate::adapters::tls::Security;

/// The folders by what they are to us, as a person writes their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderNames {
    /// Where customers' mail arrives.
    pub inbox: String,
    /// Spam, when it is to be judged and listed.
    pub junk: Option<String>,
    /// Sent mail; by default the one the server marks `\Sent` (RFC 6154).
    pub sent: Option<String>,
}

impl Default for FolderNames {
    fn default() -> Self {
        Self { inbox: "INBOX".into(), junk: None, sent: None }
    }
}

/// One IMAP account.
#[derive(Clone)]
pub struct ImapSettings {
    /// Host name; the certificate has to carry it.
    pub host: String,
    /// TCP port: 993 with implicit TLS, 143 with STARTTLS.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Security,
    /// Who signs in.
    pub username: String,
    /// How it is proved.
    pub sign_in: SignIn,
    /// PEM file of issuers to trust beside the machine's.
    pub ca_file: Option<PathBuf>,
    /// The folders.
    pub folders: FolderNames,
    /// Of a message larger than this, in bytes, only the first 256 KB are fetched.
    pub size_cap: u32,
    /// How many days of what lies there at the first start are imported as history.
    pub history_days: u32,
    /// How often the folder is looked at where the server cannot wake us.
    pub poll_interval: Duration,
    /// After this time IDLE is ended and begun anew; five minutes at most, because routers forget
    /// silent connections.
    pub idle_renew: Duration,
    /// How long a message that could not be fetched is left alone; five times as long after the second failure.
    pub retry_delay: Duration,
    /// How long the server may be silent in the middle of a command.
    pub patience: Duration,
}

impl ImapSettings {
    /// An account with the usual limits: 25 MB, 30 days of history, a poll each minute.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        tls: Security,
        username: impl Into<String>,
        sign_in: impl Into<SignIn>,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            username: username.into(),
            sign_in: sign_in.into(),
            ca_file: None,
            folders: FolderNames::default(),
            size_cap: 25 * 1024 * 1024,
            history_days: 30,
            poll_interval: Duration::from_secs(60),
            idle_renew: Duration::from_secs(4 * 60),
            retry_delay: Duration::from_secs(60),
            patience: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for ImapSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("folders", &self.folders)
            .finish_non_exhaustive()
    }
}
