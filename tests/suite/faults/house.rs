//! A whole Guichet in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use guichet::adapters::imap::{ImapSettings, ImapSource};
use guichet::adapters::secret::Secret;
use guichet::adapters::smtp::SmtpMailer;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::adapters::tls::Security;
use guichet::daemon::intake::{Intake, IntakeSettings};
use guichet::daemon::watch::Watch;
use guichet::daemon::{Alarms, Deliver, DeliverSettings, Heartbeats, InDoubt, Losses, SentCopy};
use guichet::domain::identity::IdentityKey;
use guichet::domain::position::FolderRole;
use guichet::domain::{Address, Case, Email, Folder, OutgoingMail, Position};
use guichet::ports::store::{Caps, Lease, Matter, OutboxFilter};
use guichet::ports::{Arrival, Clock, MailError, MailSession, MailSource, Opened, Store};
use guichet::reply::compose::Sender;
use guichet::reply::permission::{AddressPattern, PermissionSettings, PublicMail};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::intake::handbooks;
use crate::smtp::settings as smtp_settings;
use crate::support::letter::Letter;
use crate::support::played_imap::PlayedImap;
use crate::support::scripted_smtp::SmtpServer;
use crate::support::still_time::{Activity, Busy, StillTime, TokioClock};
use crate::support::watched::WatchedStore;

const PROMISE: SignedDuration = SignedDuration::from_secs(30);

/// The mailbox.
pub fn inbox() -> Folder {
    Folder { mailbox: "support".into(), role: FolderRole::Inbox }
}

/// Customer number `n`'s letter.
pub fn letter(n: usize) -> String {
    format!(
        "Return-Path: <kim{n}@home{n}.example>\r\nMessage-ID: <letter.{n}@home{n}.example>\r\n\
         From: Kim <kim{n}@home{n}.example>\r\nTo: support@shop.example\r\nSubject: Order {n}\r\n\
         Date: Mon, 16 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain\r\n\r\nThe kettle of order 4821{n} stopped working.\r\n"
    )
}

/// The store, and the parts that ran on it when they are started.
pub struct House {
    pub still: StillTime,
    pub clock: Arc<TokioClock>,
    pub store: Arc<WatchedStore>,
    pub alarms: Alarms,
    pub imap: PlayedImap,
    pub smtp: SmtpServer,
    pub in_doubt: InDoubt,
    wake: Arc<Notify>,
    stop: CancellationToken,
    _data: tempfile::TempDir,
}

impl House {
    /// The folder was read up to its beginning before: all that arrives is new.
    pub async fn new() -> Self {
        let still = StillTime::begin();
        let clock = still.clock();
        // In memory where that is possible: only the order of writes matters here.
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let (store, _) = SledStore::open(data.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let store = Arc::new(WatchedStore::seen_by(Arc::new(store), still.activity.clone()));
        let house = Self {
            alarms: Alarms::new(clock.clone()),
            imap: PlayedImap::start().await,
            smtp: SmtpServer::start().await,
            in_doubt: InDoubt::ResendOnce,
            wake: Arc::default(),
            stop: CancellationToken::new(),
            _data: data,
            still,
            clock,
            store,
        };
        let mark = r#"{"uid_validity":7,"next_uid":1,"history":{"next":1,"end":1,"since":"2026-04-01"},"newest":"2026-05-01T00:00:00Z"}"#;
        let position = Position { mark: mark.into(), ..Position::default() };
        house.store.set_position(&house.lease().await, &inbox(), &position).await.unwrap();
        house
    }

    pub async fn lease(&self) -> Lease {
        self.store.lease("support").await.unwrap()
    }

    /// A letter arrives on the IMAP server.
    pub fn receive(&self, n: usize) -> u32 {
        let uid = self.imap.deliver(letter(n).as_bytes(), Timestamp::now());
        self.still.activity.happened();
        uid
    }

    /// Customer number `n`'s letter was read, and its acknowledgement is due.
    pub async fn put(&self, n: u32) {
        let letter = Letter::new(n).from(&format!("kim{n}@home{n}.example")).at(self.clock.now());
        let mut intake = letter.prepare(&*self.store).await;
        let Matter::Customer(matter) = &mut intake.matter else { panic!("a letter of a customer") };
        let mail = matter.acknowledgement.as_mut().expect("an acknowledgement");
        mail.bytes = format!("Message-ID: <{}>\r\nSubject: {n}\r\n\r\nBonjour\r\n", mail.message_id).into_bytes();
        self.store.record(&self.lease().await, intake).await.unwrap();
        self.wake.notify_one();
    }

    /// Watches the inbox over the IMAP server on this port.
    pub async fn watch(&self, port: u16) -> JoinHandle<()> {
        let settings = ImapSettings::new("127.0.0.1", port, Security::None, "user", Secret::Given("secret".into()));
        let source =
            SeenSource { inner: ImapSource::new(Arc::new(settings), inbox()), activity: self.still.activity.clone() };
        let watch = Watch {
            source: Arc::new(source),
            intake: Arc::new(self.intake()),
            store: self.store.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds),
            alarms: self.alarms.clone(),
            losses: Losses::default(),
            ready: watch::Sender::default(),
        };
        let heartbeat = Heartbeats::new(self.clock.clone()).register("watch", PROMISE);
        tokio::spawn(watch.run(self.lease().await, heartbeat, self.stop.clone()))
    }

    /// Delivers over the SMTP server on this port.
    pub async fn deliver(&self, port: u16) -> JoinHandle<()> {
        let deliver = Deliver {
            store: self.store.clone(),
            mailer: Arc::new(SmtpMailer::new(smtp_settings(port))),
            actions: None,
            clock: self.clock.clone(),
            alarms: self.alarms.clone(),
            losses: Losses::default(),
            settings: DeliverSettings {
                mailbox: "support".into(),
                in_doubt: self.in_doubt,
                sent_copy: SentCopy::Auto,
                fallback_sender: Email::parse("support@shop.example").unwrap(),
                max_per_hour: None,
            },
            wake: self.wake.clone(),
        };
        let heartbeat = Heartbeats::new(self.clock.clone()).register("deliver", PROMISE);
        tokio::spawn(deliver.run(self.lease().await, self.stop.clone(), heartbeat))
    }

    fn intake(&self) -> Intake {
        let from = Address::parse("Shop <support@shop.example>").unwrap();
        let permission = PermissionSettings {
            addresses: Some(vec![AddressPattern::parse("*@shop.example").unwrap()]),
            from: Some(from.clone()),
            ..PermissionSettings::without_configuration(PublicMail::default())
        };
        let sender = Sender { mailbox: "support".into(), from, envelope_sender: None, message_id_domain: None };
        let caps = Caps { per_sender_per_day: 3, per_domain_per_hour: Some(20), per_mailbox_per_hour: 500 };
        Intake {
            store: self.store.clone(),
            handbooks: handbooks(),
            identity: IdentityKey::new([7; 32]),
            settings: IntakeSettings { shadow: false, permission, caps, sender },
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds),
            deliver: self.wake.clone(),
            enrich: Arc::default(),
        }
    }

    /// Lets time pass until so many mails are sent; panics after `at_most` of it.
    pub async fn until_sent(&self, count: usize, at_most: Duration, what: &dyn std::fmt::Debug) {
        let sent = |rows: &[OutgoingMail]| rows.iter().filter(|row| row.state.name() == "sent").count() >= count;
        if self.still.during(at_most, self.store.until_outbox(sent)).await.is_none() {
            panic!(
                "{what:?}: fewer than {count} sent after {at_most:?}: {:?}\ncases: {:?}\nquarantined: {:?}\nIMAP: {:?}\nSMTP: {:?}",
                self.outbox().await.iter().map(|row| (&row.state, &row.last_problem)).collect::<Vec<_>>(),
                self.cases().await.iter().map(|case| (&case.customer, &case.flags)).collect::<Vec<_>>(),
                self.store.quarantined(10).await.unwrap(),
                self.imap.transcript(),
                self.smtp.transcript(),
            );
        }
    }

    pub async fn outbox(&self) -> Vec<OutgoingMail> {
        self.store.outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap()
    }

    pub async fn cases(&self) -> Vec<Case> {
        self.store.cases(1000).await.unwrap()
    }

    /// Copies that the SMTP server took, by recipient.
    pub fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for mail in self.smtp.taken() {
            *copies.entry(mail.rcpt_to.concat()).or_default() += 1;
        }
        copies
    }

    /// Every letter has one case and was acknowledged exactly once.
    pub async fn assert_each_once(&self, letters: usize, what: &dyn std::fmt::Debug) {
        assert_eq!(self.cases().await.len(), letters, "{what:?}: one case for each letter");
        assert!(self.store.quarantined(10).await.unwrap().is_empty(), "{what:?}: nothing was given up");
        let copies = self.copies();
        assert_eq!(copies.len(), letters, "{what:?}: {copies:?}");
        assert!(copies.values().all(|count| *count == 1), "{what:?}: {copies:?}");
    }

    /// The daemon's parts end.
    pub async fn end(&self, tasks: Vec<JoinHandle<()>>) {
        self.stop.cancel();
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

/// A source whose user is busy while it is not asked: time stands still while messages are judged.
struct SeenSource {
    inner: ImapSource,
    activity: Activity,
}

struct SeenSession {
    inner: Box<dyn MailSession>,
    activity: Activity,
    judging: Option<Busy>,
}

#[async_trait]
impl MailSource for SeenSource {
    fn folder(&self) -> &Folder {
        self.inner.folder()
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        let inner = self.inner.connect().await?;
        Ok(Box::new(SeenSession { inner, activity: self.activity.clone(), judging: None }))
    }
}

#[async_trait]
impl MailSession for SeenSession {
    fn reach_back(&mut self, to: jiff::Timestamp) {
        self.inner.reach_back(to);
    }

    async fn open(&mut self, stored: Option<&Position>) -> Result<Opened, MailError> {
        self.inner.open(stored).await
    }

    async fn fetch(&mut self, limit: usize) -> Result<Vec<Arrival>, MailError> {
        self.judging = None;
        let arrivals = self.inner.fetch(limit).await?;
        self.judging = Some(self.activity.busy());
        Ok(arrivals)
    }

    async fn wait(&mut self, at_most: Duration, stop: &CancellationToken) -> Result<(), MailError> {
        self.judging = None;
        self.inner.wait(at_most, stop).await
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}
