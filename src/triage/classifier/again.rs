//! The second look: the scores of the whole mail beside those of its sentences.
//!
//! A mail's score is a sum over all its words, so a long story drowns one plain sentence. Scored by the same weights, the
//! sentences give a few numbers more (the highest, the lowest, the first…), and a logistic regression over all of them
//! decides.

use super::Linear;
use crate::triage::features::Finding;

/// Scores that are made of the sentences' for each of a model's own.
const GROUPS: usize = 7;

/// What the second look goes by: the mail's scores, then those made of its parts; the first part is the subject.
pub fn inputs(mail: &[f32], parts: &[&[f32]]) -> Vec<f32> {
    let nothing = vec![0.0; mail.len()];
    let subject = parts.first().copied().unwrap_or(&nothing);
    let body = match parts.get(1..) {
        Some(body) if !body.is_empty() => body,
        _ => &[subject],
    };
    let (first, last) = (body.first().copied().unwrap_or(subject), body.last().copied().unwrap_or(subject));
    let mut groups = [const { Vec::new() }; GROUPS];
    for class in 0..mail.len() {
        let of = |part: &[f32]| part.get(class).copied().unwrap_or(0.0);
        let mut highest = [f32::NEG_INFINITY; 2];
        let (mut lowest, mut sum) = (f32::INFINITY, 0.0);
        for score in body.iter().map(|part| of(part)) {
            if score > highest[0] {
                highest = [score, highest[0]];
            } else if score > highest[1] {
                highest[1] = score;
            }
            lowest = lowest.min(score);
            sum += score;
        }
        let second = if body.len() > 1 { highest[1] } else { highest[0] };
        let mean = sum / body.len() as f32;
        for (group, score) in
            groups.iter_mut().zip([of(subject), highest[0], second, lowest, of(first), of(last), mean])
        {
            group.push(score);
        }
    }
    mail.iter().copied().chain(groups.into_iter().flatten()).collect()
}

impl Linear {
    /// Whether it looks twice.
    pub fn looks_again(&self) -> bool {
        self.row(Finding::Offset.column()).is_some()
    }

    /// Its scores at the second look, or those of the first where it takes none.
    pub fn again(&self, mail: &[f32], parts: &[&[f32]]) -> Vec<f32> {
        let Some(offsets) = self.row(Finding::Offset.column()) else { return mail.to_vec() };
        let mut scores = offsets.to_vec();
        for (column, input) in (Finding::again(0)..).zip(inputs(mail, parts)) {
            for (score, weight) in scores.iter_mut().zip(self.row(column).unwrap_or_default()) {
                *score += weight * input;
            }
        }
        scores
    }

    /// What each of its first scores weighs in the final one of `class`, less that of `against`.
    pub fn shares(&self, class: usize, against: Option<usize>) -> Vec<f32> {
        let share = |first: usize| match self.row(Finding::again(first)).filter(|_| self.looks_again()) {
            Some(row) => {
                let of = |class: usize| row.get(class).copied().unwrap_or(0.0);
                of(class) - against.map_or(0.0, of)
            }
            None => f32::from(u8::from(first == class)) - f32::from(u8::from(Some(first) == against)),
        };
        (0..self.classes()).map(share).collect()
    }
}

/// The sentence of the body that moved a decision most at the second look, and by how much, in log-odds.
pub struct Moved {
    /// Counted from 0 among the sentences of the body.
    pub sentence: usize,
    /// For the class, if positive.
    pub weight: f32,
}

impl Linear {
    /// What each sentence of the body contributed to `class`, less what it contributed to `against`: the weightiest.
    pub fn moved(&self, parts: &[&[f32]], class: usize, against: Option<usize>) -> Option<Moved> {
        let body = parts.get(1..).filter(|body| !body.is_empty() && self.looks_again())?;
        let classes = self.classes();
        let mut sums = vec![0.0_f32; body.len()];
        for first in 0..classes {
            let of = |part: &[f32]| part.get(first).copied().unwrap_or(0.0);
            let by_score = |a: &usize, b: &usize| {
                of(body.get(*a).copied().unwrap_or(&[])).total_cmp(&of(body.get(*b).copied().unwrap_or(&[])))
            };
            let highest = (0..body.len()).max_by(by_score)?;
            let second = (0..body.len()).filter(|at| *at != highest || body.len() == 1).max_by(by_score)?;
            let lowest = (0..body.len()).min_by(by_score)?;
            let named = [None, Some(highest), Some(second), Some(lowest), Some(0), Some(body.len() - 1), None];
            for (group, named) in named.into_iter().enumerate() {
                let weight = self.weight_of_input((1 + group) * classes + first, class, against);
                for (at, (sum, part)) in sums.iter_mut().zip(body).enumerate() {
                    let share = match named {
                        Some(named) => f32::from(u8::from(named == at)),
                        None if group + 1 == GROUPS => 1.0 / body.len() as f32,
                        None => 0.0,
                    };
                    *sum += weight * share * of(part);
                }
            }
        }
        let sentence = (0..sums.len()).max_by(|a, b| f32::total_cmp(&sums[*a].abs(), &sums[*b].abs()))?;
        Some(Moved { sentence, weight: sums.get(sentence).copied()? })
    }

    fn weight_of_input(&self, input: usize, class: usize, against: Option<usize>) -> f32 {
        let row = self.row(Finding::again(input)).unwrap_or_default();
        let of = |class: usize| row.get(class).copied().unwrap_or(0.0);
        of(class) - against.map_or(0.0, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_sentence_is_heard_whatever_surrounds_it() {
        let parts: [&[f32]; 4] = [&[0.5], &[-1.0], &[3.0], &[-2.0]];
        assert_eq!(inputs(&[0.1], &parts), [0.1, 0.5, 3.0, -1.0, -2.0, -1.0, -2.0, 0.0]);
        assert_eq!(inputs(&[0.1], &parts[..1]), [0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], "a subject without a body");
        assert_eq!(inputs(&[0.1], &[]), [0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn without_a_second_look_the_first_stands() {
        let model = Linear::new(&[3], vec![1.0, 2.0], vec![0.0, 0.0], 0.5).unwrap();
        assert_eq!(model.again(&[0.3, 0.7], &[&[9.0, 9.0]]), [0.3, 0.7]);
        assert_eq!(model.shares(1, Some(0)), [-1.0, 1.0]);
    }

    #[test]
    fn the_second_look_weighs_mail_and_sentences() {
        // Offset 0.5; the mail's score counts half, the highest sentence's once.
        let columns = [3, Finding::Offset.column(), Finding::again(0), Finding::again(2)];
        let model = Linear::new(&columns, vec![1.0, 0.5, 0.5, 1.0], vec![0.0], 0.5).unwrap();
        assert_eq!(model.again(&[2.0], &[&[0.0], &[1.0], &[4.0]]), [0.5 + 1.0 + 4.0]);
        assert_eq!(model.shares(0, None), [0.5]);
        let moved = model.moved(&[&[0.0], &[1.0], &[4.0]], 0, None).unwrap();
        assert_eq!((moved.sentence, moved.weight), (1, 4.0));
        assert!(model.moved(&[&[0.0]], 0, None).is_none(), "no body");
    }
}
