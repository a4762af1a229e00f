//! All messages on the server against the store: each is stored, given up before a person's eyes, known from another
//! place, older than the history that is imported, or still to be read. Anything else is missing.

use anyhow::bail;

use super::Findings;
use crate::adapters::identity;
use crate::adapters::imap::{ImapSettings, Place, Survey};
use crate::adapters::store::sled::SledStore;
use crate::cli::wiring;
use crate::config::{Config, Mailbox};
use crate::control::{self, Client, ClientError, Request, Response};
use crate::domain::identity::IdentityKey;
use crate::domain::position::FolderRole;
use crate::domain::{Condition, Folder, MessageKey, Position, RawMessage};
use crate::reading;

/// Names asked about at once: a question to the daemon has a limit.
const AT_ONCE: usize = 10_000;

/// Who is asked: the daemon that holds the store, or the store itself.
enum Asked {
    Daemon(Client),
    Store(Box<SledStore>),
}

impl Asked {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        match Client::connect(&config.data_dir).await {
            Ok(client) => Ok(Self::Daemon(client)),
            Err(ClientError::NoDaemon(_)) => Ok(Self::Store(Box::new(wiring::store_without_daemon(config)?))),
            Err(error) => Err(error.into()),
        }
    }

    async fn missing(
        &mut self,
        folder: &Folder,
        names: Vec<String>,
    ) -> anyhow::Result<(Vec<String>, Option<Position>)> {
        let answer = match self {
            Self::Daemon(client) => client.ask(&Request::Missing { folder: folder.clone(), names }).await?,
            Self::Store(store) => control::missing(store.as_ref(), folder, names).await.unwrap_or_else(|no| no),
        };
        match answer {
            Response::Missing { names, position } => Ok((names, position)),
            Response::Refused { why, .. } => bail!("{why}"),
            _ => bail!("the daemon answered something else: use the same version"),
        }
    }

    async fn unknown(&mut self, keys: Vec<MessageKey>) -> anyhow::Result<Vec<MessageKey>> {
        let answer = match self {
            Self::Daemon(client) => client.ask(&Request::Unknown { keys }).await?,
            Self::Store(store) => control::unknown(store.as_ref(), keys).await.unwrap_or_else(|no| no),
        };
        match answer {
            Response::Unknown { keys } => Ok(keys),
            Response::Refused { why, .. } => bail!("{why}"),
            _ => bail!("the daemon answered something else: use the same version"),
        }
    }
}

/// Compares inbox and junk folder of one mailbox.
pub(super) async fn compare(config: &Config, mailbox: &Mailbox, settings: &ImapSettings, findings: &mut Findings) {
    let junk = settings.folders.junk.as_ref().map(|_| FolderRole::Junk);
    for role in std::iter::once(FolderRole::Inbox).chain(junk) {
        let what = if role == FolderRole::Junk { "junk" } else { "inbox" };
        let name = &mailbox.name;
        let folder = Folder { mailbox: name.clone(), role };
        match folder_against_store(config, &folder, settings).await {
            Ok(Tally { all, ahead, missing }) if missing.is_empty() => {
                findings
                    .good(format!("{name}: {what}: 0 missing of {all} messages on the server ({ahead} not read yet)"));
            }
            Ok(Tally { all, missing, .. }) => findings.wrong(format!(
                "{name}: {what}: {} missing of {all} messages on the server, look at them there: UID {}",
                missing.len(),
                missing.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
            )),
            Err(error) => findings.wrong(format!("{name}: {what} cannot be compared with the store: {error:#}")),
        }
    }
}

struct Tally {
    all: usize,
    ahead: usize,
    missing: Vec<u32>,
}

async fn folder_against_store(config: &Config, folder: &Folder, settings: &ImapSettings) -> anyhow::Result<Tally> {
    let mut asked = Asked::open(config).await?;
    let mut survey = Survey::open(settings, folder.role).await?;
    let all = survey.uids.clone();
    let mut tally = Tally { all: all.len(), ahead: 0, missing: Vec::new() };
    let mut unnamed = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let names = some.iter().map(|uid| survey.name(*uid)).collect();
        let (names, position) = asked.missing(folder, names).await?;
        for uid in some.iter().filter(|uid| names.contains(&survey.name(**uid))) {
            match survey.place(position.as_ref(), *uid) {
                Some(Place::Ahead) => tally.ahead += 1,
                Some(Place::History { since }) => unnamed.push((*uid, Some(since))),
                Some(Place::Behind) => unnamed.push((*uid, None)),
                // Nothing was read yet, or the folder was renumbered since.
                None => tally.ahead += 1,
            }
        }
    }
    let Some(identity) = identity::load(&config.data_dir)? else {
        bail!("{} holds no identity.key: start the daemon once, or put the key back", config.data_dir.display());
    };
    let uids: Vec<u32> = unnamed.iter().map(|(uid, _)| *uid).collect();
    let messages = survey.messages(&uids).await?;
    for (uid, since) in unnamed {
        // One that is gone by now is nobody's to miss.
        let Some(raw) = messages.get(&uid) else { continue };
        let day = raw.arrived_at.to_zoned(jiff::tz::TimeZone::UTC).date();
        if since.is_some_and(|since| day <= since) {
            continue;
        }
        if !asked.unknown(vec![key_of(raw, &identity)]).await?.is_empty() {
            tally.missing.push(uid);
        }
    }
    survey.close().await;
    Ok(tally)
}

fn key_of(raw: &RawMessage, identity: &IdentityKey) -> MessageKey {
    let message = reading::read(raw);
    match message.condition {
        Condition::Unreadable(_) => MessageKey::of_unreadable(&raw.bytes, identity),
        _ => MessageKey::of(&message, identity),
    }
}
