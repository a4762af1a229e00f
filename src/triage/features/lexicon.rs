//! Words of both languages that mean the same thing, as one idea: what 2,000 mails cannot teach by
//! words alone ("récupérer mes sous", "claim my cash back") they can teach by ideas.

use std::sync::LazyLock;

use super::by_hash::ByHash;
use super::hash::{self, Hash};

const SOURCE: &str = include_str!("lexicon.txt");

/// Index of an idea in the lexicon.
pub type Idea = u8;

/// The built-in lexicon, read once.
pub static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(SOURCE));

/// Looks words up by their hashes.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// Names by index.
    pub names: Vec<String>,
    words: ByHash<Vec<Idea>>,
    beginnings: ByHash<Vec<Idea>>,
    /// Hash of the first words of phrases → what ends there.
    phrases: ByHash<Vec<Idea>>,
}

impl Lexicon {
    fn read(source: &str) -> Self {
        let mut lexicon = Self::default();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, words)) = line.split_once(':') else { continue };
            let idea = Idea::try_from(lexicon.names.len()).unwrap_or(Idea::MAX);
            lexicon.names.push(name.to_owned());
            for word in words.split_whitespace() {
                lexicon.add(idea, word);
            }
        }
        lexicon
    }

    fn add(&mut self, idea: Idea, word: &str) {
        if let Some(beginning) = word.strip_suffix('*') {
            self.beginnings.at(hash::text(beginning)).push(idea);
        } else if word.contains('_') {
            let mut state = hash::START;
            for part in word.split('_') {
                state = hash::join(state, hash::text(part));
                self.phrases.at(state);
            }
            self.phrases.at(state).push(idea);
        } else {
            self.words.at(hash::text(word)).push(idea);
        }
    }

    /// Calls `found` for every idea of one folded word.
    pub fn of_word(&self, word: &str, mut found: impl FnMut(Idea)) {
        let mut state = hash::START;
        for (index, byte) in word.bytes().enumerate() {
            state = hash::byte(state, byte);
            if index >= 2
                && let Some(ideas) = self.beginnings.get(state)
            {
                ideas.iter().for_each(|idea| found(*idea));
            }
        }
        if let Some(ideas) = self.words.get(state) {
            ideas.iter().for_each(|idea| found(*idea));
        }
    }

    /// Calls `found(idea, words)` for every phrase that the hashed words begin with.
    pub fn of_phrase(&self, words: impl Iterator<Item = Hash>, mut found: impl FnMut(Idea, usize)) {
        let mut state = hash::START;
        for (index, word) in words.enumerate() {
            state = hash::join(state, word);
            let Some(ideas) = self.phrases.get(state) else { return };
            ideas.iter().for_each(|idea| found(*idea, index + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_beginnings_and_phrases_are_found() {
        let lexicon = Lexicon::read("# note\na: rembours* sous\nb: money_back sous\n");
        let of = |word: &str| {
            let mut found = Vec::new();
            lexicon.of_word(word, |idea| found.push(idea));
            found
        };
        assert_eq!((of("remboursement"), of("sous"), of("sousou")), (vec![0], vec![0, 1], vec![]));
        let words = ["money", "back", "please"].map(hash::text);
        let mut found = Vec::new();
        lexicon.of_phrase(words.into_iter(), |idea, length| found.push((idea, length)));
        assert_eq!(found, [(1, 2)]);
    }

    #[test]
    fn the_shipped_lexicon_is_folded_and_fits() {
        assert!(LEXICON.names.len() < usize::from(Idea::MAX));
        for line in SOURCE.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.chars().all(|c| c.is_ascii_graphic() && !c.is_uppercase() || c == ' '), "{line}");
        }
    }
}
