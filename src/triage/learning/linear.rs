//! Fits linfa's logistic regressions in the coordinates of the training mails.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2, Axis};

use super::gram::Coordinates;

/// A fitted model before it is spread over the columns: weights on landmarks, one column a class.
pub struct Fitted {
    /// Landmarks × classes.
    pub on_landmarks: Array2<f64>,
    /// One a class.
    pub intercepts: Vec<f64>,
}

/// Iterations of the solver; it has long converged to what matters by then.
const ITERATIONS: u64 = 120;

/// Multinomial logistic regression over `classes` classes.
///
/// # Errors
/// In words, when a class is missing from `labels` or the solver fails.
pub fn multinomial(at: &Coordinates, labels: &[usize], classes: usize, penalty: f64) -> Result<Fitted, String> {
    let known: std::collections::BTreeSet<usize> = labels.iter().copied().collect();
    if !known.iter().copied().eq(0..classes) {
        return Err(format!("{} of {classes} classes have examples", known.len()));
    }
    let data = DatasetBase::new(at.rows.view(), Array1::from(labels.to_vec()));
    let fitted = MultiLogisticRegression::default()
        .alpha(penalty)
        .max_iterations(ITERATIONS)
        .gradient_tolerance(1e-3)
        .fit(&data)
        .map_err(|error| error.to_string())?;
    Ok(Fitted { on_landmarks: at.on_landmarks(fitted.params()), intercepts: fitted.intercept().to_vec() })
}

/// Logistic regression: one column, positive for `true`.
///
/// # Errors
/// In words, when all labels are the same or the solver fails.
pub fn binary(at: &Coordinates, labels: &[bool], penalty: f64) -> Result<Fitted, String> {
    let data = DatasetBase::new(at.rows.view(), Array1::from(labels.to_vec()));
    let fitted = LogisticRegression::default()
        .alpha(penalty)
        .max_iterations(ITERATIONS)
        .gradient_tolerance(1e-3)
        .fit(&data)
        .map_err(|error| error.to_string())?;
    // linfa calls the larger class positive.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let params = (fitted.params() * sign).insert_axis(Axis(1));
    Ok(Fitted { on_landmarks: at.on_landmarks(&params), intercepts: vec![fitted.intercept() * sign] })
}
