//! What a draft may not look like. A person reads every draft, so only what a person would be ashamed to have
//! overlooked is grave: marks left from the template, and a right called a favour.

use std::sync::LazyLock;

use regex::Regex;

/// Something wrong with a rendered draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// A template that produces it is refused when it is loaded.
    pub grave: bool,
    /// What it is, with the words.
    pub what: String,
}

/// A pattern and what is wrong with what it finds.
struct Rule {
    words: Regex,
    what: &'static str,
    grave: bool,
    /// Only in this language.
    language: Option<&'static str>,
}

/// `(pattern, what is wrong, grave, language)`. Web addresses are taken out before.
const RULES: &[(&str, &str, bool, Option<&str>)] = &[
    (r"\{\{|\}\}|\{%|%\}|\[[^\]]*\]|\bX{2,}\b|\bTODO\b", "is a placeholder", true, None),
    (r"\bnone\b|\bundefined\b", "is a value that is not there", true, Some("fr")),
    (r"\n\s*\n\s*\n", "is an empty paragraph", false, None),
    (r"(?m)^-[ \u{a0}]*[;.,]?$", "is an empty item", false, None),
    (r"  ", "is a double blank", false, None),
    (r" \n|\n ", "is a blank at the end of a line or its beginning", false, None),
    (r"\p{Ll}[.?;][\p{Lu}\p{Ll}]", "are two sentences without a blank between", false, None),
    (r"[.,;]{2}| [.,]", "is doubled or misplaced punctuation", false, None),
    (r"[!！¡]", "is an exclamation mark", false, None),
    (r"\((?:e|ne|s)\)|·e|\bMonsieur\b|\bMadame\b|\bDear (?:Sir|Madam)\b|\bclient\(e\)", "names a gender", false, None),
    (
        r"(?i)vous auriez d[ûu]|vous n’avez pas respecté|de votre faute|you should have|you failed|your fault",
        "blames",
        false,
        None,
    ),
    (
        r"(?i)(?:envoyer|envoyez|indiquer|indiquez|communiquer|communiquez|transmettre|transmettez|fournir|fournissez)[^.\n]*(?:\bRIB\b|\bIBAN\b|coordonnées bancaires|pièce d’identité|numéro de carte)",
        "asks for bank details or identity papers",
        true,
        Some("fr"),
    ),
    (
        r"(?i)\b(?:send|give|tell|provide)\b[^.\n]*(?:\bIBAN\b|bank details|account number|card number|identity (?:card|papers)|passport)",
        "asks for bank details or identity papers",
        true,
        Some("en"),
    ),
    (r"'", "is a straight apostrophe", false, None),
    (r"[^\u{a0}\d]:(?:\s|$)|[^\u{202f}][;?](?:\s|$)", "lacks its no-break space", false, Some("fr")),
    (r"«[^\u{a0}]|[^\u{a0}]»", "lacks its no-break space", false, Some("fr")),
];

/// What makes a favour of a right.
const FAVOURS: &str = r"(?i)\b(?:gestes? commercia(?:l|ux)|exceptionnel(?:le|lement|s|les)?|à titre gracieux|de bonne volonté|faveur|goodwill|as an exception|exceptionally|as a favou?r|as a courtesy)\b";

/// What threatens to end the matter.
const ENDING: &str = r"(?i)\b(?:nous (?:clôturerons|fermerons|classerons)|sera (?:clôturée?|fermée?|classée?)|sans suite|we (?:will|shall) close|will be closed)\b";

static DRAFT: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    RULES
        .iter()
        .map(|(words, what, grave, language)| Rule { words: fixed(words), what, grave: *grave, language: *language })
        .collect()
});
static FAVOUR: LazyLock<Regex> = LazyLock::new(|| fixed(FAVOURS));
static END: LazyLock<Regex> = LazyLock::new(|| fixed(ENDING));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| fixed(r"https?://\S+"));

#[allow(clippy::expect_used, reason = "fixed patterns, compiled by every test of this module")]
fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are fixed")
}

/// Checks a rendered draft; `statutory` when a basis in law applies or may apply.
pub fn lint_draft(text: &str, language: &str, statutory: bool) -> Vec<Flaw> {
    flaws(text, language, statutory, |_| true)
}

/// The first grave flaw, if there is one.
pub fn grave_flaw(text: &str, language: &str, statutory: bool) -> Option<String> {
    flaws(text, language, statutory, |rule| rule.grave).into_iter().find(|flaw| flaw.grave).map(|flaw| flaw.what)
}

fn flaws(text: &str, language: &str, statutory: bool, wanted: impl Fn(&Rule) -> bool) -> Vec<Flaw> {
    let text = ADDRESS.replace_all(text, "URL");
    let mut flaws: Vec<Flaw> = DRAFT
        .iter()
        .filter(|rule| wanted(rule) && rule.language.is_none_or(|only| only == language))
        .filter_map(|rule| {
            let found = rule.words.find(&text)?;
            Some(Flaw { grave: rule.grave, what: format!("“{}” {}", found.as_str(), rule.what) })
        })
        .collect();
    if statutory {
        flaws.extend(forbidden_on_statutory_basis(&text).map(|what| Flaw { grave: true, what }));
    }
    flaws
}

/// Words that make a favour of what the law gives, or threaten to end it; says which.
pub fn forbidden_on_statutory_basis(text: &str) -> Option<String> {
    let favour = FAVOUR.find(text).map(|found| (found, "makes a favour of a right"));
    let (found, what) = favour.or_else(|| END.find(text).map(|found| (found, "threatens to end a matter of law")))?;
    Some(format!("“{}” {what}", found.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_are_found_and_named() {
        for (language, text, what) in [
            ("fr", "Bonjour {{ nom }},", "placeholder"),
            ("en", "We refund [amount].", "placeholder"),
            ("fr", "Remboursement : none.", "not there"),
            ("fr", "Un.\n\n\nDeux.", "empty paragraph"),
            ("en", "- a;\n- .", "empty item"),
            ("en", "two  blanks", "double blank"),
            ("en", "One.Two.", "without a blank"),
            ("en", "Great!", "exclamation"),
            ("fr", "Cher client(e),", "gender"),
            ("en", "You should have kept the box.", "blames"),
            ("fr", "Merci de nous envoyer votre RIB.", "bank details"),
            ("en", "Please send us your bank details.", "bank details"),
            ("fr", "l'article", "apostrophe"),
            ("fr", "Voici :\n- a ;", "no-break"),
            ("fr", "« ici »", "no-break"),
            ("fr", "À titre de geste commercial, nous vous remboursons.", "favour"),
            ("en", "As an exception, we refund you.", "favour"),
            ("en", "Without an answer we shall close your case.", "end"),
        ] {
            let flaws = lint_draft(text, language, true);
            assert!(flaws.iter().any(|flaw| flaw.what.contains(what)), "{text}: {flaws:?}");
        }
    }

    #[test]
    fn good_texts_pass() {
        for (language, text) in [
            (
                "fr",
                "Bonjour,\n\nVoici\u{a0}:\n- l’un\u{202f};\n- l’autre.\n\n«\u{a0}Ici\u{a0}», à https://shop.example/a?b=c;d.",
            ),
            ("fr", "Nous ne vous demanderons jamais vos coordonnées bancaires par courriel."),
            ("en", "Hello,\n\nWe will never ask for your bank details by e-mail. See https://shop.example/a.B?c:d"),
            ("en", "- one;\n- two."),
        ] {
            assert_eq!(lint_draft(text, language, true), Vec::new(), "{text}");
        }
        assert_eq!(lint_draft("As an exception, yes.", "en", false), Vec::new(), "goodwill may be called so");
    }
}
