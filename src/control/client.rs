//! The commands' side of the socket.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::protocol::{Request, Response};
use super::socket_path;

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers.
    #[error("no daemon is running on {}: start it with `guichet run`", .0.display())]
    NoDaemon(PathBuf),
    /// The socket belongs to another user.
    #[error("the control socket {} belongs to another user: run this as the user of the daemon", .0.display())]
    Forbidden(PathBuf),
    /// It hung up in the middle.
    #[error("the daemon hung up before it answered: look at its log")]
    HungUp,
    /// Something else about the connection.
    #[error("cannot speak with the daemon: {0}")]
    Io(#[from] std::io::Error),
    /// Another version answers.
    #[error("the daemon's answer cannot be read ({0}): use the same version")]
    Unreadable(#[from] serde_json::Error),
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the daemon that owns `data_dir`.
    ///
    /// # Errors
    /// When none is running there.
    pub async fn connect(data_dir: &Path) -> Result<Self, ClientError> {
        let path = socket_path(data_dir);
        match UnixStream::connect(&path).await {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream) }),
            Err(error) => Err(match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
                    ClientError::NoDaemon(data_dir.to_owned())
                }
                std::io::ErrorKind::PermissionDenied => ClientError::Forbidden(path),
                _ => ClientError::Io(error),
            }),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When the connection breaks or another version answers.
    pub async fn ask(&mut self, request: &Request) -> Result<Response, ClientError> {
        let mut text = serde_json::to_vec(request)?;
        text.push(b'\n');
        self.stream.write_all(&text).await?;
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(ClientError::HungUp);
        }
        Ok(serde_json::from_str(&line)?)
    }
}
