//! All messages on the server against the store: each is stored, given up before a person's eyes, known from another
//! place, older than the history that is imported, or still to be read and young. Anything else is missing.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};

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
/// A message that was not read yet for so long is not about to be.
const UNREAD: SignedDuration = SignedDuration::from_mins(10);
/// So many of the messages not read yet are looked at, the oldest UIDs.
const LOOKED_AT: usize = 32;

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
            Ok(tally) => tell(&format!("{name}: {what}"), &tally, Timestamp::now(), findings),
            Err(error) => findings.wrong(format!("{name}: {what} cannot be compared with the store: {error:#}")),
        }
    }
}

fn tell(what: &str, tally: &Tally, now: Timestamp, findings: &mut Findings) {
    let Tally { all, ahead, missing, withheld, .. } = tally;
    let list = |uids: &[u32]| uids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    if missing.is_empty() && withheld.is_empty() {
        findings.good(format!("{what}: 0 missing of {all} messages on the server ({} not read yet)", ahead.len()));
    }
    if !missing.is_empty() {
        findings.wrong(format!(
            "{what}: {} missing of {all} messages on the server, look at them there: UID {}",
            missing.len(),
            list(missing)
        ));
    }
    if !withheld.is_empty() {
        findings.wrong(format!(
            "{what}: the server lists {} messages and does not give them, so that nobody can say whether they are \
             stored; look at them there: UID {}",
            withheld.len(),
            list(withheld)
        ));
    }
    if !tally.withheld_history.is_empty() {
        findings.note(format!(
            "{what}: of the mail from before the first start the server does not give: UID {}",
            list(&tally.withheld_history)
        ));
    }
    if let Some(since) = tally.late(now) {
        findings.wrong(format!(
            "{what}: {} messages are not read yet, one of them since {since:.0}: see whether the daemon runs and what its \
             alarms say",
            ahead.len()
        ));
    }
}

#[derive(Default)]
struct Tally {
    all: usize,
    /// Not read yet.
    ahead: Vec<u32>,
    /// When the oldest of them arrived, as far as they were looked at; `None` where nothing was ever read.
    oldest_ahead: Option<Timestamp>,
    missing: Vec<u32>,
    /// Listed by the server and not given.
    withheld: Vec<u32>,
    /// The same among what lay there before the first start, most of it left out on purpose.
    withheld_history: Vec<u32>,
}

impl Tally {
    fn late(&self, now: Timestamp) -> Option<Timestamp> {
        self.oldest_ahead.filter(|oldest| now.duration_since(*oldest) > UNREAD)
    }
}

async fn folder_against_store(config: &Config, folder: &Folder, settings: &ImapSettings) -> anyhow::Result<Tally> {
    let mut asked = Asked::open(config).await?;
    let mut survey = Survey::open(settings, folder.role).await?;
    let all = survey.uids.clone();
    let mut tally = Tally { all: all.len(), ..Tally::default() };
    let mut begun = false;
    let mut unnamed = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let names = some.iter().map(|uid| survey.name(*uid)).collect();
        let (names, position) = asked.missing(folder, names).await?;
        begun |= position.is_some();
        for uid in some.iter().filter(|uid| names.contains(&survey.name(**uid))) {
            match survey.place(position.as_ref(), *uid) {
                // Nothing was read yet, or the folder was renumbered since.
                Some(Place::Ahead) | None => tally.ahead.push(*uid),
                Some(Place::History { since }) => unnamed.push((*uid, Some(since))),
                Some(Place::Behind) => unnamed.push((*uid, None)),
            }
        }
    }
    let Some(identity) = identity::load(&config.data_dir)? else {
        bail!("{} holds no identity.key: start the daemon once, or put the key back", config.data_dir.display());
    };
    let uids: Vec<u32> = unnamed.iter().map(|(uid, _)| *uid).collect();
    let handed = survey.messages(&uids).await?;
    let is_history = |uid: &u32| unnamed.iter().any(|(known, since)| known == uid && since.is_some());
    (tally.withheld_history, tally.withheld) = handed.withheld.into_iter().partition(is_history);
    for (uid, since) in unnamed {
        // One that is gone by now is nobody's to miss.
        let Some(raw) = handed.messages.get(&uid) else { continue };
        let day = raw.arrived_at.to_zoned(jiff::tz::TimeZone::UTC).date();
        if since.is_some_and(|since| day <= since) {
            continue;
        }
        if !asked.unknown(vec![key_of(raw, &identity)]).await?.is_empty() {
            tally.missing.push(uid);
        }
    }
    if begun {
        let first = tally.ahead.get(..LOOKED_AT).unwrap_or(&tally.ahead);
        let handed = survey.messages(first).await?;
        tally.oldest_ahead = handed.messages.values().map(|raw| raw.arrived_at).min();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_bad(tally: &Tally) -> bool {
        let mut findings = Findings { bad: false };
        tell("support: inbox", tally, "2026-03-02T12:00:00Z".parse().unwrap(), &mut findings);
        findings.bad
    }

    #[test]
    fn only_what_is_known_to_be_there_is_not_missing() {
        let at = |text: &str| Some(text.parse().unwrap());
        let sound = || Tally { all: 9, ..Tally::default() };
        assert!(!is_bad(&sound()));
        assert!(is_bad(&Tally { missing: vec![3], ..sound() }));
        assert!(is_bad(&Tally { withheld: vec![3], ..sound() }), "listed, and not to be had");
        assert!(!is_bad(&Tally { withheld_history: vec![3], ..sound() }), "it is said");
        let young = Tally { ahead: vec![4], oldest_ahead: at("2026-03-02T11:50:00Z"), ..sound() };
        assert!(!is_bad(&young), "about to be read");
        assert!(is_bad(&Tally { oldest_ahead: at("2026-03-02T11:49:59Z"), ..young }), "the daemon stands still");
        assert!(!is_bad(&Tally { ahead: vec![1, 2], ..sound() }), "it was never started");
    }
}
