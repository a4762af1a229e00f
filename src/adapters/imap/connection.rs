//! Commands and their answers: every command is read up to its tagged answer, and only `OK` is
//! success.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{MailboxDatum, RequestId, Response, Status};
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use crate::ports::MailError;

/// Even an answer that trickles in steadily has to end some time.
const LONGEST_ANSWER: Duration = Duration::from_secs(15 * 60);
/// A server that never comes to the tagged answer holds us no longer than this.
const LONGEST_COMMAND: Duration = Duration::from_secs(30 * 60);
/// How long we wait for the goodbye.
const LOGOUT: Duration = Duration::from_secs(5);
/// How much of an appended message is written at once, in bytes.
const APPEND_CHUNK: usize = 64 * 1024;

/// TCP, with or without TLS.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// A stream that counts what it receives, so that a slow answer can be told from none.
#[derive(Debug)]
pub(super) struct Counted {
    inner: Box<dyn Wire>,
    received: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(inner: Box<dyn Wire>) -> Self {
        Self { inner, received: Arc::default() }
    }

    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let count = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        self.received.fetch_add(count, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// What went wrong with one command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// A tagged `NO` or `BAD`: the connection goes on.
    #[error("{host} refused {command}: {text}")]
    Refused { host: String, command: String, text: String },
    /// An answer that is no IMAP we can read. What it holds is mail, so it is not repeated here.
    #[error("{host} gave an answer to {command} that cannot be read")]
    Unreadable { host: String, command: String },
    /// The link broke, the server said goodbye, or nothing came in time.
    #[error("{host} at {command}: {why}")]
    Lost { host: String, command: String, why: String },
}

impl Problem {
    /// Whether it is a refusal for good, of a message or a folder: one that does not say "not now"
    /// (RFC 5530). A server that trips over a message says SERVERBUG, so that counts. ALREADYEXISTS is Dovecot's word
    /// (2.3.19, seen in November 2026) when two links open an INBOX that did not exist yet and both try to make it.
    pub(super) fn is_final(&self) -> bool {
        let Self::Refused { text, .. } = self else { return false };
        let text = text.to_ascii_uppercase();
        !["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[ALREADYEXISTS]"].iter().any(|code| text.contains(code))
    }
}

impl From<Problem> for MailError {
    fn from(problem: Problem) -> Self {
        Self::Temporary(problem.to_string())
    }
}

/// A tagged answer.
enum Ending {
    Ok,
    Refused(String),
    Foreign,
}

/// A signed-in connection.
#[derive(Debug)]
pub(super) struct Connection {
    session: Session<Counted>,
    received: Arc<AtomicU64>,
    host: String,
    patience: Duration,
    /// In upper case, as of after signing in.
    capabilities: BTreeSet<String>,
    /// The server said that the folder holds something new since this was last cleared.
    pub(super) news: bool,
    /// Messages in the opened folder, as last told.
    exists: u32,
    goodbye: Option<String>,
}

impl Connection {
    pub(super) fn new(session: Session<Counted>, host: &str, patience: Duration) -> Self {
        let received = session.get_ref().received();
        Self {
            session,
            received,
            host: host.to_owned(),
            patience,
            capabilities: BTreeSet::new(),
            news: false,
            exists: 0,
            goodbye: None,
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn capabilities(&self) -> &BTreeSet<String> {
        &self.capabilities
    }

    /// Asks what the server can do.
    pub(super) async fn load_capabilities(&mut self) -> Result<(), Problem> {
        let mut found = BTreeSet::new();
        self.command("CAPABILITY", "CAPABILITY", |response| {
            if let Response::Capabilities(list) = response {
                found.extend(list.iter().map(capability_name));
            }
        })
        .await?;
        self.capabilities = found;
        Ok(())
    }

    /// Runs a command; `name` stands for it in messages. `take` sees every answer up to the tagged one.
    pub(super) async fn command(
        &mut self,
        name: &str,
        line: &str,
        mut take: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), Problem> {
        let tag = self.send(name, line).await?;
        self.finish_with(name, &tag, self.patience, &mut take).await
    }

    /// Writes a command line and returns its tag.
    pub(super) async fn send(&mut self, name: &str, line: &str) -> Result<RequestId, Problem> {
        if line.chars().any(char::is_control) {
            return Err(self.lost(name, "control characters in a command".into()));
        }
        match timeout(self.patience, self.session.run_command(line)).await {
            Ok(Ok(tag)) => Ok(tag),
            Ok(Err(error)) => Err(self.lost(name, format!("sending failed: {error}"))),
            Err(_) => Err(self.lost(name, "the server does not read what is sent".into())),
        }
    }

    /// Writes a line without a tag (`DONE`).
    pub(super) async fn send_untagged(&mut self, name: &str, line: &str) -> Result<(), Problem> {
        match timeout(self.patience, self.session.run_command_untagged(line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(name, format!("sending failed: {error}"))),
            Err(_) => Err(self.lost(name, "the server does not read what is sent".into())),
        }
    }

    /// Reads one answer. `patience` begins anew whenever bytes arrive. Dropping this future loses
    /// nothing: bytes of an unfinished answer stay in the connection's buffer.
    pub(super) async fn read<R>(
        &mut self,
        name: &str,
        patience: Duration,
        look: impl FnOnce(&Response<'_>) -> R + Send,
    ) -> Result<R, Problem> {
        let started = Instant::now();
        let answer = {
            // The parser panics on a few malformed answers (INTERNALDATE NIL).
            let reading = AssertUnwindSafe(self.session.read_response()).catch_unwind();
            tokio::pin!(reading);
            loop {
                let before = self.received.load(Ordering::Relaxed);
                match timeout(patience, reading.as_mut()).await {
                    Ok(answer) => break Some(answer),
                    Err(_) if self.received.load(Ordering::Relaxed) != before && started.elapsed() < LONGEST_ANSWER => {
                    }
                    Err(_) => break None,
                }
            }
        };
        match answer {
            None => Err(self.lost(name, format!("no answer in {patience:?}"))),
            Some(Ok(Ok(Some(response)))) => {
                self.observe(response.parsed());
                Ok(look(response.parsed()))
            }
            Some(Ok(Ok(None))) => Err(self.lost(name, "the server closed the connection".into())),
            // The parser's own errors carry this kind; the link's do not.
            Some(Ok(Err(error))) if error.kind() != std::io::ErrorKind::Other => {
                Err(self.lost(name, format!("the connection broke: {error}")))
            }
            Some(Ok(Err(_)) | Err(_)) => Err(Problem::Unreadable { host: self.host.clone(), command: name.to_owned() }),
        }
    }

    /// Reads up to the tagged answer of `tag`.
    pub(super) async fn finish(&mut self, name: &str, tag: &RequestId, patience: Duration) -> Result<(), Problem> {
        self.finish_with(name, tag, patience, &mut |_| ()).await
    }

    async fn finish_with(
        &mut self,
        name: &str,
        tag: &RequestId,
        patience: Duration,
        take: &mut (impl FnMut(&Response<'_>) + Send),
    ) -> Result<(), Problem> {
        let started = Instant::now();
        while started.elapsed() < LONGEST_COMMAND {
            let ended = self.read(name, patience, |response| {
                take(response);
                ending(response, tag)
            });
            if let Some(ending) = ended.await? {
                return self.judge(name, ending);
            }
        }
        Err(self.lost(name, format!("no end in {} s", LONGEST_COMMAND.as_secs())))
    }

    /// Says goodbye, as far as the server goes along.
    pub(super) async fn logout(mut self) {
        let goodbye = self.command("LOGOUT", "LOGOUT", |_| ());
        match timeout(LOGOUT, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => tracing::debug!(%problem, "the goodbye was not answered"),
            Err(_) => tracing::debug!(host = self.host, "the goodbye was not answered in time"),
        }
    }

    /// APPEND (RFC 3501 §6.3.11) with `\Seen`; `folder` is quoted already.
    pub(super) async fn append(&mut self, folder: &str, bytes: &[u8]) -> Result<(), Problem> {
        let name = "APPEND";
        let tag = self.send(name, &format!("APPEND {folder} (\\Seen) {{{}}}", bytes.len())).await?;
        loop {
            let step = self.read(name, self.patience, |response| match response {
                Response::Continue(_) => Some(None),
                other => ending(other, &tag).map(Some),
            });
            match step.await? {
                None => {}
                Some(None) => break,
                Some(Some(ending)) => {
                    self.judge(name, ending)?;
                    return Err(self.lost(name, "OK before the message was sent".into()));
                }
            }
        }
        for chunk in bytes.chunks(APPEND_CHUNK).chain([b"\r\n".as_slice()]) {
            let stream: &mut Counted = self.session.as_mut();
            let written = timeout(self.patience, async {
                stream.write_all(chunk).await?;
                stream.flush().await
            });
            match written.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(self.lost(name, format!("sending failed: {error}"))),
                Err(_) => return Err(self.lost(name, "the server does not read what is sent".into())),
            }
        }
        self.finish(name, &tag, self.patience).await
    }

    /// What an answer tells apart from the command it belongs to.
    fn observe(&mut self, response: &Response<'_>) {
        match response {
            // Some servers repeat the number without need: only another one is news.
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.news |= *count != self.exists;
                self.exists = *count;
            }
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            Response::Data { status: Status::Bye, outcome } => {
                self.goodbye = Some(outcome.information.as_deref().unwrap_or("goodbye").to_owned());
            }
            _ => {}
        }
    }

    fn judge(&self, name: &str, ending: Ending) -> Result<(), Problem> {
        match ending {
            Ending::Ok => Ok(()),
            Ending::Refused(text) => Err(Problem::Refused { host: self.host.clone(), command: name.to_owned(), text }),
            Ending::Foreign => Err(self.lost(name, "the answer belongs to another command".into())),
        }
    }

    /// A broken connection, with the server's last words when there were any.
    pub(super) fn lost(&self, name: &str, why: String) -> Problem {
        let why = match &self.goodbye {
            Some(words) => format!("the server said goodbye: {words}"),
            None => why,
        };
        Problem::Lost { host: self.host.clone(), command: name.to_owned(), why }
    }
}

fn ending(response: &Response<'_>, wanted: &RequestId) -> Option<Ending> {
    let Response::Done { tag, status, outcome } = response else { return None };
    if tag != wanted {
        return Some(Ending::Foreign);
    }
    if *status == Status::Ok {
        return Some(Ending::Ok);
    }
    let text = outcome.information.as_deref().unwrap_or("without a reason");
    let word = if *status == Status::Bad { "BAD" } else { "NO" };
    Some(Ending::Refused(format!("{word} {}", short(text))))
}

/// The server's words, short enough for a line.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn capability_name(capability: &async_imap::imap_proto::Capability<'_>) -> String {
    use async_imap::imap_proto::Capability as C;
    match capability {
        C::Imap4rev1 => "IMAP4REV1".into(),
        C::Auth(name) => format!("AUTH={}", name.to_ascii_uppercase()),
        C::Atom(name) => name.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_no_refusal_for_good() {
        for (text, is_final) in [
            ("[ALREADYEXISTS] Mailbox already exists (0.015 secs).", false),
            ("[UNAVAILABLE] down", false),
            ("[inuse] try later", false),
            ("[NONEXISTENT] no such mailbox", true),
            ("[SERVERBUG] internal error", true),
            ("not now", true),
        ] {
            let problem =
                Problem::Refused { host: "mail.example".into(), command: "EXAMINE".into(), text: text.into() };
            assert_eq!(problem.is_final(), is_final, "{text}");
        }
        assert!(!Problem::Unreadable { host: "mail.example".into(), command: "FETCH".into() }.is_final());
    }
}
