//! What texts may never say. An acknowledgement, whatever template it came from, is read by people whose
//! matter nobody has looked at yet; a draft is read by a reviewer first.

mod draft;

use std::sync::LazyLock;

use regex::Regex;

pub use draft::{Flaw, forbidden_on_statutory_basis, grave_flaw, lint_draft};

/// Forbidden expressions with the reason. Each is matched at the beginning of a word, case ignored;
/// `$` at the end asks for the end of the word as well.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "promises an outcome",
        &[
            "garanti",
            "accepté",
            "acceptée",
            "acceptons",
            "éligib",
            "approuv",
            "validé",
            "validons",
            "serez rembours",
            "vous rembours",
            "allons rembours",
            "procéderons",
            "sera effectué",
            "sera traité",
            "en cours de traitement",
            "approv",
            "eligib",
            "guarantee",
            "accepted",
            "we accept",
            "entitle",
            "will be refunded",
            "will refund",
            "your refund is",
            "is being processed",
            "will be processed",
            "granted",
            "droit à",
        ],
    ),
    (
        "promises a delay",
        &[
            "plus brefs délais",
            "meilleurs délais",
            "brefs délais",
            "au plus vite",
            "rapidement",
            "très vite",
            "bientôt",
            "immédiat",
            "sous peu",
            "dès que possible",
            "prochainement",
            r"sous \d",
            r"dans les \d",
            r"en moins de \d",
            "shortly",
            "soon",
            "quickly",
            "promptly",
            "immediately",
            "right away",
            "without delay",
            "asap",
            r"within \d",
            r"in less than \d",
            "in the coming",
            "dans la journée",
            "today$",
            "aujourd'hui",
        ],
    ),
    (
        "names feelings",
        &[
            "désolé",
            "navré",
            "regrett",
            "frustr",
            "colère",
            "mécontent",
            "déçu",
            "déception",
            "inquiét",
            "agacé",
            "comprenons votre",
            "excuses?$",
            "excuser",
            "sorry",
            "apolog",
            "frustrat",
            "angry",
            "anger",
            "upset",
            "disappoint",
            "worried",
            "understand how",
            "understand your",
            "feel$",
            "feeling",
        ],
    ),
    (
        "asks for the reason",
        &[
            "motifs?$",
            "raisons?$",
            "pourquoi",
            "pour quelle",
            "reasons?$",
            "why$",
            "what happened",
            "que s'est-il passé",
        ],
    ),
    (
        "asks for card or identity papers",
        &[
            "carte",
            "iban",
            "rib$",
            "cryptogramme",
            "pièce d'identité",
            "identité",
            "passeport",
            "coordonnées bancaires",
            "card",
            "cvv",
            "cvc",
            "bank",
            "passport",
            "identity",
            r"id$",
            "driving licen",
            "permis de conduire",
        ],
    ),
    (
        "is marketing",
        &[
            "promo",
            "offres?$",
            "réduction",
            "newsletter",
            "découvr",
            "remise$",
            "bon d'achat",
            "soldes",
            "discount",
            "voucher",
            "coupon",
            "offers?$",
            "discover",
            "special",
            "exclusi",
            "https?://",
            r"www\.",
            "follow us",
            "suivez-nous",
        ],
    ),
];

/// One forbidden group, compiled.
struct Group {
    why: &'static str,
    words: Regex,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let group = |(why, words): &(&'static str, &[&str])| {
        let alternatives: Vec<String> = words
            .iter()
            .map(|word| match word.strip_suffix('$') {
                Some(whole) => format!("{whole}\\b"),
                None => (*word).to_owned(),
            })
            .collect();
        #[allow(clippy::expect_used, reason = "fixed patterns, compiled by every test of this module")]
        let words = Regex::new(&format!("(?i)\\b(?:{})", alternatives.join("|"))).expect("the patterns are fixed");
        Group { why, words }
    };
    FORBIDDEN.iter().map(group).collect()
});

/// Checks a rendered acknowledgement.
///
/// # Errors
/// One sentence a forbidden expression, naming it.
pub fn lint_acknowledgement(text: &str) -> Result<(), Vec<String>> {
    let plain = text.replace('\u{2019}', "'").replace(['\u{a0}', '\u{202f}'], " ");
    let mut problems: Vec<String> = GROUPS
        .iter()
        .flat_map(|group| {
            group.words.find_iter(&plain).map(|found| format!("“{}” {}", found.as_str(), group.why)).collect::<Vec<_>>()
        })
        .collect();
    if plain.contains(['!', '！', '¡']) {
        problems.push("an acknowledgement has no exclamation mark".into());
    }
    if plain.contains("{{") || plain.contains("{%") {
        problems.push("unrendered template marks are left".into());
    }
    problems.dedup();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_expressions_are_found_and_named() {
        for text in [
            "Votre remboursement est garanti.",
            "Votre demande est acceptée.",
            "Vous êtes éligible.",
            "Nous vous répondrons dans les plus brefs délais.",
            "Une réponse sous 48 h.",
            "Your request is approved.",
            "You are eligible.",
            "We guarantee it.",
            "We will answer shortly.",
            "We will answer within 2 days.",
            "We are sorry.",
            "Nous sommes désolés.",
            "Nous comprenons votre colère.",
            "Quel est le motif de votre demande ?",
            "Please tell us why.",
            "Envoyez-nous votre RIB.",
            "Send us your card number.",
            "Merci de joindre une pièce d’identité.",
            "Merci !",
            "Discover our offers.",
            "Hello {{ name }}",
        ] {
            assert!(lint_acknowledgement(text).is_err(), "{text}");
        }
        let problems = lint_acknowledgement("Garanti et accepté !").unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn ordinary_words_that_resemble_them_are_left_alone() {
        for text in [
            "Nous avons bien reçu votre message.",
            "Une personne de notre équipe le lira.",
            "Le ruban et la caribou, l’attribut.",
            "It concerns a refund request.",
            "Vous demandez un remboursement.",
            "A ribbon, idle, whyever placed.",
            "Tuesday 3 March 2026 at 14:05 (Paris time)",
        ] {
            assert_eq!(lint_acknowledgement(text), Ok(()), "{text}");
        }
    }
}
