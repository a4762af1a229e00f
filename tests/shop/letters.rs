//! Letters of customers, taken in as the daemon takes them in.

use guichet::domain::identity::IdentityKey;
use guichet::domain::joining::{Joining, Threading};
use guichet::domain::message::ReturnPath;
use guichet::domain::position::FolderRole;
use guichet::domain::verdict::Unsure;
use guichet::domain::{
    Address, AlertKind, Anger, CaseFlag, CaseId, Condition, Explanation, Fact, Folder, Given, Intent, Message,
    MessageId, MessageKey, MessageLocation, Permission, Position, Reason, Signal, Verdict,
};
use guichet::ports::store::{Alert, Caps, CustomerMatter, Intake, Matter, Quarantine, Recorded};
use guichet::ports::{Clock, Store};
use guichet::reply::acknowledgement::Voice;
use guichet::reply::compose::{self, Acknowledging, Drafting};
use guichet::reply::suggestion::suggest;
use jiff::SignedDuration;

use super::{MAILBOX, Shop, sender};

/// One letter.
#[derive(Clone)]
pub struct Letter {
    pub from: String,
    /// A display name that could not be written plainly.
    pub name: Option<String>,
    /// The mailbox's breaker opens at so many acknowledgements.
    pub breaker: u32,
    pub subject: String,
    pub text: String,
    pub quoted: String,
    pub language: &'static str,
    pub attachments: Vec<String>,
    pub verdict: Verdict,
    pub minutes_ago: i64,
    pub held: Option<&'static str>,
    pub answers: Option<MessageId>,
    pub flags: Vec<CaseFlag>,
    /// The bytes as received; kept, and the files named as reading names them.
    pub original: Option<Vec<u8>>,
}

impl Letter {
    /// An English letter; a calm refund request.
    pub fn new(from: &str, subject: &str, text: &str) -> Self {
        Self {
            from: from.into(),
            name: None,
            breaker: 500,
            subject: subject.into(),
            text: text.into(),
            quoted: String::new(),
            language: "en",
            attachments: Vec::new(),
            verdict: verdict(Intent::RefundRequest),
            minutes_ago: 10,
            held: None,
            answers: None,
            flags: Vec::new(),
            original: None,
        }
    }

    /// With its original beside the store.
    pub fn with_original(mut self, raw: &[u8]) -> Self {
        self.attachments = guichet::reading::outline(raw).attachments.into_iter().map(|file| file.name).collect();
        self.original = Some(raw.to_vec());
        self
    }

    /// In French.
    pub fn french(mut self) -> Self {
        self.language = "fr";
        self
    }

    /// Arrived so long ago.
    pub fn ago(mut self, minutes: i64) -> Self {
        self.minutes_ago = minutes;
        self
    }

    /// Judged otherwise.
    pub fn judged(mut self, change: impl FnOnce(&mut Verdict)) -> Self {
        change(&mut self.verdict);
        self.verdict.missing =
            guichet::domain::policy::Policy::default().missing(self.verdict.intent, &self.verdict.given);
        self
    }
}

/// A sure verdict without facts.
pub fn verdict(intent: Intent) -> Verdict {
    let reason = (intent == Intent::RefundRequest).then_some(Reason::Unspecified);
    Verdict {
        intent,
        intent_confidence: 0.97,
        anger: Anger::Calm,
        anger_confidence: 0.91,
        reason,
        reason_confidence: 0.8,
        unsure: Vec::new(),
        given: Given::default(),
        missing: vec![Fact::OrderNumber],
        signals: Vec::new(),
        explanation: Vec::new(),
    }
}

fn message(letter: &Letter, shop: &Shop) -> Message {
    let mut from = Address::parse(&letter.from).unwrap();
    from.name = letter.name.clone().or(from.name);
    let arrived_at = shop.clock.now() - SignedDuration::from_mins(letter.minutes_ago);
    let id = format!("{:x}.{}@customer.example", arrived_at.as_second(), letter.subject.len() + letter.text.len());
    Message {
        condition: Condition::Readable,
        message_id: Some(MessageId::parse(&id).unwrap()),
        in_reply_to: letter.answers.iter().cloned().collect(),
        return_path: ReturnPath::Mailbox(from.email.clone()),
        from: vec![from],
        recipients: vec![sender().from],
        subject: letter.subject.clone(),
        date_header: arrived_at.to_string(),
        language: letter.language.into(),
        newest_text: letter.text.clone(),
        text: format!("{}{}", letter.text, letter.quoted),
        attachments: letter.attachments.clone(),
        ..Message::unreadable(arrived_at, "")
    }
}

impl Shop {
    /// Takes a letter in; returns the case it opened or joined.
    pub async fn receive(&self, letter: &Letter) -> CaseId {
        let message = message(letter, self);
        let key = MessageKey::of(&message, &IdentityKey::new([7; 32]));
        let customer = message.author().cloned().unwrap();
        let order = letter.verdict.given.order_number.as_deref();
        let threading = Threading::of(&message, key, Some(customer.email.clone()), order);
        let lease = self.store.lease(MAILBOX).await.unwrap();
        let expected = self.store.locate(&threading).await.unwrap();
        let (new_case, revision) = match &expected {
            Joining::Joins { case, .. } => (case.clone(), self.store.case(case).await.unwrap().revision),
            _ => (CaseId::from_random(u64::from_str_radix(&key.to_hex()[..15], 16).unwrap(), 5), 0),
        };
        let permission = match letter.held {
            Some(why) => Permission::held(why),
            None => Permission::Allowed { to: customer.clone() },
        };
        let voice = Voice {
            templates: &self.wording.templates,
            calendar: &self.wording.calendar,
            languages: &self.wording.languages,
            fallback: &self.wording.fallback,
        };
        let sender = sender();
        let acknowledgement = (letter.held.is_none() && revision == 0).then(|| {
            let parts = Acknowledging {
                sender: &sender,
                case: &new_case,
                message: &message,
                verdict: Some(&letter.verdict),
                key,
                to: &customer,
                now: message.arrived_at,
            };
            compose::acknowledgement(&parts, &voice).unwrap()
        });
        let suggestion = suggest(
            Some(&letter.verdict),
            &letter.flags.iter().cloned().collect(),
            voice.language_for(letter.language),
        );
        let drafting = Drafting {
            case: &new_case,
            subject: &letter.subject,
            language: letter.language,
            received_at: message.arrived_at,
            verdict: Some(&letter.verdict),
            known: &letter.verdict.given,
            to: Some(&customer),
            from: &sender.from,
            assessment: None,
            policy: &self.wording.policy,
            promised: None,
        };
        let matter = CustomerMatter {
            threading,
            expected,
            expected_revision: revision,
            new_case: new_case.clone(),
            customer: Some(customer.clone()),
            our_address: Some(sender.from.clone()),
            verdict: Some(letter.verdict.clone()),
            case_verdict: Some(letter.verdict.clone()),
            mere_thanks: false,
            mark: guichet::triage::rating::read(&letter.text),
            permission,
            acknowledgement,
            caps: Caps { per_sender_per_day: 3, per_domain_per_hour: None, per_mailbox_per_hour: letter.breaker },
            draft: Some(compose::draft(&drafting, suggestion, &voice).unwrap()),
            flags: letter.flags.clone(),
        };
        let at = message.arrived_at;
        let mut intake = intake(key, message, at, Matter::Customer(Box::new(matter)));
        if let Some(raw) = &letter.original {
            self.store.keep_raw(key, raw).await.unwrap();
            intake.raw_kept = true;
        }
        let recorded = self.store.record(&lease, intake).await;
        match recorded.unwrap() {
            Recorded::New { case, .. } | Recorded::Joined { case } => case,
            other => panic!("{other:?}"),
        }
    }

    /// A machine's message.
    pub async fn receive_machine(&self, from: &str, subject: &str, why: &str) {
        let message = message(&Letter::new(from, subject, "automatic"), self);
        let key = MessageKey::of(&message, &IdentityKey::new([7; 32]));
        let lease = self.store.lease(MAILBOX).await.unwrap();
        let at = message.arrived_at;
        self.store
            .record(&lease, intake(key, message, at, Matter::Machine { why: why.into(), alert: None }))
            .await
            .unwrap();
    }

    /// A machine's message that a person must know of, about an order.
    pub async fn receive_alert(&self, from: &str, subject: &str, kind: AlertKind, order: &str) {
        let message = message(&Letter::new(from, subject, "The automated text."), self);
        let key = MessageKey::of(&message, &IdentityKey::new([7; 32]));
        let threading = Threading::of(&message, key, None, Some(order));
        let alert = Some(Box::new(Alert { kind, threading }));
        let lease = self.store.lease(MAILBOX).await.unwrap();
        let at = message.arrived_at;
        let matter = Matter::Machine { why: "auto-submitted".into(), alert };
        self.store.record(&lease, intake(key, message, at, matter)).await.unwrap();
    }

    /// A message that could not be fetched three times.
    pub async fn give_up(&self, name: &str, why: &str) {
        let lease = self.store.lease(MAILBOX).await.unwrap();
        let quarantine = Quarantine {
            location: location(name),
            position: Position::default(),
            why: why.into(),
            given_up: true,
            at: self.clock.now(),
        };
        self.store.pass_over(&lease, quarantine).await.unwrap();
    }

    /// Ten letters as a shop gets them in a morning.
    pub async fn morning(&self) -> Vec<CaseId> {
        let mut cases = Vec::new();
        for letter in morning() {
            cases.push(self.receive(&letter).await);
        }
        cases
    }
}

fn location(name: &str) -> MessageLocation {
    MessageLocation { folder: Folder { mailbox: MAILBOX.into(), role: FolderRole::Inbox }, name: name.into() }
}

fn intake(key: MessageKey, message: Message, at: jiff::Timestamp, matter: Matter) -> Intake {
    let location = location(&key.short());
    Intake { key, location, position: Position::default(), message, raw_kept: false, at, matter }
}

fn because(from: &str, name: &str, matched: &str, weight: f32) -> Explanation {
    Explanation { from: from.into(), name: name.into(), matched: matched.into(), weight }
}

fn morning() -> Vec<Letter> {
    let mut letters = vec![
        Letter::new(
            "Camille Durand <camille.durand@exemple.example>",
            "Cafetière arrivée cassée",
            "Bonjour,\n\nla cafetière reçue ce matin est fendue sur toute la hauteur et fuit dès qu’on la remplit. \
             Je voudrais être remboursée, s’il vous plaît. Je joins deux photos.\n\nBien à vous,\nCamille Durand",
        )
        .french()
        .ago(42)
        .judged(|v| {
            v.reason = Some(Reason::Defective);
            v.given.reason = Some(Reason::Defective);
            v.given.product = Some("cafetière".into());
            v.explanation = vec![
                because("rule", "asks-money-back", "Je voudrais être remboursée", 3.1),
                because("rule", "arrived-broken", "fendue sur toute la hauteur et fuit", 2.2),
                because("model", "intent", "rembours", 0.8),
                because("model", "intent", "photos", -0.4),
            ];
        }),
        Letter::new(
            "Tom Okafor <tom@okafor.example>",
            "THIRD TIME ASKING - where is my refund?!",
            "You told me on 3 February that the refund for order 58213 was on its way. It is March. \
             If I do not see my money by Friday I will dispute the payment with my bank.",
        )
        .ago(190)
        .judged(|v| {
            v.intent = Intent::RefundNotReceived;
            v.reason = None;
            v.anger = Anger::Furious;
            v.given.order_number = Some("58213".into());
            v.given.announced_date = Some("on 3 February".into());
            v.signals = vec![Signal::DisputeOpened, Signal::Chaser];
            v.explanation = vec![
                because("rule", "refund-announced", "the refund for order 58213 was on its way", 2.9),
                because("rule", "dispute-announced", "dispute the payment with my bank", 2.4),
            ];
        }),
        Letter::new(
            "Léa Marchand <lea.m@exemple.example>",
            "Rétractation commande CMD-2026-0417",
            "Bonjour, j’exerce mon droit de rétractation pour la commande CMD-2026-0417 livrée hier. Merci de m’indiquer la marche à suivre.",
        )
        .french()
        .ago(75)
        .judged(|v| {
            v.reason = Some(Reason::ChangedMind);
            v.given.reason = Some(Reason::ChangedMind);
            v.given.order_number = Some("CMD-2026-0417".into());
            v.given.purchase_date = Some("hier".into());
            v.signals = vec![Signal::Withdrawal];
        }),
        Letter::new("Priya Nair <priya.nair@nair.example>", "Wrong colour", "Hi, the lamp I received is green, I ordered brass. Can I swap it for the right one? Order A-7731.")
            .ago(26)
            .judged(|v| {
                v.intent = Intent::Other;
                v.reason = None;
                v.intent_confidence = 0.58;
                v.unsure = vec![Unsure::Intent];
                v.given.order_number = Some("A-7731".into());
                v.signals = vec![Signal::ExchangeOrRepair];
            }),
        Letter::new("jb.lefort@exemple.example", "", "bonjour vous avez débité ma carte deux fois pour la commande 4471, c’est inadmissible, remboursez moi tout de suite")
            .french()
            .ago(8)
            .judged(|v| {
                v.anger = Anger::Angry;
                v.reason = Some(Reason::BillingError);
                v.given.reason = Some(Reason::BillingError);
                v.given.order_number = Some("4471".into());
            }),
        Letter::new("Marta Kowalska <marta@kowalska.example>", "Opening hours on Saturday?", "Hello, are you open this Saturday? I would like to pick up my order myself.")
            .ago(3)
            .judged(|v| {
                v.intent = Intent::Other;
                v.reason = None;
            }),
    ];
    letters[0].attachments = vec!["IMG_2041.jpg".into(), "facture mars.pdf".into()];
    letters[0].quoted = "\n\nLe 1 mars 2026, Maison Guichet a écrit :\n> Votre commande est en route.".into();
    letters[3].held = Some("return-path absent");
    letters[3].flags = vec![CaseFlag::OtherSender];
    letters
}
