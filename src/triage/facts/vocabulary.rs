//! The operator's word lists, cues and shapes for facts, ready to be found in one pass.

use std::collections::HashMap;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::meta;
use regex_automata::util::syntax;

use crate::domain::Fact;
use crate::triage::prepared::Folded;
use crate::triage::rules::RuleError;
use crate::triage::rules::file::{RuleErrorAt, RuleFile, ShapeKind, Side, WrittenCue, WrittenShape};
use crate::triage::word_finder::WordFinder;

/// What a listed word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// A kind of object or service specific enough to recognise a purchase by.
    Products,
    /// Words that name a purchase without saying what it is ("order", "parcel", "ticket").
    Umbrella,
    /// Makers and trade names.
    Brands,
    /// Words after a number that make it a quantity or a measure ("kg", "weeks", "people").
    Units,
}

impl List {
    const NAMES: &[(&str, Self)] =
        &[("products", Self::Products), ("umbrella", Self::Umbrella), ("brands", Self::Brands), ("units", Self::Units)];
}

/// What stands at a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A cue, by index.
    Cue(u16),
    /// A listed word.
    List(List),
}

/// One listed word or cue found in a folded text.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// What it is.
    pub entry: Entry,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Weights for each fact.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weights {
    order_number: f32,
    purchase_date: f32,
    product: f32,
    announced_date: f32,
}

impl Weights {
    /// The weight for one fact; nothing speaks for a reason here.
    pub fn of(&self, fact: Fact) -> f32 {
        match fact {
            Fact::OrderNumber => self.order_number,
            Fact::PurchaseDate => self.purchase_date,
            Fact::Product => self.product,
            Fact::AnnouncedDate => self.announced_date,
            Fact::Reason => 0.0,
        }
    }
}

/// A cue as loaded.
#[derive(Debug, Clone)]
pub struct Cue {
    /// Its name.
    pub name: String,
    /// Where it must stand as seen from the candidate.
    pub side: Side,
    /// Words between at most; `None`: anywhere in the sentence.
    pub within: Option<usize>,
    /// What it speaks for.
    pub weights: Weights,
}

/// A shape as loaded.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its name.
    pub name: String,
    /// Weight before any cue.
    pub weights: Weights,
    regex: Regex,
}

impl Shape {
    /// Whether the whole text has the shape.
    pub fn is(&self, folded: &str) -> bool {
        self.regex.find(folded.as_bytes()).is_some_and(|found| found.range() == (0..folded.len()))
    }

    /// Ranges of the shape's first group.
    pub fn groups<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex.captures_iter(folded.as_bytes()).filter_map(|found| found.get(1).map(|group| group.range()))
    }
}

/// Bytes that an automaton of shapes of dates may grow to while it is used, a thread and direction. Where it has less room than its
/// states need it is thrown away and built again and again.
const AUTOMATON: usize = 8 << 20;

/// Everything facts are found by.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    words: WordFinder,
    entries: Vec<Vec<(Entry, bool)>>,
    cues: Vec<Cue>,
    numbers: Vec<Shape>,
    dates: DateShapes,
    /// Those that find a date only where none of the others does.
    other_dates: DateShapes,
    nouns: Vec<Shape>,
}

/// Shapes of dates, looked for in one pass.
#[derive(Debug, Clone)]
struct DateShapes {
    shapes: Vec<Shape>,
    finder: meta::Regex,
}

impl DateShapes {
    fn of(shapes: Vec<(Shape, String)>) -> Result<Self, RuleError> {
        let (shapes, patterns): (Vec<Shape>, Vec<String>) = shapes.into_iter().unzip();
        let finder = meta::Regex::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .configure(meta::Config::new().utf8_empty(false).hybrid_cache_capacity(AUTOMATON))
            .build_many(&patterns)
            .map_err(|error| RuleError::TooMany(error.to_string()))?;
        Ok(Self { shapes, finder })
    }

    /// Left to right; of those that begin at one place the first shape's.
    fn find<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = (&'a Shape, Range<usize>)> {
        let found = self.finder.find_iter(folded.as_bytes());
        found.filter_map(|found| Some((self.shapes.get(found.pattern().as_usize())?, found.range())))
    }
}

impl Vocabulary {
    /// The cues; [`Entry::Cue`] is an index of them.
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    /// Shapes of order numbers, first match wins.
    pub fn numbers(&self) -> &[Shape] {
        &self.numbers
    }

    /// Shapes of a product's words.
    pub fn nouns(&self) -> &[Shape] {
        &self.nouns
    }

    /// Dates in a folded text, left to right, with their shapes.
    pub fn dates<'a>(&'a self, folded: &'a str) -> Vec<(&'a Shape, Range<usize>)> {
        let mut dates: Vec<_> = self.dates.find(folded).collect();
        let known = dates.len();
        for (shape, range) in self.other_dates.find(folded) {
            let first = dates.get(..known).unwrap_or_default().partition_point(|(_, one)| one.end <= range.start);
            let meets = dates.get(first).filter(|_| first < known).is_some_and(|(_, one)| one.start < range.end);
            if !meets && !is_part(folded, &range) {
                dates.push((shape, range));
            }
        }
        dates.sort_by_key(|(_, range)| range.start);
        dates
    }

    /// Every cue and listed word of a folded text, by place.
    pub fn marks(&self, folded: &str) -> Vec<Mark> {
        let bytes = folded.as_bytes();
        let inside = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
        let mut marks = Vec::with_capacity(folded.len() / 8);
        for (word, found) in self.words.find(bytes) {
            if found.start > 0 && inside(found.start - 1) && inside(found.start) {
                continue;
            }
            for &(entry, prefix) in self.entries.get(word).into_iter().flatten() {
                let end = match entry {
                    _ if !inside(found.end) => found.end,
                    _ if prefix => (found.end..).find(|at| !inside(*at)).unwrap_or(found.end),
                    Entry::List(List::Products | List::Umbrella) => match plural_end(bytes, found.end) {
                        Some(end) => end,
                        None => continue,
                    },
                    _ => continue,
                };
                marks.push(Mark { entry, start: found.start, end });
            }
        }
        marks
    }
}

/// Whether what looks like a date is a part of something longer: "06-12-34-56-78", "the 15-inch screen", "on the 17:04".
fn is_part(folded: &str, range: &Range<usize>) -> bool {
    const JOINERS: [char; 5] = ['-', '/', '.', ':', '_'];
    let joined = |rest: &str| rest.strip_prefix(JOINERS).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let before = folded.get(..range.start).unwrap_or_default();
    let after = folded.get(range.end..).unwrap_or_default();
    before.strip_suffix(JOINERS).is_some_and(|rest| rest.ends_with(char::is_alphanumeric)) || joined(after)
}

/// Where the word ends when only a plural ending follows ("s", "es", "x").
fn plural_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || !b.is_ascii()).count();
    matches!(rest.get(..length)?, b"s" | b"es" | b"x").then_some(at + length)
}

/// Collects the word lists of all packs.
#[derive(Debug, Default)]
pub(in crate::triage) struct VocabularyBuilder {
    places: HashMap<String, usize>,
    words: Vec<String>,
    entries: Vec<Vec<(Entry, bool)>>,
    cues: Vec<Cue>,
    numbers: Vec<Shape>,
    dates: Vec<(Shape, String)>,
    other_dates: Vec<(Shape, String)>,
    nouns: Vec<Shape>,
}

impl VocabularyBuilder {
    /// Adds one pack's lists.
    pub(in crate::triage) fn add(&mut self, file: &RuleFile) -> Result<(), RuleError> {
        for (list, at) in file.lists() {
            let known = List::NAMES.iter().find(|(name, _)| *name == list.name);
            let Some((_, kind)) = known else {
                let names: Vec<_> = List::NAMES.iter().map(|(name, _)| *name).collect();
                return Err(at.error(&list.name, format!("is no list; there are {}", names.join(", "))));
            };
            for word in &list.words {
                self.word(word, Entry::List(*kind), &list.name, at)?;
            }
        }
        for (cue, at) in file.cues() {
            self.cue(cue, at)?;
        }
        for (kind, into) in [(ShapeKind::Number, &mut self.numbers), (ShapeKind::Noun, &mut self.nouns)] {
            for (written, at) in file.shapes(kind)? {
                into.push(shape(&written, kind, at)?);
            }
        }
        for (written, at) in file.shapes(ShapeKind::Date)? {
            let into = if written.otherwise { &mut self.other_dates } else { &mut self.dates };
            into.push((shape(&written, ShapeKind::Date, at)?, written.pattern));
        }
        Ok(())
    }

    fn cue(&mut self, cue: &WrittenCue, at: RuleErrorAt<'_>) -> Result<(), RuleError> {
        if self.cues.iter().any(|known| known.name == cue.name) {
            return Err(at.error(&cue.name, "has the name of another cue"));
        }
        let index = u16::try_from(self.cues.len()).map_err(|_| at.error(&cue.name, "is one cue too many"))?;
        let weights = Weights {
            order_number: cue.order_number.get(),
            purchase_date: cue.purchase_date.get(),
            product: cue.product.get(),
            announced_date: cue.announced_date.get(),
        };
        self.cues.push(Cue { name: cue.name.clone(), side: cue.side, within: cue.within, weights });
        for word in &cue.words {
            self.word(word, Entry::Cue(index), &cue.name, at)?;
        }
        Ok(())
    }

    fn word(&mut self, word: &str, entry: Entry, name: &str, at: RuleErrorAt<'_>) -> Result<(), RuleError> {
        let folded = Folded::new(word);
        if folded.text() != word || word.trim_end_matches('*').is_empty() {
            let should = folded.text();
            return Err(at.error(name, format!("has the word {word:?}, which no folded text holds; write {should:?}")));
        }
        let stem = word.trim_end_matches('*');
        let place = *self.places.entry(stem.to_owned()).or_insert_with(|| {
            self.words.push(stem.to_owned());
            self.entries.push(Vec::new());
            self.words.len() - 1
        });
        if let Some(entries) = self.entries.get_mut(place) {
            entries.push((entry, stem.len() < word.len()));
        }
        Ok(())
    }

    /// Builds the finders.
    pub(in crate::triage) fn build(self) -> Result<Vocabulary, RuleError> {
        let words = WordFinder::of(&self.words).map_err(RuleError::TooMany)?;
        Ok(Vocabulary {
            words,
            entries: self.entries,
            cues: self.cues,
            numbers: self.numbers,
            dates: DateShapes::of(self.dates)?,
            other_dates: DateShapes::of(self.other_dates)?,
            nouns: self.nouns,
        })
    }
}

fn shape(written: &WrittenShape, kind: ShapeKind, at: RuleErrorAt<'_>) -> Result<Shape, RuleError> {
    let error = |why: String| at.error(&written.name, why);
    let regex = RegexBuilder::new(&if kind == ShapeKind::Number {
        format!("^(?:{})$", written.pattern)
    } else {
        written.pattern.clone()
    })
    .unicode(false)
    .build()
    .map_err(|why| error(format!("has a pattern that is no regular expression: {why}")))?;
    if kind == ShapeKind::Noun && regex.captures_len() < 2 {
        return Err(error("has no group (…) round the product's words".into()));
    }
    if written.otherwise && kind != ShapeKind::Date {
        return Err(error("has the mark \"otherwise\", which is for dates".into()));
    }
    if written.must_match.is_empty() {
        return Err(error("needs a must_match text".into()));
    }
    let matches = |text: &str| regex.is_match(Folded::new(text).text().as_bytes());
    if let Some(text) = written.must_match.iter().find(|text| !matches(text)) {
        return Err(error(format!("does not match its must_match text {text:?}")));
    }
    if let Some(text) = written.must_not_match.iter().find(|text| matches(text)) {
        return Err(error(format!("matches its must_not_match text {text:?}")));
    }
    let weights = Weights {
        order_number: written.order_number.get(),
        purchase_date: written.purchase_date.get(),
        product: written.product.get(),
        announced_date: written.announced_date.get(),
    };
    Ok(Shape { name: written.name.clone(), weights, regex })
}
