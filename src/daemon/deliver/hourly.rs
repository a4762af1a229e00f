//! `max_per_hour`: a sliding window over what left, or may have left.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::after;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The mails of the last hour.
#[derive(Debug)]
pub(super) struct Hourly {
    limit: Option<usize>,
    sent: VecDeque<Timestamp>,
}

impl Hourly {
    /// Starts with what the store knows to have left before the restart.
    pub(super) fn new(limit: Option<u32>, mut sent: Vec<Timestamp>) -> Self {
        sent.sort();
        Self { limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)), sent: sent.into() }
    }

    /// When the next mail may leave; `None` when it may now.
    pub(super) fn full_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        let limit = self.limit?;
        while self.sent.front().is_some_and(|first| after(*first, HOUR) <= now) {
            self.sent.pop_front();
        }
        // A limit of 0 means: nothing leaves, look again in an hour.
        let freed = self.sent.len().checked_sub(limit)?;
        Some(self.sent.get(freed).map_or(after(now, HOUR), |first| after(*first, HOUR)))
    }

    /// A body is being sent.
    pub(super) fn count(&mut self, now: Timestamp) {
        if self.limit.is_some() {
            self.sent.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_window_slides() {
        let mut hourly = Hourly::new(Some(2), vec![at(100)]);
        assert_eq!(hourly.full_until(at(200)), None);
        hourly.count(at(200));
        assert_eq!(hourly.full_until(at(300)), Some(at(3700)));
        assert_eq!(hourly.full_until(at(3700)), None);
        hourly.count(at(3700));
        assert_eq!(hourly.full_until(at(3700)), Some(at(3800)));
    }

    #[test]
    fn no_limit_and_a_limit_of_nothing() {
        let mut free = Hourly::new(None, vec![at(1); 9]);
        assert_eq!(free.full_until(at(2)), None);
        assert_eq!(Hourly::new(Some(0), Vec::new()).full_until(at(0)), Some(at(3600)));
    }
}
