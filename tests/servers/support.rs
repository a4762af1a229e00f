//! Private servers, each in a temporary folder on free ports of 127.0.0.1.

pub mod dovecot;
pub mod lmtp;
pub mod maildir_shop;
pub mod postfix;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below 32,768: from there on the kernel takes ports for connections, and one that is free now may be gone a moment later.
const FIRST: u16 = 15_000;
const COUNT: u16 = 16_000;
/// Each process of tests begins so many ports behind the one before.
const STEP: u32 = 16;

/// A port that nobody listens on, and that nobody else looking for one takes next.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_process = std::process::id().wrapping_mul(STEP);
    for _ in 0..COUNT {
        let offset = of_process.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).into()) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} to {} is free", FIRST + COUNT - 1);
}
