//! Puts linfa's dense solvers to work on 2^18 sparse columns.
//!
//! The weights of an L2-penalised linear model always lie in the span of the training mails, so the
//! solver needs to see the mails only in coordinates of that span. With K the table of their dot
//! products and K = L·Lᵀ (Cholesky), row i of L is mail i in such coordinates: solving there gives the
//! very optimum that solving on all the columns would give, no column need be left out beforehand,
//! and the dense table is mails × mails instead of mails × columns.
//!
//! Of many texts only an even choice, the landmarks, spans the coordinates, which bounds memory and time.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::triage::features::{BITS, Features};

/// Columns factored at a time.
const PANEL: usize = 64;

/// Dot products of texts with the landmarks among them.
pub struct Gram {
    /// Indices of the landmarks, ascending.
    landmarks: Vec<usize>,
    /// Texts × landmarks.
    products: Array2<f64>,
}

impl Gram {
    /// Of all the texts, with at most `most` landmarks evenly chosen among them.
    pub fn of(texts: &[&Features], most: usize) -> Self {
        let step = texts.len().div_ceil(most.max(1)).max(1);
        let landmarks: Vec<usize> = (0..texts.len()).step_by(step).collect();
        let mut products = Array2::zeros((texts.len(), landmarks.len()));
        let mut dense = vec![0.0_f32; 1 << BITS];
        let lay = |text: &Features, clear: bool, dense: &mut Vec<f32>| {
            for entry in &text.entries {
                if let Some(slot) = dense.get_mut(entry.column as usize) {
                    *slot = if clear { 0.0 } else { entry.value };
                }
            }
        };
        for (place, landmark) in landmarks.iter().enumerate() {
            let Some(landmark) = texts.get(*landmark) else { continue };
            lay(landmark, false, &mut dense);
            for (text, product) in texts.iter().zip(products.column_mut(place)) {
                let terms = text.entries.iter();
                let terms = terms.map(|entry| dense.get(entry.column as usize).copied().unwrap_or(0.0) * entry.value);
                *product = f64::from(terms.sum::<f32>());
            }
            lay(landmark, true, &mut dense);
        }
        Self { landmarks, products }
    }
}

/// Texts in the coordinates of a span.
pub struct Coordinates {
    /// The landmarks that span it, as columns of the gram.
    places: Vec<usize>,
    /// The texts they are.
    pub landmarks: Vec<usize>,
    /// One row a text asked for.
    pub rows: Array2<f64>,
    /// Cholesky factor of the landmarks' dot products.
    factor: Array2<f64>,
}

impl Coordinates {
    /// Coordinates of the texts `chosen` (ascending), spanned by the landmarks among them.
    pub fn of(gram: &Gram, chosen: &[usize]) -> Self {
        let among = |landmark: &usize| chosen.binary_search(landmark).is_ok();
        let (places, landmarks): (Vec<usize>, Vec<usize>) =
            gram.landmarks.iter().copied().enumerate().filter(|(_, landmark)| among(landmark)).unzip();
        let products = |rows: &[usize]| {
            Array2::from_shape_fn((rows.len(), places.len()), |(i, j)| gram.products[[rows[i], places[j]]])
        };
        let mut factor = products(&landmarks);
        let scale = factor.diag().sum() / landmarks.len().max(1) as f64;
        // Two texts may say exactly the same: a little on the diagonal keeps the factor real.
        factor.diag_mut().map_inplace(|value| *value += scale * 1e-5);
        cholesky(&mut factor);
        let rows = if landmarks.len() == chosen.len() {
            factor.clone()
        } else {
            let mut rows = products(chosen);
            solve_rows(&factor, &mut rows);
            rows
        };
        Self { places, landmarks, rows, factor }
    }

    /// Scores of the texts `asked` under weights on landmarks: texts × classes.
    pub fn scores(&self, gram: &Gram, on_landmarks: &Array2<f64>, asked: &[usize]) -> Array2<f64> {
        let shape = (asked.len(), self.places.len());
        Array2::from_shape_fn(shape, |(i, j)| gram.products[[asked[i], self.places[j]]]).dot(on_landmarks)
    }

    /// Turns weights on coordinates (one column a class) into weights on the landmarks: the
    /// model's weight of a feature is the sum over landmarks of this times the feature's value.
    pub fn on_landmarks(&self, weights: &Array2<f64>) -> Array2<f64> {
        let mut solved = weights.clone();
        for i in (0..self.factor.nrows()).rev() {
            for class in 0..solved.ncols() {
                solved[[i, class]] /= self.factor[[i, i]];
            }
            for above in 0..i {
                let share = self.factor[[i, above]];
                for class in 0..solved.ncols() {
                    solved[[above, class]] -= share * solved[[i, class]];
                }
            }
        }
        solved
    }
}

fn window(matrix: &Array2<f64>, rows: Range<usize>, columns: Range<usize>) -> ArrayView2<'_, f64> {
    let mut view = matrix.view();
    view.slice_axis_inplace(Axis(0), Slice::from(rows));
    view.slice_axis_inplace(Axis(1), Slice::from(columns));
    view
}

/// Replaces a symmetric positive matrix by its lower Cholesky factor, a panel at a time so that
/// nearly all the work is matrix products.
fn cholesky(matrix: &mut Array2<f64>) {
    let size = matrix.nrows();
    for start in (0..size).step_by(PANEL) {
        let end = (start + PANEL).min(size);
        let done = window(matrix, start..size, 0..start);
        let mut panel = window(matrix, start..size, start..end).to_owned();
        panel -= &done.dot(&window(matrix, start..end, 0..start).t());
        for j in 0..end - start {
            let head: Vec<f64> = (0..j).map(|k| panel[[j, k]]).collect();
            let pivot = (panel[[j, j]] - dot(&head, &head)).max(f64::MIN_POSITIVE).sqrt();
            panel[[j, j]] = pivot;
            for mut row in panel.rows_mut().into_iter().skip(j + 1) {
                let known = row.iter().zip(&head).map(|(a, b)| a * b).sum::<f64>();
                row[j] = (row[j] - known) / pivot;
            }
        }
        let mut place = matrix.view_mut();
        place.slice_axis_inplace(Axis(0), Slice::from(start..size));
        place.slice_axis_inplace(Axis(1), Slice::from(start..end));
        place.assign(&panel);
    }
    for (i, mut row) in matrix.rows_mut().into_iter().enumerate() {
        row.iter_mut().skip(i + 1).for_each(|value| *value = 0.0);
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Replaces every row r by L⁻¹·r.
fn solve_rows(factor: &Array2<f64>, rows: &mut Array2<f64>) {
    for mut row in rows.rows_mut() {
        for (i, line) in factor.rows().into_iter().enumerate() {
            let known = line.iter().zip(row.iter()).take(i).map(|(a, b)| a * b).sum::<f64>();
            row[i] = (row[i] - known) / line[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_gives_the_matrix_back() {
        let size = 150;
        let part = Array2::from_shape_fn((size, size), |(i, j)| ((i * 31 + j * 17) % 23) as f64 / 23.0);
        let mut matrix = part.dot(&part.t());
        matrix.diag_mut().map_inplace(|value| *value += 1.0);
        let before = matrix.clone();
        cholesky(&mut matrix);
        let error = (&matrix.dot(&matrix.t()) - &before).iter().fold(0.0_f64, |worst, value| worst.max(value.abs()));
        assert!(error < 1e-8, "{error}");
    }
}
