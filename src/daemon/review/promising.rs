//! What an approved reply promises, and when a person is reminded of it; calls that were made about it.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Review, ReviewError, ReviewResult};
use crate::domain::record::CallDirection;
use crate::domain::{Calendar, CaseId, Promised};
use crate::ports::Reviewer;
use crate::ports::store::NewPromise;
use crate::reading::mask_secrets;
use crate::refund::promises::{business_day_before, find};

/// People are reminded in the morning.
const MORNING: i8 = 8;
/// And of what was promised for the same day in the afternoon.
const AFTERNOON: i8 = 16;
/// A note is a few sentences, in characters.
const LONGEST_NOTE: usize = 2000;
/// More dates than anybody promises in one reply.
const MOST: usize = 20;

/// The promises of a reply that leaves at `leaves_at`.
pub(super) fn of_reply(text: &str, leaves_at: Timestamp, calendar: &Calendar) -> Vec<NewPromise> {
    let said_on = leaves_at.to_zoned(calendar.time_zone.clone()).date();
    let promises = find(text, said_on, calendar).into_iter().take(MOST);
    promises.filter_map(|promised| clocks(promised, said_on, calendar)).collect()
}

fn clocks(promised: Promised, said_on: Date, calendar: &Calendar) -> Option<NewPromise> {
    let at = |day: Date, hour: i8| Some(day.at(hour, 0, 0, 0).to_zoned(calendar.time_zone.clone()).ok()?.timestamp());
    let before = business_day_before(promised.by, calendar);
    let warn_at = if before > said_on {
        at(before, MORNING)
    } else if promised.by > said_on {
        at(promised.by, MORNING)
    } else {
        at(promised.by, AFTERNOON)
    };
    let lapse_at = at(promised.by.tomorrow().ok()?, 0)?;
    Some(NewPromise { warn_at: warn_at?, lapse_at, promised })
}

impl Review {
    /// A promise is kept, says the reviewer.
    ///
    /// # Errors
    /// When there is no such promise, or it is settled already.
    pub async fn keep_promise(&self, case: &CaseId, n: u64, reviewer: &Reviewer) -> ReviewResult<()> {
        self.parts.store.keep_promise(case, n, &reviewer.name, self.now()).await?;
        Ok(())
    }

    /// A telephone call enters the case's record. Card numbers and IBANs in the note are masked, what is longer than
    /// 2,000 characters is cut; an empty note is allowed.
    ///
    /// # Errors
    /// When there is no such case.
    pub async fn log_call(
        &self,
        case: &CaseId,
        direction: CallDirection,
        note: &str,
        reviewer: &Reviewer,
    ) -> ReviewResult<()> {
        let note: String = note.trim().chars().filter(|c| *c == '\n' || !c.is_control()).take(LONGEST_NOTE).collect();
        let note = mask_secrets(&note);
        let logged = self.parts.store.log_call(case, direction, &note, &reviewer.name, self.now()).await;
        logged.map_err(ReviewError::from)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_person_is_reminded_on_the_business_day_before_and_it_lapses_with_its_day() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let calendar = Calendar::without_hours(paris.clone());
        let said = |text: &str, on: Date| {
            let at = on.at(15, 0, 0, 0).to_zoned(paris.clone()).unwrap().timestamp();
            let promise = of_reply(text, at, &calendar).remove(0);
            let local = |at: Timestamp| at.to_zoned(paris.clone()).datetime().to_string();
            (local(promise.warn_at), local(promise.lapse_at))
        };
        let wanted = |warn: &str, lapse: &str| (warn.to_owned(), lapse.to_owned());
        let tuesday = date(2026, 3, 3);
        assert_eq!(said("We will reply by Friday.", tuesday), wanted("2026-03-05T08:00:00", "2026-03-07T00:00:00"));
        assert_eq!(said("We will reply by tomorrow.", tuesday), wanted("2026-03-04T08:00:00", "2026-03-05T00:00:00"));
        assert_eq!(
            said("Nous répondons dans la journée.", tuesday),
            wanted("2026-03-03T16:00:00", "2026-03-04T00:00:00")
        );
        // Monday is warned of on Friday.
        assert_eq!(said("We will reply by Monday.", tuesday), wanted("2026-03-06T08:00:00", "2026-03-10T00:00:00"));
    }
}
