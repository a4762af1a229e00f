//! Finds the product's name word by word, where no list knows it.

use std::ops::Range;

use super::facts::Candidates;
use super::features::Glosses;
use super::features::tagging::Tagging;
use super::features::tokens::Tokens;
use super::hit::Part;
use super::prepared::PreparedText;

/// A neighbour with this share of the best word's margin over nothing belongs to the name.
const SHARE: f32 = 0.5;
/// What a word that names nothing scores.
const NOTHING: f32 = -1.0;
/// Words of a name at most.
const LONGEST: usize = 5;

/// What is taken for the product's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The customer's words.
    pub words: String,
    /// Score of the likeliest of them, about −1 (names nothing) to 1.
    pub score: f32,
}

/// The likeliest name of a product in subject and body; `score` scores the features of one word.
pub fn name_product(
    text: &PreparedText,
    glosses: &Glosses,
    candidates: &Candidates,
    score: impl Fn(&[(u32, f32)]) -> f32,
) -> Option<Named> {
    let mut best: Option<Named> = None;
    for part in [Part::Subject, Part::Body] {
        let gloss = glosses.part(part);
        let tokens = gloss.tokens(text.part(part));
        let tagging = Tagging::of(&tokens, gloss, part, &candidates.all);
        let mut cells = Vec::new();
        let word = |at: usize| {
            tagging.put_cells(at, &mut cells);
            (!cells.is_empty()).then(|| score(&cells))
        };
        let scores: Vec<Option<f32>> = (0..tokens.list.len()).map(word).collect();
        if let Some(named) = name_in(text.part(part).original(), &tokens, &scores)
            && best.as_ref().is_none_or(|best| named.score > best.score)
        {
            best = Some(named);
        }
    }
    best
}

/// The likeliest name in one part, from the scores of its words.
pub fn name_in(original: &str, tokens: &Tokens<'_>, scores: &[Option<f32>]) -> Option<Named> {
    let scored = scores.iter().enumerate().filter_map(|(at, score)| Some((at, (*score)?)));
    let (top, score) = scored.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    let run = run(tokens, scores, top, NOTHING + (score - NOTHING) * SHARE);
    let start = tokens.list.get(run.start)?.span.start;
    let end = tokens.list.get(run.end - 1)?.span.end;
    Some(Named { words: original.get(start..end)?.to_owned(), score })
}

/// The words about the best one that score at least `least`, over one little word at a time ("boîte de vitesses").
fn run(tokens: &Tokens<'_>, scores: &[Option<f32>], top: usize, least: f32) -> Range<usize> {
    let sentence = |at: usize| tokens.list.get(at).map(|token| token.sentence);
    let belongs = |at: Option<usize>| {
        at.is_some_and(|at| {
            sentence(at) == sentence(top) && matches!(scores.get(at), Some(Some(score)) if *score >= least)
        })
    };
    let little = |at: Option<usize>| at.is_some_and(|at| scores.get(at) == Some(&None));
    let (mut start, mut end) = (top, top + 1);
    while end - start < LONGEST {
        if belongs(start.checked_sub(1)) {
            start -= 1;
        } else if little(start.checked_sub(1)) && belongs(start.checked_sub(2)) {
            start -= 2;
        } else if belongs(Some(end)) {
            end += 1;
        } else if little(Some(end)) && belongs(Some(end + 1)) {
            end += 2;
        } else {
            break;
        }
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::prepared::Folded;

    #[test]
    fn a_name_reaches_over_a_little_word() {
        let text = Folded::new("Ma boîte de vitesses est morte.");
        let tokens = Tokens::cut(&text);
        let scores = [None, Some(0.6), None, Some(0.4), None, Some(-0.9)];
        let named = name_in(text.original(), &tokens, &scores).unwrap();
        assert_eq!((named.words.as_str(), named.score), ("boîte de vitesses", 0.6));
    }

    #[test]
    fn a_name_ends_with_its_sentence() {
        let text = Folded::new("Un vase. Vases cassés");
        let tokens = Tokens::cut(&text);
        let named = name_in(text.original(), &tokens, &[None, Some(0.5), Some(0.5), None]).unwrap();
        assert!(!named.words.contains('.'), "{}", named.words);
        assert_eq!(name_in(text.original(), &tokens, &[None, None, None, None]), None);
    }
}
