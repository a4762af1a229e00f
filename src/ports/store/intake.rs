//! What one received message brings into the store.

use jiff::Timestamp;

use crate::domain::draft::DraftProposal;
use crate::domain::joining::{Joining, Threading};
use crate::domain::permission::Permission;
use crate::domain::{
    Address, AlertKind, CaseFlag, CaseId, Message, MessageId, MessageKey, MessageLocation, OutgoingId, OutgoingMail,
    Position, Verdict,
};

/// One message, everything decided, to be stored in one transaction.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Identity of the message.
    pub key: MessageKey,
    /// Where it lies.
    pub location: MessageLocation,
    /// The folder's position once this is stored.
    pub position: Position,
    /// The message as read.
    pub message: Message,
    /// Whether its raw bytes were kept with [`super::Store::keep_raw`].
    pub raw_kept: bool,
    /// Now.
    pub at: Timestamp,
    /// What it means for us.
    pub matter: Matter,
}

/// What a message means for us.
#[derive(Debug, Clone)]
pub enum Matter {
    /// A customer (or somebody who may be one) wrote.
    Customer(Box<CustomerMatter>),
    /// A machine wrote: stored and shown, changes no case, unless it reports on one of our mails.
    Machine {
        /// The permission rule that said so.
        why: String,
        /// What a person must know of it, if anything.
        alert: Option<Box<Alert>>,
    },
    /// A delivery report citing ids that may be ours: whatever it says, the mail cited had left.
    DeliveryReport {
        /// The ids cited.
        message_ids: Vec<MessageId>,
        /// The mail was refused for good.
        failed: bool,
        /// Action and status code.
        report: String,
    },
    /// Somebody of ours answered from a mail client (found in \Sent, or copied to the inbox).
    OwnAnswer(OwnAnswer),
    /// Found in \Sent from before the first start: changes no case.
    SentBefore {
        /// See [`OwnAnswer::by_person`].
        by_person: bool,
    },
}

/// What a machine's message tells that a person must know of.
#[derive(Debug, Clone)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// How it finds the case that it concerns.
    pub threading: Threading,
}

/// See [`Matter::OwnAnswer`].
#[derive(Debug, Clone)]
pub struct OwnAnswer {
    /// Ids it answers.
    pub cited: Vec<MessageId>,
    /// Whom it went to.
    pub recipients: Vec<Address>,
    /// It is certainly ours: found in \Sent, or the trusted server proved its sender. Another one only joins its case
    /// and is flagged there ([`CaseFlag::UnprovenAnswer`]), until its copy is found in \Sent.
    pub proven: bool,
    /// A person wrote it: whoever answers it, where it concerns no case, is not acknowledged. What a machine wrote, as our
    /// acknowledgements, proves that a mail of ours left, and answers nobody.
    pub by_person: bool,
}

/// See [`Matter::Customer`].
#[derive(Debug, Clone)]
pub struct CustomerMatter {
    /// How the message finds its case.
    pub threading: Threading,
    /// What the preparation was based on; checked again inside the transaction.
    pub expected: Joining,
    /// The revision of the joined case that the preparation was based on; ignored when it opens one.
    pub expected_revision: u64,
    /// Id for the case if it opens one; when taken, the answer is [`Recorded::Outdated`].
    pub new_case: CaseId,
    /// Whom we would answer.
    pub customer: Option<Address>,
    /// Which of our addresses was written to.
    pub our_address: Option<Address>,
    /// The verdict on this message by itself; `None` when unreadable.
    pub verdict: Option<Verdict>,
    /// The case's verdict once this message is part of it.
    pub case_verdict: Option<Verdict>,
    /// Thanks or a rating only: joins without reopening.
    pub mere_thanks: bool,
    /// The mark that it names; it counts where our last reply asked for one.
    pub mark: Option<u8>,
    /// The permission rules' answer.
    pub permission: Permission,
    /// The acknowledgement, rendered and frozen, if one may go out.
    pub acknowledgement: Option<OutgoingMail>,
    /// Limits counted inside the transaction.
    pub caps: Caps,
    /// The draft to propose.
    pub draft: Option<DraftProposal>,
    /// Things to see on the case.
    pub flags: Vec<CaseFlag>,
}

/// Limits on acknowledgements, counted by the store over sliding windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Per recipient in 24 hours.
    pub per_sender_per_day: u32,
    /// Per recipient domain in one hour; `None` for public mail domains.
    pub per_domain_per_hour: Option<u32>,
    /// Per mailbox in one hour: reaching it opens the breaker.
    pub per_mailbox_per_hour: u32,
}

/// What became of the acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcknowledgementFate {
    /// It waits in the outbox.
    Queued(OutgoingId),
    /// None was proposed, or the case has had its own.
    None,
    /// A limit was reached; the text names it (`cap: sender`, `cap: domain`, `breaker`).
    Capped(String),
}

/// What became of an [`Intake`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A new case.
    New {
        /// Its id.
        case: CaseId,
        /// What became of the acknowledgement.
        acknowledgement: AcknowledgementFate,
    },
    /// It continues a case.
    Joined {
        /// Its id.
        case: CaseId,
    },
    /// The very same message is already there; only the position moved.
    AlreadyKnown {
        /// The case that holds it, if one does.
        case: Option<CaseId>,
    },
    /// An own answer in an inbox that concerns no case: nothing was stored, not even the position. It is
    /// to be taken as anybody's message.
    Unclaimed,
    /// Stored without a case (a machine's message), or it resolved something of ours.
    Noted {
        /// The case it concerned, if any.
        case: Option<CaseId>,
    },
    /// The store moved on since the preparation: nothing was stored, prepare again.
    Outdated,
}

/// A message that could not be fetched.
#[derive(Debug, Clone)]
pub struct Quarantine {
    /// Where it lies.
    pub location: MessageLocation,
    /// The folder's position, with the failure counted or the message given up.
    pub position: Position,
    /// What happened.
    pub why: String,
    /// Given up: list it for a person.
    pub given_up: bool,
    /// Now.
    pub at: Timestamp,
}
