//! Opening: one process at a time, a version we know, a database that can be read whole; otherwise it is moved
//! aside and said so.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufReader, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use super::SledSettings;
use super::files::{Raw, Sweep, Texts};
use super::key::{Key, Table};
use super::mark::Mark;
use super::patience::Patience;
use super::restore::{Restoring, newest_aside};
use super::tx::database_error;
use super::witness::{Unwatched, Witness};
use super::{rewrite, rollback, snapshot};
use crate::adapters::durable;
use crate::ports::Ids;
use crate::ports::store::{LossNotice, StoreError, StoreResult};

/// Version of keys and rows. Raised when an older program could not read them any more.
const SCHEMA: u64 = 1;
pub(super) const FOLDER: &str = "store";
const LOCK: &str = "guichet.lock";
/// How long the database's own lock may outlive the handle of a store closed in this process.
const LINGERING: Duration = Duration::from_secs(10);

/// The store does not know all that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Where a damaged store lies now, with its texts and raw mail; `None` when this one is an older copy.
    pub moved_to: Option<PathBuf>,
    /// What was wrong.
    pub why: String,
    /// The backup that took its place, if one could be read.
    pub restored_from: Option<PathBuf>,
}

impl Loss {
    /// As it is stored.
    pub(super) fn notice(&self) -> LossNotice {
        LossNotice { at: Timestamp::now(), sentence: self.to_string() }
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = &self.why;
        match &self.moved_to {
            Some(moved) => write!(f, "The store could not be read ({why}) and was moved to {}.", moved.display())?,
            None => write!(f, "The store is older than what was done ({why}).")?,
        }
        if let Some(copy) = &self.restored_from {
            write!(f, " The backup {} took its place.", copy.display())?;
        }
        f.write_str(
            " Mail that it does not know is not acknowledged: what came since waits in the queue, “from the time that \
             was lost”; older mail is listed as “maybe acknowledged”. What waited to be sent is held for a person.",
        )
    }
}

/// What opening gives.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) database: OpenDatabase,
    pub(super) texts: Texts,
    pub(super) raw: Raw,
    pub(super) loss: Option<Loss>,
}

/// An open database and what makes it durable.
pub(super) struct OpenDatabase {
    pub(super) database: sled::Db,
    pub(super) file: File,
    pub(super) mark: Mark,
    pub(super) witness: Option<Witness>,
    pub(super) unwatched: Unwatched,
    pub(super) last_change: u64,
}

/// Opens the store below `data_dir`.
pub(super) fn open(data_dir: &Path, settings: &SledSettings, ids: &dyn Ids) -> StoreResult<Opened> {
    durable::private_folder(data_dir).map_err(|error| at(data_dir, "create", &error))?;
    let lock = lock(data_dir)?;
    rewrite::settle(data_dir).map_err(|error| at(data_dir, "finish the rewriting of the store in", &error))?;
    let begun = match Restoring::under_way(data_dir)? {
        Some(restoring) => Err(restoring),
        None => open_or_give_up(data_dir, settings)?,
    };
    let restoring = match begun {
        Ok(checked) => return finish(data_dir, settings, ids, lock, checked, None),
        Err(restoring) => restoring,
    };
    let (checked, loss) = restoring.carry_out(data_dir, settings)?;
    let opened = finish(data_dir, settings, ids, lock, checked, Some(loss))?;
    Restoring::done(data_dir)?;
    Ok(opened)
}

/// The database; or what is begun where it is damaged.
fn open_or_give_up(data_dir: &Path, settings: &SledSettings) -> StoreResult<Result<Checked, Restoring>> {
    let patience = Patience::of(data_dir, settings.open_timeout);
    let settled = || Patience::settle(data_dir).map_err(|error| at(data_dir, "write", &error));
    match open_database(data_dir, &SledSettings { open_timeout: patience.limit, ..settings.clone() }) {
        Ok(checked) => settled().map(|()| Ok(checked)),
        Err(Trouble::Other(error)) => Err(error),
        Err(Trouble::Slow(_)) if !patience.is_last => {
            let sentence = patience.ran_out(data_dir).map_err(|error| at(data_dir, "write", &error))?;
            Err(StoreError::Temporary(sentence))
        }
        Err(Trouble::Slow(why) | Trouble::Broken(why)) => {
            let restoring = Restoring::begin(data_dir, why)?;
            settled().map(|()| Err(restoring))
        }
    }
}

/// Takes the lock that keeps a second process away.
fn lock(data_dir: &Path) -> StoreResult<File> {
    let path = data_dir.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| at(&path, "open", &error))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut pid = String::new();
        let _ = file.read_to_string(&mut pid);
        let pid = pid.trim().parse::<u32>().map(|pid| format!(" (pid {pid})")).unwrap_or_default();
        return Err(StoreError::Permanent(format!(
            "another guichet{pid} is using {}: stop it first, or name another data_dir",
            data_dir.display()
        )));
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|error| at(&path, "write", &error))?;
    Ok(file)
}

pub(super) enum Trouble {
    /// The database itself: move it aside.
    Broken(String),
    /// It took too long: a slow disk, or a damaged database.
    Slow(String),
    /// Something that a new database would not cure.
    Other(StoreError),
}

impl Trouble {
    /// What sled met: an error of the disk's says nothing about the database.
    fn of(error: sled::Error) -> Self {
        match error {
            error @ sled::Error::Io(_) if !is_damage(&error) => Self::Other(database_error(error)),
            other => Self::Broken(other.to_string()),
        }
    }

    /// Where nothing can be moved aside.
    pub(super) fn refused(self, sentence: impl FnOnce(String) -> String) -> StoreError {
        match self {
            Self::Broken(why) => StoreError::Permanent(sentence(why)),
            Self::Slow(why) => StoreError::Temporary(sentence(why)),
            Self::Other(error) => error,
        }
    }
}

/// A database that was read from beginning to end.
pub(super) struct Checked {
    database: sled::Db,
    pub(super) names: Names,
    pub(super) rows: u64,
    pub(super) cases: u64,
    fresh: bool,
    last_change: u64,
}

/// Opens and reads the database on a thread of its own: a damaged one makes sled panic or never return.
pub(super) fn open_database(data_dir: &Path, settings: &SledSettings) -> Result<Checked, Trouble> {
    let folder = data_dir.join(FOLDER);
    durable::private_folder(&folder).map_err(|error| Trouble::Other(at(&folder, "create", &error)))?;
    let (sender, receiver) = mpsc::channel();
    let (path, cache, data) = (folder, settings.cache_bytes, data_dir.to_owned());
    let thread = std::thread::Builder::new()
        .name("store-open".into())
        .spawn(move || {
            let _ = sender.send(open_and_read(&data, &path, cache));
        })
        .map_err(|error| Trouble::Other(StoreError::Temporary(format!("cannot start a thread: {error}"))))?;
    match receiver.recv_timeout(settings.open_timeout) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(Trouble::Slow(format!("it did not open within {} s", settings.open_timeout.as_secs())))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = thread.join().err().map(|panic| panic_text(panic.as_ref())).unwrap_or_default();
            Err(Trouble::Broken(format!("the database is damaged ({panic})")))
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it could not be read").to_owned()
}

fn open_and_read(data_dir: &Path, folder: &Path, cache_bytes: u64) -> Result<Checked, Trouble> {
    snapshot::settle(folder).map_err(|error| Trouble::Other(at(folder, "finish the snapshot in", &error)))?;
    read_through(folder).map_err(|error| Trouble::Other(at(folder, "read", &error)))?;
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None);
    let begun = Instant::now();
    let database = loop {
        match config.open() {
            Ok(database) => break database,
            Err(error) if is_lingering_lock(&error) && begun.elapsed() < LINGERING => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(Trouble::of(error)),
        }
    };
    let schema = database.get(Key::of(Table::Schema).bytes()).map_err(Trouble::of)?;
    let mut checked =
        Checked { database, names: Names::default(), rows: 0, cases: 0, fresh: schema.is_none(), last_change: 0 };
    match schema.as_deref().map(read_number) {
        Some(Some(SCHEMA)) => {}
        Some(Some(version)) if version > SCHEMA => {
            return Err(Trouble::Other(StoreError::Permanent(format!(
                "the store in {} was written by a newer guichet (schema {version}, this one knows {SCHEMA}): \
                 install that version again",
                folder.display()
            ))));
        }
        Some(_) => return Err(Trouble::Broken("its schema version cannot be read".into())),
        None if holds_files(&data_dir.join("raw")) || holds_files(&data_dir.join("texts")) => {
            return Err(Trouble::Broken("the database is empty although mail was kept beside it".into()));
        }
        None => {}
    }
    read_whole(&mut checked)?;
    let known = Mark::read(folder);
    if checked.last_change < known {
        return Err(Trouble::Broken(format!(
            "the database is damaged: it ends at change {}, but change {known} had been durable",
            checked.last_change
        )));
    }
    Ok(checked)
}

/// Reads all files to their ends. Where the disk fails now, sled would not say so: a place that cannot be read is to it
/// the end of its log, and what comes behind is cut off for good.
fn read_through(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_through(&path)?;
            continue;
        }
        match File::open(&path) {
            // An older snapshot, just replaced by the store closed before in this process.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            opened => drop(std::io::copy(&mut BufReader::with_capacity(1 << 20, opened?), &mut std::io::sink())?),
        }
    }
    Ok(())
}

fn is_lingering_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// What sled reports as an I/O error although the disk gave what it holds.
fn is_damage(error: &sled::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error, sled::Error::Io(error) if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof))
}

fn read_number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn holds_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Reads every row once: a damaged page is found now, and the files that rows name are gathered.
fn read_whole(checked: &mut Checked) -> Result<(), Trouble> {
    let last_change = Key::of(Table::LastChange).bytes();
    for row in &*checked.database {
        let (key, value) = row.map_err(Trouble::of)?;
        checked.rows += 1;
        checked.cases += u64::from(key.first() == Some(&(Table::Case as u8)));
        if key == last_change {
            let number = read_number(&value);
            checked.last_change = number.ok_or_else(|| Trouble::Broken("its last change cannot be read".into()))?;
        }
        checked.names.add(&key, &value);
    }
    Ok(())
}

/// Files that rows name.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) raw: HashSet<String>,
    pub(super) texts: HashSet<String>,
}

impl Names {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.texts.extend(Texts::named_by(value));
        self.raw.extend(Raw::named_by(key));
    }

    /// Removes files that no row names; returns how many.
    pub(super) fn sweep(&self, texts: &Texts, raw: &Raw, which: Sweep<'_>) -> std::io::Result<u64> {
        Ok(texts.sweep(&self.texts, which)? + raw.sweep(&self.raw, which)?)
    }
}

/// Files that the rows of an open database name.
pub(super) fn names(database: &sled::Db) -> StoreResult<Names> {
    let mut names = Names::default();
    for row in &**database {
        let (key, value) = row.map_err(database_error)?;
        names.add(&key, &value);
    }
    Ok(names)
}

fn finish(
    data_dir: &Path,
    settings: &SledSettings,
    ids: &dyn Ids,
    lock: File,
    checked: Checked,
    loss: Option<Loss>,
) -> StoreResult<Opened> {
    let texts = Texts::open(data_dir).map_err(|error| at(data_dir, "create a folder in", &error))?;
    let raw = Raw::open(data_dir).map_err(|error| at(data_dir, "create a folder in", &error))?;
    let folder = data_dir.join(FOLDER);
    let mut opened = open_files(&folder, checked.database.clone(), checked.last_change)?;
    if checked.fresh {
        opened.database.apply_batch(first_rows(data_dir, &texts)?).map_err(database_error)?;
        opened.database.flush().map_err(database_error)?;
        let synced = opened.file.sync_data().and_then(|()| durable::sync_folder(&folder));
        synced.map_err(|error| at(&folder, "write to", &error))?;
    } else {
        let swept = checked.names.sweep(&texts, &raw, Sweep::All).map_err(|error| at(data_dir, "sweep", &error))?;
        if swept > 0 {
            tracing::info!(files = swept, "removed files that no stored message names");
        }
    }
    close_to_others(&folder).map_err(|error| at(&folder, "set the mode of", &error))?;
    let loss = rollback::compare(&mut opened, settings, &texts, ids, loss)?;
    Ok(Opened { lock, database: opened, texts, raw, loss })
}

/// Reads a backup's database from beginning to end, and closes it.
pub(super) fn read_copy(copy: &Path, settings: &SledSettings) -> StoreResult<Checked> {
    open_database(copy, settings).map_err(|trouble| {
        trouble.refused(|why| format!("the backup in {} cannot be read back: {why}", copy.display()))
    })
}

/// What makes an open database durable.
fn open_files(folder: &Path, database: sled::Db, last_change: u64) -> StoreResult<OpenDatabase> {
    let path = folder.join("db");
    let file = File::open(&path).map_err(|error| at(&path, "open", &error))?;
    let mark = Mark::open(folder).map_err(|error| at(folder, "write to", &error))?;
    Ok(OpenDatabase { database, file, mark, witness: None, unwatched: Unwatched::default(), last_change })
}

/// Opens the database of a store that this process had open before. Nothing is moved aside: at the next start
/// that is done with more time, and said.
pub(super) fn reopen(data_dir: &Path, settings: &SledSettings) -> StoreResult<OpenDatabase> {
    let folder = data_dir.join(FOLDER);
    match open_database(data_dir, settings) {
        Ok(checked) if checked.fresh => Err(StoreError::Permanent(format!(
            "the database in {} is gone: restart guichet, and restore a backup if there is one",
            folder.display()
        ))),
        Ok(checked) => {
            close_to_others(&folder).map_err(|error| at(&folder, "set the mode of", &error))?;
            open_files(&folder, checked.database, checked.last_change)
        }
        Err(trouble) => Err(trouble.refused(|why| {
            format!(
                "the database in {} cannot be read any more ({why}): restart guichet, which moves it aside",
                folder.display()
            )
        })),
    }
}

/// What a new store holds. That another one was moved aside is seen by its folder, so that a crash between the
/// moving and this cannot hide it.
fn first_rows(data_dir: &Path, texts: &Texts) -> StoreResult<sled::Batch> {
    let mut rows = sled::Batch::default();
    rows.insert(Key::of(Table::Schema).bytes(), SCHEMA.to_string().as_bytes());
    if let Some(moved) = newest_aside(data_dir).map_err(|error| at(data_dir, "list", &error))? {
        let why = "see the log of the start before".into();
        let notice = Loss { moved_to: Some(moved), why, restored_from: None }.notice();
        let unwritable = |error| StoreError::Permanent(format!("cannot write a row: {error}"));
        let now = serde_json::to_vec(&notice.at).map_err(unwritable)?;
        rows.insert(Key::of(Table::Rebuilt).bytes(), texts.encode(&now)?);
        rows.insert(Key::of(Table::Loss).bytes(), texts.encode(&serde_json::to_vec(&notice).map_err(unwritable)?)?);
    }
    Ok(rows)
}

/// sled creates its files with the usual mode; the folder keeps others out, and so do the files.
pub(super) fn close_to_others(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

pub(super) fn at(path: &Path, step: &str, error: &std::io::Error) -> StoreError {
    StoreError::Temporary(format!("cannot {step} {}: {error}", path.display()))
}
