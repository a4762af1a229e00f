//! Past mail in the order of its arrival.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::adapters::imap::Survey;
use crate::cli::inputs::{Input, Inputs};
use crate::cli::wiring;
use crate::config::{Mailbox, Source};
use crate::domain::RawMessage;
use crate::domain::position::FolderRole;
use crate::reading;

/// Messages fetched at once.
const AT_ONCE: usize = 100;

/// One mail, or why it could not be read.
pub struct Mail {
    /// The file as given, or the message's name on the server.
    pub file: String,
    /// Position in an mbox, else 0.
    pub index: usize,
    /// Its bytes and when they arrived.
    pub content: Result<RawMessage, String>,
}

/// Mail from files. It arrived when its topmost `Received` says, else at its `Date`, else when its file was written,
/// else with the one before.
pub fn of_files(paths: &[PathBuf]) -> Vec<Mail> {
    let mut before = Timestamp::UNIX_EPOCH;
    let mut mails: Vec<Mail> = Inputs::new(paths)
        .map(|Input { file, index, bytes }| {
            let bytes = bytes.and_then(|bytes| if bytes.is_empty() { Err("it is empty".into()) } else { Ok(bytes) });
            let content = bytes.map(|bytes| {
                let raw = RawMessage { bytes, arrived_at: before, partial: false };
                let received = reading::read(&raw).marks.top_received;
                before = received.or_else(|| dated(&raw.bytes)).or_else(|| written(&file)).unwrap_or(before);
                RawMessage { arrived_at: before, ..raw }
            });
            Mail { file, index, content }
        })
        .collect();
    mails.sort_by_key(|mail| mail.content.as_ref().map(|raw| raw.arrived_at).unwrap_or(Timestamp::MIN));
    mails
}

/// The `Date` field (RFC 5322 §3.6.1): where nothing else is there, the writer's word.
fn dated(bytes: &[u8]) -> Option<Timestamp> {
    let message = mail_parser::MessageParser::new().parse_headers(bytes)?;
    Timestamp::from_second(message.date()?.to_timestamp()).ok()
}

fn written(file: &str) -> Option<Timestamp> {
    Timestamp::try_from(std::fs::metadata(file).ok()?.modified().ok()?).ok()
}

/// Mail of the last `days` days in a mailbox's inbox; nothing is changed there.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub async fn of_mailbox(mailbox: &Mailbox, days: u16) -> anyhow::Result<Vec<Mail>> {
    let since = Timestamp::now() - SignedDuration::from_hours(24 * i64::from(days));
    let mut mails = match &mailbox.source {
        Source::Maildir { path, .. } => {
            let folders = ["cur", "new"].map(|name| path.join(name)).into_iter().filter(|folder| folder.is_dir());
            let folders: Vec<_> = folders.collect();
            ensure!(!folders.is_empty(), "{} is no Maildir: it holds neither cur nor new", path.display());
            of_files(&folders)
        }
        Source::Imap(server, folders) => {
            let settings = wiring::imap_settings(server, folders, mailbox);
            let mut survey = Survey::open(&settings, FolderRole::Inbox).await.context("the inbox cannot be read")?;
            let mut mails = Vec::new();
            let uids = survey.since(since).await.context("the inbox cannot be searched")?;
            for some in uids.chunks(AT_ONCE) {
                let mut found = survey.messages(some).await.context("the mails cannot be fetched")?.messages;
                mails.extend(some.iter().map(|uid| {
                    let content = found.remove(uid).ok_or_else(|| "the server does not hand it out".to_owned());
                    Mail { file: survey.name(*uid), index: 0, content }
                }));
            }
            survey.close().await;
            mails
        }
    };
    mails.retain(|mail| mail.content.as_ref().map_or(true, |raw| raw.arrived_at >= since));
    mails.sort_by_key(|mail| mail.content.as_ref().map(|raw| raw.arrived_at).unwrap_or(Timestamp::MIN));
    Ok(mails)
}
