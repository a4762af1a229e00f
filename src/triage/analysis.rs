//! Everything seen in one mail before anything is decided.

use super::facts::{Candidates, facts};
use super::features::{Cells, Extracted, Features, Glosses, Sentences, extract, extract_candidates};
use super::hit::RuleHit;
use super::prepared::PreparedText;
use super::rules::RuleSet;
use crate::domain::Fact;

/// A mail's text, what the rules found in it, and its features.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Original and folded text.
    pub text: PreparedText,
    /// What its words are and mean.
    pub glosses: Glosses,
    /// Rule hits.
    pub hits: Vec<RuleHit>,
    /// Words that may be facts.
    pub candidates: Candidates,
    /// Features of the mail.
    pub features: Features,
    /// The same by sentence.
    pub sentences: Sentences,
    /// Features of each candidate, in the order of `candidates.all`: empty for one that was not asked about. No list before any was.
    pub of_candidates: Vec<Cells>,
}

impl Analysis {
    /// Looks at a mail, and at all that may be a fact in it.
    pub fn of(rules: &RuleSet, subject: &str, newest_text: &str, attachments: &[String]) -> Self {
        let mut analysis = Self::of_mail(rules, subject, newest_text, attachments);
        analysis.ask_about(rules, Fact::ALL);
        analysis
    }

    /// The same without the features of what may be a fact.
    pub fn of_mail(rules: &RuleSet, subject: &str, newest_text: &str, attachments: &[String]) -> Self {
        let text = PreparedText::new(subject, newest_text, attachments);
        let hits = rules.hits(&text);
        let candidates = facts(rules, &text, &hits);
        let Extracted { glosses, mail: features, sentences } = extract(&text, &hits);
        Self { text, glosses, hits, candidates, features, sentences, of_candidates: Vec::new() }
    }

    /// Looks at what may be one of these facts; what was asked before is forgotten.
    pub fn ask_about(&mut self, rules: &RuleSet, facts: &[Fact]) {
        let (text, glosses, candidates) = (&self.text, &self.glosses, &self.candidates);
        self.of_candidates = extract_candidates(text, glosses, &self.features, candidates, rules.vocabulary(), facts);
    }
}
