//! The second look at a mail: what it goes by, and where its weights are noted.

use crate::triage::classifier::Linear;
use crate::triage::features::Finding;
use crate::triage::learning::decisive::Mails;
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
    pub(super) fn learn(mails: &Mails, question: &Labels, solved: &Solved) -> Result<Option<Self>, String> {
        if mails.len() < ENOUGH {
            return Ok(None);
        }
        let targets: Vec<Vec<f32>> = (0..mails.len()).map(|mail| question.targets(mail)).collect();
        let learnt = mails.learn(&targets, &solved.parts);
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
