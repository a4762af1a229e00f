//! Finding, reading and checking the file.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use toml::Spanned;
use toml::de::DeTable;

use super::file::{self, File};
use super::{Config, Desk, ImapFolders, Mailbox, Mode, Outgoing, RefundsTo, SentCopy, Server, Source, keys};
use crate::adapters::http_client::HttpUrl;
use crate::adapters::secret::Secret;
use crate::adapters::tls::Security;
use crate::daemon::housekeeping::Retention;
use crate::daemon::review::DEFAULT_UNDO;
use crate::domain::calendar::{Calendar, CalendarError};
use crate::domain::known_keys;
use crate::domain::{Address, Email, Money};
use crate::ports::store::Caps;
use crate::reply::permission::{AddressPattern, PermissionSettings, PublicMail, ReturnPathRule};

/// A mistake in the configuration, with the file and line it stands in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    place: String,
    what: String,
}

impl ConfigError {
    pub(super) fn new(place: String, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }
}

/// The file to use: the one named, else `./guichet.toml`, else `/etc/guichet/guichet.toml`.
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    match named {
        Some(path) => Some(path.to_owned()),
        None => ["guichet.toml", "/etc/guichet/guichet.toml"].iter().map(PathBuf::from).find(|path| path.exists()),
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// A sentence that names file, line and key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(path.display().to_string(), format!("cannot be read: {error}")))?;
        Self::parse(&text, path)
    }

    /// Checks a text that came from `path` (used in messages only).
    ///
    /// # Errors
    /// A sentence that names file, line and key.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let checker = Checker { text, path };
        let table = DeTable::parse(text).map_err(|error| checker.toml_error(&error))?;
        known_keys::check(table.get_ref(), keys::KEYS)
            .map_err(|wrong| ConfigError::new(checker.at(wrong.offset), wrong.what))?;
        let file: File = toml::from_str(text).map_err(|error| checker.toml_error(&error))?;
        checker.config(file)
    }
}

pub(super) struct Checker<'a> {
    text: &'a str,
    path: &'a Path,
}

pub(super) type Checked<T> = Result<T, ConfigError>;

impl Checker<'_> {
    pub(super) fn at(&self, offset: usize) -> String {
        let line = self.text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        format!("{}:{line}", self.path.display())
    }

    fn toml_error(&self, error: &toml::de::Error) -> ConfigError {
        let place = error.span().map_or_else(|| self.path.display().to_string(), |span| self.at(span.start));
        ConfigError::new(place, error.message().trim_end())
    }

    pub(super) fn wrong<T>(&self, place: &Spanned<T>, what: impl Into<String>) -> ConfigError {
        ConfigError::new(self.at(place.span().start), what)
    }

    fn config(&self, file: File) -> Checked<Config> {
        let whole = |what: &str| ConfigError::new(self.path.display().to_string(), what);
        if file.mailbox.is_empty() {
            return Err(whole("no mailbox: add a [[mailbox]] table"));
        }
        if file.languages.is_empty() || !file.languages.contains(&file.fallback_language) {
            return Err(whole("`fallback_language` must be one of `languages`"));
        }
        let caps = Caps {
            per_sender_per_day: file.acknowledge.per_sender_per_day,
            per_domain_per_hour: Some(file.acknowledge.per_domain_per_hour),
            per_mailbox_per_hour: file.acknowledge.per_mailbox_per_hour,
        };
        let state_witness = file.state_witness;
        let state_witness =
            state_witness.map(|path| self.outside("state_witness", path, &file.data_dir)).transpose()?;
        let backup_dir = file.backup_dir.map(|path| self.outside("backup_dir", path, &file.data_dir)).transpose()?;
        let mut names = BTreeSet::new();
        let mut mailboxes = Vec::new();
        for mailbox in file.mailbox {
            let mailbox = self.mailbox(mailbox, &file.acknowledge)?;
            if !names.insert(mailbox.name.clone()) {
                return Err(whole(&format!("two mailboxes are named `{}`", mailbox.name)));
            }
            mailboxes.push(mailbox);
        }
        let calendar = self.calendar(file.time_zone.as_ref(), &file.calendar)?;
        let time_zone = calendar.time_zone.clone();
        Ok(Config {
            file: self.path.to_owned(),
            data_dir: file.data_dir,
            retention: Retention {
                raw_days: file.retention.raw_days,
                automated_days: file.retention.automated_days,
                closed_days: file.retention.closed_days,
            },
            state_witness,
            backup_dir,
            backup_keep: file.backup_keep.map(std::num::NonZeroU16::get),
            mode: match file.mode {
                file::Mode::Live => Mode::Live,
                file::Mode::Shadow => Mode::Shadow,
            },
            languages: file.languages,
            fallback_language: file.fallback_language,
            calendar,
            mailboxes,
            caps,
            policy_file: file.policy.file,
            stance: file.policy.stance,
            refunds: file.refunds.map(|refunds| self.refunds(refunds)).transpose()?,
            cost_per_refund: file.figures.cost_per_refund.map(|cost| self.cost(&cost)).transpose()?,
            orders: file.orders.map(|orders| self.orders(orders, time_zone)).transpose()?.flatten(),
            desk: self.desk(file.desk)?,
        })
    }

    /// What must survive the loss of `data_dir`.
    fn outside(&self, key: &str, path: Spanned<PathBuf>, data_dir: &Path) -> Checked<PathBuf> {
        if path.get_ref().starts_with(data_dir) {
            return Err(self
                .wrong(&path, format!("`{key}` lies in data_dir and would be lost with it: name a place elsewhere")));
        }
        Ok(path.into_inner())
    }

    fn calendar(&self, time_zone: Option<&Spanned<String>>, calendar: &file::Calendar) -> Checked<Calendar> {
        let zone = match time_zone {
            Some(name) => TimeZone::get(name.get_ref()).map_err(|_| {
                self.wrong(name, format!("unknown time zone `{}`: write a name like Europe/Paris", name.get_ref()))
            })?,
            None => TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC),
        };
        let hours = calendar.hours.as_ref().map_or("", |hours| hours.get_ref().as_str());
        let closed: Vec<String> = calendar.closed.iter().map(|range| range.get_ref().clone()).collect();
        let country = calendar.country.as_ref().map(|country| country.get_ref().as_str());
        Calendar::parse(zone, hours, &closed, country).map_err(|error| {
            let place = match &error {
                CalendarError::Hours { .. } => calendar.hours.as_ref(),
                CalendarError::Closed { text, .. } => calendar.closed.iter().find(|range| range.get_ref() == text),
                CalendarError::Country(_) => calendar.country.as_ref(),
            };
            let place = place.map_or_else(|| self.path.display().to_string(), |text| self.at(text.span().start));
            ConfigError::new(place, format!("[calendar] {error}"))
        })
    }

    fn mailbox(&self, written: Spanned<file::Mailbox>, acknowledge: &file::Acknowledge) -> Checked<Mailbox> {
        let place = self.at(written.span().start);
        let mailbox = written.into_inner();
        self.mailbox_name(&mailbox.name)?;
        let from = Address::parse(mailbox.from.get_ref())
            .map_err(|error| self.wrong(&mailbox.from, format!("`from`: {error}")))?;
        let envelope_sender = self.envelope_sender(mailbox.envelope_sender.as_ref())?;
        let permission = self.permission(&mailbox, &from, acknowledge)?;
        let undo_window = match &mailbox.undo_window {
            Some(text) => self.duration("undo_window", text)?,
            None => DEFAULT_UNDO,
        };
        let outgoing = match mailbox.smtp {
            Some(smtp) => self.outgoing(smtp)?,
            None => {
                return Err(ConfigError::new(place, "the mailbox has no [mailbox.smtp]: it says where mail leaves"));
            }
        };
        let source = match mailbox.source {
            file::Source::Maildir => Source::Maildir {
                path: mailbox.path.ok_or_else(|| ConfigError::new(place, "a maildir mailbox needs `path`"))?,
                sent_path: mailbox.sent_path,
            },
            file::Source::Imap => {
                let imap =
                    mailbox.imap.ok_or_else(|| ConfigError::new(place, "an imap mailbox needs [mailbox.imap]"))?;
                self.imap(imap)?
            }
        };
        Ok(Mailbox {
            name: mailbox.name.into_inner(),
            source,
            outgoing,
            from,
            envelope_sender,
            permission,
            history_days: mailbox.history_days,
            signature: mailbox.signature,
            resend_once: mailbox.in_doubt == file::InDoubt::ResendOnce,
            sent_copy: match mailbox.sent_copy {
                file::SentCopy::Auto => SentCopy::Auto,
                file::SentCopy::Always => SentCopy::Always,
                file::SentCopy::Never => SentCopy::Never,
            },
            undo_window,
            reminder_days: mailbox.reminder_days,
        })
    }

    fn mailbox_name(&self, name: &Spanned<String>) -> Checked<()> {
        let text = name.get_ref();
        let good = !text.is_empty()
            && text.len() <= 40
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if good { Ok(()) } else { Err(self.wrong(name, "`name` takes 1 to 40 letters, digits, dots, dashes")) }
    }

    fn envelope_sender(&self, written: Option<&Spanned<String>>) -> Checked<Option<Email>> {
        match written {
            None => Ok(None),
            Some(text) if text.get_ref().trim() == "<>" => Ok(None),
            Some(text) => match Email::parse(text.get_ref()) {
                Ok(email) => Ok(Some(email)),
                Err(error) => Err(self.wrong(text, format!("`envelope_sender`: {error}; write \"<>\" or an address"))),
            },
        }
    }

    fn patterns(&self, key: &str, written: &[Spanned<String>]) -> Checked<Vec<AddressPattern>> {
        let parse = |text: &Spanned<String>| {
            AddressPattern::parse(text.get_ref()).map_err(|error| self.wrong(text, format!("`{key}`: {error}")))
        };
        written.iter().map(parse).collect()
    }

    fn permission(
        &self,
        mailbox: &file::Mailbox,
        from: &Address,
        acknowledge: &file::Acknowledge,
    ) -> Checked<PermissionSettings> {
        let mut addresses = self.patterns("addresses", &mailbox.addresses)?;
        if addresses.is_empty() {
            addresses.extend(AddressPattern::parse(from.email.as_str()));
        }
        let default_rule = match mailbox.source {
            file::Source::Imap => file::ReturnPath::Required,
            file::Source::Maildir => file::ReturnPath::Ignore,
        };
        let max_age = match &acknowledge.max_age {
            Some(text) => self.duration("max_age", text)?,
            None => SignedDuration::from_hours(24),
        };
        Ok(PermissionSettings {
            addresses: Some(addresses),
            from: Some(from.clone()),
            contact_forms: self.patterns("contact_forms", &mailbox.contact_forms)?,
            colleagues: self.patterns("colleagues", &mailbox.colleagues)?,
            trusted_authserv_id: mailbox.trusted_authserv_id.as_ref().map(|id| id.to_lowercase()),
            return_path: match mailbox.return_path.unwrap_or(default_rule) {
                file::ReturnPath::Required => ReturnPathRule::Required,
                file::ReturnPath::Ignore => ReturnPathRule::Ignore,
            },
            recipient_headers: mailbox.recipient_headers.iter().map(|name| name.to_lowercase()).collect(),
            max_recipients: acknowledge.max_recipients,
            max_age,
            // Known once the rules are loaded.
            public_mail: PublicMail::default(),
        })
    }

    fn imap(&self, imap: file::Imap) -> Checked<Source> {
        let poll_interval = match &imap.poll_interval {
            Some(text) => self.duration("poll_interval", text)?,
            None => SignedDuration::from_secs(60),
        };
        let folders = ImapFolders {
            folder: imap.folder,
            junk_folder: imap.junk_folder,
            sent_folder: imap.sent_folder,
            poll_interval: Duration::try_from(poll_interval).unwrap_or(Duration::from_secs(60)),
            max_message_size: imap.max_message_size.unwrap_or(25 * 1024 * 1024),
        };
        let server = self.server(&imap.host, imap.port, imap.tls, [993, 143])?;
        let sign_in = self.sign_in(imap.password.as_ref(), imap.oauth2.as_ref())?.ok_or_else(|| {
            let place = self.at(imap.host.span().start);
            ConfigError::new(place, "[mailbox.imap] needs `password` or `oauth2`")
        })?;
        let (username, sign_in) = (Some(imap.username), Some(sign_in));
        Ok(Source::Imap(Server { username, sign_in, ca_file: imap.ca_file, ..server }, folders))
    }

    fn outgoing(&self, written: Spanned<file::Smtp>) -> Checked<Outgoing> {
        let place = self.at(written.span().start);
        let smtp = written.into_inner();
        match (&smtp.host, smtp.outbox_dir) {
            (None, Some(folder)) => Ok(Outgoing::Folder(folder)),
            (Some(host), None) => {
                let server = self.server(host, smtp.port, smtp.tls, [465, 587])?;
                let sign_in = self.sign_in(smtp.password.as_ref(), smtp.oauth2.as_ref())?;
                if smtp.username.is_some() != sign_in.is_some() {
                    let rule = "`username` of [mailbox.smtp] goes with `password` or `oauth2`";
                    return Err(ConfigError::new(place, rule));
                }
                let server = Server { username: smtp.username, sign_in, ca_file: smtp.ca_file, ..server };
                Ok(Outgoing::Smtp(server, smtp.max_per_hour))
            }
            _ => Err(ConfigError::new(place, "[mailbox.smtp] needs either `host` or `outbox_dir`")),
        }
    }

    fn server(
        &self,
        host: &Spanned<String>,
        port: Option<u16>,
        tls: file::Protection,
        ports: [u16; 2],
    ) -> Checked<Server> {
        let [implicit, plain] = ports;
        let loopback = ["localhost", "127.0.0.1", "::1"].contains(&host.get_ref().as_str());
        let (tls, default_port) = match tls {
            file::Protection::Implicit => (Security::Implicit, implicit),
            file::Protection::StartTls => (Security::StartTls, plain),
            file::Protection::None if loopback => (Security::None, plain),
            file::Protection::None => {
                return Err(
                    self.wrong(host, "`tls = \"none\"` sends the password in the clear: allowed on localhost only")
                );
            }
        };
        let host = host.get_ref().clone();
        Ok(Server { host, port: port.unwrap_or(default_port), tls, username: None, sign_in: None, ca_file: None })
    }

    pub(super) fn secret(&self, key: &str, written: &Spanned<file::Password>) -> Checked<Secret> {
        let file::Password { file, env, command, credential } = written.get_ref();
        let mut found = Vec::new();
        found.extend(file.clone().map(Secret::File));
        found.extend(env.clone().map(Secret::Env));
        found.extend(command.clone().map(Secret::Command));
        found.extend(credential.clone().map(Secret::Credential));
        match (found.pop(), found.is_empty()) {
            (Some(secret), true) => Ok(secret),
            _ => Err(self.wrong(written, format!("`{key}` needs exactly one of file, env, command, credential"))),
        }
    }

    pub(super) fn duration(&self, key: &str, text: &Spanned<String>) -> Checked<SignedDuration> {
        let wrong = || self.wrong(text, format!("`{key}`: write a duration like \"24h\" or \"10s\""));
        let duration: SignedDuration = text.get_ref().parse().map_err(|_| wrong())?;
        if duration.is_negative() { Err(wrong()) } else { Ok(duration) }
    }

    /// An amount with its currency.
    fn cost(&self, written: &Spanned<String>) -> Checked<Money> {
        let amount = written.get_ref().trim().split_once(char::is_whitespace).and_then(|(number, currency)| {
            let code = currency.trim();
            let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
            is_code.then(|| Money::parse(number, code).ok())?.filter(|amount| amount.minor >= 0)
        });
        let expected = "`figures.cost_per_refund` is an amount with its currency: \"4.50 EUR\"";
        amount.ok_or_else(|| self.wrong(written, expected))
    }

    fn refunds(&self, written: Spanned<file::Refunds>) -> Checked<RefundsTo> {
        let place = self.at(written.span().start);
        let file::Refunds { webhook, command } = written.into_inner();
        match (webhook, command) {
            (Some(webhook), None) => {
                let url = HttpUrl::parse(webhook.url.get_ref())
                    .map_err(|error| self.wrong(&webhook.url, format!("`refunds.webhook.url`: {error}")))?;
                let secret = self.secret("secret", &webhook.secret)?;
                Ok(RefundsTo::Webhook { url, secret, ca_file: webhook.ca_file })
            }
            (None, Some(command)) => match command.get_ref().split_first() {
                Some((program, arguments)) if Path::new(program).is_absolute() => {
                    Ok(RefundsTo::Command(PathBuf::from(program), arguments.to_vec()))
                }
                _ => Err(self.wrong(
                    &command,
                    "`refunds.command` takes a program by its full path, then its arguments: [\"/usr/local/bin/refund\"]",
                )),
            },
            _ => Err(ConfigError::new(place, "[refunds] needs either `webhook` or `command`")),
        }
    }

    fn desk(&self, desk: file::Desk) -> Checked<Desk> {
        let listen = match &desk.listen {
            None => Some(SocketAddr::from(([127, 0, 0, 1], 8025))),
            Some(text) if text.get_ref() == "off" => None,
            Some(text) => Some(
                text.get_ref()
                    .parse()
                    .map_err(|_| self.wrong(text, "`listen`: write an address like \"127.0.0.1:8025\", or \"off\""))?,
            ),
        };
        Ok(Desk { listen, hosts: desk.hosts, https: desk.https })
    }
}
