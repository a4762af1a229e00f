//! `guichet replay`: past mail through the real intake, on a store of its own that is thrown away: what would have
//! been acknowledged, to whom, and with which draft.

mod clock;
mod line;
mod mails;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use tokio::sync::Notify;

use super::{signals, wiring};
use crate::adapters::store::sled::{SledSettings, SledStore};
use crate::adapters::system::SystemIds;
use crate::config::{Config, Mailbox};
use crate::daemon::handbook::Handbooks;
use crate::daemon::intake::{Intake, IntakeSettings};
use crate::domain::identity::IdentityKey;
use crate::domain::position::{FolderRole, MessageLocation};
use crate::domain::{Folder, Position};
use crate::ports::store::Lease;
use crate::ports::{Arrival, Content, Ids as _, Store};
use clock::ReplayClock;
use line::{Line, Outcome, Tally};
use mails::Mail;

/// Runs past mail through the intake as if it were arriving: who would have been acknowledged, which draft.
///
/// Nothing is sent, and nothing is written but to a temporary folder (and a renewed refresh token of OAuth 2.0 to its
/// file). Answers that people gave are not looked at.
#[derive(Debug, Args)]
pub struct Replay {
    /// One JSON object a line instead of text.
    #[arg(long)]
    json: bool,
    /// The inbox of this configured mailbox instead of files; with files: as whose mail they are taken.
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// How far back the inbox is read.
    #[arg(long, default_value_t = 30, value_name = "N")]
    days: u16,
    /// `.eml` files, folders of them, mbox files.
    paths: Vec<PathBuf>,
}

impl Replay {
    /// Runs it; false when some input was unreadable.
    ///
    /// # Errors
    /// When the configuration is wrong or missing, the mailbox cannot be read, standard output is closed, or it was
    /// stopped by a signal.
    pub async fn run(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        let stop = signals::stop_on_signal()?;
        // Ends in good order, so that the temporary folder with its mail goes too.
        tokio::select! {
            result = self.play(config) => result,
            () = stop.cancelled() => bail!("stopped before the end"),
        }
    }

    async fn play(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        let config = wiring::config(config.as_deref())?;
        let mailbox = self.chosen(&config)?;
        let inputs = if self.paths.is_empty() {
            mails::of_mailbox(mailbox, self.days).await?
        } else {
            mails::of_files(&self.paths)
        };
        let stage = Stage::set(&config, mailbox).await?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut tally = Tally::default();
        for input in inputs {
            let line = stage.play(input).await?;
            tally.count(&line);
            if self.json { line.write_json(&mut out) } else { line.write_text(&mut out) }
                .context("cannot write to standard output")?;
        }
        if !self.json {
            tally.write(&mut out).context("cannot write to standard output")?;
        }
        out.flush().context("cannot write to standard output")?;
        Ok(tally.unreadable == 0)
    }

    fn chosen<'c>(&self, config: &'c Config) -> anyhow::Result<&'c Mailbox> {
        let names: Vec<&str> = config.mailboxes.iter().map(|mailbox| mailbox.name.as_str()).collect();
        match &self.mailbox {
            Some(name) => config
                .mailboxes
                .iter()
                .find(|mailbox| mailbox.name == *name)
                .with_context(|| format!("no mailbox is named {name}; there are: {}", names.join(", "))),
            None if self.paths.is_empty() => bail!("name files, or a mailbox with --mailbox: {}", names.join(", ")),
            None => config.mailboxes.first().context("the configuration names no mailbox"),
        }
    }
}

/// An intake on a store that nobody else has.
struct Stage {
    intake: Intake,
    store: Arc<dyn Store>,
    clock: Arc<ReplayClock>,
    lease: Lease,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(config: &Config, mailbox: &Mailbox) -> anyhow::Result<Self> {
        let loaded = wiring::load(Some(config))?;
        for warning in &loaded.warnings {
            eprintln!("guichet: {warning}");
        }
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let ids = Arc::new(SystemIds);
        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), ids.clone())
            .with_context(|| format!("cannot open a store in {}", folder.path().display()))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = Arc::new(ReplayClock::default());
        let secret = std::array::from_fn(|_| ids.bits().to_le_bytes()[0]);
        let intake = Intake {
            store: Arc::clone(&store),
            handbooks: Handbooks::new(loaded.handbook),
            identity: IdentityKey::new(secret),
            settings: IntakeSettings {
                shadow: false,
                permission: mailbox.permission.clone(),
                caps: config.caps,
                sender: wiring::sender(mailbox),
            },
            clock: clock.clone(),
            ids,
            deliver: Arc::new(Notify::new()),
            enrich: Arc::new(Notify::new()),
        };
        let lease = store.lease(&mailbox.name).await?;
        Ok(Self { intake, store, clock, lease, _folder: folder })
    }

    async fn play(&self, mail: Mail) -> anyhow::Result<Line> {
        let Mail { file, index, content } = mail;
        let raw = match content {
            Ok(raw) => raw,
            Err(why) => return Ok(Line { file, index, outcome: Err(why) }),
        };
        let at = raw.arrived_at;
        self.clock.set(at);
        let name = format!("{file}/{index}");
        let arrival = Arrival {
            location: MessageLocation {
                folder: Folder { mailbox: self.lease.mailbox.clone(), role: FolderRole::Inbox },
                name: name.clone(),
            },
            position: Position { mark: name, ..Position::default() },
            content: Content::Message(raw),
            history: false,
            marked_acknowledged: false,
            answered: false,
        };
        let taken = self.intake.take(&self.lease, arrival).await?;
        let outcome = match taken {
            Some(taken) => Ok(Box::new(Outcome::of(at, taken, self.store.as_ref()).await?)),
            None => Err("the intake gave it up".to_owned()),
        };
        Ok(Line { file, index, outcome })
    }
}
