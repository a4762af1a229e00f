//! "On Mon, 3 March 2026 at 10:12, X <x@y> wrote:" in the languages and line breaks it comes in.

use std::sync::LazyLock;

use regex::Regex;

use crate::reading::lines::{Line, Mark};
use crate::reading::parse::regex;

/// Most lines that a mail client wraps an attribution over.
const MAX_LINES: usize = 6;
/// Longest attribution, in bytes.
const MAX_LENGTH: usize = 600;

/// How a first line may begin: with a date's word, a date, a weekday, or a name with an address.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)^[\s\#*_-]{0,4}(?:
            (?:on|le|am|el|il|op|em|a|den|ma|w\s+dniu|dnia|at|dne|pe|på|le\s+lun|el\s+lun)[\s,.]+\S.*\d
          | (?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag
              |samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|man|tir|ons|tor|fre|lør|lör|søn|sön|пн|вт|ср|чт|пт|сб|вс|нд
              |pon|wt|śr|czw|pt|sob|niedz|zo|vr|za|wo|maan|ti|ke|to|la|su|seg|ter|qua|qui|sex|sáb|dom|jue|vie|mié|gio|sab|понедельник|вторник
              |среда|четверг|пятница|суббота|воскресенье|понеділок|вівторок|середа|четвер|п.ятниця|субота|неділя)[a-zа-яіż]*\.?,?\s.*\d
          | \d{4}-\d{1,2}-\d{1,2}\b
          | \d{4}/\d{1,2}/\d{1,2}\b
          | \d{4}年
          | \d{1,2}[./]\s?\d{1,2}[./]\s?\d{2,4}\b
          | \d{1,2}\.?\s\p{L}{3,12}\.?,?\s\d{4}
          | ["'«]?[\p{L}\p{M}\d._@'’()\s-]{0,80}["'»]?\s*[<\[(](?:mailto:)?[^<>\s@]+@[^<>\s@]+[>\])]
          | [^\s<>@]+@[^\s<>@]+\s+\S
          | (?:quoting|citando|en\s+réponse\s+à|zitat\s+von|quoth)\s
          | ["'«]?\p{Lu}[\p{L}\p{M}._'’-]+["'»]?(?:\s+["'(]?[\p{L}\p{M}._'’)-]+["']?){0,4}\s+(?:wrote|schrieb|a\s+écrit|skrev|escribió|ha\s+scritto|schreef|escreveu|kirjoitti)\b
        )"#,
    )
});

static VERB: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)(?:
            \b(?:wrote|writes|a\s+[ée]crit|[ée]crivait|a\s+envoyé|schrieb|schrieben|escribi[oó]|ha\s+escrito|ha\s+scritto|ha\s+inviato|schreef|het\s+volgende\s+geschreven|geschreven|escreveu
              |skrev|napisał(?:\(a\)|a)?|pisze|kirjoitti|написал(?:а|\(а\))?|написав|написала|пише|пишет|a\s+scris|yazdı|írta|napsal(?:\(a\)|a)?|said)\b
          | 写道 | 寫道 | のメール | 작성
          | ^\s*(?:quoting|citando|en\s+réponse\s+à|zitat\s+von)\s
        )",
    )
});

/// A sender's address, or a time of day: a person retelling what was written gives neither.
static MACHINE_MADE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)[^\s<>@]+@[^\s<>@]+\.\w|\b\d{1,2}\s?[:h]\s?\d{2}\b|\b\d{1,2}\.\d{2}\s*(?:uhr|,|\s\S)|\d\s?(?:am|pm)\b")
});
static DATE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{1,2}:\d{2}"));
/// Somebody tells what the shop wrote to them.
static RETOLD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?:\bm['’]|\bnous\s|\bvous\s|\bje\s|\bj['’])a[is]?\s+[ée]crit|vous\s+avez\s+[ée]crit|\bi\s+wrote\b|\bwrote\s+(?:to\s+)?(?:me|us|you)\b|\bich\s+schrieb|mir\s+schrieb",
    )
});

/// How many lines from `at` on are an attribution.
pub(super) fn length_at(lines: &[Line], at: usize) -> Option<usize> {
    let line = lines.get(at)?;
    if line.is_blank() || line.depth > 0 {
        return None;
    }
    if line.mark == Mark::Attribution {
        let rest = lines.get(at..).unwrap_or_default();
        return Some(rest.iter().take_while(|line| line.mark == Mark::Attribution && line.depth == 0).count());
    }
    let length = plain_length(lines, at)?;
    // "Le colis est perdu." above "Le 3 mars …, X a écrit :" is not part of it.
    let later = (1..length).any(|skip| plain_length(lines, at + skip).is_some());
    (!later).then_some(length)
}

fn plain_length(lines: &[Line], at: usize) -> Option<usize> {
    let first = lines.get(at)?;
    if !BEGINS.is_match(first.text.trim()) {
        return None;
    }
    let mut joined = String::new();
    let mut blanks = 0;
    for (count, line) in lines.get(at..)?.iter().enumerate().take(MAX_LINES) {
        if line.depth > 0 || joined.len() + line.text.len() > MAX_LENGTH || blanks > 1 {
            return None;
        }
        if line.is_blank() {
            blanks += 1;
            continue;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line.text.trim());
        let length = count + 1;
        let next = lines.get(at + length..).unwrap_or_default();
        let quoted_next = next.iter().find(|line| !line.is_blank()).is_some_and(|line| line.depth > 0);
        if is_attribution(&joined, quoted_next) {
            return Some(length);
        }
    }
    None
}

fn is_attribution(text: &str, quoted_next: bool) -> bool {
    let text = text.trim_end_matches(['>', '*', '_', ' ', '\u{a0}', '\u{202f}']);
    let ends = text.ends_with([':', '：', ';']);
    let gmail_old = ends && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('@') && DATE.is_match(text);
    if gmail_old {
        return true;
    }
    if !VERB.is_match(text) || RETOLD.is_match(text) {
        return false;
    }
    let evidence = MACHINE_MADE.is_match(text);
    if quoted_next {
        // The quote signs below speak for it; the colon may be missing.
        return (ends || evidence && VERB.find_iter(text).last().is_some_and(|verb| text.len() - verb.end() <= 3))
            && text.len() < MAX_LENGTH;
    }
    ends && evidence && DATE.is_match(text)
}
