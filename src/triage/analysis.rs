//! Everything seen in one mail before anything is decided.

use super::facts::{Candidates, facts};
use super::features::{Cells, Extracted, Features, Glosses, Sentences, extract};
use super::hit::RuleHit;
use super::prepared::PreparedText;
use super::rules::RuleSet;

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
    /// Features of each candidate, in the order of `candidates.all`.
    pub of_candidates: Vec<Cells>,
}

impl Analysis {
    /// Looks at a mail.
    pub fn of(rules: &RuleSet, subject: &str, newest_text: &str, attachments: &[String]) -> Self {
        let text = PreparedText::new(subject, newest_text, attachments);
        let hits = rules.hits(&text);
        let candidates = facts(rules, &text, &hits);
        let Extracted { glosses, mail: features, sentences, of_candidates } =
            extract(&text, &hits, &candidates, rules.vocabulary());
        Self { text, glosses, hits, candidates, features, sentences, of_candidates }
    }
}
