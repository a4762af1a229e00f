//! What becomes of one message: the real reader, triage, templates and store; only the mail source is
//! missing.

mod lost;
mod lost_again;

use std::sync::{Arc, OnceLock};

use guichet::adapters::assets::{Assets, Kind};
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::{SystemClock, SystemIds};
use guichet::daemon::handbook::{Handbook, Handbooks};
use guichet::daemon::intake::{Intake, IntakeSettings};
use guichet::daemon::review::Wording;
use guichet::domain::calendar::Calendar;
use guichet::domain::identity::IdentityKey;
use guichet::domain::policy::Policy;
use guichet::domain::position::FolderRole;
use guichet::domain::{
    Address, Case, CaseFlag, CaseState, Folder, MessageLocation, OutgoingMail, Position, RawMessage,
};
use guichet::ports::store::{Caps, Lease, OutboxFilter};
use guichet::ports::{Arrival, Content, Standing, Store};
use guichet::refund::clues::Clues;
use guichet::reply::compose::Sender;
use guichet::reply::permission::{AddressPattern, PermissionSettings, PublicMail};
use guichet::reply::templates::Templates;
use guichet::triage::Triage;

/// Loaded once for all tests of this file: checking every rule takes a moment in a debug build.
pub(crate) fn handbooks() -> Handbooks {
    static LOADED: OnceLock<Handbooks> = OnceLock::new();
    let load = || {
        let assets = Assets::built_in();
        let (triage, _) =
            Triage::load(&assets.load(Kind::Rules).unwrap(), &assets.load(Kind::Models).unwrap()).unwrap();
        let clues = Clues::load(&assets.load(Kind::Rules).unwrap()).unwrap();
        let wording = Wording {
            templates: Arc::new(Templates::load(&assets.load(Kind::Templates).unwrap()).unwrap()),
            policy: Policy::default(),
            calendar: Calendar::without_hours(jiff::tz::TimeZone::UTC),
            languages: vec!["fr".into(), "en".into()],
            fallback: "en".into(),
        };
        Handbooks::new(Handbook { triage, clues, wording: Arc::new(wording), public_mail: PublicMail::default() })
    };
    LOADED.get_or_init(load).clone()
}

struct Counter {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    intake: Intake,
    lease: Lease,
    taken: std::cell::Cell<u32>,
}

impl Counter {
    async fn open(shadow: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let lease = store.lease("support").await.unwrap();
        let from = Address::parse("Shop <support@shop.example>").unwrap();
        let permission = PermissionSettings {
            addresses: Some(vec![AddressPattern::parse("*@shop.example").unwrap()]),
            from: Some(from.clone()),
            contact_forms: vec![AddressPattern::parse("form@shop.example").unwrap()],
            ..PermissionSettings::without_configuration(PublicMail::default())
        };
        let sender = Sender { mailbox: "support".into(), from, envelope_sender: None, message_id_domain: None };
        let caps = Caps { per_sender_per_day: 3, per_domain_per_hour: Some(20), per_mailbox_per_hour: 500 };
        let intake = Intake {
            store: Arc::clone(&store),
            handbooks: handbooks(),
            identity: IdentityKey::new([7; 32]),
            settings: IntakeSettings { shadow, permission, caps, sender },
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            deliver: Arc::default(),
            enrich: Arc::default(),
        };
        Self { _folder: folder, store, intake, lease, taken: std::cell::Cell::new(0) }
    }

    /// A message arrives in the inbox; `head` is its headers without Message-ID.
    async fn arrives(&self, head: &str, text: &str) {
        self.takes(FolderRole::Inbox, head, text, |_| {}).await;
    }

    /// The same in a folder of this role, with whatever else is to be said of the arrival.
    async fn takes(&self, role: FolderRole, head: &str, text: &str, change: impl FnOnce(&mut Arrival)) {
        let n = self.taken.get() + 1;
        self.taken.set(n);
        let bytes =
            format!("Message-ID: <m{n}@mail.example>\r\n{head}Content-Type: text/plain\r\n\r\n{text}\r\n").into_bytes();
        let folder = Folder { mailbox: "support".into(), role };
        let mut arrival = Arrival {
            location: MessageLocation { folder: folder.clone(), name: n.to_string() },
            position: Position { mark: n.to_string(), ..Position::default() },
            content: Content::Message(RawMessage { bytes, arrived_at: jiff::Timestamp::now(), partial: false }),
            history: false,
            marked_acknowledged: false,
            answered: false,
        };
        change(&mut arrival);
        self.intake.take(&self.lease, arrival, Standing::Continues).await.unwrap();
        let position = self.store.position(&folder).await.unwrap();
        assert_eq!(position.unwrap().mark, n.to_string(), "the folder goes on");
    }

    async fn cases(&self) -> Vec<Case> {
        self.store.cases(100).await.unwrap()
    }

    async fn outbox(&self) -> Vec<OutgoingMail> {
        self.store.outbox(OutboxFilter::Open).await.unwrap()
    }
}

const CUSTOMER: &str = "Return-Path: <claire@orange.example>\r\nFrom: Claire <claire@orange.example>\r\nTo: support@shop.example\r\nSubject: Order 48213\r\n";
const WISH: &str = "The kettle of order 48213 stopped working, I want my money back please.";

#[tokio::test]
async fn a_customers_message_opens_a_case_with_acknowledgement_and_draft() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    let cases = counter.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(counter.outbox().await.len(), 1);
    let file = counter.store.case_file(&cases[0].id).await.unwrap();
    assert!(file.draft.is_some_and(|draft| !draft.body.is_empty()));
}

#[tokio::test]
async fn shadow_mode_judges_and_drafts_and_queues_no_mail() {
    let counter = Counter::open(true).await;
    counter.arrives(CUSTOMER, WISH).await;
    let cases = counter.cases().await;
    assert!(cases[0].verdict.is_some());
    assert!(cases[0].flags.contains(&CaseFlag::NotAcknowledged("shadow mode".into())), "{:?}", cases[0].flags);
    assert!(counter.outbox().await.is_empty());
}

#[tokio::test]
async fn a_contact_form_with_a_copy_to_the_customer_is_a_customers_message() {
    let counter = Counter::open(false).await;
    let head = "Return-Path: <form@shop.example>\r\nFrom: form@shop.example\r\nReply-To: claire@orange.example\r\n\
                To: support@shop.example\r\nCc: claire@orange.example\r\nSubject: Contact form\r\n";
    counter.arrives(head, WISH).await;
    let cases = counter.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].customer.as_ref().unwrap().email.as_str(), "claire@orange.example");
    assert_eq!(counter.outbox().await.len(), 1);
}

#[tokio::test]
async fn a_colleagues_copy_that_concerns_no_case_is_queued_like_any_message() {
    let counter = Counter::open(false).await;
    let head = "Return-Path: <support@shop.example>\r\nFrom: support@shop.example\r\nTo: partner@else.example\r\n\
                Cc: support@shop.example\r\nSubject: Pallets\r\n";
    counter.arrives(head, "Could you send two more pallets?").await;
    assert_eq!(counter.cases().await.len(), 1, "nothing is lost");
    assert!(counter.outbox().await.is_empty(), "and nobody of ours is acknowledged");
}

#[tokio::test]
async fn a_forged_answer_of_ours_takes_nobody_off_the_queue() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    let head = "Return-Path: <mallory@evil.example>\r\nFrom: support@shop.example\r\nTo: claire@orange.example\r\n\
                Cc: support@shop.example\r\nSubject: Re: Order 48213\r\n";
    counter.arrives(head, "All settled.").await;
    let cases = counter.cases().await;
    let hers =
        cases.iter().find(|case| case.customer.as_ref().is_some_and(|c| c.email.domain() == "orange.example")).unwrap();
    assert_eq!(hers.state, CaseState::NeedsReply);
    assert_eq!(counter.outbox().await.len(), 1, "her acknowledgement still goes out");
}

#[tokio::test]
async fn a_true_answer_copied_to_the_inbox_withdraws_the_draft() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    let head = "Return-Path: <support@shop.example>\r\nFrom: support@shop.example\r\nTo: claire@orange.example\r\n\
                Cc: support@shop.example\r\nSubject: Re: Order 48213\r\nIn-Reply-To: <m1@mail.example>\r\n";
    counter.arrives(head, "We have refunded you.").await;
    let cases = counter.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].state, CaseState::Answered);
    assert!(counter.outbox().await.is_empty(), "the pending acknowledgement is cancelled");
}

#[tokio::test]
async fn a_report_of_any_kind_is_stored_and_opens_no_case() {
    let counter = Counter::open(false).await;
    let head = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: support@shop.example\r\nSubject: Undelivered Mail\r\n";
    counter.arrives(head, "We could not deliver your message.").await;
    assert!(counter.cases().await.is_empty());
    assert_eq!(counter.store.automated(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn unreadable_bytes_are_shown_to_a_person() {
    let counter = Counter::open(false).await;
    let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let arrival = Arrival {
        location: MessageLocation { folder, name: "1".into() },
        position: Position { mark: "1".into(), ..Position::default() },
        content: Content::Message(RawMessage { bytes: Vec::new(), arrived_at: jiff::Timestamp::now(), partial: false }),
        history: false,
        marked_acknowledged: false,
        answered: false,
    };
    counter.intake.take(&counter.lease, arrival, Standing::Continues).await.unwrap();
    let cases = counter.cases().await;
    assert!(cases[0].flags.contains(&CaseFlag::Unreadable));
    assert!(counter.outbox().await.is_empty());
}
