//! What the sentence that decides looks like: learning from labels of whole mails which sentence carries them.
//!
//! In turns, the sentence of each mail that speaks most for an answer is chosen, and weights are fitted to the chosen
//! sentences alone; those chosen from mails of another answer are the ones most easily taken for it. This is multiple-instance
//! learning after Andrews, Tsochantaridis and Hofmann, "Support vector machines for multiple-instance learning" (2002), with least
//! squares in the place of the hinge. Every sentence is scored by weights that were not fitted to its mail. They are not wholly blind to
//! it: which sentence of another mail they were fitted to was chosen by weights that were.

use std::ops::Range;

use super::parallel::in_parallel;
use super::ridge::{STEPS, TOGETHER, Weights, improve};
use super::sparse::Sparse;
use crate::triage::features::Sentences;

/// Turns: on authors that the weights had not read, more brought nothing. Odd: where mails without an answer hold little else than one
/// sentence that is taken for it, they choose it in every other turn, and it has to be what the last one is fitted to.
const TURNS: usize = 5;
/// Steps of the solver in the turns between the first, which begins from nothing, and the last: their weights only choose sentences for
/// the next, but half as many, and half in the first, cost 0.01 of intent on authors that nobody had read.
const BETWEEN: usize = 60;
/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 1.5;
/// Sentences a column must stand in.
const LEAST_SENTENCES: u32 = 4;

/// Weights of sentences.
#[derive(Debug, Clone)]
pub struct Decisive {
    /// For each mail the scores of its subject and sentences by weights that were not fitted to the mail.
    pub held_out: Vec<Vec<Vec<f32>>>,
    /// Columns with weights, ascending.
    pub columns: Vec<u32>,
    /// One weight an answer for each of them.
    pub weights: Vec<f32>,
    /// One an answer.
    pub intercepts: Vec<f32>,
}

/// Bags, as the field calls them, of sentences: a label is known for the bag. Each belongs to a fold.
#[derive(Debug)]
pub struct Bags {
    /// Sentence by sentence.
    table: Sparse,
    /// The first sentence of each mail, and one past the last of all.
    starts: Vec<usize>,
    /// Counted from 0.
    fold: Vec<usize>,
    folds: usize,
}

impl Bags {
    /// Lays them out.
    pub fn of(sentences: &[&Sentences], fold: Vec<usize>) -> Self {
        let mut starts = vec![0];
        starts.extend(sentences.iter().scan(0, |sum, mail| {
            *sum += mail.units();
            Some(*sum)
        }));
        let folds = fold.iter().max().map_or(0, |last| last.saturating_add(1));
        let table = Sparse::of(|| sentences.iter().flat_map(|mail| rows(mail)), LEAST_SENTENCES);
        Self { table, starts, fold, folds }
    }

    /// Number of mails.
    pub fn len(&self) -> usize {
        self.fold.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fold.is_empty()
    }

    /// Learns one question. `targets` is +1 or −1 for each mail and answer; `first` are the scores that the first choice goes by, for
    /// each mail, sentence and answer.
    pub fn learn(&self, targets: &[Vec<f32>], first: &[Vec<Vec<f32>>]) -> Decisive {
        let mut scores: Vec<Vec<f32>> = first.iter().flatten().cloned().collect();
        let answers = targets.first().map_or(0, Vec::len);
        let mut shares = vec![vec![0.0; targets.len()]; answers * (self.folds + 1)];
        let mut whole = Vec::new();
        for turn in 1..=TURNS {
            let steps = if turn == 1 || turn == TURNS { STEPS } else { BETWEEN };
            whole = self.turn(targets, &mut scores, &mut shares, steps);
        }
        let row = |place: usize| whole.iter().map(move |weights| weights.table.get(place).copied().unwrap_or(0.0));
        let used: Vec<(u32, usize)> =
            self.table.names().filter(|(_, place)| row(*place).any(|weight| weight != 0.0)).collect();
        Decisive {
            held_out: self.mails().map(|(_, range)| scores.get(range).unwrap_or_default().to_vec()).collect(),
            columns: used.iter().map(|(column, _)| *column).collect(),
            weights: used.iter().flat_map(|(_, place)| row(*place)).collect(),
            intercepts: whole.iter().flat_map(|weights| weights.intercepts.iter().copied()).collect(),
        }
    }

    /// Each mail with its sentences.
    fn mails(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.starts.windows(2).map(|ends| ends[0]..ends[1]).enumerate()
    }

    /// Chooses by the scores, fits, and scores anew. Gives back the weights fitted to all mails, one an answer.
    ///
    /// `shares` tell for each fit how much of each mail is in its weights.
    fn turn(
        &self,
        targets: &[Vec<f32>],
        scores: &mut [Vec<f32>],
        shares: &mut [Vec<f32>],
        steps: usize,
    ) -> Vec<Weights> {
        let answers = targets.first().map_or(0, Vec::len);
        let each = self.folds + 1;
        let groups = each.div_ceil(TOGETHER);
        let chosen: Vec<(Sparse, Vec<u32>)> =
            (0..answers).map(|answer| self.table.only(&self.choose(scores, answer))).collect();
        let fitted = in_parallel(answers * groups, |number| {
            let (answer, group) = (number / groups, number % groups);
            let folds = group * TOGETHER..((group + 1) * TOGETHER).min(each);
            let target = |mail: usize| targets.get(mail).and_then(|row| row.get(answer)).copied().unwrap_or(0.0);
            let own = answer * each + folds.start..answer * each + folds.end;
            let mut shares = shares.get(own).unwrap_or_default().to_vec();
            let fit = |(chosen, places): &(Sparse, Vec<u32>)| {
                let weights = self.fit(chosen, target, folds.clone(), &mut shares, steps);
                let alone = |(n, fold)| self.fitted(fold, weights.placed(n, places, self.table.columns()));
                folds.clone().enumerate().map(alone).collect::<Vec<_>>()
            };
            (chosen.get(answer).map(fit).unwrap_or_default(), shares)
        });
        let mut whole = Vec::new();
        let (fitted, after): (Vec<_>, Vec<_>) = fitted.into_iter().unzip();
        shares.iter_mut().zip(after.into_iter().flatten()).for_each(|(place, after)| *place = after);
        for (number, Fitted { unseen, weights }) in fitted.into_iter().flatten().enumerate() {
            for (sentence, score) in unseen {
                let place = scores.get_mut(sentence).and_then(|row| row.get_mut(number / each));
                place.into_iter().for_each(|place| *place = score);
            }
            whole.extend(weights);
        }
        whole
    }

    /// What weights fitted without a fold are needed for.
    fn fitted(&self, fold: usize, weights: Weights) -> Fitted {
        let unseen = self.mails().filter(|(mail, _)| self.fold.get(*mail) == Some(&fold));
        let score = |sentence: usize| weights.scores(self.table.row(sentence)).first().copied().unwrap_or(0.0);
        let unseen = unseen.flat_map(|(_, range)| range).map(|sentence| (sentence, score(sentence))).collect();
        Fitted { unseen, weights: (fold == self.folds).then_some(weights) }
    }

    /// For each mail the sentence with the highest score of those with any known word; one past all of them where a mail has none.
    fn choose(&self, scores: &[Vec<f32>], answer: usize) -> Vec<usize> {
        let score = |sentence: usize| scores.get(sentence).and_then(|row| row.get(answer)).copied().unwrap_or(0.0);
        let known = |sentence: &usize| !self.table.row(*sentence).is_empty();
        let highest = |range: Range<usize>| range.filter(known).max_by(|a, b| score(*a).total_cmp(&score(*b)));
        self.mails().map(|(_, range)| highest(range).unwrap_or(self.table.len())).collect()
    }

    /// Fits to the chosen sentences, one a mail, from the shares of an earlier fit on: for each of some folds to those of all mails that
    /// are not in it.
    fn fit(
        &self,
        chosen: &Sparse,
        target: impl Fn(usize) -> f32,
        folds: Range<usize>,
        shares: &mut [Vec<f32>],
        steps: usize,
    ) -> Weights {
        let mails: Vec<usize> = (0..self.len()).filter(|mail| !chosen.row(*mail).is_empty()).collect();
        let seen = |mail: usize, fold: usize| self.fold.get(mail) != Some(&fold);
        let goal = |mail: usize| folds.clone().map(move |fold| (mail, fold));
        let goals = (0..self.len()).flat_map(goal);
        let goals: Vec<f32> = goals.map(|(mail, fold)| if seen(mail, fold) { target(mail) } else { 0.0 }).collect();
        let share = |mail: usize| shares.iter().map(move |shares| shares.get(mail).copied().unwrap_or(0.0));
        let mut own: Vec<f32> = mails.iter().flat_map(|mail| share(*mail)).collect();
        let weights = improve(chosen, &mails, &goals, folds.len(), &mut own, PENALTY, steps);
        for (mail, own) in mails.iter().zip(own.chunks(folds.len())) {
            let places = shares.iter_mut().filter_map(|shares| shares.get_mut(*mail));
            places.zip(own).for_each(|(place, own)| *place = *own);
        }
        weights
    }
}

/// What one fit leaves.
struct Fitted {
    /// The scores of the sentences of all mails that it did not see.
    unseen: Vec<(usize, f32)>,
    /// The weights, where it saw all.
    weights: Option<Weights>,
}

/// The columns of the subject and of each sentence with their values.
fn rows(mail: &Sentences) -> Vec<Vec<(u32, f32)>> {
    let mut rows = vec![Vec::new(); mail.units()];
    for (unit, column, value) in mail.cells() {
        if let Some(row) = rows.get_mut(unit) {
            row.push((column, value));
        }
    }
    for row in &mut rows {
        row.sort_unstable_by_key(|(column, _)| *column);
        row.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::analysis::Analysis;
    use crate::triage::classifier::Linear;
    use crate::triage::rules::RuleSet;

    /// Ten filler sentences about anything, and one of two that decide, its place changing from mail to mail.
    fn mail(number: usize) -> (String, bool) {
        let asks = number.is_multiple_of(2);
        let filler = ["rain fell", "dogs bark", "tea cools", "birds sing", "trains run", "wind blows", "cats sleep"];
        let mut sentences: Vec<String> =
            (0..10).map(|n| format!("{} {}.", filler[(number * 3 + n * 5) % 7], filler[(number + n) % 7])).collect();
        let decisive = if asks { "Please hand over the cash." } else { "Please hand over the keys." };
        sentences.insert((number * 7) % 11, decisive.to_owned());
        (sentences.join(" "), asks)
    }

    fn cut(mails: &[(String, bool)]) -> Vec<Sentences> {
        let rules = RuleSet::load(&[]).unwrap();
        mails.iter().map(|(body, _)| Analysis::of(&rules, "", body, &[]).sentences).collect()
    }

    #[test]
    fn the_sentence_that_decides_is_found_wherever_it_stands() {
        let mails: Vec<(String, bool)> = (0..60).map(mail).collect();
        let analysed = cut(&mails);
        let sentences: Vec<&Sentences> = analysed.iter().collect();
        let fold: Vec<usize> = (0..mails.len()).map(|mail| mail / 2 % 5).collect();
        let targets: Vec<Vec<f32>> = mails.iter().map(|(_, asks)| vec![if *asks { 1.0 } else { -1.0 }]).collect();
        let first: Vec<Vec<Vec<f32>>> = sentences.iter().map(|mail| vec![vec![0.0]; mail.units()]).collect();
        let learnt = Bags::of(&sentences, fold).learn(&targets, &first);
        for (scores, (body, asks)) in learnt.held_out.iter().zip(&mails) {
            let highest = scores.iter().map(|row| row[0]).fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(highest > 0.0, *asks, "{highest} {body}");
        }
        assert!(learnt.columns.is_sorted_by(|a, b| a < b) && learnt.weights.len() == learnt.columns.len());
    }

    #[test]
    fn judging_scores_sentences_as_learning_did() {
        // Two answers: what a model says of mails that it has not read, and what learning said of them held out.
        let bodies: Vec<(String, bool)> = (0..60).map(mail).collect();
        let analysed = cut(&bodies);
        let (known, unknown) = analysed.split_at(50);
        let targets: Vec<Vec<f32>> =
            bodies.iter().map(|(_, asks)| if *asks { vec![1.0, -1.0] } else { vec![-1.0, 1.0] }).collect();
        let zeros = |mails: &[&Sentences]| -> Vec<Vec<Vec<f32>>> {
            mails.iter().map(|mail| vec![vec![0.0; 2]; mail.units()]).collect()
        };
        let all: Vec<&Sentences> = analysed.iter().collect();
        let fold: Vec<usize> = (0..60).map(|mail| usize::from(mail >= 50)).collect();
        let held_out = Bags::of(&all, fold).learn(&targets, &zeros(&all)).held_out;
        let first: Vec<&Sentences> = known.iter().collect();
        let learnt = Bags::of(&first, vec![0; 50]).learn(targets.get(..50).unwrap(), &zeros(&first));
        let decisive = Linear::new(&learnt.columns, learnt.weights, learnt.intercepts, 0.0).unwrap();
        let model = Linear::new(&[0], vec![0.0; 2], vec![0.0; 2], 0.0).unwrap().with_decisive(decisive).unwrap();
        for (mail, (scores, (_, asks))) in unknown.iter().zip(held_out.iter().zip(&bodies).skip(50)) {
            let judged = model.parts(mail);
            assert_eq!(judged.len(), scores.len());
            let highest = |parts: &[Vec<f32>], answer: usize| {
                parts.iter().filter_map(|part| part.get(answer)).copied().fold(f32::NEG_INFINITY, f32::max)
            };
            for parts in [&judged, scores] {
                assert_eq!(highest(parts, 0) > highest(parts, 1), *asks);
            }
        }
    }
}
