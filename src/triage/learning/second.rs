//! The second stage: linfa's logistic regressions over the few scores of the first, which make them probabilities.
//!
//! They learn from scores that the first stage gave to mails it had not seen, so that what they promise holds.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::{Array, Array1, Array2, ArrayView1, Axis, Dimension};

use super::solve::Solved;

/// Keeps weights finite where scores separate the classes altogether.
const PENALTY: f64 = 0.1;
const ITERATIONS: u64 = 200;
/// The solver's search for a step may find none and end there, without a word. Begun again from where it ended, it goes on: so often
/// at most.
const BEGINNINGS: usize = 10;
/// It has arrived where no weight moves by more than this share of the largest any longer.
const STILL: f64 = 1e-3;
/// Scores that hardly differ are not blown up beyond what this deviation would be: there is little to learn from them.
const LEAST_DEVIATION: f64 = 0.05;
/// A gradient this short ends the search.
const TOLERANCE: f64 = 1e-3;

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
        let inputs = Inputs::of(scores);
        let data = DatasetBase::new(inputs.table.view(), Array1::from(labels.to_vec()));
        let fitted = settled(Array2::zeros((inputs.table.ncols(), classes)), |start| {
            let settings = MultiLogisticRegression::default().with_intercept(false).initial_params(start);
            let settings = settings.alpha(PENALTY * inputs.size * inputs.size);
            let fitted = settings.max_iterations(ITERATIONS).gradient_tolerance(TOLERANCE).fit(&data);
            Ok(fitted.map_err(|error| error.to_string())?.params().clone())
        })?;
        Ok(inputs.mixture(&fitted))
    }

    /// One logistic regression for each of the yes-or-no questions.
    ///
    /// # Errors
    /// In words, when all answers to a question are the same or the solver fails.
    pub fn of_truths(scores: &[Vec<f32>], truths: &[Vec<bool>]) -> Result<Self, String> {
        let inputs = Inputs::of(scores);
        let mut all = Array2::zeros((inputs.table.ncols(), truths.len()));
        for (truth, mut column) in truths.iter().zip(all.columns_mut()) {
            let data = DatasetBase::new(inputs.table.view(), Array1::from(truth.clone()));
            let mut sign = 1.0;
            let fitted = settled(Array1::zeros(inputs.table.ncols()), |start| {
                let settings = LogisticRegression::default().with_intercept(false).initial_params(start);
                let settings = settings.alpha(PENALTY * inputs.size * inputs.size);
                let fitted = settings.max_iterations(ITERATIONS).gradient_tolerance(TOLERANCE).fit(&data);
                let fitted = fitted.map_err(|error| error.to_string())?;
                // linfa calls the larger class positive.
                sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
                Ok(fitted.params().clone())
            })?;
            column.assign(&(fitted * sign));
        }
        Ok(inputs.mixture(&all))
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

/// What a fit from a start arrives at, begun again from there until it stays.
fn settled<D: Dimension>(
    start: Array<f64, D>,
    mut fit: impl FnMut(Array<f64, D>) -> Result<Array<f64, D>, String>,
) -> Result<Array<f64, D>, String> {
    let mut at = start;
    for _ in 0..BEGINNINGS {
        let next = fit(at.clone())?;
        let largest = next.iter().fold(0.0_f64, |largest, weight| largest.max(weight.abs()));
        let stayed = next.iter().zip(&at).all(|(next, at)| (next - at).abs() <= STILL * largest);
        at = next;
        if stayed {
            return Ok(at);
        }
    }
    Err("the regression that decides does not settle".into())
}

/// Scores as the solver gets them, and a column that is always the same in the place of its own offset. It sums over all rows and
/// tries a step as long as the slope first: of columns of size 1 and many rows that is so far beyond the solution that it finds none at
/// all. Of this size the curvature is about 1, however many rows there are.
struct Inputs {
    table: Array2<f64>,
    means: Array1<f64>,
    /// What each score was divided by.
    divisors: Array1<f64>,
    /// Of a column: 2/√rows.
    size: f64,
}

impl Inputs {
    fn of(scores: &[Vec<f32>]) -> Self {
        let width = scores.first().map_or(0, Vec::len);
        let size = 2.0 / (scores.len().max(1) as f64).sqrt();
        let mut table = Array2::from_elem((scores.len(), width + 1), size);
        for (row, mut place) in scores.iter().zip(table.rows_mut()) {
            for (score, place) in row.iter().zip(&mut place) {
                *place = f64::from(*score);
            }
        }
        let (mut means, mut divisors) = (Vec::new(), Vec::new());
        for mut column in table.columns_mut().into_iter().take(width) {
            let (mean, deviation) = (column.mean().unwrap_or(0.0), column.std(0.0));
            let divisor = deviation.max(LEAST_DEVIATION) / size;
            column.mapv_inplace(|score| (score - mean) / divisor);
            means.push(mean);
            divisors.push(divisor);
        }
        let (means, divisors) = (Array1::from(means), Array1::from(divisors));
        Self { table, means, divisors, size }
    }

    /// Of what was fitted to them the same for scores as they were.
    fn mixture(&self, fitted: &Array2<f64>) -> Mixture {
        let (weights, offsets) = fitted.view().split_at(Axis(0), self.means.len());
        let weights = &weights / &self.divisors.view().insert_axis(Axis(1));
        let at_mean = |column: ArrayView1<'_, f64>| column.dot(&self.means);
        let offsets = offsets
            .iter()
            .zip(weights.columns())
            .map(|(offset, column)| offset * self.size - at_mean(column))
            .collect();
        Mixture { weights, offsets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::classifier::softmax;
    use crate::triage::features::hash;

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
    fn a_search_that_ends_early_is_begun_again() {
        // Each goes half of the way that is left.
        let halfway = |at: Array1<f64>| Ok(at.mapv(|at| at + (1.0 - at) / 2.0));
        let arrived = settled(Array1::zeros(1), halfway).unwrap();
        assert!((arrived[0] - 1.0).abs() < 2.0 * STILL, "{arrived}");
        assert!(settled(Array1::zeros(1), |_| Err("no".into())).is_err());
        assert!(settled(Array1::zeros(1), |at| Ok(at + 1.0)).is_err(), "it never arrives");
    }

    #[test]
    fn scores_of_any_size_count_alike() {
        let truth = |i: usize| !(i % 7 + i % 5).is_multiple_of(3);
        let scores = |size: f32| -> Vec<Vec<f32>> {
            let row = |i: usize| vec![(i % 7) as f32, 4.0 + size * (i % 5) as f32, 9.0];
            (0..350).map(row).collect()
        };
        let truths = [(0..350).map(truth).collect::<Vec<_>>()];
        let (plain, large) = (scores(1.0), scores(1000.0));
        let mixture = |scores: &[Vec<f32>]| Mixture::of_truths(scores, &truths).unwrap();
        let (of_plain, of_large) = (mixture(&plain), mixture(&large));
        for (plain, large) in plain.iter().zip(&large) {
            let (one, other) = (of_plain.apply(plain)[0], of_large.apply(large)[0]);
            assert!((one - other).abs() < 0.01, "{one} {other}");
        }
    }

    /// Where the search has arrived, probabilities add up to how often each class is there.
    #[test]
    fn however_many_mails_there_are_the_search_arrives() {
        let noise = |row: usize, n: usize| hash::index(hash::text(&format!("{row} {n}")), 10) as f32 / 512.0 - 1.0;
        for rows in [300, 10_000] {
            let labels: Vec<usize> = (0..rows).map(|row| (row % 11).min(7)).collect();
            let score = |row: usize, n: usize| 3.0 * noise(row, n) + if labels[row] == n % 8 { 2.5 } else { -1.0 };
            let scores: Vec<Vec<f32>> = (0..rows).map(|row| (0..24).map(|n| score(row, n)).collect()).collect();
            let mixture = Mixture::of_classes(&scores, &labels, 8).unwrap();
            let likely: Vec<Vec<f32>> = scores.iter().map(|scores| softmax(&mixture.apply(scores))).collect();
            for class in 0..8 {
                let expected: f32 = likely.iter().map(|likely| likely[class]).sum();
                let there = labels.iter().filter(|label| **label == class).count() as f32;
                let off = (expected - there) / rows as f32;
                assert!(off.abs() < 0.001, "class {class} of {rows} mails: {off}");
            }
        }
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
