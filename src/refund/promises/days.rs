//! From words to a day.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::domain::Calendar;
use crate::refund::workdays::business_days_after;

/// A date without a year that lies so far back is meant for next year; a nearer one tells of the past.
const LONG_AGO: i32 = 180;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Hours, begun days counting whole.
    Hours,
    /// Days of the calendar.
    Days,
    /// Monday to Friday, without holidays and closed days (“jours ouvrés”, business days).
    Business,
    /// Monday to Saturday, without holidays and closed days (“jours ouvrables”).
    Ouvrables,
    /// Seven days.
    Weeks,
}

/// `number` of `unit` after `from`.
pub(super) fn after(from: Date, number: u16, unit: Unit, calendar: &Calendar) -> Option<Date> {
    let plus = |days: u16| from.checked_add(i64::from(days).days()).ok();
    match unit {
        Unit::Hours => plus(number.div_ceil(24)),
        Unit::Days => plus(number),
        Unit::Weeks => plus(number.checked_mul(7)?),
        Unit::Business => Some(business_days_after(from, number, calendar)).filter(|day| *day < Date::MAX),
        Unit::Ouvrables => counted(from, number, |day| day.weekday() != Weekday::Sunday && calendar.works_on(day)),
    }
}

/// The `number`-th day after `from` that counts; `None` for a shop that is closed for good.
fn counted(from: Date, number: u16, counts: impl Fn(Date) -> bool) -> Option<Date> {
    let Some(before) = usize::from(number).checked_sub(1) else { return Some(from) };
    let horizon = 400 + usize::from(number) * 2;
    from.tomorrow().ok()?.series(1.day()).take(horizon).filter(|day| counts(*day)).nth(before)
}

/// The last day before `by` on which somebody works; `by` itself when there is none for weeks.
pub fn business_day_before(by: Date, calendar: &Calendar) -> Date {
    let works = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && calendar.works_on(*day);
    let before = by.yesterday().map(|first| first.series((-1).day()).take(60).find(works));
    before.ok().flatten().unwrap_or(by)
}

/// The next such weekday after the day itself.
pub(super) fn next(from: Date, weekday: Weekday) -> Option<Date> {
    from.nth_weekday(1, weekday).ok()
}

/// The Friday of the week; from Saturday on that of the next one.
pub(super) fn end_of_week(from: Date) -> Option<Date> {
    if from.weekday() == Weekday::Friday { Some(from) } else { next(from, Weekday::Friday) }
}

/// The Friday of the week after this one.
pub(super) fn end_of_next_week(from: Date) -> Option<Date> {
    let sunday = if from.weekday() == Weekday::Sunday { from } else { next(from, Weekday::Sunday)? };
    next(sunday, Weekday::Friday)
}

/// A day of a month; without a year the next one, unless it has just passed.
pub(super) fn dated(from: Date, day: i8, month: i8, year: Option<i16>) -> Option<Date> {
    if let Some(year) = year {
        let year = if year < 100 { 2000 + year } else { year };
        return Date::new(year, month, day).ok();
    }
    let this = Date::new(from.year(), month, day).ok()?;
    if this >= from {
        return Some(this);
    }
    let passed = from.since(this).ok()?.get_days();
    if passed >= LONG_AGO { Date::new(from.year() + 1, month, day).ok() } else { None }
}

/// A weekday by its French or English name.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "lundi" | "monday" => Weekday::Monday,
        "mardi" | "tuesday" => Weekday::Tuesday,
        "mercredi" | "wednesday" => Weekday::Wednesday,
        "jeudi" | "thursday" => Weekday::Thursday,
        "vendredi" | "friday" => Weekday::Friday,
        "samedi" | "saturday" => Weekday::Saturday,
        "dimanche" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// A month by its French or English name or the beginning of it.
pub(super) fn month(name: &str) -> Option<i8> {
    const NAMES: [&[&str]; 12] = [
        &["jan"],
        &["fev", "fév", "feb"],
        &["mar"],
        &["avr", "apr"],
        &["mai", "may"],
        &["juin", "jun"],
        &["juil", "jul"],
        &["aou", "aoû", "aug"],
        &["sep"],
        &["oct"],
        &["nov"],
        &["dec", "déc"],
    ];
    let index = NAMES.iter().position(|names| names.iter().any(|begin| name.starts_with(begin)))?;
    i8::try_from(index + 1).ok()
}

/// A number in digits or words, up to what a shop would say.
pub(super) fn number(text: &str) -> Option<u16> {
    const WORDS: [(&str, u16); 36] = [
        ("un", 1),
        ("une", 1),
        ("deux", 2),
        ("trois", 3),
        ("quatre", 4),
        ("cinq", 5),
        ("six", 6),
        ("sept", 7),
        ("huit", 8),
        ("neuf", 9),
        ("dix", 10),
        ("douze", 12),
        ("quatorze", 14),
        ("quinze", 15),
        ("vingt", 20),
        ("trente", 30),
        ("a", 1),
        ("an", 1),
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("ten", 10),
        ("twelve", 12),
        ("fourteen", 14),
        ("fifteen", 15),
        ("twenty", 20),
        ("thirty", 30),
        ("quarante-huit", 48),
        ("vingt-quatre", 24),
        ("forty-eight", 48),
        ("twenty-four", 24),
    ];
    let spoken = WORDS.iter().find(|(word, _)| *word == text).map(|(_, number)| *number);
    spoken.or_else(|| text.parse().ok()).filter(|number| *number <= 365)
}
