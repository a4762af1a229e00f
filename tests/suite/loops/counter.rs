//! One Guichet without its network: what arrives is handed in, what leaves is handed out.

use std::cell::Cell;
use std::sync::Arc;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::daemon::intake::{Intake, IntakeSettings};
use guichet::domain::identity::IdentityKey;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::position::FolderRole;
use guichet::domain::{Address, Folder, MessageLocation, Position, RawMessage};
use guichet::ports::store::{Caps, Lease};
use guichet::ports::{Arrival, Clock, Content, Store};
use guichet::reply::compose::Sender;
use guichet::reply::permission::{AddressPattern, PermissionSettings, PublicMail, ReturnPathRule};
use jiff::SignedDuration;

use crate::intake::handbooks;
use crate::support::clock::ManualClock;

/// The breaker's limit.
pub const PER_MAILBOX: u32 = 500;

/// A mail that left.
pub struct Left {
    pub to: String,
    pub message_id: String,
    pub subject: String,
    pub bytes: Vec<u8>,
}

impl Left {
    /// As text, the way it left: `<>` as envelope sender.
    pub fn text(&self) -> String {
        format!("Return-Path: <>\r\n{}", String::from_utf8_lossy(&self.bytes))
    }
}

pub struct Counter {
    store: Arc<dyn Store>,
    intake: Intake,
    lease: Lease,
    clock: Arc<ManualClock>,
    taken: Cell<usize>,
    left: Cell<usize>,
    _data: tempfile::TempDir,
}

impl Counter {
    pub async fn open(address: &str) -> Self {
        Self::open_with(address, |_| {}).await
    }

    /// With other settings.
    pub async fn open_with(address: &str, change: impl FnOnce(&mut IntakeSettings)) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let (store, _) = SledStore::open(data.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = Arc::new(ManualClock::new());
        let from = Address::parse(&format!("Shop <{address}>")).unwrap();
        let permission = PermissionSettings {
            addresses: Some(vec![AddressPattern::parse(address).unwrap()]),
            from: Some(from.clone()),
            return_path: ReturnPathRule::Required,
            ..PermissionSettings::without_configuration(PublicMail::default())
        };
        let sender = Sender { mailbox: "support".into(), from, envelope_sender: None, message_id_domain: None };
        let caps = Caps { per_sender_per_day: 3, per_domain_per_hour: Some(20), per_mailbox_per_hour: PER_MAILBOX };
        let mut settings = IntakeSettings { shadow: false, permission, caps, sender };
        change(&mut settings);
        let intake = Intake {
            store: Arc::clone(&store),
            handbooks: handbooks(),
            identity: IdentityKey::new([7; 32]),
            settings,
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            deliver: Arc::default(),
            enrich: Arc::default(),
        };
        let lease = store.lease("support").await.unwrap();
        Self { store, intake, lease, clock, taken: Cell::new(0), left: Cell::new(0), _data: data }
    }

    /// A message arrives in the inbox.
    pub async fn receives(&self, text: &str) {
        self.receives_bytes(text.as_bytes()).await;
    }

    /// The same, whatever its bytes are.
    pub async fn receives_bytes(&self, bytes: &[u8]) {
        self.lies_in(FolderRole::Inbox, bytes).await;
    }

    /// It is found in a folder of this role.
    pub async fn lies_in(&self, role: FolderRole, bytes: &[u8]) {
        self.taken.set(self.taken.get() + 1);
        let n = self.taken.get().to_string();
        let folder = Folder { mailbox: "support".into(), role };
        let raw = RawMessage { bytes: bytes.to_vec(), arrived_at: self.clock.now(), partial: false };
        let arrival = Arrival {
            location: MessageLocation { folder, name: n.clone() },
            position: Position { mark: n, ..Position::default() },
            content: Content::Message(raw),
            history: false,
            marked_acknowledged: false,
            answered: false,
        };
        self.intake.take(&self.lease, arrival).await.unwrap();
    }

    /// What is due leaves.
    pub async fn sends(&self) -> Vec<Left> {
        let mut left = Vec::new();
        for mail in self.store.claim_due(&self.lease, self.clock.now(), 100).await.unwrap() {
            self.store.mark_committing(&self.lease, &mail.id).await.unwrap();
            let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
            self.store.finish(&self.lease, &mail.id, accepted, self.clock.now()).await.unwrap();
            let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
            left.push(Left {
                to: mail.recipients[0].email.as_str().to_owned(),
                message_id: mail.message_id.as_str().to_owned(),
                subject: parsed.subject().unwrap_or_default().to_owned(),
                bytes: mail.bytes.clone(),
            });
        }
        self.left.set(self.left.get() + left.len());
        left
    }

    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// How many mails left so far.
    pub fn left(&self) -> usize {
        self.left.get()
    }

    pub async fn cases(&self) -> usize {
        self.store.cases(1000).await.unwrap().len()
    }

    /// How many messages a person can see: on a case, among automated mail, or listed as not readable.
    pub async fn seen(&self) -> usize {
        let automated = self.store.automated(1000).await.unwrap().len();
        let quarantined = self.store.quarantined(1000).await.unwrap().len();
        self.cases().await + automated + quarantined
    }

    /// All of them, however many.
    pub async fn all_cases(&self) -> usize {
        self.store.cases(usize::MAX).await.unwrap().len()
    }

    /// Whether the breaker stopped acknowledgements.
    pub async fn breaker(&self) -> bool {
        self.store.breaker("support").await.unwrap().is_some()
    }

    pub fn a_minute_passes(&self) {
        self.passes(SignedDuration::from_mins(1));
    }

    pub fn passes(&self, time: SignedDuration) {
        self.clock.advance(time);
    }
}
