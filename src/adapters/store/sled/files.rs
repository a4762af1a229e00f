//! What is too large for the database: raw messages and long texts, compressed, as files beside it.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::key::Table;
use crate::adapters::durable;
use crate::domain::MessageKey;
use crate::failpoint;
use crate::ports::store::{StoreError, StoreResult};

/// Largest value that goes into the database: sled moves a leaf of about 128 KB to files that it never syncs,
/// and a leaf holds up to twenty values.
const LARGEST_VALUE: usize = 4000;
/// Values smaller than this are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;
/// No value or message is larger than this; more means a damaged file.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;
const LEVEL: i32 = 3;
/// A file is durable before the row that names it. One written so lately may belong to a step under way.
const UNDER_WAY: Duration = Duration::from_secs(600);

const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
const IN_FILE: u8 = 2;

/// Which of the files that no row names are removed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sweep<'a> {
    /// All: nobody else writes here.
    All,
    /// Those that rows named before, and those too old to belong to a step under way.
    Released(&'a HashSet<String>),
}

impl Sweep<'_> {
    fn takes(self, name: &str, file: &std::fs::Metadata) -> io::Result<bool> {
        let Self::Released(released) = self else { return Ok(true) };
        // A clock that was set back makes a file of the future: it waits for the next start.
        let age = SystemTime::now().duration_since(file.modified()?).unwrap_or_default();
        Ok(released.contains(name) || age > UNDER_WAY)
    }
}

/// `data_dir/texts`: content-addressed.
#[derive(Debug)]
pub(super) struct Texts {
    folder: PathBuf,
    /// Files that were found damaged.
    damaged: Mutex<BTreeSet<String>>,
}

impl Texts {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("texts");
        durable::private_folder(&folder)?;
        Ok(Self { folder, damaged: Mutex::default() })
    }

    /// Makes a database value of `bytes`; a large one is durable in its file when this returns.
    pub(super) fn encode(&self, bytes: &[u8]) -> StoreResult<Vec<u8>> {
        if bytes.len() < WORTH_COMPRESSING {
            return Ok(tagged(PLAIN, bytes));
        }
        let packed = zstd::bulk::compress(bytes, LEVEL).map_err(|error| io_error("compress a text", &error))?;
        if packed.len() < LARGEST_VALUE {
            return Ok(tagged(COMPRESSED, &packed));
        }
        let digest = Sha256::digest(bytes);
        let name = file_name(&digest);
        failpoint::pass("store.text.before");
        // One that lies there is written again as well: whole, and too young to be swept before a row names it.
        durable::write(&self.folder, &name, &packed)
            .map_err(|error| io_error(&format!("write {}", self.folder.join(&name).display()), &error))?;
        failpoint::pass("store.text.after");
        Ok(tagged(IN_FILE, &digest))
    }

    /// The bytes of a database value.
    pub(super) fn decode(&self, value: &[u8]) -> StoreResult<Vec<u8>> {
        match value.split_first() {
            Some((&PLAIN, bytes)) => Ok(bytes.to_vec()),
            Some((&COMPRESSED, packed)) => {
                unpack(packed).map_err(|error| StoreError::Permanent(format!("a stored value is damaged: {error}")))
            }
            Some((&IN_FILE, digest)) => self.read(&file_name(digest)),
            _ => Err(StoreError::Permanent("a stored value is damaged (unknown form)".into())),
        }
    }

    /// A small value as the database holds it.
    pub(super) fn plain(bytes: &[u8]) -> Vec<u8> {
        tagged(PLAIN, bytes)
    }

    /// Reads a file and compares it with its name.
    pub(super) fn check(&self, name: &str) -> StoreResult<()> {
        self.read(name).map(drop)
    }

    fn read(&self, name: &str) -> StoreResult<Vec<u8>> {
        let path = self.folder.join(name);
        let read = std::fs::read(&path).and_then(|packed| unpack(&packed)).and_then(|bytes| {
            let whole = file_name(&Sha256::digest(&bytes)) == name;
            if whole { Ok(bytes) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "wrong digest")) }
        });
        let read = read.map_err(|error| unreadable(&path, &error));
        if matches!(read, Err(StoreError::Damaged(_))) {
            self.met().insert(name.to_owned());
        }
        read
    }

    fn met(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done about each file that was found damaged and still is.
    pub(super) fn damaged(&self) -> Vec<String> {
        let met = self.met().clone();
        let mut said = Vec::new();
        for name in met {
            match self.check(&name) {
                Ok(()) => drop(self.met().remove(&name)),
                Err(error) => said.push(error.to_string()),
            }
        }
        said
    }

    /// The file that a database value points to.
    pub(super) fn named_by(value: &[u8]) -> Option<String> {
        match value.split_first() {
            Some((&IN_FILE, digest)) => Some(file_name(digest)),
            _ => None,
        }
    }

    /// Removes files that no value names; returns how many.
    pub(super) fn sweep(&self, named: &HashSet<String>, which: Sweep<'_>) -> io::Result<u64> {
        self.met().retain(|name| named.contains(name));
        sweep(&self.folder, named, which)
    }
}

/// `data_dir/raw`: raw messages by identity.
#[derive(Debug)]
pub(super) struct Raw {
    folder: PathBuf,
}

impl Raw {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("raw");
        durable::private_folder(&folder)?;
        Ok(Self { folder })
    }

    pub(super) fn name(key: MessageKey) -> String {
        format!("{}.zst", key.to_hex())
    }

    pub(super) fn keep(&self, key: MessageKey, bytes: &[u8]) -> StoreResult<()> {
        failpoint::pass("store.raw.before");
        let name = Self::name(key);
        let packed = zstd::bulk::compress(bytes, LEVEL).map_err(|error| io_error("compress a message", &error))?;
        durable::write(&self.folder, &name, &packed)
            .map_err(|error| io_error(&format!("write {}", self.folder.join(&name).display()), &error))?;
        failpoint::pass("store.raw.after");
        Ok(())
    }

    pub(super) fn read(&self, key: MessageKey) -> StoreResult<Option<Vec<u8>>> {
        let path = self.folder.join(Self::name(key));
        match std::fs::read(&path) {
            Ok(packed) => unpack(&packed).map(Some).map_err(|error| unreadable(&path, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }

    /// Messages whose bytes are kept.
    pub(super) fn kept(&self) -> io::Result<Vec<MessageKey>> {
        let mut keys = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let hex = name.to_str().and_then(|name| name.strip_suffix(".zst"));
            keys.extend(hex.and_then(|hex| MessageKey::from_hex(hex).ok()));
        }
        Ok(keys)
    }

    /// Removes the bytes of a message.
    pub(super) fn remove(&self, key: MessageKey) -> io::Result<()> {
        std::fs::remove_file(self.folder.join(Self::name(key)))
    }

    /// Reads a file whole; false when there is none.
    pub(super) fn check(&self, name: &str) -> StoreResult<bool> {
        let path = self.folder.join(name);
        match std::fs::read(&path).and_then(|packed| unpack(&packed)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }

    /// The file that belongs to the message whose row has this key.
    pub(super) fn named_by(key: &[u8]) -> Option<String> {
        let hex = key.strip_prefix(&[Table::Message as u8]).and_then(|rest| rest.get(..64));
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        hex.and_then(|hex| MessageKey::from_hex(hex).ok()).map(Self::name)
    }

    /// Removes files that no message names; returns how many.
    pub(super) fn sweep(&self, named: &HashSet<String>, which: Sweep<'_>) -> io::Result<u64> {
        sweep(&self.folder, named, which)
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(bytes.len() + 1);
    value.push(tag);
    value.extend_from_slice(bytes);
    value
}

fn file_name(digest: &[u8]) -> String {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.zst")
}

fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    // Nothing packed is something still, but nothing at all unpacks without an error.
    if packed.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty"));
    }
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::new(packed)?.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn sweep(folder: &Path, named: &HashSet<String>, which: Sweep<'_>) -> io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = name.ends_with(".zst") || name.starts_with(durable::UNFINISHED);
        if !ours || named.contains(name) {
            continue;
        }
        // A file under way gets its name while we look.
        let gone = match entry.metadata().and_then(|file| which.takes(name, &file)) {
            Ok(true) => std::fs::remove_file(entry.path()),
            Ok(false) => continue,
            Err(error) => Err(error),
        };
        match gone {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

fn io_error(step: &str, error: &io::Error) -> StoreError {
    StoreError::Temporary(format!("cannot {step}: {error}"))
}

/// Too many open files say nothing of this one; a sector that cannot be read is as good as damaged.
fn unreadable(path: &Path, error: &io::Error) -> StoreError {
    let is_damage = match error.raw_os_error() {
        Some(code) => error.kind() == io::ErrorKind::NotFound || code == rustix::io::Errno::IO.raw_os_error(),
        None => true,
    };
    if !is_damage {
        return io_error(&format!("read {}", path.display()), error);
    }
    StoreError::Damaged(format!(
        "{} is damaged ({error}): put the file of that name from a backup in its place; letters can also be read in the \
         mailbox",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that does not get smaller: digests of a counter.
    fn incompressible(bytes: usize) -> Vec<u8> {
        (0_u32..).flat_map(|n| Sha256::digest(n.to_be_bytes())).take(bytes).collect()
    }

    #[test]
    fn only_what_stays_large_goes_to_a_file() {
        let data = tempfile::tempdir().unwrap();
        let texts = Texts::open(data.path()).unwrap();
        for (bytes, in_file) in
            [(b"short".to_vec(), false), ("long ".repeat(10_000).into_bytes(), false), (incompressible(100_000), true)]
        {
            let value = texts.encode(&bytes).unwrap();
            assert!(value.len() <= LARGEST_VALUE);
            assert_eq!(Texts::named_by(&value).is_some(), in_file);
            assert_eq!(texts.decode(&value).unwrap(), bytes);
        }
    }

    #[test]
    fn sweeping_spares_what_is_named_and_what_is_not_ours() {
        let data = tempfile::tempdir().unwrap();
        let texts = Texts::open(data.path()).unwrap();
        let kept = texts.encode(&incompressible(50_000)).unwrap();
        texts.encode(&incompressible(60_000)).unwrap();
        std::fs::write(data.path().join("texts/README"), "by a person").unwrap();
        let named = HashSet::from([Texts::named_by(&kept).unwrap()]);
        assert_eq!(texts.sweep(&named, Sweep::All).unwrap(), 1);
        assert!(texts.decode(&kept).is_ok());
        assert!(data.path().join("texts/README").exists());
    }

    #[test]
    fn beside_steps_under_way_only_what_was_released_or_is_old_is_swept() {
        let data = tempfile::tempdir().unwrap();
        let texts = Texts::open(data.path()).unwrap();
        let [named, released, new, old] = [50_000, 60_000, 70_000, 80_000]
            .map(|bytes| Texts::named_by(&texts.encode(&incompressible(bytes)).unwrap()).unwrap());
        let path = |name: &str| data.path().join("texts").join(name);
        let age = |name: &str| {
            let file = std::fs::File::options().write(true).open(path(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(11 * 60)).unwrap();
        };
        age(&named);
        age(&old);
        let which = HashSet::from([released.clone(), named.clone()]);
        let swept = texts.sweep(&HashSet::from([named.clone()]), Sweep::Released(&which)).unwrap();
        assert_eq!((swept, path(&released).exists(), path(&old).exists()), (2, false, false));
        assert!(path(&named).exists() && path(&new).exists());
        age(&new);
        texts.encode(&incompressible(70_000)).unwrap();
        assert_eq!(texts.sweep(&HashSet::from([named]), Sweep::Released(&which)).unwrap(), 0, "written again just now");
    }

    #[test]
    fn a_damaged_text_is_said_not_shown() {
        let data = tempfile::tempdir().unwrap();
        let texts = Texts::open(data.path()).unwrap();
        let value = texts.encode(&incompressible(50_000)).unwrap();
        let path = data.path().join("texts").join(Texts::named_by(&value).unwrap());
        std::fs::write(&path, zstd::bulk::compress(b"other", 1).unwrap()).unwrap();
        let said = vec![texts.decode(&value).unwrap_err().to_string()];
        assert!(said[0].contains(&path.display().to_string()) && said[0].contains("from a backup"), "{said:?}");
        assert_eq!((texts.damaged(), texts.damaged()), (said.clone(), said));
        texts.encode(&incompressible(50_000)).unwrap();
        assert_eq!(texts.damaged(), Vec::<String>::new(), "it is whole again");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(texts.decode(&value), Err(StoreError::Damaged(_))));
        texts.sweep(&HashSet::new(), Sweep::All).unwrap();
        assert_eq!(texts.damaged(), Vec::<String>::new(), "no row needs it any more");
    }
}
