//! Signatures: the delimiter, what phones and mail programs add, and contact lines under a closing.

use std::sync::LazyLock;

use regex::Regex;

use crate::reading::lines::{Line, SIGNATURE_DELIMITER};
use crate::reading::parse::regex;

/// Most lines a signature under a closing may have.
const MAX_LINES: usize = 14;

static ADDED_BY_CLIENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,4}(?:
            (?:envoyé|expédié|envoyée|écrit)\s+(?:de|depuis|à\s+partir\s+de|par|avec|via|sur)\s+(?:(?:mon|ma|un|l['’]|le|la|my)\s*)?(?:appareil|application|appli|app|service|messagerie|téléphone|smartphone|tablette|mobile|portable|ordinateur|courrier|iphone|ipad|mac|android|samsung|galaxy|huawei|xiaomi|redmi|oppo|honor|oneplus|google\s+pixel|pixel|sony|nokia|lg|wiko|blackberry|windows|outlook|yahoo|gmail|mail|proton|orange|sfr|free|bbox|bouygues|la\s?poste|laposte|aol|spark|bluemail|fairphone)\b[^.!?]{0,60}
          | sent\s+(?:from|via|with|by|using)\s+(?:(?:my|the|an?)\s+)?(?:[\w+-]+\s+){0,3}(?:iphone|ipad|ipod|mac|android|samsung|galaxy|huawei|xiaomi|pixel|blackberry|windows|outlook|yahoo|gmail|mail|mailbox|proton|aol|phone|mobile|device|tablet|smartphone|handheld|app|wireless|treo|nokia|lg|htc|motorola|verizon|t-mobile|at&t|spark|bluemail|airmail|superhuman|fairphone|front|mailspring)\b[^.!?]{0,60}
          | (?:gesendet|verschickt|geschickt|diese\s+(?:nachricht|mail|e-mail)\s+wurde)\s+(?:von|mit|vom|über|aus)\s+(?:(?:meinem|der|meiner|dem|einem|mobilen?)\s+)*(?:[\w-]+\s+){0,3}(?:iphone|ipad|mac|android|samsung|galaxy|huawei|xiaomi|handy|smartphone|tablet|outlook|yahoo|mail|blackberry|windows|gmx|web\.de|mobiltelefon|gerät|app)\b[^!?]{0,60}
          | von\s+(?:meinem|unterwegs|mein)\b.{0,40}\bgesendet | von\s+(?:outlook|samsung|yahoo)\b.{0,30}\bgesendet
          | enviado\s+(?:desde|do|da|de|a\s+partir\s+do|por|con|via)\s+(?:(?:mi|meu|minha|el|la|o|a|un|una|Correo|Yahoo)\s*)*(?:[\w-]+\s+){0,2}(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|teléfono|móvil|celular|telemóvel|outlook|yahoo|correo|mail|blackberry|dispositivo|smartphone|tablet|windows)\b[^!?]{0,60}
          | (?:inviato|inviata)\s+(?:da|dal|con)\s+(?:(?:mio|il|mia|un)\s*)?(?:[\w-]+\s+){0,2}(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|telefono|cellulare|outlook|yahoo|mail|posta|dispositivo|smartphone|tablet|libero|windows)\b[^!?]{0,60}
          | (?:verzonden|verstuurd)\s+(?:vanaf|vanuit|met|via|van)\s+(?:(?:mijn|de|een)\s+)?(?:[\w-]+\s+){0,2}(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|telefoon|mobiel|outlook|yahoo|mail|smartphone|tablet|windows)\b[^!?]{0,60}
          | (?:wysłane|wysłano)\s+z\s+.{1,40} | (?:sendt|skickat|skickades|lähetetty)\s+(?:fra|från|via|med|laitteesta)?\s*.{0,20}(?:iphone|ipad|android|samsung|galaxy|mobil|telefon|outlook|mail|windows)\w{0,8}.{0,20} | отправлено\s+(?:с|из)\s+.{1,40} | надіслано\s+з\s+.{1,40} | lähetetty\s+.{1,30}(?:sta|ltä|sta)
          | (?:télécharger?|obtenez|obtenir|téléchargez|get|download|hol(?:en|e)?\s+(?:sie\s+sich|dir)?|obtener|obtén|scarica|ottieni|obter)\s+(?:outlook|mailspring|bluemail|yahoo|the\s+outlook|spark)\b.{0,80}
          | (?:outlook|bluemail)\s+(?:für|para|per|pour|for|voor)\s+(?:android|ios)\b.{0,60}
          | (?:découvrez|essayez)\s+(?:yahoo|outlook|laposte)\b.{0,80} | yahoo\s+mail\s*:.{0,80} | via\s+(?:the\s+)?samsung.{0,60}
          | (?:garanti\s+sans\s+virus|virus-free|sans\s+virus|virenfrei|libre\s+de\s+virus|privo\s+di\s+virus|virusvrij|l['’]absence\s+de\s+virus).{0,80}
          | excusez\s+(?:la\s+brièveté|ma\s+brièveté).{0,60} | (?:please\s+)?excuse\s+(?:my\s+brevity|(?:the\s+)?(?:brevity|typos)).{0,80}
        )[\s.<>\[\]()/:\w%?=&-]*$",
    )
});

/// "Sent from my …" with a device nobody listed: alone in its paragraph, a few words, no date.
static FROM_MY_DEVICE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,4}(?:
            sent\s+(?:from|via|with)\s+my | (?:envoyé|expédié)\s+(?:de|depuis|avec)\s+(?:mon|ma|notre) | gesendet\s+(?:von|mit)\s+mein(?:em|er)
          | enviado\s+(?:desde\s+mi|do\s+meu|da\s+minha) | inviato\s+(?:dal|da)\s+mi[oa] | ver(?:zonden|stuurd)\s+(?:vanaf|met|van)\s+mijn
        )(?:\s+[\w-]+){1,5}$",
    )
});
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:le|on|am)\s+\d|\b(?:adresse|address|bureau|house|home|domicile|maison|compte|account|last|hier|lundi|mardi|mercredi|jeudi|vendredi)\b",
    )
});

static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,3}(?:
            (?:bien\s+|très\s+|sincères?\s+|mes\s+)?(?:cordialement|sincèrement|respectueusement|amicalement|salutations|cdlt|cdt|bàv|sincères\s+salutations|meilleures\s+salutations)
          | bien\s+à\s+vous | (?:avec\s+)?(?:mes|nos)\s+(?:sincères|meilleures|cordiales|respectueuses).{0,30} | (?:bonne|belle)\s+(?:journée|soirée|réception|semaine|fin\s+de\s+journée)
          | (?:veuillez|je\s+vous\s+prie|dans\s+l['’]attente|en\s+vous\s+remerciant|en\s+attente|recevez|merci\s+(?:d['’]avance|par\s+avance)).{0,150}
          | (?:(?:best|kind|warm|many|with\s+(?:best|kind))\s+)*(?:regards|wishes|thanks) | all\s+the\s+best | sincerely(?:\s+yours)? | yours(?:\s+\w+)? | cheers | best | thanks(?:\s+.{0,30})? | thank\s+you(?:\s+.{0,40})? | merci(?:\s+.{0,40})? | respectfully | cordially
          | (?:mit\s+)?(?:freundlichen?|besten?|vielen?|lieben?|herzlichen?|schönen?)\s+(?:gr(?:ü|ue)(?:ß|ss)en?|dank).{0,20} | mfg | lg | hochachtungsvoll | gr(?:ü|ue)(?:ß|ss)e
          | (?:un\s+)?(?:cordial\s+)?saludos?(?:\s+cordiales)? | atentamente | atte | gracias.{0,30} | (?:cordiali|distinti)\s+saluti | grazie.{0,30} | met\s+vriendelijke\s+groet(?:en)? | (?:hartelijke\s+)?groet(?:en|jes)? | mvg
          | (?:com\s+os\s+melhores\s+)?cumprimentos | atenciosamente | obrigad[oa].{0,20} | (?:med\s+)?(?:vennlig\s+|vänlig\s+|venlig\s+)hil?sen | mvh | z\s+poważaniem | pozdrawiam
        )[\s,.!;…-]*$",
    )
});

static CONTACT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\W_]{0,4}(?:
            (?:t[ée]l(?:[ée]phone)?|mob(?:ile)?|portable|port|fax|gsm|phone|cell|office|direct|bureau|standard|fixe|handy|telefon|tel[ée]fono|tlf|mobiel|telefoon|t|m|p|f)\s?[.:/]*\s*[:.]?\s*\(?\+?[\d(][\d\s().+/-]{6,24}
          | (?:\+|00)\d{1,3}[\d\s().-]{7,18} | \(?0[1-9]\)?(?:[\s.-]?\d{2}){4}
          | (?:e-?mail|courriel|mail|site(?:\s+web)?|web|internet|skype)\s?:\s*\S+
          | (?:https?://|www\.)\S+ | <?(?:mailto:)?[^\s@<>]+@[^\s@<>]+\.[a-z]{2,}>?
          | (?:\d{1,4}\s?(?:bis|ter)?,?\s+)(?:rue|avenue|av\.?|boulevard|bd|place|chemin|allée|impasse|route|quai|cours|street|st\.?|road|rd\.?|lane|avenue|ave\.?|drive|via|calle)\b.{0,60}
          | \p{L}+(?:straße|strasse|str\.|weg|platz|gasse|laan|straat)\s+\d{1,4}\w?
          | (?:[A-Z]{1,2}-)?\d{5}(?:\s?-)?\s+\p{Lu}[\p{L}\s'’-]{1,40}(?:cedex\s*\d*)?
          | (?:siret|siren|rcs|tva|vat|ust|hrb|n°\s?tva|amtsgericht|geschäftsführer|capital\s+(?:social|de)|sitz\s+der\s+gesellschaft)\b.{0,120}
        )[\s|.,]*$",
    )
});

/// A line that names what a case needs: it is never cut.
static FACT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b(?:commande|command|order|cmd|achat|facture|invoice|réf(?:érence)?|ref(?:erence)?|bestell\w*|auftrag\w*|rechnung\w*|pedido|ordine|fattura|bestelling|encomenda|booking|réservation|reservation|dossier|contrat|contract|abonnement|subscription|transaction|ticket|colis|parcel|num[ée]ro|n°|no\.)\b?.{0,30}\d{2,}
        | \#\s?[A-Z-]*\d{3,}",
    )
});

/// Whether a line holds an order number or another fact of the case.
pub(super) fn holds_fact(line: &str) -> bool {
    FACT.is_match(line) && !CONTACT.is_match(line.trim())
}

/// `-- ` alone on its line (RFC 3676 §4.3). Without its blank, or as a long dash, it may be a rule
/// between two paragraphs: then only a few short lines may follow before the quote or the end.
pub(super) fn is_delimiter(lines: &[Line], at: usize) -> bool {
    let Some(line) = lines.get(at).filter(|line| line.depth == 0 && at > 0) else { return false };
    let is_rule = |line: &Line| line.depth == 0 && matches!(line.text.trim(), "--" | "—" | "–");
    if line.text == SIGNATURE_DELIMITER || !is_rule(line) {
        return line.text == SIGNATURE_DELIMITER;
    }
    let below = lines.get(at + 1..).unwrap_or_default().iter().take_while(|line| line.depth == 0);
    let below: Vec<&Line> = below.filter(|line| !line.is_blank()).take(MAX_LINES + 1).collect();
    let short = below.len() <= MAX_LINES && below.iter().all(|line| line.text.chars().count() <= 120);
    // Whoever drew one rule between two paragraphs draws the next one for the same reason.
    short && !lines.iter().take(at).any(is_rule)
}

/// The segment without what phones and mail programs add, and without contact lines below a closing.
/// The closing and the name stay.
pub(super) fn without(segment: &[Line]) -> Vec<Line> {
    let added = |at: usize, line: &Line| is_added_by_client(&line.text) || is_device_line(segment, at);
    let own = segment.iter().enumerate().filter(|(at, line)| !added(*at, line));
    let mut kept: Vec<Line> = own.map(|(_, line)| line.clone()).collect();
    if let Some(closing) = last_closing(&kept) {
        let tail = kept.split_off(closing + 1);
        kept.extend(tail.into_iter().filter(|line| !CONTACT.is_match(line.text.trim()) || holds_fact(&line.text)));
    }
    while kept.last().is_some_and(|line| is_rule(&line.text)) {
        kept.pop();
    }
    let first = kept.iter().position(|line| !is_rule(&line.text)).unwrap_or(0);
    kept.split_off(first)
}

fn is_added_by_client(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.chars().count() <= 140 && ADDED_BY_CLIENT.is_match(line) && !FACT.is_match(line)
}

fn is_device_line(lines: &[Line], at: usize) -> bool {
    let blank = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_none_or(Line::is_blank);
    let Some(line) = lines.get(at) else { return false };
    let text = line.text.trim();
    FROM_MY_DEVICE.is_match(text) && !DATED.is_match(text) && blank(at.checked_sub(1)) && blank(at.checked_add(1))
}

/// The last closing with nothing but short lines below it.
fn last_closing(lines: &[Line]) -> Option<usize> {
    let at = lines.iter().rposition(|line| CLOSING.is_match(line.text.trim()))?;
    let below: Vec<&Line> = lines.get(at + 1..)?.iter().filter(|line| !line.is_blank()).collect();
    let short = below.iter().all(|line| line.text.trim().chars().count() <= 120);
    (below.len() <= MAX_LINES && short).then_some(at)
}

/// Blank, or only made of dashes, underscores, stars, equals signs and the like.
fn is_rule(line: &str) -> bool {
    line.trim().chars().all(|c| {
        matches!(c, '-' | '_' | '*' | '=' | '~' | '—' | '–' | '#' | '|' | '•' | '·' | 'ᐧ') || c.is_whitespace()
    })
}
