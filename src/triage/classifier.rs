//! The trained models: sparse linear scores over the hashed features, made into probabilities.
//!
//! Learning uses linfa; judging needs only the dot product below.

mod again;
pub mod file;
pub mod joint;

pub use again::inputs as second_look_inputs;

use super::features::{BITS, COLUMNS, Features, Sentences};
use super::gather::gather;

/// What the models decide, each in a file of its own, `NAME.model`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// The intent: one column an intent.
    Intent,
    /// Anger: one column for each of "at least 1", "at least 2", "at least 3".
    Anger,
    /// The reason of a refund request: one column a reason.
    Reason,
    /// Whether a candidate is the order number.
    OrderNumber,
    /// Whether a candidate is the purchase date.
    PurchaseDate,
    /// Whether a candidate is the product.
    Product,
    /// Whether a candidate is the announced date.
    AnnouncedDate,
    /// Whether a word is one of the product's name.
    ProductWord,
    /// Whether the mail gives the purchase date at all.
    PurchaseDateGiven,
    /// Whether the mail names the product at all.
    ProductGiven,
    /// Whether the mail gives the day that a refund was announced at all.
    AnnouncedDateGiven,
    /// The signals: one column for each, above 0 where it is given.
    Signals,
}

impl Task {
    /// Every task; later ones build on what earlier ones found.
    pub const ALL: [Self; 12] = [
        Self::Intent,
        Self::Anger,
        Self::Reason,
        Self::OrderNumber,
        Self::PurchaseDate,
        Self::Product,
        Self::AnnouncedDate,
        Self::ProductWord,
        Self::PurchaseDateGiven,
        Self::ProductGiven,
        Self::AnnouncedDateGiven,
        Self::Signals,
    ];

    /// Name of its file without `.model`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Anger => "anger",
            Self::Reason => "reason",
            Self::OrderNumber => "order_number",
            Self::PurchaseDate => "purchase_date",
            Self::Product => "product",
            Self::AnnouncedDate => "announced_date",
            Self::ProductWord => "product_word",
            Self::PurchaseDateGiven => "purchase_date_given",
            Self::ProductGiven => "product_given",
            Self::AnnouncedDateGiven => "announced_date_given",
            Self::Signals => "signals",
        }
    }

    /// Number of columns of its model.
    pub fn classes(self) -> usize {
        match self {
            Self::Intent | Self::Anger => 3,
            Self::Reason | Self::Signals => 8,
            _ => 1,
        }
    }
}

/// So many weights are looked up together.
const AT_ONCE: usize = 32;

/// A linear model over the hashed columns. The scores of a mail are calibrated log-odds; those of its sentences are not.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    classes: usize,
    intercepts: Vec<f32>,
    index: Index,
    /// `classes` weights for each present column.
    weights: Vec<f32>,
    /// What scores the sentences that a second look goes by.
    decisive: Option<Box<Linear>>,
    /// A decision less likely than this is called unsure (for a fact: not taken).
    pub threshold: f32,
}

impl Linear {
    /// Builds a model from its columns by ascending number, each with one weight a class.
    ///
    /// # Errors
    /// In words, when a column is out of range or order, or weights are missing.
    pub fn new(columns: &[u32], weights: Vec<f32>, intercepts: Vec<f32>, threshold: f32) -> Result<Self, String> {
        let classes = intercepts.len();
        if classes == 0 || Some(weights.len()) != columns.len().checked_mul(classes) {
            return Err(format!("{} weights for {} columns of {classes} classes", weights.len(), columns.len()));
        }
        if !columns.is_sorted_by(|a, b| a < b) || columns.last().is_some_and(|last| *last >= COLUMNS) {
            return Err("its columns are out of order or range".into());
        }
        if !weights.iter().chain(&intercepts).all(|weight| weight.is_finite()) {
            return Err("a weight is no number".into());
        }
        Ok(Self { classes, intercepts, index: Index::of(columns), weights, decisive: None, threshold })
    }

    /// Gives it weights to score sentences by.
    ///
    /// # Errors
    /// In words, when those are for another number of classes.
    pub fn with_decisive(mut self, decisive: Self) -> Result<Self, String> {
        if decisive.classes != self.classes {
            return Err(format!("sentences have {} classes, mails {}", decisive.classes, self.classes));
        }
        self.decisive = Some(Box::new(decisive));
        Ok(self)
    }

    /// What scores the sentences, if anything does.
    pub fn decisive(&self) -> Option<&Self> {
        self.decisive.as_deref()
    }

    /// Number of scores.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The columns that have weights, ascending.
    pub fn columns(&self) -> Vec<u32> {
        (0..COLUMNS).filter(|column| self.row(*column).is_some()).collect()
    }

    /// Weights of one column.
    pub fn row(&self, column: u32) -> Option<&[f32]> {
        self.row_at(self.index.rank(column)?)
    }

    /// Weights of the column that so many with weights stand before.
    fn row_at(&self, rank: u32) -> Option<&[f32]> {
        let start = rank as usize * self.classes;
        self.weights.get(start..start + self.classes)
    }

    /// What the weights of hashed columns are counted in where each is a byte, a class.
    fn steps(&self) -> Vec<f32> {
        let mut steps = vec![f32::MIN_POSITIVE; self.classes];
        let hashed = self.columns().iter().take_while(|column| is_hashed(column)).count();
        for row in self.weights.chunks(self.classes).take(hashed) {
            for (step, weight) in steps.iter_mut().zip(row) {
                *step = step.max(weight.abs() / f32::from(i8::MAX));
            }
        }
        steps
    }

    /// Calibrated log-odds, one a class.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        self.scores_of(features.cells())
    }

    /// What each sentence scores, the subject first; nothing without weights for sentences.
    pub fn parts(&self, sentences: &Sentences) -> Vec<Vec<f32>> {
        let Some(decisive) = self.decisive() else { return Vec::new() };
        let mut parts = vec![decisive.intercepts.clone(); sentences.units()];
        for (unit, column, value) in sentences.cells() {
            if let (Some(row), Some(part)) = (decisive.row(column), parts.get_mut(unit)) {
                for (score, weight) in part.iter_mut().zip(row) {
                    *score += weight * value;
                }
            }
        }
        parts
    }

    /// The first score alone, for a few columns with their values.
    pub fn first_score_of(&self, cells: &[(u32, f32)]) -> f32 {
        let weight = |rank| self.row_at(rank)?.first().copied();
        self.index.sum(self.intercepts.first().copied().unwrap_or(0.0), cells, weight)
    }

    /// All scores for columns with their values.
    pub fn scores_of(&self, cells: impl IntoIterator<Item = (u32, f32)>) -> Vec<f32> {
        // Where the weights stand is found out for all of them first: memory answers many at once, and none waits for another.
        let known = gather(cells.into_iter().filter_map(|(column, value)| Some((self.index.rank(column)?, value))));
        let mut scores = self.intercepts.clone();
        for (rank, value) in known {
            for (score, weight) in scores.iter_mut().zip(self.row_at(rank).unwrap_or_default()) {
                *score += weight * value;
            }
        }
        scores
    }
}

/// Which columns have weights, and which row of the table is theirs.
#[derive(Debug, Clone, PartialEq, Default)]
struct Index {
    /// For each 64 columns: one bit a column, whether it has weights; and how many have before them.
    present: Vec<(u64, u32)>,
}

impl Index {
    /// `columns` ascend, below [`COLUMNS`].
    fn of(columns: &[u32]) -> Self {
        let mut present = vec![(0_u64, 0_u32); COLUMNS as usize / 64];
        for column in columns {
            if let Some((word, _)) = present.get_mut((column >> 6) as usize) {
                *word |= 1 << (column & 63);
            }
        }
        let mut sum = 0;
        for (word, before) in &mut present {
            *before = sum;
            sum += word.count_ones();
        }
        Self { present }
    }

    /// A sum, and the values of the columns that have weights, each times what `weight` says of its row.
    fn sum(&self, mut sum: f32, cells: &[(u32, f32)], weight: impl Fn(u32) -> Option<f32>) -> f32 {
        // Where the weights stand is found out for many first: memory answers them at once.
        for cells in cells.chunks(AT_ONCE) {
            let mut ranks = [None; AT_ONCE];
            for (rank, (column, _)) in ranks.iter_mut().zip(cells) {
                *rank = self.rank(*column);
            }
            for (rank, (_, value)) in ranks.iter().zip(cells) {
                sum += rank.and_then(&weight).unwrap_or(0.0) * value;
            }
        }
        sum
    }

    fn rank(&self, column: u32) -> Option<u32> {
        let (word, before) = *self.present.get((column >> 6) as usize)?;
        let bit = 1_u64 << (column & 63);
        (word & bit != 0).then(|| before + (word & (bit - 1)).count_ones())
    }
}

/// Whether a column is one of the mail's own features, not a finding.
fn is_hashed(column: &u32) -> bool {
    *column < 1 << BITS
}

/// Probabilities that add up to 1.
pub fn softmax(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Probability of one log-odds score.
pub fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

/// Probabilities of each level from the scores of "at least 1", "at least 2", …: made to fall first.
pub fn levels(scores: &[f32]) -> Vec<f32> {
    let mut bound = 1.0_f32;
    let mut at_least: Vec<f32> = vec![1.0];
    for score in scores {
        bound = bound.min(logistic(*score));
        at_least.push(bound);
    }
    at_least.push(0.0);
    at_least.windows(2).map(|pair| pair.iter().copied().reduce(|a, b| a - b).unwrap_or(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::features::{Block, Entry};
    use crate::triage::hit::Part;

    fn features(columns: &[(u32, f32)]) -> Features {
        let entry = |(column, value): &(u32, f32)| Entry {
            column: *column,
            value: *value,
            block: Block::Words,
            part: Part::Body,
            tokens: 0..1,
        };
        Features { entries: columns.iter().map(entry).collect() }
    }

    #[test]
    fn scores_are_the_dot_product() {
        let last = COLUMNS - 1;
        let model = Linear::new(&[0, 63, 64, last], vec![1., 2., 3., 4., 5., 6., 7., 8.], vec![0.5, 0.0], 0.5).unwrap();
        let scores = model.scores(&features(&[(0, 1.0), (5, 9.0), (64, 2.0), (last, 1.0)]));
        assert_eq!(scores, [0.5 + 1.0 + 10.0 + 7.0, 2.0 + 12.0 + 8.0]);
        assert_eq!(model.columns(), [0, 63, 64, last]);
    }

    #[test]
    fn one_score_alone_is_the_same() {
        let columns: Vec<u32> = (0..100).map(|n| n * 7).collect();
        let weights = columns.iter().map(|column| *column as f32 - 300.0).collect();
        let model = Linear::new(&columns, weights, vec![0.5], 0.5).unwrap();
        let cells: Vec<(u32, f32)> = (0..200).map(|n| (n * 3, 0.1)).collect();
        assert_eq!(vec![model.first_score_of(&cells)], model.scores_of(cells));
    }

    #[test]
    fn nonsense_is_no_model() {
        assert!(Linear::new(&[2, 1], vec![0.0; 2], vec![0.0], 0.5).is_err());
        assert!(Linear::new(&[1], vec![0.0; 2], vec![0.0], 0.5).is_err());
        assert!(Linear::new(&[COLUMNS], vec![0.0], vec![0.0], 0.5).is_err());
        assert!(Linear::new(&[1], vec![f32::NAN], vec![0.0], 0.5).is_err());
    }

    #[test]
    fn probabilities_add_up() {
        assert!((softmax(&[1000.0, 0.0, -5.0]).iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let levels = levels(&[2.0, -1.0, 1.0]);
        assert!((levels.iter().sum::<f32>() - 1.0).abs() < 1e-6 && levels.iter().all(|level| *level >= 0.0));
    }
}
