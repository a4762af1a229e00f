//! A program of the operator's: the notice on its standard input, the key in its environment.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::document;
use crate::ports::{RefundNotice, Refunds, RefundsError};

/// Where the program finds the key without reading the notice.
const KEY_VARIABLE: &str = "GUICHET_IDEMPOTENCY_KEY";
/// `EX_TEMPFAIL` of sysexits(3): try again later.
const TEMPORARY: i32 = 75;
/// A program that takes longer is killed, with all that it started.
const LIMIT: Duration = Duration::from_secs(60);
/// How many bytes of its standard error are kept for the operator.
const WORDS: u64 = 400;

/// Runs a program for each notice, without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRefunds {
    program: PathBuf,
    arguments: Vec<String>,
    limit: Duration,
}

impl CommandRefunds {
    /// The program and its arguments, handed over as they are.
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        Self { program, arguments, limit: LIMIT }
    }

    /// The same with another time limit than 60 s.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    fn start(&self, notice: &RefundNotice) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .env(KEY_VARIABLE, &notice.idempotency_key)
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    fn judge(&self, status: ExitStatus, words: &str) -> Result<(), RefundsError> {
        let program = self.program.display();
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        match status.code() {
            Some(0) => Ok(()),
            Some(TEMPORARY) => Err(RefundsError::Temporary(format!("{program} asked to be run again{said}"))),
            Some(code) => Err(RefundsError::Permanent(format!("{program} failed with exit status {code}{said}"))),
            // Killed from outside: what it would have said is not known.
            None => Err(RefundsError::Temporary(format!("{program} was ended by a signal ({status}){said}"))),
        }
    }
}

#[async_trait]
impl Refunds for CommandRefunds {
    async fn tell(&self, notice: &RefundNotice) -> Result<(), RefundsError> {
        let program = self.program.display();
        let document = document(notice);
        let document =
            document.map_err(|error| RefundsError::Temporary(format!("the notice cannot be written: {error}")))?;
        let mut child = self.start(notice).map_err(|error| {
            RefundsError::Permanent(format!("{program} cannot be run ({error}): look at [refunds] command"))
        })?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        match tokio::time::timeout(self.limit, finish(&mut child, &document)).await {
            Ok(Ok((status, words))) => self.judge(status, &words),
            Ok(Err(error)) => Err(RefundsError::Temporary(format!("{program} could not be waited for: {error}"))),
            Err(_) => {
                if let Some(group) = group {
                    // It may just have ended by itself.
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let seconds = self.limit.as_secs_f32();
                Err(RefundsError::Temporary(format!("{program} had not ended after {seconds} s and was killed")))
            }
        }
    }
}

/// Hands the notice over and waits for the end.
async fn finish(child: &mut Child, document: &[u8]) -> std::io::Result<(ExitStatus, String)> {
    let (input, errors) = (child.stdin.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            // A program may answer without having read all: its exit status says what it thinks of that.
            let _ = input.write_all(document).await;
        }
    };
    let ((), words, status) = tokio::join!(feed, first_words(errors), child.wait());
    Ok((status?, words))
}

/// The beginning of what is read, on one line; the rest is read and dropped, so that the writer never waits.
async fn first_words(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else { return String::new() };
    let mut kept = Vec::new();
    let _ = (&mut from).take(WORDS).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&kept);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).collect()
}
