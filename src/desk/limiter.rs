//! How often a sign-in may fail: per name and per address, both as buckets that refill slowly, so
//! that guessing is hopeless and a reviewer who mistyped is not locked out for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures a name may have at once, and how long one takes to be forgotten.
const PER_NAME: (u32, SignedDuration) = (5, SignedDuration::from_mins(2));
/// The same for an address; behind one there may be a whole office.
const PER_ADDRESS: (u32, SignedDuration) = (20, SignedDuration::from_secs(30));
/// Beyond this many names or addresses, the oldest are forgotten.
const MOST: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Name(String),
    /// An IPv4 address, or the first half of an IPv6 one: the rest is the client's to choose.
    Address(IpAddr),
}

impl Who {
    fn allowance(&self) -> (u32, SignedDuration) {
        match self {
            Self::Name(_) => PER_NAME,
            Self::Address(_) => PER_ADDRESS,
        }
    }
}

/// Counts failed sign-ins in memory.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// When each bucket will be empty of failures.
    clear_at: Mutex<HashMap<Who, Timestamp>>,
}

impl Limits {
    /// Takes one try from both buckets; false when either has none left. A right password gives
    /// the tries back by [`Limits::succeeded`].
    pub fn try_once(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        let mut clear_at = self.clear_at.lock().unwrap_or_else(PoisonError::into_inner);
        if clear_at.len() > MOST {
            clear_at.retain(|_, at| *at > now);
            if clear_at.len() > MOST {
                clear_at.clear();
            }
        }
        let both = [Who::Name(name.chars().take(64).collect()), Who::Address(network(address))];
        let filled = both.map(|who| {
            let (tries, forget) = who.allowance();
            let from = clear_at.get(&who).copied().filter(|at| *at > now).unwrap_or(now);
            let next = from.saturating_add(forget).unwrap_or(Timestamp::MAX);
            let room = next.duration_since(now) <= forget * i32::try_from(tries).unwrap_or(i32::MAX);
            (who, next, room)
        });
        let allowed = filled.iter().all(|(_, _, room)| *room);
        if allowed {
            clear_at.extend(filled.into_iter().map(|(who, next, _)| (who, next)));
        }
        allowed
    }

    /// The password was right: the name starts afresh, the address gets this try back.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        let mut clear_at = self.clear_at.lock().unwrap_or_else(PoisonError::into_inner);
        clear_at.remove(&Who::Name(name.chars().take(64).collect()));
        if let Some(at) = clear_at.get_mut(&Who::Address(network(address))) {
            *at = at.saturating_sub(PER_ADDRESS.1).unwrap_or(Timestamp::MIN);
        }
    }
}

/// Who an address belongs to: itself, or the half of an IPv6 address that its client cannot choose.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_sixth_failure_of_a_name_is_refused_and_time_gives_tries_back() {
        let limits = Limits::default();
        for _ in 0..5 {
            assert!(limits.try_once("ana", HERE, NOW));
        }
        assert!(!limits.try_once("ana", HERE, NOW));
        assert!(limits.try_once("bob", HERE, NOW));
        let later = NOW + PER_NAME.1;
        assert!(limits.try_once("ana", HERE, later));
        assert!(!limits.try_once("ana", HERE, later));
    }

    #[test]
    fn an_address_that_tries_many_names_is_refused() {
        let limits = Limits::default();
        let tries = (0..40).filter(|n| limits.try_once(&format!("name{n}"), HERE, NOW)).count();
        assert_eq!(tries, 20);
        let near: IpAddr = "2001:db8::1".parse().unwrap();
        let far: IpAddr = "2001:db8::ffff".parse().unwrap();
        let tries =
            (0..40).filter(|n| limits.try_once(&format!("x{n}"), if n % 2 == 0 { near } else { far }, NOW)).count();
        assert_eq!(tries, 20);
    }

    #[test]
    fn success_starts_the_name_afresh() {
        let limits = Limits::default();
        for _ in 0..4 {
            assert!(limits.try_once("ana", HERE, NOW));
        }
        limits.succeeded("ana", HERE);
        for _ in 0..5 {
            assert!(limits.try_once("ana", HERE, NOW));
        }
    }
}
