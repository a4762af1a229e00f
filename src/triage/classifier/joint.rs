//! The models of the whole mail in one table: a feature's weights for all of them lie side by side, so that each is looked
//! up once. The sums are those of [`Linear::scores`], to the last bit.

use super::{Index, Linear, Task};
use crate::triage::features::{Features, Sentences};

/// Scores of all models together.
const WIDTH: usize = 16;

/// One column's weights, in one line of the processor's cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Weights([f32; WIDTH]);

/// The scores of all joined models side by side.
pub type Scores = [f32; WIDTH];

/// Where the features of one mail stand in the table.
pub type Places = Vec<Option<u32>>;

/// See above. Models that do not fit in are left out, to be asked by themselves.
#[derive(Debug, Default)]
pub struct Joint {
    index: Index,
    table: Vec<Weights>,
    /// The task's first score, and how many it has.
    tasks: Vec<(Task, usize, usize)>,
    intercepts: [f32; WIDTH],
}

impl Joint {
    /// Joins those of the models that are about the whole mail.
    pub fn of<'a>(models: impl Iterator<Item = (Task, &'a Linear)>) -> Self {
        let whole = [Task::Intent, Task::Anger, Task::Reason, Task::PurchaseDateGiven, Task::ProductGiven];
        let mut joint = Self::default();
        let mut joined: Vec<(usize, &Linear)> = Vec::new();
        let mut first = 0;
        for (task, model) in models.filter(|(task, _)| whole.contains(task)) {
            if first + model.classes() > WIDTH {
                continue;
            }
            joint.tasks.push((task, first, model.classes()));
            for (place, intercept) in joint.intercepts.iter_mut().skip(first).zip(&model.intercepts) {
                *place = *intercept;
            }
            joined.push((first, model));
            first += model.classes();
        }
        let mut columns: Vec<u32> = joined.iter().flat_map(|(_, model)| model.columns()).collect();
        columns.sort_unstable();
        columns.dedup();
        joint.table = columns
            .iter()
            .map(|column| {
                let mut weights = [0.0; WIDTH];
                for (first, model) in &joined {
                    for (place, weight) in weights.iter_mut().skip(*first).zip(model.row(*column).unwrap_or_default()) {
                        *place = *weight;
                    }
                }
                Weights(weights)
            })
            .collect();
        joint.index = Index::of(&columns);
        joint
    }

    /// Where the features stand.
    pub fn places(&self, features: &Features) -> Places {
        features.entries.iter().map(|entry| self.index.rank(entry.column)).collect()
    }

    /// Calibrated log-odds of every model that was joined.
    pub fn scores(&self, features: &Features, places: &Places) -> Scores {
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

    /// What each sentence adds by itself to the score of every model, the subject first.
    pub fn parts(&self, sentences: &Sentences) -> Vec<Scores> {
        let mut parts = vec![[0.0; WIDTH]; sentences.units()];
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

    /// One task's scores among all.
    pub fn of_task<'a>(&self, task: Task, scores: &'a Scores) -> Option<&'a [f32]> {
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
        let joint = Joint::of([(Task::Intent, &intent), (Task::Anger, &anger), (Task::ProductWord, &word)].into_iter());
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
}
