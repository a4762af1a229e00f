//! Floor 5: the unix socket by which commands ask the running daemon. The store has one owner, so a
//! command that needs it asks here: one JSON object a line, one answer a line.

mod client;
mod place;
mod protocol;
mod server;

pub use client::{Client, ClientError};
pub use protocol::{
    AsideDocument, CaseDocument, DraftDocument, GroupDocument, MessageDocument, OutgoingDocument, QueueDocument,
    QueueLine, Request, Response,
};
pub use server::{Control, bind, missing, serve, unknown};

use std::path::{Path, PathBuf};

/// Where the daemon of this data folder listens.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}
