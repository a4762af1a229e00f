//! Which words an expression cannot match without, so that most rules need not be run on most mails.

use std::ops::Range;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::marked::{BOUNDARY, bounded, is_boundary, is_word, own};
use super::opening::Opening;

/// Byte strings one of which stands in every match.
pub(super) type Needles = Vec<Vec<u8>>;

/// Shorter words stand in every mail, but for marks, and letters that begin a word.
const SHORTEST: usize = 2;
/// More alternatives than this are cut shorter by the extractor.
const MOST: usize = 250;
/// Sets of needles asked of one expression.
pub(super) const SETS: usize = 4;
/// A set whose words stand in more than this share of mails, by a rough guess that adds them up, is not worth asking for besides another.
const USEFUL: f32 = 1.5;
/// Bytes of a needle at most, before the boundaries within it are made visible.
const LONGEST: usize = 24;
/// Letters of a word at most, and words in a row where any number may stand.
const LETTERS: usize = 64;
const WORDS: u32 = 12;
/// A set this rare need not be bettered.
const RARE: f32 = 0.1;
/// How much rarer a word is by itself than within others.
const WHOLE_WORD: f32 = 0.25;

/// Parsed as the rules' expressions are compiled.
pub(super) fn parse(pattern: &str) -> Option<Hir> {
    ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

/// Sets of needles in the order in which a match has them, one of each set. All lengths are those of unmarked text, in bytes, at
/// most but for `head.least`; `None` where there is no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// None where nothing useful can be said.
    pub links: Vec<Link>,
    /// From the beginning of the match to that of its first needle.
    pub head: Head,
    /// What it may begin with.
    pub opening: Opening,
    /// From the beginning of the match to that of its last needle.
    pub before: Option<usize>,
    /// From the beginning of its last needle to its end.
    pub after: Option<usize>,
    /// No match holds a full stop, question or exclamation mark, so that each lies within one sentence.
    pub within_sentence: bool,
}

impl Chain {
    /// Of an expression that nothing is known of.
    pub fn anywhere() -> Self {
        let (head, opening) = (Head::default(), Opening::ANY);
        Self { links: Vec::new(), head, opening, before: None, after: None, within_sentence: false }
    }
}

/// How far in something begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub least: usize,
    pub most: Option<usize>,
}

impl Head {
    /// So many bytes between the least and the most are no trouble to try one by one.
    const VAGUE: usize = 16;

    /// Right at the beginning.
    const NONE: Self = Self { least: 0, most: Some(0) };

    /// Behind parts of an expression.
    fn behind(parts: &[Hir]) -> Self {
        let least = parts.iter().map(shortest).fold(0, usize::saturating_add);
        Self { least, most: all_together(parts) }
    }

    /// Whether a match may begin at many places for one needle.
    fn is_vague(self) -> bool {
        self.most.is_none_or(|most| most - self.least > Self::VAGUE)
    }

    fn and(self, further: Self) -> Self {
        let most = self.most.zip(further.most).and_then(|(a, b)| a.checked_add(b));
        Self { least: self.least.saturating_add(further.least), most }
    }

    /// Either of the two.
    fn or(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.zip(other.most).map(|(a, b)| a.max(b)) }
    }
}

/// See there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// To be looked for in a text as [`marked`] makes it.
    pub needles: Needles,
    /// From the beginning of the needle before.
    pub reach: Option<usize>,
}

/// The chain of each branch of an expression: a match is a match of one of these.
pub(super) fn chains(hir: &Hir) -> Vec<Chain> {
    let mut chains = Vec::new();
    add_chains(&bounded(hir), &mut chains);
    chains
}

/// Beginnings are not taken apart into more chains than this: branches that may be empty would double them again and again.
const CHAINS: usize = 64;

fn add_chains(hir: &Hir, chains: &mut Vec<Chain>) {
    match Branches::of(hir) {
        Some(branches) if branches.is_all() => branches.apart().iter().for_each(|branch| add_chains(branch, chains)),
        branches => {
            let whole = chain(hir);
            let room = chains.len() < CHAINS;
            match branches.filter(|branches| room && whole.head.is_vague() && branches.are_few()) {
                Some(branches) => branches.apart().iter().for_each(|branch| add_chains(branch, chains)),
                None => chains.push(whole),
            }
        }
    }
}

/// An alternation that an expression begins with, but for boundaries.
struct Branches<'a> {
    before: &'a [Hir],
    branches: &'a [Hir],
    behind: &'a [Hir],
}

impl<'a> Branches<'a> {
    /// The beginning of an expression is taken apart into so many at most.
    const FEW: usize = 8;

    fn of(hir: &'a Hir) -> Option<Self> {
        let parts = match hir.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            _ => std::slice::from_ref(hir),
        };
        let first = parts.iter().position(|part| !is_boundary(part))?;
        let (before, behind) = (parts.get(..first)?, parts.get(first + 1..)?);
        match parts.get(first)?.kind() {
            HirKind::Alternation(branches) => Some(Self { before, branches, behind }),
            _ => None,
        }
    }

    /// Whether the expression is nothing else.
    fn is_all(&self) -> bool {
        self.behind.iter().all(is_boundary)
    }

    fn are_few(&self) -> bool {
        self.branches.len() <= Self::FEW
    }

    /// The expression with each of them by itself.
    fn apart(&self) -> Vec<Hir> {
        let whole = |branch| Hir::concat([self.before, std::slice::from_ref(branch), self.behind].concat());
        self.branches.iter().map(whole).collect()
    }
}

/// What one part of an expression cannot match without.
struct Found {
    part: usize,
    needles: Needles,
    /// From the beginning of the part.
    head: Head,
    share: f32,
    /// May reach into the parts behind it.
    row: bool,
}

fn chain(hir: &Hir) -> Chain {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let longest = |range: Range<usize>| all_together(parts.get(range)?);
    let mut found: Vec<Found> = (0..parts.len()).filter_map(|part| rarest(parts, part)).collect();
    found.sort_by(|a, b| a.share.total_cmp(&b.share));
    let mut chosen: Vec<Found> = Vec::new();
    for one in found {
        let near = |other: &Found| {
            let (from, to) = (other.part.min(one.part), other.part.max(one.part));
            (one.row || other.row) && longest(from..to).is_some_and(|length| length < LONGEST)
        };
        let wanted = chosen.is_empty() || (one.share <= USEFUL && !chosen.iter().any(near));
        if wanted && chosen.len() < SETS {
            chosen.push(one);
        }
    }
    chosen.sort_by_key(|one| one.part);
    let last = chosen.last().map_or(0, |last| last.part);
    let head = chosen
        .first()
        .map_or(Head::default(), |first| Head::behind(parts.get(..first.part).unwrap_or_default()).and(first.head));
    let mut earlier = None;
    let link = |one: Found| {
        let reach = longest(earlier.unwrap_or(one.part)..one.part + 1);
        earlier = Some(one.part);
        Link { needles: one.needles, reach }
    };
    Chain {
        links: chosen.into_iter().map(link).collect(),
        head,
        opening: Opening::of(hir),
        before: longest(0..last + 1),
        after: longest(last..parts.len()),
        within_sentence: within_sentence(hir),
    }
}

/// How long a match can be. What may be repeated without end is repeated as often as anybody does: in a text that goes on for
/// longer a match is cut there, or not found.
fn longest(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let length = longest(&repetition.sub)?;
            if let Some(most) = repetition.max {
                return length.checked_mul(most as usize);
            }
            if matches!(repetition.sub.kind(), HirKind::Class(_)) && !letters(&repetition.sub) {
                return None;
            }
            Some(length.checked_mul(repetition.min.max(WORDS) as usize)?.max(LETTERS))
        }
        HirKind::Concat(parts) => all_together(parts),
        HirKind::Alternation(branches) => {
            branches.iter().map(longest).try_fold(0, |most, length| Some(most.max(length?)))
        }
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Literal(literal) => Some(own(&literal.0)),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => hir.properties().maximum_len(),
    }
}

/// How long a match of one after another can be.
fn all_together(parts: &[Hir]) -> Option<usize> {
    parts.iter().map(longest).try_fold(0_usize, |sum, length| sum.checked_add(length?))
}

/// How short a match can be.
fn shortest(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Repetition(repetition) => shortest(&repetition.sub).saturating_mul(repetition.min as usize),
        HirKind::Concat(parts) => parts.iter().map(shortest).fold(0, usize::saturating_add),
        HirKind::Alternation(branches) => branches.iter().map(shortest).min().unwrap_or(0),
        HirKind::Capture(capture) => shortest(&capture.sub),
        HirKind::Literal(literal) => own(&literal.0),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => hir.properties().minimum_len().unwrap_or(0),
    }
}

/// Whether it is one letter, digit or mark within a number.
fn letters(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => class
            .iter()
            .all(|range| (range.start()..=range.end()).all(|byte| is_word(byte) || matches!(byte, b'.' | b','))),
        _ => false,
    }
}

/// What a match has somewhere in a part, or from its beginning on: whichever is rarer.
fn rarest(parts: &[Hir], part: usize) -> Option<Found> {
    let found = |(mut needles, head): (Needles, Head), row: bool| {
        needles.sort();
        needles.dedup();
        Found { part, share: share(&needles), needles, head, row }
    };
    let inner = of(parts.get(part)?).map(|needed| found(needed, false));
    if inner.as_ref().is_some_and(|inner| inner.share <= RARE) {
        return inner;
    }
    // Parts that are common by themselves may be rare in a row; looking costs the square of their number.
    let row = prefixes(&Hir::concat(parts.get(part..)?.to_vec())).map(|needles| found((needles, Head::NONE), true));
    inner.into_iter().chain(row).min_by(|a, b| a.share.total_cmp(&b.share))
}

/// A literal with the boundaries that lie within it, and those that were asked for, once each.
fn with_boundaries(literal: &[u8]) -> Vec<u8> {
    let mut whole: Vec<u8> = Vec::with_capacity(literal.len() + 8);
    let mut last = None;
    for byte in literal {
        let boundary = *byte == BOUNDARY || last.is_some_and(|last| is_word(last) != is_word(*byte));
        if boundary && whole.last() != Some(&BOUNDARY) {
            whole.push(BOUNDARY);
        }
        if *byte != BOUNDARY {
            whole.push(*byte);
            last = Some(*byte);
        }
    }
    whole
}

/// Whether no match can hold a full stop, question or exclamation mark, so that each lies within one sentence.
fn within_sentence(hir: &Hir) -> bool {
    const ENDS: &[u8] = b".!?";
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.iter().any(|byte| ENDS.contains(byte)),
        HirKind::Class(Class::Bytes(class)) => {
            !class.iter().any(|range| ENDS.iter().any(|end| (range.start()..=range.end()).contains(end)))
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repetition) => within_sentence(&repetition.sub),
        HirKind::Capture(capture) => within_sentence(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(within_sentence),
    }
}

/// What a match cannot be without, and how far in it stands.
fn of(hir: &Hir) -> Option<(Needles, Head)> {
    let at_its_beginning = |hir: &Hir| prefixes(hir).map(|needles| (needles, Head::NONE));
    match hir.kind() {
        HirKind::Alternation(branches) => {
            let all: Option<Vec<_>> = branches.iter().map(of).collect();
            let one = |(mut needles, head): (Needles, Head), (more, further): (Needles, Head)| {
                needles.extend(more);
                (needles, head.or(further))
            };
            all.and_then(|all| all.into_iter().reduce(one)).or_else(|| at_its_beginning(hir))
        }
        HirKind::Concat(parts) => {
            let rarest = |a: &(Needles, Head), b: &(Needles, Head)| share(&a.0).total_cmp(&share(&b.0));
            let behind = |part: usize| Head::behind(parts.get(..part).unwrap_or_default());
            let inner = parts.iter().enumerate().filter_map(|(part, inside)| {
                let (needles, head) = of(inside)?;
                Some((needles, behind(part).and(head)))
            });
            let inner = inner.min_by(rarest);
            if inner.as_ref().is_some_and(|(words, _)| share(words) <= RARE) {
                return inner;
            }
            // Parts that are common by themselves may be rare in a row; looking costs the square of their number.
            let tails = (0..parts.len())
                .filter_map(|from| Some((prefixes(&Hir::concat(parts.get(from..)?.to_vec()))?, behind(from))));
            tails.chain(inner).min_by(rarest)
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        _ => at_its_beginning(hir),
    }
}

/// What every match of an expression begins with.
fn prefixes(hir: &Hir) -> Option<Needles> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(MOST).limit_literal_len(LONGEST);
    let sequence = extractor.extract(hir);
    let words: Vec<Vec<u8>> = sequence.literals()?.iter().map(|literal| with_boundaries(literal.as_bytes())).collect();
    let tells = |word: &Vec<u8>| {
        let letters = word.iter().filter(|byte| **byte != BOUNDARY && **byte != b' ').count();
        let mark = |byte: &u8| !is_word(*byte) && *byte != b' ' && *byte != BOUNDARY;
        letters >= SHORTEST || (letters == 1 && word.first() == Some(&BOUNDARY)) || word.iter().any(mark)
    };
    (!words.is_empty() && words.iter().all(tells)).then_some(words)
}

/// A rough guess at the share of mails in which one of the words stands.
fn share(words: &Needles) -> f32 {
    const COMMON: &[&str] = &[
        "vous", "nous", "votre", "notre", "pour", "dans", "avec", "mais", "est", "pas", "que", "les", "des", "une",
        "suis", "avez", "j'ai", "plus", "the", "and", "you", "your", "for", "not", "have", "with", "that", "this",
        "was", "are", "but", "it", "me", "je", "ne", "on", "un", "le", "la", "de", "to", "my", "we", "in", "is",
    ];
    let of_word = |word: &Vec<u8>| {
        let text: Vec<u8> = word.iter().copied().filter(|byte| *byte != BOUNDARY).collect();
        let text = text.trim_ascii();
        if COMMON.iter().any(|common| common.as_bytes() == text) {
            return 0.5;
        }
        let alone = word.first() == Some(&BOUNDARY) && word.last() == Some(&BOUNDARY);
        let part = match text.len() {
            0..=1 if text.iter().all(|byte| !is_word(*byte)) => 0.3,
            0..=1 => 1.0,
            2 if word.first() == Some(&BOUNDARY) => 0.4,
            2 => 0.8,
            3 => 0.12,
            4 => 0.05,
            5 => 0.025,
            _ => 0.012,
        };
        if alone { part * WHOLE_WORD } else { part }
    };
    words.iter().map(of_word).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `|` for a boundary.
    fn words(needles: &Needles) -> Vec<String> {
        let text = |word: &Vec<u8>| String::from_utf8(word.clone()).unwrap().replace('\u{1}', "|");
        needles.iter().map(text).collect()
    }

    /// The sets of an expression that has one branch.
    fn sets(pattern: &str) -> Vec<Vec<String>> {
        let chains = chains(&parse(pattern).unwrap());
        assert_eq!(chains.len(), 1, "{chains:?}");
        chains[0].links.iter().map(|link| words(&link.needles)).collect()
    }

    #[test]
    fn needed_words_are_found_in_their_order_with_their_distances() {
        let pattern = r"\bje (?:veux|voudrais)\b.{0,40}\brembours\w*";
        assert_eq!(sets(pattern), [vec!["|je| |veux|", "|je| |voudrais|"], vec!["|rembours"]]);
        let chain = chains(&parse(pattern).unwrap()).remove(0);
        // "je voudrais", forty letters and "rembours"; then the rest of the word.
        let (reach, before, after) = (chain.links[1].reach.unwrap(), chain.before.unwrap(), chain.after.unwrap());
        assert_eq!((reach, before, after), (59, 59, 8 + 64), "{chain:?}");
    }

    #[test]
    fn each_branch_has_its_own_needles() {
        let both = chains(&parse(r"\b(?:scam|fraud.{0,9}again)\b").unwrap());
        let both: Vec<Vec<Vec<String>>> =
            both.iter().map(|chain| chain.links.iter().map(|link| words(&link.needles)).collect()).collect();
        assert_eq!(both, [vec![vec!["|scam|"]], vec![vec!["|fraud"], vec!["again|"]]]);
    }

    #[test]
    fn how_far_before_its_first_needle_a_match_begins_is_known() {
        let head = |pattern: &str| chains(&parse(pattern).unwrap()).iter().map(|chain| chain.head).collect::<Vec<_>>();
        let known = |least, most| Head { least, most: Some(most) };
        assert_eq!(head(r"\bje (?:veux|voudrais)\b.{0,40}\brembours\w*"), [known(0, 0)]);
        assert_eq!(head(r"[0-9]{2,3} ?(?:euros|quid) short"), [known(2, 4)]);
        assert_eq!(head(r"(?:[0-9]|[a-z ]*) refunded"), [known(1, 1), Head { least: 0, most: None }], "taken apart");
        let [Chain { head: Head { least: 0, most: Some(most) }, .. }] =
            &chains(&parse(r"\b.{0,30} refunded").unwrap())[..]
        else {
            panic!("one chain")
        };
        assert_eq!(*most, 30);
    }

    #[test]
    fn whole_words_are_looked_for_as_such() {
        assert_eq!(sets(r"\b(?:con|de merde)s?\b"), [["|con|", "|cons|", "|de| |merde|", "|de| |merdes|"]]);
        assert_eq!(sets(r"\bpas? \bcon\b"), [["|pa| |con|", "|pas| |con|"]]);
    }

    #[test]
    fn an_expression_that_needs_no_word_says_so() {
        assert!(sets("(?:a|[0-9])+").is_empty());
        assert!(sets(r"\w+ [0-9]+").is_empty());
        assert_eq!(sets("[!?]{3,}"), [["!", "?"]]);
    }

    #[test]
    fn a_length_without_end_has_none_but_for_words() {
        let length = |pattern: &str| longest(&parse(pattern).unwrap());
        assert_eq!(length(r"a.*b"), None);
        assert_eq!(length(r"a\w*b"), Some(66));
        assert_eq!(length(r"(?:the |my )*b"), Some(65));
        assert_eq!(length(r"(?:never ever )*b"), Some(12 * 11 + 1));
        assert_eq!(length(r"(?:ab|c[0-9]{2,5})?"), Some(6));
    }

    #[test]
    fn a_gap_that_stops_at_full_stops_stays_within_a_sentence() {
        assert!(within_sentence(&parse(r"\bpromis\b[^.!?;]{0,40}\brembours").unwrap()));
        assert!(!within_sentence(&parse(r"\bpromis\b.{0,40}\brembours").unwrap()));
        assert!(!within_sentence(&parse(r"n\.o").unwrap()));
    }
}
