//! Public holidays.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

/// Holidays on the same day every year in all of France, as (month, day) (Code du travail, L3133-1).
const FRENCH_FIXED: &[(i8, i8)] = &[(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];

/// Whether the day is a public holiday in all of France: the fixed ones, Easter Monday, Ascension and
/// Whit Monday. The two further days of Alsace and Moselle are not counted.
pub fn french(day: Date) -> bool {
    if FRENCH_FIXED.contains(&(day.month(), day.day())) {
        return true;
    }
    let after_easter = |span: Span| easter(day.year()).and_then(|easter| easter.checked_add(span).ok()) == Some(day);
    after_easter(1.day()) || after_easter(39.days()) || after_easter(50.days())
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm of 1876 (“Butcher's”).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let golden = y.rem_euclid(19);
    let (century, rest) = (y.div_euclid(100), y.rem_euclid(100));
    let moon = (8 * century + 13) / 25;
    let epact = (19 * golden + century - century / 4 - moon + 15).rem_euclid(30);
    let correction = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * correction) / 451;
    let days = epact + correction - 7 * shift + 114;
    let (month, day) = (i8::try_from(days / 31).ok()?, i8::try_from(days % 31 + 1).ok()?);
    (1583..=9998).contains(&year).then(|| date(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_of_known_years() {
        for (year, month, day) in
            [(1818, 3, 22), (1943, 4, 25), (2000, 4, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
        {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn the_eleven_french_holidays_of_2026() {
        let found: Vec<String> =
            date(2026, 1, 1).series(1.day()).take(365).filter(|day| french(*day)).map(|day| day.to_string()).collect();
        assert_eq!(
            found,
            [
                "2026-01-01",
                "2026-04-06",
                "2026-05-01",
                "2026-05-08",
                "2026-05-14",
                "2026-05-25",
                "2026-07-14",
                "2026-08-15",
                "2026-11-01",
                "2026-11-11",
                "2026-12-25"
            ]
        );
    }
}
