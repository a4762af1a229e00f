//! Confidentiality notices, "think before you print" and the like, which companies append.

use std::sync::LazyLock;

use regex::Regex;

use crate::reading::lines::Line;
use crate::reading::parse::regex;

use super::signature::holds_fact;

/// How a notice begins: these words do not begin a customer's paragraph.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,6}(?:
            (?:confidentiality|disclaimer|legal|privacy)\s+(?:notice|note|statement|disclaimer)|disclaimer\b|confidentiality\s*:|notice\s*:\s*this
          | avis\s+(?:de\s+confidentialité|important|juridique)|clause\s+de\s+confidentialité|avertissement\s*:|confidentialité\s*:
          | (?:p(?:ensez|ensons)|merci\s+de\s+penser)\s+à\s+l['’]environnement|avant\s+d['’]imprimer|n['’]imprimez\s+ce|adoptez\s+l['’]éco|(?:please\s+)?(?:consider|think\s+of)\s+the\s+environment|(?:please\s+)?think\s+before\s+you\s+print|bitte\s+(?:denken|prüfen)\s+sie.{0,40}(?:umwelt|drucken|ausdruck)
          | aviso\s+legal|avviso\s+di\s+riservatezza|vertraulichkeitshinweis|haftungsausschluss|wichtiger\s+hinweis
        )",
    )
});

/// What the receiving server writes above a stranger's mail.
static BANNER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,6}(?:
            (?:caution|attention|warning|achtung|vorsicht|external|externe?r?|avertissement)\b.{0,60}\b(?:e-?mail|mail|courriel|message|nachricht|expéditeur|sender)\b
                .{0,60}\b(?:external|externe?[nrs]?|extérieur|outside|ausserhalb|außerhalb)\b.{0,300}
          | (?:external|externe?)(?:\s+(?:e-?mail|sender|message))?[\W_]{0,6}
          | you\s+don['’]t\s+often\s+get\s+e?-?mail\s+from\s.{0,250} | some\s+people\s+who\s+received\s+this\s+message\s.{0,250}
          | (?:vous\s+n['’](?:obtenez|recevez)\s+pas\s+souvent|vous\s+recevez\s+rarement)\s.{0,250} | sie\s+erhalten\s+(?:nicht\s+(?:oft|häufig)|selten)\s.{0,250}
        )$",
    )
});

/// Phrases of which a notice holds several and a customer's paragraph hardly one.
const PHRASES: &[&str] = &[
    "confidenti",
    "vertraulich",
    "riservat",
    "vertrouwelijk",
    "privileged",
    "privilégi",
    "intended recipient",
    "intended solely",
    "intended only",
    "addressee",
    "named above",
    "received this",
    "in error",
    "notify the sender",
    "delete it",
    "delete this",
    "unauthori",
    "disclos",
    "disseminat",
    "destinataire",
    "destinés exclusivement",
    "à l'intention exclusive",
    "usage exclusif",
    "par erreur",
    "immédiatement",
    "expéditeur",
    "détrui",
    "toute divulgation",
    "toute utilisation",
    "diffusion",
    "non autorisé",
    "pièces jointes",
    "altéré",
    "falsifié",
    "bestimmungsgemäße",
    "adressat",
    "irrtümlich",
    "vernichten",
    "absender",
    "unbefugte",
    "weitergabe",
    "destinatario",
    "errore",
    "destinatário",
    "por error",
    "virus",
    "liability",
    "responsabilité",
    "this message",
    "this e-mail",
    "this email",
    "ce message",
    "ce courriel",
    "cet e-mail",
    "diese e-mail",
    "diese nachricht",
    "este mensaje",
    "questo messaggio",
];

/// How many phrases make a notice.
const ENOUGH: usize = 4;

/// The segment without notices. The first paragraph is the writer's own, whatever it says.
pub(super) fn without(segment: &[Line]) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut in_own_words = false;
    let lines: Vec<Line> = segment.iter().filter(|line| !BANNER.is_match(line.text.trim())).cloned().collect();
    for paragraph in lines.split_inclusive(Line::is_blank) {
        let text = joined(paragraph);
        if in_own_words && is_notice(&text) {
            continue;
        }
        in_own_words |= text.chars().any(char::is_alphanumeric);
        kept.extend(before_notice(paragraph).iter().cloned());
    }
    kept
}

/// The lines of a paragraph above a notice that follows without a blank line.
fn before_notice(paragraph: &[Line]) -> &[Line] {
    let notice = (1..paragraph.len()).find(|at| {
        let rest = paragraph.get(*at..).unwrap_or_default();
        let starts = rest.first().is_some_and(|line| line.text.len() > 20 && phrases(&line.text) >= 1);
        starts && is_notice(&joined(rest))
    });
    notice.and_then(|at| paragraph.get(..at)).unwrap_or(paragraph)
}

fn joined(paragraph: &[Line]) -> String {
    paragraph.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ")
}

fn is_notice(text: &str) -> bool {
    let begins = BEGINS.is_match(text);
    (begins || phrases(text) >= ENOUGH) && !holds_fact(text)
}

fn phrases(text: &str) -> usize {
    if text.len() > 6_000 {
        return 0;
    }
    let text = text.to_lowercase().replace('’', "'");
    PHRASES.iter().filter(|phrase| text.contains(*phrase)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::lines::{join, of_plain};

    fn kept(text: &str) -> String {
        join(&without(&of_plain(text)))
    }

    #[test]
    fn a_servers_banner_above_the_mail_goes() {
        for banner in [
            "CAUTION: This email originated from outside of the organization. Do not click links.",
            "ATTENTION : ce courriel provient de l'extérieur de l'entreprise.",
            "You don't often get email from marie@client.example. Learn why this is important",
        ] {
            assert_eq!(kept(&format!("{banner}\nBonjour, mon colis est cassé.")), "Bonjour, mon colis est cassé.");
        }
    }

    #[test]
    fn a_customers_own_words_stay_whatever_they_say() {
        for text in [
            "Ce message est confidentiel : j'ai reçu par erreur le colis d'un autre destinataire, l'expéditeur est chez vous.",
            "Bonjour,\n\nLe colis n'a pas été livré au destinataire, l'expéditeur doit me rembourser immédiatement.",
            "Achtung, ich habe die Lampe außerhalb der Frist zurückgeschickt.",
            "Attention, le carton extérieur était ouvert.\nIl manque la lampe.",
        ] {
            assert_eq!(kept(text), text);
        }
    }

    #[test]
    fn a_notice_that_names_the_order_stays() {
        let text = "Bonjour\n\nThis message is confidential, commande n° 4412, received in error, notify the sender, delete it.";
        assert_eq!(kept(text), text);
    }
}
