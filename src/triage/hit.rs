//! What a rule found in a message.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::{Intent, Reason, Signal};

/// Which part of the message a rule matched in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The subject line.
    Subject,
    /// The newest text.
    Body,
    /// The attachments' file names (facts and clues only).
    Attachment,
}

/// What a hit speaks for. Weights are log-odds: positive for, negative against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// For or against an intent.
    Intent(Intent, f32),
    /// For anger of at least this level (1 to 3).
    Anger(u8, f32),
    /// For or against a reason.
    Reason(Reason, f32),
    /// A signal is there.
    Signal(Signal),
}

/// One match of one named rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleHit {
    /// Stable index of the rule in the loaded rule set (a feature of the models).
    pub rule: usize,
    /// The rule's name.
    pub name: Arc<str>,
    /// Where it matched.
    pub part: Part,
    /// Byte range in that part.
    pub span: Range<usize>,
    /// The customer's words.
    pub matched: String,
    /// Whether the match stands in the scope of a negation ("je ne veux pas …", "not …").
    pub negated: bool,
    /// What it speaks for.
    pub effects: Arc<[Effect]>,
    /// The anger (2 or 3) below which no model may judge the message: these words alone decide it. None where
    /// the rule sets no floor, and where the words are denied or quoted.
    pub anger_floor: Option<u8>,
}
