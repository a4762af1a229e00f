//! Whether a fact is given at all: the whole mail, the sentence that speaks most for it, its likeliest candidate and its
//! likeliest word together.

use super::Lesson;
use super::candidates::annotated;
use super::look::{self, Look};
use crate::triage::classifier::{Linear, Task, logistic};
use crate::triage::decide::fact_of;
use crate::triage::learning::calibrate;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::Solved;

/// What the mail and its sentences tell of a fact.
pub(super) struct Seen {
    /// The whole mail's weights and held-out scores.
    pub(super) solved: Solved,
    /// Where there are mails enough.
    pub(super) look: Option<Look>,
}

/// Nothing where all mails give the fact, or none.
pub(super) fn learn(task: Task, seen: Seen, lessons: &mut [Lesson<'_>]) -> Result<Option<Linear>, String> {
    let Seen { mut solved, look } = seen;
    let fact = fact_of(task).ok_or("no fact")?;
    let truth: Vec<bool> = lessons.iter().map(|lesson| lesson.row.has(fact)).collect();
    if truth.iter().all(|given| *given) || !truth.contains(&true) {
        return Ok(None);
    }
    let findings: Vec<[(u32, f32); 3]> =
        lessons.iter().map(|lesson| lesson.held_out.findings(fact, &lesson.mail)).collect();
    let seen = look.as_ref().map_or(&solved.held_out, |look| &look.inputs);
    let inputs = seen.iter().zip(&findings);
    let inputs: Vec<Vec<f32>> =
        inputs.map(|(seen, found)| seen.iter().copied().chain(found.map(|(_, value)| value)).collect()).collect();
    let seen = seen.first().map_or(0, Vec::len);
    let asked: Vec<bool> = lessons.iter().map(|lesson| annotated(fact, lesson)).collect();
    let chosen = inputs.iter().zip(&truth).zip(&asked).filter(|(_, asked)| **asked);
    let (scores, right): (Vec<Vec<f32>>, Vec<bool>) = chosen.map(|((seen, truth), _)| (seen.clone(), *truth)).unzip();
    let mixture = Mixture::of_truths(&scores, &[right])?;
    let mut decisions = Vec::new();
    for (((lesson, inputs), given), asked) in lessons.iter_mut().zip(&inputs).zip(&truth).zip(asked) {
        let probability = mixture.apply(inputs).first().map_or(0.0, |score| logistic(*score));
        lesson.held_out.set_given(task, probability);
        if asked {
            decisions.push((probability, *given));
        }
    }
    let threshold = calibrate::best_limit(&decisions);
    lessons.iter_mut().for_each(|lesson| lesson.held_out.set_threshold(task, threshold));
    let share = |input: usize| mixture.weights.get((input, 0)).copied().unwrap_or(0.0) as f32;
    if look.is_none() {
        // One look: what the mixture makes of its score goes into the weights.
        let offset = mixture.offsets.first().map_or(0.0, |offset| *offset as f32);
        solved.weights.iter_mut().for_each(|weight| *weight *= share(0));
        solved.intercepts.iter_mut().for_each(|intercept| *intercept = *intercept * share(0) + offset);
    }
    for (n, (column, _)) in findings.first().into_iter().flatten().enumerate() {
        solved.columns.push(*column);
        solved.weights.push(share(seen + n));
    }
    let Some(look) = look else {
        return Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold).map(Some);
    };
    look::note(&mixture, seen, &mut solved);
    let model = Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold)?;
    model.with_decisive(look.decisive).map(Some)
}
