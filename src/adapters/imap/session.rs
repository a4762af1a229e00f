//! One connection to one watched folder.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Problem};
use super::fetch::{ACKNOWLEDGED, Fetched, fetch, search};
use super::folder::{Selected, examine};
use super::idle::{Woken, idle};
use super::mark::Mark;
use super::memory::Memory;
use super::settings::ImapSettings;
use crate::domain::{Folder, MessageLocation, Position, RawMessage};
use crate::ports::{Arrival, Content, MailError, MailSession, Opened, Standing};

/// With so many failed messages it is the server that is in trouble: no others are asked for until
/// these came or were given up. It also bounds the stored position.
const MOST_FAILED: usize = 100;
/// So many messages with our keyword are looked at when a folder is opened.
const WITNESSES: usize = 5;
/// Routers forget silent connections after about this time.
const LONGEST_IDLE: Duration = Duration::from_secs(5 * 60);

/// See [`super::ImapSource`].
#[derive(Debug)]
pub(super) struct ImapSession {
    settings: Arc<ImapSettings>,
    folder: Folder,
    /// The folder's name in modified UTF-7.
    name: String,
    connection: Connection,
    memory: Arc<Mutex<Memory>>,
    mark: Option<Mark>,
    /// How far back a first meeting has to read.
    reach: Option<Timestamp>,
    /// UIDNEXT as told when the folder was opened, and when that was.
    told_next: Option<(u32, Instant)>,
    /// Found by the last search, not fetched yet.
    new: VecDeque<u32>,
    /// The same of history; none before the first search for it.
    history: Option<VecDeque<u32>>,
    /// A search for new mail is due once failed messages are settled.
    postponed: bool,
    /// The server answered IDLE with `NO`: not asked again on this connection.
    idle_refused: bool,
    /// Why this session cannot go on.
    broken: Option<String>,
}

impl ImapSession {
    pub(super) fn new(
        settings: Arc<ImapSettings>,
        folder: Folder,
        name: String,
        connection: Connection,
        memory: Arc<Mutex<Memory>>,
    ) -> Self {
        Self {
            settings,
            folder,
            name,
            connection,
            memory,
            mark: None,
            reach: None,
            told_next: None,
            new: VecDeque::new(),
            history: None,
            postponed: false,
            idle_refused: false,
            broken: None,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses everything once something went wrong.
    fn check_alive(&self) -> Result<(), MailError> {
        match &self.broken {
            Some(why) => Err(MailError::Temporary(why.clone())),
            None => Ok(()),
        }
    }

    fn mark(&mut self) -> Result<&mut Mark, MailError> {
        self.mark.as_mut().ok_or_else(|| MailError::Temporary("the folder was not opened".into()))
    }

    /// UIDNEXT, or what it must be: not every server tells it.
    async fn uid_next(&mut self, selected: &Selected) -> Result<u32, MailError> {
        match selected.uid_next {
            Some(next) => Ok(next),
            None => {
                let last = search(&mut self.connection, "UID *").await?.last().copied();
                Ok(last.unwrap_or_default().saturating_add(1))
            }
        }
    }

    async fn stand(&mut self, stored: Option<&Position>, selected: &Selected) -> Result<(Mark, Standing), MailError> {
        let (now, days) = (Timestamp::now(), self.settings.history_days);
        let Some(stored) = stored else {
            let next = self.uid_next(selected).await?;
            let first = Mark::first(selected.uid_validity, next, now, days);
            return Ok((self.reach.map_or(first.clone(), |to| first.reaching_back(to)), Standing::First));
        };
        let mark = Mark::parse(stored).map_err(|error| {
            MailError::Permanent(format!("the stored position of the folder {} cannot be read: {error}", self.name))
        })?;
        if mark.uid_validity == selected.uid_validity {
            return Ok((mark, Standing::Continues));
        }
        let next = self.uid_next(selected).await?;
        Ok((mark.renumbered(selected.uid_validity, next, now, days), Standing::Renumbered))
    }

    /// What is to be fetched next: new mail, then failed messages that rested, then history.
    async fn next_batch(&mut self, limit: usize) -> Result<Vec<u32>, MailError> {
        if self.mark()?.retry.len() >= MOST_FAILED {
            self.postponed |= std::mem::take(&mut self.connection.news);
            return Ok(self.rested()?.into_iter().collect());
        }
        self.connection.news |= std::mem::take(&mut self.postponed);
        if self.new.is_empty() && self.connection.news {
            self.connection.news = false;
            let unread = self.mark()?.unread();
            let found = search(&mut self.connection, &format!("UID {unread}")).await?;
            // `n:*` names the last message even when its UID is below n (RFC 3501 §6.4.8).
            let mark = self.mark()?;
            self.new = found.into_iter().filter(|uid| mark.is_unread(*uid)).collect();
        }
        if !self.new.is_empty() {
            return Ok(self.batch_of(&self.new, limit));
        }
        if let Some(uid) = self.rested()? {
            return Ok(vec![uid]);
        }
        if self.history.is_none() {
            self.history = Some(self.search_history().await?);
        }
        Ok(self.history.as_ref().map(|queue| self.batch_of(queue, limit)).unwrap_or_default())
    }

    /// The first of a queue; a message that broke a session goes alone.
    fn batch_of(&self, queue: &VecDeque<u32>, limit: usize) -> Vec<u32> {
        let memory = self.memory();
        let suspected = |uid: &u32| memory.suspects.contains(uid);
        match queue.front() {
            Some(first) if suspected(first) => vec![*first],
            _ => queue.iter().take(limit).take_while(|uid| !suspected(uid)).copied().collect(),
        }
    }

    /// A failed message whose rest is over.
    fn rested(&mut self) -> Result<Option<u32>, MailError> {
        let failed: Vec<u32> = self.mark()?.retry.keys().copied().collect();
        let now = Instant::now();
        let memory = self.memory();
        Ok(failed.into_iter().find(|uid| memory.resting.get(uid).is_none_or(|until| *until <= now)))
    }

    async fn search_history(&mut self) -> Result<VecDeque<u32>, MailError> {
        let history = self.mark()?.history.clone();
        if history.next >= history.end {
            return Ok(VecDeque::new());
        }
        let (first, last) = (history.next, history.end - 1);
        let since = history.since.strftime("%-d-%b-%Y");
        let found = search(&mut self.connection, &format!("UID {first}:{last} SINCE {since}")).await?;
        Ok(found.into_iter().filter(|uid| (first..=last).contains(uid)).collect())
    }

    async fn arrivals(&mut self, uids: &[u32]) -> Result<Vec<Arrival>, MailError> {
        let mut found = match fetch(&mut self.connection, uids, self.settings.size_cap).await {
            Ok(found) => found,
            Err(problem) => self.blame(uids, problem)?,
        };
        let done = |uid: &u32| !found.contains_key(uid);
        self.new.retain(done);
        if let Some(queue) = &mut self.history {
            queue.retain(done);
        }
        let mut arrivals = Vec::new();
        for uid in uids {
            if let Some(fetched) = found.remove(uid) {
                let fetched = self.settle_unlisted(*uid, fetched);
                arrivals.extend(self.arrival(*uid, fetched)?);
            }
        }
        Ok(arrivals)
    }

    /// The connection is gone. One message alone, suspected before or answered with what cannot be
    /// read, is the cause; of several each is suspected and will be fetched alone.
    fn blame(&mut self, uids: &[u32], problem: Problem) -> Result<BTreeMap<u32, Fetched>, MailError> {
        if let [uid] = uids {
            let unreadable = matches!(problem, Problem::Unreadable { .. });
            if !self.memory().suspects.insert(*uid) || unreadable {
                let why = problem.to_string();
                self.broken = Some(why.clone());
                return Ok(BTreeMap::from([(*uid, Fetched::Failed(why))]));
            }
        }
        self.memory().suspects.extend(uids);
        Err(problem.into())
    }

    /// A UID that only a search names: below UIDNEXT the message is broken on the server. From UIDNEXT on
    /// the server told of a message that was not there when the folder was opened; if that is long ago,
    /// the folder is opened again to hear what is true now.
    fn settle_unlisted(&mut self, uid: u32, fetched: Fetched) -> Fetched {
        let Fetched::Unlisted(why) = fetched else { return fetched };
        match self.told_next {
            Some((next, told)) if uid >= next => {
                if told.elapsed() >= self.settings.idle_renew.min(LONGEST_IDLE) {
                    self.broken = Some(why);
                }
                Fetched::Gone
            }
            _ => Fetched::Failed(why),
        }
    }

    fn arrival(&mut self, uid: u32, fetched: Fetched) -> Result<Option<Arrival>, MailError> {
        let retry_delay = self.settings.retry_delay;
        let mark = self.mark()?;
        let arrived_at = match &fetched {
            Fetched::Message { raw, .. } => raw.arrived_at,
            _ => Timestamp::MAX,
        };
        let history = mark.is_history(uid, arrived_at);
        let given_up = match &fetched {
            Fetched::Failed(_) | Fetched::Unlisted(_) => mark.fail(uid),
            Fetched::Message { .. } => {
                mark.pass(uid);
                false
            }
            Fetched::Gone => {
                mark.gone(uid);
                false
            }
        };
        let failures = mark.retry.get(&uid).copied();
        if matches!(fetched, Fetched::Message { .. }) && !history {
            // A date in the future would make all mail after a renumbering look old.
            mark.newest = mark.newest.max(arrived_at.min(Timestamp::now()));
        }
        let name = format!("{}/{uid}", mark.uid_validity);
        let position = mark.position();
        match failures {
            Some(failures) => {
                let rest = retry_delay.saturating_mul(5_u32.saturating_pow(failures.saturating_sub(1)));
                self.memory().resting.insert(uid, Instant::now() + rest);
            }
            None => self.memory().pass(uid),
        }
        let (content, marked_acknowledged, answered) = match fetched {
            Fetched::Message { raw, acknowledged, answered } => (Content::Message(raw), acknowledged, answered),
            Fetched::Failed(why) | Fetched::Unlisted(why) if given_up => (Content::Quarantined { why }, false, false),
            Fetched::Failed(why) | Fetched::Unlisted(why) => (Content::Failed { why }, false, false),
            Fetched::Gone => return Ok(None),
        };
        let location = MessageLocation { folder: self.folder.clone(), name };
        Ok(Some(Arrival { location, position, content, history, marked_acknowledged, answered }))
    }

    /// Until when to wait: no failed message rests longer than it should.
    fn wait_until(&mut self, at_most: Duration) -> Result<Instant, MailError> {
        let failed: Vec<u32> = self.mark()?.retry.keys().copied().collect();
        let memory = self.memory();
        let rested = failed.iter().filter_map(|uid| memory.resting.get(uid)).min().copied();
        let longest = Instant::now() + at_most;
        Ok(rested.map_or(longest, |rested| rested.min(longest)))
    }

    async fn sleep(&mut self, until: Instant, stop: &CancellationToken) -> Result<(), MailError> {
        let until = until.min(Instant::now() + self.settings.poll_interval);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = stop.cancelled() => return Ok(()),
        }
        Ok(self.connection.command("NOOP", "NOOP", |_| ()).await?)
    }
}

#[async_trait]
impl MailSession for ImapSession {
    fn reach_back(&mut self, to: Timestamp) {
        self.reach = Some(to);
    }

    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError> {
        let selected = examine(&mut self.connection, &self.name).await?;
        self.memory().opened(selected.uid_validity);
        self.told_next = selected.uid_next.map(|next| (next, Instant::now()));
        let (mark, standing) = self.stand(stored, &selected).await?;
        let position = mark.position();
        self.mark = Some(mark);
        self.connection.news = true;
        Ok(Opened { position, standing })
    }

    async fn acknowledged(&mut self) -> Result<Vec<RawMessage>, MailError> {
        let mark = self.mark()?;
        // After a renumbering all comes again; at a first start all is there already.
        let from = if mark.history.next < mark.history.end { 1 } else { mark.next_uid };
        let uids = match search(&mut self.connection, &format!("UID {from}:* KEYWORD {ACKNOWLEDGED}")).await {
            Ok(found) => found.into_iter().filter(|uid| *uid >= from).collect::<Vec<_>>(),
            Err(problem) if problem.is_final() => Vec::new(),
            Err(problem) => return Err(problem.into()),
        };
        // The newest: what was done last is what an older store does not know.
        let uids = &uids[uids.len().saturating_sub(WITNESSES)..];
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let found = fetch(&mut self.connection, uids, self.settings.size_cap).await?;
        let messages = found.into_values().filter_map(|fetched| match fetched {
            Fetched::Message { raw, .. } => Some(raw),
            _ => None,
        });
        Ok(messages.collect())
    }

    async fn fetch(&mut self, limit: usize) -> Result<Vec<Arrival>, MailError> {
        self.check_alive()?;
        loop {
            let uids = self.next_batch(limit).await?;
            if uids.is_empty() {
                return Ok(Vec::new());
            }
            let arrivals = self.arrivals(&uids).await?;
            if !arrivals.is_empty() {
                return Ok(arrivals);
            }
        }
    }

    async fn wait(&mut self, at_most: Duration, stop: &CancellationToken) -> Result<(), MailError> {
        self.check_alive()?;
        let until = self.wait_until(at_most)?;
        let renew = Instant::now() + self.settings.idle_renew.min(LONGEST_IDLE);
        if self.idle_refused || !self.connection.capabilities().contains("IDLE") {
            self.sleep(until, stop).await?;
        } else if idle(&mut self.connection, until.min(renew), stop).await? == Woken::Refused {
            tracing::info!(
                host = self.settings.host,
                poll_seconds = self.settings.poll_interval.as_secs(),
                "the server refuses IDLE: the folder is looked at regularly instead"
            );
            self.idle_refused = true;
            self.sleep(until, stop).await?;
        }
        // Whatever ended the wait, look: a server may have stopped to tell.
        self.connection.news = true;
        Ok(())
    }

    async fn close(self: Box<Self>) {
        if self.broken.is_none() {
            self.connection.logout().await;
        }
    }
}
