//! One group of texts, several questions about them: held-out scores by cross-validation, and the
//! weights of the model trained on all.

use std::collections::HashMap;

use ndarray::{Array2, Axis, concatenate};

use super::gram::{Coordinates, Gram};
use super::linear::{self, Fitted};
use crate::triage::features::Features;

/// A column that fewer texts have cannot be told from chance.
const LEAST_TEXTS: u32 = 2;

/// What is asked about each text.
pub enum Labels {
    /// One of so many classes.
    Class(Vec<usize>, usize),
    /// A level from 0 up to the number given: that many questions "at least …?".
    Level(Vec<usize>, usize),
    /// Yes or no.
    Truth(Vec<bool>),
}

/// The answer to one question.
pub struct Solved {
    /// For each text the scores of the model that did not see its fold.
    pub held_out: Vec<Vec<f32>>,
    /// Columns with weights, ascending.
    pub columns: Vec<u32>,
    /// One weight a class for each of them.
    pub weights: Vec<f32>,
    /// One a class.
    pub intercepts: Vec<f32>,
}

/// Solves all questions about one group of texts; `fold` tells which fold each text belongs to.
///
/// # Errors
/// In words, when a fold lacks a class or the solver fails.
pub fn solve(
    texts: &[&Features],
    fold: &[usize],
    questions: &[(Labels, f64)],
    landmarks: usize,
) -> Result<Vec<Solved>, String> {
    let kept = frequent(texts);
    let kept: Vec<&Features> = kept.iter().collect();
    let gram = Gram::of(&kept, landmarks);
    let all: Vec<usize> = (0..texts.len()).collect();
    let folds = fold.iter().max().map_or(0, |last| last + 1);
    let mut held_out: Vec<Vec<Vec<f32>>> = questions.iter().map(|_| vec![Vec::new(); texts.len()]).collect();
    for number in 0..folds {
        let (asked, seen): (Vec<usize>, Vec<usize>) = all.iter().partition(|text| fold.get(**text) == Some(&number));
        let at = Coordinates::of(&gram, &seen);
        for ((labels, penalty), held_out) in questions.iter().zip(&mut held_out) {
            let fitted = fit(&at, labels, &seen, *penalty)?;
            let scores = at.scores(&gram, &fitted.on_landmarks, &asked);
            for (text, row) in asked.iter().zip(scores.rows()) {
                let row = row.iter().zip(&fitted.intercepts).map(|(score, intercept)| (score + intercept) as f32);
                if let Some(place) = held_out.get_mut(*text) {
                    *place = row.collect();
                }
            }
        }
    }
    let at = Coordinates::of(&gram, &all);
    let answers = questions.iter().zip(held_out).map(|((labels, penalty), held_out)| {
        let fitted = fit(&at, labels, &all, *penalty)?;
        let (columns, weights) = spread(&kept, &at.landmarks, &fitted.on_landmarks);
        let intercepts = fitted.intercepts.iter().map(|intercept| *intercept as f32).collect();
        Ok(Solved { held_out, columns, weights, intercepts })
    });
    answers.collect()
}

fn fit(at: &Coordinates, labels: &Labels, seen: &[usize], penalty: f64) -> Result<Fitted, String> {
    match labels {
        Labels::Class(classes, count) => linear::multinomial(at, &pick(classes, seen), *count, penalty),
        Labels::Truth(truth) => linear::binary(at, &pick(truth, seen), penalty),
        Labels::Level(levels, highest) => {
            let levels = pick(levels, seen);
            let mut parts = Vec::new();
            for least in 1..=*highest {
                let at_least: Vec<bool> = levels.iter().map(|level| *level >= least).collect();
                parts.push(linear::binary(at, &at_least, penalty)?);
            }
            let columns: Vec<_> = parts.iter().map(|part| part.on_landmarks.view()).collect();
            let on_landmarks = concatenate(Axis(1), &columns).map_err(|error| error.to_string())?;
            Ok(Fitted { on_landmarks, intercepts: parts.iter().flat_map(|part| part.intercepts.clone()).collect() })
        }
    }
}

fn pick<T: Clone>(all: &[T], chosen: &[usize]) -> Vec<T> {
    chosen.iter().filter_map(|index| all.get(*index).cloned()).collect()
}

/// The texts without the columns that only one of them has.
fn frequent(texts: &[&Features]) -> Vec<Features> {
    let mut count: HashMap<u32, u32> = HashMap::new();
    for entry in texts.iter().flat_map(|text| &text.entries) {
        *count.entry(entry.column).or_default() += 1;
    }
    let keep = |text: &&Features| Features {
        entries: text
            .entries
            .iter()
            .filter(|entry| count.get(&entry.column).is_some_and(|count| *count >= LEAST_TEXTS))
            .cloned()
            .collect(),
    };
    texts.iter().map(keep).collect()
}

/// From weights on landmarks to weights on columns.
fn spread(texts: &[&Features], landmarks: &[usize], on_landmarks: &Array2<f64>) -> (Vec<u32>, Vec<f32>) {
    let classes = on_landmarks.ncols();
    let mut sums: HashMap<u32, Vec<f64>> = HashMap::new();
    for (landmark, weights) in landmarks.iter().zip(on_landmarks.rows()) {
        for entry in texts.get(*landmark).into_iter().flat_map(|text| &text.entries) {
            let sum = sums.entry(entry.column).or_insert_with(|| vec![0.0; classes]);
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum += weight * f64::from(entry.value);
            }
        }
    }
    let mut columns: Vec<u32> = sums.keys().copied().collect();
    columns.sort_unstable();
    let weights = columns.iter().filter_map(|column| sums.get(column)).flatten().map(|weight| *weight as f32);
    let weights = weights.collect();
    (columns, weights)
}
