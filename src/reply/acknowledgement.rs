//! What the acknowledgement of one message says.

use jiff::Timestamp;

use super::templates::{AcknowledgementContext, Templates};
use super::wording;
use crate::domain::{Anger, Calendar, CaseId, Fact, Intent, Verdict};

/// From this confidence on, the acknowledgement says what the message is about.
const SURE: f32 = 0.9;

/// How many missing facts an acknowledgement may ask for.
const MOST_FACTS: usize = 2;

/// Everything the shop speaks with: texts, calendar, languages.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    /// The checked templates.
    pub templates: &'a Templates,
    /// Time zone and opening hours.
    pub calendar: &'a Calendar,
    /// Languages the shop answers in (ISO 639-1).
    pub languages: &'a [String],
    /// The one used for every other language.
    pub fallback: &'a str,
}

impl Voice<'_> {
    /// The language to answer a text of this language in.
    pub fn language_for(&self, language: &str) -> &str {
        let spoken = self.languages.iter().find(|spoken| *spoken == language).map(String::as_str);
        spoken.filter(|spoken| self.templates.languages().any(|there| there == *spoken)).unwrap_or(self.fallback)
    }
}

/// What the acknowledgement may say of one message.
pub fn context(
    case: &CaseId,
    received_at: Timestamp,
    verdict: Option<&Verdict>,
    shop: Option<&str>,
    calendar: &Calendar,
    language: &str,
    now: Timestamp,
) -> AcknowledgementContext {
    let sure = verdict.filter(|verdict| verdict.intent_confidence >= SURE);
    let asked: Vec<String> = sure.map_or_else(Vec::new, |verdict| {
        facts_to_ask(verdict).into_iter().map(|fact| wording::fact(fact, language).to_owned()).collect()
    });
    let hours = wording::hours(calendar, language);
    let closed = hours.is_some() && !calendar.is_open(now);
    let opening = if closed { calendar.next_opening(now) } else { None };
    AcknowledgementContext {
        reference: case.to_string(),
        received: wording::moment(received_at, &calendar.time_zone, language),
        matter: sure.map(|verdict| verdict.intent).filter(|intent| *intent != Intent::Other).map(|i| i.to_string()),
        missing_count: asked.len(),
        missing: (!asked.is_empty()).then(|| wording::enumeration(&asked, language)),
        reopening: opening.map(|opening| wording::opening(&opening, language)),
        hours,
        shop: shop.map(str::to_owned),
    }
}

/// Up to two missing facts. Never the reason (withdrawal needs none, and a machine that asks why looks
/// like an obstacle), and nothing of somebody who is angry, threatens, or speaks of danger.
fn facts_to_ask(verdict: &Verdict) -> Vec<Fact> {
    if verdict.anger >= Anger::Angry || verdict.is_grave() {
        return Vec::new();
    }
    verdict.missing.iter().copied().filter(|fact| *fact != Fact::Reason).take(MOST_FACTS).collect()
}

#[cfg(test)]
mod tests;
