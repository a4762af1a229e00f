//! The opening hours of an ordinary week: `Mon-Fri 09:00-12:30 14:00-18:00, Sat 10:00-12:00`.

use jiff::civil::{Time, Weekday, time};

use super::CalendarError;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// One opening on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First minute.
    pub from: Time,
    /// First minute after; `None` is midnight (`24:00`).
    pub until: Option<Time>,
}

impl Span {
    /// Whether the moment lies in it.
    pub fn holds(&self, moment: Time) -> bool {
        moment >= self.from && self.until.is_none_or(|until| moment < until)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| b.until.is_none_or(|until| a.from < until);
        begins_before_end(self, other) && begins_before_end(other, self)
    }
}

/// Opening hours by weekday, Monday first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeeklyHours([Vec<Span>; 7]);

impl WeeklyHours {
    /// Reads comma-separated entries, each a day or a range of days and one or more openings.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let mut week = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            week.add(entry).map_err(|problem| CalendarError::Hours { text: entry.to_owned(), problem })?;
        }
        Ok(week)
    }

    /// The openings of a day, earliest first.
    pub fn on(&self, day: Weekday) -> &[Span] {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
        self.0.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether no hours are said at all.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Runs of neighbouring days with the same openings, Monday first: `(first, last, openings)`.
    pub fn runs(&self) -> Vec<(Weekday, Weekday, &[Span])> {
        let mut runs: Vec<(Weekday, Weekday, &[Span])> = Vec::new();
        let mut joined = false;
        for day in Weekday::Monday.cycle_forward().take(7) {
            let spans = self.on(day);
            match runs.last_mut() {
                Some((_, last, same)) if joined && *same == spans => *last = day,
                _ if !spans.is_empty() => runs.push((day, day, spans)),
                _ => {}
            }
            joined = !spans.is_empty();
        }
        runs
    }

    fn add(&mut self, entry: &str) -> Result<(), String> {
        let (days, openings) = entry.split_once(char::is_whitespace).ok_or("no hours after the day")?;
        let spans = openings.split_whitespace().map(span).collect::<Result<Vec<_>, _>>()?;
        for index in day_indexes(days)? {
            let Some(day) = self.0.get_mut(index) else { continue };
            for span in &spans {
                if day.iter().any(|other| other.overlaps(span)) {
                    return Err("two openings of one day overlap".into());
                }
                day.push(*span);
            }
            day.sort();
        }
        Ok(())
    }
}

fn day_indexes(text: &str) -> Result<Vec<usize>, String> {
    let index = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        DAYS.iter()
            .position(|day| *day == name)
            .ok_or_else(|| format!("“{name}” is not one of Mon Tue Wed Thu Fri Sat Sun"))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (index(first)?, index(last)?),
        None => (index(text)?, index(text)?),
    };
    let length = (last + 7 - first) % 7 + 1;
    Ok((first..first + length).map(|day| day % 7).collect())
}

fn span(text: &str) -> Result<Span, String> {
    let (from, until) = text.split_once('-').ok_or_else(|| format!("“{text}” is not an opening like 09:00-18:00"))?;
    let until = if until == "24:00" { None } else { Some(clock(until)?) };
    let span = Span { from: clock(from)?, until };
    if span.until.is_some_and(|until| until <= span.from) {
        return Err(format!("“{text}” ends before it begins"));
    }
    Ok(span)
}

fn clock(text: &str) -> Result<Time, String> {
    let wrong = || format!("“{text}” is not a time like 09:00");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |digits: &str, below: i8| {
        let good = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i8>().ok().filter(|number| good && *number < below).ok_or_else(wrong)
    };
    Ok(time(number(hour, 24)?, number(minute, 60)?, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        WeeklyHours::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn ranges_of_days_may_go_round_the_end_of_the_week() {
        let week = WeeklyHours::parse("Sat-Mon 10:00-12:00").unwrap();
        let open: Vec<bool> = Weekday::Monday.cycle_forward().take(7).map(|day| !week.on(day).is_empty()).collect();
        assert_eq!(open, [true, false, false, false, false, true, true]);
    }

    #[test]
    fn neighbouring_days_with_the_same_hours_are_one_run() {
        let week = WeeklyHours::parse("Mon-Tue 09:00-18:00, Thu 09:00-18:00, Sat 20:00-24:00").unwrap();
        let runs: Vec<(Weekday, Weekday)> = week.runs().into_iter().map(|(first, last, _)| (first, last)).collect();
        assert_eq!(
            runs,
            [
                (Weekday::Monday, Weekday::Tuesday),
                (Weekday::Thursday, Weekday::Thursday),
                (Weekday::Saturday, Weekday::Saturday)
            ]
        );
    }

    #[test]
    fn hours_that_cannot_be_read_say_why() {
        assert!(problem("Mon-Fri").contains("no hours after the day"));
        assert!(problem("Lun-Ven 09:00-18:00").contains("“lun” is not one of Mon"));
        assert!(
            problem("Mon 9-18").contains("“18” is not a time") || problem("Mon 9-18").contains("“9” is not a time")
        );
        assert!(problem("Mon 18:00-09:00").contains("ends before it begins"));
        assert!(problem("Mon 09:00-25:00").contains("“25:00” is not a time"));
        assert!(problem("Mon-Fri 09:00-18:00, Fri 17:00-19:00").contains("overlap"));
        assert!(problem("Mon 09:00").contains("is not an opening"));
        assert!(problem("Mon 09:+1-10:00").contains("is not a time"));
    }
}
