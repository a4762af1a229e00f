//! The file as written, before it is checked. Key names are the contract.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::policy::StanceChoices;

#[derive(Deserialize)]
pub struct File {
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    pub state_witness: Option<Spanned<PathBuf>>,
    pub backup_dir: Option<Spanned<PathBuf>>,
    pub backup_keep: Option<std::num::NonZeroU16>,
    #[serde(default)]
    pub mode: Mode,
    pub time_zone: Option<Spanned<String>>,
    #[serde(default = "default_languages")]
    pub languages: Vec<String>,
    #[serde(default = "default_fallback")]
    pub fallback_language: String,
    #[serde(default)]
    pub calendar: Calendar,
    #[serde(default)]
    pub mailbox: Vec<Spanned<Mailbox>>,
    #[serde(default)]
    pub acknowledge: Acknowledge,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub policy: Policy,
    #[serde(default)]
    pub figures: Figures,
    pub refunds: Option<Spanned<Refunds>>,
    pub orders: Option<Spanned<Orders>>,
    #[serde(default)]
    pub desk: Desk,
}

fn default_data_dir() -> PathBuf {
    "/var/lib/guichet".into()
}

fn default_languages() -> Vec<String> {
    vec!["fr".into(), "en".into()]
}

fn default_fallback() -> String {
    "en".into()
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Live,
    Shadow,
}

#[derive(Deserialize, Default)]
pub struct Figures {
    pub cost_per_refund: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
pub struct Calendar {
    pub country: Option<Spanned<String>>,
    pub hours: Option<Spanned<String>>,
    #[serde(default)]
    pub closed: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
pub struct Mailbox {
    pub name: Spanned<String>,
    pub source: Source,
    pub path: Option<PathBuf>,
    pub sent_path: Option<PathBuf>,
    #[serde(default)]
    pub addresses: Vec<Spanned<String>>,
    pub from: Spanned<String>,
    #[serde(default)]
    pub contact_forms: Vec<Spanned<String>>,
    #[serde(default)]
    pub colleagues: Vec<Spanned<String>>,
    pub trusted_authserv_id: Option<String>,
    pub return_path: Option<ReturnPath>,
    #[serde(default)]
    pub recipient_headers: Vec<String>,
    pub envelope_sender: Option<Spanned<String>>,
    #[serde(default = "default_history_days")]
    pub history_days: u16,
    #[serde(default)]
    pub signature: String,
    #[serde(default)]
    pub in_doubt: InDoubt,
    #[serde(default)]
    pub sent_copy: SentCopy,
    pub undo_window: Option<Spanned<String>>,
    #[serde(default = "default_reminder_days")]
    pub reminder_days: u16,
    pub imap: Option<Imap>,
    pub smtp: Option<Spanned<Smtp>>,
}

fn default_history_days() -> u16 {
    30
}

fn default_reminder_days() -> u16 {
    5
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Imap,
    Maildir,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ReturnPath {
    Required,
    Ignore,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    #[default]
    ResendOnce,
    Hold,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SentCopy {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    #[default]
    Implicit,
    StartTls,
    None,
}

#[derive(Deserialize, Default)]
pub struct Password {
    pub file: Option<PathBuf>,
    pub env: Option<String>,
    pub command: Option<String>,
    pub credential: Option<String>,
}

#[derive(Deserialize)]
pub struct Oauth2 {
    pub token_url: Spanned<String>,
    pub client_id: String,
    pub client_secret: Option<Spanned<Password>>,
    pub refresh_token: Option<Spanned<Password>>,
    pub scope: Option<String>,
    pub ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
pub struct Imap {
    pub host: Spanned<String>,
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Protection,
    pub username: String,
    pub password: Option<Spanned<Password>>,
    pub oauth2: Option<Spanned<Oauth2>>,
    pub ca_file: Option<PathBuf>,
    #[serde(default = "default_folder")]
    pub folder: String,
    pub junk_folder: Option<String>,
    pub sent_folder: Option<String>,
    pub poll_interval: Option<Spanned<String>>,
    pub max_message_size: Option<u32>,
}

fn default_folder() -> String {
    "INBOX".into()
}

#[derive(Deserialize)]
pub struct Smtp {
    pub host: Option<Spanned<String>>,
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Protection,
    pub username: Option<String>,
    pub password: Option<Spanned<Password>>,
    pub oauth2: Option<Spanned<Oauth2>>,
    pub ca_file: Option<PathBuf>,
    pub max_per_hour: Option<u32>,
    pub outbox_dir: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Acknowledge {
    pub max_age: Option<Spanned<String>>,
    pub max_recipients: usize,
    pub per_sender_per_day: u32,
    pub per_domain_per_hour: u32,
    pub per_mailbox_per_hour: u32,
}

impl Default for Acknowledge {
    fn default() -> Self {
        Self {
            max_age: None,
            max_recipients: 20,
            per_sender_per_day: 3,
            per_domain_per_hour: 20,
            per_mailbox_per_hour: 500,
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Retention {
    pub raw_days: u16,
    pub automated_days: u16,
    pub closed_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 90, automated_days: 90, closed_days: 1095 }
    }
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Policy {
    pub file: String,
    pub stance: StanceChoices,
}

impl Default for Policy {
    fn default() -> Self {
        Self { file: "rules/policy.toml".into(), stance: StanceChoices::default() }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Desk {
    pub listen: Option<Spanned<String>>,
    pub hosts: Vec<String>,
    pub https: bool,
}

#[derive(Deserialize)]
pub struct Refunds {
    pub webhook: Option<Webhook>,
    pub command: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
pub struct Webhook {
    pub url: Spanned<String>,
    pub secret: Spanned<Password>,
    pub ca_file: Option<PathBuf>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OrderSource {
    Csv,
    Http,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    #[default]
    Iso,
    DayFirst,
    MonthFirst,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum KeyScheme {
    Plain,
    Bearer,
    Basic,
}

/// One place, or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Places {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
pub struct Orders {
    pub source: Option<OrderSource>,
    pub file: Option<PathBuf>,
    pub separator: Option<Spanned<String>>,
    pub encoding: Option<Spanned<String>>,
    #[serde(default)]
    pub date_format: Dates,
    pub currency: Option<Spanned<String>>,
    #[serde(default)]
    pub columns: BTreeMap<String, Spanned<String>>,
    pub profile: Option<Spanned<String>>,
    pub url: Option<Spanned<String>>,
    pub url_by_email: Option<Spanned<String>>,
    pub header: Option<Spanned<String>>,
    pub scheme: Option<KeyScheme>,
    pub secret: Option<Spanned<Password>>,
    pub ca_file: Option<PathBuf>,
    pub cache: Option<Spanned<String>>,
    #[serde(default)]
    pub missing_is_404: bool,
    #[serde(default)]
    pub fields: BTreeMap<String, Spanned<Places>>,
}
