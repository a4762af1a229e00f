//! Phrases that may name a purchase though no list knows them: an article or possessive and the words after it,
//! names in capitals, and what a subject line says.
//!
//! They are many and mostly no purchase: the rules alone believe none without strong cues, the model ranks them.

use std::ops::Range;

use super::scene::Scene;
use super::vocabulary::List;
use crate::triage::hit::Part;

/// Words of a phrase at most, after the article.
const LONGEST: usize = 4;

/// Words that begin a phrase.
const ARTICLES: &[&str] = &[
    "the", "a", "an", "my", "your", "our", "this", "these", "those", "that", "some", "of", "for", "two", "three",
    "four", "five", "six", "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "mon", "ma", "mes", "votre",
    "vos", "notre", "nos", "ce", "cet", "cette", "ces", "deux", "trois", "quatre", "cinq", "pour", "ordered", "bought",
    "x",
];

/// Words that may stand within a French phrase.
const JOINERS: &[&str] = &["de", "d", "du", "a", "en", "au"];

/// Words that end a phrase.
const ENDS: &[&str] = &[
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "had",
    "be",
    "been",
    "i",
    "we",
    "you",
    "he",
    "she",
    "it",
    "they",
    "who",
    "which",
    "that",
    "and",
    "or",
    "but",
    "to",
    "from",
    "on",
    "in",
    "at",
    "by",
    "with",
    "for",
    "of",
    "as",
    "if",
    "so",
    "not",
    "no",
    "did",
    "does",
    "do",
    "can",
    "could",
    "would",
    "will",
    "should",
    "came",
    "arrived",
    "stopped",
    "broke",
    "died",
    "turned",
    "worked",
    "works",
    "because",
    "when",
    "while",
    "after",
    "before",
    "since",
    "until",
    "est",
    "sont",
    "etait",
    "etaient",
    "a",
    "ont",
    "avait",
    "ai",
    "as",
    "avez",
    "je",
    "j",
    "tu",
    "il",
    "elle",
    "on",
    "nous",
    "vous",
    "ils",
    "elles",
    "qui",
    "que",
    "qu",
    "dont",
    "ou",
    "et",
    "mais",
    "pour",
    "par",
    "avec",
    "sans",
    "sur",
    "dans",
    "chez",
    "ne",
    "n",
    "pas",
    "se",
    "s",
    "ce",
    "c",
    "y",
    "si",
    "quand",
    "depuis",
    "apres",
    "avant",
    "car",
    "me",
    "m",
    "te",
    "t",
    "lui",
    "leur",
    "arrive",
    "arrivee",
    "arrives",
    "livre",
    "livree",
    "recu",
    "recue",
    "commande",
    "commandee",
    "achete",
    "achetee",
    "the",
    "my",
    "your",
    "our",
    "le",
    "la",
    "les",
    "un",
    "une",
    "mon",
    "ma",
    "mes",
    "votre",
    "vos",
    "des",
    "du",
    "de",
    "d",
    "au",
    "aux",
    "en",
    "i'm",
    "still",
    "just",
    "never",
    "again",
];

/// A word of the folded text, and whether it follows the one before with nothing but a space or apostrophe between.
struct Word<'a> {
    text: &'a str,
    range: Range<usize>,
    joined: bool,
}

/// Phrases of a part, in folded ranges, with the name of how they were found.
pub(super) fn find(scene: &Scene<'_>, part: Part) -> Vec<(Range<usize>, &'static str)> {
    let words = words(scene.text());
    let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let article = ARTICLES.contains(&word.text);
        let start = if article { at + 1 } else { at };
        let begins = words.get(start).is_some_and(|first| !article || first.joined);
        let shape = if article {
            "phrase"
        } else if part == Part::Subject {
            "subject-phrase"
        } else if capital(scene, &word.range) && word.joined {
            "name"
        } else {
            at += 1;
            continue;
        };
        let taken = if begins { length(scene, &words, start) } else { 0 };
        if let (Some(first), Some(last)) = (words.get(start), words.get((start + taken).wrapping_sub(1)))
            && taken > 0
        {
            found.push((first.range.start..last.range.end, shape));
        }
        at = start + taken.max(usize::from(!article));
    }
    found
}

/// How many words from `start` on make a phrase.
fn length(scene: &Scene<'_>, words: &[Word<'_>], start: usize) -> usize {
    let mut kept = 0;
    for (index, word) in words.iter().enumerate().skip(start).take(LONGEST) {
        let here = index - start;
        if here > 0 && !word.joined {
            break;
        }
        if here > 0 && JOINERS.contains(&word.text) {
            continue;
        }
        let digits_only = word.text.bytes().all(|b| b.is_ascii_digit());
        if ENDS.contains(&word.text) || (here == 0 && (digits_only || word.text.len() < 3)) {
            break;
        }
        if here == 0 && scene.is_listed(List::Umbrella, &word.range) {
            // "the new fence charger" names one, "the parcel" does not: the words after it decide.
            kept = 1;
            continue;
        }
        kept = here + 1;
    }
    kept
}

fn capital(scene: &Scene<'_>, range: &Range<usize>) -> bool {
    let written = scene.folded.words(range.clone());
    let mut chars = written.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::with_capacity(text.len() / 5);
    let inside = |c: char| c.is_alphanumeric() || c == '-';
    let mut start = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (start, inside(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let range = from..at;
                let between = words.last().and_then(|last| text.get(last.range.end..from));
                let joined = matches!(between, Some(" " | "'" | " \"" | "\""));
                words.extend(text.get(range.clone()).map(|text| Word { text, range, joined }));
                start = None;
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::super::rules::RuleSet;
    use super::*;
    use crate::triage::prepared::Folded;

    fn phrases(text: &str, part: Part) -> Vec<String> {
        let rules = RuleSet::load(&[]).unwrap();
        let folded = Folded::new(text);
        let scene = Scene::new(&folded, rules.vocabulary());
        find(&scene, part).into_iter().map(|(range, _)| folded.words(range).to_owned()).collect()
    }

    #[test]
    fn the_words_after_an_article_are_a_phrase() {
        assert!(
            phrases("The pellet stove auger motor is dead", Part::Body).contains(&"pellet stove auger motor".into())
        );
        assert!(phrases("Votre marchepied pliant s'est replié", Part::Body).contains(&"marchepied pliant".into()));
        assert!(phrases("La presse à tourteaux est fendue", Part::Body).contains(&"presse à tourteaux".into()));
        assert!(phrases("I sent my Fender footswitch back", Part::Body).contains(&"Fender footswitch back".into()));
    }

    #[test]
    fn a_subject_needs_no_article() {
        assert!(phrases("larch cladding", Part::Subject).contains(&"larch cladding".into()));
    }

    #[test]
    fn hostile_text_does_no_harm() {
        for text in ["", "the", "l'", "a a a a a", "the \u{301}", &"the x ".repeat(5_000)] {
            phrases(text, Part::Body);
        }
    }
}
