//! Turns the checked configuration into adapters and settings: the only place that knows both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;

use crate::adapters::assets::{Assets, Kind};
use crate::adapters::imap::{FolderNames, ImapActions, ImapSettings, ImapSource};
use crate::adapters::maildir::{MaildirActions, MaildirSettings, MaildirSource};
use crate::adapters::orders::{CsvOrders, HttpOrders};
use crate::adapters::outbox_dir::OutboxDir;
use crate::adapters::refunds::{CommandRefunds, WebhookRefunds};
use crate::adapters::secret::Secret;
use crate::adapters::smtp::{SmtpLogin, SmtpMailer, SmtpSettings, StageTimeouts};
use crate::adapters::store::sled::{SledSettings, SledStore};
use crate::adapters::system::SystemIds;
use crate::adapters::tls::Tls;
use crate::config::{self, Config, ImapFolders, Mailbox, Outgoing, RefundsTo, Server, Source};
use crate::daemon::handbook::Handbook;
use crate::daemon::review::Wording;
use crate::domain::calendar::Calendar;
use crate::domain::policy::Policy;
use crate::domain::position::FolderRole;
use crate::domain::{Asset, Folder};
use crate::ports::{MailSource, MailboxActions, Mailer, Orders, Refunds};
use crate::refund::clues::Clues;
use crate::reply::compose::Sender;
use crate::reply::permission::PublicMail;
use crate::reply::templates::Templates;
use crate::triage::Triage;

/// Reads the configuration that the command line names, or the usual places.
///
/// # Errors
/// When there is none, or it has a mistake.
pub fn config(named: Option<&Path>) -> anyhow::Result<Config> {
    let Some(path) = config::find(named) else {
        anyhow::bail!(
            "no configuration: neither ./guichet.toml nor /etc/guichet/guichet.toml exists; `guichet init` writes one, --config names another"
        );
    };
    Ok(Config::read(&path)?)
}

/// Like [`config`], but none at all is fine unless one was named.
///
/// # Errors
/// When the configuration has a mistake, or the one named does not exist.
pub fn optional_config(named: Option<&Path>) -> anyhow::Result<Option<Config>> {
    match config::find(named) {
        Some(path) => Ok(Some(Config::read(&path)?)),
        None => Ok(None),
    }
}

/// Rules, templates and models with the operator's overrides.
pub fn assets(config: Option<&Config>) -> Assets {
    config.map_or_else(Assets::built_in, |config| Assets::with_overrides(&config.data_dir))
}

/// What to judge and write by, and what the operator should know about it.
pub struct Loaded {
    /// The set itself.
    pub handbook: Handbook,
    /// Models that are missing or broken: verdicts then rest on the rules alone.
    pub warnings: Vec<String>,
}

/// Loads rules, models, templates and policy.
///
/// # Errors
/// The first mistake, naming file and line.
pub fn load(config: Option<&Config>) -> anyhow::Result<Loaded> {
    let assets = assets(config);
    let rules = assets.load(Kind::Rules)?;
    let public_mail = PublicMail::load(&rules).map_err(anyhow::Error::msg)?;
    let (triage, warnings) = Triage::load(&rules, &assets.load(Kind::Models)?)?;
    let clues = Clues::load(&rules)?;
    let templates = Templates::load(&assets.load(Kind::Templates)?)?;
    let mut policy = policy(config, &rules)?;
    if let Some(config) = config {
        policy.stance = config.stance.over(policy.stance);
    }
    let calendar = config.map_or_else(|| Calendar::without_hours(TimeZone::UTC), |config| config.calendar.clone());
    let languages =
        config.map_or_else(|| templates.languages().map(str::to_owned).collect(), |config| config.languages.clone());
    let fallback = config.map_or_else(|| "en".to_owned(), |config| config.fallback_language.clone());
    let wording = Wording { templates: Arc::new(templates), policy, calendar, languages, fallback };
    Ok(Loaded { handbook: Handbook { triage, clues, wording: Arc::new(wording), public_mail }, warnings })
}

/// The policy file: a path that exists, else the file of that name among the rules.
fn policy(config: Option<&Config>, rules: &[Asset]) -> anyhow::Result<Policy> {
    let named = config.map_or("rules/policy.toml", |config| &config.policy_file);
    let languages = config.map_or(&[][..], |config| &config.languages);
    let beside =
        config.and_then(|config| config.file.parent()).map_or_else(|| PathBuf::from(named), |dir| dir.join(named));
    if config.is_some() && beside.is_file() {
        let bytes = std::fs::read(&beside).with_context(|| format!("cannot read the policy {}", beside.display()))?;
        let asset = Asset { name: named.to_owned(), origin: beside.display().to_string(), bytes };
        return Ok(Policy::load_in(&asset, languages)?);
    }
    let name = named.strip_prefix("rules/").unwrap_or(named);
    let asset = rules.iter().find(|asset| asset.name == name);
    Ok(Policy::load_in(asset.with_context(|| format!("the policy file {named} does not exist"))?, languages)?)
}

/// Opens the store for a command while no daemon runs.
///
/// # Errors
/// When it cannot be opened. And when opening it found it damaged or rolled back: the command stops and says what
/// happened, for no daemon is there to raise the alarm; asked again, it works on what is there now.
pub fn store_without_daemon(config: &Config) -> anyhow::Result<SledStore> {
    let opened = SledStore::open(&config.data_dir, &store_settings(config), Arc::new(SystemIds));
    let (store, loss) = opened.with_context(|| format!("cannot open the store in {}", config.data_dir.display()))?;
    match loss {
        None => Ok(store),
        Some(loss) => bail!("{loss} Nothing else was done; give the command again to go on with this store"),
    }
}

/// How the store runs.
pub fn store_settings(config: &Config) -> SledSettings {
    SledSettings {
        witness: config.state_witness.clone(),
        backups: config.backup_dir.clone(),
        keep_backups: config.backup_keep,
        ..SledSettings::default()
    }
}

/// Who is told of accepted refunds, when somebody is.
pub fn refunds(config: &Config) -> Option<Arc<dyn Refunds>> {
    Some(match config.refunds.as_ref()? {
        RefundsTo::Webhook { url, secret, ca_file } => {
            Arc::new(WebhookRefunds::new(url.clone(), secret.clone(), Tls::new(ca_file.clone())))
        }
        RefundsTo::Command(program, arguments) => Arc::new(CommandRefunds::new(program.clone(), arguments.clone())),
    })
}

/// The shop's order source, when one is configured; nothing is read or asked yet.
pub fn orders(config: &Config) -> Option<Arc<dyn Orders>> {
    config.orders.as_ref().map(|orders| match orders {
        config::Orders::Csv(settings) => Arc::new(CsvOrders::new(settings.clone())) as Arc<dyn Orders>,
        config::Orders::Http(settings) => Arc::new(HttpOrders::new(settings.as_ref().clone())) as Arc<dyn Orders>,
    })
}

/// One mailbox's adapters.
pub struct Mailroom {
    /// Folders to watch, the inbox first.
    pub sources: Vec<Arc<dyn MailSource>>,
    /// Filing and marking; `None` where the source offers nothing of it.
    pub actions: Option<Arc<dyn MailboxActions>>,
    /// Where mail leaves.
    pub mailer: Arc<dyn Mailer>,
}

/// Builds the adapters of one mailbox; nothing is connected yet.
pub fn mailroom(mailbox: &Mailbox) -> Mailroom {
    let folder = |role| Folder { mailbox: mailbox.name.clone(), role };
    let mailer: Arc<dyn Mailer> = match &mailbox.outgoing {
        Outgoing::Smtp(server, _) => Arc::new(SmtpMailer::new(smtp_settings(server, mailbox))),
        Outgoing::Folder(path) => Arc::new(OutboxDir::new(path)),
    };
    match &mailbox.source {
        Source::Imap(server, folders) => {
            let settings = Arc::new(imap_settings(server, folders, mailbox));
            let mut roles = vec![FolderRole::Inbox, FolderRole::Sent];
            roles.extend(folders.junk_folder.as_ref().map(|_| FolderRole::Junk));
            let source = |role| Arc::new(ImapSource::new(Arc::clone(&settings), folder(role))) as Arc<dyn MailSource>;
            let sources = roles.into_iter().map(source).collect();
            Mailroom { sources, actions: Some(Arc::new(ImapActions::new(settings))), mailer }
        }
        Source::Maildir { path, sent_path } => {
            let days = u32::from(mailbox.history_days);
            let source = |path: &PathBuf, role| {
                Arc::new(MaildirSource::new(MaildirSettings::new(path, days), folder(role))) as Arc<dyn MailSource>
            };
            let mut sources = vec![source(path, FolderRole::Inbox)];
            sources.extend(sent_path.as_ref().map(|sent| source(sent, FolderRole::Sent)));
            let actions = sent_path.as_ref().map(|sent| Arc::new(MaildirActions::new(sent)) as Arc<dyn MailboxActions>);
            Mailroom { sources, actions, mailer }
        }
    }
}

/// Settings of an IMAP account.
pub fn imap_settings(server: &Server, folders: &ImapFolders, mailbox: &Mailbox) -> ImapSettings {
    let username = server.username.clone().unwrap_or_default();
    let sign_in = server.sign_in.clone().unwrap_or_else(|| Secret::Given(String::new()).into());
    ImapSettings {
        ca_file: server.ca_file.clone(),
        folders: FolderNames {
            inbox: folders.folder.clone(),
            junk: folders.junk_folder.clone(),
            sent: folders.sent_folder.clone(),
        },
        size_cap: folders.max_message_size,
        history_days: u32::from(mailbox.history_days),
        poll_interval: folders.poll_interval,
        ..ImapSettings::new(&server.host, server.port, server.tls, username, sign_in)
    }
}

/// Settings of a submission server.
pub fn smtp_settings(server: &Server, mailbox: &Mailbox) -> SmtpSettings {
    let login = server.username.clone().zip(server.sign_in.clone());
    SmtpSettings {
        host: server.host.clone(),
        port: server.port,
        tls: server.tls,
        login: login.map(|(username, sign_in)| SmtpLogin { username, sign_in }),
        ca_file: server.ca_file.clone(),
        hello: mailbox.from.email.domain().to_owned(),
        timeouts: StageTimeouts::default(),
    }
}

/// Who answers for a mailbox.
pub fn sender(mailbox: &Mailbox) -> Sender {
    Sender {
        mailbox: mailbox.name.clone(),
        from: mailbox.from.clone(),
        envelope_sender: mailbox.envelope_sender.clone(),
        message_id_domain: None,
    }
}
