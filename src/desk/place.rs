//! Why a case stands where it stands in the queue, in the reader's language.

use jiff::SignedDuration;

use super::times;
use super::visit::SignedIn;
use crate::domain::order_of_work::{Due, Grave, Why};

/// The sentence, and whether it should strike the eye.
pub(super) fn words(visit: &SignedIn, why: &Why) -> (String, bool) {
    let words = visit.desk.inner.pages.words();
    let (language, zone, now) = (visit.language, &visit.desk.settings().time_zone, visit.desk.now());
    let fill = |key: &str, values: &[(&str, &str)]| words.fill(language, &format!("place.{key}"), values);
    match *why {
        Why::Deadline { of, due } => {
            let at = if of.is_day() {
                // The day ends with the moment before.
                let last = due.checked_sub(SignedDuration::from_secs(1)).unwrap_or(due);
                let local = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date();
                times::day(language, local(last), local(now))
            } else {
                times::moment(language, zone, due, now)
            };
            let over = due <= now && !matches!(of, Due::NotDelivered | Due::RefundNotTold);
            let key = format!("{}{}", of.as_str(), if over { "_over" } else { "" });
            (fill(&key, &[("at", &at)]), true)
        }
        Why::Grave { what: Grave::Danger } => (fill("danger", &[]), true),
        Why::Grave { what: Grave::Threat } => (fill("threat", &[]), true),
        Why::AnswerTarget { due } => {
            let key = if due <= now { "answer_over" } else { "answer" };
            (fill(key, &[("at", &times::moment(language, zone, due, now))]), due <= now)
        }
        Why::Age { ahead_hours: 0 } => (fill("age", &[]), false),
        Why::Age { ahead_hours } => (fill("age_ahead", &[("n", &ahead_hours.to_string())]), false),
    }
}
