//! The interface's phrases in English and French, from `desk/words.toml`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use super::phrases::Phrases;
use super::times;
use crate::domain::{Actor, Asset, Event};

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

impl Language {
    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// From its code; anything but `fr` is English.
    pub fn from_code(code: &str) -> Self {
        if code == "fr" { Self::French } else { Self::English }
    }

    /// The best of ours for an `Accept-Language` header (RFC 9110 §12.5.4).
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0_f32, Self::English);
        for item in header.split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
            let language = match tag.split('-').next() {
                Some("fr") => Self::French,
                Some("en") => Self::English,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrase {
    en: String,
    fr: String,
}

/// All phrases, by `section.name`.
#[derive(Debug, Clone)]
pub struct Words {
    phrases: BTreeMap<String, Phrase>,
    sentences: Phrases,
}

impl Words {
    /// Reads `desk/words.toml` and `desk/phrases.toml` among the template assets.
    ///
    /// # Errors
    /// When it is missing or broken.
    pub fn load(templates: &[Asset]) -> anyhow::Result<Self> {
        let asset = templates.iter().find(|asset| asset.name == "desk/words.toml");
        let asset = asset.context("templates/desk/words.toml is missing")?;
        let text = asset.text().map_err(anyhow::Error::msg)?;
        let sections: BTreeMap<String, BTreeMap<String, Phrase>> =
            toml::from_str(text).with_context(|| format!("{}: not a table of phrases", asset.origin))?;
        let phrases = sections
            .into_iter()
            .flat_map(|(section, phrases)| {
                phrases.into_iter().map(move |(name, phrase)| (format!("{section}.{name}"), phrase))
            })
            .collect();
        Ok(Self { phrases, sentences: Phrases::load(templates)? })
    }

    /// The phrase, or `None` when there is none of that name.
    pub fn find(&self, language: Language, key: &str) -> Option<&str> {
        let phrase = self.phrases.get(key)?;
        Some(match language {
            Language::English => &phrase.en,
            Language::French => &phrase.fr,
        })
    }

    /// The phrase, or the key itself: for values whose set is not closed (rule names, flags).
    pub fn say<'a>(&'a self, language: Language, key: &'a str) -> &'a str {
        self.find(language, key).unwrap_or(key)
    }

    /// A sentence of an assessment or a suggestion, stored in English, in the reader's language.
    pub fn told(&self, language: Language, english: &str) -> String {
        self.sentences.say(language, english)
    }

    /// The phrase with `{name}` replaced.
    pub fn fill(&self, language: Language, key: &str, values: &[(&str, &str)]) -> String {
        // One pass over the phrase: a value holding braces is never read again.
        let phrase = self.say(language, key);
        let mut out = String::with_capacity(phrase.len() + 32);
        let mut rest = phrase;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                out.push_str(value);
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// The phrase of a label (`intent.refund_request`), or the label.
    pub fn label(&self, language: Language, section: &str, label: &str) -> String {
        let key = format!("{section}.{label}");
        self.find(language, &key).unwrap_or(label).to_owned()
    }

    /// Who did something, in words.
    pub fn actor(&self, language: Language, actor: &Actor) -> String {
        match actor {
            Actor::Guichet => "Guichet".to_owned(),
            Actor::Reviewer(name) => name.clone(),
            Actor::Operator => self.say(language, "actor.operator").to_owned(),
            Actor::Customer => self.say(language, "actor.customer").to_owned(),
            Actor::Colleague => self.say(language, "actor.colleague").to_owned(),
        }
    }

    /// A record entry's event in words.
    pub fn event(&self, language: Language, event: Option<&Event>) -> String {
        let fill = |key: &str, values: &[(&str, &str)]| self.fill(language, key, values);
        let Some(event) = event else { return fill("event.removed", &[]) };
        match event {
            Event::Received { intent, anger, permission, .. } => {
                let intent =
                    intent.map_or_else(|| fill("event.unjudged", &[]), |i| self.label(language, "intent", i.as_str()));
                let anger = anger.map_or_else(String::new, |level| self.label(language, "anger", &level.to_string()));
                let key = if anger.is_empty() { "event.received_unjudged" } else { "event.received" };
                fill(key, &[("intent", &intent), ("anger", &anger), ("permission", &self.rule(language, permission))])
            }
            Event::Queued { kind, .. } => match kind {
                crate::domain::OutgoingKind::Acknowledgement => fill("event.queued_acknowledgement", &[]),
                crate::domain::OutgoingKind::Reply => fill("event.queued_reply", &[]),
            },
            Event::Delivery { id, state, detail } => {
                let key = if id.as_str().starts_with("a-") {
                    "event.delivery_acknowledgement"
                } else {
                    "event.delivery_reply"
                };
                let state = self.label(language, "delivery", &state.replace(' ', "_"));
                let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
                fill(key, &[("state", &state), ("detail", &detail)])
            }
            Event::Filed { found: true, .. } => fill("event.filed_found", &[]),
            Event::Filed { found: false, .. } => fill("event.filed", &[]),
            Event::Drafted { template, why } => {
                let why = self.told(language, why);
                match template {
                    Some(name) => {
                        fill("event.drafted", &[("template", &self.label(language, "template", name)), ("why", &why)])
                    }
                    None => fill("event.drafted_without", &[("why", &why)]),
                }
            }
            Event::Edited => fill("event.edited", &[]),
            Event::Approved { .. } => fill("event.approved", &[]),
            Event::Dismissed { why } if why.is_empty() => fill("event.dismissed", &[]),
            Event::Dismissed { why } => fill("event.dismissed_why", &[("why", why)]),
            Event::Corrected { changes } => fill("event.corrected", &[("changes", &changes.join(", "))]),
            Event::AnsweredElsewhere { .. } => fill("event.answered_elsewhere", &[]),
            Event::Settled => fill("event.settled", &[]),
            Event::UnprovenAnswer { .. } => fill("event.unproven_answer", &[]),
            Event::ReturnedToDraft { .. } => fill("event.returned_to_draft", &[]),
            Event::Bounced { report, .. } => fill("event.bounced", &[("report", report)]),
            Event::Assessed { outcome, basis } => {
                let outcome = self.label(language, "outcome", outcome.name());
                let basis = basis.map(|basis| self.label(language, "basis", basis.as_str()));
                match basis {
                    Some(basis) => fill("event.assessed_basis", &[("outcome", &outcome), ("basis", &basis)]),
                    None => fill("event.assessed", &[("outcome", &outcome)]),
                }
            }
            Event::TimerFired { kind } => fill("event.timer_fired", &[("kind", &self.label(language, "timer", kind))]),
            Event::Promise { words: said, by, state } => {
                let state = self.label(language, "promise", state);
                fill("event.promise", &[("words", said), ("by", &times::date(language, *by)), ("state", &state)])
            }
            Event::Called { direction, note } => {
                let direction = self.label(language, "call", direction.as_str());
                let key = if note.is_empty() { "event.called" } else { "event.called_note" };
                fill(key, &[("direction", &direction), ("note", note)])
            }
            Event::RefundNotice { state, detail, .. } => {
                let state = self.label(language, "notice", state);
                let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
                fill("event.refund_notice", &[("state", &state), ("detail", &detail)])
            }
            Event::Alert { kind, state } => {
                fill(&format!("event.alert_{state}"), &[("kind", &self.label(language, "alert_kind", kind.as_str()))])
            }
            Event::Rated { mark } => fill("event.rated", &[("mark", &mark.to_string())]),
            Event::Released { .. } => fill("event.released", &[]),
            Event::Erased { why } => fill("event.erased", &[("why", why)]),
        }
    }

    /// A permission rule's name in words, or the name itself; what follows a colon is kept beside it.
    pub fn rule(&self, language: Language, rule: &str) -> String {
        let key = |name: &str| format!("rule.{}", name.replace([' ', '-'], "_"));
        if let Some(phrase) = self.find(language, &key(rule)) {
            return phrase.to_owned();
        }
        match rule.split_once(": ") {
            Some((name, detail)) => match self.find(language, &key(name)) {
                Some(phrase) => format!("{phrase} ({detail})"),
                None => rule.to_owned(),
            },
            None => rule.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let asset =
            |name: &str, bytes: &[u8]| Asset { name: name.into(), origin: "test".into(), bytes: bytes.to_vec() };
        Words::load(&[
            asset("desk/words.toml", include_bytes!("../../templates/desk/words.toml")),
            asset("desk/phrases.toml", include_bytes!("../../templates/desk/phrases.toml")),
        ])
        .unwrap()
    }

    #[test]
    fn the_browser_s_first_known_language_wins() {
        for (header, expected) in [
            ("fr-FR,fr;q=0.9,en;q=0.8", Language::French),
            ("en-GB,en;q=0.9,fr;q=0.8", Language::English),
            ("de,fr;q=0.3,en;q=0.7", Language::English),
            ("", Language::English),
            ("fr;q=0, en;q=0", Language::English),
            ("fr;q=abc", Language::French),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn values_are_put_in_once_and_never_read_again() {
        let words = words();
        let said = words.fill(Language::English, "event.dismissed_why", &[("why", "{why} {x")]);
        assert!(said.contains("{why} {x"), "{said}");
    }

    #[test]
    fn the_record_tells_a_draft_by_its_title_and_not_by_its_name() {
        let words = words();
        let drafted = |template: &str| Event::Drafted { template: Some(template.into()), why: "Because.".into() };
        let said = words.event(Language::French, Some(&drafted("accept_in_part")));
        assert_eq!(said, "Réponse préparée («\u{a0}Remboursement accepté en partie\u{a0}»)\u{a0}: Because.");
        let own = words.event(Language::English, Some(&drafted("our_own_words")));
        assert_eq!(own, "Reply drafted (“our_own_words”): Because.", "the shop's own has the shop's name");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/drafts/en");
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            let path = entry.path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let title = format!("title: {}\n", words.label(Language::English, "template", name));
            assert!(std::fs::read_to_string(&path).unwrap().contains(&title), "{name} has another title: {title}");
        }
    }

    #[test]
    fn french_has_its_spaces_and_both_languages_name_the_same_values() {
        let words = words();
        let values = |text: &str| {
            let mut found: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            found.sort();
            found
        };
        for (key, phrase) in &words.phrases {
            assert!(!phrase.en.trim().is_empty() && !phrase.fr.trim().is_empty(), "{key}");
            assert_eq!(values(&phrase.en), values(&phrase.fr), "{key}");
            let chars: Vec<char> = phrase.fr.chars().collect();
            for pair in chars.windows(2) {
                let narrow = matches!(pair[1], ';' | '!' | '?') && pair[0] != '\u{202f}';
                let wide = matches!(pair[1], ':' | '»') && pair[0] != '\u{a0}';
                let open = pair[0] == '«' && pair[1] != '\u{a0}';
                assert!(!(narrow || wide || open), "{key}: {}", phrase.fr);
            }
            assert!(!phrase.fr.contains('\''), "{key}: straight apostrophe in {}", phrase.fr);
        }
    }
}
