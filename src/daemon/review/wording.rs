//! What a reply says.

use jiff::Timestamp;

use super::{ReviewMailbox, ReviewResult};
use crate::domain::{Case, Draft, OutgoingMail, Suggestion, TemplateName, Verdict};
use crate::ports::store::CaseFile;

/// A template a reviewer may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateChoice {
    /// Its name.
    pub name: TemplateName,
    /// What it says, for people.
    pub title: String,
}

/// A reply about to be frozen.
pub struct Freezing<'a> {
    /// The case.
    pub case: &'a Case,
    /// The draft as approved.
    pub draft: &'a Draft,
    /// What customers read under it.
    pub display_name: &'a str,
    /// Its mailbox.
    pub mailbox: &'a ReviewMailbox,
    /// Replies written in this case before.
    pub earlier: usize,
    /// Now.
    pub now: Timestamp,
    /// For the Message-ID.
    pub bits: u64,
}

/// Suggestions, templates and the composer.
pub trait Wording: Send + Sync {
    /// Templates that exist in a language.
    fn choices(&self, language: &str) -> Vec<TemplateChoice>;
    /// What stands under the text: name and signature.
    fn closing(&self, language: &str, display_name: &str, signature: &str) -> String;
    /// What fits the verdict.
    fn suggest(&self, file: &CaseFile, verdict: &Verdict) -> ReviewResult<(Suggestion, String)>;
    /// One template, rendered for the case.
    fn render(&self, file: &CaseFile, template: &TemplateName) -> ReviewResult<(Suggestion, String)>;
    /// The frozen mail.
    fn compose(&self, reply: &Freezing<'_>) -> ReviewResult<OutgoingMail>;
}
