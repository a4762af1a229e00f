//! The second stage: linfa's logistic regressions over the few scores of the first, which make them probabilities.
//!
//! They learn from scores that the first stage gave to mails it had not seen, so that what they promise holds.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2};

use super::solve::Solved;

/// Keeps weights finite where scores separate the classes altogether.
const PENALTY: f64 = 0.1;
const ITERATIONS: u64 = 200;

/// Each output is a sum of the inputs, weighted, and an offset.
#[derive(Debug, Clone)]
pub struct Mixture {
    /// Inputs × outputs.
    pub weights: Array2<f64>,
    /// One an output.
    pub offsets: Vec<f64>,
}

impl Mixture {
    /// Multinomial logistic regression over `classes` classes.
    ///
    /// # Errors
    /// In words, when a class is missing from `labels` or the solver fails.
    pub fn of_classes(scores: &[Vec<f32>], labels: &[usize], classes: usize) -> Result<Self, String> {
        let known: std::collections::BTreeSet<usize> = labels.iter().copied().collect();
        if !known.iter().copied().eq(0..classes) {
            return Err(format!("{} of {classes} classes have examples", known.len()));
        }
        let data = DatasetBase::new(table(scores), Array1::from(labels.to_vec()));
        let fitted = MultiLogisticRegression::default()
            .alpha(PENALTY)
            .max_iterations(ITERATIONS)
            .gradient_tolerance(1e-3)
            .fit(&data)
            .map_err(|error| error.to_string())?;
        Ok(Self { weights: fitted.params().clone(), offsets: fitted.intercept().to_vec() })
    }

    /// One logistic regression for each of the yes-or-no questions.
    ///
    /// # Errors
    /// In words, when all answers to a question are the same or the solver fails.
    pub fn of_truths(scores: &[Vec<f32>], truths: &[Vec<bool>]) -> Result<Self, String> {
        let table = table(scores);
        let mut weights = Array2::zeros((table.ncols(), truths.len()));
        let mut offsets = Vec::new();
        for (truth, mut column) in truths.iter().zip(weights.columns_mut()) {
            let data = DatasetBase::new(table.view(), Array1::from(truth.clone()));
            let fitted = LogisticRegression::default()
                .alpha(PENALTY)
                .max_iterations(ITERATIONS)
                .gradient_tolerance(1e-3)
                .fit(&data)
                .map_err(|error| error.to_string())?;
            // linfa calls the larger class positive.
            let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
            column.assign(&(fitted.params() * sign));
            offsets.push(fitted.intercept() * sign);
        }
        Ok(Self { weights, offsets })
    }

    /// The outputs for some inputs.
    pub fn apply(&self, inputs: &[f32]) -> Vec<f32> {
        let inputs = Array1::from_iter(inputs.iter().map(|input| f64::from(*input)));
        let sums = inputs.dot(&self.weights);
        sums.iter().zip(&self.offsets).map(|(sum, offset)| (sum + offset) as f32).collect()
    }

    /// The outputs for some inputs, without the offsets.
    fn share(&self, inputs: &[f32]) -> Vec<f32> {
        let sums = Array1::from_iter(inputs.iter().map(|input| f64::from(*input))).dot(&self.weights);
        sums.iter().map(|sum| *sum as f32).collect()
    }

    /// Puts the mixture into the first stage, whose scores are its inputs: a sum of sums is a sum.
    pub fn fold_into(&self, solved: &mut Solved) {
        let inputs = self.weights.nrows();
        solved.weights = solved.weights.chunks(inputs).flat_map(|row| self.share(row)).collect();
        solved.parts.iter_mut().flatten().for_each(|scores| *scores = self.share(scores));
        solved.intercepts = self.apply(&solved.intercepts);
        solved.held_out.iter_mut().for_each(|scores| *scores = self.apply(scores));
    }
}

fn table(scores: &[Vec<f32>]) -> Array2<f64> {
    let width = scores.first().map_or(0, Vec::len);
    let mut table = Array2::zeros((scores.len(), width));
    for (row, mut place) in scores.iter().zip(table.rows_mut()) {
        for (score, place) in row.iter().zip(&mut place) {
            *place = f64::from(*score);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boasting_scores_are_damped() {
        // Two in three right, though the score says e⁶ : 1.
        let scores: Vec<Vec<f32>> = (0..600).map(|_| vec![3.0, -3.0]).collect();
        let labels: Vec<usize> = (0..600).map(|row| usize::from(row % 3 == 2)).collect();
        let mixture = Mixture::of_classes(&scores, &labels, 2).unwrap();
        let out = mixture.apply(&[3.0, -3.0]);
        let p = 1.0 / (1.0 + (out[1] - out[0]).exp());
        assert!((p - 2.0 / 3.0).abs() < 0.02, "{p}");
    }

    #[test]
    fn a_truth_gets_its_share() {
        let scores: Vec<Vec<f32>> = (0..400).map(|i| vec![if i % 2 == 0 { 1.0 } else { -1.0 }]).collect();
        let truth: Vec<bool> = (0..400).map(|i| if i % 2 == 0 { i % 8 != 0 } else { i % 10 == 1 }).collect();
        let mixture = Mixture::of_truths(&scores, &[truth]).unwrap();
        let p = |score: f32| 1.0 / (1.0 + (-mixture.apply(&[score])[0]).exp());
        assert!((p(1.0) - 0.75).abs() < 0.02 && (p(-1.0) - 0.2).abs() < 0.02, "{} {}", p(1.0), p(-1.0));
    }

    #[test]
    fn folded_weights_score_as_the_two_stages_do() {
        let mixture = Mixture { weights: ndarray::array![[2.0, 0.5], [0.0, -1.0]], offsets: vec![0.1, 0.2] };
        let mut solved = Solved {
            held_out: vec![vec![1.0, 2.0]],
            parts: Vec::new(),
            columns: vec![4],
            weights: vec![0.5, 1.5],
            intercepts: vec![0.5, 0.5],
        };
        mixture.fold_into(&mut solved);
        // A mail with the column once: first stage (1, 2), then mixed.
        let direct = mixture.apply(&[1.0, 2.0]);
        let folded: Vec<f32> = solved.weights.iter().zip(&solved.intercepts).map(|(w, b)| w + b).collect();
        assert!(direct.iter().zip(&folded).all(|(a, b)| (a - b).abs() < 1e-6), "{direct:?} {folded:?}");
        assert_eq!(solved.held_out, [direct]);
    }
}
