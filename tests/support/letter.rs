//! Letters of customers, prepared for the store as the daemon prepares them, and what we answer.

use guichet::domain::address::Email;
use guichet::domain::identity::IdentityKey;
use guichet::domain::joining::{Joining, Threading};
use guichet::domain::message::ReturnPath;
use guichet::domain::position::FolderRole;
use guichet::domain::{
    Address, Anger, Case, CaseFlag, CaseId, Condition, DeliveryState, Fact, Folder, Given, Intent, Message, MessageId,
    MessageKey, MessageLocation, OutgoingId, OutgoingKind, OutgoingMail, Permission, Position, Reason, Signal,
    Suggestion, TemplateName, Verdict,
};
use guichet::ports::Store;
use guichet::ports::store::{Caps, CustomerMatter, DraftProposal, Intake, Matter, OwnAnswer};
use jiff::{SignedDuration, Timestamp};

/// The mailbox that samples arrive in.
pub const MAILBOX: &str = "support";
/// Our address.
pub const SHOP: &str = "Maison Guichet <support@shop.example>";
/// A Monday morning.
/// The customer of the samples.
pub const CAMILLE: &str = "camille@customer.example";
pub const START: &str = "2026-03-02T09:00:00Z";

/// So many seconds after [`START`].
pub fn seconds(after: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(after)
}

/// So many minutes after [`START`].
pub fn minutes(after: i64) -> Timestamp {
    seconds(60 * after)
}

/// Reads an address that is known to be good.
pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Reads a Message-ID that is known to be good.
pub fn message_id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

/// A folder of [`MAILBOX`].
pub fn folder(role: FolderRole) -> Folder {
    Folder { mailbox: MAILBOX.into(), role }
}

/// A position with a mark and nothing else.
pub fn mark(text: &str) -> Position {
    Position { mark: text.into(), ..Position::default() }
}

/// K under the secret of the tests.
pub fn key_of(message: &Message) -> MessageKey {
    MessageKey::of(message, &IdentityKey::new([7; 32]))
}

/// A readable message number `n` of Camille's.
pub fn message(n: u32) -> Message {
    let text = format!("Bonjour, ma cafetière est arrivée cassée. Je voudrais être remboursée. Message {n}.");
    Message {
        condition: Condition::Readable,
        message_id: Some(message_id(&format!("<m{n}@customer.example>"))),
        from: vec![address("Camille Durand <camille@customer.example>")],
        recipients: vec![address(SHOP)],
        return_path: ReturnPath::Mailbox(Email::parse("camille@customer.example").unwrap()),
        subject: format!("Cafetière cassée {n}"),
        date_header: "Mon, 2 Mar 2026 10:00:00 +0100".into(),
        language: "fr".into(),
        newest_text: text.clone(),
        text,
        ..Message::unreadable(minutes(0), "")
    }
}

/// A refund request by an annoyed customer who forgot the order number.
pub fn verdict() -> Verdict {
    Verdict {
        intent: Intent::RefundRequest,
        intent_confidence: 0.97,
        anger: Anger::Frustrated,
        anger_confidence: 0.8,
        reason: Some(Reason::Defective),
        reason_confidence: 0.9,
        unsure: Vec::new(),
        given: Given { product: Some("cafetière".into()), reason: Some(Reason::Defective), ..Given::default() },
        missing: vec![Fact::OrderNumber, Fact::PurchaseDate],
        signals: Vec::new(),
        explanation: Vec::new(),
    }
}

/// A suggestion of one template.
pub fn suggestion(template: &str) -> Suggestion {
    Suggestion {
        template: Some(TemplateName::new(template)),
        why: format!("{template} fits"),
        others: Vec::new(),
        asks: true,
        grants: false,
    }
}

/// A draft to Camille.
pub fn proposal(template: &str) -> DraftProposal {
    DraftProposal {
        to: Some(address("Camille Durand <camille@customer.example>")),
        from: address(SHOP),
        subject: "Re: Cafetière cassée".into(),
        body: format!("Bonjour, texte du modèle {template}."),
        suggestion: suggestion(template),
    }
}

/// Limits that no test reaches by chance.
pub const WIDE: Caps =
    Caps { per_sender_per_day: 100_000, per_domain_per_hour: Some(100_000), per_mailbox_per_hour: 100_000 };

/// One message of a customer with everything that preparation decides about it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Number, from which ids and the case reference are made.
    pub n: u32,
    pub message: Message,
    pub at: Timestamp,
    pub verdict: Option<Verdict>,
    pub order_number: Option<String>,
    pub mere_thanks: bool,
    pub history: bool,
    pub permission: Option<Permission>,
    pub acknowledge: bool,
    pub caps: Caps,
    pub draft: Option<DraftProposal>,
    pub flags: Vec<CaseFlag>,
    pub folder: Folder,
}

impl Letter {
    /// Letter number `n`, arrived `n` minutes after [`START`]; may be acknowledged, proposes a draft.
    pub fn new(n: u32) -> Self {
        let at = minutes(i64::from(n));
        Self {
            n,
            message: Message { arrived_at: at, ..message(n) },
            at,
            verdict: Some(verdict()),
            order_number: None,
            mere_thanks: false,
            history: false,
            permission: None,
            acknowledge: true,
            caps: WIDE,
            draft: Some(proposal("ask_information")),
            flags: Vec::new(),
            folder: folder(FolderRole::Inbox),
        }
    }

    /// Written by somebody else.
    pub fn from(mut self, author: &str) -> Self {
        self.message.from = vec![address(author)];
        self
    }

    /// Arrived and handled at this time.
    pub fn at(mut self, at: Timestamp) -> Self {
        (self.at, self.message.arrived_at) = (at, at);
        self
    }

    /// Answers a message.
    pub fn citing(mut self, id: &MessageId) -> Self {
        self.message.in_reply_to = vec![id.clone()];
        self
    }

    /// With other words.
    pub fn saying(mut self, text: &str) -> Self {
        (self.message.text, self.message.newest_text) = (text.into(), text.into());
        self
    }

    /// About an order.
    pub fn order(mut self, number: &str) -> Self {
        self.order_number = Some(number.into());
        if let Some(verdict) = &mut self.verdict {
            verdict.given.order_number = Some(number.into());
        }
        self
    }

    /// With signals in its verdict.
    pub fn signals(mut self, signals: &[Signal]) -> Self {
        self.verdict.get_or_insert_with(verdict).signals = signals.to_vec();
        self
    }

    /// With other limits on acknowledgements.
    pub fn caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Not to be acknowledged, for this reason.
    pub fn held(mut self, why: &str) -> Self {
        self.permission = Some(Permission::held(why));
        self
    }

    /// Mere thanks.
    pub fn thanks(mut self) -> Self {
        self.mere_thanks = true;
        self
    }

    /// It lay there before the first start.
    pub fn history(mut self) -> Self {
        self.history = true;
        self
    }

    /// The reference of the case that it would open.
    pub fn case_id(&self) -> CaseId {
        CaseId::from_random(u64::from(self.n) * 0x9E37_79B9, 6)
    }

    /// Its identity.
    pub fn key(&self) -> MessageKey {
        key_of(&self.message)
    }

    /// Where it lies.
    pub fn location(&self) -> MessageLocation {
        MessageLocation { folder: self.folder.clone(), name: format!("1/{}", self.n) }
    }

    /// How it finds its case.
    pub fn threading(&self) -> Threading {
        let from = self.message.author().map(|author| author.email.clone());
        Threading {
            history: self.history,
            ..Threading::of(&self.message, self.key(), from, self.order_number.as_deref())
        }
    }

    /// The acknowledgement's row.
    pub fn acknowledgement_id(&self) -> OutgoingId {
        OutgoingId::new(format!("a-{}", self.key().short()))
    }

    /// Prepares it against what the store holds now.
    pub async fn prepare(&self, store: &dyn Store) -> Intake {
        let expected = store.locate(&self.threading()).await.unwrap();
        let revision = match &expected {
            Joining::Joins { case, .. } => store.case(case).await.unwrap().revision,
            _ => 0,
        };
        self.prepared(expected, revision)
    }

    /// Prepares it for an expected answer of the store.
    pub fn prepared(&self, expected: Joining, expected_revision: u64) -> Intake {
        let customer = self.message.author().cloned();
        let permission = match (&self.permission, &customer) {
            (Some(permission), _) => permission.clone(),
            (None, Some(to)) => Permission::Allowed { to: to.clone() },
            (None, None) => Permission::held("no usable sender"),
        };
        let acknowledgement = customer.as_ref().filter(|_| self.acknowledge).map(|to| self.acknowledgement(to));
        let matter = CustomerMatter {
            threading: self.threading(),
            expected,
            expected_revision,
            new_case: self.case_id(),
            customer,
            our_address: Some(address(SHOP)),
            verdict: self.verdict.clone(),
            case_verdict: self.verdict.clone(),
            mere_thanks: self.mere_thanks,
            permission,
            acknowledgement,
            caps: self.caps,
            draft: self.draft.clone(),
            flags: self.flags.clone(),
        };
        self.intake(Matter::Customer(Box::new(matter)))
    }

    /// The same message with another meaning.
    pub fn intake(&self, matter: Matter) -> Intake {
        Intake {
            key: self.key(),
            location: self.location(),
            position: mark(&format!("after {}", self.n)),
            message: self.message.clone(),
            raw_kept: false,
            at: self.at,
            matter,
        }
    }

    fn acknowledgement(&self, to: &Address) -> OutgoingMail {
        OutgoingMail {
            id: self.acknowledgement_id(),
            case: self.case_id(),
            mailbox: self.folder.mailbox.clone(),
            kind: OutgoingKind::Acknowledgement,
            message_id: message_id(&format!("ack.{}@shop.example", self.key().short())),
            envelope_from: None,
            recipients: vec![to.clone()],
            bytes: b"Subject: Votre message\r\n\r\nNous avons re\xc3\xa7u votre message.\r\n".to_vec(),
            state: DeliveryState::Pending { not_before: self.at },
            attempts: 0,
            resends: 0,
            last_problem: None,
            file_copy: false,
            created_at: self.at,
        }
    }
}

/// An approved reply, to be sent at `not_before`.
pub fn reply(case: &Case, n: u32, not_before: Timestamp) -> OutgoingMail {
    OutgoingMail {
        id: OutgoingId::new(format!("r-{}-{n}", case.id)),
        case: case.id.clone(),
        mailbox: case.mailbox.clone(),
        kind: OutgoingKind::Reply,
        message_id: message_id(&format!("reply.{}.{n}@shop.example", case.id)),
        envelope_from: Some(address(SHOP).email),
        recipients: case.customer.clone().into_iter().collect(),
        bytes: b"Subject: Re: Cafeti\xc3\xa8re\r\n\r\nBonjour\r\n".to_vec(),
        state: DeliveryState::Pending { not_before },
        attempts: 0,
        resends: 0,
        last_problem: None,
        file_copy: true,
        created_at: not_before,
    }
}

/// A mail of ours to `recipient`, found in \Sent at `at`, that answers `cited`.
pub fn own_answer(n: u32, at: Timestamp, recipient: &str, cited: &[MessageId]) -> Intake {
    let mut letter = Letter::new(n).from(SHOP).at(at);
    letter.folder = folder(FolderRole::Sent);
    letter.message.recipients = vec![address(recipient)];
    letter.message.in_reply_to = cited.to_vec();
    letter.intake(Matter::OwnAnswer(OwnAnswer {
        cited: cited.to_vec(),
        recipients: vec![address(recipient)],
        by_machine: false,
    }))
}
