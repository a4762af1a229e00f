//! Dates, and whether they tell of the purchase or of an announced refund.

use std::ops::Range;

use super::numbers::is_quantity;
use super::scene::Scene;
use super::vocabulary::Shape;
use super::{Candidate, MOST};
use crate::domain::Fact;
use crate::triage::hit::Part;

/// Dates of a part by their shapes, in folded ranges.
pub(super) type Dates<'a> = Vec<(&'a Shape, Range<usize>)>;

pub(super) fn find<'a>(scene: &Scene<'a>) -> Dates<'a> {
    let dates = scene.vocabulary.dates(scene.text()).into_iter();
    // "le 3 kg", "du 12,40 €".
    dates.filter(|(_, range)| !ends_as_quantity(scene, range)).take(MOST).collect()
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
    written.ends_with(|c: char| c.is_ascii_digit()) && (decimals || is_quantity(scene, range))
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
