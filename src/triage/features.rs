//! What the models see of a mail: hashed words, letters, ideas, rule hits and shape.
//!
//! | block | holds |
//! |---|---|
//! | words | 1–2 word sequences, subject's apart as well; words with accents also as written |
//! | letters | 4 letters within a word |
//! | ideas | the lexicon's ideas: alone, denied, ordered pairs within a sentence, in first and last sentence |
//! | company | pairs of ideas anywhere in the mail |
//! | notions | what words mean in either language, alone and in pairs within a sentence |
//! | setting | the same where it is denied, asked, said in the subject or near the end, in pairs further apart, and in pairs of subject and body |
//! | rules | names of the rules that hit, denied or not, and the sum of their weights |
//! | shape | capitals, marks, length, numbers, quotes, missing accents |
//!
//! Within a block a value is 1 + ln(count), the block has length 1 times its weight. All blocks share
//! one space of 2^[`BITS`] columns.

mod by_column;
mod by_hash;
mod candidate;
mod gloss;
pub mod hash;
mod ideas;
pub mod lexicon;
mod notions;
mod sentences;
mod setting;
mod shape;
pub mod tagging;
pub mod tokens;
mod words;

use std::ops::Range;

use super::facts::vocabulary::Vocabulary;
use super::facts::{Candidate, Candidates};
use super::hit::{Effect, Part, RuleHit};
use super::prepared::PreparedText;
use crate::domain::Fact;
use by_column::ByColumn;
pub use gloss::{Gloss, Glosses};
pub use sentences::Sentences;
use tokens::Tokens;

/// Raised whenever the same mail would get other features: a model of another version is not used.
pub const FEATURE_VERSION: u32 = 9;

/// Binary logarithm of the number of columns.
pub const BITS: u32 = 20;

/// Families of features, each scaled by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Words and word pairs.
    Words,
    /// Letters within words.
    Letters,
    /// Ideas of the lexicon.
    Ideas,
    /// Ideas that stand together anywhere in the mail.
    Company,
    /// Rule hits.
    Rules,
    /// Shape of the text.
    Shape,
    /// What the words mean, in either language.
    Notions,
    /// The same with what surrounds it.
    Setting,
}

impl Block {
    /// Every block.
    pub const ALL: [Self; 8] = [
        Self::Words,
        Self::Letters,
        Self::Ideas,
        Self::Company,
        Self::Rules,
        Self::Shape,
        Self::Notions,
        Self::Setting,
    ];

    /// Length of the block's vector, found by cross-validation.
    fn weight(self) -> f32 {
        match self {
            Self::Words => 1.3,
            Self::Letters => 1.3,
            Self::Ideas => 1.2,
            Self::Company => 0.5,
            Self::Rules => 0.7,
            Self::Shape => 0.5,
            Self::Notions => 1.5,
            Self::Setting => 1.3,
        }
    }

    /// Least square of the length it is scaled by: two hits do not weigh as much as twenty.
    fn floor(self) -> f32 {
        match self {
            Self::Rules | Self::Ideas => 4.0,
            _ => 1.0,
        }
    }
}

/// One feature of one mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Column.
    pub column: u32,
    /// Scaled value.
    pub value: f32,
    /// Family.
    pub block: Block,
    /// The part its first occurrence stands in.
    pub part: Part,
    /// The tokens of that part it is made of; none when it stands nowhere in particular.
    pub tokens: Range<u16>,
}

impl Entry {
    /// Counts another occurrence with it.
    fn count(&mut self, other: &Self) {
        let value = self.value + other.value;
        if (other.part, other.tokens.start) < (self.part, self.tokens.start) {
            *self = other.clone();
        }
        self.value = value;
    }
}

/// A mail as the models see it, by ascending column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// At most one entry a column.
    pub entries: Vec<Entry>,
}

/// What is found out about a mail after its words were seen; each has a column of its own above the hashed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Log-odds of the likeliest candidate, within ±4; 0 where there is none.
    Best,
    /// 1 where there is no candidate.
    NoCandidate,
    /// Score of the likeliest word of a product's name; 0 where there is none.
    Word,
    /// Always 1: what a second look adds by itself.
    Offset,
}

/// Inputs that a second look may have.
const AGAIN: u32 = 64;

impl Finding {
    /// Its column.
    pub fn column(self) -> u32 {
        (1 << BITS) + self as u32
    }

    /// The column of the n-th input of a second look.
    pub fn again(n: usize) -> u32 {
        COLUMNS - AGAIN + (n as u32).min(AGAIN - 1)
    }
}

/// Columns there can be.
pub const COLUMNS: u32 = (1 << BITS) + 64 + AGAIN;

/// Columns, ascending, with their values.
pub type Cells = Vec<(u32, f32)>;

impl Features {
    /// Columns with their values.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = (u32, f32)> {
        self.entries.iter().map(|entry| (entry.column, entry.value))
    }
}

/// Collects occurrences and counts them.
struct Sink {
    /// Occurrences, in the order found.
    entries: Vec<Entry>,
    part: Part,
    order: ByColumn,
    /// What was counted.
    counted: Vec<Entry>,
}

impl Sink {
    /// Room for so many occurrences.
    fn new(capacity: usize) -> Self {
        let (order, counted) = (ByColumn::with_capacity(capacity), Vec::with_capacity(capacity));
        Self { entries: Vec::with_capacity(capacity), part: Part::Subject, order, counted }
    }

    /// Forgets what was noted; what comes stands in this part.
    fn restart(&mut self, part: Part) {
        self.entries.clear();
        self.part = part;
    }

    /// Notes an occurrence made of these tokens of the part at hand.
    fn add(&mut self, block: Block, key: hash::Hash, tokens: Range<usize>) {
        let tokens = tokens.start as u16..tokens.end as u16;
        self.entries.push(Entry { column: column(block, key), value: 1.0, block, part: self.part, tokens });
    }

    fn add_value(&mut self, block: Block, key: hash::Hash, value: f32) {
        self.entries.push(Entry { column: column(block, key), value, block, part: self.part, tokens: 0..0 });
    }

    /// Counts, dampens and scales. A value that was given (not counted) keeps its sign. The place of the first in the mail is kept.
    fn count(&mut self) {
        self.counted.clear();
        for place in self.order.places(&self.entries) {
            let Some(entry) = self.entries.get(place) else { continue };
            match self.counted.last_mut() {
                Some(last) if last.column == entry.column => last.count(entry),
                _ => self.counted.push(entry.clone()),
            }
        }
        scale(&mut self.counted);
    }
}

fn column(block: Block, key: hash::Hash) -> u32 {
    hash::index(hash::byte(key, block as u8), BITS)
}

/// What [`extract`] finds.
pub struct Extracted {
    /// Words and meanings.
    pub glosses: Glosses,
    /// Features of the whole mail.
    pub mail: Features,
    /// The same by sentence.
    pub sentences: Sentences,
}

/// The features of a mail: its subject, its newest text and what the rules found in them.
pub fn extract(text: &PreparedText, hits: &[RuleHit]) -> Extracted {
    let mut sink = Sink::new(2048);
    let glosses = Glosses::of(text);
    let tokens = |part| glosses.part(part).tokens(text.part(part));
    let (subject, body) = (tokens(Part::Subject), tokens(Part::Body));
    let mut present = Vec::new();
    for (part, tokens) in [(Part::Subject, &subject), (Part::Body, &body)] {
        let gloss = glosses.part(part);
        let meanings = gloss.meanings();
        sink.part = part;
        words::add(tokens, &mut sink);
        present.extend(ideas::add(tokens, gloss, &mut sink));
        notions::add(tokens, meanings, &mut sink);
        setting::add(tokens, meanings, &mut sink);
    }
    setting::across(glosses.part(Part::Subject).meanings(), glosses.part(Part::Body).meanings(), &mut sink);
    ideas::company(present, &mut sink);
    rules(hits, &subject, &body, &mut sink);
    shape::add(&subject, &body, &mut sink);
    let sentences = Sentences::of(&sink.entries, &body);
    sink.count();
    Extracted { glosses, mail: Features { entries: sink.counted }, sentences }
}

/// The features of each candidate for one of these facts, in their order, and none of the others. `glosses` and `mail` are what
/// [`extract`] found.
pub fn extract_candidates(
    text: &PreparedText,
    glosses: &Glosses,
    mail: &Features,
    candidates: &Candidates,
    vocabulary: &Vocabulary,
    facts: &[Fact],
) -> Vec<Cells> {
    let tokens = |part| glosses.part(part).tokens(text.part(part));
    let (subject, body, attachments) = (tokens(Part::Subject), tokens(Part::Body), tokens(Part::Attachment));
    let of_mail = candidate::of_mail(mail);
    let mut sink = Sink::new(256);
    let of_candidate = |one: &Candidate| {
        if !facts.contains(&one.fact) {
            return Cells::new();
        }
        let tokens = match one.part {
            Part::Subject => &subject,
            Part::Body => &body,
            Part::Attachment => &attachments,
        };
        candidate::extract(one, candidates, tokens, glosses.part(one.part), vocabulary, &mut sink);
        candidate::with_mail(&sink.counted, &of_mail)
    };
    candidates.all.iter().map(of_candidate).collect()
}

fn rules(hits: &[RuleHit], subject: &Tokens<'_>, body: &Tokens<'_>, sink: &mut Sink) {
    let mut sums: Vec<(hash::Hash, f32)> = Vec::new();
    // A rule that only sets a floor tells the models nothing that the ladder's own rules do not.
    for hit in hits.iter().filter(|hit| !hit.effects.is_empty()) {
        sink.part = hit.part;
        let key = hash::join(hash::text(&hit.name), u64::from(hit.negated));
        let tokens = if hit.part == Part::Subject { subject } else { body };
        sink.add(Block::Rules, key, tokens.within(&hit.span));
        for effect in hit.effects.iter() {
            let (key, weight) = match effect {
                Effect::Intent(intent, weight) => (hash::text(intent.as_str()), *weight),
                Effect::Anger(level, weight) => (hash::join(hash::text("anger"), u64::from(*level)), *weight),
                Effect::Reason(reason, weight) => (hash::text(reason.as_str()), *weight),
                Effect::Signal(signal) => (hash::text(signal.as_str()), 1.0),
            };
            let key = hash::join(key, u64::from(hit.negated));
            match sums.iter_mut().find(|(known, _)| *known == key) {
                Some((_, sum)) => *sum += weight,
                None => sums.push((key, weight)),
            }
        }
    }
    for (key, sum) in sums {
        sink.add_value(Block::Rules, hash::byte(key, b'+'), (sum / 2.0).clamp(-3.0, 3.0));
    }
}

fn scale(entries: &mut [Entry]) {
    let mut squares = [0.0_f32; Block::ALL.len()];
    for entry in entries.iter_mut() {
        if entry.value > 1.0 && !entry.tokens.is_empty() {
            entry.value = 1.0 + entry.value.ln();
        }
        if let Some(square) = squares.get_mut(entry.block as usize) {
            *square += entry.value * entry.value;
        }
    }
    for entry in entries {
        let square = squares.get(entry.block as usize).copied().unwrap_or(0.0);
        entry.value *= entry.block.weight() / square.max(entry.block.floor()).sqrt();
    }
}
