//! Whether a fact is given at all: the whole mail, its likeliest candidate and its likeliest word together.

use super::Lesson;
use crate::triage::classifier::{Linear, Task, logistic};
use crate::triage::decide::fact_of;
use crate::triage::learning::calibrate;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::Solved;

/// Nothing where all mails give the fact, or none. `mail` is what the mail alone tells.
pub(super) fn learn(task: Task, mail: Solved, lessons: &mut [Lesson<'_>]) -> Result<Option<Linear>, String> {
    let fact = fact_of(task).ok_or("no fact")?;
    let truth: Vec<bool> = lessons.iter().map(|lesson| lesson.row.has(fact)).collect();
    if truth.iter().all(|given| *given) || !truth.contains(&true) {
        return Ok(None);
    }
    let findings: Vec<[(u32, f32); 3]> =
        lessons.iter().map(|lesson| lesson.held_out.findings(fact, &lesson.mail)).collect();
    let inputs = mail.held_out.iter().zip(&findings);
    let inputs: Vec<Vec<f32>> =
        inputs.map(|(scores, found)| scores.iter().copied().chain(found.map(|(_, value)| value)).collect()).collect();
    let mixture = Mixture::of_truths(&inputs, std::slice::from_ref(&truth))?;
    let mut decisions = Vec::new();
    for ((lesson, inputs), given) in lessons.iter_mut().zip(&inputs).zip(&truth) {
        let probability = mixture.apply(inputs).first().map_or(0.0, |score| logistic(*score));
        lesson.held_out.set_given(task, probability);
        decisions.push((probability, *given));
    }
    let threshold = calibrate::best_limit(&decisions);
    lessons.iter_mut().for_each(|lesson| lesson.held_out.set_threshold(task, threshold));
    let share = |input: usize| mixture.weights.get((input, 0)).copied().unwrap_or(0.0) as f32;
    let (mut columns, mut weights) = (mail.columns, mail.weights);
    weights.iter_mut().for_each(|weight| *weight *= share(0));
    let found = findings.first().map(|found| found.map(|(column, _)| column)).unwrap_or_default();
    columns.extend(found);
    weights.extend((1..=found.len()).map(share));
    let offset = mixture.offsets.first().map_or(0.0, |offset| *offset as f32);
    let intercept = mail.intercepts.first().copied().unwrap_or(0.0) * share(0) + offset;
    Linear::new(&columns, weights, vec![intercept], threshold).map(Some)
}
