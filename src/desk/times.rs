//! Times, days and amounts as people read them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::words::Language;
use crate::domain::Money;
use crate::reply::wording;

const MONTHS_FR: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
const MONTHS_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `3 mars 2026`; in English as data has it, which no two countries read differently.
pub fn date(language: Language, date: Date) -> String {
    match language {
        Language::French => wording::day(date, language.code()),
        Language::English => date.to_string(),
    }
}

/// `129,90 €`, `€129.90`.
pub fn money(language: Language, amount: &Money) -> String {
    wording::money(amount, language.code())
}

/// Day and time, with the year when it is not this year's.
pub fn moment(language: Language, zone: &TimeZone, at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    if at.date() == now.date() {
        return clock;
    }
    format!("{}, {clock}", day(language, at.date(), now.date()))
}

/// A day, with the year when it is not this year's.
pub fn day(language: Language, day: Date, today: Date) -> String {
    let months = if language == Language::French { MONTHS_FR } else { MONTHS_EN };
    let month = months.get(day.month().unsigned_abs() as usize - 1).copied().unwrap_or_default();
    let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
    format!("{} {month}{year}", day.day())
}

/// How long ago, roughly: minutes, then hours, then days.
pub fn age(language: Language, since: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(since).as_mins().max(0);
    let day = if language == Language::French { "j" } else { "d" };
    let gap = '\u{a0}';
    match minutes {
        0 => format!("<{gap}1{gap}min"),
        1..=59 => format!("{minutes}{gap}min"),
        60..=2879 => format!("{}{gap}h", minutes / 60),
        _ => format!("{}{gap}{day}", minutes / 1440),
    }
}

/// Bytes as a number and its unit (`bytes`, `kb`, `mb`: powers of 1000), one decimal below ten.
pub fn size(language: Language, bytes: usize) -> (String, &'static str) {
    let (unit, divisor) = match bytes {
        0..1_000 => return (bytes.to_string(), "bytes"),
        1_000..1_000_000 => ("kb", 1_000),
        _ => ("mb", 1_000_000),
    };
    let tenths = bytes.saturating_mul(10).saturating_add(divisor / 2) / divisor;
    let point = if language == Language::French { ',' } else { '.' };
    match (tenths / 10, tenths % 10) {
        (whole @ 0..10, tenth @ 1..) => (format!("{whole}{point}{tenth}"), unit),
        (whole, tenth) => ((whole + usize::from(tenth > 4)).to_string(), unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_unambiguous() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let zone = TimeZone::UTC;
        for (at, shown) in [
            ("2026-03-02T08:05:00Z", "08:05"),
            ("2026-02-28T08:05:00Z", "28 févr., 08:05"),
            ("2025-12-31T23:59:00Z", "31 déc. 2025, 23:59"),
        ] {
            assert_eq!(moment(Language::French, &zone, at.parse().unwrap(), now), shown);
        }
    }

    #[test]
    fn ages_grow_coarser() {
        let now: Timestamp = "2026-03-10T10:00:00Z".parse().unwrap();
        for (since, shown) in [
            ("2026-03-10T10:00:00Z", "<\u{a0}1\u{a0}min"),
            ("2026-03-10T09:01:00Z", "59\u{a0}min"),
            ("2026-03-08T10:01:00Z", "47\u{a0}h"),
            ("2026-03-08T10:00:00Z", "2\u{a0}j"),
            ("2026-03-11T10:00:00Z", "<\u{a0}1\u{a0}min"),
        ] {
            assert_eq!(age(Language::French, since.parse().unwrap(), now), shown);
        }
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, english, french) in [
            (0, "0 bytes", "0 bytes"),
            (999, "999 bytes", "999 bytes"),
            (1_000, "1 kb", "1 kb"),
            (1_840, "1.8 kb", "1,8 kb"),
            (84_200, "84 kb", "84 kb"),
            (1_950_000, "2 mb", "2 mb"),
            (25_400_000, "25 mb", "25 mb"),
            (usize::MAX, "1844674407371 mb", "1844674407371 mb"),
        ] {
            let said = |language| size(language, bytes);
            let words = |(n, unit): (String, &str)| format!("{n} {unit}");
            assert_eq!(words(said(Language::English)), english);
            assert_eq!(words(said(Language::French)), french);
        }
    }
}
