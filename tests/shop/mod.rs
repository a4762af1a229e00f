//! A shop with the real store, real templates and a desk on loopback: what desk, control socket and
//! browser tests are played in. Only the clock is held by hand.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod http;
pub mod letters;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use guichet::adapters::assets::{Assets, Kind};
use guichet::adapters::reviewers::ReviewersFile;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::daemon::review::{DEFAULT_UNDO, Review, ReviewMailbox, ReviewParts, Wording};
use guichet::desk::{Desk, DeskParts, Settings};
use guichet::domain::policy::Policy;
use guichet::domain::{Address, Calendar};
use guichet::ports::{Clock, Health, Notice, Store};
use guichet::reply::compose::Sender;
use guichet::reply::templates::Templates;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The mailbox.
pub const MAILBOX: &str = "support";
/// A reviewer's sign-in.
pub const NAME: &str = "ana";
/// Her password.
pub const PASSWORD: &str = "counter window 7";

/// Stands still until moved.
pub struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, _at: Timestamp) {
        std::future::pending::<()>().await;
    }
}

/// Well, unless told otherwise.
#[derive(Default)]
pub struct Pulse {
    pub ill: Mutex<Option<String>>,
    pub lost: Mutex<Option<String>>,
}

impl Health for Pulse {
    fn fresh(&self) -> bool {
        self.ill.lock().unwrap().is_none()
    }

    fn alarms(&self) -> Vec<Notice> {
        let notices = |told: &Mutex<Option<String>>, loss| {
            let told = told.lock().unwrap().clone();
            told.map(|sentence| Notice { sentence, loss })
        };
        [notices(&self.ill, false), notices(&self.lost, true)].into_iter().flatten().collect()
    }

    fn loss_dismissed(&self) {
        *self.lost.lock().unwrap() = None;
    }
}

/// A running shop; it closes when dropped.
pub struct Shop {
    pub store: Arc<SledStore>,
    pub review: Arc<Review>,
    pub reviewers: Arc<ReviewersFile>,
    pub clock: Arc<HandClock>,
    pub pulse: Arc<Pulse>,
    pub wording: Wording,
    pub desk: Desk,
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub data: TempDir,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens a shop without letters.
pub async fn open() -> Shop {
    open_with(|_| {}).await
}

/// Opens a shop whose desk is set up differently.
pub async fn open_with(change: impl FnOnce(&mut Settings)) -> Shop {
    open_under(Policy::default(), change).await
}

/// Opens a shop with another policy.
pub async fn open_under(policy: Policy, change: impl FnOnce(&mut Settings)) -> Shop {
    let data = tempfile::tempdir().unwrap();
    let store = SledStore::open(data.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap().0;
    let store = Arc::new(store);
    let clock = Arc::new(HandClock(Mutex::new("2026-03-03T10:00:00Z".parse().unwrap())));
    let reviewers = Arc::new(ReviewersFile::in_folder(data.path()));
    reviewers.add(NAME, "Ana Lopes", PASSWORD, clock.now()).unwrap();
    let assets = Assets::built_in().load(Kind::Templates).unwrap();
    let wording = wording(Templates::load(&assets).unwrap(), policy);
    let review = Arc::new(review(&store, &reviewers, &clock, wording.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut settings = Settings::local(address);
    change(&mut settings);
    let pulse = Arc::new(Pulse::default());
    let parts = DeskParts {
        settings,
        review: Arc::clone(&review),
        reviewers: Arc::<ReviewersFile>::clone(&reviewers),
        health: Arc::<Pulse>::clone(&pulse),
        clock: Arc::<HandClock>::clone(&clock),
        ids: Arc::new(SystemIds),
    };
    let desk = Desk::new(parts, &assets).unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(guichet::desk::serve(desk.clone(), listener, stop.clone()));
    Shop { store, review, reviewers, clock, pulse, wording, desk, address, stop, data }
}

fn wording(templates: Templates, policy: Policy) -> Wording {
    Wording {
        templates: Arc::new(templates),
        policy,
        calendar: Calendar::without_hours(TimeZone::UTC),
        languages: vec!["fr".into(), "en".into()],
        fallback: "en".into(),
    }
}

/// Who answers.
pub fn sender() -> Sender {
    Sender {
        mailbox: MAILBOX.into(),
        from: Address::parse("Maison Guichet <support@shop.example>").unwrap(),
        envelope_sender: None,
        message_id_domain: None,
    }
}

fn review(store: &Arc<SledStore>, reviewers: &Arc<ReviewersFile>, clock: &Arc<HandClock>, wording: Wording) -> Review {
    let mailbox = ReviewMailbox {
        sender: sender(),
        signature: "Maison Guichet".into(),
        undo: DEFAULT_UNDO,
        reminder: SignedDuration::from_hours(120),
        file_copy: true,
        deliver: Arc::default(),
        enrich: Arc::default(),
    };
    let wording = Arc::new(wording);
    Review::new(ReviewParts {
        store: Arc::<SledStore>::clone(store),
        reviewers: Arc::<ReviewersFile>::clone(reviewers),
        wording: Arc::new(move || Arc::clone(&wording)),
        mailboxes: BTreeMap::from([(MAILBOX.to_owned(), mailbox)]),
        refunds: true,
        shadow: false,
        clock: Arc::<HandClock>::clone(clock),
        ids: Arc::new(SystemIds),
    })
}

impl Shop {
    /// The store as the port.
    pub fn port(&self) -> &dyn Store {
        self.store.as_ref()
    }
}
