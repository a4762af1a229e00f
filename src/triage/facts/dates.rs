//! Dates, and whether they tell of the purchase or of an announced refund.

use std::ops::Range;

use super::Candidate;
use super::scene::Scene;
use super::vocabulary::Shape;
use crate::domain::Fact;
use crate::triage::hit::Part;

/// Dates of a part by their shapes, in folded ranges.
pub(super) type Dates<'a> = Vec<(&'a Shape, Range<usize>)>;

pub(super) fn find<'a>(scene: &Scene<'a>) -> Dates<'a> {
    scene.vocabulary.dates(scene.text())
}

pub(super) fn candidates(scene: &Scene<'_>, part: Part, dates: &Dates<'_>, all: &mut Vec<Candidate>) {
    let fences: Vec<Range<usize>> = dates.iter().map(|(_, range)| range.clone()).collect();
    for fact in [Fact::PurchaseDate, Fact::AnnouncedDate] {
        for (shape, range) in dates {
            let weighing = scene.weigh(fact, range, &fences);
            let candidate = Candidate::new(fact, part, scene.folded, range.clone(), &shape.name);
            all.push(candidate.weighed(shape.weights.of(fact), weighing));
        }
    }
}
