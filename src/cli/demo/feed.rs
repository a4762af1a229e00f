//! The hand that drops sample messages into the demo's Maildir.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::{Timestamp, Zoned};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::shop;

static SAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/samples");

/// While the first round comes in, a person looks on; later rounds only keep the place alive.
const FIRST_ROUND: Duration = Duration::from_millis(1500);
const LATER_ROUNDS: Duration = Duration::from_secs(20);

/// Delivers the samples one after the other, again and again, from the moment the inbox is watched. Each round
/// after the first has orders of its own, which `orders` gets before its mails.
pub async fn feed(inbox: PathBuf, orders: PathBuf, watched: Vec<watch::Receiver<bool>>, stop: CancellationToken) {
    for mut mailbox in watched {
        if mailbox.wait_for(|ready| *ready).await.is_err() {
            return;
        }
    }
    for round in 0_u32.. {
        let pace = if round == 0 { FIRST_ROUND } else { LATER_ROUNDS };
        if round > 0
            && let Err(error) = shop::export(&orders, round, today())
        {
            error!(%error, "the sample orders could not be written");
        }
        for (index, sample) in SAMPLES.files().enumerate() {
            tokio::select! {
                () = tokio::time::sleep(pace) => {}
                () = stop.cancelled() => return,
            }
            let Some(text) = sample.contents_utf8() else { continue };
            match deliver(&inbox, &shop::dated(&shop::somebody_else(text, round), today()), round, index) {
                Ok(()) => info!(sample = index + 1, round = round + 1, "a customer writes"),
                Err(error) => error!(%error, "a sample could not be delivered"),
            }
        }
    }
}

/// The day at the shop.
pub fn today() -> Date {
    Zoned::now().date()
}

/// A delivery as a mail server does it: written in `tmp`, renamed into `new`.
fn deliver(inbox: &Path, text: &str, round: u32, index: usize) -> std::io::Result<()> {
    let now = Timestamp::now();
    let name = format!("{}.M{}P{round}.guichet", now.as_second(), index);
    let date = rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let id = format!("<sample.{index}.{round}.{}@customers.example>", now.as_millisecond());
    let temporary = inbox.join("tmp").join(&name);
    let mut file = std::fs::File::create(&temporary)?;
    write!(file, "Message-ID: {id}\nDate: {date}\n{text}")?;
    file.sync_all()?;
    std::fs::rename(temporary, inbox.join("new").join(name))
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
            assert!(!shop::dated(text, today()).contains('{'), "{}: an unknown day", sample.path().display());
        }
    }
}
