//! The rule packs `rules/NN-….toml`: loaded, checked against their own sentences, and matched.

mod expression;
pub mod file;
mod marked;
mod needles;
mod negation;
mod opening;
mod places;
mod quoted;

use std::ops::Range;
use std::sync::Arc;

use regex_automata::nfa::thompson::backtrack::Cache;

pub use file::RuleError;

use self::expression::Expression;
use self::file::{RuleFile, RuleSource};
use self::needles::Chain;
use self::places::{Place, Places};
use super::facts::vocabulary::{Vocabulary, VocabularyBuilder};
use super::hit::{Effect, Part, RuleHit};
use super::prepared::{Folded, PreparedText};
use crate::domain::{Asset, Clue};

/// More matches of one rule in one part than this say nothing new.
const HITS_PER_RULE: usize = 3;
/// Most mails have fewer.
const USUAL: usize = 16;

/// One loaded rule.
#[derive(Debug, Clone)]
struct Rule {
    name: Arc<str>,
    subject: bool,
    body: bool,
    attachment: bool,
    expression: Expression,
    negatable: bool,
    effects: Arc<[Effect]>,
    clues: Vec<Clue>,
    anger_floor: Option<u8>,
}

/// What a pack's rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Verdicts: every pack but the next.
    Verdict,
    /// Clues: the packs `60-….toml` to `69-….toml`.
    Clue,
}

impl Use {
    /// What the packs of this name are for; `None` for a file that is no pack.
    fn of(name: &str) -> Option<Self> {
        let pack = is_pack(name);
        pack.then(|| if name.starts_with('6') { Self::Clue } else { Self::Verdict })
    }

    /// A rule does what its pack is for, and nothing else.
    fn check(self, source: &RuleSource) -> Result<(), RuleError> {
        let why = match self {
            Self::Verdict if !source.clues.is_empty() => "names clues: they belong into a pack 60-….toml",
            Self::Verdict if source.effects.is_empty() && source.anger_floor.is_none() => {
                "has no effect: give it intent, anger, anger_floor, reason or signals"
            }
            Self::Verdict if source.attachment => "looks at attachments: only clues do",
            Self::Clue if !source.effects.is_empty() || source.anger_floor.is_some() => {
                "has an effect on the verdict: a pack 6…-….toml holds clues"
            }
            Self::Clue if source.clues.is_empty() => "names no clue",
            _ => return Ok(()),
        };
        Err(source.error(why.into()))
    }
}

/// Every rule and word list, ready to match. Immutable and shared between threads.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Rule>,
    places: Places,
    vocabulary: Vocabulary,
}

impl RuleSet {
    /// Loads the packs among `assets` (names that begin with two digits and end in `.toml`; others are not ours),
    /// in the order of their names, and checks every example sentence.
    ///
    /// # Errors
    /// What is wrong, with file, line and rule; of sentences that fail, every one.
    pub fn load(assets: &[Asset]) -> Result<Self, RuleError> {
        Self::load_for(Use::Verdict, assets)
    }

    /// Loads the packs of clues (`60-….toml` to `69-….toml`): the same format, but their rules name clues.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_clues(assets: &[Asset]) -> Result<Self, RuleError> {
        Self::load_for(Use::Clue, assets)
    }

    fn load_for(purpose: Use, assets: &[Asset]) -> Result<Self, RuleError> {
        let mut packs: Vec<&Asset> = assets.iter().filter(|asset| Use::of(&asset.name) == Some(purpose)).collect();
        packs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut sources: Vec<(RuleSource, Rule, Vec<Chain>)> = Vec::new();
        let mut vocabulary = VocabularyBuilder::default();
        for pack in packs {
            let file = RuleFile::parse(pack)?;
            for source in file.rules()? {
                purpose.check(&source)?;
                if let Some((first, ..)) = sources.iter().find(|(known, ..)| known.name == source.name) {
                    return Err(source.error(format!("the name is taken by a rule of {}", first.origin)));
                }
                let (rule, chains) = compile(&source)?;
                sources.push((source, rule, chains));
            }
            vocabulary.add(&file)?;
        }
        let mut set = Self::index(sources.iter().map(|(_, _, chains)| chains), vocabulary)?;
        let mut checks = Vec::with_capacity(sources.len());
        for (source, rule, _) in sources {
            set.rules.push(rule);
            checks.push(source);
        }
        let failed: Vec<RuleError> = checks.iter().enumerate().flat_map(|(at, source)| set.check(at, source)).collect();
        if failed.is_empty() { Ok(set) } else { Err(RuleError::Sentences(failed)) }
    }

    fn index<'a>(
        chains: impl Iterator<Item = &'a Vec<Chain>>,
        vocabulary: VocabularyBuilder,
    ) -> Result<Self, RuleError> {
        let places = Places::of(chains).map_err(RuleError::TooMany)?;
        Ok(Self { rules: Vec::new(), places, vocabulary: vocabulary.build()? })
    }

    /// Number of rules; [`RuleHit::rule`] is below it.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule's name.
    pub fn name(&self, rule: usize) -> Option<&str> {
        self.rules.get(rule).map(|rule| &*rule.name)
    }

    /// The clues that a match of the rule is; none for the rules of verdicts.
    pub fn clues(&self, rule: usize) -> &[Clue] {
        self.rules.get(rule).map_or(&[], |rule| rule.clues.as_slice())
    }

    /// The word lists that facts are found by.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Every match of every rule: subject first, then body, then attachments' names; by rule, then by place.
    pub fn hits(&self, text: &PreparedText) -> Vec<RuleHit> {
        let mut hits = Vec::with_capacity(USUAL);
        let Some(mut cache) = self.rules.first().map(|rule| rule.expression.cache()) else { return hits };
        let attachments = self.rules.iter().any(|rule| rule.attachment).then_some(Part::Attachment);
        for part in [Part::Subject, Part::Body].into_iter().chain(attachments) {
            self.hits_in(part, text.part(part), &mut cache, &mut hits);
        }
        hits
    }

    fn hits_in(&self, part: Part, folded: &Folded, cache: &mut Cache, hits: &mut Vec<RuleHit>) {
        let places = self.places.within(folded.text());
        for places in places.chunk_by(|one, other| one.rule == other.rule) {
            if let Some(first) = places.first() {
                self.hits_of(first.rule, part, folded, places, cache, hits);
            }
        }
    }

    fn hits_of(
        &self,
        index: usize,
        part: Part,
        folded: &Folded,
        places: &[Place],
        cache: &mut Cache,
        hits: &mut Vec<RuleHit>,
    ) {
        let Some(rule) = self.rules.get(index) else { return };
        let looked_at = match part {
            Part::Subject => rule.subject,
            Part::Body => rule.body,
            Part::Attachment => rule.attachment,
        };
        if !looked_at {
            return;
        }
        let text = folded.text();
        let (mut count, mut from) = (0, 0);
        for place in places {
            from = from.max(place.begins.start);
            while count < HITS_PER_RULE
                && let Some(found) = rule.expression.find(text, from..place.begins.end, place.end, cache)
            {
                let negated = rule.negatable && negation::negated(text, found.start);
                // "I don't want a voucher, I want a refund": what is denied may begin where the wish would be found.
                from = if negated { next_word(text, found.start) } else { found.end };
                count += 1;
                hits.push(RuleHit {
                    rule: index,
                    name: Arc::clone(&rule.name),
                    part,
                    span: folded.original_span(found.clone()),
                    matched: folded.words(found.clone()).to_owned(),
                    negated,
                    effects: Arc::clone(&rule.effects),
                    anger_floor: rule.anger_floor.filter(|_| meant(folded, &found)),
                });
            }
        }
    }

    /// The example sentences that fail.
    fn check(&self, index: usize, source: &RuleSource) -> Vec<RuleError> {
        let affirmed = |sentence: &str| {
            let part = match (source.body, source.attachment) {
                (true, _) => Part::Body,
                (false, true) => Part::Attachment,
                (false, false) => Part::Subject,
            };
            let text = match part {
                Part::Subject => PreparedText::new(sentence, "", &[]),
                Part::Body => PreparedText::new("", sentence, &[]),
                Part::Attachment => PreparedText::new("", "", &[sentence.to_owned()]),
            };
            let mut hits = Vec::new();
            let places = self.places.within(text.part(part).text()).into_iter().filter(|place| place.rule == index);
            let places: Vec<Place> = places.collect();
            if let Some(rule) = self.rules.get(index) {
                self.hits_of(index, part, text.part(part), &places, &mut rule.expression.cache(), &mut hits);
            }
            hits.into_iter().find(|hit| !hit.negated && hit.anger_floor == source.anger_floor)
        };
        let mut failed = Vec::new();
        for sentence in &source.must_match {
            if affirmed(sentence).is_none() {
                failed.push(source.error(format!("does not match its must_match sentence {sentence:?}")));
            }
        }
        for sentence in &source.must_not_match {
            if let Some(hit) = affirmed(sentence) {
                let matched = hit.matched;
                failed.push(source.error(format!("matches {matched:?} in its must_not_match sentence {sentence:?}")));
            }
        }
        failed
    }
}

/// Whether the words are the customer's own and not denied. A match that begins with its negation ("pas acceptable")
/// says what it says.
fn meant(folded: &Folded, range: &Range<usize>) -> bool {
    let text = folded.text();
    let denies = text.get(range.clone()).is_some_and(negation::begins_with_negation);
    (denies || !negation::negated(text, range.start)) && !quoted::quoted(folded, range)
}

/// Where the word after the one at `from` begins, or the end.
fn next_word(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find(' ')).map_or(text.len(), |space| from + space + 1)
}

/// `10-intent-fr.toml`, but not `policy.toml`.
fn is_pack(name: &str) -> bool {
    let bytes = name.as_bytes();
    matches!(bytes, [tens, ones, b'-', ..] if tens.is_ascii_digit() && ones.is_ascii_digit()) && name.ends_with(".toml")
}

/// One expression for any of several.
fn either<P: std::fmt::Display>(patterns: &[P]) -> String {
    patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|")
}

fn compile(source: &RuleSource) -> Result<(Rule, Vec<Chain>), RuleError> {
    let pattern = either(&source.patterns);
    let expression = Expression::of(&pattern)
        .map_err(|why| source.error(format!("the pattern is not a regular expression: {why}")))?;
    if needles::parse(&pattern).is_some_and(|hir| hir.properties().minimum_len() == Some(0)) {
        return Err(source.error("the pattern matches even where nothing stands: make a part of it necessary".into()));
    }
    let rule = Rule {
        name: source.name.as_str().into(),
        subject: source.subject,
        body: source.body,
        attachment: source.attachment,
        expression,
        negatable: source.negatable,
        effects: source.effects.as_slice().into(),
        clues: source.clues.clone(),
        anger_floor: source.anger_floor,
    };
    let chains = |pattern: &String| {
        needles::parse(pattern).as_ref().map(needles::chains).unwrap_or_else(|| vec![Chain::anywhere()])
    };
    Ok((rule, source.patterns.iter().flat_map(chains).collect()))
}

#[cfg(test)]
mod tests;
