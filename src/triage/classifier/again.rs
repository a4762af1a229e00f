//! The second look: the scores of the whole mail beside those of its sentences.
//!
//! A mail's score is a sum over all its words, so a long story drowns one plain sentence. Scored by weights of their own, made
//! to find the sentence that decides, the sentences give a few numbers more (the highest, the lowest, the first…), and a logistic
//! regression over all of them decides.

use super::Linear;
use crate::triage::features::Finding;

/// Scores that are made of the sentences' for each of a model's own.
const GROUPS: usize = 7;

/// Where a number of the second look comes from.
#[derive(Clone, Copy)]
enum Source {
    Subject,
    /// One sentence of the body, counted from 0.
    Sentence(usize),
    /// The mean of the body's sentences.
    Mean,
}

/// What is taken from the parts for one of a model's scores. `body` holds that score for each sentence, at least one.
fn sources(body: &[f32]) -> [Source; GROUPS] {
    let score = |at: usize| body.get(at).copied().unwrap_or(0.0);
    let all = || 0..body.len();
    let by_score = |a: &usize, b: &usize| score(*a).total_cmp(&score(*b));
    let highest = all().max_by(by_score).unwrap_or(0);
    let second = all().filter(|at| *at != highest).max_by(by_score).unwrap_or(highest);
    let lowest = all().min_by(by_score).unwrap_or(0);
    let last = body.len().saturating_sub(1);
    let [highest, second, lowest, first, last] = [highest, second, lowest, 0, last].map(Source::Sentence);
    [Source::Subject, highest, second, lowest, first, last, Source::Mean]
}

/// One of a model's scores for the subject, and in the place of what `body` holds for each sentence; the subject stands for a body
/// that is not there.
fn of_class(parts: &[&[f32]], class: usize, body: &mut Vec<f32>) -> f32 {
    let of = |part: &&[f32]| part.get(class).copied().unwrap_or(0.0);
    let subject = parts.first().map_or(0.0, of);
    body.clear();
    body.extend(parts.iter().skip(1).map(of));
    if body.is_empty() {
        body.push(subject);
    }
    subject
}

/// What the second look goes by: the mail's scores, then those made of its parts; the first part is the subject.
pub fn inputs(mail: &[f32], parts: &[&[f32]]) -> Vec<f32> {
    let mut inputs = vec![0.0; (1 + GROUPS) * mail.len()];
    for (place, score) in inputs.iter_mut().zip(mail) {
        *place = *score;
    }
    let mut body = Vec::with_capacity(parts.len());
    for class in 0..mail.len() {
        let subject = of_class(parts, class, &mut body);
        let places = inputs.iter_mut().skip(mail.len() + class).step_by(mail.len());
        for (place, source) in places.zip(sources(&body)) {
            *place = match source {
                Source::Subject => subject,
                Source::Sentence(at) => body.get(at).copied().unwrap_or(0.0),
                Source::Mean => body.iter().sum::<f32>() / body.len() as f32,
            };
        }
    }
    inputs
}

impl Linear {
    /// Whether it looks twice.
    pub fn looks_again(&self) -> bool {
        self.row(Finding::Offset.column()).is_some() && self.decisive().is_some()
    }

    /// Its scores at the second look, or those of the first where it takes none.
    pub fn again(&self, mail: &[f32], parts: &[&[f32]]) -> Vec<f32> {
        let Some(offsets) = self.row(Finding::Offset.column()).filter(|_| self.looks_again()) else {
            return mail.to_vec();
        };
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
        let one = |yes: bool| f32::from(u8::from(yes));
        let share = |first: usize| {
            if self.looks_again() {
                self.weight_of_input(first, class, against)
            } else {
                one(first == class) - one(Some(first) == against)
            }
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
        let sentences = parts.len().checked_sub(1).filter(|count| *count > 0 && self.looks_again())?;
        let mut sums = vec![0.0_f32; sentences];
        let mut body = Vec::with_capacity(sentences);
        for (first, without_words) in self.decisive()?.intercepts.iter().enumerate() {
            of_class(parts, first, &mut body);
            body.iter_mut().for_each(|score| *score -= without_words);
            for (group, source) in sources(&body).into_iter().enumerate() {
                let weight = self.weight_of_input((1 + group) * self.classes() + first, class, against);
                for (at, (sum, score)) in sums.iter_mut().zip(&body).enumerate() {
                    match source {
                        Source::Sentence(named) if named == at => *sum += weight * score,
                        Source::Mean => *sum += weight * score / sentences as f32,
                        _ => {}
                    }
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
        assert!(!model.looks_again(), "nothing scores its sentences");
        let decisive = Linear::new(&[3], vec![1.0], vec![-1.0], 0.5).unwrap();
        let model = model.with_decisive(decisive).unwrap();
        assert_eq!(model.again(&[2.0], &[&[0.0], &[1.0], &[4.0]]), [0.5 + 1.0 + 4.0]);
        assert_eq!(model.shares(0, None), [0.5]);
        let moved = model.moved(&[&[0.0], &[1.0], &[4.0]], 0, None).unwrap();
        assert_eq!((moved.sentence, moved.weight), (1, 5.0), "what its words add to the intercept");
        let moved = model.moved(&[&[0.0], &[-1.0]], 0, None).unwrap();
        assert_eq!(moved.weight, 0.0, "no known word");
        assert!(model.moved(&[&[0.0]], 0, None).is_none(), "no body");
    }
}
