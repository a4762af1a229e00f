//! `Position::mark` of an IMAP folder.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Position;

/// After so many failures a message is given up.
pub(super) const FAILURES: u32 = 3;
/// So many missing messages are looked for: those with the highest UIDs. A folder from which rules move mail away before it is
/// read has gaps without end.
const MOST_MISSING: usize = 64;

/// How far a folder has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The generation of UIDs this is about (RFC 3501 §2.3.1.1).
    pub(super) uid_validity: u32,
    /// All UIDs below are dealt with, but for `retry`, `missing` and `history`.
    pub(super) next_uid: u32,
    /// UIDs that could not be fetched so far, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) retry: BTreeMap<u32, u32>,
    /// UIDs below `next_uid` that a server may have hidden for a moment: no search named them, or they were gone when they
    /// were asked for. Each search for new mail looks for them too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) missing: BTreeSet<u32>,
    /// What lay there when this generation of UIDs was first met.
    pub(super) history: History,
    /// INTERNALDATE of the youngest message met: after a renumbering, reading begins the day before at the latest.
    pub(super) newest: Timestamp,
    /// The second in which the folder was met for the first time, whatever it was numbered like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first_met: Option<Timestamp>,
}

/// See [`Mark::history`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// UIDs below are imported.
    pub(super) next: u32,
    /// UIDs from here on are no history.
    pub(super) end: u32,
    /// Messages that arrived before this day are left out.
    pub(super) since: Date,
    /// After a renumbering: messages from this second on came after the first meeting, although they lie below `end`. Stored
    /// for as long as the numbers hold: what was not read yet when a session ends is as new in the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) new_after: Option<Timestamp>,
}

impl Mark {
    /// A folder met for the first time: all below `uid_next` is history.
    pub(super) fn first(uid_validity: u32, uid_next: u32, now: Timestamp, history_days: u32) -> Self {
        // Nothing of no days is imported: the import is over before it begins.
        let next = if history_days == 0 { uid_next } else { 1 };
        let history = History { next, end: uid_next, since: days_before(now, history_days), new_after: None };
        // INTERNALDATE knows no parts of a second.
        let first_met = Timestamp::from_second(now.as_second()).ok();
        let (retry, missing) = (BTreeMap::new(), BTreeSet::new());
        Self { uid_validity, next_uid: uid_next, retry, missing, history, newest: now, first_met }
    }

    /// History is imported from `to` on at least.
    pub(super) fn reaching_back(mut self, to: Timestamp) -> Self {
        self.history.next = 1;
        self.history.since = self.history.since.min(days_before(to, 0));
        self
    }

    /// The same folder with other UIDs: all comes again from UID 1 as history, back to where the
    /// history of a first start would go or reading had stopped, whichever is earlier. What is known is recognised by its
    /// identity. What is not is new whenever it arrived since the first meeting: the numbers under which messages were
    /// still to be tried again are gone.
    pub(super) fn renumbered(&self, uid_validity: u32, uid_next: u32, now: Timestamp, history_days: u32) -> Self {
        let since = days_before(now, history_days).min(days_before(self.newest, 1));
        let new_after = Some(self.first_met.unwrap_or(Timestamp::UNIX_EPOCH));
        let history = History { next: 1, end: uid_next, since, new_after };
        let (retry, missing) = (BTreeMap::new(), BTreeSet::new());
        Self { uid_validity, next_uid: uid_next, retry, missing, history, ..self.clone() }
    }

    /// Whether a message lay there when the folder was met for the first time.
    pub(super) fn is_history(&self, uid: u32, arrived_at: Timestamp) -> bool {
        uid < self.history.end && self.history.new_after.is_none_or(|met| arrived_at < met)
    }

    /// The message with this UID is dealt with, and with it all before it in its queue.
    pub(super) fn pass(&mut self, uid: u32) {
        self.retry.remove(&uid);
        self.missing.remove(&uid);
        let after = uid.saturating_add(1);
        if uid >= self.next_uid {
            self.miss(self.next_uid, uid);
            self.next_uid = after;
        } else if uid < self.history.end {
            self.history.next = self.history.next.max(after);
        }
    }

    /// The message is not there any more, never was, or is only hidden: a server's word for a UID that it does not hold
    /// must not hide the mail that will have the UIDs below.
    pub(super) fn gone(&mut self, uid: u32) {
        if uid < self.next_uid {
            self.pass(uid);
            self.miss(uid, uid.saturating_add(1));
        }
    }

    /// Nobody accounts for the UIDs from `from` to before `to`.
    fn miss(&mut self, from: u32, to: u32) {
        let most = u32::try_from(MOST_MISSING).unwrap_or(u32::MAX);
        self.missing.extend(from.max(to.saturating_sub(most))..to);
        while self.missing.len() > MOST_MISSING {
            self.missing.pop_first();
        }
    }

    /// Whether a search for [`Self::unread`] may name this UID.
    pub(super) fn is_unread(&self, uid: u32) -> bool {
        uid >= self.next_uid || self.missing.contains(&uid)
    }

    /// The UIDs of new mail and of what is missing, as a search names them.
    pub(super) fn unread(&self) -> String {
        let missing: String = self.missing.iter().map(|uid| format!("{uid},")).collect();
        format!("{missing}{}:*", self.next_uid)
    }

    /// The message could not be fetched. True when that was the last attempt.
    pub(super) fn fail(&mut self, uid: u32) -> bool {
        let failures = self.retry.get(&uid).copied().unwrap_or_default().saturating_add(1);
        self.pass(uid);
        if failures < FAILURES {
            self.retry.insert(uid, failures);
        }
        failures >= FAILURES
    }

    /// As stored.
    pub(super) fn position(&self) -> Position {
        #[allow(clippy::expect_used, reason = "numbers, dates and a map with number keys always serialize")]
        let mark = serde_json::to_string(self).expect("a mark serializes");
        Position { mark, ..Position::default() }
    }

    /// As loaded.
    pub(super) fn parse(position: &Position) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&position.mark)
    }
}

/// The day `days` before `at`, one more for servers whose day is not ours.
fn days_before(at: Timestamp, days: u32) -> Date {
    let today = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_sub(jiff::Span::new().days(i64::from(days.min(100_000)) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn first() -> Mark {
        Mark::first(7, 10, at("2026-05-10T12:00:00Z"), 30)
    }

    #[test]
    fn a_mark_survives_being_stored() {
        let mut mark = first();
        mark.fail(10);
        assert_eq!(Mark::parse(&mark.position()).unwrap(), mark);
        assert!(mark.position().mark.contains(r#""retry":{"10":1}"#), "{}", mark.position().mark);
    }

    #[test]
    fn all_before_the_first_start_is_history_and_nothing_after() {
        let mark = first();
        assert!(mark.is_history(9, at("2026-05-10T11:00:00Z")));
        assert!(!mark.is_history(10, at("2026-05-10T11:00:00Z")));
        assert_eq!(mark.history.since, jiff::civil::date(2026, 4, 9));
    }

    #[test]
    fn a_loss_reaches_back_even_where_no_history_is_wanted() {
        let mark = Mark::first(7, 10, at("2026-05-10T12:00:00Z"), 0).reaching_back(at("2026-05-02T23:00:00Z"));
        assert_eq!((mark.history.next, mark.history.end), (1, 10));
        assert_eq!(mark.history.since, jiff::civil::date(2026, 5, 1), "a day more, for servers whose day is not ours");
        assert_eq!(first().reaching_back(at("2026-05-09T00:00:00Z")), first());
    }

    #[test]
    fn a_message_fails_three_times_and_is_then_given_up() {
        let mut mark = first();
        assert!(!mark.fail(10));
        assert_eq!(mark.next_uid, 11, "one bad message does not stop the next");
        assert!(!mark.fail(10));
        assert_eq!(mark.retry.get(&10), Some(&2));
        assert!(mark.fail(10));
        assert!(mark.retry.is_empty());
        assert_eq!(mark.next_uid, 11);
    }

    #[test]
    fn what_is_gone_moves_nothing_past_mail_to_come() {
        let mut mark = first();
        mark.gone(77);
        assert_eq!(mark.next_uid, 10);
        mark.fail(10);
        mark.gone(10);
        assert_eq!((mark.next_uid, mark.retry.len()), (11, 0));
        mark.gone(4);
        assert_eq!(mark.history.next, 5);
        assert_eq!(mark.unread(), "4,10,11:*", "both may only be hidden");
    }

    #[test]
    fn what_no_search_names_is_looked_for_until_it_shows() {
        let mut mark = first();
        mark.pass(13);
        mark.pass(15);
        let mut mark = Mark::parse(&mark.position()).unwrap();
        assert_eq!(mark.unread(), "10,11,12,14,16:*");
        assert!(mark.is_unread(12) && mark.is_unread(16) && !mark.is_unread(13) && !mark.is_unread(9));
        mark.pass(12);
        mark.fail(14);
        assert_eq!((mark.unread().as_str(), mark.retry.get(&14)), ("10,11,16:*", Some(&1)));
        assert!(!mark.is_history(10, at("2026-05-10T11:00:00Z")), "it came after the first start");
    }

    #[test]
    fn no_more_is_looked_for_than_the_highest_that_are_missing() {
        let mut mark = first();
        mark.pass(12);
        mark.pass(4_000_000_000);
        assert_eq!(mark.missing.len(), MOST_MISSING);
        assert_eq!(mark.missing.first(), Some(&(4_000_000_000 - 64)));
        mark.pass(4_000_000_002);
        assert_eq!((mark.missing.len(), mark.missing.last()), (MOST_MISSING, Some(&4_000_000_001)));
        assert_eq!(mark.renumbered(8, 20, at("2026-05-12T12:00:00Z"), 0).unread(), "20:*");
    }

    #[test]
    fn history_and_new_mail_advance_apart() {
        let mut mark = first();
        mark.pass(12);
        mark.pass(4);
        assert_eq!((mark.next_uid, mark.history.next), (13, 5));
    }

    #[test]
    fn after_a_renumbering_only_what_lay_there_at_the_first_meeting_is_history() {
        let read = Mark { newest: at("2026-05-12T11:00:00Z"), ..first() };
        let mark = read.renumbered(8, 20, at("2026-05-12T12:00:00Z"), 0);
        assert_eq!((mark.next_uid, mark.history.next, mark.history.end), (20, 1, 20));
        assert!(mark.is_history(3, at("2026-05-10T11:59:59Z")));
        assert!(!mark.is_history(4, at("2026-05-10T12:00:00Z")), "older than the newest, and perhaps never read");
        assert!(mark.history.since <= jiff::civil::date(2026, 5, 11));
        let again = Mark::parse(&mark.position()).unwrap().renumbered(9, 20, at("2026-05-13T12:00:00Z"), 0);
        assert!(again.is_history(3, at("2026-05-10T11:59:59Z")) && !again.is_history(4, at("2026-05-10T12:00:00Z")));
    }

    #[test]
    fn a_mark_that_does_not_say_when_the_folder_was_met_takes_nothing_for_history_after_a_renumbering() {
        let mark = Mark { first_met: None, ..first() }.renumbered(8, 20, at("2026-05-12T12:00:00Z"), 30);
        assert!(!mark.is_history(3, at("2026-05-01T12:00:00Z")));
    }

    #[test]
    fn the_largest_uid_does_not_overflow() {
        let mut mark = first();
        mark.pass(u32::MAX);
        assert_eq!(mark.next_uid, u32::MAX);
    }
}
