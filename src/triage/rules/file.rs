//! One rule file: what the operator writes, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Asset, Clue, Intent, Reason, Signal};
use crate::triage::hit::Effect;

/// A pattern with its definitions written out, in bytes: definitions of definitions of definitions grow fast.
const LONGEST_PATTERN: usize = 100_000;

/// Why the rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file is not the TOML that rules/README.md describes.
    #[error("{file} cannot be read as a rule file: {why}")]
    File {
        /// Where the file was found.
        file: String,
        /// What the TOML reader said, with line and column.
        why: String,
    },
    /// One entry of the file is wrong.
    #[error("{file}, line {line}: {entry:?} {why}")]
    Entry {
        /// Where the file was found.
        file: String,
        /// Line of the entry's `[[…]]`.
        line: usize,
        /// The rule's, cue's or list's name.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// Rules that fail their own sentences.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Sentences(Vec<RuleError>),
    /// All words together are more than can be indexed.
    #[error("the rules' words cannot be indexed: {0}")]
    TooMany(String),
}

/// A rule file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    define: BTreeMap<String, String>,
    #[serde(default)]
    rule: Vec<Spanned<WrittenRule>>,
    #[serde(default)]
    cue: Vec<Spanned<WrittenCue>>,
    #[serde(default)]
    list: Vec<Spanned<WrittenList>>,
    #[serde(default)]
    number: Vec<Spanned<WrittenShape>>,
    #[serde(default)]
    date: Vec<Spanned<WrittenShape>>,
    #[serde(default)]
    noun: Vec<Spanned<WrittenShape>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: String,
    #[serde(default)]
    part: WrittenPart,
    pattern: Option<String>,
    #[serde(default)]
    patterns: Vec<String>,
    #[serde(default)]
    negatable: bool,
    #[serde(default)]
    intent: BTreeMap<String, Weight>,
    #[serde(default)]
    anger: BTreeMap<String, Weight>,
    anger_floor: Option<u8>,
    #[serde(default)]
    reason: BTreeMap<String, Weight>,
    #[serde(default)]
    signals: Vec<String>,
    #[serde(default)]
    clues: Vec<String>,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

#[derive(Debug, Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WrittenPart {
    #[default]
    Any,
    Subject,
    Body,
    Attachment,
}

/// A weight in log-odds, finite: nothing could be said of a sum with one that is not.
#[derive(Debug, Deserialize, Clone, Copy, Default, PartialEq)]
#[serde(try_from = "f32")]
pub struct Weight(f32);

impl Weight {
    /// Far beyond what any other weight could make good.
    const HEAVIEST: f32 = 1000.0;

    /// The number.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Weight {
    type Error = String;

    fn try_from(weight: f32) -> Result<Self, String> {
        let heaviest = Self::HEAVIEST;
        let usable = weight.abs() <= heaviest;
        if usable {
            Ok(Self(weight))
        } else {
            Err(format!("a weight lies between -{heaviest} and {heaviest}, not {weight}"))
        }
    }
}

/// Words near a candidate that speak for or against a fact (`[[cue]]`).
#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct WrittenCue {
    /// Unique name.
    pub name: String,
    /// Folded words or phrases; `*` at the end stands for any ending.
    pub words: Vec<String>,
    /// Where it stands as seen from the candidate.
    #[serde(default)]
    pub side: Side,
    /// Words between cue and candidate at most (0: side by side); without it, anywhere in the sentence.
    pub within: Option<usize>,
    /// Weight for the order number.
    #[serde(default)]
    pub order_number: Weight,
    /// Weight for the purchase date.
    #[serde(default)]
    pub purchase_date: Weight,
    /// Weight for the product.
    #[serde(default)]
    pub product: Weight,
    /// Weight for the announced date.
    #[serde(default)]
    pub announced_date: Weight,
}

/// Side of a cue as seen from the candidate.
#[derive(Debug, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Either.
    #[default]
    Any,
    /// The cue comes first.
    Before,
    /// The cue comes after.
    After,
}

/// A plain word list (`[[list]]`).
#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct WrittenList {
    /// What the words are: one of the names in rules/README.md.
    pub name: String,
    /// The words, folded.
    pub words: Vec<String>,
}

/// What an order number (`[[number]]`), a date (`[[date]]`) or a product's words (`[[noun]]`) look like.
#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct WrittenShape {
    /// Unique name.
    pub name: String,
    /// Regular expression over the folded text. A number must match it whole; a noun's words are its first group.
    pub pattern: String,
    /// A date of this shape is found only where none of the shapes without this mark finds one.
    #[serde(default)]
    pub otherwise: bool,
    /// Weight before any cue is read, for the order number.
    #[serde(default)]
    pub order_number: Weight,
    /// The same for the purchase date.
    #[serde(default)]
    pub purchase_date: Weight,
    /// The same for the product.
    #[serde(default)]
    pub product: Weight,
    /// The same for the announced date.
    #[serde(default)]
    pub announced_date: Weight,
    /// Texts that have this shape.
    pub must_match: Vec<String>,
    /// Texts that do not.
    #[serde(default)]
    pub must_not_match: Vec<String>,
}

/// Which kind of shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeKind {
    /// `[[number]]`
    Number,
    /// `[[date]]`
    Date,
    /// `[[noun]]`
    Noun,
}

/// One rule, its expression complete and its effects read.
#[derive(Debug)]
pub(super) struct RuleSource {
    pub(super) origin: String,
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) subject: bool,
    pub(super) body: bool,
    pub(super) attachment: bool,
    pub(super) patterns: Vec<String>,
    pub(super) negatable: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) clues: Vec<Clue>,
    pub(super) anger_floor: Option<u8>,
    pub(super) must_match: Vec<String>,
    pub(super) must_not_match: Vec<String>,
}

impl RuleSource {
    pub(super) fn error(&self, why: String) -> RuleError {
        RuleError::Entry { file: self.origin.clone(), line: self.line, entry: self.name.clone(), why }
    }
}

/// A parsed file.
#[derive(Debug)]
pub struct RuleFile {
    origin: String,
    text: String,
    written: Written,
}

impl RuleFile {
    /// Reads a file's TOML.
    ///
    /// # Errors
    /// When it is not UTF-8, not TOML, or has keys nobody knows.
    pub fn parse(asset: &Asset) -> Result<Self, RuleError> {
        let file = asset.origin.clone();
        let text = asset.text().map_err(|why| RuleError::File { file: file.clone(), why })?;
        let written = toml::from_str(text)
            .map_err(|error| RuleError::File { file: file.clone(), why: error.to_string().trim().to_owned() })?;
        Ok(Self { origin: file, text: text.to_owned(), written })
    }

    fn line<T>(&self, entry: &Spanned<T>) -> usize {
        let before = self.text.as_bytes().iter().take(entry.span().start);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn error<T>(&self, entry: &Spanned<T>, name: &str, why: String) -> RuleError {
        RuleError::Entry { file: self.origin.clone(), line: self.line(entry), entry: name.to_owned(), why }
    }

    /// The file's rules.
    pub(super) fn rules(&self) -> Result<Vec<RuleSource>, RuleError> {
        self.written.rule.iter().map(|entry| self.rule(entry)).collect()
    }

    fn rule(&self, entry: &Spanned<WrittenRule>) -> Result<RuleSource, RuleError> {
        let rule = entry.get_ref();
        let wrong = |why: String| self.error(entry, &rule.name, why);
        if rule.must_match.len() < 2 || rule.must_not_match.is_empty() {
            return Err(wrong("needs two must_match sentences and one must_not_match sentence".into()));
        }
        let written: Vec<&String> = rule.pattern.iter().chain(&rule.patterns).collect();
        if written.is_empty() {
            return Err(wrong("has neither pattern nor patterns".into()));
        }
        let patterns = written.into_iter().map(|pattern| self.expand(pattern).map_err(wrong));
        Ok(RuleSource {
            origin: self.origin.clone(),
            line: self.line(entry),
            name: rule.name.clone(),
            subject: matches!(rule.part, WrittenPart::Any | WrittenPart::Subject),
            body: matches!(rule.part, WrittenPart::Any | WrittenPart::Body),
            attachment: matches!(rule.part, WrittenPart::Attachment),
            patterns: patterns.collect::<Result<_, _>>()?,
            negatable: rule.negatable,
            effects: effects(rule).map_err(wrong)?,
            clues: clues(rule).map_err(wrong)?,
            anger_floor: anger_floor(rule).map_err(wrong)?,
            must_match: rule.must_match.clone(),
            must_not_match: rule.must_not_match.clone(),
        })
    }

    /// Replaces every `{name}` by its `[define]`; a definition may use others.
    fn expand(&self, pattern: &str) -> Result<String, String> {
        let mut expanded = pattern.to_owned();
        for _ in 0..8 {
            let Some((range, name)) = placeholder(&expanded) else { return Ok(expanded) };
            let Some(words) = self.written.define.get(&name) else {
                return Err(format!("uses {{{name}}}, which [define] does not explain"));
            };
            expanded.replace_range(range, &format!("(?:{words})"));
            let spelled = format!("{{{name}}}");
            let uses = expanded.matches(&spelled).count();
            if expanded.len() + uses * words.len() > LONGEST_PATTERN {
                return Err(format!("becomes longer than {LONGEST_PATTERN} bytes with its definitions written out"));
            }
            expanded = expanded.replace(&spelled, &format!("(?:{words})"));
        }
        Err("uses definitions that need each other".into())
    }

    /// The file's cues with their lines.
    pub fn cues(&self) -> impl Iterator<Item = (&WrittenCue, RuleErrorAt<'_>)> {
        self.written.cue.iter().map(|entry| (entry.get_ref(), RuleErrorAt { file: self, line: self.line(entry) }))
    }

    /// The file's shapes of a kind, definitions replaced, with their lines.
    ///
    /// # Errors
    /// When a pattern uses a definition that the file lacks.
    pub fn shapes(&self, kind: ShapeKind) -> Result<Vec<(WrittenShape, RuleErrorAt<'_>)>, RuleError> {
        let written = match kind {
            ShapeKind::Number => &self.written.number,
            ShapeKind::Date => &self.written.date,
            ShapeKind::Noun => &self.written.noun,
        };
        let expanded = written.iter().map(|entry| {
            let mut shape = entry.get_ref().clone();
            shape.pattern = self.expand(&shape.pattern).map_err(|why| self.error(entry, &shape.name, why))?;
            Ok((shape, RuleErrorAt { file: self, line: self.line(entry) }))
        });
        expanded.collect()
    }

    /// The file's lists with their lines.
    pub fn lists(&self) -> impl Iterator<Item = (&WrittenList, RuleErrorAt<'_>)> {
        self.written.list.iter().map(|entry| (entry.get_ref(), RuleErrorAt { file: self, line: self.line(entry) }))
    }
}

/// A place in a rule file, to complain about.
#[derive(Debug, Clone, Copy)]
pub struct RuleErrorAt<'a> {
    file: &'a RuleFile,
    line: usize,
}

impl RuleErrorAt<'_> {
    /// An error at this place.
    pub fn error(&self, entry: &str, why: impl Into<String>) -> RuleError {
        RuleError::Entry { file: self.file.origin.clone(), line: self.line, entry: entry.to_owned(), why: why.into() }
    }
}

/// The first `{name}` of a pattern; `{2,3}` is the expression's own.
fn placeholder(pattern: &str) -> Option<(std::ops::Range<usize>, String)> {
    let mut from = 0;
    while let Some(open) = pattern.get(from..)?.find('{') {
        let open = from + open;
        let close = open + pattern.get(open..)?.find('}')?;
        let name = pattern.get(open + 1..close)?;
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Some((open..close + 1, name.to_owned()));
        }
        from = close + 1;
    }
    None
}

fn effects(rule: &WrittenRule) -> Result<Vec<Effect>, String> {
    let mut effects = Vec::new();
    for (label, weight) in &rule.intent {
        let intent = Intent::from_label(label).ok_or_else(|| format!("names an unknown intent {label:?}"))?;
        effects.push(Effect::Intent(intent, weight.get()));
    }
    for (level, weight) in &rule.anger {
        let level = level.parse().ok().filter(|level| (1..=3).contains(level));
        let level = level.ok_or("has an anger level that is not 1, 2 or 3")?;
        effects.push(Effect::Anger(level, weight.get()));
    }
    for (label, weight) in &rule.reason {
        let reason = Reason::from_label(label).ok_or_else(|| format!("names an unknown reason {label:?}"))?;
        effects.push(Effect::Reason(reason, weight.get()));
    }
    for label in &rule.signals {
        let signal = Signal::from_label(label).ok_or_else(|| format!("names an unknown signal {label:?}"))?;
        effects.push(Effect::Signal(signal));
    }
    Ok(effects)
}

fn clues(rule: &WrittenRule) -> Result<Vec<Clue>, String> {
    let read = |label: &String| Clue::from_label(label).ok_or_else(|| format!("names an unknown clue {label:?}"));
    rule.clues.iter().map(read).collect()
}

/// Level 1 is for the models: what a nuisance is to one writer is small talk to another.
fn anger_floor(rule: &WrittenRule) -> Result<Option<u8>, String> {
    match rule.anger_floor {
        None | Some(1..=3) => Ok(rule.anger_floor),
        Some(other) => Err(format!("has the anger_floor {other}, which is none of 1, 2 and 3")),
    }
}
