//! One inbox tells of a loss while other folders are being read: what they have read is not stored, and they are read again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use guichet::adapters::system::{SystemClock, SystemIds};
use guichet::daemon::intake::Intake;
use guichet::daemon::watch::Watch;
use guichet::daemon::{Alarms, Heartbeats, Losses};
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, MessageLocation, Position, RawMessage};
use guichet::ports::store::Lease;
use guichet::ports::{Arrival, Content, MailError, MailSession, MailSource, Opened, Standing, Store};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{CUSTOMER, Counter, WISH};
use crate::support::PATIENCE;

/// What a session of a folder was told when it opened it.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    stored: Option<String>,
    reaches_back: bool,
}

/// What the first session does.
#[derive(Clone)]
enum First {
    /// The folder holds a message with our keyword.
    Acknowledged,
    /// It reads a message, which is there once it is told so.
    Reads(Arc<Notify>),
    /// It waits for news.
    Waits,
}

struct Played {
    folder: Folder,
    first: First,
    told: watch::Sender<Vec<Told>>,
}

struct Session {
    folder: Folder,
    first: Option<First>,
    told: watch::Sender<Vec<Told>>,
    reaches_back: bool,
}

fn raw(id: &str) -> RawMessage {
    let bytes = format!("Message-ID: <{id}@mail.example>\r\nFrom: support@shop.example\r\n\r\nHello\r\n").into_bytes();
    RawMessage { bytes, arrived_at: Timestamp::now(), partial: false }
}

#[async_trait]
impl MailSource for Played {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        let first = self.told.borrow().is_empty().then(|| self.first.clone());
        Ok(Box::new(Session { folder: self.folder.clone(), first, told: self.told.clone(), reaches_back: false }))
    }
}

#[async_trait]
impl MailSession for Session {
    fn reach_back(&mut self, _to: Timestamp) {
        self.reaches_back = true;
    }

    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError> {
        let told = Told { stored: stored.map(|stored| stored.mark.clone()), reaches_back: self.reaches_back };
        self.told.send_modify(|sessions| sessions.push(told));
        let standing = if stored.is_some() { Standing::Continues } else { Standing::First };
        Ok(Opened { position: Position { mark: "opened".into(), ..Position::default() }, standing })
    }

    async fn acknowledged(&mut self) -> Result<Vec<RawMessage>, MailError> {
        Ok(if matches!(self.first, Some(First::Acknowledged)) { vec![raw("unknown")] } else { Vec::new() })
    }

    async fn fetch(&mut self, _limit: usize) -> Result<Vec<Arrival>, MailError> {
        let Some(First::Reads(there)) = self.first.take() else { return Ok(Vec::new()) };
        there.notified().await;
        Ok(vec![Arrival {
            location: MessageLocation { folder: self.folder.clone(), name: "9".into() },
            position: Position { mark: "read before the loss".into(), ..Position::default() },
            content: Content::Message(raw("sent")),
            history: false,
            marked_acknowledged: false,
            answered: false,
        }])
    }

    async fn wait(&mut self, _at_most: Duration, stop: &CancellationToken) -> Result<(), MailError> {
        stop.cancelled().await;
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

/// A process that starts on a store.
struct Room {
    store: Arc<dyn Store>,
    lease: Lease,
    intake: Arc<Intake>,
    losses: Losses,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Room {
    /// Claire's acknowledgement waits in the outbox.
    async fn new() -> Self {
        let counter = Counter::open(false).await;
        counter.arrives(CUSTOMER, WISH).await;
        let Counter { _folder, store, intake, lease, .. } = counter;
        let losses = Losses::at_start(store.as_ref(), ["support".to_owned()], Timestamp::now()).await.unwrap();
        Self { store, lease, intake: Arc::new(intake), losses, stop: CancellationToken::new(), _folder }
    }

    fn held_back(&self) -> usize {
        self.losses.held_back(Timestamp::now()).0.len()
    }

    /// Watches a folder that was read before; returns once its first session is open.
    async fn watch(&self, role: FolderRole, first: First) -> watch::Receiver<Vec<Told>> {
        let folder = Folder { mailbox: "support".into(), role };
        let known = Position { mark: "known".into(), ..Position::default() };
        self.store.set_position(&self.lease, &folder, &known).await.unwrap();
        let clock = Arc::new(SystemClock);
        let told = watch::Sender::default();
        let mut opened = told.subscribe();
        let watch = Watch {
            source: Arc::new(Played { folder, first, told }),
            intake: Arc::clone(&self.intake),
            store: Arc::clone(&self.store),
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            alarms: Alarms::new(clock.clone()),
            losses: self.losses.clone(),
            ready: watch::Sender::default(),
        };
        let heartbeat = Heartbeats::new(clock).register("watch", SignedDuration::from_mins(5));
        tokio::spawn(watch.run(self.lease.clone(), heartbeat, self.stop.clone()));
        sessions(&mut opened, 1).await;
        opened
    }
}

/// What the first so many sessions were told.
async fn sessions(opened: &mut watch::Receiver<Vec<Told>>, count: usize) -> Vec<Told> {
    let enough = opened.wait_for(|sessions| sessions.len() >= count);
    tokio::time::timeout(PATIENCE, enough).await.expect("another session").unwrap().clone()
}

#[tokio::test]
async fn a_folder_that_waits_for_news_is_read_again_after_a_loss() {
    let room = Room::new().await;
    let mut sent = room.watch(FolderRole::Sent, First::Waits).await;
    room.watch(FolderRole::Inbox, First::Acknowledged).await;
    let again = sessions(&mut sent, 2).await.remove(1);
    assert_eq!(again, Told { stored: None, reaches_back: true });
    room.stop.cancel();
}

#[tokio::test]
async fn what_was_read_before_a_loss_is_not_stored_after_it() {
    let room = Room::new().await;
    let there = Arc::new(Notify::new());
    let mut sent = room.watch(FolderRole::Sent, First::Reads(there.clone())).await;
    let mut inbox = room.watch(FolderRole::Inbox, First::Acknowledged).await;
    sessions(&mut inbox, 2).await;
    there.notify_one();
    let again = sessions(&mut sent, 2).await.remove(1);
    assert_eq!(again, Told { stored: None, reaches_back: true }, "its place in the folder is not written back");
    room.stop.cancel();
}

#[tokio::test]
async fn an_inbox_counts_as_compared_once_it_is_opened_without_a_loss() {
    let room = Room::new().await;
    assert_eq!(room.held_back(), 1);
    room.watch(FolderRole::Sent, First::Waits).await;
    assert_eq!(room.held_back(), 1, "only the inbox tells");
    room.watch(FolderRole::Inbox, First::Waits).await;
    tokio::time::timeout(PATIENCE, room.losses.all_compared()).await.unwrap();
    assert_eq!(room.held_back(), 0);
    room.stop.cancel();
}
