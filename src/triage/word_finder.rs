//! Many words found in one pass over a text, wherever they stand in it and however they overlap.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use daachorse::DoubleArrayAhoCorasick;

/// Words known by their places in the list that they came in. Clones share what was built.
#[derive(Clone)]
pub struct WordFinder {
    automaton: Arc<DoubleArrayAhoCorasick<u32>>,
}

impl WordFinder {
    /// Builds it for words, none of them empty.
    ///
    /// # Errors
    /// In words, that the list is too long.
    pub fn of<W: AsRef<[u8]>>(words: &[W]) -> Result<Self, String> {
        let automaton = DoubleArrayAhoCorasick::new(words).map_err(|error| error.to_string())?;
        Ok(Self { automaton: Arc::new(automaton) })
    }

    /// Every word of the list in a text with its bytes, by where it ends, longer ones first.
    pub fn find(&self, text: &[u8]) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.automaton.find_overlapping_iter(text).map(|found| (found.value() as usize, found.start()..found.end()))
    }
}

impl fmt::Debug for WordFinder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = self.automaton.num_states();
        formatter.debug_struct("WordFinder").field("states", &states).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_within_and_beside_each_other() {
        let finder = WordFinder::of(&["refund", "fund", "a refund"]).unwrap();
        let found: Vec<_> = finder.find(b"a refunded fund").collect();
        assert_eq!(found, [(2, 0..8), (0, 2..8), (1, 4..8), (1, 11..15)]);
    }

    #[test]
    fn an_empty_list_finds_nothing() {
        assert_eq!(WordFinder::of::<&str>(&[]).unwrap().find(b"a").count(), 0);
    }
}
