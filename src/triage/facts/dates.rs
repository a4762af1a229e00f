//! Dates, and whether they tell of the purchase or of an announced refund.

use std::ops::Range;

use super::numbers::{is_amount, is_counted};
use super::scene::Scene;
use super::vocabulary::Shape;
use super::{Candidate, MOST};
use crate::domain::Fact;
use crate::triage::hit::Part;

/// Dates of a part by their shapes, in folded ranges.
pub(super) type Dates<'a> = Vec<(&'a Shape, Range<usize>)>;

pub(super) fn find<'a>(scene: &Scene<'a>) -> Dates<'a> {
    let dates = scene.vocabulary.dates(scene.text()).into_iter();
    // Each is held against all units, however few are dates in the end.
    dates.take(4 * MOST).filter_map(|date| without_quantity(scene, date)).take(MOST).collect()
}

/// "le 3 kg" and "du 12,40 €" are no dates, and "lundi 12 personnes" ends with the day's name.
fn without_quantity<'a>(
    scene: &Scene<'a>,
    (shape, range): (&'a Shape, Range<usize>),
) -> Option<(&'a Shape, Range<usize>)> {
    if !ends_as_quantity(scene, &range) {
        return Some((shape, range));
    }
    let written = scene.text().get(range.clone())?;
    let rest = written.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let (shape, within) = scene.vocabulary.dates(rest).pop()?;
    Some((shape, range.start + within.start..range.start + within.end))
}

/// "(8820-KX, 3 May)": what an order number just beside a date is worth for the purchase date.
const BESIDE_NUMBER: f32 = 0.4;
/// Bytes between the two at most.
const BESIDE: usize = 12;

fn beside(number: &Range<usize>, date: &Range<usize>) -> bool {
    let gap =
        if number.start < date.start { date.start.checked_sub(number.end) } else { number.start.checked_sub(date.end) };
    gap.is_some_and(|gap| gap <= BESIDE)
}

/// A bare number at the end that a unit or decimals follow.
fn ends_as_quantity(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    let text = scene.text();
    let written = text.get(range.clone()).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default().as_bytes();
    let decimals = matches!(after, [b',' | b'.', digit, ..] if digit.is_ascii_digit());
    written.ends_with(|c: char| c.is_ascii_digit()) && (decimals || is_amount(scene, range) || is_counted(scene, range))
}

pub(super) fn candidates(
    scene: &Scene<'_>,
    part: Part,
    dates: &Dates<'_>,
    numbers: &[Range<usize>],
    all: &mut Vec<Candidate>,
) {
    let fences: Vec<Range<usize>> = dates.iter().map(|(_, range)| range.clone()).collect();
    for fact in [Fact::PurchaseDate, Fact::AnnouncedDate] {
        for (shape, range) in dates {
            let mut weighing = scene.weigh(fact, range, &fences);
            if fact == Fact::PurchaseDate && numbers.iter().any(|number| beside(number, range)) {
                weighing.score += BESIDE_NUMBER;
            }
            let candidate = Candidate::new(fact, part, scene.folded, range.clone(), &shape.name);
            all.push(candidate.weighed(shape.weights.of(fact), weighing));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Asset;
    use crate::triage::prepared::Folded;
    use crate::triage::rules::RuleSet;

    const DAYS: &str = r#"
[[list]]
name = "units"
words = ["kg", "personnes", "j", "jours"]
[[date]]
name = "day-of-the-week"
pattern = '\b(?:le )?lundi(?: \d+)?\b'
must_match = ["lundi 5"]
[[date]]
name = "day-of-the-month"
pattern = '\b(?:le|du) \d+\b'
must_match = ["le 16"]
"#;

    #[test]
    fn a_quantity_is_no_date_and_a_price_before_a_date_takes_none_away() {
        let days = Asset { name: "51-days.toml".into(), origin: "test".into(), bytes: DAYS.into() };
        let rules = RuleSet::load(&[days]).unwrap();
        let found = |text: &str| {
            let folded = Folded::new(text);
            let scene = Scene::new(&folded, rules.vocabulary());
            find(&scene).into_iter().map(|(_, range)| folded.words(range).to_owned()).collect::<Vec<_>>()
        };
        for (text, dates) in [
            ("le 3 kg du 12,40 €", vec![]),
            ("réservé lundi 12 personnes", vec!["lundi"]),
            ("payé 84 € le 21", vec!["le 21"]),
            ("payé le 21 € 84", vec![]),
            ("Le 16 j'ai reçu la boîte", vec!["Le 16"]),
            ("livré le 16 jours fériés compris", vec![]),
        ] {
            assert_eq!(found(text), dates, "{text}");
        }
    }
}
