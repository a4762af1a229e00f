//! Subjects of absence notices, automatic replies and delivery reports, for machines that set no header.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::reply::subject::is_reply;

/// How absence notices and automatic replies begin, without accents and in lower case.
const ABSENCES: &[&str] = &[
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
    "avis d'absence",
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
    "abwesend",
    "nicht im buro",
    "ausser haus",
    "außer haus",
    // Spanish
    "respuesta automatica",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente de la oficina",
    "aviso de ausencia",
    // Italian
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "assente dall'ufficio",
    "messaggio di assenza",
    // Portuguese
    "resposta automatica",
    "fora do escritorio",
    "ausente do escritorio",
    "ausencia temporaria",
    "aviso de ausencia",
    // Dutch
    "automatisch antwoord",
    "automatische reactie",
    "automatische beantwoording",
    "afwezigheidsbericht",
    "afwezigheidsmelding",
    "afwezig",
    "niet op kantoor",
    "niet aanwezig",
    // Swedish, Danish, Norwegian, Finnish
    "autosvar",
    "automatiskt svar",
    "franvaromeddelande",
    "franvarande",
    "automatisk svar",
    "fravaersmeddelelse",
    "fravaersbesked",
    "fraværsmeddelelse",
    "fraværsbesked",
    "fraværsmelding",
    "ikke til stede",
    "ikke pa kontoret",
    "automaattinen vastaus",
    "poissaoloilmoitus",
    "poissa toimistosta",
    // Polish (ł has no accent that could be taken off), Czech, Slovak
    "automatyczna odpowiedz",
    "odpowiedz automatyczna",
    "poza biurem",
    "nieobecnosc w biurze",
    "nieobecnosc",
    "automaticka odpoved",
    "mimo kancelar",
    "nepritomnost",
    // Hungarian, Romanian, Croatian, Turkish
    "automatikus valasz",
    "hazon kivul",
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
    "不在通知",
    "自动答复",
    "自动回复",
    "自動回覆",
    "外出",
    "不在办公室",
    "자동 회신",
    "자동 응답",
    "부재중",
    "رد تلقائي",
    "תשובה אוטומטית",
    "מענה אוטומטי",
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

/// Whether the subject is that of a mail server's delivery report.
pub(super) fn is_delivery_report(subject: &str) -> bool {
    if is_reply(subject) {
        return false;
    }
    let plain = plain(subject.trim());
    let plain = plain.trim_start_matches(['[', '*', ' ']);
    REPORTS.iter().any(|opening| plain.starts_with(&fold(opening)))
}

/// Whether the subject is that of an absence notice. A leading `Re:` means that a person answered one.
pub(super) fn is_absence(subject: &str) -> bool {
    let subject = subject.trim();
    if is_reply(subject) {
        return false;
    }
    let plain = plain(subject);
    let plain = plain.trim_start_matches(['[', '*', '(', '<', ' ']);
    ABSENCES.iter().any(|opening| plain.strip_prefix(&fold(opening)).is_some_and(ends_there))
}

/// After the phrase comes nothing or a mark: “Out of office: …”, not “Out of office chair arrived broken”.
fn ends_there(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty()
        || rest.starts_with([
            ':', '：', '-', '–', '—', '|', '/', '(', '[', ']', ')', '*', '>', '.', ',', '…', '!', '"', '“',
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
            assert!(is_absence(subject), "{subject}");
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
            "",
        ] {
            assert!(!is_absence(subject), "{subject}");
        }
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
