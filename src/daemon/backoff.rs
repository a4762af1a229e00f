//! How long to wait after a failure: doubling, capped, jittered so that many clients do not return
//! at the same instant.

use jiff::SignedDuration;

/// Waits between attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: SignedDuration,
    longest: SignedDuration,
    failures: u32,
}

impl Backoff {
    /// Starts at `first` and never exceeds `longest`.
    pub fn new(first: SignedDuration, longest: SignedDuration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The wait after one more failure: between half and all of the doubled step; `bits` is random.
    pub fn next(&mut self, bits: u64) -> SignedDuration {
        let doubled = self.first * 2_i32.saturating_pow(self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let step = doubled.min(self.longest);
        let millis = u64::try_from(step.as_millis()).unwrap_or(0);
        let jittered = millis / 2 + bits % (millis / 2 + 1);
        SignedDuration::from_millis(i64::try_from(jittered).unwrap_or(i64::MAX))
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_within_their_step() {
        let mut backoff = Backoff::new(SignedDuration::from_secs(1), SignedDuration::from_secs(60));
        for step in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            let before = backoff.clone().next(0).as_millis();
            let after = backoff.next(u64::MAX).as_millis();
            assert_eq!(before, step / 2);
            assert!(after <= step && after >= step / 2, "{after} of {step}");
        }
        backoff.reset();
        assert_eq!(backoff.failures(), 0);
    }
}
