//! The models of the whole mail in one table: a feature's weights for all of them lie side by side, so that each is looked
//! up once. The sums are those of [`Linear::scores`], to the last bit. Another such table scores the sentences.

use super::{Index, Linear, Task};
use crate::triage::features::{Features, Sentences};

/// Scores of all models of a whole mail together, and of all that score sentences.
const OF_MAIL: usize = 32;
const OF_SENTENCE: usize = 16;

/// The models of a whole mail.
pub type JointMails = Joint<OF_MAIL>;
/// What scores its sentences.
pub type JointSentences = Joint<OF_SENTENCE>;
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

/// One column's weights, side by side.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Weights<const WIDTH: usize>([f32; WIDTH]);

/// Where the features of one mail stand in the table.
pub type Places = Vec<Option<u32>>;

/// See above; `WIDTH` is the number of scores of all models together. Models that do not fit in are left out, to be asked
/// by themselves.
#[derive(Debug)]
pub struct Joint<const WIDTH: usize> {
    index: Index,
    table: Vec<Weights<WIDTH>>,
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
        let mut parts = vec![self.intercepts; sentences.units()];
        for (unit, column, value) in sentences.cells() {
            let weights = self.index.rank(column).and_then(|place| self.table.get(place as usize));
            if let (Some(weights), Some(part)) = (weights, parts.get_mut(unit)) {
                for (score, weight) in part.iter_mut().zip(&weights.0) {
                    *score += weight * value;
                }
            }
        }
        parts
    }
}

impl<const WIDTH: usize> Joint<WIDTH> {
    fn joined<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        let (mut tasks, mut intercepts) = (Vec::new(), [0.0; WIDTH]);
        let mut joined: Vec<(usize, &Linear)> = Vec::new();
        let mut first = 0;
        for (task, model) in models {
            if first + model.classes() > WIDTH {
                continue;
            }
            tasks.push((task, first, model.classes()));
            for (place, intercept) in intercepts.iter_mut().skip(first).zip(&model.intercepts) {
                *place = *intercept;
            }
            joined.push((first, model));
            first += model.classes();
        }
        let mut columns: Vec<u32> = joined.iter().flat_map(|(_, model)| model.columns()).collect();
        columns.sort_unstable();
        columns.dedup();
        let weights = |column: &u32| {
            let mut weights = [0.0; WIDTH];
            for (first, model) in &joined {
                for (place, weight) in weights.iter_mut().skip(*first).zip(model.row(*column).unwrap_or_default()) {
                    *place = *weight;
                }
            }
            Weights(weights)
        };
        let table = columns.iter().map(weights).collect();
        Self { index: Index::of(&columns), table, tasks, intercepts }
    }

    /// Where the features stand.
    pub fn places(&self, features: &Features) -> Places {
        features.entries.iter().map(|entry| self.index.rank(entry.column)).collect()
    }

    /// Calibrated log-odds of every model that was joined.
    pub fn scores(&self, features: &Features, places: &Places) -> [f32; WIDTH] {
        let mut scores = self.intercepts;
        for (entry, place) in features.entries.iter().zip(places) {
            if let Some(weights) = place.and_then(|place| self.table.get(place as usize)) {
                for (score, weight) in scores.iter_mut().zip(&weights.0) {
                    *score += weight * entry.value;
                }
            }
        }
        scores
    }

    /// One task's scores among all.
    pub fn of_task<'a>(&self, task: Task, scores: &'a [f32; WIDTH]) -> Option<&'a [f32]> {
        let (_, first, classes) = self.tasks.iter().find(|(known, ..)| *known == task)?;
        scores.get(*first..first + classes)
    }

    /// One task's weights for the feature at a place.
    pub fn row(&self, task: Task, place: Option<u32>) -> Option<&[f32]> {
        let (_, first, classes) = self.tasks.iter().find(|(known, ..)| *known == task)?;
        self.table.get(place? as usize)?.0.get(*first..first + classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::features::{Block, Entry};
    use crate::triage::hit::Part;

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
        assert_eq!(joint.of_task(Task::Intent, &scores), Some(intent.scores(&features).as_slice()));
        assert_eq!(joint.of_task(Task::Anger, &scores), Some(anger.scores(&features).as_slice()));
        assert_eq!(joint.of_task(Task::ProductWord, &scores), None);
        assert_eq!(joint.row(Task::Anger, places[3]), anger.row(70));
        assert_eq!(joint.row(Task::Anger, places[2]), None);
    }

    #[test]
    fn joined_models_score_sentences_as_they_do_alone() {
        let text = crate::triage::prepared::PreparedText::new("Refund", "It broke. Send the money back. Thanks", &[]);
        let rules = crate::triage::rules::RuleSet::load(&[]).unwrap();
        let seen = crate::triage::features::extract(&text, &[], &Default::default(), rules.vocabulary());
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
            assert_eq!(joined, model.parts(&seen.sentences));
        }
    }
}
