//! Finds what a message tells besides its verdict, by the operator's rules `rules/60-clues-….toml`.

use crate::domain::Asset;
use crate::domain::clue::FoundClues;
use crate::triage::prepared::PreparedText;
use crate::triage::rules::{RuleError, RuleSet};

/// The customer's words are kept up to this length, in characters.
const WORDS: usize = 80;

/// The rules of clues, ready to match. Immutable and shared between threads.
#[derive(Debug)]
pub struct Clues(RuleSet);

impl Clues {
    /// Loads the packs `60-….toml` to `69-….toml` among `rules`, and checks every example sentence.
    ///
    /// # Errors
    /// What is wrong, with file, line and rule; of sentences that fail, every one.
    pub fn load(rules: &[Asset]) -> Result<Self, RuleError> {
        RuleSet::load_clues(rules).map(Self)
    }

    /// The clues of a message: its subject, newest text and attachments' names. What is denied is no clue.
    pub fn find(&self, subject: &str, newest_text: &str, attachments: &[String]) -> FoundClues {
        let text = PreparedText::new(subject, newest_text, attachments);
        let mut found = FoundClues::new();
        for hit in self.0.hits(&text).into_iter().filter(|hit| !hit.negated) {
            for clue in self.0.clues(hit.rule) {
                found.entry(*clue).or_insert_with(|| hit.matched.chars().take(WORDS).collect());
            }
        }
        found
    }
}
