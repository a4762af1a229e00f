//! How long to wait before the next try.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::SignedDuration;

const SECONDS: &[i64] = &[30, 60, 120, 300, 900, 1800, 3600];

/// Longest wait between two connections that fail: a server that comes back is noticed soon.
const CONNECT_LIMIT: SignedDuration = SignedDuration::from_mins(5);

/// The wait after the `n`-th failure (from 1): 30 s, 1, 2, 5, 15, 30 min, then 1 h, each up to a fifth
/// longer, by a share that depends on `what`, so that mails that failed together do not come back together.
pub(super) fn retry_after(what: impl Hash, n: u32) -> SignedDuration {
    let step = usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = SECONDS.get(step).or(SECONDS.last()).copied().unwrap_or(3600);
    let mut hasher = DefaultHasher::new();
    (what, n).hash(&mut hasher);
    let share = i64::try_from(hasher.finish() % 1000).unwrap_or(0);
    SignedDuration::from_millis(seconds * 1000 + seconds * share / 5)
}

/// The wait after the `n`-th connection in a row that failed.
pub(super) fn reconnect_after(mailbox: &str, n: u32) -> SignedDuration {
    retry_after(mailbox, n).min(CONNECT_LIMIT)
}

/// The wait after the `n`-th failure of the store in a row: 1 s, doubled up to 32 s.
pub(super) fn store_after(n: u32) -> SignedDuration {
    SignedDuration::from_secs(1 << n.saturating_sub(1).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_differ_between_mails() {
        let waits: Vec<_> = (1..=9).map(|n| retry_after("a-1", n)).collect();
        assert!(waits.windows(2).take(6).all(|pair| pair[0] < pair[1]));
        assert!((30..37).contains(&waits[0].as_secs()) && (3600..4321).contains(&waits[8].as_secs()));
        assert_ne!(retry_after("a-1", 3), retry_after("a-2", 3));
        assert_eq!(reconnect_after("support", 9), CONNECT_LIMIT);
        assert_eq!(store_after(40), SignedDuration::from_secs(32));
    }
}
