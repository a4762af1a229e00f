//! "On Mon, 3 March 2026 at 10:12, X <x@y> wrote:" in the languages and line breaks it comes in.

use std::sync::LazyLock;

use regex::Regex;

use crate::reading::lines::{Line, Mark};
use crate::reading::parse::regex;

/// Most lines that a mail client wraps an attribution over.
const MAX_LINES: usize = 6;
/// Longest attribution, in bytes.
const MAX_LENGTH: usize = 600;

/// A first line that begins with a date's word, a weekday or a date.
static BEGINS_DATED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^[\s\#*_-]{0,6}(?:
            (?:on|le|am|el|il|il\s+giorno|in\s+data|op|em|a|den|ma|w\s+dniu|dnia|at|dne|pe|på)[\s,.]+\S.*\d
          | (?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|man|tir|ons|tor|fre|lør|lör|søn|sön|пн|вт|ср|чт|пт|сб|вс|нд
              |pon|wt|śr|czw|pt|sob|niedz|zo|vr|za|wo|maan|ti|ke|to|la|su|seg|ter|qua|qui|sex|sáb|dom|jue|vie|mié|gio|sab
              |понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|понеділок|вівторок|середа|четвер|п.ятниця|субота|неділя
              )[a-zé]{0,6}\.?,?\s.*\d
          | \d{4}[-/]\d{1,2}[-/]\d{1,2}\b | \d{4}年
          | \d{1,2}[./]\s?\d{1,2}[./]\s?\d{2,4}\b | \d{4}\.\d{1,2}\.\d{1,2}
          | \d{1,2}\.?\s\p{L}{3,12}\.?,?\s\d{4}
          | \d{1,2}:\d{2}\s?(?:[ap]m)?,\s
        )",
    )
});

/// A first line that begins with the other writer's name or address.
static BEGINS_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)^[\s*_]{0,4}(?:
            ["'«]?[\p{L}\p{M}\d._@'’()\s-]{0,80}["'»]?\s*[<\[(](?:mailto:)?[^<>\s@]+@[^<>\s@]+[>\])]
          | [^\s<>@]+@[^\s<>@]+\s+\S
          | (?:quoting|citando|en\s+réponse\s+à|zitat\s+von)\s
          | ["'«]?\p{Lu}[\p{L}\p{M}._'’-]+["'»]?(?:\s+["'(]?[\p{L}\p{M}._'’)-]+["']?){0,4}\s+(?:wrote|schrieb|a\s+écrit|skrev|escribió|ha\s+scritto|schreef|escreveu|kirjoitti)\b
        )"#,
    )
});

static VERB: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)(?:
            \b(?:wrote|writes|a\s+[ée]crit|[ée]crivait|a\s+envoyé|schrieb(?:en)?|escribi[oó]|ha\s+escrito|ha\s+scritto|ha\s+inviato|schreef|het\s+volgende\s+geschreven|geschreven|escreveu
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

/// A name with an address and the verb, and nothing else.
static NAME_AND_VERB: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)^["'«]?[\p{L}\p{M}\d._'’ -]{0,60}["'»]?\s*<[^<>\s@]+@[^<>\s@]+>\s*(?:wrote|a\s+écrit|schrieb|escribió|ha\s+scritto|schreef|escreveu|skrev)\s*:$"#,
    )
});
/// A date, a sender's address at the end and no verb, as older Gmail and the Russian webmails write it.
static DATE_AND_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:\b(?:19|20)\d\d\b|\d{1,2}:\d{2}).*[^\s<>@]+@[^\s<>@]+\s*[>)]?\s*:$"));

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
    let dated = |at: usize| lines.get(at).is_some_and(|line| BEGINS_DATED.is_match(line.text.trim()));
    if !dated(at) && !BEGINS_NAMED.is_match(line.text.trim()) {
        return None;
    }
    let length = plain_length(lines, at)?;
    // "Le colis est perdu." above "Le 3 mars …, X a écrit :" is not part of it.
    let later = (1..length).any(|skip| dated(at + skip) && plain_length(lines, at + skip).is_some());
    (!later).then_some(length)
}

fn plain_length(lines: &[Line], at: usize) -> Option<usize> {
    let mut joined = String::new();
    let mut blanks = 0;
    for (count, line) in lines.get(at..)?.iter().enumerate().take(MAX_LINES) {
        // A line that begins with the `>` of a wrapped address looks like a quote.
        let closes = line.depth == 1 && joined.rfind('<') > joined.rfind('>') && line.text.len() < 60;
        if (line.depth > 0 && !closes) || joined.len() + line.text.len() > MAX_LENGTH || blanks > 1 {
            return None;
        }
        if line.is_blank() && !closes {
            blanks += 1;
            continue;
        }
        if !joined.is_empty() {
            joined.push_str(if closes { ">" } else { " " });
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
    let text = text.trim_end_matches(['*', '_', ' ', '\u{a0}', '\u{202f}']);
    let dashed = text.ends_with("--");
    let text = text.trim_end_matches(['-', ' ', '\u{a0}', '\u{202f}']);
    let ends = text.ends_with([':', '：']);
    if ends && (NAME_AND_VERB.is_match(text) || DATE_AND_ADDRESS.is_match(text)) {
        return true;
    }
    let Some(verb) = VERB.find_iter(text).last() else { return false };
    if RETOLD.is_match(text) {
        return false;
    }
    let ends_with_verb = text.len() - verb.end() <= 2;
    let made = MACHINE_MADE.is_match(text);
    if quoted_next {
        // The quote signs below speak for it; the colon may be missing.
        return ends || made && ends_with_verb;
    }
    made && DATE.is_match(text) && (ends || ends_with_verb && (dashed || text.contains('@')))
}
