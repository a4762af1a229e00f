//! The files `init` writes: never over one that exists, and all of them or none.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// Where the configuration and its passwords come to lie.
pub struct Place {
    /// The folder of all three.
    pub folder: PathBuf,
    /// The configuration.
    pub config: PathBuf,
    /// `NAME.imap.secret` beside `NAME.toml`, so that two configurations may share a folder.
    pub imap_secret: PathBuf,
    /// `NAME.smtp.secret`.
    pub smtp_secret: PathBuf,
}

impl Place {
    /// The places that belong to the configuration at `config` (an absolute path).
    ///
    /// # Errors
    /// When the path names no file.
    pub fn beside(config: PathBuf) -> anyhow::Result<Self> {
        let named = config.parent().zip(config.file_stem());
        let (folder, stem) = named.with_context(|| format!("{} is not the name of a file", config.display()))?;
        let secret = |kind: &str| {
            let mut name = stem.to_owned();
            name.push(kind);
            folder.join(name)
        };
        let [imap_secret, smtp_secret] = [secret(".imap.secret"), secret(".smtp.secret")];
        Ok(Self { folder: folder.to_owned(), imap_secret, smtp_secret, config })
    }

    /// Makes sure, before anything is asked, that the answers can be written down.
    ///
    /// # Errors
    /// When one of the files exists, or the folder cannot be made.
    pub fn prepare(&self) -> anyhow::Result<()> {
        for path in [&self.config, &self.imap_secret, &self.smtp_secret] {
            ensure!(
                path.symlink_metadata().is_err(),
                "{} exists already: move it away, or name another configuration with --config",
                path.display()
            );
        }
        if self.folder.is_dir() {
            return Ok(());
        }
        let cannot = || format!("cannot make the folder {}", self.folder.display());
        DirBuilder::new().recursive(true).mode(0o755).create(&self.folder).with_context(cannot)?;
        // The service reads the configuration under another account, whatever our umask says.
        std::fs::set_permissions(&self.folder, Permissions::from_mode(0o755)).with_context(cannot)
    }
}

/// Files just written; those that are not kept are removed again.
#[derive(Default)]
pub struct NewFiles(Vec<PathBuf>);

impl NewFiles {
    /// Writes a password, readable by its owner only.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn private(&mut self, path: &Path, password: &str) -> anyhow::Result<()> {
        self.write(path, &format!("{password}\n"), 0o600)
    }

    /// Writes a text that holds no secret, readable by everybody.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn readable(&mut self, path: &Path, text: &str) -> anyhow::Result<()> {
        self.write(path, text, 0o644)
    }

    /// All is written: nothing is removed any more.
    pub fn keep(mut self) {
        self.0.clear();
    }

    fn write(&mut self, path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", path.display());
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(path).with_context(cannot)?;
        self.0.push(path.to_owned());
        file.set_permissions(Permissions::from_mode(mode)).with_context(cannot)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            // Best effort: the error that brought us here is the one to tell.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_configurations_in_one_folder_have_passwords_of_their_own() {
        let [one, two] =
            ["/etc/guichet/guichet.toml", "/etc/guichet/spare.toml"].map(|path| Place::beside(path.into()).unwrap());
        assert_eq!(one.imap_secret, Path::new("/etc/guichet/guichet.imap.secret"));
        assert_eq!(two.smtp_secret, Path::new("/etc/guichet/spare.smtp.secret"));
        assert!(Place::beside("/".into()).is_err());
    }

    #[test]
    fn what_is_not_kept_is_gone_and_what_was_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        std::fs::write(&second, "older").unwrap();
        let mut written = NewFiles::default();
        written.private(&first, "new").unwrap();
        assert!(written.private(&second, "new").is_err());
        drop(written);
        assert!(!first.exists());
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "older");
    }

    #[test]
    fn a_password_left_by_another_run_stops_it_before_the_questions() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::beside(folder.path().join("new/guichet.toml")).unwrap();
        place.prepare().unwrap();
        assert_eq!(std::fs::metadata(&place.folder).unwrap().permissions().mode() & 0o777, 0o755);
        std::fs::write(&place.smtp_secret, "theirs").unwrap();
        assert!(place.prepare().unwrap_err().to_string().contains("guichet.smtp.secret exists already"));
    }
}
