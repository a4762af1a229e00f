//! Dates, times, opening hours, amounts and names of facts, as people write them in a language.
//!
//! French and English have their own conventions; a language the operator adds templates for gets
//! digits and the English names.

mod goods;
mod money;
mod offers;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::domain::calendar::Span;
use crate::domain::{Calendar, Fact};

pub(super) use goods::{one_line, products};
pub use money::money;
pub(super) use offers::{clock as legal_clock, offer};

const FRENCH_DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const ENGLISH_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Cities that have a French name of their own, beside those whose name is the same.
const FRENCH_CITIES: &[(&str, &str)] = &[
    ("Europe/Paris", "de Paris"),
    ("Europe/Brussels", "de Bruxelles"),
    ("Europe/Zurich", "de Genève"),
    ("Europe/Luxembourg", "de Luxembourg"),
    ("Europe/Monaco", "de Monaco"),
    ("Europe/London", "de Londres"),
    ("Europe/Madrid", "de Madrid"),
    ("Europe/Berlin", "de Berlin"),
    ("Europe/Rome", "de Rome"),
    ("America/Toronto", "de Montréal"),
    ("America/Montreal", "de Montréal"),
    ("Indian/Reunion", "de La Réunion"),
    ("America/Martinique", "de la Martinique"),
    ("America/Guadeloupe", "de la Guadeloupe"),
];

fn french(language: &str) -> bool {
    language == "fr"
}

fn day_name(day: Weekday, language: &str) -> &'static str {
    let names = if french(language) { FRENCH_DAYS } else { ENGLISH_DAYS };
    let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
    names.get(index).copied().unwrap_or_default()
}

/// `mardi 3 mars 2026`, `Tuesday 3 March 2026`.
pub(super) fn date(date: Date, language: &str) -> String {
    format!("{} {}", day_name(date.weekday(), language), day(date, language))
}

/// `3 mars 2026`, `3 March 2026`.
pub fn day(date: Date, language: &str) -> String {
    let months = if french(language) { FRENCH_MONTHS } else { ENGLISH_MONTHS };
    let month = usize::try_from(date.month() - 1).ok().and_then(|index| months.get(index)).copied().unwrap_or_default();
    let day = match date.day() {
        1 if french(language) => "1er".to_owned(),
        day => day.to_string(),
    };
    format!("{day} {month} {}", date.year())
}

/// `14 h 05`, `9 h`; `14:05`, `9:00`.
fn clock(time: Time, language: &str) -> String {
    match (french(language), time.minute()) {
        (true, 0) => format!("{}\u{a0}h", time.hour()),
        (true, minute) => format!("{}\u{a0}h\u{a0}{minute:02}", time.hour()),
        (false, minute) => format!("{}:{minute:02}", time.hour()),
    }
}

/// `mardi 3 mars 2026 à 14 h 05 (heure de Paris)`, `Tuesday 3 March 2026 at 14:05 (Paris time)`.
pub(super) fn moment(at: Timestamp, zone: &TimeZone, language: &str) -> String {
    let local = at.to_zoned(zone.clone());
    let at = if french(language) { "à" } else { "at" };
    let zone = zone_name(&local, language);
    format!("{} {at} {} ({zone})", date(local.date(), language), clock(local.time(), language))
}

/// `lundi 4 janvier 2027 à 9 h`, `Monday 4 January 2027 at 9:00`.
pub(super) fn opening(opening: &Zoned, language: &str) -> String {
    let at = if french(language) { "à" } else { "at" };
    format!("{} {at} {}", date(opening.date(), language), clock(opening.time(), language))
}

fn zone_name(local: &Zoned, language: &str) -> String {
    let name = local.time_zone().iana_name().unwrap_or_default();
    if french(language) {
        if let Some((_, city)) = FRENCH_CITIES.iter().find(|(zone, _)| *zone == name) {
            return format!("heure {city}");
        }
    } else if let Some((_, city)) = name.rsplit_once('/').filter(|(region, _)| !region.starts_with("Etc")) {
        return format!("{} time", city.replace('_', " "));
    }
    let minutes = local.offset().seconds() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// `du lundi au vendredi de 9 h à 18 h, le samedi de 10 h à 12 h`; `None` when no hours are named.
pub(super) fn hours(calendar: &Calendar, language: &str) -> Option<String> {
    let runs = calendar.hours.runs();
    let said: Vec<String> = runs
        .into_iter()
        .map(|(first, last, spans)| format!("{} {}", days(first, last, language), openings(spans, language)))
        .collect();
    (!said.is_empty()).then(|| said.join(if french(language) { "\u{202f}; " } else { "; " }))
}

fn days(first: Weekday, last: Weekday, language: &str) -> String {
    let (one, other) = (day_name(first, language), day_name(last, language));
    match (french(language), first == last) {
        (true, true) => format!("le {one}"),
        (true, false) => format!("du {one} au {other}"),
        (false, true) => format!("{one},"),
        (false, false) => format!("{one} to {other},"),
    }
}

fn openings(spans: &[Span], language: &str) -> String {
    let said: Vec<String> = spans
        .iter()
        .map(|span| {
            let from = clock(span.from, language);
            match (french(language), span.until) {
                (true, Some(until)) => format!("de {from} à {}", clock(until, language)),
                (true, None) => format!("de {from} à minuit"),
                (false, Some(until)) => format!("{from} to {}", clock(until, language)),
                (false, None) => format!("{from} to midnight"),
            }
        })
        .collect();
    enumeration(&said, language)
}

/// `a`, `a et b`, `a, b et c`.
pub(super) fn enumeration(items: &[String], language: &str) -> String {
    let and = if french(language) { "et" } else { "and" };
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [firsts @ .., last] => format!("{} {and} {last}", firsts.join(", ")),
    }
}

/// A fact as one asks for it: `le numéro de votre commande`.
pub(super) fn fact(fact: Fact, language: &str) -> &'static str {
    match (french(language), fact) {
        (true, Fact::OrderNumber) => "le numéro de votre commande",
        (true, Fact::PurchaseDate) => "la date de votre achat",
        (true, Fact::Product) => "le nom de l’article ou du service concerné",
        (true, Fact::Reason) => "ce qui vous amène à demander ce remboursement",
        (true, Fact::AnnouncedDate) => "la date à laquelle ce remboursement vous a été annoncé",
        (false, Fact::OrderNumber) => "your order number",
        (false, Fact::PurchaseDate) => "the date of your purchase",
        (false, Fact::Product) => "the name of the item or service concerned",
        (false, Fact::Reason) => "what led you to ask for this refund",
        (false, Fact::AnnouncedDate) => "the date on which this refund was announced to you",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn moments_follow_the_language_and_name_their_zone() {
        let at: Timestamp = "2026-03-01T13:05:00Z".parse().unwrap();
        for (name, language, expected) in [
            ("Europe/Paris", "fr", "dimanche 1er mars 2026 à 14 h 05 (heure de Paris)"),
            ("Europe/Paris", "en", "Sunday 1 March 2026 at 14:05 (Paris time)"),
            ("America/New_York", "en", "Sunday 1 March 2026 at 8:05 (New York time)"),
            ("America/New_York", "fr", "dimanche 1er mars 2026 à 8 h 05 (UTC−5)"),
            ("Asia/Kolkata", "fr", "dimanche 1er mars 2026 à 18 h 35 (UTC+5:30)"),
            ("UTC", "en", "Sunday 1 March 2026 at 13:05 (UTC)"),
        ] {
            assert_eq!(moment(at, &zone(name), language).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn hours_are_said_as_people_say_them() {
        let text = "Mon-Fri 09:00-12:30 14:00-18:00, Sat 20:00-24:00";
        let calendar = Calendar::parse(zone("UTC"), text, &[], None).unwrap();
        let said = |language: &str| hours(&calendar, language).unwrap().replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(said("fr"), "du lundi au vendredi de 9 h à 12 h 30 et de 14 h à 18 h ; le samedi de 20 h à minuit");
        assert_eq!(said("en"), "Monday to Friday, 9:00 to 12:30 and 14:00 to 18:00; Saturday, 20:00 to midnight");
        assert_eq!(hours(&Calendar::without_hours(zone("UTC")), "fr"), None);
    }
}
