//! Subjects: which are replies, and what ours become.

use crate::domain::CaseId;

/// Longest subject we write, in characters; the customer's is cut, the reference never.
const LONGEST: usize = 200;

/// Reply prefixes of mail programs in several languages, without the colon and in lower case.
const REPLY_PREFIXES: &[&str] = &[
    "re", "ré", "réf", "rép", "aw", "antw", "sv", "vs", "odp", "ynt", "r", "rif", "res", "bls", "atb", "отв", "回复",
    "答复", "回覆", "返信",
];

/// Whether the subject begins with a reply prefix (`Re:`, `RE :`, `Aw:`, `Re[2]:`…).
pub fn is_reply(subject: &str) -> bool {
    after_reply_prefix(subject).is_some()
}

/// The subject of our mail: one `Re:`, the customer's subject, the case reference once in brackets.
pub fn reply_subject(subject: &str, case: &CaseId, when_empty: &str) -> String {
    let mark = format!("[{case}]");
    let mut words = clean(subject);
    while let Some(rest) = after_reply_prefix(&words) {
        words = rest.to_owned();
    }
    let (foreign_removed, holds_ours) = without_foreign_marks(&words, case);
    let words = if foreign_removed.is_empty() { when_empty.to_owned() } else { foreign_removed };
    if holds_ours && words.chars().count() <= LONGEST {
        return format!("Re: {words}");
    }
    let kept: String = words.replace(&mark, "").chars().take(LONGEST).collect();
    format!("Re: {} {mark}", kept.trim())
}

/// One line, without control characters and with single blanks.
fn clean(subject: &str) -> String {
    let spaced: String =
        subject.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !hidden(*c)).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that turn the direction of writing or take no room: in a subject of ours they only
/// serve to deceive.
fn hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What follows a leading reply prefix, if there is one.
fn after_reply_prefix(subject: &str) -> Option<&str> {
    let subject = subject.trim_start();
    let (prefix, rest) = subject.split_once([':', '：'])?;
    let prefix = prefix.trim_end().to_lowercase();
    let bare = match prefix.split_once(['[', '(', '^']) {
        Some((bare, count)) if count.trim_end_matches([']', ')']).bytes().all(|byte| byte.is_ascii_digit()) => {
            bare.trim_end()
        }
        Some(_) => return None,
        None => prefix.as_str(),
    };
    REPLY_PREFIXES.contains(&bare).then(|| rest.trim_start())
}

/// Drops the printed references of other cases, and says whether ours is there.
fn without_foreign_marks(subject: &str, case: &CaseId) -> (String, bool) {
    let mut out = String::new();
    let mut rest = subject;
    let mut ours = false;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match after.split_once(']').map(|(inner, tail)| (CaseId::parse(inner), tail)) {
            Some((Ok(id), tail)) => {
                if id == *case && !ours {
                    out.push_str(&format!("[{id}]"));
                    ours = true;
                }
                rest = tail;
            }
            _ => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    (out.split_whitespace().collect::<Vec<_>>().join(" "), ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(subject: &str) -> String {
        reply_subject(subject, &CaseId::parse("G-7K3Q").unwrap(), "Votre message")
    }

    #[test]
    fn one_reply_prefix_and_one_reference() {
        for (theirs, expected) in [
            ("Remboursement", "Re: Remboursement [G-7K3Q]"),
            ("Re: Remboursement", "Re: Remboursement [G-7K3Q]"),
            ("RE : Re: AW: Re[2]: Remboursement", "Re: Remboursement [G-7K3Q]"),
            ("Re: Remboursement [G-7K3Q]", "Re: Remboursement [G-7K3Q]"),
            ("Re: [g-7k3q] Remboursement [G-7K3Q]", "Re: [G-7K3Q] Remboursement"),
            ("Re: Remboursement [G-ABCD]", "Re: Remboursement [G-7K3Q]"),
            ("[Urgent] colis", "Re: [Urgent] colis [G-7K3Q]"),
            ("Tr: facture", "Re: Tr: facture [G-7K3Q]"),
            ("", "Re: Votre message [G-7K3Q]"),
            ("Re:", "Re: Votre message [G-7K3Q]"),
            ("12:30 rendez-vous", "Re: 12:30 rendez-vous [G-7K3Q]"),
            ("a\r\nBcc: x@y", "Re: a Bcc: x@y [G-7K3Q]"),
            ("[[[", "Re: [[[ [G-7K3Q]"),
        ] {
            assert_eq!(ours(theirs), expected, "{theirs:?}");
        }
    }

    #[test]
    fn a_subject_without_end_is_cut_and_keeps_the_reference() {
        let long = ours(&"é".repeat(5000));
        assert!(long.ends_with("[G-7K3Q]") && long.chars().count() < 230);
        let long = ours(&format!("{}[G-7K3Q]", "x ".repeat(5000)));
        assert!(long.ends_with("[G-7K3Q]") && long.chars().count() < 230);
    }
}
