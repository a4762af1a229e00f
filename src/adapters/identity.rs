//! `data_dir/identity.key`: the secret that message identities are computed with.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::durable;
use crate::domain::identity::IdentityKey;

const NAME: &str = "identity.key";

/// Whether the secret is there.
pub fn exists(data_dir: &Path) -> bool {
    data_dir.join(NAME).exists()
}

/// Reads the secret, or makes one of 32 random bytes, mode 0600. A new one is for a new store (`store_is_new`): beside
/// messages that were stored under another, each of them would look like one never seen.
///
/// # Errors
/// As [`load`], when the file cannot be written, and when it is missing beside a store that is not new.
pub fn load_or_create(data_dir: &Path, store_is_new: bool) -> anyhow::Result<IdentityKey> {
    match load(data_dir)? {
        Some(key) => Ok(key),
        None if store_is_new => create(data_dir),
        None => bail!(
            "{} is missing, and without it no stored message is recognised when it is read again: put it back from a \
             backup (there it has the same name), or begin anew by moving {} aside as a whole",
            data_dir.join(NAME).display(),
            data_dir.display()
        ),
    }
}

/// Reads the secret, if there is one.
///
/// # Errors
/// When the file cannot be read, is not 32 bytes long, or others may read it: whoever knows the secret can compute the
/// Message-ID that an acknowledgement will carry.
pub fn load(data_dir: &Path) -> anyhow::Result<Option<IdentityKey>> {
    let path = data_dir.join(NAME);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mode =
        std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others (mode {:03o}): run chmod 600 on it", path.display(), mode & 0o777);
    }
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(Some(IdentityKey::new(bytes))),
        Err(_) => bail!("{} is not 32 bytes long: restore it from a backup", path.display()),
    }
}

fn create(data_dir: &Path) -> anyhow::Result<IdentityKey> {
    let path = data_dir.join(NAME);
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the operating system gives no random numbers")?;
    durable::private_folder(data_dir).with_context(|| format!("cannot create the folder {}", data_dir.display()))?;
    match durable::write_new(data_dir, NAME, &bytes) {
        Ok(()) => Ok(IdentityKey::new(bytes)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            load(data_dir)?.with_context(|| format!("{} came and went while it was read", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_us_only() {
        let data = tempfile::tempdir().unwrap();
        let first = load_or_create(data.path(), true).unwrap();
        assert_eq!(first.bytes(), load_or_create(data.path(), false).unwrap().bytes());
        let mode = std::fs::metadata(data.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        load_or_create(data.path(), true).unwrap();
        std::fs::set_permissions(data.path().join(NAME), std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_create(data.path(), true).unwrap_err().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_missing_secret_of_a_store_in_use_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        let error = load_or_create(data.path(), false).unwrap_err().to_string();
        assert!(error.contains("identity.key is missing") && error.contains("backup"), "{error}");
        assert!(!exists(data.path()));
    }

    #[test]
    fn a_damaged_secret_is_refused_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        durable::write(data.path(), NAME, b"short").unwrap();
        assert!(load_or_create(data.path(), true).unwrap_err().to_string().contains("32 bytes"));
        assert_eq!(std::fs::read(data.path().join(NAME)).unwrap(), b"short");
    }
}
