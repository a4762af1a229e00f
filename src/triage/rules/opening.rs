//! What a match of an expression may begin with: at most places it need not be tried.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::marked::{BOUNDARY, is_word};

/// What a match may begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    /// Its first byte, a bit each.
    bytes: [u64; 4],
    /// It begins at a word boundary.
    at_boundary: bool,
    /// One of these beginnings, ascending, with zeros behind shorter ones, if any are listed. None begins with another.
    words: Vec<[u8; WINDOW]>,
}

/// Bytes of a match's beginning that are looked at, and how many different ones there may be.
const WINDOW: usize = 4;
const WINDOWS: usize = 1000;

impl Opening {
    /// Anything.
    pub const ANY: Self = Self { bytes: [u64::MAX; 4], at_boundary: false, words: Vec::new() };

    /// Of an expression over marked text.
    pub fn of(hir: &Hir) -> Self {
        let mut bytes = [0; 4];
        if may_begin_with(hir, &mut bytes) {
            return Self::ANY;
        }
        Self { bytes, at_boundary: begins_at_boundary(hir), words: beginnings(hir).unwrap_or_default() }
    }

    /// Whether a match may begin at a place of the text.
    pub fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(byte) = text.get(at) else { return false };
        let boundary = || is_word(*byte) != at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|b| is_word(*b));
        let known = self.bytes.get(usize::from(*byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1);
        let opened = || {
            let rest = text.get(at..).unwrap_or_default();
            let mut window = [0; WINDOW];
            window.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
            let before = self.words.partition_point(|word| *word <= window).checked_sub(1);
            let word = before.and_then(|before| self.words.get(before));
            let fits =
                |word: &[u8; WINDOW]| word.iter().zip(window).all(|(wanted, byte)| *wanted == 0 || *wanted == byte);
            self.words.is_empty() || word.is_some_and(fits)
        };
        known && (!self.at_boundary || boundary()) && opened()
    }
}

/// What every match begins with, by its first few bytes; nothing where there are too many ways.
fn beginnings(hir: &Hir) -> Option<Vec<[u8; WINDOW]>> {
    let mut extractor = Extractor::new();
    // A boundary or two stand among them.
    extractor.kind(ExtractKind::Prefix).limit_total(WINDOWS).limit_literal_len(WINDOW + 2);
    let sequence = extractor.extract(hir);
    let unmarked =
        |literal: &[u8]| -> Vec<u8> { literal.iter().copied().filter(|byte| *byte != BOUNDARY).take(WINDOW).collect() };
    let mut words: Vec<Vec<u8>> = sequence.literals()?.iter().map(|literal| unmarked(literal.as_bytes())).collect();
    words.sort();
    words.dedup_by(|next, kept| next.starts_with(kept));
    let padded = |word: &Vec<u8>| {
        let mut window = [0; WINDOW];
        window.iter_mut().zip(word).for_each(|(place, byte)| *place = *byte);
        window
    };
    words.iter().all(|word| !word.is_empty()).then(|| words.iter().map(padded).collect())
}

/// Adds what a match may begin with; says whether it may be empty, so that what follows begins it.
fn may_begin_with(hir: &Hir, bytes: &mut [u64; 4]) -> bool {
    let add = |from: u8, to: u8, bytes: &mut [u64; 4]| {
        for byte in from..=to {
            bytes[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match literal.0.iter().find(|byte| **byte != BOUNDARY) {
            Some(byte) => {
                add(*byte, *byte, bytes);
                false
            }
            None => true,
        },
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().for_each(|range| add(range.start(), range.end(), bytes));
            false
        }
        HirKind::Class(Class::Unicode(_)) => {
            add(0, u8::MAX, bytes);
            false
        }
        HirKind::Repetition(repetition) => may_begin_with(&repetition.sub, bytes) || repetition.min == 0,
        HirKind::Capture(capture) => may_begin_with(&capture.sub, bytes),
        HirKind::Concat(parts) => parts.iter().all(|part| may_begin_with(part, bytes)),
        HirKind::Alternation(branches) => branches.iter().filter(|branch| may_begin_with(branch, bytes)).count() > 0,
    }
}

fn begins_at_boundary(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.first() == Some(&BOUNDARY),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_at_boundary),
        HirKind::Alternation(branches) => branches.iter().all(begins_at_boundary),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::marked::bounded;
    use super::super::needles::parse;
    use super::*;

    /// Where matches of an expression may begin in a text.
    fn begins(pattern: &str, text: &str) -> Vec<usize> {
        let opening = Opening::of(&bounded(&parse(pattern).unwrap()));
        (0..=text.len()).filter(|at| opening.is_at(text.as_bytes(), *at)).collect()
    }

    #[test]
    fn a_match_begins_with_its_first_letters() {
        assert_eq!(begins("refund|money", "my money, the refund, a remark"), [3, 14]);
        assert_eq!(begins(r"[0-9]+ ?(?:euros|quid)", "a 12 b"), [2, 3]);
        assert_eq!(begins("(?:my )?order", "my order, mine"), [0, 3], "what may be missing");
        assert_eq!(begins("(?:a|ab|b)c", "abc"), [0, 1]);
    }

    #[test]
    fn a_word_begins_at_its_boundary() {
        assert_eq!(begins(r"\bon\b", "on son on"), [0, 7]);
        assert_eq!(begins(r"\b(?:on|in)", "on son in"), [0, 7]);
        assert_eq!(begins(r"(?:\bon|in)", "on sin in"), [0, 4, 7], "not all of its branches do");
    }

    #[test]
    fn an_expression_that_may_be_empty_begins_anywhere() {
        assert_eq!(begins("a*", "bab"), [0, 1, 2]);
        assert_eq!(begins(".b", "bab"), [0, 1, 2]);
    }
}
