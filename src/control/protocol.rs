//! What commands ask and what the daemon answers. The documents are also what `--json` prints.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::place;
use crate::daemon::lessons::Lessons;
use crate::daemon::review::Queued;
use crate::domain::grouping::Group;
use crate::domain::order_of_work::Why;
use crate::domain::record::CallDirection;
use crate::domain::{
    CaseFlag, CaseId, CaseState, DeliveryState, Folder, Message, MessageKey, OutgoingId, OutgoingKind, OutgoingMail,
    Position, RecordEntry, Verdict,
};
use crate::ports::store::{
    AutomatedMessage, BackedUp, CaseFile, Erased, Figures, LossNotice, MachineAlert, Period, Promise, Quarantined,
    StoredNotice,
};

/// A command's question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Cases that need a reply.
    Queue {
        /// At most so many.
        limit: usize,
    },
    /// What is no case: machines' messages, and messages that could not be fetched.
    Aside,
    /// Copy everything into a folder and read the copy back.
    Backup {
        /// Absolute path; absent or empty.
        folder: PathBuf,
    },
    /// Which messages of a folder are not stored under their names there.
    Missing {
        /// The folder.
        folder: Folder,
        /// Names as [`crate::domain::MessageLocation`] has them.
        names: Vec<String>,
    },
    /// Which messages were never stored, wherever they lay.
    Unknown {
        /// Identities.
        keys: Vec<MessageKey>,
    },
    /// Remove everything about an address.
    Erase {
        /// The address.
        address: String,
    },
    /// The loss that the store tells of.
    Loss {
        /// A person knows of it: it is told no more.
        dismiss: bool,
    },
    /// Reviewers' corrections as rows to learn from, pseudonymised.
    Corrections,
    /// All of one case.
    Case {
        /// Which.
        case: CaseId,
    },
    /// Approve the draft as it stands.
    Approve {
        /// Which.
        case: CaseId,
        /// The case's revision that was read.
        revision: u64,
        /// The second step that a refusal and an acceptance for an angry customer need.
        #[serde(default)]
        confirmed: bool,
        /// Sign-in name of the reviewer; may be left out while there is only one.
        reviewer: Option<String>,
    },
    /// Change the draft.
    Edit {
        /// Which.
        case: CaseId,
        /// The case's revision that was read.
        revision: u64,
        /// New recipient.
        to: Option<String>,
        /// New subject.
        subject: Option<String>,
        /// New text.
        body: Option<String>,
        /// As in [`Request::Approve`].
        reviewer: Option<String>,
    },
    /// The evidence of a case.
    Export {
        /// Which.
        case: CaseId,
    },
    /// Figures over the cases of a period.
    Figures {
        /// Which cases.
        period: Period,
    },
    /// A telephone call enters the record.
    Call {
        /// Which.
        case: CaseId,
        /// Who called whom.
        direction: CallDirection,
        /// What was said; may be empty.
        note: String,
        /// As in [`Request::Approve`].
        reviewer: Option<String>,
    },
    /// A promise is kept.
    KeepPromise {
        /// Which case.
        case: CaseId,
        /// The promise's number in it.
        n: u64,
        /// As in [`Request::Approve`].
        reviewer: Option<String>,
    },
    /// A refund notice that was given up is tried again.
    TellAgain {
        /// Which case.
        case: CaseId,
        /// As in [`Request::Approve`].
        reviewer: Option<String>,
    },
    /// Close the case without a reply.
    Dismiss {
        /// Which.
        case: CaseId,
        /// The case's revision that was read.
        revision: u64,
        /// Why; may be empty.
        why: String,
        /// As in [`Request::Approve`].
        reviewer: Option<String>,
    },
}

/// The daemon's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    /// To [`Request::Queue`].
    Queue(QueueDocument),
    /// To [`Request::Aside`].
    Aside(AsideDocument),
    /// To [`Request::Case`].
    Case(Box<CaseDocument>),
    /// To [`Request::Backup`].
    BackedUp(BackedUp),
    /// To [`Request::Missing`].
    Missing {
        /// Those of the names.
        names: Vec<String>,
        /// How far the folder was read.
        position: Option<Position>,
    },
    /// To [`Request::Unknown`].
    Unknown {
        /// Those of the identities.
        keys: Vec<MessageKey>,
    },
    /// To [`Request::Erase`].
    Erased(Erased),
    /// To [`Request::Loss`]: what was told until now.
    Loss {
        /// Nothing when no loss is to be told of.
        notice: Option<LossNotice>,
        /// Why an older copy would not be noticed.
        #[serde(default)]
        unwatched: Option<String>,
        /// Long texts known to be damaged, each with what to do.
        #[serde(default)]
        damaged: Vec<String>,
    },
    /// To [`Request::Corrections`].
    Corrections(Lessons),
    /// To [`Request::Export`].
    Exported {
        /// The zip, in base64.
        zip: String,
        /// Where its record was changed, if it was.
        broken_at: Option<u64>,
    },
    /// To [`Request::Figures`].
    Figures(Box<Figures>),
    /// The draft was approved.
    Approved {
        /// Its row in the outbox.
        id: OutgoingId,
    },
    /// The change was made.
    Done {
        /// The case's revision now.
        revision: u64,
    },
    /// It was not.
    Refused {
        /// Why, and what to do.
        why: String,
        /// What happened since the revision named, when that is the reason.
        changes: Vec<RecordEntry>,
    },
}

/// All that is set aside, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideDocument {
    /// Written by machines.
    pub automated: Vec<AutomatedMessage>,
    /// Given up on.
    pub quarantined: Vec<Quarantined>,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueDocument {
    /// Most urgent first.
    pub cases: Vec<QueueLine>,
    /// How many wait in all.
    pub waiting: u64,
    /// Mails held or in doubt.
    pub troubled: usize,
    /// Mailboxes that stopped acknowledging.
    pub stopped: Vec<String>,
    /// Many cases on one product and reason within days, the most first.
    #[serde(default)]
    pub groups: Vec<GroupDocument>,
    /// Machines' messages that a person must know of, until somebody puts them away at the desk.
    #[serde(default)]
    pub alerts: Vec<AlertDocument>,
}

/// A machine's message that a person must know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertDocument {
    /// `dispute` or `return_arrived`.
    pub kind: String,
    /// The case that it concerns, if that is known.
    pub case: Option<CaseId>,
    /// Who says to have written it.
    pub from: Option<String>,
    /// Its subject.
    pub subject: String,
}

impl From<MachineAlert> for AlertDocument {
    fn from(alert: MachineAlert) -> Self {
        let kind = alert.kind.as_str().to_owned();
        Self { kind, case: alert.case, from: alert.from, subject: alert.subject }
    }
}

/// Many cases on one product and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDocument {
    /// As most of the cases name it.
    pub product: String,
    /// Label.
    pub reason: String,
    /// How many wait.
    pub cases: usize,
    /// Over how many days they came in.
    pub days: i64,
}

impl From<Group> for GroupDocument {
    fn from(group: Group) -> Self {
        let reason = group.topic.reason().to_string();
        Self { product: group.product, reason, cases: group.cases, days: group.days }
    }
}

/// One case of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueLine {
    /// Reference.
    pub case: CaseId,
    /// Name or address.
    pub customer: Option<String>,
    /// Of the first message.
    pub subject: String,
    /// Beginning of the newest text.
    pub excerpt: String,
    /// Label; null when not judged.
    pub intent: Option<String>,
    /// 0 to 3.
    pub anger: Option<u8>,
    /// Triage is not sure.
    pub unsure: bool,
    /// Facts the policy needs, the customer did not give and the order does not tell.
    pub missing: Vec<String>,
    /// Template proposed.
    pub template: Option<String>,
    /// A reviewer changed the text.
    pub edited: bool,
    /// Things to see.
    pub flags: BTreeSet<CaseFlag>,
    /// Since when the customer waits.
    pub waiting_since: Timestamp,
    /// The case's revision.
    pub revision: u64,
    /// Why it stands where it stands; absent from an older daemon's answer.
    #[serde(default)]
    pub place: Option<Why>,
    /// The same in a few English words.
    #[serde(default)]
    pub place_words: String,
}

/// All of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseDocument {
    /// Reference.
    pub case: CaseId,
    /// Its mailbox.
    pub mailbox: String,
    /// Whose turn it is.
    pub state: CaseState,
    /// The case's revision.
    pub revision: u64,
    /// Address with name.
    pub customer: Option<String>,
    /// Of the first message.
    pub subject: String,
    /// ISO 639-1.
    pub language: String,
    /// When the first message arrived.
    pub opened_at: Timestamp,
    /// Since when the customer waits.
    pub waiting_since: Timestamp,
    /// Things to see.
    pub flags: BTreeSet<CaseFlag>,
    /// The latest verdict.
    pub verdict: Option<Verdict>,
    /// Oldest first.
    pub messages: Vec<MessageDocument>,
    /// The draft that waits.
    pub draft: Option<DraftDocument>,
    /// Oldest first.
    pub outgoing: Vec<OutgoingDocument>,
    /// Refunds accepted, and whether the payment side was told.
    #[serde(default)]
    pub notices: Vec<StoredNotice>,
    /// Dates that our replies promised.
    #[serde(default)]
    pub promises: Vec<Promise>,
    /// The history, oldest first.
    pub record: Vec<RecordEntry>,
}

/// A message of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageDocument {
    /// Who wrote.
    pub from: Option<String>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Its subject.
    pub subject: String,
    /// What the customer wrote this time.
    pub newest_text: String,
    /// File names.
    pub attachments: Vec<String>,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftDocument {
    /// Whom it goes to.
    pub to: Option<String>,
    /// Our address.
    pub from: String,
    /// Subject.
    pub subject: String,
    /// Text without the signature.
    pub body: String,
    /// Template.
    pub template: Option<String>,
    /// Why this one.
    pub why: String,
    /// Who changed the text.
    pub edited_by: Option<String>,
    /// Whether a newer suggestion stands beside it.
    pub newer: bool,
}

/// A mail of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutgoingDocument {
    /// Row in the outbox.
    pub id: OutgoingId,
    /// Acknowledgement or reply.
    pub kind: OutgoingKind,
    /// Message-ID with angle brackets.
    pub message_id: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: u32,
}

impl QueueLine {
    /// A row as the document has it; days and hours as they are in `zone`.
    pub fn new(queued: &Queued, zone: &TimeZone, now: Timestamp) -> Self {
        let row = &queued.row;
        let case = &row.case;
        let verdict = case.verdict.as_ref();
        Self {
            case: case.id.clone(),
            customer: case.customer.as_ref().map(|c| c.name.clone().unwrap_or_else(|| c.email.to_string())),
            subject: case.subject.clone(),
            excerpt: row.excerpt.clone(),
            intent: verdict.map(|v| v.intent.to_string()),
            anger: verdict.map(|v| v.anger.level()),
            unsure: verdict.is_some_and(|v| !v.unsure.is_empty()),
            missing: row.missing().map(|fact| fact.to_string()).collect(),
            template: row.template.clone(),
            edited: row.edited,
            flags: case.flags.clone(),
            waiting_since: case.waiting_since,
            revision: case.revision,
            place: Some(queued.why.clone()),
            place_words: place::words(&queued.why, zone, now),
        }
    }
}

impl From<CaseFile> for CaseDocument {
    fn from(file: CaseFile) -> Self {
        let case = file.case;
        Self {
            case: case.id,
            mailbox: case.mailbox,
            state: case.state,
            revision: case.revision,
            customer: case.customer.map(|customer| customer.to_string()),
            subject: case.subject,
            language: case.language,
            opened_at: case.opened_at,
            waiting_since: case.waiting_since,
            flags: case.flags,
            verdict: case.verdict,
            messages: file.messages.into_iter().map(|held| held.message.into()).collect(),
            draft: file.draft.filter(|draft| draft.approved_as.is_none()).map(|draft| DraftDocument {
                to: draft.to.map(|to| to.to_string()),
                from: draft.from.to_string(),
                subject: draft.subject,
                body: draft.body,
                template: draft.suggestion.template.map(|template| template.to_string()),
                why: draft.suggestion.why,
                edited_by: draft.edited_by,
                newer: draft.newer.is_some(),
            }),
            outgoing: file.outgoing.into_iter().map(Into::into).collect(),
            notices: file.notices,
            promises: file.promises,
            record: file.record,
        }
    }
}

impl From<Message> for MessageDocument {
    fn from(message: Message) -> Self {
        Self {
            from: message.author().map(ToString::to_string),
            arrived_at: message.arrived_at,
            subject: message.subject,
            newest_text: message.newest_text,
            attachments: message.attachments,
        }
    }
}

impl From<OutgoingMail> for OutgoingDocument {
    fn from(mail: OutgoingMail) -> Self {
        Self {
            id: mail.id,
            kind: mail.kind,
            message_id: mail.message_id.to_string(),
            to: mail.recipients.iter().map(ToString::to_string).collect(),
            state: mail.state,
            attempts: mail.attempts,
        }
    }
}
