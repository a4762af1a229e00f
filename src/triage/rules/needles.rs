//! Which words an expression cannot match without, so that most rules need not be run on most mails.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// Byte strings one of which stands in every match.
pub(super) type Needles = Vec<Vec<u8>>;

/// Shorter words stand in every mail.
const SHORTEST: usize = 2;
/// More alternatives than this are cut shorter by the extractor.
const MOST: usize = 250;
/// Sets of needles asked of one expression.
pub(super) const SETS: usize = 2;
/// A set found in more than this share of mails, by a rough guess, is not worth asking for besides another.
const USEFUL: f32 = 0.6;
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
/// `\b` without Unicode.
pub(super) fn marked(text: &str) -> Vec<u8> {
    let mut marked = Vec::with_capacity(text.len() + text.len() / 2);
    let mut within = false;
    for byte in text.bytes() {
        if is_word(byte) != within {
            marked.push(BOUNDARY);
            within = !within;
        }
        marked.push(byte);
    }
    if within {
        marked.push(BOUNDARY);
    }
    marked
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Sets of byte strings, to be looked for in a text as [`marked`] makes it: of each set, one stands in every match.
/// Empty when nothing useful can be said.
pub(super) fn needed(hir: &Hir) -> Vec<Needles> {
    needed_of(&bounded(hir))
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

fn needed_of(hir: &Hir) -> Vec<Needles> {
    let mut sets: Vec<Needles> = match hir.kind() {
        HirKind::Concat(parts) => parts.iter().filter_map(of).collect(),
        _ => Vec::new(),
    };
    sets.extend(of(hir));
    sets.iter_mut().for_each(|set| {
        set.sort();
        set.dedup();
    });
    sets.sort_by(|a, b| share(a).total_cmp(&share(b)));
    sets.dedup();
    let best = sets.first().map_or(1.0, share);
    sets.retain(|set| share(set) <= USEFUL.max(best));
    sets.truncate(SETS);
    sets
}

/// Whether no match can hold a full stop, question or exclamation mark, so that each lies within one sentence.
pub(super) fn within_sentence(hir: &Hir) -> bool {
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
    extractor.kind(ExtractKind::Prefix).limit_total(MOST).limit_literal_len(24);
    let sequence = extractor.extract(hir);
    let words: Vec<Vec<u8>> = sequence.literals()?.iter().map(|literal| with_boundaries(literal.as_bytes())).collect();
    let length = |word: &Vec<u8>| word.iter().filter(|byte| **byte != BOUNDARY).count();
    let shortest = words.iter().map(length).min().unwrap_or(0);
    (!words.is_empty() && shortest >= SHORTEST).then_some(words)
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
            0..=2 => 0.4,
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
    fn words(pattern: &str) -> Vec<Vec<String>> {
        let text = |word: Vec<u8>| String::from_utf8(word).unwrap().replace('\u{1}', "|");
        needed(&parse(pattern).unwrap()).into_iter().map(|set| set.into_iter().map(text).collect()).collect()
    }

    #[test]
    fn the_rarest_needed_words_are_found_wherever_they_stand() {
        let sets = words(r"\bje (?:veux|voudrais)\b.{0,40}\brembours");
        assert_eq!(sets.first(), Some(&vec!["|rembours".to_owned()]));
        assert_eq!(sets.len(), 2, "{sets:?}");
        assert_eq!(words("scam|fraud"), [["fraud", "scam"]]);
    }

    #[test]
    fn whole_words_are_looked_for_as_such() {
        assert_eq!(words(r"\b(?:con|de merde)\b"), [["|con|", "|de| |merde|"]]);
        assert_eq!(marked("con, l'un"), b"\x01con\x01, \x01l\x01'\x01un\x01");
        assert_eq!(words(r"\bpas? \bcon\b").first(), Some(&vec!["|pa| |con|".to_owned(), "|pas| |con|".to_owned()]));
    }

    #[test]
    fn an_expression_that_needs_no_word_says_so() {
        assert!(words("[!?]{3,}").is_empty());
        assert!(words("scam|[0-9]+").is_empty());
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
