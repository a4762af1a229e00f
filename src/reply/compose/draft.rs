//! What a draft may say of a case, decided here; the templates only word it.

mod apology;
mod bars;
mod offers;
mod order;
mod refund;
mod words;

use jiff::civil::Date;

use super::{ComposeError, empty_subject, reply_subject};
use crate::domain::assessment::Assessment;
use crate::domain::policy::Policy;
use crate::domain::{Address, CaseId, DraftProposal, Given, Signal, Suggestion, TemplateName, Verdict};
use crate::reply::acknowledgement::Voice;
use jiff::Timestamp;

/// What a draft is written from.
#[derive(Debug, Clone, Copy)]
pub struct Drafting<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// Subject of the conversation, as the customer wrote it.
    pub subject: &'a str,
    /// Language of the conversation.
    pub language: &'a str,
    /// When the customer's newest message arrived.
    pub received_at: Timestamp,
    /// The case's verdict.
    pub verdict: Option<&'a Verdict>,
    /// Facts known from all messages of the case.
    pub known: &'a Given,
    /// Whom it goes to, if known.
    pub to: Option<&'a Address>,
    /// Which of our addresses answers.
    pub from: &'a Address,
    /// What law and policy say of the case; `None` before it was assessed.
    pub assessment: Option<&'a Assessment>,
    /// The shop's policy.
    pub policy: &'a Policy,
    /// The nearest day that a sent reply of ours promised and that is not settled.
    pub promised: Option<Date>,
}

impl Drafting<'_> {
    fn has(&self, signal: Signal) -> bool {
        self.verdict.is_some_and(|verdict| verdict.signals.contains(&signal))
    }
}

/// Renders the suggested draft; an empty text where no template may speak.
///
/// # Errors
/// When the template does not exist in the language, or may not be said of this case
/// ([`ComposeError::unfit`]).
pub fn draft(parts: &Drafting<'_>, suggestion: Suggestion, voice: &Voice<'_>) -> Result<DraftProposal, ComposeError> {
    let mut suggestion = suggestion;
    let language = voice.language_for(parts.language);
    suggestion.others.retain(|name| voice.templates.info(language, name).is_some());
    let body = match &suggestion.template {
        Some(name) => {
            let body = draft_text(parts, name, voice)?;
            suggestion.asks = voice.templates.info(language, name).is_some_and(|info| info.asks);
            body
        }
        None => String::new(),
    };
    Ok(DraftProposal {
        to: parts.to.cloned(),
        from: parts.from.clone(),
        subject: reply_subject(parts.subject, parts.case, empty_subject(language)),
        body,
        suggestion,
    })
}

/// Renders one draft template for a case, in the language that the customer is answered in.
///
/// # Errors
/// When the template does not exist in the language, or may not be said of this case
/// ([`ComposeError::unfit`]).
pub fn draft_text(parts: &Drafting<'_>, template: &TemplateName, voice: &Voice<'_>) -> Result<String, ComposeError> {
    twin(parts, template, voice, voice.language_for(parts.language))
}

/// The same draft in another language, for a colleague who does not read the customer's.
///
/// # Errors
/// As [`draft_text`].
pub fn twin(
    parts: &Drafting<'_>,
    template: &TemplateName,
    voice: &Voice<'_>,
    language: &str,
) -> Result<String, ComposeError> {
    let context = words::context(parts, voice, language);
    Ok(voice.templates.draft(language, template, &context)?)
}
