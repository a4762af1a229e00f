//! The same features, sentence by sentence: a short plea at the end of a long story is heard by itself.

use super::tokens::Tokens;
use super::{Block, COLUMNS, Entry};
use crate::triage::hit::Part;

/// Sentences of the body that are told apart; what follows counts with the last of them.
const MOST: u32 = 60;

/// One occurrence of a feature in four bytes, for training holds those of all mails at once: its column, the unit it
/// stands in (0 is the subject), its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Occurrence(u32);

impl Occurrence {
    const COLUMN: u32 = 21;
    const UNIT: u32 = 6;

    fn new(column: u32, unit: u16, block: Block) -> Self {
        Self(column | u32::from(unit) << Self::COLUMN | (block as u32) << (Self::COLUMN + Self::UNIT))
    }

    fn column(self) -> u32 {
        self.0 & ((1 << Self::COLUMN) - 1)
    }

    fn unit(self) -> usize {
        (self.0 >> Self::COLUMN & ((1 << Self::UNIT) - 1)) as usize
    }

    fn block(self) -> usize {
        (self.0 >> (Self::COLUMN + Self::UNIT)) as usize
    }
}

const _: () = assert!(COLUMNS <= 1 << Occurrence::COLUMN && MOST < 1 << Occurrence::UNIT, "all has its place");

/// What stands in the subject and in each sentence of the body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sentences {
    occurrences: Vec<Occurrence>,
    /// How many occurrences of each block a unit has; the subject comes first.
    counts: Vec<[f32; Block::ALL.len()]>,
}

impl Sentences {
    /// Sorts the occurrences by where they stand. What reaches over the end of a sentence belongs to none.
    pub(super) fn of(entries: &[Entry], body: &Tokens<'_>) -> Self {
        let units = 1 + body.sentences().min(MOST) as usize;
        let mut sentences = Self { occurrences: Vec::with_capacity(entries.len()), counts: Vec::with_capacity(units) };
        for entry in entries.iter().filter(|entry| !entry.tokens.is_empty()) {
            let sentence = |at: u16| body.list.get(usize::from(at)).map(|token| token.sentence);
            let unit = match entry.part {
                Part::Body => {
                    let first = sentence(entry.tokens.start);
                    if first != sentence(entry.tokens.end - 1) {
                        continue;
                    }
                    first.map_or(1, |sentence| 1 + sentence.min(MOST - 1) as u16)
                }
                _ => 0,
            };
            if sentences.counts.len() <= usize::from(unit) {
                sentences.counts.resize(usize::from(unit) + 1, [0.0; Block::ALL.len()]);
            }
            let place = sentences.counts.get_mut(usize::from(unit));
            if let Some(count) = place.and_then(|counts| counts.get_mut(entry.block as usize)) {
                *count += 1.0;
            }
            sentences.occurrences.push(Occurrence::new(entry.column, unit, entry.block));
        }
        sentences
    }

    /// Number of units: the subject, empty or not, and the sentences up to the last that holds anything.
    pub fn units(&self) -> usize {
        self.counts.len().max(1)
    }

    /// Columns with their values and units. A block's values are such that its vector has about the length that
    /// it has in a whole mail.
    pub fn cells(&self) -> impl Iterator<Item = (usize, u32, f32)> {
        let scales: Vec<[f32; Block::ALL.len()]> = self
            .counts
            .iter()
            .map(|counts| {
                let mut scales = [0.0; Block::ALL.len()];
                for ((scale, count), block) in scales.iter_mut().zip(counts).zip(Block::ALL) {
                    *scale = block.weight() / count.max(block.floor()).sqrt();
                }
                scales
            })
            .collect();
        self.occurrences.iter().map(move |one| {
            let scale = scales.get(one.unit()).and_then(|scales| scales.get(one.block()));
            (one.unit(), one.column(), scale.copied().unwrap_or(0.0))
        })
    }
}
