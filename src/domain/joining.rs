//! Which case a message belongs to: the first of four matches, as one pure function over what the
//! store found.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::address::Email;
use super::case::{Case, CaseId};
use super::identity::MessageKey;
use super::message::{Message, MessageId};

/// Same sender, one open case: joined when its last message is younger than this.
pub const QUIET_PERIOD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A case closed longer ago than this is not continued; a new one is linked to it.
pub const CONTINUE_PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a message offers for finding its conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threading {
    /// Identity of the message.
    pub key: MessageKey,
    /// Its own id.
    pub message_id: Option<MessageId>,
    /// Ids it answers, nearest first.
    pub cited: Vec<MessageId>,
    /// Case references in subject and newest text.
    pub references: Vec<CaseId>,
    /// Who wrote: the customer of a contact form, else the From mailbox.
    pub from: Option<Email>,
    /// Order numbers found, in canonical form.
    pub order_numbers: Vec<String>,
    /// Arrival.
    pub at: Timestamp,
    /// It lay there before the first start: a case it opens is closed at once, no draft, no acknowledgement.
    pub history: bool,
}

impl Threading {
    /// Gathers what `message` offers.
    pub fn of(message: &Message, key: MessageKey, from: Option<Email>, order_number: Option<&str>) -> Self {
        let mut references = CaseId::find_in(&message.subject);
        references.extend(CaseId::find_in(&message.newest_text));
        Self {
            key,
            message_id: message.message_id.clone(),
            cited: message.cited_ids().cloned().collect(),
            references,
            from,
            order_numbers: order_number.and_then(told_apart_by).into_iter().collect(),
            at: message.arrived_at,
            history: false,
        }
    }
}

/// An order number in the form two are compared in: letters and digits, upper case.
pub fn canonical_order_number(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// An order number as orders are told apart by it. A reference of a case, be it another shop's in what it answered, is none.
fn told_apart_by(order_number: &str) -> Option<String> {
    CaseId::find_in(order_number).is_empty().then(|| canonical_order_number(order_number))
}

/// What the store found for a [`Threading`].
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// Cases that hold or sent a cited id, in the order of the citations.
    pub by_citation: Vec<Case>,
    /// Cases whose printed reference stands in the message.
    pub by_reference: Vec<Case>,
    /// Cases of the same customer with the same order number.
    pub by_order: Vec<Case>,
    /// Cases of the same customer, whatever their state.
    pub by_customer: Vec<Case>,
    /// A message with the same Message-ID and From but another K is held by this case.
    pub same_message_id: Option<CaseId>,
}

/// Where the message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    /// The very same message is already there.
    Known(Option<CaseId>),
    /// It continues a case.
    Joins {
        /// Which.
        case: CaseId,
        /// The writer is not the case's customer.
        other_sender: bool,
    },
    /// It opens a case.
    Opens {
        /// An earlier, long closed case of the same conversation.
        linked: Option<CaseId>,
    },
}

/// Chooses by the first match: citation, printed reference with the same sender, order number with
/// the same sender, the only open and recent case of the sender; a letter of history joins none by its sender
/// alone, for it is older than what is open. The very same message is
/// [`Joining::Known`] by its key, before candidates are sought.
pub fn choose(threading: &Threading, candidates: &Candidates) -> Joining {
    if let Some(case) = &candidates.same_message_id {
        return Joining::Joins { case: case.clone(), other_sender: false };
    }
    let same_sender = |case: &&Case| is_customer(case, threading.from.as_ref());
    let matched = candidates
        .by_citation
        .first()
        .or_else(|| candidates.by_reference.iter().find(same_sender))
        .or_else(|| candidates.by_order.iter().find(same_sender))
        .or_else(|| only_recent(threading, &candidates.by_customer).filter(|_| !threading.history));
    match matched {
        Some(case) if closed_for_long(case, threading.at) => Joining::Opens { linked: Some(case.id.clone()) },
        Some(case) => {
            Joining::Joins { case: case.id.clone(), other_sender: !is_customer(case, threading.from.as_ref()) }
        }
        None => Joining::Opens { linked: None },
    }
}

fn is_customer(case: &Case, from: Option<&Email>) -> bool {
    match (&case.customer, from) {
        (Some(customer), Some(from)) => customer.email.same_mailbox(from),
        _ => false,
    }
}

fn only_recent<'a>(threading: &Threading, cases: &'a [Case]) -> Option<&'a Case> {
    let mut open = cases.iter().filter(|case| case.state.is_open());
    let only = open.next()?;
    let alone = open.next().is_none();
    let conflicting_order = match (&only.known.order_number, threading.order_numbers.first()) {
        (Some(known), Some(new)) => told_apart_by(known).is_some_and(|known| known != *new),
        _ => false,
    };
    let recent = threading.at.duration_since(only.last_message_at) < QUIET_PERIOD;
    (alone && recent && !conflicting_order).then_some(only)
}

fn closed_for_long(case: &Case, now: Timestamp) -> bool {
    case.closed_at.is_some_and(|closed| !case.state.is_open() && now.duration_since(closed) > CONTINUE_PERIOD)
}
