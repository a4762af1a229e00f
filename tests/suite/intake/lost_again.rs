//! The folders are being read again after a loss when the link breaks: that is not another loss.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use guichet::adapters::system::{SystemClock, SystemIds};
use guichet::daemon::watch::Watch;
use guichet::daemon::{Alarms, Heartbeats, Losses};
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, Position, RawMessage};
use guichet::ports::{Arrival, MailError, MailSession, MailSource, Opened, Standing};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Counter;

fn inbox() -> Folder {
    Folder { mailbox: "support".into(), role: FolderRole::Inbox }
}

fn half_read() -> Position {
    Position { mark: "half read".into(), ..Position::default() }
}

/// A folder read half, with a message that carries our keyword.
struct HalfRead {
    folder: Folder,
    acknowledged: RawMessage,
}

#[async_trait]
impl MailSource for HalfRead {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        Ok(Box::new(HalfReadSession(self.acknowledged.clone())))
    }
}

struct HalfReadSession(RawMessage);

#[async_trait]
impl MailSession for HalfReadSession {
    fn reach_back(&mut self, _to: Timestamp) {}

    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError> {
        let standing = if stored.is_some() { Standing::Continues } else { Standing::First };
        Ok(Opened { position: half_read(), standing })
    }

    async fn acknowledged(&mut self) -> Result<Vec<RawMessage>, MailError> {
        Ok(vec![self.0.clone()])
    }

    async fn fetch(&mut self, _limit: usize) -> Result<Vec<Arrival>, MailError> {
        Ok(Vec::new())
    }

    async fn wait(&mut self, _at_most: Duration, stop: &CancellationToken) -> Result<(), MailError> {
        stop.cancelled().await;
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

/// Watches until the folder is open; how often the store was found older than what was done.
async fn losses_noticed(arrived_after_the_loss: SignedDuration) -> u64 {
    let counter = Counter::open(false).await;
    let noticed = Timestamp::now();
    counter.store.roll_back(noticed, "it is older").await.unwrap();
    counter.store.set_position(&counter.lease, &inbox(), &half_read()).await.unwrap();
    let bytes = b"Message-ID: <x@mail.example>\r\nFrom: ben@ben.example\r\n\r\nHello\r\n".to_vec();
    let acknowledged = RawMessage { bytes, arrived_at: noticed + arrived_after_the_loss, partial: false };
    let clock = Arc::new(SystemClock);
    let (alarms, stop) = (Alarms::new(clock.clone()), CancellationToken::new());
    let (ready, mut open) = watch::channel(false);
    let heartbeat = Heartbeats::new(clock.clone()).register("watch", SignedDuration::from_mins(5));
    let watch = Watch {
        source: Arc::new(HalfRead { folder: inbox(), acknowledged }),
        intake: Arc::new(counter.intake),
        store: counter.store,
        clock,
        ids: Arc::new(SystemIds),
        alarms: alarms.clone(),
        losses: Losses::default(),
        ready,
    };
    let watching = tokio::spawn(watch.run(counter.lease, heartbeat, stop.clone()));
    open.wait_for(|open| *open).await.unwrap();
    stop.cancel();
    watching.await.unwrap();
    alarms.list().iter().map(|alarm| alarm.count).sum()
}

#[tokio::test]
async fn mail_not_read_again_yet_is_no_second_loss() {
    assert_eq!(losses_noticed(SignedDuration::from_hours(-1)).await, 0);
}

#[tokio::test]
async fn mail_acknowledged_since_the_loss_is_one() {
    assert_eq!(losses_noticed(SignedDuration::from_hours(1)).await, 1);
}
