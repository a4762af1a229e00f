//! References that may identify the purchase.

use std::ops::Range;

use super::dates::Dates;
use super::scene::Scene;
use super::vocabulary::List;
use super::{Candidate, MOST, THRESHOLD};
use crate::domain::Fact;
use crate::triage::hit::Part;

/// "Bosch GSR-1200": what a maker's name just before says about a number.
const MODEL: f32 = -1.6;
/// A shape that weighs so little is no reference, whatever stands near.
const NEVER: f32 = -9.0;
/// One that weighs so little is a reference only where cues of [`NAMED`] together call it one.
const ONLY_NAMED: f32 = -5.0;
/// See there.
const NAMED: f32 = 1.0;
/// Letters of an airline's or railway's record locator.
const RECORD_LOCATOR: usize = 6;
/// Longer than any reference people write.
const LONGEST: usize = 40;

/// Adds the candidates of a part; the folded ranges of those taken for order numbers come back.
pub(super) fn candidates(
    scene: &Scene<'_>,
    part: Part,
    dates: &Dates<'_>,
    all: &mut Vec<Candidate>,
) -> Vec<Range<usize>> {
    let mut taken = Vec::new();
    let text = scene.text();
    let mut found = references(text);
    found.extend(letters_only(scene));
    found.sort_by_key(|range| range.start);
    found.truncate(MOST);
    for range in &found {
        let written = text.get(range.clone()).unwrap_or_default();
        let is_date = dates.iter().any(|(_, date)| date.start <= range.start && range.end <= date.end);
        if is_date || is_quantity(scene, range) {
            continue;
        }
        let Some(shape) = scene.vocabulary.numbers().iter().find(|shape| shape.is(written)) else { continue };
        let mut weighing = scene.weigh(Fact::OrderNumber, range, &found);
        let weight = shape.weights.of(Fact::OrderNumber);
        if weight <= NEVER || (weight <= ONLY_NAMED && weighing.score < NAMED) || is_international(text, range) {
            continue;
        }
        if names_a_model(scene, range) {
            weighing.score += MODEL;
        }
        let candidate = Candidate::new(Fact::OrderNumber, part, scene.folded, range.clone(), &shape.name);
        let candidate = candidate.weighed(weight, weighing);
        if candidate.score >= THRESHOLD {
            taken.push(range.clone());
        }
        all.push(candidate);
    }
    taken
}

/// Runs of letters, digits and joiners that hold a digit; groups of digits parted by single spaces are one.
fn references(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut previous_word: Option<Range<usize>> = None;
    let mut at = 0;
    for chunk in text.split(' ') {
        let start = at;
        at += chunk.len() + 1;
        let Some(range) = trimmed(chunk, start) else {
            previous_word = None;
            continue;
        };
        let written = text.get(range.clone()).unwrap_or_default();
        if written.bytes().any(|b| b.is_ascii_digit()) {
            let joins = |earlier: &Range<usize>| earlier.end + 1 == range.start;
            let groups = |w: &str| w.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            match found.last_mut() {
                Some(last) if joins(last) && groups(written) && text.get(last.clone()).is_some_and(ends_in_digits) => {
                    last.end = range.end
                }
                _ => {
                    let prefix =
                        previous_word.clone().filter(|word| joins(word) && groups(written) && is_prefix(text, word));
                    found.push(prefix.map_or(range.start, |word| word.start)..range.end);
                }
            }
            previous_word = None;
        } else {
            previous_word = Some(range);
        }
    }
    found.retain(|range| range.len() <= LONGEST);
    found
}

/// "TGQXPR": six capitals between words that are not shouted.
fn letters_only(scene: &Scene<'_>) -> Vec<Range<usize>> {
    let mut at = 0;
    let words = scene.text().split(' ').filter_map(|chunk| {
        let start = at;
        at += chunk.len() + 1;
        let range = trimmed(chunk, start)?;
        let written = scene.folded.words(range.clone());
        let shouted = written.len() > 3 && written.bytes().all(|b| b.is_ascii_uppercase());
        Some((range, shouted))
    });
    let (mut words, mut before, mut found) = (words.peekable(), false, Vec::new());
    while let Some((range, shouted)) = words.next() {
        let after = words.peek().is_some_and(|(_, shouted)| *shouted);
        if range.len() == RECORD_LOCATOR && shouted && !before && !after {
            found.push(range);
        }
        before = shouted;
    }
    found
}

fn ends_in_digits(written: &str) -> bool {
    written.rsplit(' ').next().is_some_and(|group| group.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

/// "BC 24-09-1183": two or three letters that no sentence would put there.
fn is_prefix(text: &str, word: &Range<usize>) -> bool {
    const WORDS: &[&str] = &[
        "cde", "cmd", "ref", "no", "num", "the", "on", "le", "la", "les", "du", "de", "un", "et", "au", "nr", "of",
        "is", "in", "at", "and", "for", "my", "to", "a", "en", "tel",
    ];
    let Some(written) = text.get(word.clone()) else { return false };
    (2..=3).contains(&written.len())
        && written.bytes().all(|b| b.is_ascii_lowercase())
        && !WORDS.contains(&written)
        && !written.bytes().any(|b| b"aeiouy".contains(&b))
}

/// The chunk without brackets, quotes and the punctuation of the sentence; `None` when nothing is left, or an
/// address or a link.
fn trimmed(chunk: &str, start: usize) -> Option<Range<usize>> {
    if chunk.contains('@') || chunk.contains("://") || chunk.starts_with("www.") {
        return None;
    }
    let from = chunk.find(|c: char| c.is_ascii_alphanumeric() || c == '#')?;
    let to = chunk.rfind(|c: char| c.is_ascii_alphanumeric())? + 1;
    let inner = chunk.get(from..to)?;
    // "n°1234", "l'850", "ref:77".
    let skip = inner.rfind(['\'', ':', '=', '(', '"']).map_or(0, |at| at + 1);
    let skip = if inner.get(skip..)?.starts_with("n°") { skip + "n°".len() } else { skip };
    let skip = inner.get(skip..)?.find(|c: char| c.is_ascii_alphanumeric() || c == '#').map(|more| skip + more)?;
    (from + skip < to).then(|| start + from + skip..start + to)
}

/// A maker's name stands just before.
fn names_a_model(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    scene.listed(List::Brands).any(|brand| brand.end < range.start && range.start - brand.end <= 2)
}

/// "+41 79 330 11 82".
fn is_international(text: &str, range: &Range<usize>) -> bool {
    text.get(..range.start).is_some_and(|before| before.ends_with('+'))
}

/// A number followed by a unit, or with a currency sign.
pub(super) fn is_quantity(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    let text = scene.text();
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let next = after.trim_start();
    if before.trim_end().ends_with(['€', '$', '£']) || next.starts_with(['€', '$', '£', '%']) {
        return true;
    }
    let from = range.end + (after.len() - next.len());
    after.len() - next.len() <= 1 && scene.listed(List::Units).any(|unit| unit.start == from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::prepared::Folded;
    use crate::triage::rules::RuleSet;

    #[test]
    fn six_capitals_are_a_record_locator_between_words_that_are_not_shouted() {
        let rules = RuleSet::load(&[]).unwrap();
        let found = |text: &str| {
            let folded = Folded::new(text);
            let scene = Scene::new(&folded, rules.vocabulary());
            letters_only(&scene).into_iter().map(|range| folded.words(range).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("TGQXPR, two seats, and later KLMNOP"), ["TGQXPR", "KLMNOP"]);
        for shouted in ["WHERE TGQXPR is", "is TGQXPR PLEASE", "two TGQXP seats", "two tgqxpr seats", ""] {
            assert!(found(shouted).is_empty(), "{shouted}");
        }
    }
}
