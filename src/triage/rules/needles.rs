//! Which words an expression cannot match without, so that most rules need not be run on most mails.

use std::ops::Range;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

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
/// Gaps of at least this many bytes make automata large.
const GAP: u32 = 8;

/// Stands for a word boundary, in needles and in the text they are looked for in; folded text holds no such byte.
const BOUNDARY: u8 = 1;

/// Parsed as the rules' expressions are compiled.
pub(super) fn parse(pattern: &str) -> Option<Hir> {
    ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

/// The text with its word boundaries made visible: "con" is not looked for within "contact". Boundaries are those of
/// `\b` without Unicode. For each byte, how many of the text's own stand before it.
pub(super) fn marked(text: &str) -> (Vec<u8>, Vec<u32>) {
    let mut marked = Vec::with_capacity(text.len() + text.len() / 2);
    let mut origins = Vec::with_capacity(marked.capacity());
    let mut within = false;
    for (byte, at) in text.bytes().zip(0..) {
        if is_word(byte) != within {
            marked.push(BOUNDARY);
            origins.push(at);
            within = !within;
        }
        marked.push(byte);
        origins.push(at);
    }
    if within {
        marked.push(BOUNDARY);
        origins.push(text.len() as u32);
    }
    (marked, origins)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Sets of needles in the order in which a match has them, one of each set. All lengths are those of unmarked text, in bytes, at
/// most; `None` where there is no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// None where nothing useful can be said.
    pub links: Vec<Link>,
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
        Self { links: Vec::new(), before: None, after: None, within_sentence: false }
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
    branches(&bounded(hir), &mut |branch| chains.push(chain(branch)));
    chains
}

fn branches(hir: &Hir, take: &mut impl FnMut(&Hir)) {
    let boundary = |part: &&Hir| !matches!(part.kind(), HirKind::Literal(literal) if literal.0.iter().all(|byte| *byte == BOUNDARY));
    match hir.kind() {
        HirKind::Alternation(all) => all.iter().for_each(|branch| branches(branch, take)),
        HirKind::Concat(parts) => {
            let mut inner = parts.iter().filter(boundary);
            match (inner.next(), inner.next()) {
                (Some(only), None) if matches!(only.kind(), HirKind::Alternation(_)) => branches(only, take),
                _ => take(hir),
            }
        }
        _ => take(hir),
    }
}

/// What one part of an expression cannot match without.
struct Found {
    part: usize,
    needles: Needles,
    share: f32,
    /// May reach into the parts behind it.
    row: bool,
}

fn chain(hir: &Hir) -> Chain {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let longest = |range: Range<usize>| -> Option<usize> { parts.get(range)?.iter().map(longest).sum() };
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
    let mut earlier = None;
    let link = |one: Found| {
        let reach = longest(earlier.unwrap_or(one.part)..one.part + 1);
        earlier = Some(one.part);
        Link { needles: one.needles, reach }
    };
    Chain {
        links: chosen.into_iter().map(link).collect(),
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
        HirKind::Concat(parts) => parts.iter().map(longest).sum(),
        HirKind::Alternation(branches) => {
            branches.iter().map(longest).try_fold(0, |most, length| Some(most.max(length?)))
        }
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.properties().maximum_len(),
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
    let found = |mut needles: Needles, row: bool| {
        needles.sort();
        needles.dedup();
        Found { part, share: share(&needles), needles, row }
    };
    let inner = of(parts.get(part)?).map(|needles| found(needles, false));
    if inner.as_ref().is_some_and(|inner| inner.share <= RARE) {
        return inner;
    }
    // Parts that are common by themselves may be rare in a row; looking costs the square of their number.
    let row = prefixes(&Hir::concat(parts.get(part..)?.to_vec())).map(|needles| found(needles, true));
    inner.into_iter().chain(row).min_by(|a, b| a.share.total_cmp(&b.share))
}

/// The expression over marked text, as far as its literals go: `\b` is a byte of its own, at both ends of each branch
/// of an alternation that it stands beside.
fn bounded(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::WordAscii) => Hir::literal([BOUNDARY]),
        HirKind::Look(_) => Hir::empty(),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(bounded(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => bounded(&capture.sub),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(bounded).collect()),
        HirKind::Concat(parts) => {
            let looks = |at: Option<usize>| {
                let look = at.and_then(|at| parts.get(at)).map(Hir::kind);
                look.is_some_and(|kind| matches!(kind, HirKind::Look(Look::WordAscii)))
            };
            let mark = |there: bool| {
                if there { Hir::literal([BOUNDARY]) } else { Hir::empty() }
            };
            let part = |(at, part): (usize, &Hir)| {
                let inside = bounded(part);
                let HirKind::Alternation(branches) = inside.kind() else {
                    return inside;
                };
                let (before, after) = (looks(at.checked_sub(1)), looks(Some(at + 1)));
                let branch = |branch: &Hir| Hir::concat(vec![mark(before), branch.clone(), mark(after)]);
                Hir::alternation(branches.iter().map(branch).collect())
            };
            Hir::concat(parts.iter().enumerate().map(part).collect())
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
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

/// The expression with its long gaps made endless: it matches wherever the expression does, and its automaton is
/// small. `None` when there is no such gap.
pub(super) fn sketch(hir: &Hir) -> Option<Hir> {
    let loose = loosened(hir);
    (loose != *hir).then_some(loose)
}

fn loosened(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let max = repetition.max.filter(|most| *most < GAP);
            let min = if max.is_none() { repetition.min.min(1) } else { repetition.min };
            Hir::repetition(Repetition { sub: Box::new(loosened(&repetition.sub)), max, min, ..repetition.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(loosened).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(loosened).collect()),
        HirKind::Capture(capture) => loosened(&capture.sub),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

fn of(hir: &Hir) -> Option<Needles> {
    match hir.kind() {
        HirKind::Alternation(branches) => {
            let all: Option<Vec<_>> = branches.iter().map(of).collect();
            all.map(|all| all.concat()).or_else(|| prefixes(hir))
        }
        HirKind::Concat(parts) => {
            let rarest = |a: &Needles, b: &Needles| share(a).total_cmp(&share(b));
            let inner = parts.iter().filter_map(of).min_by(rarest);
            if inner.as_ref().is_some_and(|words| share(words) <= RARE) {
                return inner;
            }
            // Parts that are common by themselves may be rare in a row; looking costs the square of their number.
            let tails = (0..parts.len()).filter_map(|from| prefixes(&Hir::concat(parts.get(from..)?.to_vec())));
            tails.chain(inner).min_by(rarest)
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        _ => prefixes(hir),
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
        // "je voudrais", forty letters and "rembours", with some boundaries counted as letters; then the rest of the word.
        let (reach, before, after) = (chain.links[1].reach.unwrap(), chain.before.unwrap(), chain.after.unwrap());
        assert!((51 + 8..70).contains(&reach) && before >= reach && before < 70, "{chain:?}");
        assert!((8 + 64..80).contains(&after), "{chain:?}");
    }

    #[test]
    fn each_branch_has_its_own_needles() {
        let both = chains(&parse(r"\b(?:scam|fraud.{0,9}again)\b").unwrap());
        let both: Vec<Vec<Vec<String>>> =
            both.iter().map(|chain| chain.links.iter().map(|link| words(&link.needles)).collect()).collect();
        assert_eq!(both, [vec![vec!["|scam|"]], vec![vec!["|fraud"], vec!["again|"]]]);
    }

    #[test]
    fn whole_words_are_looked_for_as_such() {
        assert_eq!(sets(r"\b(?:con|de merde)s?\b"), [["|con|", "|cons|", "|de| |merde|", "|de| |merdes|"]]);
        assert_eq!(marked("con, l'un").0, b"\x01con\x01, \x01l\x01'\x01un\x01");
        assert_eq!(marked("a b").1, [0, 0, 1, 1, 2, 2, 3]);
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

    #[test]
    fn a_sketch_matches_wherever_the_expression_does() {
        let hir = parse(r"\bpromis\b[^.!?;]{0,40}\brembours|\bavoir [a-z]{9,12}\b").unwrap();
        let sketch = sketch(&hir).unwrap().to_string();
        let sketch = regex::bytes::RegexBuilder::new(&sketch).unicode(false).build().unwrap();
        for text in ["promis de rembourser", "avoir commercial", "avoir commerciaux"] {
            assert!(sketch.is_match(text.as_bytes()), "{text}");
        }
        assert!(!sketch.is_match(b"promis. rembourser"));
        assert_eq!(super::sketch(&parse(r"\bmoney {0,3}back\b").unwrap()), None);
    }
}
