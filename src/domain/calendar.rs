//! When the shop is there: weekly opening hours, closed days, public holidays.

mod holidays;
mod hours;
mod open_time;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

pub use holidays::french as is_french_holiday;
pub use hours::{Span, WeeklyHours};

/// How far ahead an opening is looked for, in days: a year's closure and a few public holidays.
const HORIZON: usize = 400;

/// What is wrong with the calendar's settings; says which text and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The opening hours cannot be read.
    #[error("opening hours “{text}”: {problem} (write them like “Mon-Fri 09:00-18:00, Sat 10:00-12:00”)")]
    Hours {
        /// The entry as written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A closed period cannot be read.
    #[error("closed “{text}”: {problem} (write 2026-12-24 or 2026-12-24..2027-01-02)")]
    Closed {
        /// The entry as written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The country is no two-letter code.
    #[error("country “{0}” is not a two-letter code like FR (ISO 3166-1)")]
    Country(String),
}

/// When the shop is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// The zone all hours and dates are meant in.
    pub time_zone: TimeZone,
    /// Opening hours of an ordinary week; empty when the operator named none.
    pub hours: WeeklyHours,
    /// Closed periods, first and last day included.
    pub closed: Vec<(Date, Date)>,
    /// ISO 3166-1 code, upper case. Public holidays are known for `FR`; elsewhere they have to be
    /// written under `closed`.
    pub country: Option<String>,
}

impl Calendar {
    /// A calendar without hours, closed days and country.
    pub fn without_hours(time_zone: TimeZone) -> Self {
        Self { time_zone, hours: WeeklyHours::default(), closed: Vec::new(), country: None }
    }

    /// Reads the settings as the configuration writes them. Empty `hours` means that none are said.
    ///
    /// # Errors
    /// The first entry that cannot be read, with what was expected.
    pub fn parse(
        time_zone: TimeZone,
        hours: &str,
        closed: &[String],
        country: Option<&str>,
    ) -> Result<Self, CalendarError> {
        Ok(Self {
            time_zone,
            hours: WeeklyHours::parse(hours)?,
            closed: closed.iter().map(|text| closed_period(text)).collect::<Result<_, _>>()?,
            country: country.map(country_code).transpose()?,
        })
    }

    /// Whether somebody is there.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.time_zone.clone()).datetime();
        self.works_on(local.date()) && self.hours.on(local.date().weekday()).iter().any(|span| span.holds(local.time()))
    }

    /// The beginning of the next opening after `at`; `None` without opening hours, or when all of the
    /// coming year is closed.
    pub fn next_opening(&self, at: Timestamp) -> Option<Zoned> {
        let now = at.to_zoned(self.time_zone.clone());
        let mut day = now.date();
        for _ in 0..HORIZON {
            if self.works_on(day) {
                for span in self.hours.on(day.weekday()) {
                    let opening = DateTime::from_parts(day, span.from).to_zoned(self.time_zone.clone()).ok()?;
                    if opening > now {
                        return Some(opening);
                    }
                }
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    /// Whether the day is neither a public holiday nor in a closed period.
    pub fn works_on(&self, day: Date) -> bool {
        let closed = self.closed.iter().any(|(first, last)| (*first..=*last).contains(&day));
        let holiday = self.country.as_deref() == Some("FR") && holidays::french(day);
        !closed && !holiday
    }
}

fn country_code(text: &str) -> Result<String, CalendarError> {
    let code = text.trim().to_ascii_uppercase();
    let good = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if good { Ok(code) } else { Err(CalendarError::Country(text.to_owned())) }
}

fn closed_period(text: &str) -> Result<(Date, Date), CalendarError> {
    let wrong = |problem: String| CalendarError::Closed { text: text.to_owned(), problem };
    let date = |part: &str| {
        let part = part.trim();
        part.parse::<Date>().map_err(|_| wrong(format!("“{part}” is not a date")))
    };
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (date(first)?, date(last)?),
        None => (date(text)?, date(text)?),
    };
    if last < first { Err(wrong("the end lies before the beginning".into())) } else { Ok((first, last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn shop() -> Calendar {
        let closed = ["2026-12-24..2027-01-02".to_owned()];
        Calendar::parse(paris(), "Mon-Fri 09:00-12:30 14:00-18:00, Sat 10:00-12:00", &closed, Some("fr")).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime>().unwrap().to_zoned(paris()).unwrap().timestamp()
    }

    fn next(text: &str) -> String {
        shop().next_opening(at(text)).unwrap().datetime().to_string()
    }

    #[test]
    fn open_is_from_the_first_minute_to_before_the_last() {
        for (moment, open) in [
            ("2026-03-03T08:59:59", false),
            ("2026-03-03T09:00:00", true),
            ("2026-03-03T12:29:59", true),
            ("2026-03-03T12:30:00", false),
            ("2026-03-03T14:00:00", true),
            ("2026-03-03T18:00:00", false),
            ("2026-03-07T11:00:00", true),
            ("2026-03-08T11:00:00", false),
            ("2026-12-28T10:00:00", false),
            ("2026-07-14T10:00:00", false),
        ] {
            assert_eq!(shop().is_open(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn the_next_opening_skips_nights_closures_and_holidays() {
        assert_eq!(next("2026-03-03T12:45:00"), "2026-03-03T14:00:00");
        assert_eq!(next("2026-03-06T19:00:00"), "2026-03-07T10:00:00");
        assert_eq!(next("2026-04-04T13:00:00"), "2026-04-07T09:00:00", "Easter Monday 2026 is 6 April");
        assert_eq!(next("2026-12-23T18:00:00"), "2027-01-04T09:00:00");
    }

    #[test]
    fn an_opening_in_the_hour_that_summer_time_skips_is_moved_not_lost() {
        let calendar = Calendar::parse(paris(), "Sun 02:30-04:00", &[], None).unwrap();
        let opening = calendar.next_opening(at("2026-03-29T01:00:00")).unwrap();
        assert_eq!(opening.datetime().to_string(), "2026-03-29T03:30:00");
    }

    #[test]
    fn without_hours_nothing_is_open() {
        let calendar = Calendar::without_hours(paris());
        assert!(!calendar.is_open(at("2026-03-03T10:00:00")));
        assert_eq!(calendar.next_opening(at("2026-03-03T10:00:00")), None);
    }

    #[test]
    fn a_shop_that_never_opens_names_no_opening() {
        let never = Calendar::parse(paris(), "Mon 09:00-10:00", &["2026-01-01..2030-01-01".into()], None).unwrap();
        assert_eq!(never.next_opening(at("2026-04-05T10:00:00")), None);
    }

    #[test]
    fn settings_that_cannot_be_read_say_what_was_expected() {
        let closed = |text: &str| Calendar::parse(paris(), "", &[text.into()], None).unwrap_err().to_string();
        assert!(closed("24/12/2026").contains("“24/12/2026” is not a date"));
        assert!(closed("2026-12-24..2026-12-01").contains("the end lies before the beginning"));
        assert!(Calendar::parse(paris(), "", &[], Some("France")).unwrap_err().to_string().contains("France"));
    }
}
