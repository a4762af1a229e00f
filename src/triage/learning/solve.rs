//! One group of texts, several questions about them: held-out scores by cross-validation, and the
//! weights of the model trained on all.

use super::parallel::in_parallel;
use super::ridge::{Weights, fit};
use super::sparse::Sparse;
use crate::triage::classifier::second_look_inputs;
use crate::triage::features::Sentences;

/// What is asked about each text.
pub enum Labels {
    /// One of so many classes: one score a class.
    Class(Vec<usize>, usize),
    /// A level from 0 up to the number given: one score for each "at least …?".
    Level(Vec<usize>, usize),
    /// Yes or no: one score.
    Truth(Vec<bool>),
    /// The same of several things at once: one score each.
    Truths(Vec<Vec<bool>>),
}

impl Labels {
    /// Number of scores.
    fn answers(&self) -> usize {
        match self {
            Self::Class(_, classes) => *classes,
            Self::Level(_, highest) => *highest,
            Self::Truth(_) => 1,
            Self::Truths(things) => things.len(),
        }
    }

    /// What the scores of a text should be: +1 or −1 each.
    pub fn targets(&self, text: usize) -> Vec<f32> {
        let sign = |yes: bool| if yes { 1.0 } else { -1.0 };
        match self {
            Self::Class(labels, classes) => {
                let label = labels.get(text).copied().unwrap_or(usize::MAX);
                (0..*classes).map(|class| sign(class == label)).collect()
            }
            Self::Level(labels, highest) => {
                let label = labels.get(text).copied().unwrap_or(0);
                (1..=*highest).map(|least| sign(label >= least)).collect()
            }
            Self::Truth(labels) => vec![sign(labels.get(text).copied().unwrap_or(false))],
            Self::Truths(things) => {
                things.iter().map(|labels| sign(labels.get(text).copied().unwrap_or(false))).collect()
            }
        }
    }
}

/// The answer to one question.
#[derive(Debug, Clone)]
pub struct Solved {
    /// For each text the scores of the model that did not see its fold.
    pub held_out: Vec<Vec<f32>>,
    /// The same for each of its sentences, without the intercepts; empty where none were given.
    pub parts: Vec<Vec<Vec<f32>>>,
    /// Columns with weights, ascending.
    pub columns: Vec<u32>,
    /// One weight a score for each of them.
    pub weights: Vec<f32>,
    /// One a score.
    pub intercepts: Vec<f32>,
}

impl Solved {
    /// For each text what a second look at it goes by; `parts` are the scores of its sentences.
    pub fn looks(&self, parts: &[Vec<Vec<f32>>]) -> Vec<Vec<f32>> {
        let look = |(mail, parts): (&Vec<f32>, &Vec<Vec<f32>>)| {
            let parts: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
            second_look_inputs(mail, &parts)
        };
        self.held_out.iter().zip(parts).map(look).collect()
    }
}

/// Solves all questions about one group of texts; `fold` tells which fold each text belongs to, from 0.
/// Texts of fold `usize::MAX` are not learnt from, but scored by the model trained on all others.
///
/// `sentences` are those of each text, or none at all.
pub fn solve(
    texts: &Sparse,
    sentences: &[&Sentences],
    fold: &[usize],
    questions: &[Labels],
    penalty: f32,
) -> Vec<Solved> {
    let answers = questions.iter().map(Labels::answers).sum();
    let targets: Vec<f32> =
        (0..texts.len()).flat_map(|text| questions.iter().flat_map(move |labels| labels.targets(text))).collect();
    let folds = fold.iter().filter(|fold| **fold != usize::MAX).max().map_or(0, |last| last + 1);
    let without = |number: usize| -> Weights {
        let seen = |text: &usize| fold.get(*text).is_some_and(|fold| *fold != number && *fold != usize::MAX);
        let chosen: Vec<usize> = (0..texts.len()).filter(seen).collect();
        fit(texts, &chosen, &targets, answers, penalty)
    };
    // The last number is no text's fold: that model sees them all.
    let fitted = in_parallel(folds + 1, without);
    let whole = fitted.last();
    let unseen = |text: usize| fitted.get(fold.get(text).copied().unwrap_or(usize::MAX)).or(whole);
    let score = |text: usize| unseen(text).map(|weights| weights.scores(texts.row(text))).unwrap_or_default();
    let scores: Vec<Vec<f32>> = (0..texts.len()).map(score).collect();
    let of_sentences = |(text, sentences): (usize, &&Sentences)| {
        unseen(text).map(|weights| parts(weights, texts, sentences)).unwrap_or_default()
    };
    let parts: Vec<Vec<Vec<f32>>> = sentences.iter().enumerate().map(of_sentences).collect();
    let mut first = 0;
    let mut solved = Vec::new();
    for labels in questions {
        let part = first..first + labels.answers();
        first = part.end;
        let cut = |row: &[f32]| row.get(part.clone()).unwrap_or_default().to_vec();
        solved.push(Solved {
            held_out: scores.iter().map(|row| cut(row)).collect(),
            parts: parts.iter().map(|parts| parts.iter().map(|row| cut(row)).collect()).collect(),
            columns: texts.names().map(|(column, _)| column).collect(),
            weights: whole
                .map(|whole| texts.names().flat_map(|(_, place)| cut(whole.row(place))).collect())
                .unwrap_or_default(),
            intercepts: whole.map(|whole| cut(&whole.intercepts)).unwrap_or_default(),
        });
    }
    solved
}

/// What each sentence adds to the scores.
fn parts(weights: &Weights, texts: &Sparse, sentences: &Sentences) -> Vec<Vec<f32>> {
    let mut parts = vec![vec![0.0; weights.answers]; sentences.units()];
    for (unit, column, value) in sentences.cells() {
        let (Some(place), Some(part)) = (texts.place(column), parts.get_mut(unit)) else { continue };
        for (score, weight) in part.iter_mut().zip(weights.table.iter().skip(place * weights.answers)) {
            *score += weight * value;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_scores_do_not_know_their_fold() {
        // The only texts with column 9 are all in fold 0: their held-out scores cannot use it.
        let rows: Vec<Vec<(u32, f32)>> =
            (0..30_u32).map(|text| if text % 3 == 0 { vec![(9, 1.0)] } else { vec![(text % 2, 1.0)] }).collect();
        let fold: Vec<usize> = (0..30).map(|text| text % 3).collect();
        let truth: Vec<bool> = (0..30).map(|text| text % 3 == 0).collect();
        let texts = Sparse::of(|| rows.iter(), 1);
        let solved = solve(&texts, &[], &fold, &[Labels::Truth(truth)], 0.1);
        assert!(solved[0].held_out[0][0] < 0.0, "not seen in training");
        let place = solved[0].columns.iter().position(|column| *column == 9).unwrap();
        assert!(solved[0].weights[place] > 0.5, "seen by the whole model");
    }
}
