//! The reviewers as one small file beside the store: `reviewers.json`, readable by its owner only.
//!
//! It is read afresh for each question, so that `guichet reviewer add` and `remove` take effect in
//! the running daemon at once.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context as _, bail, ensure};
use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::durable;
use crate::ports::{Reviewer, Reviewers, ReviewersError};

/// Shorter passwords are refused.
pub const MIN_PASSWORD_CHARS: usize = 10;
/// Longer ones too: hashing must stay cheap to refuse.
const MAX_PASSWORD_BYTES: usize = 1024;

/// A hash that no password matches in practice; verified when the name is unknown, for the time it costs.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("a reviewer who does not exist").ok());

/// `data_dir/reviewers.json`.
#[derive(Debug, Clone)]
pub struct ReviewersFile {
    path: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    name: String,
    display_name: String,
    argon2id: String,
    created: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    schema: u32,
    reviewers: Vec<Entry>,
}

impl Entry {
    fn reviewer(&self) -> Reviewer {
        Reviewer { name: self.name.clone(), display_name: self.display_name.clone(), since: self.created }
    }
}

impl ReviewersFile {
    /// The file in `data_dir`; it need not exist yet.
    pub fn in_folder(data_dir: &Path) -> Self {
        Self { path: data_dir.join("reviewers.json") }
    }

    /// Adds a reviewer, or gives a known one a new password and display name.
    ///
    /// # Errors
    /// When the name or password is unfit, or the file cannot be read or written.
    pub fn add(&self, name: &str, display_name: &str, password: &str, now: Timestamp) -> anyhow::Result<()> {
        check_name(name)?;
        let display_name = display_name.trim();
        ensure!(!display_name.is_empty(), "the display name is empty: customers read it under each reply");
        ensure!(!display_name.chars().any(char::is_control), "the display name holds control characters");
        ensure!(
            password.chars().count() >= MIN_PASSWORD_CHARS && password.len() <= MAX_PASSWORD_BYTES,
            "the password must have at least {MIN_PASSWORD_CHARS} characters (and at most {MAX_PASSWORD_BYTES} bytes)"
        );
        let mut entries = self.entries()?;
        let entry = Entry {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            argon2id: hash(password)?,
            created: now,
        };
        entries.retain(|other| other.name != name);
        entries.push(entry);
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        self.write(entries)
    }

    /// Removes a reviewer; sessions under that name end with the next request.
    ///
    /// # Errors
    /// When nobody has that name, or the file cannot be read or written.
    pub fn remove(&self, name: &str) -> anyhow::Result<()> {
        let mut entries = self.entries()?;
        let before = entries.len();
        entries.retain(|entry| entry.name != name);
        ensure!(entries.len() < before, "there is no reviewer named “{name}”");
        self.write(entries)
    }

    /// All reviewers, by name.
    ///
    /// # Errors
    /// When the file exists and cannot be read, or others can read it.
    pub fn list(&self) -> anyhow::Result<Vec<Reviewer>> {
        Ok(self.entries()?.iter().map(Entry::reviewer).collect())
    }

    /// See [`Reviewers::verify`]; blocks for the time of one hash.
    ///
    /// # Errors
    /// When the file exists and cannot be read, or others can read it.
    pub fn check(&self, name: &str, password: &str) -> anyhow::Result<Option<Reviewer>> {
        let entries = self.entries()?;
        let known = entries.iter().find(|entry| entry.name == name);
        let stored = known.map(|entry| entry.argon2id.as_str()).or(NOBODY.as_deref()).unwrap_or_default();
        let right = password.len() <= MAX_PASSWORD_BYTES
            && PasswordHash::new(stored)
                .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok());
        Ok(known.filter(|_| right).map(Entry::reviewer))
    }

    fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let shown = self.path.display();
        let meta = match std::fs::metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            bail!("{shown} holds password hashes and others may read it (mode {mode:03o}): run `chmod 600 {shown}`");
        }
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("cannot read {shown}"))?;
        let content: Content =
            serde_json::from_str(&text).with_context(|| format!("{shown} is not a list of reviewers"))?;
        ensure!(content.schema == 1, "{shown} was written by a newer version (schema {})", content.schema);
        Ok(content.reviewers)
    }

    /// Temporary file, fsync, rename, fsync of the folder: a crash leaves the old list or the new one.
    ///
    /// The file belongs to whom the folder belongs to: `sudo guichet reviewer add` must not lock the
    /// daemon, which runs under an account of its own, out of it.
    fn write(&self, reviewers: Vec<Entry>) -> anyhow::Result<()> {
        let shown = self.path.display();
        let folder = self.path.parent().context("the reviewers' file has no folder")?;
        durable::private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let text = serde_json::to_string_pretty(&Content { schema: 1, reviewers })?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".reviewers-");
        let mut file = builder
            .make_in(folder, |path| std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path))
            .with_context(|| format!("cannot write in {}", folder.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write {shown}"))?;
        give_to_owner_of(folder, file.as_file())
            .with_context(|| format!("cannot give {shown} to the owner of {}", folder.display()))?;
        file.as_file().sync_all().with_context(|| format!("cannot write {shown}"))?;
        file.persist(&self.path).with_context(|| format!("cannot write {shown}"))?;
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot write in {}", folder.display()))
    }
}

fn give_to_owner_of(folder: &Path, file: &std::fs::File) -> std::io::Result<()> {
    let (wanted, found) = (std::fs::metadata(folder)?, file.metadata()?);
    if wanted.uid() == found.uid() {
        return Ok(());
    }
    fchown(file, Some(wanted.uid()), Some(wanted.gid()))
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@');
    ensure!(
        (1..=64).contains(&name.len()) && name.chars().all(good),
        "a sign-in name has 1 to 64 of: small letters a to z, digits, . _ - @ (not “{}”)",
        name.chars().take(64).collect::<String>().escape_debug()
    );
    Ok(())
}

fn hash(password: &str) -> anyhow::Result<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| anyhow::anyhow!("cannot make a salt: {error}"))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|error| anyhow::anyhow!("cannot hash the password: {error}"))?.to_string())
}

#[async_trait]
impl Reviewers for ReviewersFile {
    async fn verify(&self, name: &str, password: &str) -> Result<Option<Reviewer>, ReviewersError> {
        let (file, name, password) = (self.clone(), name.to_owned(), password.to_owned());
        blocking(move || file.check(&name, &password)).await
    }

    async fn find(&self, name: &str) -> Result<Option<Reviewer>, ReviewersError> {
        Ok(self.all().await?.into_iter().find(|reviewer| reviewer.name == name))
    }

    async fn all(&self) -> Result<Vec<Reviewer>, ReviewersError> {
        let file = self.clone();
        blocking(move || file.list()).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ReviewersError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| ReviewersError(format!("{error:#}"))),
        Err(error) => Err(ReviewersError(format!("checking the reviewers failed: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_reviewer_is_added_checked_and_removed() {
        let data = tempfile::tempdir().unwrap();
        let file = ReviewersFile::in_folder(data.path());
        assert!(file.check("ana", "correct horse").unwrap().is_none());
        file.add("ana", "Ana Müller", "correct horse", NOW).unwrap();
        assert_eq!(file.check("ana", "correct horse").unwrap().unwrap().display_name, "Ana Müller");
        assert!(file.check("ana", "wrong horse!").unwrap().is_none());
        assert!(file.check("bob", "correct horse").unwrap().is_none());
        let mode = std::fs::metadata(data.path().join("reviewers.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(data.path().join("reviewers.json")).unwrap();
        assert!(text.contains("$argon2id$") && !text.contains("horse"));
        file.remove("ana").unwrap();
        assert!(file.list().unwrap().is_empty());
        assert!(file.remove("ana").is_err());
    }

    #[test]
    fn the_file_belongs_to_the_owner_of_the_folder() {
        let data = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(data.path(), Some(61_234), Some(61_235)).unwrap();
        }
        let file = ReviewersFile::in_folder(data.path());
        let owner = || {
            let [folder, file] =
                [data.path().to_owned(), data.path().join("reviewers.json")].map(|p| std::fs::metadata(p).unwrap());
            (folder.uid(), file.uid())
        };
        file.add("ana", "Ana", "correct horse", NOW).unwrap();
        file.add("bob", "Bob", "correct horse", NOW).unwrap();
        assert_eq!(owner().0, owner().1);
        file.remove("ana").unwrap();
        assert_eq!(owner().0, owner().1);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let file = ReviewersFile::in_folder(data.path());
        file.add("ana", "Ana", "correct horse", NOW).unwrap();
        let path = data.path().join("reviewers.json");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.check("ana", "correct horse").unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn unfit_names_and_passwords_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let file = ReviewersFile::in_folder(data.path());
        for (name, shown, password) in [
            ("Ana", "Ana", "correct horse"),
            ("a\nb", "Ana", "correct horse"),
            ("ana", " ", "correct horse"),
            ("ana", "Ana", "short"),
        ] {
            assert!(file.add(name, shown, password, NOW).is_err(), "{name:?} {shown:?} {password:?}");
        }
        assert!(!data.path().join("reviewers.json").exists());
    }

    #[test]
    fn the_hash_for_unknown_names_is_a_real_one() {
        let stored = NOBODY.as_deref().unwrap();
        assert!(PasswordHash::new(stored).unwrap().algorithm.as_str() == "argon2id");
    }
}
