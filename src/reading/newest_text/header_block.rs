//! "From: … Sent: … To: … Subject: …" above an earlier message, and the lines that announce one.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::address::Address;
use crate::domain::address::Email;
use crate::reading::lines::Line;
use crate::reading::parse::{display_name, regex};

/// Most lines of a header block, wrapped recipient lists included.
const MAX_LINES: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// The header lines of an earlier message.
#[derive(Debug)]
pub(super) struct Block {
    /// Its sender.
    pub from: Option<Address>,
    /// The line after it.
    pub end: usize,
}

const LABELS: &[(Label, &[&str])] = &[
    (
        Label::From,
        &[
            "from",
            "de",
            "von",
            "da",
            "van",
            "od",
            "fra",
            "från",
            "от",
            "від",
            "lähettäjä",
            "发件人",
            "寄件者",
            "差出人",
            "expéditeur",
            "remitente",
            "mittente",
            "absender",
            "afzender",
            "remetente",
            "feladó",
            "gönderen",
            "de la",
        ],
    ),
    (
        Label::Date,
        &[
            "sent",
            "date",
            "envoyé",
            "envoyé le",
            "envoye",
            "envoyée",
            "date d'envoi",
            "gesendet",
            "datum",
            "enviado",
            "enviada",
            "enviado el",
            "enviada em",
            "fecha",
            "data",
            "inviato",
            "data invio",
            "verzonden",
            "wysłano",
            "wysłane",
            "sendt",
            "skickat",
            "dato",
            "lähetetty",
            "päivämäärä",
            "отправлено",
            "дата",
            "надіслано",
            "发送时间",
            "日期",
            "sent at",
            "gesendet am",
            "sent on",
            "odesláno",
        ],
    ),
    (
        Label::To,
        &[
            "to",
            "à",
            "a",
            "an",
            "para",
            "aan",
            "do",
            "til",
            "till",
            "pour",
            "кому",
            "vastaanottaja",
            "收件人",
            "destinataire",
            "destinatario",
            "vers",
            "komu",
        ],
    ),
    (
        Label::Subject,
        &[
            "subject",
            "objet",
            "betreff",
            "asunto",
            "assunto",
            "oggetto",
            "onderwerp",
            "temat",
            "emne",
            "ämne",
            "sujet",
            "тема",
            "aihe",
            "主题",
            "主旨",
            "betr",
            "předmět",
        ],
    ),
    (
        Label::Other,
        &[
            "cc",
            "bcc",
            "cci",
            "kopie",
            "copie",
            "copie à",
            "reply-to",
            "répondre à",
            "antwort an",
            "importance",
            "wichtigkeit",
            "pièces jointes",
            "attachments",
            "anlagen",
            "копия",
            "kopia",
            "dw",
            "udw",
            "organisation",
            "organization",
            "mailing list",
            "priority",
            "priorité",
            "x-mailer",
            "message-id",
        ],
    ),
];

static REPLY_SEPARATOR: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^\s*[*_]*[-_=]{2,}\s*(?:
            original\s+(?:message|appointment|e-?mail) | reply\s+message
          | (?:message|mail|e-?mail|courriel)\s+(?:d['’]origine|original|initial|précédent) | rendez-vous\s+d['’]origine
          | urspr(?:ü|ue)ngliche\s+(?:nachricht|e-?mail|mail) | original-?\s?nachricht | original\s?mail | ursprungligt\s+meddelande
          | (?:mensaje|correo)\s+original | messaggio\s+originale | oorspronkelijk(?:e)?\s+(?:bericht|mail) | mensagem\s+original
          | (?:wiadomość\s+oryginalna|oryginalna\s+wiadomość|wiadomość\s+pierwotna|treść\s+oryginalna) | opprinnelig\s+melding | oprindelig\s+(?:meddelelse|besked) | alkuperäinen\s+viesti
          | исходное\s+сообщение | 原始邮件 | 邮件原件 | 元のメッセージ
        )\s*[-_=]*.{0,40}$",
    )
});

/// Orange, SFR and La Poste: "Message du : 12/12/2016 13:20", the header lines below it.
static MESSAGE_OF: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^[\s>*]*message\s+du\s?:?\s*\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?:\s+(?:à\s+)?\d{1,2}[:h]\d{2})?\s*$")
});

/// What help desks print above their own mail.
static REPLY_ABOVE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^\W{0,12}(?:please )?(?:reply|type your reply|write your reply|veuillez (?:saisir|écrire|taper) votre réponse|répond(?:re|ez)|écrivez|merci de répondre|bitte (?:antworten|oberhalb)|antwort(?:en sie)?)\b.{0,40}(?:above|au[- ]dessus|oberhalb|über)\b.{0,60}$",
    )
});

static FORWARD_MARKER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^\s*(?:
            [*_]*[-_=]{2,}\s*(?:forwarded\s+(?:message|by\b.{0,80}|e-?mail)|(?:message|mail|courriel|e-?mail)\s+(?:transféré|transmis|réexpédié|transf[ée]r[ée]).{0,20}|weitergeleitete\s+(?:nachricht|e-?mail)
              |mensaje\s+reenviado|messaggio\s+inoltrato|doorgestuurd\s+bericht|mensagem\s+(?:encaminhada|reencaminhada)|przekazana\s+wiadomość|wiadomość\s+przekazana|videresendt\s+(?:melding|meddelelse|besked)
              |vidarebefordrat\s+meddelande|(?:välitetty|edelleenlähetetty)\s+viesti|пересылаемое\s+сообщение|пересланное\s+сообщение|转发的邮件|転送メッセージ)\s*[-_=*:]*
          | (?:begin\s+forwarded\s+message|début\s+du\s+(?:message|courriel|mail)\s+(?:réexpédié|transféré|transmis)|anfang\s+der\s+weitergeleiteten\s+(?:nachricht|e-?mail)|inicio\s+del\s+mensaje\s+reenviado
              |inizio\s+(?:del\s+)?messaggio\s+inoltrato|begin\s+doorgestuurd\s+bericht|início\s+da\s+mensagem\s+(?:encaminhada|reencaminhada)|początek\s+przekazywanej\s+wiadomości|videresendt\s+melding|vidarebefordrat\s+mejl)\s*:?
        )\s*$",
    )
});

/// All labels on one line, as flattened HTML shows them.
static ONE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^\W{0,3}(?:
            de\s?:\s?(?P<fr>.{3,120}?)\s(?:envoyé|date)(?:\sle)?\s?:.{3,80}\s(?:à|objet)\s?:
          | from\s?:\s?(?P<en>.{3,120}?)\s(?:sent|date)\s?:.{3,80}\s(?:to|subject)\s?:
          | von\s?:\s?(?P<de>.{3,120}?)\s(?:gesendet|datum)\s?:.{3,80}\s(?:an|betreff)\s?:
        )",
    )
});

static FORWARD_SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^\s*(?:(?:re|ré|aw|sv|antw|r)\s*:\s*)*(?:fwd?|tr|wg|rv|doorst|enc|vb|pd|vs|transf[ée]r[ée]?|réexp)\s*:")
});

/// "Fwd:", "TR :", "WG:" … possibly behind "Re:".
pub(super) fn is_forward_subject(subject: &str) -> bool {
    FORWARD_SUBJECT.is_match(subject)
}

/// "---------- Forwarded message ---------", "Début du message réexpédié :" …
pub(super) fn is_forward_marker(line: &str) -> bool {
    line.len() < 200 && FORWARD_MARKER.is_match(line)
}

/// "-----Message d'origine-----" and a help desk's "reply above this line".
pub(super) fn is_reply_separator(line: &str) -> bool {
    line.len() < 200 && (REPLY_SEPARATOR.is_match(line) || MESSAGE_OF.is_match(line) || REPLY_ABOVE.is_match(line))
}

/// Sender and first text line of the message that a marker line announces. Its header lines may
/// be quoted and may be fewer than a block without announcement needs.
pub(super) fn after_marker(lines: &[Line], at: usize) -> (Option<Address>, usize) {
    let first = (at..lines.len()).find(|at| lines.get(*at).is_some_and(|line| !line.is_blank()));
    let Some(first) = first else { return (None, lines.len()) };
    match scan(lines, first, true) {
        Some((labels, block)) if labels.len() >= 2 => (block.from, block.end),
        _ => (None, at),
    }
}

/// A header block that begins at this line: a sender and at least two of date, recipient, subject.
pub(super) fn at(lines: &[Line], at: usize) -> Option<Block> {
    let line = lines.get(at)?;
    if let Some(found) = ONE_LINE.captures(line.text.trim()) {
        let sender = ["fr", "en", "de"].iter().find_map(|name| found.name(name));
        return Some(Block { from: sender.and_then(|sender| address(sender.as_str())), end: at + 1 });
    }
    label(&line.text)?;
    let (labels, block) = scan(lines, at, false)?;
    let kinds = labels.iter().filter(|label| **label != Label::Other).count();
    (labels.contains(&Label::From) && kinds >= 3).then_some(block)
}

fn scan(lines: &[Line], at: usize, any_depth: bool) -> Option<(Vec<Label>, Block)> {
    let depth = lines.get(at)?.depth;
    let mut labels: Vec<Label> = Vec::new();
    let mut block = Block { from: None, end: at };
    let (mut blanks, mut wrapped) = (0, 0);
    for (index, line) in lines.iter().enumerate().skip(at).take(MAX_LINES) {
        if line.is_blank() {
            blanks += 1;
            // One blank line between two labels is HTML's; two are the end.
            if blanks > 1 {
                break;
            }
            continue;
        }
        if line.depth != depth && !any_depth {
            break;
        }
        match label(&line.text) {
            Some((label, value)) => {
                if labels.contains(&label) && label != Label::Other {
                    break;
                }
                labels.push(label);
                if label == Label::From {
                    let next = lines.get(index + 1).map(|line| line.text.trim()).unwrap_or_default();
                    block.from = address(value).or_else(|| address(&format!("{value} {next}")));
                }
                block.end = index + 1;
                wrapped = 0;
            }
            // A wrapped list of recipients or a long subject; after a blank line it is text.
            None if blanks == 0 && !labels.is_empty() && wrapped < 3 => wrapped += 1,
            None => break,
        }
        blanks = 0;
    }
    (!labels.is_empty()).then_some((labels, block))
}

/// The label at the start of a line, and what follows it.
fn label(line: &str) -> Option<(Label, &str)> {
    let line = line.trim();
    let (name, value) = line.split_once([':', '：'])?;
    if name.len() > 40 {
        return None;
    }
    let name =
        name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '|' | '>' | '-')).to_lowercase();
    let found = LABELS.iter().find(|(_, names)| names.contains(&name.as_str()))?.0;
    Some((found, value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'))))
}

/// `Name <a@b>`, `Name [mailto:a@b]`, `a@b<mailto:a@b>`, `"a@b"`.
fn address(value: &str) -> Option<Address> {
    static EMAIL: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"(?i)(?:mailto:)?([^\s<>\[\]()"',;:]+@[^\s<>\[\]()"',;:]+\.[^\s<>\[\]()"',;:]+)"#));
    let found = EMAIL.captures(value)?.get(1)?;
    let email = Email::parse(found.as_str()).ok()?;
    let before = value.get(..found.start()).unwrap_or_default();
    let before = before.trim_end_matches(['<', '[', '(', ':', '"', '\'', ' ', '*']);
    let before = before.strip_suffix("mailto").unwrap_or(before).trim_matches(['<', '[', '(', '"', '\'', ' ', '*']);
    Some(Address { name: display_name(before), email })
}
