//! What all workers must know of a loss: that an inbox has yet to be compared with the store, and that what was read before
//! one was noticed is stored no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{RwLock, RwLockReadGuard, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::OutgoingId;
use crate::ports::Store;
use crate::ports::store::{OutboxFilter, StoreResult};

/// Mail found in the outbox at a start waits no longer for an inbox that cannot be opened.
pub const AT_MOST: SignedDuration = SignedDuration::from_hours(1);

/// Shared by all workers of the process. The default knows of no inbox to wait for.
#[derive(Debug, Clone, Default)]
pub struct Losses(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Cancelled when a loss is noticed, and replaced.
    era: RwLock<CancellationToken>,
    start: watch::Sender<Start>,
}

/// What the process found.
#[derive(Debug, Default)]
struct Start {
    /// Mailboxes whose inbox was not compared with the store yet.
    inboxes: BTreeSet<String>,
    /// What was in the outbox: it may have been sent since, if the store is an older copy.
    found: Arc<BTreeSet<OutgoingId>>,
    until: Timestamp,
}

/// The time between two losses, as a session met it. Nothing it has read is stored once it is over.
#[derive(Debug, Clone)]
pub struct Era {
    shared: Arc<Shared>,
    over: CancellationToken,
}

/// A loss was noticed since: what was read before counts no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Over;

impl Losses {
    /// At the start of the process, before anything works: these mailboxes' inboxes are to be compared with the store.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn at_start(
        store: &dyn Store,
        mailboxes: impl IntoIterator<Item = String>,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let found = store.outbox(OutboxFilter::Open).await?.into_iter().map(|mail| mail.id).collect();
        let until = now.checked_add(AT_MOST).unwrap_or(now);
        let start = Start { inboxes: mailboxes.into_iter().collect(), found: Arc::new(found), until };
        Ok(Self(Arc::new(Shared { era: RwLock::default(), start: watch::Sender::new(start) })))
    }

    /// The mailbox's inbox was compared with the store.
    pub fn compared(&self, mailbox: &str) {
        self.0.start.send_if_modified(|start| start.inboxes.remove(mailbox));
    }

    /// Mail that does not leave yet, and the inboxes it waits for.
    pub fn held_back(&self, now: Timestamp) -> (Arc<BTreeSet<OutgoingId>>, Vec<String>) {
        let start = self.0.start.borrow();
        if start.inboxes.is_empty() || now >= start.until {
            return Default::default();
        }
        (Arc::clone(&start.found), start.inboxes.iter().cloned().collect())
    }

    /// Returns once no inbox is waited for.
    pub async fn all_compared(&self) {
        let mut start = self.0.start.subscribe();
        // The sender lives as long as this.
        let _ = start.wait_for(|start| start.inboxes.is_empty()).await;
    }

    /// The present era. To be asked for before anything of the store is looked at.
    pub async fn era(&self) -> Era {
        Era { shared: Arc::clone(&self.0), over: self.0.era.read().await.clone() }
    }

    /// Rolls the store back while nothing is being stored of what was read before; every session ends. Where another inbox told
    /// of the loss since `noticed_in`, nothing is left to do.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn notice(&self, noticed_in: &Era, store: &dyn Store, at: Timestamp, sentence: &str) -> StoreResult<()> {
        let mut era = self.0.era.write().await;
        if noticed_in.is_over() {
            return Ok(());
        }
        let rolled_back = store.roll_back(at, sentence).await;
        era.cancel();
        *era = CancellationToken::new();
        rolled_back
    }
}

impl Era {
    /// To be held while something is stored.
    ///
    /// # Errors
    /// When the era is over.
    pub async fn lasts(&self) -> Result<RwLockReadGuard<'_, CancellationToken>, Over> {
        let guard = self.shared.era.read().await;
        if self.over.is_cancelled() { Err(Over) } else { Ok(guard) }
    }

    /// Whether a loss was noticed since.
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Returns once it is.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }
}
