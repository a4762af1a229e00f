//! Which of the words that may be a fact are it.

use std::collections::BTreeSet;

use super::Lesson;
use crate::domain::{Fact, Intent};
use crate::triage::classifier::{Linear, Task, logistic};
use crate::triage::decide::fact_of;
use crate::triage::learning::calibrate;
use crate::triage::learning::cell;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::{Labels, solve};
use crate::triage::learning::sparse::Sparse;

/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 2.0;
/// Candidates a column must stand in.
const LEAST_CANDIDATES: u32 = 2;
/// Right and wrong candidates needed to learn a fact from.
const LEAST_EXAMPLES: usize = 50;

/// Nothing when the rules find too few candidates, right and wrong, to learn from: rules then decide alone.
pub(super) fn learn(task: Task, lessons: &mut [Lesson<'_>]) -> Result<Option<Linear>, String> {
    let fact = fact_of(task).ok_or("no fact")?;
    let mut places = Vec::new();
    let (mut cells, mut folds, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for (index, lesson) in lessons.iter().enumerate() {
        for (place, (candidate, seen)) in lesson.mail.candidates.all.iter().zip(&lesson.of_candidates).enumerate() {
            if candidate.fact == fact {
                places.push((index, place));
                cells.push(seen);
                folds.push(if annotated(fact, lesson) { lesson.fold } else { usize::MAX });
                truth.push(lesson.row.words(fact).is_some_and(|words| same_words(words, &candidate.words)));
            }
        }
    }
    let learnt: Vec<bool> = folds.iter().map(|fold| *fold != usize::MAX).collect();
    let known = |right: bool| truth.iter().zip(&learnt).filter(|(truth, learnt)| **truth == right && **learnt).count();
    if known(true) < LEAST_EXAMPLES || known(false) < LEAST_EXAMPLES {
        return Ok(None);
    }
    let table = Sparse::of(|| cells.iter().map(|seen| cell::unpacked(seen)), LEAST_CANDIDATES);
    let solved = solve(&table, &[], &folds, &[Labels::Truth(truth.clone())], PENALTY);
    let mut solved = solved.into_iter().next().ok_or("the solver lost a fact")?;
    let chosen = solved.held_out.iter().zip(&truth).zip(&learnt).filter(|(_, learnt)| **learnt);
    let (scores, right): (Vec<Vec<f32>>, Vec<bool>) =
        chosen.map(|((scores, truth), _)| (scores.clone(), *truth)).unzip();
    Mixture::of_truths(&scores, &[right])?.fold_into(&mut solved);
    let mut best: Vec<(f32, bool)> = lessons.iter().map(|lesson| (0.0, lesson.row.has(fact))).collect();
    for ((index, place), scores) in places.iter().zip(&solved.held_out) {
        let probability = scores.first().map_or(0.0, |score| logistic(*score));
        let lesson = lessons.get_mut(*index);
        if let Some(slot) = lesson.and_then(|lesson| lesson.held_out.candidates.get_mut(*place)) {
            *slot = probability;
        }
        if let Some(best) = best.get_mut(*index) {
            best.0 = best.0.max(probability);
        }
    }
    let known = best.into_iter().zip(lessons.iter()).filter(|(_, lesson)| annotated(fact, lesson));
    let threshold = calibrate::best_limit(&known.map(|(best, _)| best).collect::<Vec<_>>());
    lessons.iter_mut().for_each(|lesson| lesson.held_out.set_threshold(task, threshold));
    Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold).map(Some)
}

/// Announced dates are annotated only where a refund is awaited.
pub(super) fn annotated(fact: Fact, lesson: &Lesson<'_>) -> bool {
    fact != Fact::AnnouncedDate || lesson.row.intent == Intent::RefundNotReceived
}

/// Whether annotated words and a candidate's mean the same place: one holds the other, or they share
/// most of their words.
pub fn same_words(annotated: &str, found: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let folded = crate::triage::prepared::Folded::new(text);
        folded.text().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (annotated, found) = (words(annotated), words(found));
    let shared = annotated.intersection(&found).count();
    shared > 0 && shared * 2 >= annotated.len().min(found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_place_when_one_holds_the_other() {
        assert!(same_words("le 3 mars", "3 mars"));
        assert!(same_words("la cafetière Delonghi", "cafetiere"));
        assert!(!same_words("le 3 mars", "le 5 avril"));
        assert!(!same_words("", "x"));
    }
}
