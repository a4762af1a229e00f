//! A mailer that writes each mail as a file into a folder: for the demo, for trying the product on a
//! real inbox without sending, and for shops whose mail leaves by other means.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::domain::Email;
use crate::ports::{Mailer, MailerError, MailerProblem, MailerSession};

/// Writes `<local part of the Message-ID>.eml` files. Writing the same mail again changes nothing.
#[derive(Debug, Clone)]
pub struct OutboxDir {
    folder: PathBuf,
}

impl OutboxDir {
    /// The folder is made when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait]
impl Mailer for OutboxDir {
    async fn connect(&self) -> Result<Box<dyn MailerSession>, MailerError> {
        let made = tokio::fs::create_dir_all(&self.folder).await;
        made.map_err(|error| problem(MailerProblem::Setup, &self.folder, &error))?;
        Ok(Box::new(Session { folder: self.folder.clone() }))
    }
}

struct Session {
    folder: PathBuf,
}

#[async_trait]
impl MailerSession for Session {
    async fn begin(&mut self, _from: Option<&Email>, to: &[Email]) -> Result<(), MailerError> {
        if to.is_empty() {
            return Err(MailerError { problem: MailerProblem::Permanent, message: "the mail has no recipient".into() });
        }
        Ok(())
    }

    async fn commit(&mut self, bytes: &[u8]) -> Result<String, MailerError> {
        let (folder, bytes) = (self.folder.clone(), bytes.to_vec());
        let task = tokio::task::spawn_blocking(move || write(&folder, &bytes));
        // The file appears whole or not at all: a failure is never a doubt.
        let written = task.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let path = written.map_err(|error| problem(MailerProblem::Temporary, &self.folder, &error))?;
        Ok(format!("250 written to {}", path.display()))
    }

    async fn close(self: Box<Self>) {}
}

fn problem(problem: MailerProblem, folder: &Path, error: &std::io::Error) -> MailerError {
    MailerError { problem, message: format!("cannot write to outbox_dir {}: {error}", folder.display()) }
}

fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let stem = file_stem(bytes);
    let mut path = folder.join(format!("{stem}.eml"));
    match std::fs::read(&path) {
        Ok(there) if there == bytes => return Ok(path),
        // Another domain's id with the same local part.
        Ok(_) => path = folder.join(format!("{stem}-{}.eml", digest(bytes))),
        Err(_) => {}
    }
    let mut file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()?;
    Ok(path)
}

/// The local part of the Message-ID, made safe as a file name; a digest when there is none.
fn file_stem(bytes: &[u8]) -> String {
    let local = message_id(bytes).and_then(|id| id.split('@').next().map(str::to_owned)).unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+') { c } else { '_' };
    let stem: String = local.chars().take(120).map(safe).collect();
    let stem = stem.trim_start_matches('.');
    if stem.is_empty() { digest(bytes) } else { stem.to_owned() }
}

fn message_id(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let header = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = header.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"))?;
    let (_, id) = line.split_once(':')?;
    Some(id.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(folder: &Path, bytes: &[u8]) -> Result<String, MailerError> {
        let mut session = OutboxDir::new(folder).connect().await?;
        session.begin(None, &[Email::parse("a@b.example").unwrap()]).await?;
        session.commit(bytes).await
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn the_same_mail_is_one_file_and_another_one_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mail = b"From: a@b.example\r\nMessage-ID:\r\n <ack.0a1b@shop.example>\r\n\r\nBonjour\r\n";
        assert!(send(&out, mail).await.unwrap().starts_with("250 written to "));
        send(&out, mail).await.unwrap();
        assert_eq!(names(&out), ["ack.0a1b.eml"]);
        assert_eq!(std::fs::read(out.join("ack.0a1b.eml")).unwrap(), mail);
        send(&out, b"Message-ID: <ack.0a1b@other.example>\r\n\r\nHello\r\n").await.unwrap();
        assert_eq!(names(&out).len(), 2);
    }

    #[tokio::test]
    async fn a_hostile_id_stays_inside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for mail in ["Message-ID: <../../etc/x@y>\r\n\r\n", "Message-ID: <.@y>\r\n\r\n", "no header at all", ""] {
            send(folder.path(), mail.as_bytes()).await.unwrap();
        }
        assert_eq!(names(folder.path()).len(), 4, "{:?}", names(folder.path()));
        assert!(names(folder.path()).iter().all(|name| !name.starts_with('.')));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_a_matter_for_a_person() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = send(&file.path().join("out"), b"x").await.unwrap_err();
        assert_eq!(error.problem, MailerProblem::Setup);
        assert!(error.message.contains("outbox_dir"));
    }
}
