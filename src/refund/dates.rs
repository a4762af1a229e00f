//! The customer's words for a day, read against the day the mail arrived. Vague words, and dates that could be read two ways, give none: arithmetic never rests on a guess.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use regex::{Captures, Regex};

use super::workdays::{plus, plus_months};
use crate::domain::folded;

const MONTHS: &[(&str, i8)] = &[
    ("janvier", 1),
    ("january", 1),
    ("janv", 1),
    ("jan", 1),
    ("fevrier", 2),
    ("february", 2),
    ("fevr", 2),
    ("fev", 2),
    ("feb", 2),
    ("mars", 3),
    ("march", 3),
    ("mar", 3),
    ("avril", 4),
    ("april", 4),
    ("avr", 4),
    ("apr", 4),
    ("mai", 5),
    ("may", 5),
    ("juin", 6),
    ("june", 6),
    ("jun", 6),
    ("juillet", 7),
    ("july", 7),
    ("juil", 7),
    ("jul", 7),
    ("aout", 8),
    ("august", 8),
    ("aug", 8),
    ("septembre", 9),
    ("september", 9),
    ("sept", 9),
    ("sep", 9),
    ("octobre", 10),
    ("october", 10),
    ("oct", 10),
    ("novembre", 11),
    ("november", 11),
    ("nov", 11),
    ("decembre", 12),
    ("december", 12),
    ("dec", 12),
];

const WEEKDAYS: &[(&str, Weekday)] = &[
    ("lundi", Weekday::Monday),
    ("monday", Weekday::Monday),
    ("mardi", Weekday::Tuesday),
    ("tuesday", Weekday::Tuesday),
    ("mercredi", Weekday::Wednesday),
    ("wednesday", Weekday::Wednesday),
    ("jeudi", Weekday::Thursday),
    ("thursday", Weekday::Thursday),
    ("vendredi", Weekday::Friday),
    ("friday", Weekday::Friday),
    ("samedi", Weekday::Saturday),
    ("saturday", Weekday::Saturday),
    ("dimanche", Weekday::Sunday),
    ("sunday", Weekday::Sunday),
];

const COUNTS: &[(&str, i64)] = &[
    ("un", 1),
    ("une", 1),
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("deux", 2),
    ("two", 2),
    ("trois", 3),
    ("three", 3),
    ("quatre", 4),
    ("four", 4),
    ("cinq", 5),
    ("five", 5),
    ("six", 6),
    ("sept", 7),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("dix", 10),
    ("ten", 10),
];

/// Words that make a day a neighbourhood of days.
const VAGUE: &[&str] = &[
    "environ",
    "vers",
    "around",
    "about",
    "approximately",
    "circa",
    "debut",
    "mi",
    "fin",
    "courant",
    "early",
    "late",
    "mid",
    "end",
    "beginning",
    "entre",
    "between",
    "ou",
    "or",
    "quelques",
    "few",
    "several",
    "couple",
    "quinzaine",
    "dizaine",
    "some",
    "quinze",
    "huit",
    "depuis",
    "since",
];

struct Shapes {
    iso: Regex,
    numeric: Regex,
    day_month: Regex,
    month_day: Regex,
    ago_fr: Regex,
    ago_en: Regex,
}

static SHAPES: LazyLock<Option<Shapes>> = LazyLock::new(|| {
    let month = MONTHS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("|");
    let unit = "jours?|semaines?|mois|ans?|days?|weeks?|months?|years?|fortnights?";
    let tens = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";
    let read = |pattern: String| Regex::new(&pattern).ok();
    Some(Shapes {
        iso: read(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b".into())?,
        numeric: read(r"\b(\d{1,2})([/.-])(\d{1,2})(?:[/.-](\d{4}|\d{2}))?\b".into())?,
        day_month: read(format!(
            r"\b(\d{{1,2}}|premier)\s?(?:er|st|nd|rd|th|e)?\s+(?:of\s+|de\s+)?({month})\b\.?,?(?:\s+(\d{{4}})\b)?"
        ))?,
        month_day: read(format!(r"\b({month})\b\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}})\b)?"))?,
        ago_fr: read(format!(r"\b(?:il y a|ca fait)\s+(?P<count>\w+)\s+(?P<unit>{unit})\b"))?,
        ago_en: read(format!(r"\b(?:(?P<tens>{tens})[ -])?(?P<count>\w+)\s+(?P<unit>{unit})\s+ago\b"))?,
    })
});

/// The day the words mean; `None` when they are vague, ambiguous, impossible or later than the mail.
/// `french` reads 03/04 day first; otherwise a date that could be either is none.
pub fn read(words: &str, arrived: Date, french: bool) -> Option<Date> {
    let text = folded::fold(words);
    let shapes = SHAPES.as_ref()?;
    if folded::words(&text).iter().any(|word| VAGUE.contains(&word.as_str())) {
        return None;
    }
    let mut found: Vec<Option<Date>> = Vec::new();
    found.extend(shapes.iso.captures_iter(&text).map(|found| iso(&found)));
    if found.is_empty() {
        found.extend(shapes.numeric.captures_iter(&text).map(|found| numeric(&found, arrived, french)));
    }
    found.extend(shapes.day_month.captures_iter(&text).map(|found| named(&found, 1, 2, arrived)));
    if found.is_empty() {
        found.extend(shapes.month_day.captures_iter(&text).map(|found| named(&found, 2, 1, arrived)));
    }
    if found.is_empty() {
        found.push(relative(&text, arrived, shapes));
    }
    let first = (*found.first()?)?;
    (found.iter().all(|day| *day == Some(first)) && first <= arrived).then_some(first)
}

/// Whether a text is written in French rather than English, by its small words.
pub fn is_french(text: &str) -> bool {
    const FRENCH: &[&str] = &[
        "le", "la", "les", "je", "vous", "et", "est", "pas", "mon", "ma", "une", "du", "des", "pour", "ai", "bonjour",
    ];
    const ENGLISH: &[&str] =
        &["the", "i", "you", "and", "is", "not", "my", "an", "of", "for", "have", "was", "it", "to", "hello", "hi"];
    let words = folded::words(text);
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.as_str())).count();
    count(FRENCH) > count(ENGLISH)
}

fn number(found: &Captures<'_>, group: usize) -> Option<i64> {
    found.get(group)?.as_str().parse().ok()
}

fn day(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn iso(found: &Captures<'_>) -> Option<Date> {
    day(number(found, 1)?, number(found, 2)?, number(found, 3)?)
}

fn numeric(found: &Captures<'_>, arrived: Date, french: bool) -> Option<Date> {
    let (first, second) = (number(found, 1)?, number(found, 3)?);
    let year = number(found, 4).map(|year| if year < 100 { 2000 + year } else { year });
    // Without a year, `3.5` is rather a number than a day.
    if year.is_none() && found.get(2)?.as_str() != "/" {
        return None;
    }
    let (days, month) = match (first > 12, second > 12) {
        (true, true) => return None,
        (false, true) => (second, first),
        (false, false) if !french && first != second => return None,
        _ => (first, second),
    };
    on(days, month, year, arrived)
}

fn named(found: &Captures<'_>, day_group: usize, month_group: usize, arrived: Date) -> Option<Date> {
    let days = if found.get(day_group)?.as_str() == "premier" { 1 } else { number(found, day_group)? };
    let name = found.get(month_group)?.as_str();
    let (_, month) = MONTHS.iter().find(|(known, _)| *known == name)?;
    on(days, i64::from(*month), number(found, 3), arrived)
}

/// Without a year, the last such day up to the mail's.
fn on(days: i64, month: i64, year: Option<i64>, arrived: Date) -> Option<Date> {
    match year {
        Some(year) => day(year, month, days),
        // Eight years back there is always a 29 February.
        None => (0..=8)
            .find_map(|back| day(i64::from(arrived.year()) - back, month, days).filter(|found| *found <= arrived)),
    }
}

fn relative(text: &str, arrived: Date, shapes: &Shapes) -> Option<Date> {
    if let Some(found) = shapes.ago_fr.captures(text).or_else(|| shapes.ago_en.captures(text)) {
        // "twenty-one days ago" is not one day ago.
        let word = found.name("count").filter(|_| found.name("tens").is_none())?.as_str();
        let count = COUNTS.iter().find(|(name, _)| *name == word).map(|(_, count)| *count);
        return back(arrived, count.or_else(|| word.parse().ok())?, found.name("unit")?.as_str());
    }
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if says(&["avant-hier", "avant hier", "day before yesterday"]) {
        return Some(plus(arrived, -2));
    }
    let words = folded::words(text);
    let has = |word: &str| words.iter().any(|found| found == word);
    if has("hier") || has("yesterday") || says(&["last night"]) {
        return Some(plus(arrived, -1));
    }
    if has("today") || says(&["aujourd'hui", "ce matin", "this morning"]) {
        return Some(arrived);
    }
    let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| has(name))?;
    if says(&["prochain", "next"]) {
        return None;
    }
    let monday = plus(arrived, -i64::from(arrived.weekday().to_monday_zero_offset()));
    if says(&["semaine derniere", "last week"]) {
        return Some(plus(monday, i64::from(weekday.to_monday_zero_offset()) - 7));
    }
    arrived.series(-1.day()).skip(1).take(7).find(|day| day.weekday() == *weekday)
}

fn back(arrived: Date, count: i64, unit: &str) -> Option<Date> {
    if !(0..=1000).contains(&count) {
        return None;
    }
    let starts = |names: &[&str]| names.iter().any(|name| unit.starts_with(name));
    Some(if starts(&["jour", "day"]) {
        plus(arrived, -count)
    } else if starts(&["semaine", "week"]) {
        plus(arrived, -7 * count)
    } else if starts(&["fortnight"]) {
        plus(arrived, -14 * count)
    } else if starts(&["mois", "month"]) {
        plus_months(arrived, -count)
    } else {
        plus_months(arrived, -12 * count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thursday.
    const ARRIVED: &str = "2026-03-19";

    fn said(words: &str, french: bool) -> Option<String> {
        read(words, ARRIVED.parse().unwrap(), french).map(|day| day.to_string())
    }

    #[test]
    fn french_words() {
        for (words, day) in [
            ("le 3 mars", "2026-03-03"),
            ("le 1er mars 2026", "2026-03-01"),
            ("Le premier février", "2026-02-01"),
            ("le 25 mars", "2025-03-25"),
            ("29 février", "2024-02-29"),
            ("hier", "2026-03-18"),
            ("hier soir", "2026-03-18"),
            ("avant-hier", "2026-03-17"),
            ("aujourd’hui", "2026-03-19"),
            ("il y a deux semaines", "2026-03-05"),
            ("il y a 10 jours", "2026-03-09"),
            ("il y a un mois", "2026-02-19"),
            ("il y a 2 ans", "2024-03-19"),
            ("mardi dernier", "2026-03-17"),
            ("jeudi", "2026-03-12"),
            ("lundi de la semaine dernière", "2026-03-09"),
            ("12/03/2026", "2026-03-12"),
            ("03/02/26", "2026-02-03"),
            ("le 12/03", "2026-03-12"),
            ("12.03.2026", "2026-03-12"),
            ("2026-03-12", "2026-03-12"),
            ("3 déc. 2025", "2025-12-03"),
        ] {
            assert_eq!(said(words, true).as_deref(), Some(day), "{words}");
        }
    }

    #[test]
    fn english_words() {
        for (words, day) in [
            ("March 3rd", "2026-03-03"),
            ("the 3rd of March", "2026-03-03"),
            ("3 March 2026", "2026-03-03"),
            ("Feb. 14, 2026", "2026-02-14"),
            ("two weeks ago", "2026-03-05"),
            ("a fortnight ago", "2026-03-05"),
            ("3 months ago", "2025-12-19"),
            ("yesterday", "2026-03-18"),
            ("last Tuesday", "2026-03-17"),
            ("on Thursday", "2026-03-12"),
            ("this morning", "2026-03-19"),
            ("03/14/2026", "2026-03-14"),
            ("14/03/2026", "2026-03-14"),
            ("02/02/2026", "2026-02-02"),
        ] {
            assert_eq!(said(words, false).as_deref(), Some(day), "{words}");
        }
    }

    #[test]
    fn what_is_vague_or_could_be_two_days_is_none() {
        for words in [
            "12/03/2026",
            "3/4/26",
            "early March",
            "last week",
            "around March 3rd",
            "a couple of weeks ago",
            "between March 3rd and March 5th",
            "March",
            "the order",
            "",
            "next Tuesday",
            "31 February 2026",
            "45/12/2026",
            "March 3rd 2027",
            "3 or 4 March",
            "999999 days ago",
            "twenty-one days ago",
            "thirty two weeks ago",
            "2 March, delivered 5 March",
        ] {
            assert_eq!(said(words, false), None, "{words}");
        }
        for words in [
            "début mars",
            "il y a une quinzaine",
            "il y a quinze jours",
            "vers le 3 mars",
            "le 3",
            "il y a quelques jours",
            "mardi prochain",
            "la semaine dernière",
            "fin février",
        ] {
            assert_eq!(said(words, true), None, "{words}");
        }
    }

    #[test]
    fn the_language_is_told_by_small_words() {
        assert!(is_french("Bonjour, je n'ai pas reçu le colis"));
        assert!(!is_french("Hello, I have not received it"));
        assert!(!is_french("12/03/2026"));
    }
}
