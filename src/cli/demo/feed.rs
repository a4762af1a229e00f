//! The hand that drops sample messages into the demo's Maildir.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use include_dir::{Dir, include_dir};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

static SAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/samples");

/// While the first round comes in, a person looks on; later rounds only keep the place alive.
const FIRST_ROUND: Duration = Duration::from_millis(1500);
const LATER_ROUNDS: Duration = Duration::from_secs(20);

/// Delivers the samples one after the other, again and again, from the moment the inbox is watched.
pub async fn feed(inbox: PathBuf, watched: Vec<watch::Receiver<bool>>, stop: CancellationToken) {
    for mut mailbox in watched {
        if mailbox.wait_for(|ready| *ready).await.is_err() {
            return;
        }
    }
    for round in 0_u32.. {
        let pace = if round == 0 { FIRST_ROUND } else { LATER_ROUNDS };
        for (index, sample) in SAMPLES.files().enumerate() {
            tokio::select! {
                () = tokio::time::sleep(pace) => {}
                () = stop.cancelled() => return,
            }
            let Some(text) = sample.contents_utf8() else { continue };
            match deliver(&inbox, text, round, index) {
                Ok(()) => info!(sample = index + 1, round = round + 1, "a customer writes"),
                Err(error) => error!(%error, "a sample could not be delivered"),
            }
        }
    }
}

/// A delivery as a mail server does it: written in `tmp`, renamed into `new`.
fn deliver(inbox: &Path, text: &str, round: u32, index: usize) -> std::io::Result<()> {
    let now = Timestamp::now();
    let name = format!("{}.M{}P{round}.guichet", now.as_second(), index);
    let date = rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let id = format!("<sample.{index}.{round}.{}@customers.example>", now.as_millisecond());
    let body = if round == 0 { text.to_owned() } else { somebody_else(text, round) };
    let temporary = inbox.join("tmp").join(&name);
    let mut file = std::fs::File::create(&temporary)?;
    write!(file, "Message-ID: {id}\nDate: {date}\n{body}")?;
    file.sync_all()?;
    std::fs::rename(temporary, inbox.join("new").join(name))
}

/// In later rounds the same words come from another address, or they would join the first case.
fn somebody_else(text: &str, round: u32) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let address = line.starts_with("From:") || line.starts_with("Return-Path:");
        match line.split_once('@') {
            Some((local, domain)) if address => lines.push(format!("{local}{round}@{domain}")),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_a_message_a_server_could_deliver() {
        assert!(SAMPLES.files().count() >= 12);
        for sample in SAMPLES.files() {
            let text = sample.contents_utf8().unwrap();
            assert!(text.starts_with("Return-Path: <") && text.contains("\n\n"), "{}", sample.path().display());
        }
    }

    #[test]
    fn a_later_round_comes_from_somebody_else() {
        let text = "Return-Path: <a@x.example>\nFrom: A <a@x.example>\nTo: s@y.example\n\nhello a@x.example\n";
        let other = somebody_else(text, 2);
        assert!(other.contains("From: A <a2@x.example>") && other.contains("To: s@y.example\n\nhello a@x.example"));
    }
}
