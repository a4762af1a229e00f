//! The models of the whole mail in one table: a feature's weights for all of them lie side by side, so that each is looked
//! up once, a byte a weight as in their files, for the tables are the largest thing in memory. Findings, which no mail's features
//! hold, are left out. The
//! sums are those of [`Linear::scores`] but for roundings. Another such table scores the sentences, and a third what may be a fact.

use super::{Index, Linear, Task};
use crate::triage::features::{Features, Sentences};
use crate::triage::gather::gather;

/// Scores of all models of a whole mail together, of all that score sentences, and of all that score words.
const OF_MAIL: usize = 28;
const OF_SENTENCE: usize = 12;
const OF_WORDS: usize = 5;

/// The models of a whole mail.
pub type JointMails = Joint<OF_MAIL>;
/// What scores its sentences.
pub type JointSentences = Joint<OF_SENTENCE>;
/// What scores the words that may be a fact.
pub type JointCandidates = Joint<OF_WORDS>;
/// The scores of one mail for all models.
pub type MailScores = [f32; OF_MAIL];
/// The scores of one sentence for all models.
pub type SentenceScores = [f32; OF_SENTENCE];

/// The models that are joined.
const WHOLE: [Task; 7] = [
    Task::Intent,
    Task::Anger,
    Task::Reason,
    Task::PurchaseDateGiven,
    Task::ProductGiven,
    Task::AnnouncedDateGiven,
    Task::Signals,
];

/// Those that score words.
const OF_FACTS: [Task; OF_WORDS] =
    [Task::OrderNumber, Task::PurchaseDate, Task::Product, Task::AnnouncedDate, Task::ProductWord];

/// One column's weights in steps, side by side.
#[derive(Debug, Clone, Copy)]
struct Weights<const WIDTH: usize>([i8; WIDTH]);

/// Where the features of one mail stand in the table.
pub type Places = Vec<Option<u32>>;

/// See above; `WIDTH` is the number of scores of all models together. Models that do not fit in are left out, to be asked
/// by themselves.
#[derive(Debug)]
pub struct Joint<const WIDTH: usize> {
    index: Index,
    table: Vec<Weights<WIDTH>>,
    /// The weight of one step, a score.
    steps: [f32; WIDTH],
    /// The task's first score, and how many it has.
    tasks: Vec<(Task, usize, usize)>,
    intercepts: [f32; WIDTH],
}

impl JointMails {
    /// Joins those of the models that are about the whole mail.
    pub fn of<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        Self::joined(models.filter(|(task, _)| WHOLE.contains(task)))
    }
}

impl JointSentences {
    /// Joins what scores the sentences for the models.
    pub fn of<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        let whole = models.filter(|(task, _)| WHOLE.contains(task));
        Self::joined(whole.filter_map(|(task, model)| Some((task, model.decisive()?))))
    }

    /// What the subject and each sentence score for every model that was joined.
    pub fn parts(&self, sentences: &Sentences) -> Vec<SentenceScores> {
        let mut sums = vec![[0.0; OF_SENTENCE]; sentences.units()];
        // As for one model: first where the weights stand, then the weights.
        let rank = |(unit, column, value)| Some((unit as u32, self.index.rank(column)?, value));
        let known: Vec<(u32, u32, f32)> = gather(sentences.cells().filter_map(rank));
        for (unit, rank, value) in known {
            if let Some(sums) = sums.get_mut(unit as usize) {
                self.add(Some(rank), value, sums);
            }
        }
        sums.iter_mut().for_each(|sums| self.finish(sums));
        sums
    }
}

impl JointCandidates {
    /// Joins those of the models that score what may be a fact.
    pub fn of<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        Self::joined(models.filter(|(task, _)| OF_FACTS.contains(task)))
    }

    /// What scores columns with their values for one of the tasks.
    pub fn scorer(&self, task: Task) -> Option<impl Fn(&[(u32, f32)]) -> f32> {
        let (_, first, _) = self.tasks.iter().find(|(known, ..)| *known == task)?;
        let (step, intercept) = (*self.steps.get(*first)?, *self.intercepts.get(*first)?);
        let weight = move |rank: u32| self.table.get(rank as usize)?.0.get(*first).map(|steps| f32::from(*steps));
        Some(move |cells: &[(u32, f32)]| self.index.sum(0.0, cells, weight) * step + intercept)
    }
}

impl<const WIDTH: usize> Joint<WIDTH> {
    fn joined<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        let (mut tasks, mut intercepts, mut steps) = (Vec::new(), [0.0; WIDTH], [1.0; WIDTH]);
        let mut joined: Vec<(usize, &Linear)> = Vec::new();
        let mut first = 0;
        for (task, model) in models {
            if first + model.classes() > WIDTH {
                continue;
            }
            tasks.push((task, first, model.classes()));
            let places = intercepts.iter_mut().zip(&mut steps).skip(first);
            for ((place, step), of_model) in places.zip(model.intercepts.iter().zip(model.steps())) {
                (*place, *step) = (*of_model.0, of_model.1);
            }
            joined.push((first, model));
            first += model.classes();
        }
        let mut columns: Vec<u32> = joined.iter().flat_map(|(_, model)| model.columns()).collect();
        columns.retain(super::is_hashed);
        columns.sort_unstable();
        columns.dedup();
        let weights = |column: &u32| {
            let mut weights = [0; WIDTH];
            for (first, model) in &joined {
                let places = weights.iter_mut().zip(&steps).skip(*first);
                for ((place, step), weight) in places.zip(model.row(*column).unwrap_or_default()) {
                    *place = (weight / step).round() as i8;
                }
            }
            Weights(weights)
        };
        let table = columns.iter().map(weights).collect();
        Self { index: Index::of(&columns), table, steps, tasks, intercepts }
    }

    /// Where the features stand.
    pub fn places(&self, features: &Features) -> Places {
        features.entries.iter().map(|entry| self.index.rank(entry.column)).collect()
    }

    /// Calibrated log-odds of every model that was joined.
    pub fn scores(&self, features: &Features, places: &Places) -> [f32; WIDTH] {
        let mut sums = [0.0; WIDTH];
        for (entry, place) in features.entries.iter().zip(places) {
            self.add(*place, entry.value, &mut sums);
        }
        self.finish(&mut sums);
        sums
    }

    /// Adds the weights at a place, in steps, so often.
    fn add(&self, place: Option<u32>, value: f32, sums: &mut [f32; WIDTH]) {
        if let Some(weights) = place.and_then(|place| self.table.get(place as usize)) {
            for (sum, weight) in sums.iter_mut().zip(&weights.0) {
                *sum += f32::from(*weight) * value;
            }
        }
    }

    /// Scores from sums of steps.
    fn finish(&self, sums: &mut [f32; WIDTH]) {
        for ((sum, step), intercept) in sums.iter_mut().zip(&self.steps).zip(&self.intercepts) {
            *sum = *sum * step + intercept;
        }
    }

    /// One task's scores among all.
    pub fn of_task<'a>(&self, task: Task, scores: &'a [f32; WIDTH]) -> Option<&'a [f32]> {
        let (_, first, classes) = self.tasks.iter().find(|(known, ..)| *known == task)?;
        scores.get(*first..first + classes)
    }

    /// To ask what single features weigh in one task, each of its scores counted so much.
    pub fn weighing(&self, task: Task, shares: &[f32]) -> Option<Weighing<'_, WIDTH>> {
        let (_, first, classes) = self.tasks.iter().find(|(known, ..)| *known == task)?;
        let factors = self.steps.iter().enumerate().skip(*first).take(*classes).zip(shares);
        let factors = factors.filter(|(_, share)| **share != 0.0).map(|((score, step), share)| (score, step * share));
        Some(Weighing { joint: self, factors: factors.collect() })
    }
}

/// See [`Joint::weighing`].
pub struct Weighing<'a, const WIDTH: usize> {
    joint: &'a Joint<WIDTH>,
    /// The scores that count, and how much a step of each does.
    factors: Vec<(usize, f32)>,
}

impl<const WIDTH: usize> Weighing<'_, WIDTH> {
    /// What the feature at a place weighs.
    pub fn of(&self, place: u32) -> Option<f32> {
        let row = self.joint.table.get(place as usize)?.0;
        let weight = |score: usize| row.get(score).copied().map_or(0.0, f32::from);
        Some(self.factors.iter().map(|(score, factor)| weight(*score) * factor).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::features::{Block, Entry};
    use crate::triage::hit::Part;

    /// Alike but for the roundings of a few weights of a byte each.
    fn near(joined: &[f32], alone: &[f32]) {
        assert_eq!(joined.len(), alone.len());
        for (one, other) in joined.iter().zip(alone) {
            assert!((one - other).abs() < 0.02 * other.abs().max(1.0), "{joined:?} {alone:?}");
        }
    }

    #[test]
    fn joined_models_score_as_they_do_alone() {
        let intent = Linear::new(&[1, 70], vec![0.1, 0.2, 0.3, 1.1, 1.2, 1.3], vec![0.5, 0.0, -0.5], 0.5).unwrap();
        let anger = Linear::new(&[2, 70], vec![0.7, 0.8, 0.9, -1.1, -1.2, -1.3], vec![0.0, 0.1, 0.2], 0.5).unwrap();
        let word = Linear::new(&[70], vec![9.0], vec![0.0], 0.5).unwrap();
        let joint =
            JointMails::of([(Task::Intent, &intent), (Task::Anger, &anger), (Task::ProductWord, &word)].into_iter());
        let entry = |column, value| Entry { column, value, block: Block::Words, part: Part::Body, tokens: 0..1 };
        let features = Features { entries: vec![entry(1, 0.3), entry(2, 0.7), entry(3, 5.0), entry(70, 1.7)] };
        let places = joint.places(&features);
        let scores = joint.scores(&features, &places);
        near(joint.of_task(Task::Intent, &scores).unwrap(), &intent.scores(&features));
        near(joint.of_task(Task::Anger, &scores).unwrap(), &anger.scores(&features));
        assert_eq!(joint.of_task(Task::ProductWord, &scores), None);
        let weighing = joint.weighing(Task::Anger, &[1.0, 0.0, -1.0]).unwrap();
        near(&[weighing.of(places[3].unwrap()).unwrap()], &[-1.1 + 1.3]);
        assert_eq!((places[2], weighing.of(u32::MAX)), (None, None));
    }

    #[test]
    fn joined_models_score_words_as_they_do_alone() {
        let model = |apart: u32, least: f32| {
            let columns: Vec<u32> = (0..100).map(|n| n * apart).collect();
            let weights = columns.iter().map(|column| (*column as f32 - least) / 100.0).collect();
            Linear::new(&columns, weights, vec![0.5], 0.5).unwrap()
        };
        let (number, date, intent) = (model(7, 300.0), model(5, 90.0), model(2, 0.0));
        let models = [(Task::OrderNumber, &number), (Task::PurchaseDate, &date), (Task::Intent, &intent)];
        let joint = JointCandidates::of(models.into_iter());
        let cells: Vec<(u32, f32)> = (0..200).map(|n| (n * 3, 0.1)).collect();
        for (task, model) in [(Task::OrderNumber, &number), (Task::PurchaseDate, &date)] {
            near(&[joint.scorer(task).unwrap()(&cells)], &[model.first_score_of(&cells)]);
        }
        assert!(joint.scorer(Task::Intent).is_none() && joint.scorer(Task::Product).is_none());
    }

    #[test]
    fn joined_models_score_sentences_as_they_do_alone() {
        let text = crate::triage::prepared::PreparedText::new("Refund", "It broke. Send the money back. Thanks", &[]);
        let seen = crate::triage::features::extract(&text, &[]);
        let columns: Vec<u32> = seen.mail.entries.iter().map(|entry| entry.column).collect();
        let model = |classes: usize| {
            let weights = (0..columns.len() * classes).map(|n| (n % 13) as f32 - 6.0).collect();
            let decisive = Linear::new(&columns, weights, vec![0.5; classes], 0.0).unwrap();
            Linear::new(&[1], vec![0.0; classes], vec![0.0; classes], 0.5).unwrap().with_decisive(decisive).unwrap()
        };
        let (intent, given) = (model(3), model(1));
        let joint = JointSentences::of([(Task::Intent, &intent), (Task::ProductGiven, &given)].into_iter());
        let parts = joint.parts(&seen.sentences);
        assert_eq!(parts.len(), 4, "the subject and three sentences");
        for (task, model) in [(Task::Intent, &intent), (Task::ProductGiven, &given)] {
            let joined: Vec<&[f32]> = parts.iter().filter_map(|part| joint.of_task(task, part)).collect();
            assert_eq!(joined.len(), 4);
            for (joined, alone) in joined.iter().zip(model.parts(&seen.sentences)) {
                near(joined, &alone);
            }
        }
    }
}
