//! What reviewers' corrections teach: the store's corrections as pseudonymised rows of the corpus.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::MessageKey;
use crate::ports::Store;
use crate::ports::store::{Correction, StoreError, StoreResult};
use crate::triage::learning::desk::{Corrected, NoLesson};

/// Rows to learn from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lessons {
    /// Lines of the corpus format, without what says who wrote the mail; in an order that stays.
    pub rows: Vec<String>,
    /// Corrections that teach nothing: why, and how many.
    pub left_out: BTreeMap<String, u64>,
}

/// Every corrected message once, by its latest correction.
///
/// # Errors
/// The store's.
pub async fn lessons(store: &dyn Store) -> StoreResult<Lessons> {
    let latest: BTreeMap<MessageKey, Correction> =
        store.corrections().await?.into_iter().map(|correction| (correction.key, correction)).collect();
    let mut lessons = Lessons::default();
    for correction in latest.values() {
        match row(store, correction).await? {
            Ok(line) => lessons.rows.push(line),
            Err(why) => *lessons.left_out.entry(why.to_string()).or_default() += 1,
        }
    }
    // Not in the order in which customers wrote.
    lessons.rows.sort();
    Ok(lessons)
}

async fn row(store: &dyn Store, correction: &Correction) -> StoreResult<Result<String, NoLesson>> {
    let file = match store.case_file(&correction.case).await {
        Ok(file) => file,
        Err(StoreError::Missing(_)) => return Ok(Err(NoLesson::Gone)),
        Err(error) => return Err(error),
    };
    let mut written = file.messages.iter().filter(|held| !held.from_us);
    let Some(held) = written.clone().find(|held| held.key == correction.key) else { return Ok(Err(NoLesson::Gone)) };
    if written.next().is_some_and(|first| first.key != correction.key) {
        return Ok(Err(NoLesson::Continued));
    }
    let corrected = Corrected { message: &held.message, key: &correction.key, verdict: &correction.verdict };
    Ok(corrected.row().map(|row| row.line()))
}
