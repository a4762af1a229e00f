//! Where a password comes from: never the configuration itself. It is read again at each connection,
//! so that a changed one counts without a restart.

use std::fmt;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{getegid, geteuid};

use super::durable;
use super::tls::ConnectError;

/// A password helper that takes longer is broken.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// As many links as Linux follows in one path.
const MOST_LINKS: usize = 40;

/// The bits of a mode that open a file to a group or to everybody; and to everybody.
const OF_GROUPS: u32 = 0o077;
const OF_EVERYBODY: u32 = 0o007;

/// A place that holds a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A file; its line end is not part of the password.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// The output of a shell command.
    Command(String),
    /// A systemd credential of the unit (`LoadCredential=`).
    Credential(String),
    /// The password itself, as typed into `guichet init`.
    Given(String),
}

impl Secret {
    /// Reads the password.
    ///
    /// # Errors
    /// [`ConnectError::Setup`] naming the place, never the password.
    pub async fn resolve(&self) -> Result<String, ConnectError> {
        let found = match self {
            Self::File(path) => read(path, OF_GROUPS).await?,
            Self::Env(name) => std::env::var(name)
                .map_err(|_| ConnectError::Setup(format!("the password's environment variable {name} is not set")))?,
            Self::Command(command) => run(command).await?,
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    ConnectError::Setup(format!(
                        "the credential {name} is not there: the unit needs LoadCredential={name}:PATH"
                    ))
                })?;
                // systemd gives it to the unit by a group or an access list of its own choice.
                read(&Path::new(&folder).join(name), OF_EVERYBODY).await?
            }
            Self::Given(password) => password.clone(),
        };
        let password = found.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(ConnectError::Setup(format!("the password from {self} is empty")));
        }
        Ok(password.to_owned())
    }

    /// Puts a new value into the place, whole or not at all (mode 0600, the owner it had). Only a file can be written.
    ///
    /// # Errors
    /// Names the place and why it cannot hold another value.
    pub async fn replace(&self, value: &str) -> Result<(), ConnectError> {
        let Self::File(path) = self else {
            return Err(ConnectError::Setup(format!("{self} cannot be written")));
        };
        let (path, bytes) = (path.clone(), value.as_bytes().to_vec());
        let written = tokio::task::spawn_blocking(move || replace_file(&path, &bytes));
        let result = written.await.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
        result.map_err(|error| ConnectError::Setup(format!("cannot write {self}: {error}")))
    }
}

fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // Behind a link the file itself; and root's `guichet check` must not take it from the daemon.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let owner = std::fs::metadata(&target).ok().map(|meta| (meta.uid(), meta.gid()));
    if let Some((uid, _)) = owner {
        links_are_trusted(path, uid)?;
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = target.file_name().and_then(|name| name.to_str()).ok_or(std::io::ErrorKind::InvalidInput)?;
    durable::write(folder, name, bytes)?;
    match owner {
        Some((uid, gid)) if std::fs::metadata(&target)?.uid() != uid => chown(&target, Some(uid), Some(gid)),
        _ => Ok(()),
    }
}

/// Root, who may write anywhere, follows a link only where its owner could write the file too: else the daemon's user
/// could have root overwrite a file of somebody else.
fn links_are_trusted(path: &Path, target_owner: u32) -> std::io::Result<()> {
    foreign_link(path, target_owner, MOST_LINKS).map_or(Ok(()), |link| {
        let told = format!("{} is a link made by another user than the file's owner", link.display());
        Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, told))
    })
}

fn foreign_link(path: &Path, target_owner: u32, left: usize) -> Option<PathBuf> {
    path.ancestors().find_map(|part| {
        let link = std::fs::symlink_metadata(part).ok().filter(|meta| meta.file_type().is_symlink())?;
        if left == 0 || (link.uid() != 0 && link.uid() != target_owner) {
            return Some(part.to_owned());
        }
        let leads_to = part.parent()?.join(std::fs::read_link(part).ok()?);
        foreign_link(&leads_to, target_owner, left - 1)
    })
}

/// `closed` are the bits of the mode that are looked at.
async fn read(path: &Path, closed: u32) -> Result<String, ConnectError> {
    // A file that is not there gives its error below.
    if let Ok(meta) = tokio::fs::metadata(path).await
        && let Some(whom) =
            open_to(meta.permissions().mode() & closed, meta.gid(), geteuid().as_raw(), getegid().as_raw())
    {
        let (shown, mode) = (path.display(), meta.permissions().mode() & 0o777);
        return Err(ConnectError::Setup(format!(
            "the password file {shown} is open to {whom} (mode {mode:03o}): run `chmod 600 {shown}`"
        )));
    }
    let read = tokio::fs::read_to_string(path).await;
    read.map_err(|error| ConnectError::Setup(format!("cannot read the password file {}: {error}", path.display())))
}

/// Who besides us may read or change a file, if so. The daemon's own group may read it, as where root keeps the file;
/// root, for whom an operator looks at it, cannot know that group.
fn open_to(mode: u32, group: u32, user: u32, own_group: u32) -> Option<&'static str> {
    if mode & 0o007 != 0 {
        return Some("everybody");
    }
    let others = mode & 0o040 != 0 && group != own_group && user != 0;
    (others || mode & 0o020 != 0).then_some("a group of users")
}

async fn run(command: &str) -> Result<String, ConnectError> {
    let setup = |what: String| ConnectError::Setup(format!("the password command `{command}` {what}"));
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_LIMIT, shell.output())
        .await
        .map_err(|_| setup(format!("gave no answer in {} s", COMMAND_LIMIT.as_secs())))?
        .map_err(|error| setup(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(setup(format!("failed ({})", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| setup("printed something that is not text".into()))
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::Credential(name) => write!(f, "the credential {name}"),
            Self::Given(_) => f.write_str("the terminal"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_end_is_no_part_of_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imap");
        std::fs::write(&path, " s3cret \r\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(Secret::File(path).resolve().await.unwrap(), " s3cret ");
        assert_eq!(Secret::Command("printf 'abc\\n'".into()).resolve().await.unwrap(), "abc");
    }

    #[tokio::test]
    async fn a_file_that_everybody_may_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imap");
        std::fs::write(&path, "s3cret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = Secret::File(path).resolve().await.unwrap_err().to_string();
        assert!(refusal.contains("chmod 600") && !refusal.contains("s3cret"), "{refusal}");
    }

    #[test]
    fn only_the_daemons_own_group_may_read_and_none_may_write() {
        let (daemon, own) = (990, 990);
        for (mode, group, wanted) in [
            (0o100_400, 0, None),
            (0o100_600, 5, None),
            (0o100_640, own, None),
            (0o100_640, 5, Some("a group of users")),
            (0o100_660, own, Some("a group of users")),
            (0o100_604, own, Some("everybody")),
        ] {
            assert_eq!(open_to(mode, group, daemon, own), wanted, "{mode:o}");
        }
        assert_eq!(open_to(0o100_640, own, 0, 0), None, "root looks at the daemon's file");
        assert_eq!(open_to(0o100_660, own, 0, 0), Some("a group of users"));
    }

    #[tokio::test]
    async fn a_file_takes_a_new_value_and_stays_private() {
        let folder = tempfile::tempdir().unwrap();
        let place = Secret::File(folder.path().join("refresh"));
        place.replace("new").await.unwrap();
        assert_eq!(place.resolve().await.unwrap(), "new");
        let refusal = Secret::Env("HOME".into()).replace("new").await.unwrap_err().to_string();
        assert!(refusal.contains("the environment variable HOME cannot be written"), "{refusal}");
        assert!(Secret::File("/nowhere/refresh".into()).replace("new").await.is_err());
    }

    #[tokio::test]
    async fn a_link_is_followed_where_its_owner_could_write_the_file_too() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (real, own) = (folder.path().join("real"), folder.path().join("own"));
        std::fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &own).unwrap();
        Secret::File(own.clone()).replace("new").await.unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        let stranger = folder.path().join("stranger");
        std::os::unix::fs::symlink(&real, &stranger).unwrap();
        std::os::unix::fs::lchown(&stranger, Some(65_534), None).unwrap();
        let behind = folder.path().join("behind");
        std::os::unix::fs::symlink(&stranger, &behind).unwrap();
        for link in [stranger, behind] {
            let refusal = Secret::File(link).replace("newer").await.unwrap_err().to_string();
            assert!(refusal.contains("is a link made by another user"), "{refusal}");
        }
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
    }

    #[tokio::test]
    async fn a_missing_secret_names_its_place() {
        let place = Secret::File("/nowhere/imap".into());
        assert!(place.resolve().await.unwrap_err().to_string().contains("/nowhere/imap"));
        assert!(Secret::Command("exit 3".into()).resolve().await.is_err());
        assert!(Secret::Command("true".into()).resolve().await.unwrap_err().to_string().contains("empty"));
        assert!(Secret::Env("GUICHET_NO_SUCH_VARIABLE".into()).resolve().await.is_err());
    }

    #[tokio::test]
    async fn what_systemd_gives_may_be_a_groups_but_not_everybodys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imap");
        std::fs::write(&path, "s3cret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o460)).unwrap();
        assert!(read(&path, OF_GROUPS).await.is_err());
        assert_eq!(read(&path, OF_EVERYBODY).await.unwrap(), "s3cret");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert!(read(&path, OF_EVERYBODY).await.is_err());
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert!(!format!("{:?}", Secret::Given("s3cret".into())).contains("s3cret"));
    }
}
