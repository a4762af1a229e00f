//! What a reply says: the reply floor, with what it needs from configuration and case.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ReviewError, ReviewMailbox, ReviewResult, Twin};
use crate::domain::policy::Policy;
use crate::domain::{Calendar, Draft, OutgoingKind, OutgoingMail, Suggestion, TemplateName, Verdict};
use crate::ports::store::CaseFile;
use crate::reply::acknowledgement::Voice;
use crate::reply::compose::{self, ComposeError, Drafting, Replying};
use crate::reply::suggestion::approval::grants;
use crate::reply::suggestion::suggest;
use crate::reply::templates::Templates;

/// A template a reviewer may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateChoice {
    /// Its name.
    pub name: TemplateName,
    /// What it says, for people.
    pub title: String,
}

/// What replies are written by; replaced as a whole when the operator reloads.
#[derive(Debug, Clone)]
pub struct Wording {
    /// The checked templates.
    pub templates: Arc<Templates>,
    /// Which facts a request needs.
    pub policy: Policy,
    /// Time zone and opening hours.
    pub calendar: Calendar,
    /// Languages the shop answers in (ISO 639-1).
    pub languages: Vec<String>,
    /// The one used for every other language.
    pub fallback: String,
}

/// A reply about to be frozen.
pub(super) struct Freezing<'a> {
    pub file: &'a CaseFile,
    pub draft: &'a Draft,
    pub display_name: &'a str,
    pub mailbox: &'a ReviewMailbox,
    pub now: Timestamp,
    pub salt: u64,
}

impl Wording {
    /// What texts are written with.
    pub fn voice(&self) -> Voice<'_> {
        Voice {
            templates: &self.templates,
            calendar: &self.calendar,
            languages: &self.languages,
            fallback: &self.fallback,
        }
    }

    /// Templates that exist in the language a case is answered in, by title.
    pub(super) fn choices(&self, language: &str) -> Vec<TemplateChoice> {
        let voice = self.voice();
        let drafts = self.templates.drafts(voice.language_for(language));
        let mut choices: Vec<_> =
            drafts.map(|info| TemplateChoice { name: info.name.clone(), title: info.title.clone() }).collect();
        choices.sort_by(|a, b| a.title.cmp(&b.title));
        choices
    }

    /// What stands under the text: formula, name and signature.
    pub(super) fn closing(&self, language: &str, display_name: &str, signature: &str) -> String {
        compose::closing(self.voice().language_for(language), display_name, signature)
    }

    /// What fits the verdict.
    pub(super) fn suggest(
        &self,
        file: &CaseFile,
        draft: &Draft,
        verdict: &Verdict,
    ) -> ReviewResult<(Suggestion, String)> {
        let language = self.voice().language_for(&file.case.language).to_owned();
        let suggestion = suggest(Some(verdict), &file.case.flags, &language);
        let proposal = compose::draft(&drafting(file, draft, &self.policy), suggestion, &self.voice())?;
        Ok((proposal.suggestion, proposal.body))
    }

    /// One template, rendered for the case.
    pub(super) fn render(
        &self,
        file: &CaseFile,
        draft: &Draft,
        template: &TemplateName,
    ) -> ReviewResult<(Suggestion, String)> {
        let voice = self.voice();
        let language = voice.language_for(&file.case.language);
        let unknown = || ReviewError::UnknownTemplate(template.clone());
        let info = self.templates.info(language, template).ok_or_else(unknown)?;
        let body = compose::draft_text(&drafting(file, draft, &self.policy), template, &voice)?;
        let old = &draft.suggestion;
        let before = old.template.iter().filter(|name| *name != template);
        let suggestion = Suggestion {
            template: Some(template.clone()),
            why: String::new(),
            others: before.chain(old.others.iter().filter(|name| *name != template)).take(2).cloned().collect(),
            asks: info.asks,
            grants: grants(Some(template), file.assessment.as_ref()),
        };
        Ok((suggestion, body))
    }

    /// The draft's template in the shop's other language; `None` where there is no template or no other language, or
    /// the text cannot be written there.
    pub(super) fn twin(&self, file: &CaseFile, draft: &Draft) -> Option<Twin> {
        let template = draft.suggestion.template.as_ref()?;
        let voice = self.voice();
        let written_in = voice.language_for(&file.case.language);
        let language =
            self.languages.iter().find(|other| *other != written_in && voice.language_for(other) == *other)?;
        let body = compose::twin(&drafting(file, draft, &self.policy), template, &voice, language).ok()?;
        Some(Twin { language: language.clone(), body })
    }

    /// The frozen mail.
    pub(super) fn freeze(&self, reply: &Freezing<'_>) -> ReviewResult<OutgoingMail> {
        let case = &reply.file.case;
        let earlier = reply.file.outgoing.iter().filter(|mail| mail.kind == OutgoingKind::Reply).count();
        let of_customer = reply.file.messages.iter().rev().filter(|message| !message.from_us);
        let answers = of_customer.filter_map(|message| message.message.message_id.as_ref()).next();
        let mut mail = compose::reply(&Replying {
            sender: &reply.mailbox.sender,
            draft: reply.draft,
            thread: &case.thread,
            answers,
            closing: &self.closing(&case.language, reply.display_name, &reply.mailbox.signature),
            number: earlier + 1,
            salt: reply.salt,
            not_before: reply.now.saturating_add(reply.mailbox.undo).unwrap_or(reply.now),
            now: reply.now,
        })?;
        mail.file_copy = reply.mailbox.file_copy;
        Ok(mail)
    }
}

fn drafting<'a>(file: &'a CaseFile, draft: &'a Draft, policy: &'a Policy) -> Drafting<'a> {
    let case = &file.case;
    Drafting {
        case: &case.id,
        subject: &case.subject,
        language: &case.language,
        received_at: case.last_message_at,
        verdict: case.verdict.as_ref(),
        known: &case.known,
        to: draft.to.as_ref(),
        from: &draft.from,
        assessment: file.assessment.as_ref(),
        policy,
        promised: file.promised(),
    }
}

impl From<ComposeError> for ReviewError {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::Incomplete("recipient") => Self::NoRecipient,
            ComposeError::Incomplete(_) => Self::EmptyText,
            other => Self::Wording(other.to_string()),
        }
    }
}
