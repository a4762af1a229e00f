//! What a word means, in either language: "colis" and "parcel" are one notion, "cassé", "broken" and "bust" another.
//!
//! What is learnt from French mail so serves English mail, and what is learnt of one word its synonyms. A word that no
//! dictionary knows stands for itself.

use std::ops::Range;
use std::sync::LazyLock;

use super::by_hash::ByHash;
use super::tokens::{Kind, Token, Tokens};
use super::{Block, Sink, hash};
use crate::triage::gather::gather;

/// The built-in dictionaries, read once: the French, then the English one.
static DICTIONARIES: LazyLock<[Dictionary; 2]> =
    LazyLock::new(|| [include_str!("notions-fr.txt"), include_str!("notions-en.txt")].map(Dictionary::read));

/// Words that mean nothing by themselves stand under this name.
const EMPTY: &str = "-";
/// Letters that a beginning has at least.
const BEGINNING: usize = 4;

/// What a dictionary says: the notion's hash, or nothing where a word means nothing by itself.
type Meaning = Option<hash::Hash>;

/// Looks words up by their hashes.
#[derive(Debug, Default)]
struct Dictionary {
    words: ByHash<Meaning>,
    beginnings: ByHash<Meaning>,
}

impl Dictionary {
    fn read(source: &str) -> Self {
        let mut dictionary = Self::default();
        for (name, words) in
            source.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'))
        {
            let notion = (name != EMPTY).then(|| named(name));
            for word in words.split_whitespace() {
                *match word.strip_suffix('*') {
                    Some(beginning) => dictionary.beginnings.at(hash::text(beginning)),
                    None => dictionary.words.at(hash::text(word)),
                } = notion;
            }
        }
        dictionary
    }

    /// The meaning of the word itself, else of its longest known beginning.
    fn find(&self, word: &str) -> Option<Meaning> {
        let mut state = hash::START;
        let mut longest = None;
        for (index, byte) in word.bytes().enumerate() {
            state = hash::byte(state, byte);
            if index + 1 >= BEGINNING {
                longest = self.beginnings.get(state).or(longest);
            }
        }
        self.words.get(state).or(longest).copied()
    }
}

/// The notion of this name.
pub(super) fn named(name: &str) -> hash::Hash {
    hash::byte(hash::text(name), b':')
}

/// What the tokens of one text mean, one by one.
#[derive(Debug, Clone, Default)]
pub(super) struct Meanings(Vec<Meaning>);

impl Meanings {
    /// Looks every word up in the dictionary of the language that knows more of the words, then in the other: "pain" is bread or
    /// hurts.
    pub(super) fn of(tokens: &Tokens<'_>) -> Self {
        Self::by(&DICTIONARIES, tokens)
    }

    fn by([french, english]: &[Dictionary; 2], tokens: &Tokens<'_>) -> Self {
        let found = |token: &Token| match token.kind {
            Kind::Word => [french, english].map(|dictionary| dictionary.find(tokens.text(token))),
            _ => [None; 2],
        };
        let found: Vec<[Option<Meaning>; 2]> = tokens.list.iter().map(found).collect();
        let only =
            |one: usize, other: usize| found.iter().filter(|two| two[one].is_some() && two[other].is_none()).count();
        let in_french = only(0, 1) >= only(1, 0);
        let meaning = |(token, [french, english]): (&Token, &[Option<Meaning>; 2])| match token.kind {
            Kind::Word => {
                let known = if in_french { french.or(*english) } else { english.or(*french) };
                known.unwrap_or_else(|| own(tokens.text(token)))
            }
            _ => unworded(tokens, token),
        };
        Self(tokens.list.iter().zip(&found).map(meaning).collect())
    }

    /// The notion of the token at a place; nothing for words without meaning of their own and for most marks.
    pub(super) fn at(&self, place: usize) -> Meaning {
        self.0.get(place).copied().flatten()
    }

    /// The notions among the first so many, each once.
    pub(super) fn first(&self, most: usize) -> Vec<hash::Hash> {
        let mut first: Vec<hash::Hash> = gather(self.0.iter().filter_map(|notion| *notion).take(most));
        first.sort_unstable();
        first.dedup();
        first
    }

    /// The notions at some places.
    pub(super) fn within(&self, places: Range<usize>) -> impl Iterator<Item = hash::Hash> {
        self.0.get(places).unwrap_or_default().iter().copied().flatten()
    }
}

/// What stands for a word that nobody listed: itself, without the mark of a plural.
fn own(word: &str) -> Meaning {
    let stem = word.strip_suffix(['s', 'x']).filter(|stem| stem.len() > 3).unwrap_or(word);
    (word.len() > 1).then(|| hash::text(stem))
}

fn unworded(tokens: &Tokens<'_>, token: &Token) -> Meaning {
    match token.kind {
        Kind::Number => Some(hash::text("#")),
        Kind::Code => Some(hash::text("#code")),
        Kind::Word | Kind::Mark => {
            Some(tokens.text(token)).filter(|mark| *mark != "\"" && *mark != ">").map(hash::text)
        }
    }
}

/// Adds each notion, and each two that follow one another in a sentence, also over a third.
pub(super) fn add(tokens: &Tokens<'_>, meanings: &Meanings, sink: &mut Sink) {
    let meant = tokens.list.iter().zip(&meanings.0).enumerate();
    let meant: Vec<(hash::Hash, usize, u32)> =
        gather(meant.filter_map(|(at, (token, notion))| Some(((*notion)?, at, token.sentence))));
    for (index, (this, at, sentence)) in meant.iter().enumerate() {
        sink.add(Block::Notions, *this, *at..at + 1);
        for (apart, mark) in [(1, b'+'), (2, b'^')] {
            let earlier = index.checked_sub(apart).and_then(|earlier| meant.get(earlier));
            if let Some((earlier, from, _)) = earlier.filter(|(_, _, other)| other == sentence) {
                sink.add(Block::Notions, hash::byte(hash::join(*earlier, *this), mark), *from..at + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::prepared::Folded;

    fn meanings(dictionaries: &[Dictionary; 2], text: &str) -> Vec<Meaning> {
        Meanings::by(dictionaries, &Tokens::cut(&Folded::new(text))).0
    }

    fn small() -> [Dictionary; 2] {
        [
            "# note\nparcel: colis\nbread: pain\nmorning: matin*\n-: le du",
            "parcel: parcel*\nhurt: pain\nbroken: bust\n-: the",
        ]
        .map(Dictionary::read)
    }

    #[test]
    fn both_languages_meet_in_a_notion() {
        let dictionaries = small();
        let (french, english) = (meanings(&dictionaries, "le colis"), meanings(&dictionaries, "the parcels"));
        assert!(french == english && french[0].is_none() && french[1].is_some());
        assert_eq!(meanings(&dictionaries, "zorglubs"), meanings(&dictionaries, "zorglub"), "itself");
    }

    #[test]
    fn the_language_of_the_text_decides_what_a_word_means() {
        let dictionaries = small();
        let of = |text: &str, place: usize| meanings(&dictionaries, text)[place];
        assert_ne!(of("le pain du matin", 1), of("the pain", 1));
        assert_eq!(of("bust pain matin parcel", 2), of("matin", 0), "a word of the other language keeps its meaning");
    }

    #[test]
    fn the_longest_beginning_wins_and_a_whole_word_before_it() {
        let dictionary = Dictionary::read("a: comm*\nb: command*\nc: commander\n");
        let of = |word: &str| dictionary.find(word);
        assert!(of("comment") != of("commande") && of("commande") != of("commander") && of("comment") == of("comma"));
    }

    #[test]
    fn what_stands_across_two_sentences_is_no_pair() {
        let text = Folded::new("Parcel broken. Refund.");
        let tokens = Tokens::cut(&text);
        let mut sink = Sink::new(0);
        sink.restart(crate::triage::hit::Part::Body);
        add(&tokens, &Meanings::of(&tokens), &mut sink);
        assert_eq!(sink.entries.len(), 3 + 1);
    }

    #[test]
    fn the_shipped_dictionaries_are_folded_and_say_nothing_twice() {
        for source in [include_str!("notions-fr.txt"), include_str!("notions-en.txt")] {
            let mut seen = std::collections::BTreeSet::new();
            for line in source.lines().filter(|line| !line.starts_with('#')) {
                let (name, words) = line.split_once(':').unwrap();
                assert!(name == EMPTY || name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{name}");
                for word in words.split_whitespace() {
                    let letters = word.strip_suffix('*').unwrap_or(word);
                    assert!(letters.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{word}");
                    assert!(letters == word || letters.len() >= BEGINNING, "{word}");
                    assert!(seen.insert(word), "{word} stands there twice");
                }
            }
        }
    }
}
