//! Running the parser on what strangers sent: how much of it, on which stack, and what to do when it panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::guard::{self, Way};

/// Stack for mail that nests deeply: the parser and its `Drop` need up to a few hundred bytes a level.
const DEEP_STACK: usize = 64 * 1024 * 1024;

/// Why a message that made the parser fail is unreadable.
const PARSER_FAILED: &str = "the mail parser failed on it";

/// How much of a message was worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Its beginning.
    Beginning,
    /// Its headers; the text says why.
    HeadersOnly(&'static str),
    /// Nothing; the text says why.
    Nothing(&'static str),
}

/// Does `work` on as much of a message as may be given to the parser. Where it panics, it is tried on the headers
/// alone; `None` when even that fails, or when there is nothing.
pub(super) fn over<T: Send>(bytes: &[u8], work: impl Fn(&[u8]) -> T + Sync) -> (Option<T>, Extent) {
    let bytes = guard::trimmed(bytes);
    let (done, extent) = match guard::inspect(bytes) {
        Way::Plain => (shielded(|| work(bytes)), Extent::Whole),
        Way::DeepStack => (on_deep_stack(|| work(bytes)), Extent::Whole),
        Way::Beginning => (shielded(|| work(guard::beginning(bytes))), Extent::Beginning),
        Way::HeadersOnly(why) => (shielded(|| work(guard::header_block(bytes))), Extent::HeadersOnly(why)),
        Way::Not(why) => return (None, Extent::Nothing(why)),
    };
    match done {
        Some(done) => (Some(done), extent),
        None => (shielded(|| work(guard::header_block(bytes))), Extent::HeadersOnly(PARSER_FAILED)),
    }
}

/// A thread of its own costs as much as reading an ordinary mail does (some 0.2 ms), so only mail
/// whose nesting could overflow an ordinary stack gets one.
fn on_deep_stack<T: Send>(work: impl Fn() -> T + Sync) -> Option<T> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("reading".into())
            .stack_size(DEEP_STACK)
            .spawn_scoped(scope, || shielded(&work))
            .ok()?
            .join()
            .ok()?
    })
}

/// The parser is other people's code fed by strangers: a panic in it is a property of that one
/// message, not of the daemon.
fn shielded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_on_the_whole_is_tried_on_the_headers() {
        let mail = b"Subject: a\r\n\r\nbody";
        let (done, extent) = over(mail, |bytes| {
            assert!(!bytes.ends_with(b"body"), "the parser fell over");
            bytes.len()
        });
        assert_eq!((done, extent), (Some(12), Extent::HeadersOnly(PARSER_FAILED)));
        assert_eq!(over(b"", <[u8]>::len), (None, Extent::Nothing("it is empty")));
    }
}
