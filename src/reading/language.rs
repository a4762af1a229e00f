//! The language of a text: French and English by their function words, others by trigrams.

use whatlang::{Detector, Lang};

/// Words that French mail is made of, without accents. Words that English, too, has are left out.
const FRENCH: &[&str] = &[
    "je",
    "j",
    "tu",
    "il",
    "elle",
    "nous",
    "vous",
    "ils",
    "elles",
    "le",
    "la",
    "les",
    "un",
    "une",
    "des",
    "du",
    "de",
    "d",
    "l",
    "et",
    "ou",
    "mais",
    "donc",
    "car",
    "que",
    "qu",
    "qui",
    "quoi",
    "dont",
    "ne",
    "n",
    "pas",
    "plus",
    "jamais",
    "rien",
    "ce",
    "c",
    "cet",
    "cette",
    "ces",
    "mon",
    "ma",
    "mes",
    "votre",
    "vos",
    "notre",
    "nos",
    "leur",
    "son",
    "sa",
    "ses",
    "est",
    "suis",
    "ai",
    "ait",
    "avez",
    "avons",
    "etes",
    "sont",
    "ete",
    "etait",
    "avait",
    "avoir",
    "etre",
    "fait",
    "faire",
    "veux",
    "voudrais",
    "souhaite",
    "pour",
    "par",
    "avec",
    "sans",
    "dans",
    "sur",
    "chez",
    "depuis",
    "au",
    "aux",
    "en",
    "y",
    "se",
    "s",
    "si",
    "tres",
    "bien",
    "bonjour",
    "bonsoir",
    "merci",
    "svp",
    "slt",
    "cordialement",
    "madame",
    "monsieur",
    "commande",
    "colis",
    "remboursement",
    "rembourser",
    "rembourse",
    "remboursez",
    "remboursee",
    "livraison",
    "recu",
    "recue",
    "pourquoi",
    "quand",
    "comment",
    "toujours",
    "encore",
    "deja",
    "hier",
    "jour",
    "jours",
    "semaine",
    "semaines",
    "argent",
    "facture",
    "c'est",
    "vs",
    "pr",
    "jai",
    "jattend",
    "jattends",
    "chui",
    "ya",
    "ca",
    "cela",
    "cordialemen",
    "retour",
    "produit",
    "achat",
    "reponse",
    "demande",
];

/// The same for English.
const ENGLISH: &[&str] = &[
    "i",
    "you",
    "he",
    "she",
    "it",
    "we",
    "they",
    "the",
    "a",
    "an",
    "of",
    "and",
    "or",
    "but",
    "that",
    "this",
    "these",
    "those",
    "which",
    "who",
    "what",
    "when",
    "where",
    "why",
    "how",
    "is",
    "am",
    "are",
    "was",
    "were",
    "be",
    "been",
    "have",
    "has",
    "had",
    "do",
    "does",
    "did",
    "don",
    "t",
    "not",
    "no",
    "my",
    "your",
    "our",
    "their",
    "his",
    "her",
    "to",
    "for",
    "from",
    "with",
    "without",
    "in",
    "on",
    "at",
    "by",
    "as",
    "if",
    "so",
    "would",
    "could",
    "should",
    "will",
    "can",
    "please",
    "pls",
    "plz",
    "thanks",
    "thank",
    "hello",
    "hi",
    "dear",
    "regards",
    "refund",
    "refunded",
    "order",
    "ordered",
    "money",
    "back",
    "want",
    "need",
    "received",
    "never",
    "still",
    "yet",
    "again",
    "already",
    "yesterday",
    "day",
    "days",
    "week",
    "weeks",
    "u",
    "ur",
    "im",
    "ive",
    "it's",
    "there",
    "here",
    "any",
    "about",
    "just",
    "me",
    "us",
    "arrived",
    "delivery",
    "parcel",
];

/// A few frequent words of other languages: they keep short mail from being taken for French or
/// English, and name a language where there is too little text for trigrams.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "de",
        &[
            "ich",
            "nicht",
            "und",
            "der",
            "die",
            "das",
            "ist",
            "ein",
            "eine",
            "mein",
            "meine",
            "meiner",
            "wir",
            "sie",
            "bitte",
            "danke",
            "habe",
            "mit",
            "auf",
            "geld",
            "zuruck",
            "rechnung",
            "guten",
            "wann",
            "wo",
            "noch",
            "bestellung",
            "bestellnummer",
            "hallo",
            "fur",
            "von",
            "ware",
            "paket",
            "kommt",
            "erhalten",
            "erstattung",
            "ihre",
            "ihnen",
        ],
    ),
    (
        "nl",
        &[
            "ik",
            "niet",
            "het",
            "een",
            "mijn",
            "heb",
            "graag",
            "wil",
            "geld",
            "bestelling",
            "terug",
            "is",
            "van",
            "voor",
            "waar",
            "wanneer",
            "pakket",
            "dank",
            "bedankt",
            "hallo",
            "goedendag",
            "nog",
            "ontvangen",
            "jullie",
            "maar",
        ],
    ),
    (
        "es",
        &[
            "el",
            "los",
            "mi",
            "pedido",
            "gracias",
            "hola",
            "quiero",
            "por",
            "favor",
            "con",
            "una",
            "lo",
            "buenos",
            "dias",
            "buenas",
            "tardes",
            "devolucion",
            "reembolso",
            "dinero",
            "esta",
            "donde",
            "cuando",
            "todavia",
            "recibido",
            "compra",
            "estoy",
            "ha",
            "que",
        ],
    ),
    (
        "pt",
        &[
            "meu",
            "minha",
            "nao",
            "obrigado",
            "obrigada",
            "quero",
            "ola",
            "eu",
            "uma",
            "um",
            "o",
            "os",
            "reembolso",
            "encomenda",
            "dinheiro",
            "bom",
            "dia",
            "boa",
            "tarde",
            "recebi",
            "ainda",
            "onde",
            "quando",
            "voces",
            "com",
            "por",
            "favor",
            "da",
            "do",
            "foi",
        ],
    ),
    (
        "it",
        &[
            "che",
            "il",
            "di",
            "non",
            "mio",
            "ho",
            "ordine",
            "grazie",
            "buongiorno",
            "buonasera",
            "vorrei",
            "sono",
            "rimborso",
            "per",
            "della",
            "del",
            "voglio",
            "soldi",
            "ancora",
            "dove",
            "quando",
            "pacco",
            "ricevuto",
            "salve",
            "e",
            "una",
            "con",
            "mi",
        ],
    ),
];

/// Longest text that is looked at, in characters: a language shows in its first sentences.
const LOOKED_AT: usize = 4_000;

/// ISO 639-1 code of `text`, helped by the subject where the text is short; `und` where there is
/// too little to tell.
pub(super) fn of(text: &str, subject: &str) -> String {
    let own: String = text.chars().take(LOOKED_AT).collect();
    let code = guess(&own).or_else(|| {
        let with_subject: String = format!("{subject}\n{own}").chars().take(LOOKED_AT).collect();
        guess(&with_subject)
    });
    code.unwrap_or("und").to_owned()
}

fn guess(text: &str) -> Option<&'static str> {
    let words = words(text);
    by_words(&words).or_else(|| by_trigrams(text, words.len())).or_else(|| other_by_words(&words))
}

/// Lower-case words without accents, without addresses and links.
fn words(text: &str) -> Vec<String> {
    let plain = |word: &&str| !word.contains('@') && !word.contains("://");
    let kept = text.split_whitespace().filter(plain);
    let folded = kept.flat_map(|word| word.chars().flat_map(char::to_lowercase).map(without_accent).chain([' ']));
    let joined: String = folded.collect();
    joined.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn without_accent(c: char) -> char {
    match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' | 'ì' => 'i',
        'ô' | 'ö' | 'ó' | 'ò' | 'õ' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

fn count(words: &[String], list: &[&str]) -> usize {
    words.iter().filter(|word| list.contains(&word.as_str())).count()
}

/// French or English when one of them clearly leads.
fn by_words(words: &[String]) -> Option<&'static str> {
    let (french, english) = (count(words, FRENCH), count(words, ENGLISH));
    let other = OTHERS.iter().map(|(_, list)| count(words, list)).max().unwrap_or(0);
    let (code, best, second) = if french >= english { ("fr", french, english) } else { ("en", english, french) };
    let enough = best >= 2 || (best == 1 && words.len() <= 4);
    let share = best * 5 >= words.len();
    let clear = best > second && best > other && (best >= second + 2 || best >= 2 * second);
    (enough && share && clear).then_some(code)
}

/// The language whose few frequent words are met most, when it is one alone.
fn other_by_words(words: &[String]) -> Option<&'static str> {
    let own = count(words, FRENCH).max(count(words, ENGLISH));
    let mut counts: Vec<(usize, &'static str)> =
        OTHERS.iter().map(|(code, list)| (count(words, list), *code)).collect();
    counts.sort_by(|one, two| two.cmp(one));
    let (best, code) = *counts.first()?;
    let second = counts.get(1).map_or(0, |(count, _)| *count);
    (best >= 2 && best > second && best > own).then_some(code)
}

/// Trigram statistics need some text to be more than a guess.
fn by_trigrams(text: &str, words: usize) -> Option<&'static str> {
    if words < 3 {
        return None;
    }
    let info = Detector::new().detect(text)?;
    let sure = info.is_reliable() || info.confidence() > 0.7 || words >= 12;
    sure.then(|| iso_639_1(info.lang()))
}

fn iso_639_1(lang: Lang) -> &'static str {
    match lang {
        Lang::Fra => "fr",
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Pol => "pl",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Bul => "bg",
        Lang::Hrv => "hr",
        Lang::Ell => "el",
        Lang::Tur => "tr",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Cat => "ca",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        _ => "und",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_accentless_and_sms_french_and_english_are_told() {
        for (text, code) in [
            ("Je veux etre rembourse", "fr"),
            ("ou est mon colis", "fr"),
            ("slt jai tjr rien recu svp remboursez moi", "fr"),
            ("Bonjour", "fr"),
            ("remboursement commande 4412", "fr"),
            ("where is my refund", "en"),
            ("pls refund me asap", "en"),
            ("I want my money back", "en"),
            ("Hello", "en"),
            ("order never arrived", "en"),
        ] {
            assert_eq!(of(text, ""), code, "{text}");
        }
    }

    #[test]
    fn other_languages_are_not_taken_for_them() {
        for (text, code) in [
            ("Ich möchte mein Geld zurück, die Ware ist kaputt.", "de"),
            ("Die Bestellnummer ist 4711-22.", "de"),
            ("Hola, quiero que me devuelvan el dinero, el pedido no ha llegado.", "es"),
            ("Buongiorno, vorrei il rimborso dell'ordine, non è mai arrivato.", "it"),
            ("Ik heb mijn bestelling nog niet ontvangen en wil mijn geld terug.", "nl"),
            ("Bom dia, ainda não recebi a minha encomenda, quero o reembolso.", "pt"),
            ("Dzień dobry, chciałbym otrzymać zwrot pieniędzy za zamówienie, które nie dotarło.", "pl"),
        ] {
            assert_eq!(of(text, ""), code, "{text}");
        }
    }

    #[test]
    fn too_little_is_undetermined_unless_the_subject_helps() {
        assert_eq!(of("4412", ""), "und");
        assert_eq!(of("", ""), "und");
        assert_eq!(of("CMD-2024-118", "Demande de remboursement pour ma commande"), "fr");
    }
}
