//! What was bought.

use std::ops::Range;

use super::scene::Scene;
use super::vocabulary::List;
use super::{Candidate, MOST};
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
    for range in scene.listed(List::Products).filter(|range| !within_reference(scene.text(), range)).take(MOST) {
        push(range, "listed", LISTED, all);
    }
    for range in scene.listed(List::Brands).take(MOST) {
        push(range, "brand", BRAND, all);
    }
    for shape in scene.vocabulary.nouns() {
        for range in shape.groups(scene.text()).take(MOST) {
            if names_something(scene, &range) {
                push(range, &shape.name, shape.weights.of(Fact::Product), all);
            }
        }
    }
}

/// "5500-BD-71": a listed word that is part of a number.
fn within_reference(text: &str, range: &Range<usize>) -> bool {
    let start = text.get(..range.start).and_then(|before| before.rfind(' ')).map_or(0, |at| at + 1);
    let end = text.get(range.end..).and_then(|after| after.find(' ')).map_or(text.len(), |at| range.end + at);
    text.get(start..range.start)
        .into_iter()
        .chain(text.get(range.end..end))
        .any(|side| side.bytes().any(|b| b.is_ascii_digit()))
}

/// Whether a word of the phrase is more than an umbrella word, a number or a little word.
fn names_something(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    let mut at = range.start;
    let phrase = scene.text().get(range.clone()).unwrap_or_default();
    phrase.split([' ', '\'', '"']).any(|word| {
        let start = at;
        at += word.len() + 1;
        word.len() > 2
            && word.bytes().any(|b| b.is_ascii_alphabetic())
            && !scene.is_listed(List::Umbrella, &(start..start + word.len()))
    })
}
