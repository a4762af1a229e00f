//! Subjects of absence notices, automatic replies and delivery reports, for machines that set no header.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::reply::subject::is_reply;

/// How absence notices and automatic replies of programs begin, without accents and in lower case.
const NOTICES: &[&str] = &[
    // English
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto:",
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo",
    "vacation reply",
    "vacation notice",
    "away from my mail",
    "away from the office",
    // French
    "reponse automatique",
    "message automatique",
    "absence du bureau",
    "absente du bureau",
    "absent du bureau",
    "absent(e) du bureau",
    "message d'absence",
    "notification d'absence",
    "hors du bureau",
    "en dehors du bureau",
    // German
    "automatische antwort",
    "automatische ruckantwort",
    "automatische abwesenheitsnotiz",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesenheitsbenachrichtigung",
    "abwesenheitsassistent",
    "nicht im buro",
    // Spanish
    "respuesta automatica",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente de la oficina",
    // Italian
    "risposta automatica",
    "fuori ufficio",
    "assente dall'ufficio",
    "messaggio di assenza",
    // Portuguese
    "resposta automatica",
    "fora do escritorio",
    "ausente do escritorio",
    "ausencia temporaria",
    // Dutch
    "automatisch antwoord",
    "automatische reactie",
    "automatische beantwoording",
    "afwezigheidsmelding",
    // Swedish, Danish, Norwegian, Finnish
    "autosvar",
    "automatiskt svar",
    "franvaromeddelande",
    "automatisk svar",
    "fravaersmeddelelse",
    "fravaersbesked",
    "fraværsmeddelelse",
    "fraværsbesked",
    "fraværsmelding",
    "ikke pa kontoret",
    "automaattinen vastaus",
    "poissaoloilmoitus",
    "poissa toimistosta",
    // Polish (ł has no accent that could be taken off), Czech, Slovak
    "automatyczna odpowiedz",
    "odpowiedz automatyczna",
    "poza biurem",
    "nieobecnosc w biurze",
    "automaticka odpoved",
    "mimo kancelar",
    // Hungarian, Romanian, Croatian, Turkish
    "automatikus valasz",
    "raspuns automat",
    "mesaj automat",
    "in afara biroului",
    "automatski odgovor",
    "otomatik yanıt",
    "otomatik yanit",
    "ofis dısında",
    "ofis disinda",
    // Russian, Ukrainian, Bulgarian, Greek
    "автоматическии ответ",
    "автоответ",
    "вне офиса",
    "отсутствую на работе",
    "автоматична відповідь",
    "автоматична відповідь",
    "автоматичен отговор",
    "αυτοματη απαντηση",
    "εκτος γραφειου",
    // Japanese, Chinese, Korean, Arabic, Hebrew
    "自動応答",
    "自動返信",
    "自动答复",
    "自动回复",
    "自動回覆",
    "不在办公室",
    "자동 회신",
    "자동 응답",
    "رد تلقائي",
    "תשובה אוטומטית",
    "מענה אוטומטי",
];

/// What such notices say as well, and who was not at home when a parcel came: a note of the carrier may be called so, too.
const NOT_THERE: &[&str] = &[
    "avis d'absence",
    "abwesend",
    "ausser haus",
    "außer haus",
    "aviso de ausencia",
    "fuori sede",
    "afwezigheidsbericht",
    "afwezig",
    "niet op kantoor",
    "niet aanwezig",
    "franvarande",
    "ikke til stede",
    "nieobecnosc",
    "nepritomnost",
    "hazon kivul",
    "不在通知",
    "外出",
    "부재중",
];

/// What a customer was not at home for, or writes about: words and beginnings of words, in the languages above.
const GOODS: &[&str] = &[
    "parcel",
    "package",
    "deliver",
    "courier",
    "refund",
    "colis",
    "livr",
    "rembours",
    "paket",
    "sendung",
    "liefer",
    "zustell",
    "bestell",
    "erstatt",
    "paquet",
    "pedido",
    "envio",
    "entrega",
    "correos",
    "reembols",
    "pacco",
    "consegn",
    "spedizion",
    "corriere",
    "rimbors",
    "encomenda",
    "pakket",
    "bestel",
    "lever",
    "bezorg",
    "zending",
    "retour",
    "pakke",
    "paczk",
    "zasilk",
    "balik",
    "csomag",
    "toimit",
    "荷物",
    "배송",
    "택배",
    "包裹",
];

/// How reports of mail servers begin. A parcel is delivered, too: what a customer may write of one
/// (“Delivery failure”, “Colis non remis”) is not here.
const REPORTS: &[&str] = &[
    "undelivered mail",
    "undeliverable mail",
    "undeliverable message",
    "undeliverable:",
    "returned mail",
    "failure notice",
    "mail delivery",
    "mail not delivered",
    "mail could not be delivered",
    "mail failed",
    "mail system error",
    "message delivery failure",
    "message undeliverable",
    "delivery status notification",
    "delivery failure notification",
    "delivery notification: delivery has failed",
    "warning: message",
    "non-delivery:",
    "non remis :",
    "non remis:",
    "courrier electronique non distribue",
    "echec de la remise",
    "echec de remise",
    "notification d'etat de remise",
    "unzustellbar:",
    "unzustellbare nachricht",
    "nicht zustellbar:",
    "nicht zugestellt:",
    "benachrichtigung zum ubermittlungsstatus",
    "no se puede entregar:",
    "notificacion de estado de entrega",
    "mensaje no entregado",
    "mancato recapito",
    "impossibile recapitare",
    "notifica sullo stato del recapito",
    "nao foi possivel entregar",
    "onbestelbaar:",
    "недоставленное сообщение",
    "ваше сообщение не доставлено",
];

/// [`NOTICES`], [`NOT_THERE`] and [`REPORTS`] as subjects are compared with them.
static FOLDED: LazyLock<[Vec<String>; 3]> = LazyLock::new(|| {
    [NOTICES, NOT_THERE, REPORTS].map(|openings| openings.iter().map(|opening| fold(opening)).collect())
});

/// Whether the subject is that of a mail server's delivery report.
pub(super) fn is_delivery_report(subject: &str) -> bool {
    if is_reply(subject) {
        return false;
    }
    let plain = plain(subject.trim());
    let plain = plain.trim_start_matches(['[', '*', ' ']);
    let [_, _, reports] = &*FOLDED;
    reports.iter().any(|opening| plain.starts_with(opening))
}

/// What a subject says of an absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is a program's.
    Notice,
    /// A program's, or a customer's who was not at home.
    Perhaps,
}

/// Whether the subject is that of an absence notice. A leading `Re:` means that a person answered one.
pub(super) fn absence(subject: &str) -> Option<Absence> {
    let subject = subject.trim();
    if is_reply(subject) {
        return None;
    }
    let plain = plain(subject);
    let plain = plain.trim_start_matches(['[', '*', '(', '<', ' ']);
    let [notices, not_there, _] = &*FOLDED;
    let (rest, of_programs) = behind(plain, notices)
        .map(|rest| (rest, true))
        .or_else(|| behind(plain, not_there).map(|rest| (rest, false)))?;
    weigh(rest.trim_start(), of_programs)
}

/// What comes behind the opening that it begins with.
fn behind<'a>(plain: &'a str, openings: &[String]) -> Option<&'a str> {
    openings.iter().filter_map(|opening| plain.strip_prefix(opening.as_str())).find(|rest| ends_there(rest))
}

/// By what comes behind the phrase. A program names what it answers behind a colon; behind a comma a person goes on.
fn weigh(rest: &str, of_programs: bool) -> Option<Absence> {
    let goes_on = rest.starts_with([',', ';', '.', '!', '…']);
    let dashed = rest.starts_with(['-', '–', '—']);
    let text = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    // Numbers are of orders that a program quotes, or of the days until which nobody is there.
    let of_goods = !text.contains(char::is_numeric) && GOODS.iter().any(|word| text.contains(word));
    if is_reply(text) {
        return Some(Absence::Notice);
    }
    if of_goods && (goes_on || (dashed && !of_programs)) {
        return None;
    }
    let doubtful = !of_programs || (goes_on && !text.is_empty()) || (dashed && of_goods);
    Some(if doubtful { Absence::Perhaps } else { Absence::Notice })
}

/// After the phrase comes nothing or a mark: “Out of office: …”, not “Out of office chair arrived broken”.
fn ends_there(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty()
        || rest.starts_with([
            ':', '：', '-', '–', '—', '|', '/', '(', '[', ']', ')', '*', '>', '.', ',', ';', '…', '!', '"', '“',
        ])
        || ["re:", "re :", "fw:", "fwd:", "aw:", "until ", "jusqu'", "bis ", "hasta ", "tot "]
            .iter()
            .any(|start| rest.starts_with(start))
}

fn plain(subject: &str) -> String {
    fold(subject.get(..subject.floor_char_boundary(300)).unwrap_or(subject)).replace('\u{2019}', "'")
}

/// Lower case without accents, white space single.
fn fold(text: &str) -> String {
    let bare: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).nfc().collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_notices_in_many_languages() {
        for subject in [
            "Automatic reply: Your refund",
            "Out of Office",
            "OOO: back on Monday",
            "Réponse automatique : votre commande 12",
            "RÉPONSE AUTOMATIQUE",
            "Absence du bureau",
            "Message d’absence - Anna",
            "Automatische Antwort: Bestellung",
            "Abwesenheitsnotiz",
            "Nicht im Büro",
            "Respuesta automática: pedido",
            "Fuera de la oficina",
            "Risposta automatica: ordine",
            "Resposta automática: encomenda",
            "Automatisch antwoord: bestelling",
            "Autosvar: ordre",
            "Automatiskt svar: order",
            "Fraværsmelding",
            "Automaattinen vastaus: tilaus",
            "Automatyczna odpowiedź: zamówienie",
            "Automatická odpověď: objednávka",
            "Automatikus válasz: rendelés",
            "Răspuns automat: comanda",
            "Otomatik Yanıt: sipariş",
            "Автоматический ответ: заказ",
            "Автоматична відповідь: замовлення",
            "Αυτόματη απάντηση: παραγγελία",
            "自動応答: 注文",
            "自动答复: 订单",
            "자동 회신: 주문",
            "[Auto-Reply] ticket",
        ] {
            assert_eq!(absence(subject), Some(Absence::Notice), "{subject}");
        }
    }

    #[test]
    fn customers_write_such_words_too() {
        for subject in [
            "Re: Réponse automatique : votre commande",
            "AW: Automatic reply: Your refund",
            "Out of office chair arrived broken",
            "Absence de remboursement",
            "Réponse automatique reçue, mais toujours pas de remboursement",
            "Votre réponse automatique",
            "Automatic reply received but no refund",
            "Remboursement",
            "Afwezige onderdelen",
            "Niet aanwezig, pakket retour",
            "Afwezig - pakket niet bezorgd",
            "Abwesend - Paket nicht erhalten",
            "Außer Haus, Sendung ging zurück",
            "Absente du bureau, colis reparti",
            "Réponse automatique, toujours pas de remboursement",
            "Out of office, parcel left outside",
            "Aviso de ausencia - el paquete no está en correos",
            "Fuori sede, pacco tornato al mittente",
            "",
        ] {
            assert_eq!(absence(subject), None, "{subject}");
        }
    }

    #[test]
    fn words_of_both_are_left_to_a_person() {
        for subject in [
            "Afwezig",
            "Abwesend",
            "Niet aanwezig tot 4 december",
            "Abwesend - Max Muster",
            "Afwezig: bestelling",
            "Abwesend - Paket 48213",
            "Out of office, back on Monday",
            "Automatische Antwort - wo ist mein Paket",
            "不在通知",
        ] {
            assert_eq!(absence(subject), Some(Absence::Perhaps), "{subject}");
        }
        assert_eq!(absence("Afwezig: Re: uw bestelling"), Some(Absence::Notice), "it answers a mail of ours");
    }

    #[test]
    fn delivery_reports_of_mail_servers() {
        for subject in [
            "Undelivered Mail Returned to Sender",
            "Mail delivery failed: returning message to sender",
            "Delivery Status Notification (Failure)",
            "Returned mail: see transcript for details",
            "Undeliverable: your order",
            "failure notice",
            "Non remis : votre commande",
            "Échec de la remise",
            "Unzustellbar: Ihre Bestellung",
            "Mancato recapito: ordine",
        ] {
            assert!(is_delivery_report(subject), "{subject}");
        }
        for subject in [
            "Re: Undelivered Mail Returned to Sender",
            "Delivery failure",
            "Delivery failed, parcel lost",
            "Colis non remis",
            "Non remis en main propre",
            "Returned item, no refund",
            "Undelivered parcel",
        ] {
            assert!(!is_delivery_report(subject), "{subject}");
        }
    }
}
