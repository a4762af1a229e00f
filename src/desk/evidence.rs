//! The evidence of one case in a zip: what came in, what went out, why it was decided, and whether the record is whole.
//!
//! Texts are those the desk shows, card numbers and IBANs masked; originals and sent mails are the bytes themselves.

mod summary;

use std::io::{Cursor, Write as _};

use anyhow::Context as _;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::fail::Fail;
use super::visit::SignedIn;
use crate::daemon::review::ReviewError;
use crate::domain::record::broken_at;
use crate::domain::{CaseId, DeliveryState, OutgoingKind, OutgoingMail, RecordEntry};
use crate::ports::Store;
use crate::ports::store::{CaseFile, CaseMessage, StoreResult};

/// Originals beyond this, taken together, stay in the mailbox.
const MOST_ORIGINALS: usize = 64 * 1024 * 1024;

/// Everything that goes into the bundle.
#[derive(Debug)]
pub struct Evidence {
    /// The case.
    pub file: CaseFile,
    /// The bytes as received, one entry a message; `None` where they are not kept.
    pub originals: Vec<Option<Vec<u8>>>,
    /// Now.
    pub at: Timestamp,
}

/// One file of the bundle, as `manifest.json` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Listed {
    name: String,
    bytes: usize,
    sha256: String,
}

/// What `record.json` holds.
#[derive(Serialize)]
struct RecordDocument<'a> {
    verified: bool,
    broken_at: Option<u64>,
    entries: &'a [RecordEntry],
}

impl Evidence {
    /// Reads a case with its originals.
    ///
    /// # Errors
    /// The store's; there may be no such case.
    pub async fn collect(store: &dyn Store, case: &CaseId, at: Timestamp) -> StoreResult<Self> {
        let file = store.case_file(case).await?;
        let mut originals = Vec::new();
        let mut taken = 0;
        for message in &file.messages {
            let bytes = if message.raw_kept { store.raw(message.key).await? } else { None };
            let bytes = bytes.filter(|bytes| taken + bytes.len() <= MOST_ORIGINALS);
            taken += bytes.as_ref().map_or(0, Vec::len);
            originals.push(bytes);
        }
        Ok(Self { file, originals, at })
    }

    /// The first entry of the record that was changed, if one was.
    pub fn broken_at(&self) -> Option<u64> {
        broken_at(&self.file.record)
    }

    /// The zip. Names, order and content depend on the case alone, but for the moment of writing in the summary.
    ///
    /// # Errors
    /// When a part cannot be written down.
    pub fn zip(&self, time_zone: &TimeZone) -> anyhow::Result<Vec<u8>> {
        let mut bundle = Bundle::default();
        bundle.add("summary.html", summary::render(self, time_zone)?.into_bytes())?;
        for (n, (message, original)) in (1..).zip(self.file.messages.iter().zip(&self.originals)) {
            bundle.add(&format!("messages/{n:02}.txt"), as_read(message).into_bytes())?;
            match original {
                Some(bytes) => bundle.add(&format!("messages/{n:02}.eml"), bytes.clone())?,
                None => bundle.add(&format!("messages/{n:02}.original.txt"), where_it_lies(message).into_bytes())?,
            }
        }
        for (n, mail) in (1..).zip(self.file.outgoing.iter().filter(|mail| left(mail))) {
            let kind = match mail.kind {
                OutgoingKind::Acknowledgement => "acknowledgement",
                OutgoingKind::Reply => "reply",
            };
            bundle.add(&format!("sent/{n:02}-{kind}.eml"), mail.bytes.clone())?;
        }
        let file = &self.file;
        bundle.json("verdict.json", &file.case.verdict)?;
        bundle.json("verdicts.json", &file.messages.iter().map(|message| &message.verdict).collect::<Vec<_>>())?;
        bundle.json("assessment.json", &file.assessment)?;
        bundle.json("order.json", &file.assessment.as_ref().map(|assessment| &assessment.purchase))?;
        bundle.json("refunds.json", &file.notices)?;
        bundle.json("promises.json", &file.promises)?;
        let broken_at = broken_at(&file.record);
        let record = RecordDocument { verified: broken_at.is_none(), broken_at, entries: &file.record };
        bundle.json("record.json", &record)?;
        bundle.finish()
    }
}

/// The zip as a download.
pub(super) async fn download(Path(case): Path<String>, visit: SignedIn) -> Result<Response, Fail> {
    let case = CaseId::parse(&case).map_err(|_| Fail::NOT_FOUND)?;
    let review = visit.desk.review();
    let evidence = Evidence::collect(review.store(), &case, visit.desk.now()).await.map_err(ReviewError::from)?;
    let zone = visit.desk.settings().time_zone.clone();
    let zipped = tokio::task::spawn_blocking(move || evidence.zip(&zone)).await;
    let zip = zipped.map_err(|error| Fail::Broken(error.to_string()))?;
    let zip = zip.map_err(|error| Fail::Broken(format!("the evidence cannot be put together: {error:#}")))?;
    let name = format!("attachment; filename=\"{case}.zip\"");
    Ok(([(CONTENT_TYPE, "application/zip".to_owned()), (CONTENT_DISPOSITION, name)], zip).into_response())
}

/// Whether the customer may have it.
fn left(mail: &OutgoingMail) -> bool {
    matches!(mail.state, DeliveryState::Sent { .. } | DeliveryState::InDoubt { .. })
}

/// A message as the desk shows it.
fn as_read(message: &CaseMessage) -> String {
    let from = message.message.author().map(ToString::to_string).unwrap_or_default();
    let mut text =
        format!("From: {from}\nArrived: {}\nSubject: {}\n", message.message.arrived_at, message.message.subject);
    if !message.message.attachments.is_empty() {
        text += &format!("Attachments: {}\n", message.message.attachments.join(", "));
    }
    text + "\n" + &message.message.text
}

fn where_it_lies(message: &CaseMessage) -> String {
    let location = &message.location;
    let why = if message.message.holds_card_number {
        "The original holds a payment card number and was never kept here."
    } else if message.raw_kept {
        "The original is no longer kept here, or too large for this bundle."
    } else {
        "The original was not kept here."
    };
    let (mailbox, role) = (&location.folder.mailbox, format!("{:?}", location.folder.role).to_lowercase());
    format!("{why}\noriginal in mailbox {mailbox}, folder {role}, UID {}\n", location.name)
}

/// A zip under construction.
struct Bundle {
    writer: ZipWriter<Cursor<Vec<u8>>>,
    listed: Vec<Listed>,
}

impl Default for Bundle {
    fn default() -> Self {
        Self { writer: ZipWriter::new(Cursor::new(Vec::new())), listed: Vec::new() }
    }
}

impl Bundle {
    fn add(&mut self, name: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.writer
            .start_file(name, options)
            .and_then(|()| Ok(self.writer.write_all(&bytes)?))
            .context(name.to_owned())?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.listed.push(Listed { name: name.to_owned(), bytes: bytes.len(), sha256 });
        Ok(())
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        self.add(name, serde_json::to_vec_pretty(value)?)
    }

    fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        let listed = serde_json::to_vec_pretty(&self.listed)?;
        self.add("manifest.json", listed)?;
        Ok(self.writer.finish().context("the zip cannot be finished")?.into_inner())
    }
}
