//! One watching of a Maildir: what is new, what is history, what vanished.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::MaildirSettings;
use super::listing::{Listing, Stamp, has_flag, list};
use crate::domain::{Folder, MessageLocation, Position, RawMessage};
use crate::ports::{Arrival, Content, MailError, MailSession, Opened, Standing};

/// How often the folders' times are looked at while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How much of a message over the size cap is read, in bytes.
const PARTIAL_BYTES: u64 = 256 * 1024;
/// After so many failures a message is given up.
const FAILURES: u32 = 3;
/// A name in `Position::seen` that starts so is known but still to be imported as history. File
/// names hold no `/`, so it cannot be mistaken for one.
const HISTORY: &str = "history/";
/// `Position::mark` of every Maildir: the format of the names in `seen`.
const MARK: &str = "maildir/1";

/// See [`super::MaildirSource`].
#[derive(Debug)]
pub(super) struct MaildirSession {
    settings: MaildirSettings,
    folder: Folder,
    /// Names dealt with.
    seen: BTreeSet<String>,
    /// How far back a first meeting has to read.
    reach: Option<Timestamp>,
    /// Names to be imported as history.
    history: BTreeSet<String>,
    /// Known names that the last listing did not hold.
    missing: BTreeSet<String>,
    failures: BTreeMap<String, u32>,
    /// Names that failed since the last wait: not tried again before the next one.
    resting: BTreeSet<String>,
    /// The folders' times before the last listing.
    stamp: Option<Stamp>,
}

/// A message about to be read.
struct Candidate {
    name: String,
    path: PathBuf,
    arrived_at: Timestamp,
}

impl MaildirSession {
    pub(super) fn new(settings: MaildirSettings, folder: Folder) -> Self {
        Self {
            settings,
            folder,
            seen: BTreeSet::new(),
            reach: None,
            history: BTreeSet::new(),
            missing: BTreeSet::new(),
            failures: BTreeMap::new(),
            resting: BTreeSet::new(),
            stamp: None,
        }
    }

    async fn listing(&mut self) -> Result<Listing, MailError> {
        let path = self.settings.path.clone();
        let (stamp, listing) = blocking(&self.settings.path, move || Ok((Stamp::of(&path)?, list(&path)?))).await?;
        self.stamp = Some(stamp);
        Ok(listing)
    }

    /// First start: everything present is known; what is young enough is still to be imported.
    fn first(&mut self, listing: &Listing) -> Position {
        let days = self.settings.history_days;
        let wanted = (days > 0).then(|| Timestamp::now() - SignedDuration::from_hours(24 * i64::from(days)));
        let oldest = [wanted, self.reach].into_iter().flatten().min();
        for (name, path) in listing {
            if oldest.is_some_and(|oldest| arrival_time(path).is_ok_and(|time| time >= oldest)) {
                self.history.insert(name.clone());
            } else {
                self.seen.insert(name.clone());
            }
        }
        let pending = self.history.iter().map(|name| format!("{HISTORY}{name}"));
        let seen = self.seen.iter().cloned().chain(pending).collect();
        Position { mark: MARK.to_owned(), seen, forgotten: BTreeSet::new() }
    }

    fn resume(&mut self, stored: &Position) {
        for name in &stored.seen {
            match name.strip_prefix(HISTORY) {
                Some(pending) => self.history.insert(pending.to_owned()),
                None => self.seen.insert(name.clone()),
            };
        }
    }

    /// Known names that are gone. A name has to be missing twice, because a listing may pass over
    /// a file that is being renamed at that moment.
    fn vanished(&mut self, listing: &Listing) -> BTreeSet<String> {
        let gone = |name: &&String| !listing.contains_key(*name);
        let absent: BTreeSet<String> = self.seen.iter().chain(&self.history).filter(gone).cloned().collect();
        let twice = absent.intersection(&self.missing).cloned().collect();
        self.missing = absent;
        twice
    }

    /// Drops names, and says how the store knows them.
    fn forget(&mut self, names: BTreeSet<String>) -> BTreeSet<String> {
        let mut forgotten = BTreeSet::new();
        for name in names {
            self.missing.remove(&name);
            self.failures.remove(&name);
            if self.history.remove(&name) {
                forgotten.insert(format!("{HISTORY}{name}"));
            }
            if self.seen.remove(&name) {
                forgotten.insert(name);
            }
        }
        forgotten
    }

    /// What is to be read next, oldest first, new before history.
    async fn candidates(&self, listing: Listing, limit: usize) -> Result<Vec<Candidate>, MailError> {
        let waiting: Vec<(bool, String, PathBuf)> = listing
            .into_iter()
            .filter(|(name, _)| !self.seen.contains(name) && !self.resting.contains(name))
            .map(|(name, path)| (self.history.contains(&name), name, path))
            .collect();
        blocking(&self.settings.path, move || {
            let mut found: Vec<(bool, Timestamp, String, PathBuf)> = Vec::new();
            for (history, name, path) in waiting {
                match arrival_time(&path) {
                    Ok(arrived_at) => found.push((history, arrived_at, name, path)),
                    // It was moved since the listing and is met again under its new name.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    // Reading it will fail too, and say why.
                    Err(_) => found.push((history, Timestamp::now(), name, path)),
                }
            }
            found.sort();
            found.truncate(limit);
            let candidate = |(_, arrived_at, name, path)| Candidate { name, path, arrived_at };
            Ok(found.into_iter().map(candidate).collect())
        })
        .await
    }

    /// One message as an arrival; nothing when it was moved at this moment.
    async fn arrival(&mut self, candidate: Candidate) -> Result<Option<Arrival>, MailError> {
        let Candidate { name, path, arrived_at } = candidate;
        let (file, cap) = (path.clone(), self.settings.size_cap);
        let content = match tokio::task::spawn_blocking(move || read(&file, cap)).await {
            Ok(Ok((bytes, partial))) => Content::Message(RawMessage { bytes, arrived_at, partial }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(Err(error)) => self.failed(&name, format!("cannot read {}: {error}", path.display())),
            Err(error) => return Err(MailError::Temporary(format!("reading {} stopped: {error}", path.display()))),
        };
        let history = self.history.contains(&name);
        let mut position = Position { mark: MARK.to_owned(), ..Position::default() };
        if !matches!(content, Content::Failed { .. }) {
            self.failures.remove(&name);
            self.seen.insert(name.clone());
            position.seen.insert(name.clone());
            if self.history.remove(&name) {
                position.forgotten.insert(format!("{HISTORY}{name}"));
            }
        }
        Ok(Some(Arrival {
            location: MessageLocation { folder: self.folder.clone(), name },
            position,
            content,
            history,
            marked_acknowledged: false,
            answered: has_flag(&path, 'R'),
        }))
    }

    fn failed(&mut self, name: &str, why: String) -> Content {
        let failures = self.failures.entry(name.to_owned()).or_default();
        *failures += 1;
        if *failures >= FAILURES {
            return Content::Quarantined { why };
        }
        self.resting.insert(name.to_owned());
        Content::Failed { why }
    }

    /// Whether the folders may hold something that the last listing did not.
    async fn has_changed(&self) -> Result<bool, MailError> {
        let path = self.settings.path.clone();
        let stamp = blocking(&self.settings.path, move || Stamp::of(&path)).await?;
        Ok(self.stamp != Some(stamp))
    }
}

#[async_trait]
impl MailSession for MaildirSession {
    fn reach_back(&mut self, to: Timestamp) {
        self.reach = Some(to);
    }

    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError> {
        match stored {
            Some(stored) => {
                self.resume(stored);
                Ok(Opened { position: stored.clone(), standing: Standing::Continues })
            }
            None => {
                let listing = self.listing().await?;
                Ok(Opened { position: self.first(&listing), standing: Standing::First })
            }
        }
    }

    async fn fetch(&mut self, limit: usize) -> Result<Vec<Arrival>, MailError> {
        let listing = self.listing().await?;
        let vanished = self.vanished(&listing);
        let mut arrivals = Vec::new();
        for candidate in self.candidates(listing, limit).await? {
            arrivals.extend(self.arrival(candidate).await?);
        }
        // Without a message to carry them the names wait for one.
        if let Some(first) = arrivals.first_mut() {
            first.position.forgotten.extend(self.forget(vanished));
        }
        Ok(arrivals)
    }

    async fn wait(&mut self, at_most: Duration, stop: &CancellationToken) -> Result<(), MailError> {
        let deadline = tokio::time::Instant::now() + at_most;
        // A change in the same moment as the last listing leaves no other time on the folder.
        let mut unsettled = self.stamp.is_none_or(|stamp| !stamp.is_settled());
        loop {
            if self.has_changed().await? || tokio::time::Instant::now() >= deadline {
                break;
            }
            if unsettled && self.stamp.is_some_and(Stamp::is_settled) {
                unsettled = false;
                let path = self.settings.path.clone();
                let now = blocking(&self.settings.path, move || list(&path)).await?;
                if now.keys().any(|name| !self.seen.contains(name) && !self.resting.contains(name)) {
                    break;
                }
            }
            let next = deadline.min(tokio::time::Instant::now() + LOOK_EVERY);
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = stop.cancelled() => break,
            }
        }
        self.resting.clear();
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    maildir: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MailError> {
    let told = |error: &dyn std::fmt::Display| {
        MailError::Temporary(format!("cannot read the Maildir {}: {error}", maildir.display()))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| told(&error)),
        Err(error) => Err(told(&error)),
    }
}

/// When the file was delivered: a rename keeps its time.
fn arrival_time(path: &Path) -> io::Result<Timestamp> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)
}

/// The file's bytes, and whether only its beginning was read.
fn read(path: &Path, cap: u64) -> io::Result<(Vec<u8>, bool)> {
    let file = std::fs::File::open(path)?;
    let partial = file.metadata()?.len() > cap;
    let mut bytes = Vec::new();
    file.take(if partial { PARTIAL_BYTES.min(cap) } else { cap }).read_to_end(&mut bytes)?;
    Ok((bytes, partial))
}
