//! Who may hold a connection: so many in all, so many a client, and some kept for this machine.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::limiter::network;

/// Open connections at once.
const MOST: usize = 256;
/// Of them kept for this machine: a monitor asks how we are while strangers hold the others.
const FOR_LOOPBACK: usize = 16;
/// Of one client, behind which may be an office. A proxy speaks for everybody and has no limit of its own.
const PER_CLIENT: usize = 32;

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// The connections that are open.
#[derive(Debug, Clone)]
pub(super) struct Room {
    behind_proxy: bool,
    inside: Arc<Mutex<Inside>>,
}

/// An open connection; dropped when it ends.
#[derive(Debug)]
pub(super) struct Guest {
    room: Room,
    client: IpAddr,
}

impl Room {
    pub fn new(behind_proxy: bool) -> Self {
        Self { behind_proxy, inside: Arc::default() }
    }

    /// Lets a client in; `None` when there is no room for it.
    pub fn enter(&self, peer: IpAddr) -> Option<Guest> {
        let (client, loopback) = (network(peer), peer.to_canonical().is_loopback());
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if loopback { MOST } else { MOST - FOR_LOOPBACK };
        let theirs = inside.by_client.get(&client).copied().unwrap_or(0);
        let limited = !loopback && !self.behind_proxy;
        if inside.all >= most || (limited && theirs >= PER_CLIENT) {
            return None;
        }
        inside.all += 1;
        *inside.by_client.entry(client).or_default() += 1;
        Some(Guest { room: self.clone(), client })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.room.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        if let Some(theirs) = inside.by_client.get_mut(&self.client) {
            *theirs = theirs.saturating_sub(1);
            if *theirs == 0 {
                inside.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn stranger(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    #[test]
    fn one_client_does_not_take_all_and_this_machine_finds_room() {
        let room = Room::new(false);
        let mut guests: Vec<Guest> = (0..100).filter_map(|_| room.enter(stranger(1))).collect();
        assert_eq!(guests.len(), PER_CLIENT);
        guests.extend((0..100).flat_map(|n| (0..9).filter_map(|_| room.enter(stranger(n + 2))).collect::<Vec<_>>()));
        assert_eq!(guests.len(), MOST - FOR_LOOPBACK, "strangers");
        for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            assert!(room.enter(loopback).is_some(), "{loopback}");
        }
        drop(guests);
        assert!(room.enter(stranger(1)).is_some());
        assert!(room.inside.lock().unwrap().by_client.is_empty(), "nothing is remembered of who left");
    }

    #[test]
    fn a_proxy_speaks_for_everybody() {
        let room = Room::new(true);
        let guests: Vec<Guest> = (0..300).filter_map(|_| room.enter(stranger(1))).collect();
        assert_eq!(guests.len(), MOST - FOR_LOOPBACK);
    }
}
