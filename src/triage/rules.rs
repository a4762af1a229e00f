//! The rule packs `rules/NN-….toml`: loaded, checked against their own sentences, and matched.

pub mod file;
mod needles;
mod negation;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

pub use file::RuleError;

use self::file::{RuleFile, RuleSource};
use self::needles::Needles;
use super::facts::vocabulary::{Vocabulary, VocabularyBuilder};
use super::hit::{Effect, Part, RuleHit};
use super::prepared::{Folded, PreparedText};
use crate::domain::Asset;

/// More matches of one rule in one part than this say nothing new.
const HITS_PER_RULE: usize = 3;

/// One loaded rule.
#[derive(Debug)]
struct Rule {
    name: String,
    subject: bool,
    body: bool,
    regex: Regex,
    negatable: bool,
    effects: Vec<Effect>,
}

/// Every rule and word list, ready to match. Immutable and shared between threads.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Rules without a word they need: run on every mail.
    always: Vec<usize>,
    needles: AhoCorasick,
    /// For each needle, the rules that may match where it stands.
    owners: Vec<Vec<usize>>,
    vocabulary: Vocabulary,
}

impl RuleSet {
    /// Loads the packs among `assets` (names that begin with two digits and end in `.toml`; others are not ours),
    /// in the order of their names, and checks every example sentence.
    ///
    /// # Errors
    /// What is wrong, with file, line and rule; of sentences that fail, every one.
    pub fn load(assets: &[Asset]) -> Result<Self, RuleError> {
        let mut packs: Vec<&Asset> = assets.iter().filter(|asset| is_pack(&asset.name)).collect();
        packs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut sources: Vec<(RuleSource, Rule, Option<Needles>)> = Vec::new();
        let mut vocabulary = VocabularyBuilder::default();
        for pack in packs {
            let file = RuleFile::parse(pack)?;
            for source in file.rules()? {
                if let Some((first, ..)) = sources.iter().find(|(known, ..)| known.name == source.name) {
                    return Err(source.error(format!("the name is taken by a rule of {}", first.origin)));
                }
                let (rule, needles) = compile(&source)?;
                sources.push((source, rule, needles));
            }
            vocabulary.add(&file)?;
        }
        let mut set = Self::index(sources.iter().map(|(_, _, needles)| needles.as_ref()), vocabulary)?;
        let mut checks = Vec::with_capacity(sources.len());
        for (source, rule, _) in sources {
            set.rules.push(rule);
            checks.push(source);
        }
        let failed: Vec<RuleError> = checks.iter().enumerate().flat_map(|(at, source)| set.check(at, source)).collect();
        if failed.is_empty() { Ok(set) } else { Err(RuleError::Sentences(failed)) }
    }

    fn index<'a>(
        needles: impl Iterator<Item = Option<&'a Needles>>,
        vocabulary: VocabularyBuilder,
    ) -> Result<Self, RuleError> {
        let mut always = Vec::new();
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (rule, needed) in needles.enumerate() {
            let Some(needed) = needed else {
                always.push(rule);
                continue;
            };
            for word in needed {
                let place = *places.entry(word.clone()).or_insert_with(|| {
                    words.push(word.clone());
                    owners.push(Vec::new());
                    words.len() - 1
                });
                if let Some(owner) = owners.get_mut(place) {
                    owner.push(rule);
                }
            }
        }
        let needles = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .map_err(|error| RuleError::TooMany(error.to_string()))?;
        Ok(Self { rules: Vec::new(), always, needles, owners, vocabulary: vocabulary.build()? })
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
        self.rules.get(rule).map(|rule| rule.name.as_str())
    }

    /// The word lists that facts are found by.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Every match of every rule: subject first, then body; by rule, then by place.
    pub fn hits(&self, text: &PreparedText) -> Vec<RuleHit> {
        let mut hits = Vec::new();
        for part in [Part::Subject, Part::Body] {
            let folded = text.part(part);
            for index in self.possible(folded.text()) {
                self.hits_of(index, part, folded, &mut hits);
            }
        }
        hits
    }

    /// Rules whose words stand in the text, ascending.
    fn possible(&self, text: &str) -> Vec<usize> {
        let mut seen = vec![false; self.rules.len()];
        for found in self.needles.find_overlapping_iter(text) {
            for &rule in self.owners.get(found.pattern().as_usize()).into_iter().flatten() {
                if let Some(mark) = seen.get_mut(rule) {
                    *mark = true;
                }
            }
        }
        for &rule in &self.always {
            if let Some(mark) = seen.get_mut(rule) {
                *mark = true;
            }
        }
        seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(index, _)| index).collect()
    }

    fn hits_of(&self, index: usize, part: Part, folded: &Folded, hits: &mut Vec<RuleHit>) {
        let Some(rule) = self.rules.get(index) else { return };
        if !(if part == Part::Subject { rule.subject } else { rule.body }) {
            return;
        }
        let text = folded.text();
        let (mut from, mut count) = (0, 0);
        while count < HITS_PER_RULE
            && let Some(found) = rule.regex.find_at(text.as_bytes(), from)
            && !found.is_empty()
        {
            let negated = rule.negatable && negation::negated(text, found.start());
            // "I don't want a voucher, I want a refund": what is denied may begin where the wish would be found.
            from = if negated { next_word(text, found.start()) } else { found.end() };
            count += 1;
            hits.push(RuleHit {
                rule: index,
                name: rule.name.clone(),
                part,
                span: folded.original_span(found.range()),
                matched: folded.words(found.range()).to_owned(),
                negated,
                effects: rule.effects.clone(),
            });
        }
    }

    /// The example sentences that fail.
    fn check(&self, index: usize, source: &RuleSource) -> Vec<RuleError> {
        let affirmed = |sentence: &str| {
            let text = if source.subject && !source.body {
                PreparedText::new(sentence, "", &[])
            } else {
                PreparedText::new("", sentence, &[])
            };
            let part = if source.body { Part::Body } else { Part::Subject };
            let mut hits = Vec::new();
            if self.possible(text.part(part).text()).contains(&index) {
                self.hits_of(index, part, text.part(part), &mut hits);
            }
            hits.into_iter().find(|hit| !hit.negated)
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

/// Where the word after the one at `from` begins, or the end.
fn next_word(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find(' ')).map_or(text.len(), |space| from + space + 1)
}

/// `10-intent-fr.toml`, but not `policy.toml`.
fn is_pack(name: &str) -> bool {
    let bytes = name.as_bytes();
    matches!(bytes, [tens, ones, b'-', ..] if tens.is_ascii_digit() && ones.is_ascii_digit()) && name.ends_with(".toml")
}

/// The expression and the words it cannot match without.
fn compile(source: &RuleSource) -> Result<(Rule, Option<Needles>), RuleError> {
    let pattern = source.patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
    let regex = RegexBuilder::new(&pattern)
        .unicode(false)
        .size_limit(1 << 22)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|error| source.error(format!("the pattern is not a regular expression: {error}")))?;
    let rule = Rule {
        name: source.name.clone(),
        subject: source.subject,
        body: source.body,
        regex,
        negatable: source.negatable,
        effects: source.effects.clone(),
    };
    Ok((rule, needles::needed(&pattern)))
}

#[cfg(test)]
mod tests;
