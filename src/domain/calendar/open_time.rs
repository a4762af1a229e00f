//! Counting opening hours: when a time that runs only while the shop is open is over.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Calendar, HORIZON, WeeklyHours};

/// Counted where the operator named no opening hours.
const ORDINARY_WEEK: &str = "Mon-Fri 09:00-17:00";

impl Calendar {
    /// The same calendar, with the hours of an ordinary office where none are named: what runs in business hours
    /// has to run in some.
    pub fn with_ordinary_hours(&self) -> Self {
        let named = !self.hours.is_empty();
        let hours = if named { self.hours.clone() } else { WeeklyHours::parse(ORDINARY_WEEK).unwrap_or_default() };
        Self { hours, ..self.clone() }
    }

    /// When the shop will have been open for so long since `from`; `None` when all of the coming year is too short.
    pub fn open_for(&self, from: Timestamp, long: SignedDuration) -> Option<Timestamp> {
        let mut left = long;
        if left.is_zero() {
            return Some(from);
        }
        let mut day = self.local_day(from);
        for _ in 0..HORIZON {
            for (opens, closes) in self.openings(day) {
                let opens = opens.max(from);
                let open = closes.duration_since(opens);
                if open >= left {
                    return opens.checked_add(left).ok();
                }
                left -= open.max(SignedDuration::ZERO);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    /// The latest moment from which on the shop has been open for so long at `until`. The other way round from
    /// [`Self::open_for`]: `open_for(since, long) <= until` just when `since <= open_since(until, long)`.
    pub fn open_since(&self, until: Timestamp, long: SignedDuration) -> Option<Timestamp> {
        let mut left = long;
        if left.is_zero() {
            return Some(until);
        }
        let mut day = self.local_day(until);
        for _ in 0..HORIZON {
            for (opens, closes) in self.openings(day).into_iter().rev() {
                let closes = closes.min(until);
                let open = closes.duration_since(opens);
                if open >= left {
                    return closes.checked_sub(left).ok();
                }
                left -= open.max(SignedDuration::ZERO);
            }
            day = day.checked_sub(1.day()).ok()?;
        }
        None
    }

    /// The end of the next day after today on which the shop opens; `None` when it never does in the coming year.
    pub fn end_of_next_opening_day(&self, now: Timestamp) -> Option<Timestamp> {
        let mut day = self.local_day(now);
        for _ in 0..HORIZON {
            day = day.checked_add(1.day()).ok()?;
            if self.works_on(day) && !self.hours.on(day.weekday()).is_empty() {
                return Some(self.end_of(day));
            }
        }
        None
    }

    /// The first moment after a day.
    pub fn end_of(&self, day: Date) -> Timestamp {
        let next = day.checked_add(1.day()).ok().and_then(|next| self.moment(next, Time::midnight()));
        next.unwrap_or(Timestamp::MAX)
    }

    /// The day that a moment lies on where the shop is.
    pub fn local_day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.time_zone.clone()).date()
    }

    fn moment(&self, day: Date, time: Time) -> Option<Timestamp> {
        Some(DateTime::from_parts(day, time).to_zoned(self.time_zone.clone()).ok()?.timestamp())
    }

    /// The openings of a day, earliest first.
    fn openings(&self, day: Date) -> Vec<(Timestamp, Timestamp)> {
        if !self.works_on(day) {
            return Vec::new();
        }
        let spans = self.hours.on(day.weekday()).iter();
        spans
            .filter_map(|span| {
                let closes = match span.until {
                    Some(until) => self.moment(day, until)?,
                    None => self.end_of(day),
                };
                Some((self.moment(day, span.from)?, closes))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn shop() -> Calendar {
        let closed = ["2026-12-24..2027-01-02".to_owned()];
        let paris = TimeZone::get("Europe/Paris").unwrap();
        Calendar::parse(paris, "Mon-Fri 09:00-12:30 14:00-18:00, Sat 10:00-12:00", &closed, Some("fr")).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime>().unwrap().to_zoned(shop().time_zone).unwrap().timestamp()
    }

    #[test]
    fn only_open_hours_count() {
        for (from, hours, over) in [
            ("2026-03-03T09:00:00", 2, "2026-03-03T11:00:00"),
            ("2026-03-03T12:00:00", 1, "2026-03-03T14:30:00"),
            ("2026-03-03T17:00:00", 2, "2026-03-04T10:00:00"),
            ("2026-03-03T22:00:00", 2, "2026-03-04T11:00:00"),
            // Friday evening: Saturday has two hours.
            ("2026-03-06T18:00:00", 3, "2026-03-09T10:00:00"),
            // Before Easter Monday and before the closure.
            ("2026-04-04T12:00:00", 1, "2026-04-07T10:00:00"),
            ("2026-12-23T17:00:00", 2, "2027-01-04T10:00:00"),
        ] {
            assert_eq!(shop().open_for(at(from), SignedDuration::from_hours(hours)), Some(at(over)), "{from}");
        }
    }

    #[test]
    fn the_two_directions_agree() {
        let shop = shop();
        let start = at("2026-03-26T00:00:00");
        let every = |minutes: i64, most: i64| (0..most).map(move |n| start + SignedDuration::from_mins(n * minutes));
        for hours in [0, 1, 4, 16] {
            let long = SignedDuration::from_hours(hours);
            for now in every(397, 50) {
                let since = shop.open_since(now, long).unwrap();
                for waiting in every(111, 120) {
                    let over = shop.open_for(waiting, long).unwrap();
                    assert_eq!(over <= now, waiting <= since, "{waiting} {now} {hours}");
                }
            }
        }
    }

    #[test]
    fn a_shop_that_names_no_hours_has_ordinary_ones_and_one_that_never_opens_none() {
        let unnamed = Calendar::without_hours(TimeZone::UTC);
        let monday: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let long = SignedDuration::from_hours(16);
        assert_eq!(unnamed.open_for(monday, long), None);
        let ordinary = unnamed.with_ordinary_hours();
        assert_eq!(ordinary.open_for(monday, long), Some("2026-03-03T17:00:00Z".parse().unwrap()));
        let never =
            Calendar::parse(TimeZone::UTC, "Mon 09:00-10:00", &["2020-01-01..2040-01-01".into()], None).unwrap();
        assert_eq!(never.open_since(monday, long), None);
        assert_eq!(never.end_of_next_opening_day(monday), None);
    }

    #[test]
    fn the_next_opening_day_ends_at_its_midnight() {
        assert_eq!(shop().end_of_next_opening_day(at("2026-03-06T23:00:00")), Some(at("2026-03-08T00:00:00")));
        assert_eq!(shop().end_of_next_opening_day(at("2026-03-07T11:00:00")), Some(at("2026-03-10T00:00:00")));
    }
}
