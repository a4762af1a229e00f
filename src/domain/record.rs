//! The case's append-only history: a hash chain over salted digests of its payloads, so that a
//! payload can be removed later and the chain still be verified.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::alert::AlertKind;
use super::assessment::{Basis, Outcome};
use super::message::MessageId;
use super::outgoing::{OutgoingId, OutgoingKind};
use super::verdict::Intent;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who", content = "name")]
pub enum Actor {
    /// The program.
    Guichet,
    /// A person at the desk, by sign-in name.
    Reviewer(String),
    /// The person who runs the daemon.
    Operator,
    /// The person who wrote.
    Customer,
    /// A colleague answering from a mail client.
    Colleague,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// The customer called.
    Incoming,
    /// We called.
    Outgoing,
}

impl CallDirection {
    /// Stable name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }
}

/// What happened. Payloads are small: texts are named by message or outbox id, not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A message was received, judged, and opened or joined the case.
    Received {
        /// Hexadecimal K.
        key: String,
        /// What it was judged to be.
        intent: Option<Intent>,
        /// 0 to 3.
        anger: Option<u8>,
        /// The permission rule's words.
        permission: String,
    },
    /// An acknowledgement or a reply entered the outbox.
    Queued {
        /// Outbox row.
        id: OutgoingId,
        /// Which of the two.
        kind: OutgoingKind,
        /// Its Message-ID.
        message_id: MessageId,
    },
    /// The outbox row's state changed.
    Delivery {
        /// Outbox row.
        id: OutgoingId,
        /// New state in one word.
        state: String,
        /// The server's or our words.
        detail: String,
    },
    /// The copy was filed in (or found in) \Sent.
    Filed {
        /// Outbox row.
        id: OutgoingId,
        /// Found there already rather than appended.
        found: bool,
    },
    /// A draft was made or replaced.
    Drafted {
        /// Template name, if any.
        template: Option<String>,
        /// Why this one.
        why: String,
    },
    /// A reviewer changed the draft's text.
    Edited,
    /// A reviewer approved the draft.
    Approved {
        /// The revision read.
        revision: u64,
        /// The template that the text came from. Absent in entries of older versions: their digests must hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<String>,
        /// A reviewer changed the text.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        edited: bool,
    },
    /// A reviewer closed the case without sending.
    Dismissed {
        /// Why, in the reviewer's words.
        why: String,
    },
    /// A reviewer corrected the verdict.
    Corrected {
        /// `field: old → new` for each field changed.
        changes: Vec<String>,
    },
    /// A colleague answered from a mail client; draft and pending acknowledgement were withdrawn.
    AnsweredElsewhere {
        /// The colleague's message.
        message_id: Option<MessageId>,
    },
    /// A message from one of our addresses answers the case, and nothing proves that it is ours: nothing else changed.
    UnprovenAnswer {
        /// The message.
        message_id: Option<MessageId>,
    },
    /// A new customer message withdrew a reply that had been approved but not sent.
    ReturnedToDraft {
        /// Outbox row.
        id: OutgoingId,
    },
    /// A delivery report cited one of our ids.
    Bounced {
        /// Outbox row.
        id: OutgoingId,
        /// `failed`, `delayed`… with the status code.
        report: String,
    },
    /// Law and policy were applied to what is known.
    Assessed {
        /// What follows.
        outcome: Outcome,
        /// The basis that governs.
        basis: Option<Basis>,
    },
    /// A timer fired and made a draft.
    TimerFired {
        /// Its kind.
        kind: String,
    },
    /// It was answered, and nobody wrote for long: closed.
    Settled,
    /// All that the case held was erased, this record's entries included.
    Erased {
        /// Asked for by the person, or too old to be kept.
        why: String,
    },
    /// A refund notice to the shop's payment side changed its state.
    RefundNotice {
        /// Its idempotency key.
        key: String,
        /// New state in one word: `pending`, `failed`, `told`, `given_up`, `cancelled`, `told_before`.
        state: String,
        /// What the other side said, or why.
        detail: String,
    },
    /// A date that a reply promises changed its state.
    Promise {
        /// The words that promise it.
        words: String,
        /// The last day by which it is kept.
        by: Date,
        /// New state in one word: `made`, `lapsed`, `withdrawn`, `stands_again`, or how it was kept (`reply`,
        /// `refund_notice`, `reviewer`, `closed`, `answered_elsewhere`).
        state: String,
    },
    /// A reviewer spoke with the customer on the telephone.
    Called {
        /// Who called whom.
        direction: CallDirection,
        /// What was said, in the reviewer's words.
        note: String,
    },
    /// A machine's message that a person must know of came in, or was put away by one.
    Alert {
        /// What it is about.
        kind: AlertKind,
        /// New state in one word: `raised`, `seen`.
        state: String,
    },
    /// The customer gave a mark, in answer to a reply that asked for one.
    Rated {
        /// 1 to 5.
        mark: u8,
    },
    /// A person decided about a held mail.
    Released {
        /// Outbox row.
        id: OutgoingId,
    },
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEntry {
    /// Position in the case's record, from 0.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What; `None` once removed.
    pub event: Option<Event>,
    /// 32 random hexadecimal digits, removed together with the payload.
    pub salt: String,
    /// SHA-256 of salt and payload, hexadecimal.
    pub digest: String,
    /// SHA-256 of the previous link, position, time, actor and digest, hexadecimal.
    pub link: String,
}

impl RecordEntry {
    /// Appends to a chain whose last link is `previous` (`None` for the first).
    pub fn append(previous: Option<&RecordEntry>, at: Timestamp, actor: Actor, event: Event, salt: String) -> Self {
        let seq = previous.map_or(0, |entry| entry.seq + 1);
        let digest = digest_of(&salt, &event);
        let link = link_of(previous.map_or("", |entry| &entry.link), seq, at, &actor, &digest);
        Self { seq, at, actor, event: Some(event), salt, digest, link }
    }

    /// The same link without what happened: the chain still verifies.
    pub fn without_payload(self) -> Self {
        Self { event: None, salt: String::new(), ..self }
    }

    /// Whether this entry follows `previous` and its payload, if kept, is the one recorded.
    pub fn verifies(&self, previous: Option<&RecordEntry>) -> bool {
        let seq = previous.map_or(0, |entry| entry.seq + 1);
        let link = link_of(previous.map_or("", |entry| &entry.link), self.seq, self.at, &self.actor, &self.digest);
        let payload = self.event.as_ref().is_none_or(|event| digest_of(&self.salt, event) == self.digest);
        self.seq == seq && link == self.link && payload
    }
}

/// The first entry of a record that does not follow the one before it, or whose payload was changed; `None` when the
/// chain holds.
pub fn broken_at(record: &[RecordEntry]) -> Option<u64> {
    let mut previous = None;
    (0..).zip(record).find(|(_, entry)| !entry.verifies(previous.replace(*entry))).map(|(seq, _)| seq)
}

fn digest_of(salt: &str, event: &Event) -> String {
    let payload = serde_json::to_string(event).unwrap_or_default();
    hex(&[salt, &payload])
}

fn link_of(previous: &str, seq: u64, at: Timestamp, actor: &Actor, digest: &str) -> String {
    let actor = serde_json::to_string(actor).unwrap_or_default();
    hex(&[previous, &seq.to_string(), &at.to_string(), &actor, digest])
}

fn hex(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<RecordEntry> {
        let mut entries: Vec<RecordEntry> = Vec::new();
        for revision in 0..3 {
            let event = Event::Approved { revision, template: None, edited: false };
            let entry =
                RecordEntry::append(entries.last(), Timestamp::UNIX_EPOCH, Actor::Guichet, event, "aa".repeat(16));
            entries.push(entry);
        }
        entries
    }

    fn verifies(entries: &[RecordEntry]) -> bool {
        let mut previous = None;
        entries.iter().all(|entry| entry.verifies(previous.replace(entry)))
    }

    #[test]
    fn a_changed_payload_breaks_the_chain_and_a_removed_one_does_not() {
        let mut entries = chain();
        assert!(verifies(&entries));
        entries[1] = entries[1].clone().without_payload();
        assert!(verifies(&entries));
        entries[2].event = Some(Event::Edited);
        assert!(!verifies(&entries));
    }

    #[test]
    fn a_dropped_entry_breaks_the_chain() {
        let mut entries = chain();
        entries.remove(1);
        assert!(!verifies(&entries));
    }
}
