//! What becomes of one message: the real reader, triage, templates and store; only the mail source is
//! missing.

mod lost;
mod lost_again;
mod lost_elsewhere;

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
    Address, AlertKind, Case, CaseFlag, CaseState, Folder, MessageLocation, OutgoingMail, Position, RawMessage, Signal,
};
use guichet::ports::store::{Caps, Lease, OutboxFilter};
use guichet::ports::{Arrival, Content, Store};
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
            trusted_authserv_id: Some("mx.shop.example".into()),
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
        self.offered(role, n, head, text, change).await;
    }

    /// Message `<m{n}@mail.example>` is found in a folder.
    async fn lies_in(&self, role: FolderRole, n: u32, head: &str, text: &str) {
        self.offered(role, n, head, text, |_| {}).await;
    }

    async fn offered(&self, role: FolderRole, n: u32, head: &str, text: &str, change: impl FnOnce(&mut Arrival)) {
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
        self.intake.take(&self.lease, arrival).await.unwrap();
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

/// From our address to a customer, with a copy to the inbox.
fn own_answer(trace: &str) -> String {
    format!(
        "{trace}From: support@shop.example\r\nTo: claire@orange.example\r\nCc: support@shop.example\r\n\
         Subject: Re: Order 48213\r\nIn-Reply-To: <m1@mail.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    )
}

impl Counter {
    async fn of_claire(&self) -> Case {
        let hers = |case: &Case| case.customer.as_ref().is_some_and(|c| c.email.domain() == "orange.example");
        self.cases().await.into_iter().find(hers).unwrap()
    }
}

#[tokio::test]
async fn a_forged_answer_of_ours_takes_nobody_off_the_queue() {
    let forgeries = [
        "Return-Path: <mallory@evil.example>\r\n",
        "Return-Path: <support@shop.example>\r\n",
        "",
        "Return-Path: <support@shop.example>\r\nAuthentication-Results: mx.shop.example; dmarc=none\r\n",
        "Return-Path: <support@shop.example>\r\nAuthentication-Results: mx.evil.example; dmarc=pass\r\n",
    ];
    for trace in forgeries {
        for cited in ["In-Reply-To: <m1@mail.example>\r\n", ""] {
            let counter = Counter::open(false).await;
            counter.arrives(CUSTOMER, WISH).await;
            let head = own_answer(trace).replace("In-Reply-To: <m1@mail.example>\r\n", cited);
            counter.arrives(&head, "All settled.").await;
            let case = counter.of_claire().await;
            assert_eq!(case.state, CaseState::NeedsReply, "{head}");
            assert_eq!(counter.outbox().await.len(), 1, "her acknowledgement still goes out: {head}");
            assert!(counter.store.case_file(&case.id).await.unwrap().draft.is_some(), "{head}");
        }
    }
}

const PROVEN: &str = "Return-Path: <support@shop.example>\r\nAuthentication-Results: mx.shop.example; dmarc=pass\r\n";

#[tokio::test]
async fn a_proven_answer_copied_to_the_inbox_withdraws_the_draft() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    counter.arrives(&own_answer(PROVEN), "We have refunded you.").await;
    let cases = counter.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].state, CaseState::Answered);
    assert!(counter.outbox().await.is_empty(), "the pending acknowledgement is cancelled");
}

#[tokio::test]
async fn an_unproven_answer_is_shown_and_counts_once_it_is_found_among_the_sent_mails() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    let head = own_answer("Return-Path: <support@shop.example>\r\n");
    counter.arrives(&head, "We have refunded you.").await;
    let case = counter.of_claire().await;
    assert_eq!(counter.store.case_file(&case.id).await.unwrap().messages.len(), 2, "it is on the case");
    assert!(case.flags.contains(&CaseFlag::UnprovenAnswer), "{:?}", case.flags);
    counter.lies_in(FolderRole::Sent, 2, &head, "We have refunded you.").await;
    let case = counter.of_claire().await;
    assert_eq!(case.state, CaseState::Answered);
    assert!(!case.flags.contains(&CaseFlag::UnprovenAnswer), "{:?}", case.flags);
    assert!(counter.outbox().await.is_empty(), "the pending acknowledgement is cancelled");
}

#[tokio::test]
async fn a_customer_whom_a_person_wrote_first_is_not_greeted_by_a_machine() {
    let counter = Counter::open(false).await;
    let offer = "From: support@shop.example\r\nTo: claire@orange.example\r\nSubject: Your lamp\r\n";
    counter.lies_in(FolderRole::Sent, 71, offer, "Dear Claire, your lamp is ready.").await;
    let robot = "Auto-Submitted: auto-generated\r\nFrom: support@shop.example\r\nTo: claire@orange.example\r\n\
                 Subject: Order 48213 confirmed\r\n";
    counter.lies_in(FolderRole::Sent, 72, robot, "Thank you for your order.").await;

    let answer = |n: u32| format!("{CUSTOMER}In-Reply-To: <m{n}@mail.example>\r\n");
    counter.arrives(&answer(71), WISH).await;
    let case = counter.of_claire().await;
    assert_eq!(case.state, CaseState::NeedsReply);
    let why = CaseFlag::NotAcknowledged("a person already wrote".into());
    assert!(case.flags.contains(&why), "{:?}", case.flags);
    assert!(counter.outbox().await.is_empty());

    let other = answer(72).replace("claire", "chloe");
    counter.arrives(&other, WISH).await;
    assert_eq!(counter.outbox().await.len(), 1, "an order confirmation is no person's mail");
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
    counter.intake.take(&counter.lease, arrival).await.unwrap();
    let cases = counter.cases().await;
    assert!(cases[0].flags.contains(&CaseFlag::Unreadable));
    assert!(counter.outbox().await.is_empty());
}

#[tokio::test]
async fn a_machines_word_of_a_dispute_or_a_return_is_answered_by_nobody_and_missed_by_nobody() {
    let counter = Counter::open(false).await;
    counter.arrives(CUSTOMER, WISH).await;
    let machine = |from: &str, subject: &str| {
        format!(
            "Return-Path: <>\r\nAuto-Submitted: auto-generated\r\nFrom: {from}\r\nTo: support@shop.example\r\nSubject: {subject}\r\n"
        )
    };
    let dispute = machine("PayPal <service@paypal.example>", "A buyer has opened a case");
    counter.arrives(&dispute, "A buyer has opened a case for this transaction.\r\nOrder number: 48213").await;
    let carrier = machine("Colis <no-reply@colis.example>", "Retour");
    counter.arrives(&carrier, "Votre colis retour est bien livré.").await;
    counter.arrives(&machine("News <news@news.example>", "Our autumn tea"), "New teas have arrived.").await;
    let cases = counter.cases().await;
    assert_eq!(cases.len(), 1, "no case of their own");
    assert_eq!(counter.outbox().await.len(), 1, "the customer's acknowledgement and nothing else");
    let alerts = counter.store.alerts(10).await.unwrap();
    let found: Vec<_> = alerts.iter().map(|alert| (alert.kind, alert.case.clone())).collect();
    let case = cases[0].id.clone();
    assert_eq!(found, [(AlertKind::Dispute, Some(case)), (AlertKind::ReturnArrived, None)]);
    assert!(cases[0].verdict.as_ref().unwrap().signals.contains(&Signal::DisputeOpened));
    assert_eq!(counter.store.automated(10).await.unwrap().len(), 3);
}
