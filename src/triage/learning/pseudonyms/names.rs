//! Names of people: from the headers, and where a mail itself says that a word is one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::regex;

/// Stand-ins, borne by women and men, in both languages.
const STAND_INS: [&str; 16] = [
    "Alex",
    "Camille",
    "Robin",
    "Sam",
    "Charlie",
    "Dominique",
    "Claude",
    "Morgan",
    "Lou",
    "Noor",
    "Sacha",
    "Andrea",
    "Kim",
    "Jo",
    "Maxime",
    "Eden",
];

/// Words that stand where names stand, or are parts of names, and name nobody.
const NOBODY: &[&str] = &[
    "madame",
    "monsieur",
    "mesdames",
    "messieurs",
    "mademoiselle",
    "mme",
    "mlle",
    "mr",
    "mrs",
    "ms",
    "miss",
    "sir",
    "madam",
    "dear",
    "bonjour",
    "bonsoir",
    "salut",
    "hello",
    "hi",
    "hey",
    "merci",
    "thanks",
    "thank",
    "you",
    "cordialement",
    "salutations",
    "regards",
    "sincerely",
    "best",
    "kind",
    "cheers",
    "bien",
    "bonne",
    "journée",
    "soirée",
    "all",
    "everyone",
    "team",
    "there",
    "tous",
    "toutes",
    "équipe",
    "the",
    "de",
    "du",
    "des",
    "la",
    "le",
    "les",
    "van",
    "von",
    "der",
    "den",
    "da",
    "di",
    "el",
    "al",
    "et",
    "and",
    "support",
    "service",
    "services",
    "client",
    "clients",
    "clientèle",
    "customer",
    "customers",
    "care",
    "help",
    "contact",
    "info",
    "shop",
    "store",
    "boutique",
    "maison",
    "mail",
    "email",
    "sav",
    "sales",
    "office",
    "compta",
    "admin",
    "via",
    "sent",
    "envoyé",
];

/// Names that are words as well: left alone where they are written small.
const WORDS_TOO: &[&str] = &[
    "will",
    "may",
    "mark",
    "bill",
    "art",
    "sue",
    "pat",
    "rich",
    "grace",
    "hope",
    "faith",
    "rose",
    "rob",
    "jack",
    "frank",
    "dean",
    "drew",
    "dawn",
    "joy",
    "june",
    "april",
    "august",
    "summer",
    "olive",
    "ruby",
    "pearl",
    "amber",
    "young",
    "long",
    "short",
    "white",
    "black",
    "brown",
    "green",
    "king",
    "price",
    "page",
    "cook",
    "wood",
    "stone",
    "claire",
    "clément",
    "marguerite",
    "violette",
    "jade",
    "blanche",
    "fleur",
    "pierre",
    "petit",
    "grand",
    "noir",
    "blanc",
    "roux",
    "martin",
    "marchand",
    "boucher",
    "boulanger",
    "fournier",
    "juste",
    "parfait",
    "constant",
    "aimé",
    "désiré",
    "prudent",
    "chance",
    "bon",
    "meunier",
    "berger",
    "leblanc",
    "joly",
    "colin",
    "marin",
    "ray",
];

/// The names known in one mail, in small letters; true where the name was written as one.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, bool>);

impl Names {
    /// A sender or recipient: the display name, and the words of the address's local part.
    pub fn add_person(&mut self, name: Option<&str>, email: &str) {
        let local = email.split_once('@').map_or(email, |(local, _)| local);
        for word in words(local).filter(|word| word.chars().count() >= 3) {
            self.0.entry(word.to_lowercase()).or_insert(false);
        }
        for word in name.into_iter().flat_map(words) {
            self.add(word);
        }
        self.0.retain(|word, _| !NOBODY.contains(&word.as_str()));
    }

    /// Names that the text introduces: salutation, title, "my name is", and the line below the closing words.
    pub fn add_written(&mut self, text: &str) {
        static PLACES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
            let name = r"(\p{Lu}[\p{L}'’.-]*(?:[ ]\p{Lu}[\p{L}'’.-]*){0,2})";
            [
                regex(&format!(
                    r"(?i:je m['’]appelle|mon nom est|my name is|my name['’]s|au nom de|in the name of)[ :]+{name}"
                )),
                regex(&format!(r"(?i:\bthis is|\bje suis|\bi am|\bi['’]m)[ ]+{name}[ ]?\p{{Lu}}?")),
                regex(&format!(
                    r"\b(?:M\.|Mr\.?|Mme|Mlle|Mrs\.?|Ms\.?|Miss|Monsieur|Madame|Dr\.?|Maître|(?i:bonjour|bonsoir|hello|hi|hey|dear|salut|chère|cher))[ ]+{name}"
                )),
                regex(&format!(
                    r"(?m)(?i:cordialement|salutations|merci|d['’]avance|beaucoup|à vous|journée|soirée|regards|sincerely|faithfully|thanks|thank you|cheers|best|advance|wishes)[ \t]*[,.!;:–—-]*\s*{name}[ \t.]*$"
                )),
            ]
        });
        for (index, place) in PLACES.iter().enumerate() {
            for found in place.captures_iter(text).filter_map(|found| found.get(1)) {
                // "This is Broken", "Je suis Française": only two capitals make a name there.
                if index != 1 || found.as_str().contains(' ') {
                    words(found.as_str()).for_each(|word| self.add(word));
                }
            }
        }
        self.0.retain(|word, _| !NOBODY.contains(&word.as_str()));
    }

    fn add(&mut self, word: &str) {
        if word.chars().count() >= 2 {
            self.0.insert(word.to_lowercase(), true);
        }
    }

    /// Where names stand: with a capital, or small where they are sure to be names. `any_case`: small anywhere.
    pub(super) fn find(&self, text: &str, any_case: bool) -> Vec<Range<usize>> {
        let known = |word: &&str| {
            let small = word.to_lowercase();
            self.0.get(&small).is_some_and(|written| {
                let capital = word.chars().next().is_some_and(char::is_uppercase);
                let plain = small.chars().count() >= 3 && !WORDS_TOO.contains(&small.as_str());
                capital || any_case || (*written && plain)
            })
        };
        words(text).filter(known).map(|word| offset(text, word)..offset(text, word) + word.len()).collect()
    }
}

/// Runs of letters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

/// Where a part of `text` begins in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Another name, written as this one is.
pub(super) fn stand_in(name: &str, hash: impl Fn(&str) -> [u8; 32]) -> String {
    let small = name.to_lowercase();
    let start = usize::from(hash(&small)[0]);
    let other = (start..start + 2).map(|at| STAND_INS[at % STAND_INS.len()]);
    let chosen = other.into_iter().find(|other| other.to_lowercase() != small).unwrap_or("Alex");
    let letters = || name.chars().filter(|c| c.is_alphabetic());
    if letters().all(char::is_lowercase) {
        chosen.to_lowercase()
    } else if letters().count() > 1 && letters().all(char::is_uppercase) {
        chosen.to_uppercase()
    } else {
        chosen.to_owned()
    }
}
