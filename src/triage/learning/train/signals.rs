//! Which signals a mail gives.

use super::Lesson;
use crate::domain::Signal;
use crate::triage::classifier::{Linear, Task, logistic};
use crate::triage::learning::calibrate;
use crate::triage::learning::cell;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::{Labels, Solved, solve};
use crate::triage::learning::sparse::Sparse;

/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 1.5;
/// Mails a column must stand in.
const LEAST_MAILS: u32 = 20;
/// Mails with and without each signal that are needed to learn it from.
const LEAST_EXAMPLES: usize = 20;

/// Nothing when a signal has too few examples: rules then find all of them alone.
pub(super) fn learn(lessons: &mut [Lesson<'_>]) -> Result<Option<Linear>, String> {
    let truths: Vec<Vec<bool>> = Signal::ALL.iter().map(|signal| given(*signal, lessons)).collect();
    let asked: Vec<bool> = lessons.iter().map(|lesson| lesson.row.signals.is_some()).collect();
    let count = |truth: &[bool], wanted: bool| truth.iter().zip(&asked).filter(|(t, a)| **t == wanted && **a).count();
    if truths.iter().any(|truth| count(truth, true).min(count(truth, false)) < LEAST_EXAMPLES) {
        return Ok(None);
    }
    let folds: Vec<usize> =
        lessons.iter().zip(&asked).map(|(lesson, asked)| if *asked { lesson.fold } else { usize::MAX }).collect();
    let table = Sparse::of(|| lessons.iter().map(|lesson| cell::unpacked(&lesson.cells)), LEAST_MAILS);
    let solved = solve(&table, &[], &folds, &[Labels::Truths(truths.clone())], PENALTY);
    let mut solved = solved.into_iter().next().ok_or("the solver lost the signals")?;
    let learnt = |row: &[bool]| row.iter().zip(&asked).filter(|(_, asked)| **asked).map(|(yes, _)| *yes).collect();
    let chosen: Vec<Vec<f32>> =
        solved.held_out.iter().zip(&asked).filter(|(_, asked)| **asked).map(|(scores, _)| scores.clone()).collect();
    let right: Vec<Vec<bool>> = truths.iter().map(|truth| learnt(truth)).collect();
    Mixture::of_truths(&chosen, &right)?.fold_into(&mut solved);
    let limits: Vec<f32> =
        truths.iter().enumerate().map(|(signal, truth)| limit(&solved, signal, truth, &asked)).collect();
    let shift = |scores: &mut Vec<f32>| scores.iter_mut().zip(&limits).for_each(|(score, limit)| *score -= limit);
    shift(&mut solved.intercepts);
    solved.held_out.iter_mut().for_each(shift);
    for (lesson, scores) in lessons.iter_mut().zip(&solved.held_out) {
        lesson.held_out.set_scores(Task::Signals, scores);
    }
    Linear::new(&solved.columns, solved.weights, solved.intercepts, 0.5).map(Some)
}

fn given(signal: Signal, lessons: &[Lesson<'_>]) -> Vec<bool> {
    lessons.iter().map(|lesson| lesson.row.signals.as_ref().is_some_and(|all| all.contains(&signal))).collect()
}

/// The log-odds from which on a signal is best taken for given.
fn limit(solved: &Solved, signal: usize, truth: &[bool], asked: &[bool]) -> f32 {
    let score = |scores: &Vec<f32>| scores.get(signal).map_or(0.0, |score| logistic(*score));
    let all = solved.held_out.iter().map(score).zip(truth.iter().copied()).zip(asked);
    let decisions: Vec<(f32, bool)> = all.filter(|(_, asked)| **asked).map(|(decision, _)| decision).collect();
    let probability = calibrate::best_limit(&decisions);
    (probability / (1.0 - probability)).ln()
}
