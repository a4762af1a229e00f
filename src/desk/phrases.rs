//! What assessments and suggestions say, in the reader's language. They are stored in English, a sentence each; the
//! phrase book holds each sentence's pattern with its French.

use std::cmp::Reverse;

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::times;
use super::words::Language;
use crate::domain::{Asset, Money};

/// A value within a value within a sentence: no sentence goes deeper.
const DEPTH: u8 = 4;
/// The value that is a sentence of its own.
const SENTENCE: &str = "sentence";
/// Places tried for the end of one value: a customer's own words stand in some sentences.
const MOST_TRIES: usize = 12;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    phrase: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    en: String,
    fr: String,
}

/// A pattern's parts: text and, but for the last, the name of the value after it.
type Parts = Vec<(String, Option<String>)>;

#[derive(Debug, Clone)]
struct Phrase {
    english: Parts,
    french: Parts,
}

/// The phrase book.
#[derive(Debug, Clone)]
pub(super) struct Phrases(Vec<Phrase>);

impl Phrases {
    /// Reads `desk/phrases.toml` among the template assets.
    ///
    /// # Errors
    /// When it is missing or broken.
    pub fn load(templates: &[Asset]) -> anyhow::Result<Self> {
        let asset = templates.iter().find(|asset| asset.name == "desk/phrases.toml");
        let asset = asset.context("templates/desk/phrases.toml is missing")?;
        let text = asset.text().map_err(anyhow::Error::msg)?;
        let file: File = toml::from_str(text).with_context(|| format!("{}: not a list of phrases", asset.origin))?;
        let mut phrases: Vec<Phrase> =
            file.phrase.iter().map(|entry| Phrase { english: parts(&entry.en), french: parts(&entry.fr) }).collect();
        // What wraps a whole sentence first; then, the more a pattern says itself, the less it leaves to chance.
        phrases.sort_by_key(|phrase| {
            let wraps = phrase.english.iter().any(|(_, hole)| hole.as_deref() == Some(SENTENCE));
            (!wraps, Reverse(phrase.english.iter().map(|(text, _)| text.len()).sum::<usize>()))
        });
        Ok(Self(phrases))
    }

    /// The sentence in the reader's language; as it is where the book does not know it.
    pub fn say(&self, language: Language, english: &str) -> String {
        match language {
            Language::English => english.to_owned(),
            Language::French => self.find(english, DEPTH).unwrap_or_else(|| english.to_owned()),
        }
    }

    fn find(&self, english: &str, depth: u8) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        self.0.iter().find_map(|phrase| {
            let values = taken(&phrase.english, english)?;
            let mut out = String::with_capacity(english.len() + 32);
            for (text, hole) in &phrase.french {
                out.push_str(text);
                if let Some(hole) = hole {
                    let (_, value) = values.iter().find(|(name, _)| name == hole)?;
                    out.push_str(&self.value(hole, value, depth));
                }
            }
            Some(out)
        })
    }

    fn value(&self, hole: &str, value: &str, depth: u8) -> String {
        match kind(hole) {
            Kind::Day => value.parse().map_or_else(|_| value.to_owned(), |day| times::date(Language::French, day)),
            Kind::Amount => amount(value).map_or_else(|| value.to_owned(), |sum| times::money(Language::French, &sum)),
            Kind::List => {
                let names = value.split(", ").map(|name| self.find(name, depth).unwrap_or_else(|| name.to_owned()));
                names.collect::<Vec<_>>().join(", ")
            }
            Kind::Number => value.to_owned(),
            Kind::Words => self.find(value, depth).unwrap_or_else(|| value.to_owned()),
        }
    }
}

#[derive(PartialEq)]
enum Kind {
    Day,
    Amount,
    Number,
    List,
    Words,
}

/// A value's kind is its name, without the number that sets it apart from others.
fn kind(hole: &str) -> Kind {
    match hole.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "day" => Kind::Day,
        "amount" => Kind::Amount,
        "n" => Kind::Number,
        "list" => Kind::List,
        _ => Kind::Words,
    }
}

fn fits(hole: &str, value: &str) -> bool {
    match kind(hole) {
        Kind::Day => value.parse::<Date>().is_ok(),
        Kind::Amount => amount(value).is_some(),
        Kind::Number => value.parse::<i64>().is_ok(),
        Kind::List | Kind::Words => !value.is_empty(),
    }
}

/// `129.90 EUR`, as data writes it.
fn amount(text: &str) -> Option<Money> {
    let (number, code) = text.split_once(' ').filter(|(_, code)| code.len() == 3)?;
    Money::parse(number, code).ok()
}

fn parts(pattern: &str) -> Parts {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((text, (hole, tail))) =
        rest.split_once('{').and_then(|(text, tail)| Some((text, tail.split_once('}')?)))
    {
        parts.push((text.to_owned(), Some(hole.to_owned())));
        rest = tail;
    }
    parts.push((rest.to_owned(), None));
    parts
}

/// The values that the pattern's holes take in `text`, or `None` when it is no such text.
fn taken<'a>(pattern: &'a [(String, Option<String>)], text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let ((literal, hole), after) = pattern.split_first()?;
    let rest = text.strip_prefix(literal.as_str())?;
    let Some(hole) = hole else { return (rest.is_empty() && after.is_empty()).then(Vec::new) };
    let next = &after.first()?.0;
    let ends: Box<dyn Iterator<Item = usize>> = if next.is_empty() {
        Box::new(std::iter::once(rest.len()))
    } else {
        Box::new(rest.match_indices(next.as_str()).map(|(at, _)| at))
    };
    // The shortest value with which the rest of the pattern fits too.
    for at in ends.take(MOST_TRIES) {
        let (value, tail) = rest.split_at_checked(at)?;
        if fits(hole, value)
            && let Some(mut values) = taken(after, tail)
        {
            values.push((hole, value));
            return Some(values);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases() -> Phrases {
        let bytes = include_bytes!("../../templates/desk/phrases.toml").to_vec();
        Phrases::load(&[Asset { name: "desk/phrases.toml".into(), origin: "test".into(), bytes }]).unwrap()
    }

    #[test]
    fn dates_amounts_and_words_within_words_are_said_in_french() {
        let book = phrases();
        for (english, french) in [
            (
                "received (last parcel) 2026-03-01, that day not counted",
                "reçu (dernier colis) le 1er mars 2026, ce jour ne comptant pas",
            ),
            (
                "2026-08-15 is a Saturday, a public holiday: moved to 2026-08-17",
                "le 15 août 2026 est un samedi férié\u{a0}: reporté au 17 août 2026",
            ),
            (
                "charged 54.90 EUR too much: charged 1054.90 EUR on 2026-03-01",
                "54,90\u{a0}€ débités en trop\u{a0}: 1\u{202f}054,90\u{a0}€ débités le 1er mars 2026",
            ),
            (
                "An angry message about a refund request, with all facts. The customer wrote in “de”; the draft is in “fr”.",
                "Un message en colère (une demande de remboursement), avec tous les éléments. Le client a écrit en «\u{a0}de\u{a0}»\u{202f}; le brouillon est en «\u{a0}fr\u{a0}».",
            ),
            (
                "The message is about a refund request; missing: order number, product.",
                "Le message porte sur une demande de remboursement\u{202f}; il manque\u{a0}: le numéro de commande, le produit.",
            ),
            ("+ 10 % from 2026-04-11 (day 1)", "+ 10\u{a0}% à partir du 11 avril 2026 (jour 1)"),
        ] {
            assert_eq!(book.say(Language::French, english), french);
            assert_eq!(book.say(Language::English, english), english);
        }
    }

    #[test]
    fn what_the_book_does_not_know_is_left_as_it_is() {
        let book = phrases();
        for text in ["", "{day}", "ordered yesterday", "ordered 2026-13-45", "the moon is a cheese"] {
            assert_eq!(book.say(Language::French, text), text);
        }
    }

    #[test]
    fn each_pattern_finds_itself_and_french_has_its_spaces() {
        let book = phrases();
        for phrase in &book.0 {
            let names = |parts: &Parts| {
                let mut names: Vec<String> = parts.iter().filter_map(|(_, hole)| hole.clone()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&phrase.english), names(&phrase.french), "{phrase:?}");
            let french: String = phrase.french.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("x");
            assert!(!french.contains('\''), "straight apostrophe in {french}");
            let chars: Vec<char> = french.chars().collect();
            for pair in chars.windows(2) {
                let narrow = matches!(pair[1], ';' | '!' | '?') && pair[0] != '\u{202f}';
                let wide = matches!(pair[1], ':' | '»' | '%') && pair[0] != '\u{a0}';
                let open = pair[0] == '«' && pair[1] != '\u{a0}';
                assert!(!(narrow || wide || open), "{french}");
            }
        }
    }
}
