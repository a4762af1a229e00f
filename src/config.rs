//! Floor 5: TOML → checked configuration → each part's own settings.
//!
//! Parsed once into types that need no further checking. A mistake is an error that names file, line
//! and key; a secret never stands in the file.

mod file;
mod keys;
mod load;
mod orders;
mod sign_in;

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::adapters::http_client::HttpUrl;
use crate::adapters::orders::{CsvSettings, HttpSettings};
use crate::adapters::secret::Secret;
use crate::adapters::sign_in::SignIn;
use crate::adapters::tls::Security;
use crate::daemon::housekeeping::Retention;
use crate::domain::calendar::Calendar;
use crate::domain::policy::StanceChoices;
use crate::domain::{Address, Email, Money};
use crate::ports::store::Caps;
use crate::reply::permission::PermissionSettings;

pub use load::{ConfigError, find};

/// Whether anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Acknowledgements and approved replies leave.
    Live,
    /// Judge and draft, send nothing.
    Shadow,
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// A file outside of `data_dir` by which an older copy of the store is noticed.
    pub state_witness: Option<PathBuf>,
    /// Where `guichet backup` writes, and where a damaged store finds its replacement.
    pub backup_dir: Option<PathBuf>,
    /// How many backups are kept there; `None` for all.
    pub backup_keep: Option<u16>,
    /// How long things are kept.
    pub retention: Retention,
    /// Live or shadow.
    pub mode: Mode,
    /// Languages that have templates, ISO 639-1.
    pub languages: Vec<String>,
    /// Used for every other language.
    pub fallback_language: String,
    /// Opening hours, holidays and time zone.
    pub calendar: Calendar,
    /// At least one.
    pub mailboxes: Vec<Mailbox>,
    /// Limits; `per_domain_per_hour` as configured, public mail domains are excepted later.
    pub caps: Caps,
    /// Name of the policy file among the rules, or a path.
    pub policy_file: String,
    /// Choices over the policy file's own.
    pub stance: StanceChoices,
    /// Who is told of accepted refunds; nobody when absent.
    pub refunds: Option<RefundsTo>,
    /// What handling one refund costs the shop; only for its figures.
    pub cost_per_refund: Option<Money>,
    /// The shop's order source.
    pub orders: Option<Orders>,
    /// The desk.
    pub desk: Desk,
}

/// Who is told of accepted refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundsTo {
    /// A signed POST request.
    Webhook {
        /// Where to.
        url: HttpUrl,
        /// What it is signed with.
        secret: Secret,
        /// Additional trust root.
        ca_file: Option<PathBuf>,
    },
    /// A program and its arguments.
    Command(PathBuf, Vec<String>),
}

/// Where the facts of a purchase come from.
#[derive(Debug, Clone)]
pub enum Orders {
    /// A file.
    Csv(CsvSettings),
    /// The shop's own system.
    Http(Box<HttpSettings>),
}

/// One `[[mailbox]]`.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Its name, unique.
    pub name: String,
    /// Where messages come from.
    pub source: Source,
    /// Where mail goes.
    pub outgoing: Outgoing,
    /// Our address.
    pub from: Address,
    /// Envelope sender of acknowledgements; `None` is `<>`.
    pub envelope_sender: Option<Email>,
    /// Rules about who may be answered.
    pub permission: PermissionSettings,
    /// Days of history imported as closed cases at the first start.
    pub history_days: u16,
    /// Written below an approved reply, after the reviewer's name.
    pub signature: String,
    /// What happens to a delivery in doubt after 15 minutes: sent once more, or held.
    pub resend_once: bool,
    /// Who files approved replies in \Sent.
    pub sent_copy: SentCopy,
    /// How long an approved reply waits, so that it can be taken back.
    pub undo_window: SignedDuration,
    /// Unanswered questions get a reminder draft after this many days.
    pub reminder_days: u16,
}

/// Who files approved replies in \Sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentCopy {
    /// We do, unless the server has done so after a minute.
    Auto,
    /// We do, at once.
    Always,
    /// The server does.
    Never,
}

/// Where messages come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// An IMAP server.
    Imap(Server, ImapFolders),
    /// A Maildir folder.
    Maildir {
        /// The folder that holds `new` and `cur`.
        path: PathBuf,
        /// A Maildir for sent copies, watched for answers given elsewhere.
        sent_path: Option<PathBuf>,
    },
}

/// Folders and limits of an IMAP mailbox.
#[derive(Debug, Clone)]
pub struct ImapFolders {
    /// New mail arrives here.
    pub folder: String,
    /// Judged and listed, never acknowledged.
    pub junk_folder: Option<String>,
    /// Overrides what the server marks as \Sent.
    pub sent_folder: Option<String>,
    /// Poll where IDLE is missing, and besides IDLE.
    pub poll_interval: Duration,
    /// Larger messages are read in part.
    pub max_message_size: u32,
}

/// Where mail goes.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// An SMTP server, with the account's own limit if it has one.
    Smtp(Server, Option<u32>),
    /// A folder of `.eml` files.
    Folder(PathBuf),
}

/// One server account.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host name as on its certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection.
    pub tls: Security,
    /// Sign-in name; `None` for a relay that asks for none.
    pub username: Option<String>,
    /// How it is proved.
    pub sign_in: Option<SignIn>,
    /// Additional trust root.
    pub ca_file: Option<PathBuf>,
}

/// The desk.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Address to listen on; `None` switches the desk off.
    pub listen: Option<std::net::SocketAddr>,
    /// Host names under which a proxy publishes it.
    pub hosts: Vec<String>,
    /// Reached by HTTPS only (through a proxy): cookies carry `Secure` and the `__Host-` prefix.
    pub https: bool,
}
