//! What links and servers do when they fail, from end to end: the real watcher, reader, store and delivery
//! between an IMAP server that can lie, an SMTP server that does as it is told, and links that fail at any
//! byte. Time is held by hand, so that every stated limit is tried and none is waited for.
//!
//! `GUICHET_LONG=1` tries every byte; otherwise some are left out, the same in every run.

pub mod house;
mod imap_bytes;
mod imap_lies;
mod smtp_bytes;
mod smtp_replies;

use std::time::Duration;

use crate::support::cutting::{FAILURES, Failure, Fault, Towards};

/// After one failure of a link everything is as if nothing had happened within this time: the longest
/// stated limit of a silent IMAP connection (four minutes of IDLE and its end), and the wait for a new one.
const IMAP_LIMIT: Duration = Duration::from_secs(6 * 60);

/// One failure after each of so many bytes, or after each `stride`-th in the short run.
fn faults(bytes: [(Towards, usize); 2], stride: usize) -> impl Iterator<Item = Fault> {
    let stride = if std::env::var_os("GUICHET_LONG").is_some() { 1 } else { stride };
    bytes.into_iter().flat_map(move |(towards, count)| {
        // Another way to fail at each place when places are left out.
        let ways = move |place: usize| match stride {
            1 => FAILURES.to_vec(),
            _ => vec![FAILURES[(place / stride) % FAILURES.len()]],
        };
        (0..count)
            .step_by(stride)
            .flat_map(move |after| ways(after).into_iter().map(move |how: Failure| Fault { how, towards, after }))
    })
}

/// Plays one story to its end, with all its servers gone afterwards; time stands still at its beginning.
fn played<T>(story: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(story)
}
