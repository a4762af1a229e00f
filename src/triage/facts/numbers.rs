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
        if is_date || is_amount(scene, range) || is_counted(scene, range) {
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

/// A currency or percent sign stands beside it that is not another number's: "84 € le 21", "12/03 £84".
pub(super) fn is_amount(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    const SIGNS: [char; 3] = ['€', '$', '£'];
    let text = scene.text();
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let digit = |c: char| c.is_ascii_digit();
    let earlier = |rest: &str| rest.trim_end().ends_with(digit);
    let later = |rest: &str| rest.starts_with(digit);
    let preceded = before.ends_with(SIGNS) || before.trim_end().strip_suffix(SIGNS).is_some_and(|rest| !earlier(rest));
    let followed = after.starts_with(SIGNS) || after.trim_start().strip_prefix(SIGNS).is_some_and(|rest| !later(rest));
    preceded || followed || after.trim_start().starts_with('%')
}

/// A unit follows it.
pub(super) fn is_counted(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    let text = scene.text();
    let after = text.get(range.end..).unwrap_or_default();
    let apart = after.len() - after.trim_start().len();
    let from = range.end + apart;
    // "le 16 j'ai reçu" counts no days, and a signature on the next line, "M. Dupont", no metres.
    let other = |unit: &Range<usize>| {
        let rest = text.get(unit.end..).unwrap_or_default();
        let elided = rest.strip_prefix('\'').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
        let new_line = scene.folded.breaks().binary_search(&range.end).is_ok();
        unit.len() == 1 && (elided || (new_line && rest.starts_with('.')))
    };
    apart <= 1 && scene.listed(List::Units).any(|unit| unit.start == from && !other(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Asset;
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

    const NUMBERS: &str = r#"
[[list]]
name = "units"
words = ["h", "j", "m", "kg"]
[[number]]
name = "any"
pattern = '[a-z]{0,2}-?\d{2,6}'
order_number = 1.0
must_match = ["AB-12"]
"#;

    #[test]
    fn an_amount_is_no_reference_and_what_follows_by_chance_is_no_unit() {
        let numbers = Asset { name: "50-numbers.toml".into(), origin: "test".into(), bytes: NUMBERS.into() };
        let rules = RuleSet::load(&[numbers]).unwrap();
        let found = |text: &str| {
            let folded = Folded::new(text);
            let mut all = Vec::new();
            candidates(&Scene::new(&folded, rules.vocabulary()), Part::Body, &Vec::new(), &mut all);
            all.into_iter().map(|candidate| candidate.words).collect::<Vec<_>>()
        };
        for (text, numbers) in [
            ("order 11890\nH. Cartwright", vec!["11890"]),
            ("la commande 33120 j'ai", vec!["33120"]),
            ("the 500 kg of 40 h for £300 or 200 €", vec![]),
            ("a 30 j' of 20 m. wide, AB-12 kg", vec![]),
            ("payé 300 € pour 44120, £45", vec!["44120"]),
            ("44120 £45", vec!["44120"]),
        ] {
            assert_eq!(found(text), numbers, "{text}");
        }
    }
}
