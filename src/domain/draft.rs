//! What we propose to answer, before a person approved it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::case::CaseId;
use super::outgoing::OutgoingId;

/// Name of a draft template: the file name under `templates/drafts/<lang>/` without `.txt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateName(String);

impl TemplateName {
    /// Wraps a name that came from the loaded templates or from the suggestion rules.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which template fits, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The template proposed; `None` where no template may speak (safety, unreadable).
    pub template: Option<TemplateName>,
    /// One sentence for the reviewer: why this one.
    pub why: String,
    /// Up to two others that fit.
    pub others: Vec<TemplateName>,
    /// Whether the reply asks the customer something (the case then waits for the customer).
    pub asks: bool,
    /// Whether the text, as it was written from the template, grants the refund. What is known of the order later does
    /// not change what a kept text says.
    #[serde(default)]
    pub grants: bool,
}

/// A draft as the reply floor composed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftProposal {
    /// Whom it goes to.
    pub to: Option<Address>,
    /// Which of our addresses answers.
    pub from: Address,
    /// Subject with the case reference.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Template and reason.
    pub suggestion: Suggestion,
}

/// A reply nobody approved yet. One per case at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The case it answers.
    pub case: CaseId,
    /// Whom it goes to; approval is refused while empty.
    pub to: Option<Address>,
    /// Copies, added by a reviewer only.
    pub cc: Vec<Address>,
    /// The one of our addresses that was written to.
    pub from: Address,
    /// Subject, with the case reference.
    pub subject: String,
    /// The text, without the reviewer's signature.
    pub body: String,
    /// Template and reason.
    pub suggestion: Suggestion,
    /// The suggestion that came after a reviewer had opened or edited the text; stands beside it.
    pub newer: Option<Box<NewerSuggestion>>,
    /// The case's revision when the draft last changed; approval names the case revision it read.
    pub revision: u64,
    /// The outbox row it was approved as; the text is kept until that row is sent, so that a
    /// customer message arriving in between can return it to draft.
    pub approved_as: Option<OutgoingId>,
    /// A reviewer has it open.
    pub opened_by: Option<String>,
    /// A reviewer changed the text; nothing overwrites it from then on.
    pub edited_by: Option<String>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A suggestion standing beside text that a reviewer already touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewerSuggestion {
    /// Template and reason.
    pub suggestion: Suggestion,
    /// Its rendered text.
    pub body: String,
}

impl Draft {
    /// Whether a machine may still replace the text.
    pub fn untouched(&self) -> bool {
        self.opened_by.is_none() && self.edited_by.is_none()
    }

    /// Puts a new suggestion in place, or beside the text when a person touched it.
    pub fn suggest(&mut self, suggestion: Suggestion, body: String, revision: u64, at: Timestamp) {
        if self.untouched() {
            self.suggestion = suggestion;
            self.body = body;
            self.newer = None;
        } else {
            self.newer = Some(Box::new(NewerSuggestion { suggestion, body }));
        }
        self.revision = revision;
        self.changed_at = at;
    }
}
