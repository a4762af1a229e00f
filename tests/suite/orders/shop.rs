//! Intake, delivery and enrichment on a real store, with a clock held by hand.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use guichet::adapters::orders::{CsvOrders, HttpOrders};
use guichet::adapters::outbox_dir::OutboxDir;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::config::{self, Config};
use guichet::daemon::enrich::Enrich;
use guichet::daemon::intake::{Intake, IntakeSettings};
use guichet::daemon::{Alarms, Deliver, DeliverSettings, Heartbeats, InDoubt, Losses, SentCopy};
use guichet::domain::identity::IdentityKey;
use guichet::domain::position::FolderRole;
use guichet::domain::{
    Address, Assessment, CaseId, Folder, MessageLocation, Order, OutgoingKind, Position, Purchase, RawMessage,
};
use guichet::ports::store::{Caps, CaseFile, Lease};
use guichet::ports::{Arrival, Clock, Content, OrderQuery, Orders, OrdersError, Store};
use guichet::reply::compose::Sender;
use guichet::reply::permission::{AddressPattern, PermissionSettings, PublicMail};
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::intake::handbooks;
use crate::support::ids::CountingIds;
use crate::support::still_time::{Activity, StillTime, TokioClock};
use crate::support::watched::WatchedStore;

const MAILBOX: &str = "support";
/// Longer than any wait between two questions to a source.
const LONG: Duration = Duration::from_secs(3600);

/// The counter of a shop.
pub struct Shop {
    pub still: StillTime,
    pub store: Arc<WatchedStore>,
    pub alarms: Alarms,
    pub lease: Lease,
    pub clock: Arc<TokioClock>,
    intake: Intake,
    stop: CancellationToken,
    taken: Cell<u32>,
    _data: tempfile::TempDir,
}

/// The source that a configuration's `[orders]` describes.
pub fn source(orders: &str) -> Arc<dyn Orders> {
    let mailbox = "[[mailbox]]\nname = \"a\"\nsource = \"maildir\"\npath = \"/m\"\nfrom = \"a@b.example\"\n\
                   [mailbox.smtp]\noutbox_dir = \"/tmp/x\"\n";
    let config = Config::parse(&format!("{mailbox}[orders]\n{orders}"), Path::new("guichet.toml")).unwrap();
    match config.orders.unwrap() {
        config::Orders::Csv(settings) => Arc::new(CsvOrders::new(settings)),
        config::Orders::Http(settings) => Arc::new(HttpOrders::new(*settings)),
    }
}

/// No time passes while the source is at work: for all sources but those that never answer.
struct Prompt(Arc<dyn Orders>, Activity);

#[async_trait]
impl Orders for Prompt {
    fn takes(&self, query: &OrderQuery) -> bool {
        self.0.takes(query)
    }

    async fn find(&self, query: &OrderQuery) -> Result<Vec<Order>, OrdersError> {
        let _busy = self.1.busy();
        self.0.find(query).await
    }

    async fn trouble(&self) -> Option<String> {
        let _busy = self.1.busy();
        self.0.trouble().await
    }
}

impl Shop {
    /// With a source that answers at once, rightly or wrongly.
    pub async fn open(orders: Option<Arc<dyn Orders>>) -> Self {
        let still = StillTime::begin();
        let prompt = orders.map(|orders| Arc::new(Prompt(orders, still.activity.clone())) as Arc<dyn Orders>);
        Self::with(still, prompt).await
    }

    /// With a source that may let wait.
    pub async fn open_waiting(orders: Arc<dyn Orders>) -> Self {
        Self::with(StillTime::begin(), Some(orders)).await
    }

    async fn with(still: StillTime, orders: Option<Arc<dyn Orders>>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (store, _) =
            SledStore::open(&data.path().join("data"), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let store = Arc::new(WatchedStore::seen_by(Arc::new(store), still.activity.clone()));
        let lease = store.lease(MAILBOX).await.unwrap();
        let clock = still.clock();
        let alarms = Alarms::new(clock.clone());
        let heartbeats = Heartbeats::new(clock.clone());
        let (deliver, enrich, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()), CancellationToken::new());
        let from = Address::parse("Shop <support@shop.example>").unwrap();
        let sender = Sender { mailbox: MAILBOX.into(), from, envelope_sender: None, message_id_domain: None };
        let delivery = Deliver {
            store: store.clone(),
            mailer: Arc::new(OutboxDir::new(data.path().join("outbox"))),
            actions: None,
            clock: clock.clone(),
            alarms: alarms.clone(),
            losses: Losses::default(),
            settings: DeliverSettings {
                mailbox: MAILBOX.into(),
                in_doubt: InDoubt::ResendOnce,
                sent_copy: SentCopy::Auto,
                fallback_sender: sender.from.email.clone(),
                max_per_hour: None,
            },
            wake: deliver.clone(),
        };
        let enrichment = Enrich {
            store: store.clone(),
            orders,
            handbooks: handbooks(),
            sender: sender.clone(),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            alarms: alarms.clone(),
            wake: enrich.clone(),
        };
        let beat = |worker| heartbeats.register(worker, SignedDuration::from_secs(100));
        tokio::spawn(delivery.run(lease.clone(), stop.clone(), beat("deliver")));
        tokio::spawn(enrichment.run(lease.clone(), beat("enrich"), stop.clone()));
        let permission = PermissionSettings {
            addresses: Some(vec![AddressPattern::parse("*@shop.example").unwrap()]),
            from: Some(sender.from.clone()),
            ..PermissionSettings::without_configuration(PublicMail::default())
        };
        let caps = Caps { per_sender_per_day: 9, per_domain_per_hour: Some(99), per_mailbox_per_hour: 500 };
        let intake = Intake {
            store: store.clone(),
            handbooks: handbooks(),
            identity: IdentityKey::new([7; 32]),
            settings: IntakeSettings { shadow: false, permission, caps, sender },
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            deliver,
            enrich,
        };
        Self { still, store, alarms, lease, clock, intake, stop, taken: Cell::new(0), _data: data }
    }

    /// A mail of this person arrives; returns the case that it went to.
    pub async fn arrives(&self, from: &str, text: &str) -> CaseId {
        let n = self.taken.get() + 1;
        self.taken.set(n);
        let bytes = format!(
            "Return-Path: <{from}>\r\nMessage-ID: <m{n}@mail.example>\r\nFrom: {from}\r\nTo: support@shop.example\r\n\
             Subject: My order\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        );
        let folder = Folder { mailbox: MAILBOX.into(), role: FolderRole::Inbox };
        let arrived_at = self.clock.now();
        let arrival = Arrival {
            location: MessageLocation { folder, name: n.to_string() },
            position: Position { mark: n.to_string(), ..Position::default() },
            content: Content::Message(RawMessage { bytes: bytes.into_bytes(), arrived_at, partial: false }),
            history: false,
            marked_acknowledged: false,
            answered: false,
        };
        let taking = self.intake.take(&self.lease, arrival);
        self.still.during(LONG, taking).await.unwrap().unwrap();
        let cases = self.store.cases(99).await.unwrap();
        cases.into_iter().find(|case| case.customer.as_ref().is_some_and(|c| c.email.as_str() == from)).unwrap().id
    }

    /// Returns once the acknowledgement of a case has left.
    pub async fn acknowledged(&self, case: &CaseId) {
        let left = self.store.until_outbox(|mails| {
            mails.iter().any(|mail| {
                mail.case == *case && mail.kind == OutgoingKind::Acknowledgement && mail.state.name() == "sent"
            })
        });
        self.still.during(LONG, left).await.expect("the acknowledgement leaves");
    }

    /// Returns once a case is as wanted.
    pub async fn until(&self, case: &CaseId, wanted: impl Fn(&CaseFile) -> bool) -> CaseFile {
        let waiting = self.still.during(LONG, self.store.until_case(case, wanted)).await;
        match waiting {
            Some(file) => file,
            None => panic!("in vain: {:?}", self.store.assessment(case).await),
        }
    }

    /// The assessment, once the source said what is wanted.
    pub async fn assessed(&self, case: &CaseId, wanted: impl Fn(&Purchase) -> bool) -> Assessment {
        let fits = |file: &CaseFile| file.assessment.as_ref().is_some_and(|said| wanted(&said.purchase));
        self.until(case, fits).await.assessment.unwrap()
    }

    /// Why the facts are missing, once the case says so.
    pub async fn missing(&self, case: &CaseId) -> String {
        match self.assessed(case, |purchase| matches!(purchase, Purchase::Unavailable { .. })).await.purchase {
            Purchase::Unavailable { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }

    /// The order, once it is found.
    pub async fn found(&self, case: &CaseId) -> Order {
        let said = self.assessed(case, |purchase| purchase.order().is_some()).await;
        said.purchase.order().unwrap().clone()
    }

    /// What the alarm about the source says.
    pub fn alarm(&self) -> Option<String> {
        self.alarms.list().into_iter().find(|alarm| alarm.key == "orders").map(|alarm| alarm.sentence)
    }

    /// Returns once the alarm is as wanted.
    pub async fn until_alarm(&self, wanted: impl Fn(Option<String>) -> bool) {
        let watch = async {
            while !wanted(self.alarm()) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        self.still.during(LONG, watch).await.unwrap_or_else(|| panic!("in vain: {:?}", self.alarm()));
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
