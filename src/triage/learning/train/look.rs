//! The second look at a mail: what it goes by, and where its weights are noted.

use crate::triage::classifier::Linear;
use crate::triage::features::Finding;
use crate::triage::learning::decisive::Bags;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::{Labels, Solved};

/// Mails from which on a second look can be learnt.
const ENOUGH: usize = 1_000;

/// What is seen at the second look.
pub(super) struct Look {
    /// For each mail, by weights that did not see it.
    pub(super) inputs: Vec<Vec<f32>>,
    /// Scores sentences.
    pub(super) decisive: Linear,
}

impl Look {
    /// Learns what the sentences that decide look like; nothing from too few mails.
    pub(super) fn learn(bags: &Bags, question: &Labels, solved: &Solved) -> Result<Option<Self>, String> {
        if bags.len() < ENOUGH {
            return Ok(None);
        }
        let targets: Vec<Vec<f32>> = (0..bags.len()).map(|mail| question.targets(mail)).collect();
        let learnt = bags.learn(&targets, &solved.parts);
        let inputs = solved.looks(&learnt.held_out);
        let decisive = Linear::new(&learnt.columns, learnt.weights, learnt.intercepts, 0.0)?;
        Ok(Some(Self { inputs, decisive }))
    }
}

/// Notes beside the weights of the first look those of the second, which are the first rows of `mixture`.
pub(super) fn note(mixture: &Mixture, inputs: usize, solved: &mut Solved) {
    solved.columns.push(Finding::Offset.column());
    solved.weights.extend(mixture.offsets.iter().map(|offset| *offset as f32));
    for (n, row) in mixture.weights.rows().into_iter().take(inputs).enumerate() {
        solved.columns.push(Finding::again(n));
        solved.weights.extend(row.iter().map(|weight| *weight as f32));
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn what_is_noted_judges_as_the_mixture_does() {
        // Two classes: the mail's scores and seven of its sentences for each.
        let weights = ndarray::Array2::from_shape_fn((16, 2), |(input, class)| (input * 2 + class) as f64 / 10.0 - 1.0);
        let mixture = Mixture { weights, offsets: vec![0.3, -0.2] };
        let parts: [&[f32]; 3] = [&[0.1, 0.2], &[1.0, -1.0], &[-2.0, 0.5]];
        let mut solved = Solved {
            held_out: vec![vec![0.7, -0.4]],
            parts: Vec::new(),
            columns: vec![5],
            weights: vec![1.0, 1.0],
            intercepts: vec![0.0, 0.0],
        };
        let inputs = solved.looks(&[parts.map(<[f32]>::to_vec).to_vec()]);
        note(&mixture, 16, &mut solved);
        let decisive = Linear::new(&[5], vec![1.0, 1.0], vec![0.0; 2], 0.0).unwrap();
        let model = Linear::new(&solved.columns, solved.weights, solved.intercepts, 0.5).unwrap();
        let again = model.with_decisive(decisive).unwrap().again(&[0.7, -0.4], &parts);
        let direct = mixture.apply(&inputs[0]);
        assert!(again.iter().zip(&direct).all(|(a, b)| (a - b).abs() < 1e-4), "{again:?} {direct:?}");
    }

    #[test]
    fn what_is_found_later_stands_beside_the_second_look() {
        let mixture = Mixture { weights: array![[0.5], [2.0]], offsets: vec![-1.0] };
        let mut solved = Solved {
            held_out: vec![vec![1.0]],
            parts: Vec::new(),
            columns: vec![5],
            weights: vec![1.0],
            intercepts: vec![0.0],
        };
        note(&mixture, 1, &mut solved);
        assert_eq!(solved.columns, [5, Finding::Offset.column(), Finding::again(0)], "the second row is another's");
        assert_eq!(solved.weights, [1.0, -1.0, 0.5]);
    }
}
