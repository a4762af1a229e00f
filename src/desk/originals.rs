//! What a customer sent beside the text: attached files as downloads, and HTML mail as its sender laid it out.
//!
//! Both come from the original, which the store keeps for a while, and never for mail that holds a card number.
//! Nothing of it is shown among our own pages: a file is only ever saved, HTML stands in a frame that can do nothing.

mod file_name;

use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use minijinja::{Value, context};

use super::fail::Fail;
use super::guard::Apart;
use super::times;
use super::visit::SignedIn;
use crate::daemon::review::ReviewError;
use crate::domain::{CaseId, Condition, MessageKey};
use crate::ports::Store;
use crate::ports::store::{CaseFile, CaseMessage};
use crate::reading::{self, Outline};

/// Originals beyond this, taken together, are not looked into when a case page is shown; their files can be had all the same.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Types that a browser may be told: it would guess no other for these, and saves them under their own kind of file.
const TOLD: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"];

/// The original of one message of a case, as far as its page knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Original {
    /// It is here, with these files.
    Here(Outline),
    /// Too many large ones to look into all of them.
    NotOpened,
    /// It was kept for a while.
    NoLonger,
    /// It was never kept.
    Never,
}

/// Looks into the originals of a case, one entry a message.
pub(super) async fn look_into(store: &dyn Store, file: &CaseFile) -> Result<Vec<Original>, Fail> {
    let mut found = Vec::new();
    let mut taken = 0;
    for message in &file.messages {
        found.push(match () {
            () if !message.raw_kept => Original::Never,
            () if taken > MOST_BYTES => Original::NotOpened,
            () => match store.raw(message.key).await.map_err(ReviewError::from)? {
                None => Original::NoLonger,
                Some(raw) => {
                    taken += raw.len();
                    Original::Here(off_thread(move || reading::outline(&raw)).await?)
                }
            },
        });
    }
    Ok(found)
}

/// The files of a message as its page lists them, and whether its layout can be seen.
pub(super) fn view(visit: &SignedIn, case: &CaseId, held: &CaseMessage, original: &Original) -> Value {
    let path = format!("/case/{case}/message/{}", held.key.to_hex());
    let names = held.message.attachments.iter().enumerate();
    let files = names.map(|(n, name)| {
        let listed = match original {
            Original::Here(outline) => outline.attachments.get(n).filter(|listed| listed.name == *name),
            _ => None,
        };
        let can_be_had = listed.is_some() || *original == Original::NotOpened;
        let is_cut = listed.is_some_and(|listed| listed.is_last) && held.message.condition == Condition::Partial;
        context! {
            name => file_name::shown(name),
            path => can_be_had.then(|| format!("{path}/attachment/{}", n + 1)),
            size => listed.map(|listed| size(visit, listed.size)),
            is_cut,
        }
    });
    let files: Vec<Value> = files.collect();
    let has_html = matches!(original, Original::Here(outline) if outline.has_html);
    context! {
        gone => *original == Original::NoLonger && !files.is_empty(),
        // For a card number the page says so by itself.
        never => *original == Original::Never && !files.is_empty() && !held.message.holds_card_number,
        files,
        laid_out => has_html.then(|| format!("{path}/html")),
    }
}

/// Bytes as people say them.
fn size(visit: &SignedIn, bytes: usize) -> String {
    let (n, unit) = times::size(visit.language, bytes);
    visit.desk.inner.pages.words().fill(visit.language, &format!("size.{unit}"), &[("n", &n)])
}

/// An attached file, to be saved.
pub(super) async fn download(
    Path((case, message, number)): Path<(String, String, String)>,
    visit: SignedIn,
) -> Result<Response, Fail> {
    let n = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or(Fail::NOT_FOUND)?;
    let (_, raw) = original(&visit, &case, &message).await?;
    let file = off_thread(move || reading::attachment(&raw, n)).await?.ok_or(Fail::NOT_FOUND)?;
    let media_type = TOLD.iter().find(|told| **told == file.media_type).unwrap_or(&"application/octet-stream");
    let disposition = HeaderValue::from_str(&file_name::disposition(&file.name));
    let disposition = disposition.map_err(|error| Fail::Broken(format!("a file's name: {error}")))?;
    let mut response = ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], file.bytes).into_response();
    response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    response.extensions_mut().insert(Apart::File);
    Ok(response)
}

/// A message's HTML, for the frame on the case page.
pub(super) async fn laid_out(Path((case, message)): Path<(String, String)>, visit: SignedIn) -> Result<Response, Fail> {
    let (held, raw) = original(&visit, &case, &message).await?;
    let found = off_thread(move || reading::laid_out(&raw)).await?.ok_or(Fail::NOT_FOUND)?;
    let page = context! {
        lang => visit.language.code(),
        message_lang => held.message.language,
        html => found.html,
        addresses => found.addresses,
        pictures => found.pictures,
        is_cut => found.is_cut || held.message.condition == Condition::Partial,
    };
    let mut response = (StatusCode::OK, Html(visit.desk.inner.pages.render("laid_out", page)?)).into_response();
    response.extensions_mut().insert(Apart::Frame);
    Ok(response)
}

/// A message of that case, and its bytes as received.
async fn original(visit: &SignedIn, case: &str, message: &str) -> Result<(CaseMessage, Vec<u8>), Fail> {
    let case = CaseId::parse(case).map_err(|_| Fail::NOT_FOUND)?;
    let key = MessageKey::from_hex(message).map_err(|_| Fail::NOT_FOUND)?;
    let file = visit.desk.review().look(&case).await?;
    let held = file.messages.into_iter().find(|held| held.key == key).ok_or(Fail::NOT_FOUND)?;
    let raw = if held.raw_kept { visit.desk.review().store().raw(key).await.map_err(ReviewError::from)? } else { None };
    let raw = raw.ok_or(Fail::Refused(StatusCode::NOT_FOUND, "error.no_original"))?;
    Ok((held, raw))
}

/// Large mail takes a while to be parsed: not on the thread that answers everybody.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fail> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Fail::Broken(error.to_string()))
}
