//! What the store shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Promise, StoredNotice};
use crate::domain::{
    AlertKind, Assessment, Basis, Case, CaseId, Draft, Fact, Message, MessageKey, MessageLocation, Outcome,
    OutgoingMail, Purchase, RecordEntry, Verdict,
};

/// One line of the review queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueRow {
    /// The case.
    pub case: Case,
    /// Beginning of the newest customer text, one line.
    pub excerpt: String,
    /// Template proposed, if any.
    pub template: Option<String>,
    /// A reviewer has changed the draft's text.
    pub edited: bool,
    /// What law and policy say; `None` until the case was assessed.
    pub assessed: Option<Assessed>,
}

impl QueueRow {
    /// Facts that the policy needs, the customer did not give and the order does not tell.
    pub fn missing(&self) -> impl Iterator<Item = Fact> {
        let told = self.assessed.as_ref().map_or(&[][..], |assessed| &assessed.told);
        let missing = self.case.verdict.iter().flat_map(|verdict| verdict.missing.iter().copied());
        missing.filter(|fact| !told.contains(fact))
    }
}

/// The part of an [`Assessment`] that the queue shows and is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// What follows.
    pub outcome: Outcome,
    /// The basis that governs.
    pub governing: Option<Basis>,
    /// The end of the first period that the law sets us.
    pub deadline: Option<Date>,
    /// The marketplace that the message came through.
    pub marketplace: Option<String>,
    /// Names of the warnings.
    pub warnings: Vec<String>,
    /// What the order tells, whether or not the customer said it.
    pub told: Vec<Fact>,
    /// The order source did not answer: facts are missing.
    pub facts_missing: bool,
}

impl From<&Assessment> for Assessed {
    fn from(assessment: &Assessment) -> Self {
        let order = assessment.purchase.order();
        Self {
            outcome: assessment.outcome.clone(),
            governing: assessment.governing,
            deadline: assessment.clocks.iter().map(|clock| clock.by).min(),
            marketplace: assessment.marketplace.clone(),
            warnings: assessment.warnings.iter().map(|warning| warning.name.clone()).collect(),
            told: Fact::ALL.iter().copied().filter(|fact| order.is_some_and(|order| order.tells(*fact))).collect(),
            facts_missing: matches!(assessment.purchase, Purchase::Unavailable { .. }),
        }
    }
}

/// A message of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseMessage {
    /// Identity.
    pub key: MessageKey,
    /// Where it lies in the mailbox.
    pub location: MessageLocation,
    /// As read.
    pub message: Message,
    /// The verdict on it by itself.
    pub verdict: Option<Verdict>,
    /// Whether the raw bytes were kept.
    pub raw_kept: bool,
    /// A colleague's answer, given from a mail client.
    #[serde(default)]
    pub from_us: bool,
}

/// All of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// Its messages, oldest first.
    pub messages: Vec<CaseMessage>,
    /// The draft that waits, if any.
    pub draft: Option<Draft>,
    /// What we sent or will send, oldest first.
    pub outgoing: Vec<OutgoingMail>,
    /// Its history.
    pub record: Vec<RecordEntry>,
    /// Refunds accepted, and whether the payment side was told.
    pub notices: Vec<StoredNotice>,
    /// Dates that our replies promised, in the order they were made.
    pub promises: Vec<Promise>,
    /// What law and policy say; `None` until it was assessed.
    pub assessment: Option<Assessment>,
    /// The basis that a reviewer set.
    pub corrected_basis: Option<Basis>,
}

impl CaseFile {
    /// The nearest day that a reply of ours promised and that is not settled.
    pub fn promised(&self) -> Option<Date> {
        self.promises.iter().filter(|promise| promise.is_open()).map(|promise| promise.by).min()
    }
}

/// A message written by a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomatedMessage {
    /// Identity.
    pub key: MessageKey,
    /// Where it lies.
    pub location: MessageLocation,
    /// Who says to have written it.
    pub from: Option<String>,
    /// Its subject.
    pub subject: String,
    /// The rule that recognised it.
    pub why: String,
    /// When it was stored.
    pub at: Timestamp,
}

/// A machine's message that a person must know of, until somebody has put it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineAlert {
    /// Identity of the message.
    pub key: MessageKey,
    /// What it is about.
    pub kind: AlertKind,
    /// The case that it concerns, where thread, reference or order number tell one.
    pub case: Option<CaseId>,
    /// The mailbox that it lies in.
    pub mailbox: String,
    /// Who says to have written it.
    pub from: Option<String>,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub excerpt: String,
    /// When it was stored.
    pub at: Timestamp,
}

/// A message given up on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Where it lies.
    pub location: MessageLocation,
    /// What happened.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// A reviewer's correction: one training row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// The case it was made on.
    pub case: CaseId,
    /// The message judged.
    pub key: MessageKey,
    /// Its language.
    pub language: String,
    /// Its subject.
    pub subject: String,
    /// Its newest text.
    pub text: String,
    /// The verdict as corrected.
    pub verdict: Verdict,
    /// Who corrected it.
    pub reviewer: String,
    /// When.
    pub at: Timestamp,
}

/// The breaker of one mailbox is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Since when.
    pub since: Timestamp,
    /// Acknowledgements counted in the hour before.
    pub count: u32,
}

/// Counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overview {
    /// Cases by state name.
    pub cases: BTreeMap<String, u64>,
    /// Outbox rows by state name.
    pub outbox: BTreeMap<String, u64>,
    /// Messages stored, machines' included.
    pub messages: u64,
    /// Of them machines'.
    pub automated: u64,
    /// Messages given up on.
    pub quarantined: u64,
    /// Reviewers' corrections.
    pub corrections: u64,
    /// Arrival of the oldest case that needs a reply.
    pub oldest_waiting: Option<Timestamp>,
}
