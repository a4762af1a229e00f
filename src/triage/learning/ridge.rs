//! Regularised least squares on sparse rows, several answers at once: the first stage of every model.
//!
//! linfa's solvers take dense tables; thousands of mails with a hundred thousand columns would need gigabytes.
//! Least squares towards +1 and −1 classifies text as well as logistic regression or a support vector machine
//! (Rifkin, Yeo and Poggio, "Regularized least-squares classification", 2003) and its normal equations
//! (X·Xᵀ + λ)·α = y need nothing but products with the sparse rows: conjugate gradients solve them, all answers in step.
//! linfa then learns, from held-out scores, how the scores become probabilities ([`super::second`]).

use super::cell::Cell;
use super::sparse::Sparse;

/// Fits of one answer to different rows that are made together, side by side in memory: what is read for one serves the others.
pub const TOGETHER: usize = 3;
/// Steps at most; the residual is small long before.
pub const STEPS: usize = 120;
/// A residual this small a share of the answers' length is no residual.
const SMALL: f64 = 2e-3;

/// Weights of each column for each answer.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Number of answers.
    pub answers: usize,
    /// Column by column.
    pub table: Vec<f32>,
    /// One an answer.
    pub intercepts: Vec<f32>,
}

impl Weights {
    fn zero(columns: usize, answers: usize) -> Self {
        Self { answers, table: vec![0.0; columns * answers], intercepts: vec![0.0; answers] }
    }

    /// Xᵀ·`shares`: so much of each chosen row, one factor an answer.
    fn become_sum(&mut self, rows: &Sparse, chosen: &[usize], shares: &[f32]) {
        self.table.fill(0.0);
        self.intercepts.fill(0.0);
        for (row, shares) in chosen.iter().zip(shares.chunks(self.answers)) {
            self.add(rows.row(*row), shares);
        }
    }

    /// Those for the n-th answer alone, each column in another place, among `columns` of them.
    pub fn placed(&self, answer: usize, places: &[u32], columns: usize) -> Self {
        let mut alone = Self::zero(columns, 1);
        for (place, weight) in places.iter().zip(self.table.iter().skip(answer).step_by(self.answers)) {
            alone.table.get_mut(*place as usize).into_iter().for_each(|slot| *slot = *weight);
        }
        alone.intercepts = self.intercepts.iter().skip(answer).take(1).copied().collect();
        alone
    }

    /// The weights of the n-th column.
    pub fn row(&self, column: usize) -> &[f32] {
        self.table.get(column * self.answers..(column + 1) * self.answers).unwrap_or_default()
    }

    /// Adds `times` of a row, a factor an answer.
    fn add(&mut self, row: &[Cell], times: &[f32]) {
        match times.len() {
            1 => add::<1>(&mut self.table, row, times),
            3 => add::<3>(&mut self.table, row, times),
            8 => add::<8>(&mut self.table, row, times),
            9 => add::<9>(&mut self.table, row, times),
            answers => {
                for cell in row {
                    let start = cell.column() as usize * answers;
                    let weights = self.table.get_mut(start..start + answers).into_iter().flatten();
                    weights.zip(times).for_each(|(weight, times)| *weight += cell.value() * times);
                }
            }
        }
        for (intercept, times) in self.intercepts.iter_mut().zip(times) {
            *intercept += times;
        }
    }

    /// The scores of a row.
    pub fn scores(&self, row: &[Cell]) -> Vec<f32> {
        let mut scores = self.intercepts.clone();
        self.add_scores(row, &mut scores);
        scores
    }

    /// Adds the scores of a row, less the intercepts, to one place an answer.
    fn add_scores(&self, row: &[Cell], scores: &mut [f32]) {
        match scores.len() {
            1 => scores.iter_mut().for_each(|score| *score += dot(&self.table, row)),
            3 => add_scores::<3>(&self.table, row, scores),
            8 => add_scores::<8>(&self.table, row, scores),
            9 => add_scores::<9>(&self.table, row, scores),
            _ => {
                for cell in row {
                    let weights = self.row(cell.column() as usize);
                    scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += cell.value() * weight);
                }
            }
        }
    }
}

/// [`Weights::add`] for a number of answers known to the compiler, which is several times as fast: nearly all training time is
/// spent here and in the next.
fn add<const ANSWERS: usize>(table: &mut [f32], row: &[Cell], times: &[f32]) {
    let Ok(times) = <&[f32; ANSWERS]>::try_from(times) else { return };
    let (table, _) = table.as_chunks_mut::<ANSWERS>();
    for cell in row {
        if let Some(weights) = table.get_mut(cell.column() as usize) {
            let value = cell.value();
            weights.iter_mut().zip(times).for_each(|(weight, times)| *weight += value * times);
        }
    }
}

/// [`Weights::add_scores`] likewise.
fn add_scores<const ANSWERS: usize>(table: &[f32], row: &[Cell], scores: &mut [f32]) {
    let Ok(scores) = <&mut [f32; ANSWERS]>::try_from(scores) else { return };
    let (table, _) = table.as_chunks::<ANSWERS>();
    let mut sums = [0.0; ANSWERS];
    for cell in row {
        if let Some(weights) = table.get(cell.column() as usize) {
            let value = cell.value();
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
    }
    scores.iter_mut().zip(sums).for_each(|(score, sum)| *score += sum);
}

/// The score of a row for one answer. Four sums go on side by side: none waits for another.
fn dot(table: &[f32], row: &[Cell]) -> f32 {
    let share = |cell: &Cell| table.get(cell.column() as usize).map_or(0.0, |weight| cell.value() * weight);
    let (fours, rest) = row.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        sums.iter_mut().zip(four).for_each(|(sum, cell)| *sum += share(cell));
    }
    sums.iter().sum::<f32>() + rest.iter().map(share).sum::<f32>()
}

/// Fits the rows `chosen` to their answers (`answers` numbers a row of `rows`, row by row).
pub fn fit(rows: &Sparse, chosen: &[usize], targets: &[f32], answers: usize, penalty: f32) -> Weights {
    let mut shares = vec![0.0; chosen.len() * answers];
    improve(rows, chosen, targets, answers, &mut shares, penalty, STEPS)
}

/// The same from where an earlier fit ended, in so many `steps` at most. `shares` (α) tell how much of each chosen row is in the
/// weights, one an answer, row by row. An answer of 0 is none: that row is not fitted to it.
pub fn improve(
    rows: &Sparse,
    chosen: &[usize],
    targets: &[f32],
    answers: usize,
    shares: &mut [f32],
    penalty: f32,
    steps: usize,
) -> Weights {
    let mut goals = Vec::with_capacity(shares.len());
    for row in chosen {
        goals.extend(targets.iter().skip(row * answers).take(answers).copied());
    }
    let without_the_unasked = |mut image: Vec<f32>| {
        image.iter_mut().zip(&goals).filter(|(_, goal)| **goal == 0.0).for_each(|(place, _)| *place = 0.0);
        image
    };
    let mut residual = goals.clone();
    let small: Vec<f64> = squares(&residual, answers).iter().map(|square| square * SMALL * SMALL).collect();
    let mut spread = Weights::zero(rows.columns(), answers);
    if shares.iter().any(|share| *share != 0.0) {
        let image = without_the_unasked(apply(rows, chosen, shares, penalty, &mut spread));
        residual.iter_mut().zip(image).for_each(|(residual, image)| *residual -= image);
    }
    let mut direction = residual.clone();
    let mut length = squares(&residual, answers);
    for _ in 0..steps {
        if length.iter().zip(&small).all(|(square, small)| square <= small) {
            break;
        }
        let image = without_the_unasked(apply(rows, chosen, &direction, penalty, &mut spread));
        let along = dots(&direction, &image, answers);
        let step: Vec<f32> = length
            .iter()
            .zip(&along)
            .zip(&small)
            .map(|((square, along), small)| if square <= small { 0.0 } else { (square / along) as f32 })
            .collect();
        go(shares, &direction, &step, 1.0);
        go(&mut residual, &image, &step, -1.0);
        let shorter = squares(&residual, answers);
        let keep: Vec<f32> =
            shorter.iter().zip(&length).map(|(new, old)| (new / old.max(f64::MIN_POSITIVE)) as f32).collect();
        for (direction, residual) in direction.chunks_mut(answers).zip(residual.chunks(answers)) {
            for ((direction, residual), keep) in direction.iter_mut().zip(residual).zip(&keep) {
                *direction = residual + keep * *direction;
            }
        }
        length = shorter;
    }
    spread.become_sum(rows, chosen, shares);
    spread
}

/// (X·Xᵀ + λ)·`shares`; leaves Xᵀ·`shares` in `spread`.
fn apply(rows: &Sparse, chosen: &[usize], shares: &[f32], penalty: f32, spread: &mut Weights) -> Vec<f32> {
    let answers = spread.answers;
    spread.become_sum(rows, chosen, shares);
    let mut image: Vec<f32> = shares.iter().map(|share| penalty * share).collect();
    for (row, image) in chosen.iter().zip(image.chunks_mut(answers)) {
        image.iter_mut().zip(&spread.intercepts).for_each(|(place, intercept)| *place += intercept);
        spread.add_scores(rows.row(*row), image);
    }
    image
}

/// Adds `sign` · `step` (one an answer) · `way`.
fn go(place: &mut [f32], way: &[f32], step: &[f32], sign: f32) {
    for (place, way) in place.chunks_mut(step.len()).zip(way.chunks(step.len())) {
        for ((place, way), step) in place.iter_mut().zip(way).zip(step) {
            *place += sign * step * way;
        }
    }
}

fn squares(table: &[f32], answers: usize) -> Vec<f64> {
    dots(table, table, answers)
}

fn dots(one: &[f32], other: &[f32], answers: usize) -> Vec<f64> {
    let mut sums = vec![0.0; answers];
    for (one, other) in one.chunks(answers).zip(other.chunks(answers)) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += f64::from(*one) * f64::from(*other);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_are_least() {
        // One column, three rows: minimise Σ(w·x + b − y)² + λ(w² + b²) by hand.
        let rows = [[(7, 1.0)], [(7, 2.0)], [(7, 4.0)]].map(|row: [(u32, f32); 1]| row.to_vec());
        let table = Sparse::of(|| rows.iter(), 1);
        let weights = fit(&table, &[0, 1, 2], &[1.0, 1.0, -1.0], 1, 0.5);
        // Normal equations: (21.5, 7; 7, 3.5)·(w, b) = (−1, 1).
        let determinant = 21.5 * 3.5 - 49.0;
        let (w, b) = ((-3.5 - 7.0) / determinant, (21.5 + 7.0) / determinant);
        assert!((weights.table[0] - w).abs() < 1e-3 && (weights.intercepts[0] - b).abs() < 1e-3, "{weights:?}");
    }

    #[test]
    fn a_row_without_an_answer_is_not_fitted_to_it() {
        let (table, chosen) = forty_rows();
        let target = |row: usize| if row.is_multiple_of(3) { 1.0 } else { -1.0 };
        let some: Vec<usize> = chosen.iter().copied().filter(|row| row % 4 != 1).collect();
        let all: Vec<f32> = chosen.iter().map(|row| target(*row)).collect();
        let without = chosen.iter().flat_map(|row| [target(*row), if row % 4 == 1 { 0.0 } else { target(*row) }]);
        let both = fit(&table, &chosen, &without.collect::<Vec<_>>(), 2, 1.0);
        let alone = fit(&table, &some, &all, 1, 1.0);
        for row in 0..40 {
            let (a, b) = (both.scores(table.row(row))[1], alone.scores(table.row(row))[0]);
            assert!((a - b).abs() < 0.02, "{a} {b}");
        }
    }

    /// Forty rows of two columns each, all of them chosen.
    fn forty_rows() -> (Sparse, Vec<usize>) {
        let rows: Vec<Vec<(u32, f32)>> =
            (0..40_u32).map(|row| vec![(row % 5, 1.0), (5 + row % 7, 0.5 + (row % 3) as f32)]).collect();
        (Sparse::of(|| rows.iter(), 1), (0..40).collect())
    }

    #[test]
    fn answers_do_not_disturb_each_other() {
        let (table, chosen) = forty_rows();
        let one: Vec<f32> = (0..40).map(|row| if row % 5 == 0 { 1.0 } else { -1.0 }).collect();
        let two: Vec<f32> = (0..40).map(|row| if row % 7 == 3 { 1.0 } else { -1.0 }).collect();
        let both: Vec<f32> = one.iter().zip(&two).flat_map(|(one, two)| [*one, *two]).collect();
        let together = fit(&table, &chosen, &both, 2, 1.0);
        for (place, answers) in [one, two].iter().enumerate() {
            let alone = fit(&table, &chosen, answers, 1, 1.0);
            for (row, _) in answers.iter().enumerate() {
                let (a, b) = (together.scores(table.row(row))[place], alone.scores(table.row(row))[0]);
                assert!((a - b).abs() < 0.02, "{a} {b}");
            }
        }
    }

    #[test]
    fn no_row_has_no_weight_and_every_answer_its_intercept() {
        let table = Sparse::of(|| [[(7, 1.0)]].into_iter(), 1);
        assert_eq!(fit(&table, &[], &[], 3, 1.0).intercepts, [0.0; 3]);
    }

    #[test]
    fn going_on_from_another_fit_ends_where_a_new_one_does() {
        let (table, chosen) = forty_rows();
        let targets =
            |every: usize| -> Vec<f32> { chosen.iter().map(|row| if row % every == 0 { 1.0 } else { -1.0 }).collect() };
        let mut shares = vec![0.0; 40];
        improve(&table, &chosen, &targets(3), 1, &mut shares, 1.0, STEPS);
        let cold = fit(&table, &chosen, &targets(3), 1, 1.0);
        let stopped = improve(&table, &chosen, &targets(5), 1, &mut shares.clone(), 1.0, 0);
        let warm = improve(&table, &chosen, &targets(5), 1, &mut shares, 1.0, STEPS);
        let alone = fit(&table, &chosen, &targets(5), 1, 1.0);
        for row in 0..40 {
            let score = |weights: &Weights| weights.scores(table.row(row))[0];
            assert!((score(&stopped) - score(&cold)).abs() < 1e-3, "no step changes nothing");
            assert!((score(&warm) - score(&alone)).abs() < 0.02);
        }
    }
}
