//! What was bought.

use std::ops::Range;

use super::Candidate;
use super::scene::Scene;
use super::vocabulary::List;
use crate::domain::Fact;
use crate::triage::hit::Part;

/// What a listed product is worth before any cue.
const LISTED: f32 = 1.2;
/// What a maker's name is worth before any cue.
const BRAND: f32 = 0.6;

pub(super) fn candidates(scene: &Scene<'_>, part: Part, all: &mut Vec<Candidate>) {
    let push = |range: Range<usize>, shape: &str, bias: f32, all: &mut Vec<Candidate>| {
        let weighing = scene.weigh(Fact::Product, &range, &[]);
        all.push(Candidate::new(Fact::Product, part, scene.folded, range, shape).weighed(bias, weighing));
    };
    for range in scene.listed(List::Products) {
        push(range, "listed", LISTED, all);
    }
    for range in scene.listed(List::Brands) {
        push(range, "brand", BRAND, all);
    }
    for shape in scene.vocabulary.nouns() {
        for range in shape.groups(scene.text()) {
            if !scene.is_listed(List::Umbrella, &range) {
                push(range, &shape.name, shape.weights.of(Fact::Product), all);
            }
        }
    }
}
