//! Counting days, as the law does for periods and as the shop does for promises.
//!
//! The law's rule is L221-19, which repeats Règlement (CEE, Euratom) n° 1182/71, article 3: the day of the event is
//! not counted, the last day counts whole, and a last day on a Saturday, Sunday or public holiday moves to the next
//! working day. It is applied to the customer's periods only: those that run against the shop are never lengthened.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::domain::Calendar;
use crate::domain::calendar::is_french_holiday;

/// The day `days` calendar days later.
pub fn plus(day: Date, days: i64) -> Date {
    jiff::Span::new().try_days(days).map_or(Date::MAX, |span| day.saturating_add(span))
}

/// The same day of the month `months` later, or the month's last day where it has none.
pub fn plus_months(day: Date, months: i64) -> Date {
    jiff::Span::new().try_months(months).map_or(Date::MAX, |span| day.saturating_add(span))
}

/// Whether it is neither Saturday, Sunday nor a French public holiday.
pub fn is_working_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_french_holiday(day)
}

/// The first working day from `day` on.
pub fn next_working_day(day: Date) -> Date {
    day.series(1.day()).find(|day| is_working_day(*day)).unwrap_or(Date::MAX)
}

/// The last day of a period of `days` days that an event starts (L221-19).
pub fn period_end(event: Date, days: i64) -> Date {
    next_working_day(plus(event, days))
}

/// The day `days` business days after `from`, by the shop's calendar: Monday to Friday, without its closed days and
/// public holidays. Of a shop that is closed for more than a year the closed days count again.
pub fn business_days_after(from: Date, days: u16, calendar: &Calendar) -> Date {
    let weekday = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let horizon = 400 + usize::from(days) * 2;
    let later = plus(from, 1).series(1.day()).take(horizon).filter(weekday).filter(|day| calendar.works_on(*day));
    nth(from, days, later).unwrap_or_else(|| bank_days_after(from, days))
}

/// The day `days` banking days after `from`: working days, whether the shop is open or not.
pub fn bank_days_after(from: Date, days: u16) -> Date {
    nth(from, days, plus(from, 1).series(1.day()).filter(|day| is_working_day(*day))).unwrap_or(Date::MAX)
}

fn nth(from: Date, days: u16, mut later: impl Iterator<Item = Date>) -> Option<Date> {
    match usize::from(days).checked_sub(1) {
        None => Some(from),
        Some(before) => later.nth(before),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_period_ends_on_a_working_day() {
        for (event, end) in [
            (date(2026, 3, 2), date(2026, 3, 16)),
            // 14 days later is Saturday 21 March.
            (date(2026, 3, 7), date(2026, 3, 23)),
            // Sunday 22 March.
            (date(2026, 3, 8), date(2026, 3, 23)),
            // Easter Monday, 6 April 2026.
            (date(2026, 3, 23), date(2026, 4, 7)),
            // Friday 1 May 2026, then a weekend.
            (date(2026, 4, 17), date(2026, 5, 4)),
            // 25 December 2026 is a Friday.
            (date(2026, 12, 11), date(2026, 12, 28)),
        ] {
            assert_eq!(period_end(event, 14), end, "{event}");
        }
    }

    #[test]
    fn business_days_skip_weekends_holidays_and_closures() {
        let closed = ["2026-03-05..2026-03-06".to_owned()];
        let shop = Calendar::parse(TimeZone::UTC, "", &closed, Some("FR")).unwrap();
        assert_eq!(business_days_after(date(2026, 3, 3), 5, &shop), date(2026, 3, 12));
        assert_eq!(business_days_after(date(2026, 3, 3), 0, &shop), date(2026, 3, 3));
        assert_eq!(bank_days_after(date(2026, 3, 3), 5), date(2026, 3, 10));
        assert_eq!(bank_days_after(date(2026, 4, 2), 2), date(2026, 4, 7), "Good Friday works, Easter Monday does not");
    }

    #[test]
    fn a_shop_closed_for_good_still_gets_a_date() {
        let shop = Calendar::parse(TimeZone::UTC, "", &["2026-01-01..2036-01-01".into()], None).unwrap();
        assert_eq!(business_days_after(date(2026, 3, 3), 5, &shop), date(2026, 3, 10));
    }

    #[test]
    fn the_last_of_a_month_stays_in_the_next() {
        assert_eq!(plus_months(date(2024, 2, 29), 24), date(2026, 2, 28));
        assert_eq!(plus(Date::MAX, 14), Date::MAX);
    }
}
