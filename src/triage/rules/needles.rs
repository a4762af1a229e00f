//! Which words an expression cannot match without, so that most rules need not be run on most mails.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

/// Byte strings one of which stands in every match.
pub(super) type Needles = Vec<Vec<u8>>;

/// Shorter words stand in every mail.
const SHORTEST: usize = 2;
/// More alternatives than this are cut shorter by the extractor.
const MOST: usize = 250;

/// Byte strings one of which stands in every match; `None` when nothing useful can be said.
pub(super) fn needed(pattern: &str) -> Option<Needles> {
    let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    let mut words = of(&hir)?;
    words.sort();
    words.dedup();
    Some(words)
}

fn of(hir: &Hir) -> Option<Needles> {
    match hir.kind() {
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<_>> = branches.iter().map(of).collect();
            all.map(|all| all.concat()).or_else(|| prefixes(hir))
        }
        HirKind::Concat(parts) => {
            let tails = (0..parts.len()).filter_map(|from| prefixes(&Hir::concat(parts.get(from..)?.to_vec())));
            let inner = parts.iter().filter_map(of);
            tails.chain(inner).max_by_key(|words| (shortest(words).min(5), std::cmp::Reverse(words.len())))
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
    let words: Vec<Vec<u8>> = sequence.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    (!words.is_empty() && shortest(&words) >= SHORTEST).then_some(words)
}

fn shortest(words: &[Vec<u8>]) -> usize {
    words.iter().map(Vec::len).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pattern: &str) -> Option<Vec<String>> {
        needed(pattern).map(|all| all.into_iter().map(|word| String::from_utf8(word).unwrap()).collect())
    }

    #[test]
    fn the_longest_needed_word_is_found_wherever_it_stands() {
        assert_eq!(words(r"\bje (?:veux|voudrais)\b.{0,40}\brembours"), Some(vec!["rembours".into()]));
        assert_eq!(words("scam|fraud"), Some(vec!["fraud".into(), "scam".into()]));
    }

    #[test]
    fn an_expression_that_needs_no_word_says_so() {
        assert_eq!(words("[!?]{3,}"), None);
        assert_eq!(words("scam|[0-9]+"), None);
    }
}
