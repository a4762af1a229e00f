//! What is done with one message: read, judge, prepare acknowledgement and draft, store it all in one
//! transaction.

mod prepare;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;
use tracing::{error, info, warn};

use super::handbook::Handbooks;
use crate::domain::identity::IdentityKey;
use crate::domain::position::FolderRole;
use crate::domain::{Condition, Message, MessageKey, Permission, RawMessage};
use crate::failpoint;
use crate::ports::store::{
    AcknowledgementFate, Caps, Intake as Record, Lease, Matter, Quarantine, Recorded, StoreError,
};
use crate::ports::{Arrival, Clock, Content, Ids, Store};
use crate::reading;
use crate::reply::compose::Sender;
use crate::reply::permission::PermissionSettings;

/// The store may move on between preparing and recording; more often than this in a row is a fault.
const PREPARATIONS: usize = 8;

/// What intake needs to know of one mailbox.
#[derive(Clone)]
pub struct IntakeSettings {
    /// Judge and draft, acknowledge nobody.
    pub shadow: bool,
    /// Who may be answered.
    pub permission: PermissionSettings,
    /// Limits on acknowledgements.
    pub caps: Caps,
    /// Who answers.
    pub sender: Sender,
}

/// The intake of one mailbox.
pub struct Intake {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What is judged and written by.
    pub handbooks: Handbooks,
    /// Secret of the message identity.
    pub identity: IdentityKey,
    /// See there.
    pub settings: IntakeSettings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New case references.
    pub ids: Arc<dyn Ids>,
    /// Wakes the delivery of acknowledgements.
    pub deliver: Arc<Notify>,
    /// Wakes the enrichment of cases.
    pub enrich: Arc<Notify>,
}

/// What became of a message.
#[derive(Debug)]
pub struct Taken {
    /// What the store did.
    pub recorded: Recorded,
    /// Whether it may be answered; `None` where the question did not come up.
    pub permission: Option<Permission>,
}

/// A message that has been read, with what is known of its way here.
struct Read {
    arrival: Arrival,
    message: Message,
    key: MessageKey,
    raw_kept: bool,
    history: bool,
    /// It came in the time that the store lost: new to us, and perhaps to everybody.
    lost: bool,
}

impl Intake {
    /// Takes one message in; `None` where it is listed for a person instead. An error means that the store did
    /// not take it: the session ends and the message comes again from the stored position.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn take(&self, lease: &Lease, arrival: Arrival) -> Result<Option<Taken>, StoreError> {
        match &arrival.content {
            Content::Message(raw) => {
                let raw = raw.clone();
                self.take_message(lease, arrival, raw).await.map(Some)
            }
            Content::Failed { why } => self.pass_over(lease, &arrival, why, false).await.map(|()| None),
            Content::Quarantined { why } => self.pass_over(lease, &arrival, why, true).await.map(|()| None),
        }
    }

    /// Lists a message for a person instead of taking it.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn give_up(&self, lease: &Lease, arrival: &Arrival, why: &str) -> Result<(), StoreError> {
        self.pass_over(lease, arrival, why, true).await
    }

    async fn pass_over(&self, lease: &Lease, arrival: &Arrival, why: &str, given_up: bool) -> Result<(), StoreError> {
        warn!(
            mailbox = lease.mailbox,
            message = arrival.location.name,
            given_up,
            problem = why,
            "a message could not be fetched"
        );
        let quarantine = Quarantine {
            location: arrival.location.clone(),
            position: arrival.position.clone(),
            why: why.to_owned(),
            given_up,
            at: self.clock.now(),
        };
        self.store.pass_over(lease, quarantine).await
    }

    /// Whether this very message was stored before.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn knows(&self, raw: &RawMessage) -> Result<bool, StoreError> {
        let message = read_off_thread(raw).await;
        self.store.knows(self.key(raw, &message)).await
    }

    fn key(&self, raw: &RawMessage, message: &Message) -> MessageKey {
        match &message.condition {
            Condition::Unreadable(_) => MessageKey::of_unreadable(&raw.bytes, &self.identity),
            _ => MessageKey::of(message, &self.identity),
        }
    }

    async fn take_message(&self, lease: &Lease, arrival: Arrival, raw: RawMessage) -> Result<Taken, StoreError> {
        let message = read_off_thread(&raw).await;
        let key = self.key(&raw, &message);
        let keep = !message.holds_card_number && arrival.location.folder.role != FolderRole::Sent;
        // What is known needs no second copy, and what was erased must not come back by one.
        if keep && !self.store.knows(key).await? {
            failpoint::pass("intake-before-raw");
            self.store.keep_raw(key, &raw.bytes).await?;
        }
        let lost = arrival.history && self.was_lost(&arrival, message.arrived_at).await?;
        let history = arrival.history && !lost;
        let read = Read { arrival, message, key, raw_kept: keep, history, lost };
        let mut unclaimed = false;
        for _ in 0..PREPARATIONS {
            let matter = self.matter(&read, unclaimed).await?;
            let permission = permission_of(&matter);
            failpoint::pass("intake-before-record");
            let recorded = self.store.record(lease, self.record(&read, matter)).await?;
            failpoint::pass("intake-after-record");
            unclaimed |= recorded == Recorded::Unclaimed;
            if !matches!(recorded, Recorded::Outdated | Recorded::Unclaimed) {
                self.tell(lease, &recorded, permission.as_ref());
                return Ok(Taken { recorded, permission });
            }
        }
        Err(StoreError::Temporary("the case kept changing while a message was prepared for it".into()))
    }

    fn record(&self, read: &Read, matter: Matter) -> Record {
        Record {
            key: read.key,
            location: read.arrival.location.clone(),
            position: read.arrival.position.clone(),
            message: read.message.clone(),
            raw_kept: read.raw_kept,
            at: self.clock.now(),
            matter,
        }
    }

    /// Whether customers' mail came in a time of which the store lost what it knew. Where the message is known after
    /// all, that changes nothing.
    async fn was_lost(&self, arrival: &Arrival, arrived_at: Timestamp) -> Result<bool, StoreError> {
        let folder = &arrival.location.folder;
        let lost = self.store.lost(&folder.mailbox).await?;
        Ok(folder.role != FolderRole::Sent && lost.is_some_and(|lost| lost.covers(arrived_at)))
    }

    fn tell(&self, lease: &Lease, recorded: &Recorded, permission: Option<&Permission>) {
        let mailbox = &lease.mailbox;
        let why = permission.map_or("", Permission::why);
        if matches!(recorded, Recorded::New { .. } | Recorded::Joined { .. } | Recorded::Noted { case: Some(_) }) {
            self.enrich.notify_one();
        }
        match recorded {
            Recorded::New { case, acknowledgement: AcknowledgementFate::Queued(_) } => {
                info!(%mailbox, %case, "new case, acknowledgement queued");
                self.deliver.notify_one();
            }
            Recorded::New { case, acknowledgement: AcknowledgementFate::Capped(cap) } => {
                error!(%mailbox, %case, cap, "new case, not acknowledged: a limit was reached");
            }
            Recorded::New { case, acknowledgement: AcknowledgementFate::None } => {
                info!(%mailbox, %case, why, "new case, not acknowledged");
            }
            Recorded::Joined { case } => info!(%mailbox, %case, "message joined its case"),
            Recorded::AlreadyKnown { .. } => info!(%mailbox, "message already known"),
            Recorded::Noted { case: Some(case) } => info!(%mailbox, %case, "noted on a case"),
            Recorded::Noted { case: None } => info!(%mailbox, why, "automated message stored, nobody answered"),
            Recorded::Outdated | Recorded::Unclaimed => {}
        }
    }
}

fn permission_of(matter: &Matter) -> Option<Permission> {
    match matter {
        Matter::Customer(customer) => Some(customer.permission.clone()),
        Matter::Machine { why, .. } => Some(Permission::machine(why.clone())),
        _ => None,
    }
}

/// Reading is pure but not short: it runs beside the async workers, and a panic in it costs one
/// message its text, never the daemon.
async fn read_off_thread(raw: &RawMessage) -> Message {
    let (copy, arrived_at) = (raw.clone(), raw.arrived_at);
    let read = tokio::task::spawn_blocking(move || reading::read(&copy)).await;
    read.unwrap_or_else(|panic| {
        error!(problem = %panic, "reading a message failed; it is shown as unreadable");
        Message::unreadable(arrived_at, "the reader failed on it")
    })
}
