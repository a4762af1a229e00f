//! Durations counted in steps, so that a million of them take no more room than a few thousand.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Below ten minutes a second counts, below two days a minute, above an hour.
const MINUTES_FROM: u64 = 600;
const HOURS_FROM: u64 = 2 * 24 * 3600;
/// Ten years: longer ones count as this.
const LONGEST: u64 = 10 * 366 * 24 * 3600;

/// Durations under count.
#[derive(Debug, Clone, Default)]
pub struct Durations(BTreeMap<u64, u64>);

/// How durations are spread, in seconds rounded down to the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// How many there are.
    pub count: u64,
    /// Half of them are no longer than this; `None` when there are none.
    pub median: Option<u64>,
    /// Nine in ten are no longer than this.
    pub p90: Option<u64>,
}

impl Durations {
    /// Counts one; a negative one (clocks differ) counts as none at all.
    pub fn add(&mut self, duration: SignedDuration) {
        let seconds = u64::try_from(duration.as_secs()).unwrap_or(0).min(LONGEST);
        let step = match seconds {
            0..MINUTES_FROM => 1,
            MINUTES_FROM..HOURS_FROM => 60,
            _ => 3600,
        };
        *self.0.entry(seconds - seconds % step).or_default() += 1;
    }

    /// Median and ninth decile, by the nearest rank.
    pub fn spread(&self) -> Spread {
        let count = self.0.values().sum();
        Spread { count, median: self.rank(count, 50), p90: self.rank(count, 90) }
    }

    /// The smallest value that `percent` of all do not exceed.
    fn rank(&self, count: u64, percent: u64) -> Option<u64> {
        let wanted = (count * percent).div_ceil(100);
        let mut seen = 0;
        self.0
            .iter()
            .find(|(_, number)| {
                seen += **number;
                seen >= wanted.max(1)
            })
            .map(|(seconds, _)| *seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(seconds: &[i64]) -> Spread {
        let mut durations = Durations::default();
        seconds.iter().for_each(|seconds| durations.add(SignedDuration::from_secs(*seconds)));
        durations.spread()
    }

    #[test]
    fn ranks_are_the_nearest_ones() {
        assert_eq!(spread(&[]), Spread { count: 0, median: None, p90: None });
        assert_eq!(spread(&[7]), Spread { count: 1, median: Some(7), p90: Some(7) });
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!(spread(&ten), Spread { count: 10, median: Some(5), p90: Some(9) });
        assert_eq!(spread(&[-5, 3]), Spread { count: 2, median: Some(0), p90: Some(3) });
    }

    #[test]
    fn longer_durations_are_counted_in_longer_steps() {
        assert_eq!(spread(&[599]).median, Some(599));
        assert_eq!(spread(&[661]).median, Some(660));
        assert_eq!(spread(&[3 * 24 * 3600 + 3599]).median, Some(3 * 24 * 3600));
        let mut durations = Durations::default();
        (0..1_000_000).for_each(|n| durations.add(SignedDuration::from_secs(n * 997)));
        assert!(durations.0.len() < 100_000, "{} steps", durations.0.len());
    }
}
