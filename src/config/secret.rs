//! Where a password is found. It is read at each connection and never kept or logged.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a password is found.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The first line of a file that only its owner may read.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// The first line a command prints; run without a shell.
    Command(Vec<String>),
    /// A systemd credential (`LoadCredential=`), by name.
    Credential(String),
}

/// Why a password could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the password from {place}: {why}")]
pub struct SecretError {
    place: String,
    why: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

impl Secret {
    /// Where it is, in words that give nothing away.
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Env(name) => format!("the environment variable {name}"),
            Self::Command(words) => format!("the command {}", words.first().map_or("", String::as_str)),
            Self::Credential(name) => format!("the systemd credential {name}"),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the place is missing, empty, or a file that others may read.
    pub fn read(&self) -> Result<String, SecretError> {
        let failed = |why: String| SecretError { place: self.place(), why };
        let text = match self {
            Self::File(path) => read_private(path).map_err(failed)?,
            Self::Env(name) => std::env::var(name).map_err(|error| failed(error.to_string()))?,
            Self::Command(words) => run(words).map_err(failed)?,
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| failed("not started by systemd with LoadCredential= (CREDENTIALS_DIRECTORY is unset)".into()))?;
                read_private(&Path::new(&folder).join(name)).map_err(failed)?
            }
        };
        match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(line.to_owned()),
            _ => Err(failed("it is empty".into())),
        }
    }
}

fn read_private(path: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let mode = meta.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(format!("everybody may read it (mode {:03o}): chmod 600 it", mode & 0o777));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn run(words: &[String]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let output = Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "it printed no UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with_mode(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret\nsecond line\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn the_first_line_of_a_private_file_is_the_password() {
        let (_folder, path) = file_with_mode(0o600);
        assert_eq!(Secret::File(path).read().unwrap(), "s3cret");
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused_with_the_remedy() {
        let (_folder, path) = file_with_mode(0o644);
        let error = Secret::File(path).read().unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_command_prints_the_password() {
        let secret = Secret::Command(vec!["printf".into(), "pass\\n".into()]);
        assert_eq!(secret.read().unwrap(), "pass");
        assert!(Secret::Command(vec!["false".into()]).read().is_err());
    }

    #[test]
    fn nothing_shows_the_password_itself() {
        let (_folder, path) = file_with_mode(0o600);
        assert!(!format!("{:?}", Secret::File(path)).contains("s3cret"));
    }
}
