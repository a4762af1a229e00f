//! Filing our replies into a Maildir of sent mail.

use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;

use super::listing::list;
use crate::domain::{MessageId, MessageLocation};
use crate::ports::{MailError, MailboxActions};

/// How much of a message is searched for its headers, in bytes.
const HEADER_BYTES: u64 = 64 * 1024;

/// Files replies into the Maildir `sent` (created when absent). Keywords are not kept.
#[derive(Debug, Clone)]
pub struct MaildirActions {
    sent: PathBuf,
}

impl MaildirActions {
    /// Files into the Maildir at `sent`.
    pub fn new(sent: impl Into<PathBuf>) -> Self {
        Self { sent: sent.into() }
    }

    async fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, MailError> {
        let sent = self.sent.clone();
        let result = tokio::task::spawn_blocking(move || work(&sent)).await.map_err(io::Error::other);
        result.and_then(|inner| inner).map_err(|error| {
            MailError::Temporary(format!("cannot {what} in the Maildir {}: {error}", self.sent.display()))
        })
    }
}

#[async_trait]
impl MailboxActions for MaildirActions {
    async fn find_sent(&self, id: &MessageId) -> Result<bool, MailError> {
        let wanted = id.to_string();
        self.run("search", move |sent| find(sent, &wanted)).await
    }

    async fn file_sent(&self, bytes: &[u8]) -> Result<(), MailError> {
        let bytes = bytes.to_vec();
        self.run("file a sent message", move |sent| file(sent, &bytes)).await
    }

    async fn mark_acknowledged(&self, _location: &MessageLocation) -> Result<bool, MailError> {
        Ok(false)
    }
}

fn find(sent: &Path, wanted: &str) -> io::Result<bool> {
    let listing = match list(sent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    for path in listing.into_values() {
        let mut head = Vec::new();
        match std::fs::File::open(&path).and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut head)) {
            Ok(_) if has_id(&head, wanted) => return Ok(true),
            Ok(_) => {}
            // Moved or deleted by a mail client since the listing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether a Message-ID header, folded or not, names `wanted` (`<…>`).
fn has_id(head: &[u8], wanted: &str) -> bool {
    let mut in_header = false;
    for line in String::from_utf8_lossy(head).lines().take_while(|line| !line.is_empty()) {
        let folded = line.starts_with([' ', '\t']);
        if !folded {
            let name = line.split(':').next().unwrap_or_default();
            in_header = name.trim_end().eq_ignore_ascii_case("message-id");
        }
        if in_header && line.contains(wanted) {
            return true;
        }
    }
    false
}

/// Writes into `tmp/` and renames into `cur/` as seen, both durable before it returns.
fn file(sent: &Path, bytes: &[u8]) -> io::Result<()> {
    for part in ["tmp", "new", "cur"] {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(sent.join(part))?;
    }
    let name = new_name()?;
    let temporary = sent.join("tmp").join(&name);
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = out.write_all(bytes).and_then(|()| out.sync_all());
    let cur = sent.join("cur");
    let moved = written.and_then(|()| std::fs::rename(&temporary, cur.join(format!("{name}:2,S"))));
    if moved.is_err() {
        // The half-written file is worth nothing; the first error is the one to tell.
        std::fs::remove_file(&temporary).ok();
        return moved;
    }
    std::fs::File::open(cur)?.sync_all()
}

/// A name that no other delivery uses: time, process, count and random bits.
fn new_name() -> io::Result<String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = Timestamp::now();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = getrandom::u64().map_err(io::Error::other)?;
    let process = std::process::id();
    Ok(format!("{}.M{}P{process}Q{count}R{random:016x}.guichet", now.as_second(), now.subsec_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_message_id_is_found_and_a_cited_one_is_not() {
        let head = b"Subject: hello\r\nMESSAGE-ID:\r\n <reply.1@shop.example>\r\nReferences: <other@shop.example>\r\n\r\n<body@x>";
        assert!(has_id(head, "<reply.1@shop.example>"));
        assert!(!has_id(head, "<other@shop.example>"));
        assert!(!has_id(head, "<body@x>"));
    }
}
