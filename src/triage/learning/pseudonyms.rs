//! Takes out of a mail what says who wrote it, before it becomes a training row: names, e-mail addresses, links,
//! street addresses, telephone numbers and the digits of references. Shape and length of numbers stay, since
//! models learn from them; dates, amounts of few digits and the rest of the text stay word for word.
//!
//! What stands in for a word depends on a secret of the mail: the same name or number gets the same stand-in
//! throughout one mail, and another in the next.

mod names;
mod numbers;
mod rewritten;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};

pub use names::Names;
pub use rewritten::Rewritten;

/// What stands in for the people and numbers of one mail.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    secret: [u8; 32],
    names: Names,
}

/// Ranges of a text that are facts.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Dates and products: no digit in them is changed.
    pub untouched: Vec<Range<usize>>,
    /// References: their digits are changed however few they are.
    pub references: Vec<Range<usize>>,
}

/// A range of the original and what stands there now.
type Change = (Range<usize>, String);

impl Pseudonyms {
    /// For one mail; `secret` is known to nobody who sees the row.
    pub fn new(secret: [u8; 32], names: Names) -> Self {
        Self { secret, names }
    }

    /// Rewrites the subject or the body.
    pub fn text(&self, text: &str, kept: &Kept) -> Rewritten {
        self.rewrite(text, kept, false)
    }

    /// Rewrites the name of an attachment, where names are mostly written small.
    pub fn file_name(&self, name: &str, kept: &Kept) -> Rewritten {
        self.rewrite(name, kept, true)
    }

    // Earlier kinds win where two overlap: an address's local part is no name, its street number no reference.
    fn rewrite(&self, text: &str, kept: &Kept, any_case: bool) -> Rewritten {
        let mut changes: Vec<Change> = Vec::new();
        let mut add = |range: Range<usize>, stand_in: String| {
            if !changes.iter().any(|(taken, _)| taken.start < range.end && range.start < taken.end) {
                changes.push((range, stand_in));
            }
        };
        for (pattern, stand_in) in plain_kinds() {
            pattern.find_iter(text).for_each(|found| add(found.range(), (*stand_in).to_owned()));
        }
        for range in numbers::find(text, kept) {
            let written = text.get(range.clone()).unwrap_or_default();
            let stand_in = numbers::stand_in(written, |digits| self.hash(digits));
            numbers::stretches(range, written, &stand_in).into_iter().for_each(|(range, new)| add(range, new));
        }
        for range in self.names.find(text, any_case) {
            let written = text.get(range.clone()).unwrap_or_default();
            add(range, names::stand_in(written, |name| self.hash(name)));
        }
        Rewritten::new(text, changes)
    }

    fn hash(&self, text: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.secret).chain_update(text).finalize().into()
    }
}

fn regex(pattern: &str) -> Regex {
    #[allow(clippy::expect_used, reason = "a constant pattern, which every test compiles")]
    Regex::new(pattern).expect("a constant pattern")
}

/// What is replaced by the same words in every mail.
fn plain_kinds() -> &'static [(Regex, &'static str)] {
    static KINDS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
        vec![
            (regex(r#"[^\s<>()\[\],;:"'’]+@[^\s<>()\[\],;:"'’@]+\.[\p{L}\d-]*[\p{L}\d]"#), "client@mail.example"),
            (regex(r"(?i)\b(?:https?://|www\.)[^\s<>]+"), "https://site.example"),
            (
                regex(concat!(
                    r"(?i)\b\d{1,4}\s?(?:bis|ter|quater|[a-d])?,?\s+",
                    r"(?:rue|avenue|av\.?|boulevard|bd\.?|chemin|place|allée|allee|impasse|quai|route|square|passage|",
                    r"faubourg|lotissement)\s+",
                    r"(?:(?:de|du|des|la|le|les|au|aux)\s+|[dl]['’]\s*)*",
                    r"[\p{L}'’-]+(?-i:[ ]+\p{Lu}[\p{L}'’-]+){0,3}",
                    r"(?-i:\s*,?\s*(?:[A-Z]{1,2}-)?\d{4,5}[ ]+\p{Lu}[\p{L}'’-]+(?:[ ]\p{Lu}[\p{L}'’-]+){0,3})?",
                )),
                "12 rue des Tilleuls",
            ),
            (
                regex(concat!(
                    r"\b\d{1,5}[A-Za-z]?,?\s+(?:\p{Lu}[\p{L}'’-]*\s+){1,3}",
                    r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|court|crescent|terrace|gardens|boulevard|",
                    r"blvd|square)\b\.?",
                )),
                "12 Linden Street",
            ),
            // A British postcode.
            (regex(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"), "ZZ1 1ZZ"),
        ]
    });
    &KINDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms() -> Pseudonyms {
        let mut names = Names::default();
        names.add_person(Some("Anne-Laure DUPONT"), "al.dupont72@mail.example");
        Pseudonyms::new([7; 32], names)
    }

    fn rewritten(text: &str) -> String {
        let mut pseudonyms = pseudonyms();
        pseudonyms.names.add_written(text);
        pseudonyms.text(text, &Kept::default()).text
    }

    #[test]
    fn nothing_that_names_the_writer_is_left() {
        let text = "Bonjour Julie,\nje m'appelle Anne-Laure Dupont, tél. 06 12 34 56 78 ou +32 475 12 34 56, \
            al.dupont72@mail.example, 14 bis, rue de la République, 69001 Lyon.\nMon IBAN : FR** **** **** 4242, \
            carte ************1881, dossier 20240311, suivi https://track.example/6A998877.\n\
            Mme Gauthier m'a répondu.\nCordialement,\nanne-laure dupont\nPO16 7GZ";
        let new = rewritten(text);
        for gone in [
            "Julie",
            "Anne",
            "Laure",
            "anne",
            "dupont",
            "Dupont",
            "12 34 56",
            "475",
            "République",
            "Lyon",
            "4242",
            "1881",
            "20240311",
            "998877",
            "Gauthier",
            "PO16",
            "mail.example,al",
        ] {
            assert!(!new.contains(gone), "{gone} is left in: {new}");
        }
        for stays in ["je m'appelle", "tél. 0", "dossier ", "m'a répondu", "Cordialement"] {
            assert!(new.contains(stays), "{stays} is gone from: {new}");
        }
    }

    #[test]
    fn english_mails_too() {
        let new = rewritten(
            "Hi there, this is Siobhan Kelly. Please send it to 221B Baker Street or ring (415) 555-0134.\n\
             Order 4410 came broken on 12/03/2024, 3 weeks late.\nThanks,\nSiobhan",
        );
        for gone in ["Siobhan", "Kelly", "Baker", "555", "0134", "4410"] {
            assert!(!new.contains(gone), "{gone} is left in: {new}");
        }
        for stays in ["Hi there", "came broken on 12/03/2024, 3 weeks late.\nThanks,\n"] {
            assert!(new.contains(stays), "{stays} is gone from: {new}");
        }
    }

    #[test]
    fn dates_prices_and_plain_words_stay_word_for_word() {
        for text in [
            "Le 03/04/2024 à 14:30 j'ai payé 1 299,00 € pour 2 chaises, livrées le 2024-05-06.",
            "I paid £49.99 on 5 May 2024 at 10.30 and will return it; mark my words.",
            "Madame, Monsieur,\nMerci d'avance.\nBien cordialement",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn the_same_word_has_one_stand_in_in_a_mail_and_another_in_the_next() {
        let text = "Commande CMD-2024-0017 de Dupont ; CMD-2024-0017, DUPONT.";
        let new = rewritten(text);
        let number: Vec<&str> = new.split([' ', ',', ';', '.']).filter(|word| word.starts_with("CMD-")).collect();
        assert!(number.len() == 2 && number.first() == number.last(), "{new}");
        assert_ne!(number.first(), Some(&"CMD-2024-0017"));
        let words: Vec<&str> = new.split([' ', '.']).filter(|word| !word.is_empty()).collect();
        let [_, _, "de", name, _, _, shouted] = words.as_slice() else { panic!("{new}") };
        assert_eq!(name.to_uppercase(), *shouted);
        let other = Pseudonyms { secret: [8; 32], ..pseudonyms() }.text(text, &Kept::default()).text;
        assert_ne!(new, other);
    }

    #[test]
    fn a_fact_is_found_again_in_the_new_words() {
        let text = "Le livre de Dupont, commande 12-77, reçu le 04052024";
        let at = |words: &str| text.find(words).map(|start| start..start + words.len()).unwrap();
        let kept = Kept { untouched: vec![at("04052024")], references: vec![at("12-77")] };
        let new = pseudonyms().text(text, &kept);
        assert_eq!(new.words(at("04052024")), "04052024");
        let number = new.words(at("12-77"));
        assert!(number != "12-77" && number.len() == 5 && new.text.contains(&number), "{}", new.text);
        let product = new.words(at("livre de Dupont"));
        assert!(product.starts_with("livre de ") && !product.contains("Dupont") && new.text.contains(&product));
    }

    #[test]
    fn a_customer_called_will_keeps_the_word_in_its_other_sense() {
        let mut names = Names::default();
        names.add_person(Some("Will Marsh"), "w@mail.example");
        let new = Pseudonyms::new([1; 32], names).text("I will wait. Will Marsh", &Kept::default()).text;
        assert!(new.starts_with("I will wait. ") && !new.contains("Marsh") && !new.contains("Will"), "{new}");
    }

    #[test]
    fn hostile_text_does_no_harm() {
        for text in ["@".repeat(5000), "1 ".repeat(5000), "Merci,\n".repeat(3000), "é@é.é\u{301}".repeat(900)] {
            let mut pseudonyms = pseudonyms();
            pseudonyms.names.add_written(&text);
            let new = pseudonyms.text(&text, &Kept { untouched: vec![0..3, 5..6], references: vec![1..2, 9..400_000] });
            assert!(new.words(0..text.len()) == new.text);
        }
    }
}
