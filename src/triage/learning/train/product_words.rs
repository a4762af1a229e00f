//! Which words are a product's name.

use std::ops::Range;

use super::Lesson;
use crate::domain::Fact;
use crate::triage::classifier::Linear;
use crate::triage::features::Gloss;
use crate::triage::features::tagging::Tagging;
use crate::triage::features::tokens::Tokens;
use crate::triage::hit::Part;
use crate::triage::learning::cell::{self, Cell};
use crate::triage::learning::solve::{Labels, Solved, solve};
use crate::triage::learning::sparse::Sparse;
use crate::triage::prepared::Folded;
use crate::triage::tagger::{Named, name_in};

/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 8.0;
/// Words a column must stand at.
const LEAST_WORDS: u32 = 3;
/// Words of names needed to learn from.
const LEAST_EXAMPLES: usize = 100;

/// Every word of the corpus that may be one of a name.
#[derive(Default)]
struct Words {
    /// Of all words in a row: there are some forty times as many as mails.
    cells: Vec<Cell>,
    /// Where those of each word end.
    ends: Vec<usize>,
    folds: Vec<usize>,
    named: Vec<bool>,
    /// For each mail and part: its words' places among the tokens, and where they begin above.
    parts: Vec<(usize, Part, Vec<usize>, usize)>,
}

/// Nothing where too few names are annotated.
pub(super) fn learn(lessons: &mut [Lesson<'_>]) -> Result<Option<Linear>, String> {
    let mut words = Words::default();
    for (index, lesson) in lessons.iter().enumerate() {
        for part in [Part::Subject, Part::Body] {
            words.add(index, part, lesson);
        }
    }
    if words.named.iter().filter(|named| **named).count() < LEAST_EXAMPLES {
        return Ok(None);
    }
    let table = Sparse::of(|| words.rows(), LEAST_WORDS);
    (words.cells, words.ends) = Default::default();
    let solved = solve(&table, &[], &words.folds, &[Labels::Truth(words.named)], PENALTY);
    let solved = solved.into_iter().next().ok_or("the solver lost the words")?;
    for (index, part, places, first) in &words.parts {
        let Some(lesson) = lessons.get_mut(*index) else { continue };
        let named = best_in(lesson, *part, places, *first, &solved);
        let known = lesson.held_out.named.as_ref().map(|known| known.score);
        if let Some(named) = named.filter(|named| known.is_none_or(|known| named.score > known)) {
            lesson.held_out.named = Some(named);
        }
    }
    Linear::new(&solved.columns, solved.weights, solved.intercepts, 0.5).map(Some)
}

impl Words {
    fn rows(&self) -> impl Iterator<Item = Vec<(u32, f32)>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| cell::unpacked(self.cells.get(start..*end).unwrap_or_default()))
    }

    fn add(&mut self, index: usize, part: Part, lesson: &Lesson<'_>) {
        let text = lesson.mail.text.part(part);
        let gloss = Gloss::of(text);
        let tokens = gloss.tokens(text);
        let tagging = Tagging::of(&tokens, &gloss, part, &lesson.mail.candidates.all);
        let names = lesson.row.words(Fact::Product).map(|words| places_of(words, &tokens)).unwrap_or_default();
        let first = self.ends.len();
        let mut places = Vec::new();
        for at in 0..tokens.list.len() {
            let cells = tagging.cells(at);
            if !cells.is_empty() {
                places.push(at);
                self.cells.extend(cells.into_iter().map(|(column, value)| Cell::new(column, value)));
                self.ends.push(self.cells.len());
                self.folds.push(lesson.fold);
                self.named.push(names.iter().any(|name| name.contains(&at)));
            }
        }
        self.parts.push((index, part, places, first));
    }
}

fn best_in(lesson: &Lesson<'_>, part: Part, places: &[usize], first: usize, solved: &Solved) -> Option<Named> {
    let text = lesson.mail.text.part(part);
    let tokens = Tokens::cut(text);
    let mut scores = vec![None; tokens.list.len()];
    for (at, held_out) in places.iter().zip(solved.held_out.iter().skip(first)) {
        if let Some(slot) = scores.get_mut(*at) {
            *slot = held_out.first().copied();
        }
    }
    name_in(text.original(), &tokens, &scores)
}

/// Where the same words stand in a text.
fn places_of(words: &str, tokens: &Tokens<'_>) -> Vec<Range<usize>> {
    let folded = Folded::new(words);
    let wanted = Tokens::cut(&folded);
    let wanted: Vec<&str> = wanted.list.iter().map(|token| wanted.text(token)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let same = |at: &usize| {
        let here = tokens.list.get(*at..at + wanted.len());
        here.is_some_and(|here| here.iter().zip(&wanted).all(|(token, wanted)| tokens.text(token) == *wanted))
    };
    (0..tokens.list.len()).filter(same).map(|at| at..at + wanted.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotated_words_are_found_wherever_they_stand() {
        let text = Folded::new("La cafetière  DELONGHI. Ma cafetiere Delonghi !");
        let tokens = Tokens::cut(&text);
        assert_eq!(places_of("cafetière Delonghi", &tokens), [1..3, 4..6]);
        assert!(places_of("", &tokens).is_empty() && places_of("vase", &tokens).is_empty());
    }
}
