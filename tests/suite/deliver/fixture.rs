//! One worker on one mailbox.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use guichet::adapters::smtp::SmtpMailer;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::daemon::{Alarms, Deliver, DeliverSettings, Heartbeats, InDoubt, Losses, SentCopy};
use guichet::domain::{
    Address, CaseId, DeliveryState, Email, MessageId, MessageLocation, OutgoingId, OutgoingKind, OutgoingMail,
};
use guichet::ports::store::{Decision, Lease, Matter};
use guichet::ports::{Clock, MailError, MailboxActions, Store};
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::smtp::settings;
use crate::support::clock::ManualClock;
use crate::support::ids::CountingIds;
use crate::support::letter::{Letter, reply};
use crate::support::scripted_smtp::SmtpServer;
use crate::support::watched::WatchedStore;

/// How often the worker promises a sign of life.
const PROMISE: SignedDuration = SignedDuration::from_secs(30);

pub struct Fixture {
    pub server: SmtpServer,
    pub store: Arc<WatchedStore>,
    pub clock: Arc<ManualClock>,
    pub alarms: Alarms,
    pub losses: Losses,
    pub heartbeats: Heartbeats,
    pub mailbox: Arc<Shelf>,
    pub settings: DeliverSettings,
    pub smtp: guichet::adapters::smtp::SmtpSettings,
    pub wake: Arc<Notify>,
    letters: AtomicU32,
    _data: TempDir,
}

/// A worker that runs.
pub struct Worker {
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Fixture {
    pub async fn new() -> Self {
        let server = SmtpServer::start().await;
        let clock = Arc::new(ManualClock::new());
        let data = tempfile::tempdir().unwrap();
        let ids = Arc::new(CountingIds::default());
        let (store, _) = SledStore::open(data.path(), &SledSettings::default(), ids).unwrap();
        Self {
            smtp: settings(server.port),
            server,
            store: Arc::new(WatchedStore::new(Arc::new(store))),
            alarms: Alarms::new(clock.clone()),
            losses: Losses::default(),
            heartbeats: Heartbeats::new(clock.clone()),
            clock,
            mailbox: Arc::default(),
            settings: DeliverSettings {
                mailbox: "support".into(),
                in_doubt: InDoubt::ResendOnce,
                sent_copy: SentCopy::Auto,
                fallback_sender: Email::parse("support@shop.example").unwrap(),
                max_per_hour: None,
            },
            wake: Arc::default(),
            letters: AtomicU32::default(),
            _data: data,
        }
    }

    /// An acknowledgement that is due now.
    pub fn acknowledgement(&self, id: &str) -> OutgoingMail {
        let message_id = MessageId::parse(&format!("ack.{id}@shop.example")).unwrap();
        OutgoingMail {
            id: OutgoingId::new(id),
            case: CaseId::from_random(7, 4),
            mailbox: "support".into(),
            kind: OutgoingKind::Acknowledgement,
            bytes: format!("Message-ID: <{message_id}>\r\nSubject: {id}\r\n\r\n.Bonjour\r\n").into_bytes(),
            message_id,
            envelope_from: None,
            recipients: vec![Address::bare(Email::parse("customer@example.org").unwrap())],
            state: DeliveryState::Pending { not_before: self.clock.now() },
            attempts: 0,
            resends: 0,
            last_problem: None,
            file_copy: false,
            created_at: self.clock.now(),
        }
    }

    /// A customer's message arrives, and its acknowledgement is due now.
    pub async fn put(&self, id: &str) {
        self.put_mail(self.acknowledgement(id)).await;
        self.wake.notify_one();
    }

    /// A customer's message arrives with this acknowledgement; nobody wakes the worker.
    pub async fn put_mail(&self, mail: OutgoingMail) {
        let n = self.letters.fetch_add(1, Ordering::SeqCst) + 1;
        let letter = Letter::new(n).from(&format!("customer{n}@example.org")).at(self.clock.now());
        let mut intake = letter.prepare(&*self.store).await;
        let Matter::Customer(matter) = &mut intake.matter else { panic!("a letter of a customer") };
        matter.acknowledgement = Some(OutgoingMail { case: letter.case_id(), ..mail });
        self.store.record(&self.lease().await, intake).await.unwrap();
    }

    /// A customer's message arrives, held from acknowledgement, and a reply to it is approved; returns its row.
    pub async fn approve_reply(&self) -> String {
        let n = self.letters.fetch_add(1, Ordering::SeqCst) + 1;
        let letter = Letter::new(n).from(&format!("customer{n}@example.org")).at(self.clock.now());
        let mut intake = letter.prepare(&*self.store).await;
        let Matter::Customer(matter) = &mut intake.matter else { panic!("a letter of a customer") };
        matter.acknowledgement = None;
        self.store.record(&self.lease().await, intake).await.unwrap();
        let case = self.store.case(&letter.case_id()).await.unwrap();
        let mail = reply(&case, 1, self.clock.now());
        let id = mail.id.as_str().to_owned();
        let decision = Decision::Approve {
            mail: Box::new(mail),
            asks: false,
            timers: Vec::new(),
            refund: None,
            promises: Vec::new(),
        };
        self.store.decide(&case.id, case.revision, decision, "rita", self.clock.now()).await.unwrap();
        self.wake.notify_one();
        id
    }

    /// A server's report on a mail of this id arrives.
    pub async fn report(&self, id: &MessageId, failed: bool) {
        let n = self.letters.fetch_add(1, Ordering::SeqCst) + 1;
        let letter = Letter::new(n).from("mailer-daemon@mx.example").at(self.clock.now());
        let matter = Matter::DeliveryReport { message_ids: vec![id.clone()], failed, report: "5.1.1".into() };
        self.store.record(&self.lease().await, letter.intake(matter)).await.unwrap();
    }

    /// A customer's letter arrives that answers this mail.
    pub async fn answer(&self, from: &str, id: &MessageId) {
        let n = self.letters.fetch_add(1, Ordering::SeqCst) + 1;
        let letter = Letter::new(n).from(from).at(self.clock.now()).citing(id);
        let intake = letter.prepare(&*self.store).await;
        self.store.record(&self.lease().await, intake).await.unwrap();
    }

    async fn lease(&self) -> Lease {
        self.store.lease("support").await.unwrap()
    }

    pub async fn start(&self) -> Worker {
        let deliver = Deliver {
            store: self.store.clone(),
            mailer: Arc::new(SmtpMailer::new(self.smtp.clone())),
            actions: Some(self.mailbox.clone()),
            clock: self.clock.clone(),
            alarms: self.alarms.clone(),
            losses: self.losses.clone(),
            settings: self.settings.clone(),
            wake: self.wake.clone(),
        };
        let stop = CancellationToken::new();
        let lease = self.lease().await;
        let heartbeat = self.heartbeats.register("deliver support", PROMISE);
        Worker { task: tokio::spawn(deliver.run(lease, stop.clone(), heartbeat)), stop }
    }

    /// Moves the clock on, at a moment when the worker waits: what it decided in the middle of a round
    /// would be about the time before.
    pub async fn advance(&self, by: SignedDuration) {
        self.store.quiet().await;
        self.clock.advance(by);
    }

    /// Moves the clock on and waits until both loops have looked around since.
    pub async fn pass_time(&self, by: SignedDuration) {
        self.advance(by).await;
        let fresh_for_long = self.clock.now().checked_add(PROMISE - SignedDuration::from_secs(1)).unwrap();
        let beaten = async {
            while !self.heartbeats.all_fresh(fresh_for_long) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::support::PATIENCE, beaten).await.expect("the worker gives a sign of life");
        self.store.quiet().await;
    }

    /// Returns once the mail waits again after so many attempts.
    pub async fn failed(&self, id: &str, attempts: u32) -> OutgoingMail {
        self.store.until_row(id, |row| row.attempts == attempts && row.state.name() == "pending").await
    }

    pub fn alarm(&self, key: &str) -> Option<String> {
        self.alarms.list().into_iter().find(|alarm| alarm.key == key).map(|alarm| alarm.sentence)
    }
}

impl Worker {
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(crate::support::PATIENCE, self.task).await.expect("the worker ends").unwrap();
    }

    /// As `kill -9` would: at the next await point nothing more happens.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A mailbox in memory.
#[derive(Default)]
pub struct Shelf {
    pub sent: Mutex<HashSet<String>>,
    pub filed: Mutex<Vec<Vec<u8>>>,
    pub marked: Mutex<Vec<String>>,
    pub failures: Mutex<Vec<MailError>>,
    pub searches: watch::Sender<usize>,
    tries: watch::Sender<usize>,
}

impl Shelf {
    fn may_fail(&self) -> Result<(), MailError> {
        self.tries.send_modify(|tries| *tries += 1);
        match self.failures.lock().unwrap().pop() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Returns once \Sent was searched so often.
    pub async fn searched(&self, times: usize) {
        reached(&self.searches, times).await;
    }

    /// Returns once so many actions were tried.
    pub async fn tried(&self, times: usize) {
        reached(&self.tries, times).await;
    }
}

async fn reached(counter: &watch::Sender<usize>, times: usize) {
    let mut counter = counter.subscribe();
    let waiting = tokio::time::timeout(crate::support::PATIENCE, counter.wait_for(|count| *count >= times));
    waiting.await.expect("the mailbox is worked in").unwrap();
}

#[async_trait]
impl MailboxActions for Shelf {
    async fn find_sent(&self, id: &MessageId) -> Result<bool, MailError> {
        self.searches.send_modify(|searches| *searches += 1);
        self.may_fail()?;
        Ok(self.sent.lock().unwrap().contains(id.as_str()))
    }

    async fn file_sent(&self, bytes: &[u8]) -> Result<(), MailError> {
        self.may_fail()?;
        self.filed.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }

    async fn mark_acknowledged(&self, location: &MessageLocation) -> Result<bool, MailError> {
        self.may_fail()?;
        self.marked.lock().unwrap().push(location.name.clone());
        Ok(true)
    }
}
