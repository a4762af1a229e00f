//! A mark from 1 to 5 in the customer's words: `4/5`, `5 sur 5`, `cinq étoiles`, `I'd give it a 4`. What is not plainly one
//! (a date, a part of an order, an amount, two marks that differ) is none.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::folded;
use crate::domain::rating::MARKS;

/// Numbers in words, both languages.
const NUMBERS: &[(&str, u8)] = &[
    ("un", 1),
    ("une", 1),
    ("one", 1),
    ("deux", 2),
    ("two", 2),
    ("trois", 3),
    ("three", 3),
    ("quatre", 4),
    ("four", 4),
    ("cinq", 5),
    ("five", 5),
];
const NUMBER: &str = "[1-5]|une?|one|deux|two|trois|three|quatre|four|cinq|five";
/// Without `un` and `one`, which are articles where nothing says that they count.
const MORE: &str = "[1-5]|deux|two|trois|three|quatre|four|cinq|five";

/// What stands before a number that is a date or a part of something: `le 4/5`, `colis 4/5`.
const COUNTS: &[&str] = &[
    "le",
    "du",
    "au",
    "des",
    "les",
    "on",
    "since",
    "depuis",
    "before",
    "avant",
    "after",
    "apres",
    "colis",
    "parcel",
    "package",
    "box",
    "carton",
    "commande",
    "order",
    "numero",
    "number",
    "no",
    "n°",
    "page",
    "partie",
    "part",
    "lot",
    "ref",
    "reference",
    "facture",
    "invoice",
    "taille",
    "size",
    "hotel",
    "etape",
    "step",
    "version",
    "chapitre",
    "chapter",
];

/// What may follow a mark: the end, a stop, or words that go on about it. Anything else (`4/5 jours`, `3 sur 5 articles`) is
/// counted in it.
static FOLLOWS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"^ ?(?:$|[.,;:!?)("'-](?:[^0-9]|$)|(?:merci|thanks?|pour|for|car|because|parce|mais|but|and|et|sans|without|bravo|points?|de ma part|from me)\b)"#,
    )
    .ok()
});

static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let given = "give|gave|rate|rated|donne|donnerais?|mets|mettrais?|attribue|accorde";
    let between = "it|you|this|that|them|vous|lui|leur|la|un|une|a|an|note|de|of|bon|petit|solid|good";
    let patterns = [
        format!("(?:^|[ (\"':=])(?P<n>{NUMBER}) ?(?:/ ?5|(?:sur|out of) (?:5|cinq|five))"),
        format!("(?:^|[ (\"':=])(?P<n>{NUMBER})[ -]?(?:etoiles?|stars?)(?: ?(?:sur|out of|/) ?(?:5|cinq|five))?"),
        format!(
            r"\b(?:note|mark|rating|score)(?: (?:de |from )?1 (?:a|to|-) 5)?(?: (?:de|of|is|est|serait|would be))? ?[:=]? ?(?P<n>{MORE})"
        ),
        format!(r"\b(?:{given})(?: (?:{between})){{0,5}} (?P<n>{MORE})"),
    ];
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

/// The one mark that a text names.
pub fn read(text: &str) -> Option<u8> {
    let lines: Vec<String> = text.lines().map(folded_line).filter(|line| !line.is_empty()).collect();
    let mut marks: Vec<u8> = lines.iter().flat_map(|line| in_line(line)).collect();
    marks.extend(alone(&lines));
    marks.sort_unstable();
    marks.dedup();
    match marks.as_slice() {
        [mark] => Some(*mark),
        _ => None,
    }
}

fn folded_line(line: &str) -> String {
    folded::fold(line).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn in_line(line: &str) -> Vec<u8> {
    let found =
        |shape: &Regex| -> Vec<u8> { shape.captures_iter(line).filter_map(|captures| mark(line, &captures)).collect() };
    SHAPES.iter().flat_map(found).collect()
}

/// The number of a match, unless what stands around it counts something else.
fn mark(line: &str, captures: &regex::Captures<'_>) -> Option<u8> {
    let (whole, number) = (captures.get(0)?, captures.name("n")?);
    let before = line.get(..number.start())?.split_whitespace().next_back().unwrap_or_default();
    let counted = COUNTS.contains(&before.trim_matches(|c: char| !c.is_alphanumeric() && c != '°'));
    let after = line.get(whole.end()..)?;
    let ends = FOLLOWS.as_ref().is_some_and(|follows| follows.is_match(after));
    (ends && !counted).then(|| value(number.as_str())).flatten()
}

fn value(number: &str) -> Option<u8> {
    let word = NUMBERS.iter().find(|(word, _)| *word == number).map(|(_, value)| *value);
    word.or_else(|| number.parse().ok())
}

/// A number, or stars, that is a whole line: the first that is no greeting.
fn alone(lines: &[String]) -> Option<u8> {
    let greets =
        |line: &String| ["bonjour", "bonsoir", "hello", "hi", "dear"].iter().any(|word| line.starts_with(word));
    let line = lines.iter().find(|line| !greets(line))?;
    if line.chars().all(|c| matches!(c, '★' | '⭐' | '☆' | '\u{fe0f}' | ' ')) {
        let stars = line.chars().filter(|c| matches!(c, '★' | '⭐')).count();
        return u8::try_from(stars).ok().filter(|stars| MARKS.contains(stars));
    }
    let number = line.trim_end_matches(['.', '!', ' ']);
    number.parse().ok().filter(|mark| MARKS.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_in_both_languages() {
        for (text, mark) in [
            ("4/5", 4),
            ("Bonjour,\n\n4 / 5, merci !", 4),
            ("5 sur 5", 5),
            ("Cinq étoiles, bravo à votre équipe.", 5),
            ("Je vous mets 4 sur 5 car la réponse a tardé.", 4),
            ("une étoile, et encore", 1),
            ("Je mets une étoile.", 1),
            ("Note : 3", 3),
            ("Ma note est 3/5.", 3),
            ("Note de 1 à 5 : 4", 4),
            ("Je donnerais un 4.", 4),
            ("I'd give it a 4.", 4),
            ("I would give you five stars", 5),
            ("I’d rate it four out of five.", 4),
            ("Rating: 2", 2),
            ("5-star!", 5),
            ("Hello,\n5\nKim", 5),
            ("3.", 3),
            ("★★★★☆", 4),
            ("⭐⭐⭐⭐⭐", 5),
            ("L'argent est bien arrivé (5/5).", 5),
            ("4/5 pour le délai", 4),
            ("5 étoiles sur 5, vraiment 5/5", 5),
        ] {
            assert_eq!(read(text), Some(mark), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_none() {
        for text in [
            "",
            "Merci, bien reçu.",
            "Ma commande CMD-4/5 n'est pas complète.",
            "La commande 4/5 n'est pas arrivée.",
            "Commande n° 4",
            "Reçu le 4/5.",
            "Livrée le 4/5/2026.",
            "Bought on 4/5, still waiting",
            "depuis le 3/5, rien",
            "24/5",
            "4/50",
            "4/5.50",
            "Il manque 5 €.",
            "Vous me devez 4,50 €",
            "Vous m'avez donné 5 euros de moins.",
            "I gave you 5 days",
            "je vous donne 2 jours",
            "J'ai attendu 4/5 jours.",
            "3 sur 5 articles sont arrivés",
            "3 out of 5 items arrived",
            "Colis 2/5.",
            "Un hôtel 4 étoiles.",
            "une étoile est cassée sur le mobile",
            "Je vous donne un avis.",
            "0/5",
            "7/5",
            "6",
            "12",
            "4,5/5",
            "Service 5/5, livraison 2/5",
            "1. oui\n2. rien à redire",
            "★★★★★★",
            "06 12 34 56 78",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
