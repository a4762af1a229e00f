//! Opening: one process at a time, a version we know, a database that can be read whole; otherwise it is moved
//! aside and said so.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, Write as _};
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
use super::tx::database_error;
use super::witness::Witness;
use super::{backup, rewrite, rollback};
use crate::adapters::durable;
use crate::ports::Ids;
use crate::ports::store::{LossNotice, StoreError, StoreResult};

/// Version of keys and rows. Raised when an older program could not read them any more.
const SCHEMA: u64 = 1;
pub(super) const FOLDER: &str = "store";
const LOCK: &str = "guichet.lock";
/// What a store moved aside is called, before the time.
pub(super) const BROKEN: &str = "store.broken";
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
    pub(super) last_change: u64,
}

/// Opens the store below `data_dir`.
pub(super) fn open(data_dir: &Path, settings: &SledSettings, ids: &dyn Ids) -> StoreResult<Opened> {
    durable::private_folder(data_dir).map_err(|error| at(data_dir, "create", &error))?;
    let lock = lock(data_dir)?;
    rewrite::settle(data_dir).map_err(|error| at(data_dir, "finish the rewriting of the store in", &error))?;
    let folder = data_dir.join(FOLDER);
    match open_database(data_dir, &folder, settings) {
        Ok(checked) => finish(data_dir, settings, ids, lock, checked, None),
        Err(Trouble::Other(error)) => Err(error),
        Err(Trouble::Broken(why)) => {
            let mut loss = move_aside(data_dir, why)?;
            if let Some((checked, copy)) = from_backup(data_dir, &folder, settings)? {
                loss.restored_from = Some(copy);
                return finish(data_dir, settings, ids, lock, checked, Some(loss));
            }
            match open_database(data_dir, &folder, settings) {
                Ok(checked) => finish(data_dir, settings, ids, lock, checked, Some(loss)),
                Err(Trouble::Other(error)) => Err(error),
                Err(Trouble::Broken(why)) => Err(StoreError::Permanent(format!(
                    "a new store in {} cannot be used either: {why}",
                    folder.display()
                ))),
            }
        }
    }
}

/// The newest backup that can be read, in the place of a store that was moved aside.
fn from_backup(data_dir: &Path, folder: &Path, settings: &SledSettings) -> StoreResult<Option<(Checked, PathBuf)>> {
    let Some(backups) = &settings.backups else { return Ok(None) };
    for copy in backup::below(backups).unwrap_or_default() {
        backup::put_back(&copy, data_dir).map_err(|error| at(&copy, "put back", &error))?;
        match open_database(data_dir, folder, settings) {
            Ok(checked) => return Ok(Some((checked, copy))),
            Err(Trouble::Other(error)) => return Err(error),
            Err(Trouble::Broken(why)) => {
                tracing::error!(backup = %copy.display(), why, "a backup cannot be read; the one before it is tried");
                for part in backup::PARTS {
                    let _ = std::fs::remove_dir_all(data_dir.join(part));
                }
            }
        }
    }
    Ok(None)
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

enum Trouble {
    /// The database itself: move it aside.
    Broken(String),
    /// Something that a new database would not cure.
    Other(StoreError),
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
fn open_database(data_dir: &Path, folder: &Path, settings: &SledSettings) -> Result<Checked, Trouble> {
    durable::private_folder(folder).map_err(|error| Trouble::Other(at(folder, "create", &error)))?;
    let (sender, receiver) = mpsc::channel();
    let (path, cache, data) = (folder.to_owned(), settings.cache_bytes, data_dir.to_owned());
    let thread = std::thread::Builder::new()
        .name("store-open".into())
        .spawn(move || {
            let _ = sender.send(open_and_read(&data, &path, cache));
        })
        .map_err(|error| Trouble::Other(StoreError::Temporary(format!("cannot start a thread: {error}"))))?;
    match receiver.recv_timeout(settings.open_timeout) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(Trouble::Broken(format!("it did not open within {} s", settings.open_timeout.as_secs())))
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
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None);
    let begun = Instant::now();
    let database = loop {
        match config.open() {
            Ok(database) => break database,
            Err(error) if is_lingering_lock(&error) && begun.elapsed() < LINGERING => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error @ sled::Error::Io(_)) if !is_damage(&error) => return Err(Trouble::Other(database_error(error))),
            Err(error) => return Err(Trouble::Broken(error.to_string())),
        }
    };
    let schema = database.get(Key::of(Table::Schema).bytes()).map_err(|error| Trouble::Broken(error.to_string()))?;
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
        let (key, value) = row.map_err(|error| Trouble::Broken(error.to_string()))?;
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
    match open_database(copy, &copy.join(FOLDER), settings) {
        Ok(checked) => Ok(checked),
        Err(Trouble::Other(error)) => Err(error),
        Err(Trouble::Broken(why)) => {
            Err(StoreError::Permanent(format!("the backup in {} cannot be read back: {why}", copy.display())))
        }
    }
}

/// What makes an open database durable.
fn open_files(folder: &Path, database: sled::Db, last_change: u64) -> StoreResult<OpenDatabase> {
    let path = folder.join("db");
    let file = File::open(&path).map_err(|error| at(&path, "open", &error))?;
    let mark = Mark::open(folder).map_err(|error| at(folder, "write to", &error))?;
    Ok(OpenDatabase { database, file, mark, witness: None, last_change })
}

/// Opens the database of a store that this process had open before. Nothing is moved aside: at the next start
/// that is done with more time, and said.
pub(super) fn reopen(data_dir: &Path, settings: &SledSettings) -> StoreResult<OpenDatabase> {
    let folder = data_dir.join(FOLDER);
    match open_database(data_dir, &folder, settings) {
        Ok(checked) if checked.fresh => Err(StoreError::Permanent(format!(
            "the database in {} is gone: restart guichet, and restore a backup if there is one",
            folder.display()
        ))),
        Ok(checked) => {
            close_to_others(&folder).map_err(|error| at(&folder, "set the mode of", &error))?;
            open_files(&folder, checked.database, checked.last_change)
        }
        Err(Trouble::Other(error)) => Err(error),
        Err(Trouble::Broken(why)) => Err(StoreError::Permanent(format!(
            "the database in {} cannot be read any more ({why}): restart guichet, which moves it aside",
            folder.display()
        ))),
    }
}

/// What a new store holds. That another one was moved aside is seen by its folder, so that a crash between the
/// moving and this cannot hide it.
fn first_rows(data_dir: &Path, texts: &Texts) -> StoreResult<sled::Batch> {
    let mut rows = sled::Batch::default();
    rows.insert(Key::of(Table::Schema).bytes(), SCHEMA.to_string().as_bytes());
    if let Some(moved) = follows_another(data_dir).map_err(|error| at(data_dir, "list", &error))? {
        let why = "see the log of the start before".into();
        let notice = Loss { moved_to: Some(moved), why, restored_from: None }.notice();
        let unwritable = |error| StoreError::Permanent(format!("cannot write a row: {error}"));
        let now = serde_json::to_vec(&notice.at).map_err(unwritable)?;
        rows.insert(Key::of(Table::Rebuilt).bytes(), texts.encode(&now)?);
        rows.insert(Key::of(Table::Loss).bytes(), texts.encode(&serde_json::to_vec(&notice).map_err(unwritable)?)?);
    }
    Ok(rows)
}

fn follows_another(data_dir: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest: Option<PathBuf> = None;
    for entry in std::fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(BROKEN.as_bytes()) {
            newest = newest.max(Some(entry.path()));
        }
    }
    Ok(newest)
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

/// Database, texts and raw mail go together: the rows are worth nothing without the files, and the raw mail is
/// what a person may still want.
fn move_aside(data_dir: &Path, why: String) -> StoreResult<Loss> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let target = (1..)
        .map(|n| if n == 1 { format!("{BROKEN}-{stamp}") } else { format!("{BROKEN}-{stamp}-{n}") })
        .map(|name| data_dir.join(name))
        .find(|name| !name.exists())
        .unwrap_or_else(|| data_dir.join(BROKEN));
    let rename = |from: PathBuf, to: PathBuf| {
        if from.exists() { std::fs::rename(&from, to).map_err(|error| at(&from, "move aside", &error)) } else { Ok(()) }
    };
    rename(data_dir.join(FOLDER), target.clone())?;
    for beside in ["texts", "raw"] {
        rename(data_dir.join(beside), target.join(beside))?;
    }
    durable::sync_folder(data_dir).map_err(|error| at(data_dir, "write", &error))?;
    tracing::error!(moved_to = %target.display(), why, "the store could not be used and was moved aside; a new one begins");
    Ok(Loss { moved_to: Some(target), why, restored_from: None })
}

pub(super) fn at(path: &Path, step: &str, error: &std::io::Error) -> StoreError {
    StoreError::Temporary(format!("cannot {step} {}: {error}", path.display()))
}
