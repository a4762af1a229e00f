//! Why a case stands where it stands in the queue, in English words for a terminal.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::order_of_work::{Due, Grave, Why};

/// A few words; days and hours as they are where the shop is.
pub fn words(why: &Why, zone: &TimeZone, now: Timestamp) -> String {
    match *why {
        Why::Deadline { of: Due::NotDelivered, .. } => "our reply came back".into(),
        Why::Deadline { of: Due::RefundNotTold, .. } => "refund accepted, payment side not told".into(),
        Why::Deadline { of, due } => {
            let whose = match of {
                Due::Law => "legal deadline",
                Due::Marketplace => "marketplace deadline",
                _ => "promised by",
            };
            let passed = if due <= now { ", passed" } else { "" };
            format!("{whose} {}{passed}", when(due, of.is_day(), zone))
        }
        Why::Grave { what: Grave::Danger } => "danger".into(),
        Why::Grave { what: Grave::Threat } => "threat or dispute".into(),
        Why::AnswerTarget { due } => {
            let word = if due <= now { "answer was due" } else { "answer due" };
            format!("{word} {}", when(due, false, zone))
        }
        Why::Age { ahead_hours: 0 } => "age".into(),
        Why::Age { ahead_hours } => format!("age, {ahead_hours} h ahead for its tone"),
    }
}

/// The last day, or the minute, of a time that ends before `due`.
fn when(due: Timestamp, is_day: bool, zone: &TimeZone) -> String {
    let last = if is_day { due.checked_sub(SignedDuration::from_secs(1)).unwrap_or(due) } else { due };
    last.to_zoned(zone.clone()).strftime(if is_day { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_in_a_few_words() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-04T10:00:00Z");
        let midnight = at("2026-03-05T23:00:00Z");
        for (why, said) in [
            (Why::Deadline { of: Due::Law, due: midnight }, "legal deadline 2026-03-05"),
            (Why::Deadline { of: Due::Promise, due: at("2026-03-03T23:00:00Z") }, "promised by 2026-03-03, passed"),
            (Why::Deadline { of: Due::Marketplace, due: midnight }, "marketplace deadline 2026-03-06 00:00"),
            (Why::Deadline { of: Due::NotDelivered, due: now }, "our reply came back"),
            (Why::Grave { what: Grave::Threat }, "threat or dispute"),
            (Why::AnswerTarget { due: at("2026-03-04T08:30:00Z") }, "answer was due 2026-03-04 09:30"),
            (Why::Age { ahead_hours: 8 }, "age, 8 h ahead for its tone"),
        ] {
            assert_eq!(words(&why, &paris, now), said);
        }
    }
}
