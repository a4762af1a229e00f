//! The measures themselves.

use serde::Serialize;

/// How well one class, fact or signal is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Found {
    /// Of those said to be there, the share that is, 0 to 1.
    pub precision: f32,
    /// Of those there, the share said to be.
    pub recall: f32,
    /// Harmonic mean of the two.
    pub f1: f32,
    /// How many are there.
    pub support: usize,
}

impl Found {
    /// From (is there, said to be there).
    pub fn of(pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        let (mut both, mut there, mut said) = (0_usize, 0_usize, 0_usize);
        for (is, claimed) in pairs {
            both += usize::from(is && claimed);
            there += usize::from(is);
            said += usize::from(claimed);
        }
        let share = |of: usize| if of == 0 { 0.0 } else { both as f32 / of as f32 };
        let f1 = if there + said == 0 { 0.0 } else { 2.0 * both as f32 / (there + said) as f32 };
        Self { precision: share(said), recall: share(there), f1, support: there }
    }
}

/// One class of several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// Its label.
    pub label: String,
    /// How well it is found.
    #[serde(flatten)]
    pub found: Found,
}

/// A choice of one class among several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Classes {
    /// Mean of the classes' F1; classes that do not occur are left out.
    pub macro_f1: f32,
    /// Share chosen rightly.
    pub accuracy: f32,
    /// Class by class.
    pub classes: Vec<Class>,
    /// Rows: annotated; columns: judged, and last "none of them".
    pub confusion: Vec<Vec<usize>>,
}

impl Classes {
    /// From (annotated class, judged class).
    pub fn of<'a>(
        labels: impl ExactSizeIterator<Item = &'a str>,
        pairs: impl Iterator<Item = (usize, Option<usize>)>,
    ) -> Self {
        let count = labels.len();
        let mut confusion = vec![vec![0_usize; count + 1]; count];
        let pairs: Vec<_> = pairs.collect();
        for (is, said) in &pairs {
            let cell = confusion.get_mut(*is).and_then(|row| row.get_mut(said.unwrap_or(count)));
            if let Some(cell) = cell {
                *cell += 1;
            }
        }
        let classes: Vec<Class> = labels
            .enumerate()
            .map(|(index, label)| Class {
                label: label.to_owned(),
                found: Found::of(pairs.iter().map(|(is, said)| (*is == index, *said == Some(index)))),
            })
            .collect();
        let known: Vec<f32> = classes.iter().filter(|class| class.found.support > 0).map(|c| c.found.f1).collect();
        let right = pairs.iter().filter(|(is, said)| *said == Some(*is)).count();
        Self {
            macro_f1: known.iter().sum::<f32>() / known.len().max(1) as f32,
            accuracy: right as f32 / pairs.len().max(1) as f32,
            classes,
            confusion,
        }
    }
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Fraction {
    /// 0 to 1.
    pub share: f32,
    /// Of how many.
    pub of: usize,
}

impl Fraction {
    /// Share of the true ones.
    pub fn of(all: impl Iterator<Item = bool>) -> Self {
        let (mut yes, mut of) = (0_usize, 0_usize);
        for one in all {
            yes += usize::from(one);
            of += 1;
        }
        Self { share: yes as f32 / of.max(1) as f32, of }
    }
}

/// Expected calibration error: mean distance between confidence and accuracy over ten bins.
pub fn calibration_error(decisions: &[(f32, bool)]) -> f32 {
    let mut bins = [(0.0_f32, 0.0_f32); 10];
    for (confidence, right) in decisions {
        if let Some(bin) = bins.get_mut(((confidence * 10.0) as usize).min(9)) {
            bin.0 += confidence;
            bin.1 += f32::from(u8::from(*right));
        }
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f32>() / decisions.len().max(1) as f32
}

/// Cohen's kappa with squared distances as weights, from (annotated, judged) levels.
pub fn quadratic_kappa(pairs: &[(u8, u8)]) -> f32 {
    let square = |a: u8, b: u8| f64::from(a.abs_diff(b)).powi(2);
    let seen: f64 = pairs.iter().map(|(is, said)| square(*is, *said)).sum();
    let count = |level: u8, which: fn(&(u8, u8)) -> u8| pairs.iter().filter(|pair| which(pair) == level).count() as f64;
    let mut chance = 0.0;
    for is in 0..4 {
        for said in 0..4 {
            chance += square(is, said) * count(is, |pair| pair.0) * count(said, |pair| pair.1);
        }
    }
    chance /= pairs.len().max(1) as f64;
    if chance == 0.0 { 1.0 } else { (1.0 - seen / chance) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_worked_out_by_hand() {
        let found = Found::of([(true, true), (true, false), (false, true), (true, true)].into_iter());
        assert!((found.precision - 2.0 / 3.0).abs() < 1e-6 && (found.recall - 2.0 / 3.0).abs() < 1e-6);
        let classes =
            Classes::of(["a", "b", "c"].into_iter(), [(0, Some(0)), (0, Some(1)), (1, Some(1)), (1, None)].into_iter());
        assert!((classes.macro_f1 - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-6);
        assert_eq!(classes.confusion, [[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]);
        assert!((calibration_error(&[(0.9, true), (0.9, false)]) - 0.4).abs() < 1e-6);
    }

    #[test]
    fn kappa_is_one_for_agreement_and_none_for_chance() {
        assert!((quadratic_kappa(&[(0, 0), (3, 3), (1, 1)]) - 1.0).abs() < 1e-6);
        assert!(quadratic_kappa(&[(0, 0), (0, 3), (3, 0), (3, 3)]).abs() < 1e-6);
    }
}
