//! Floor 0: places where a crash can be provoked by a test.
//!
//! `GUICHET_FAILPOINT=name` (or `name:n` for the n-th passage) aborts the process there, as `kill -9`
//! would; `name@what` does at each passage with that `what`. Only builds with debug assertions (debug
//! and the profile `soak`) look at the variable.

/// Aborts the process when this point is armed.
#[cfg(debug_assertions)]
pub fn pass(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let armed = ARMED.get_or_init(|| {
        let value = std::env::var("GUICHET_FAILPOINT").ok()?;
        match value.split_once(':') {
            Some((name, n)) => Some((name.to_owned(), n.parse().ok()?)),
            None => Some((value, 1)),
        }
    });
    if let Some((wanted, n)) = armed
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *n
    {
        std::process::abort();
    }
}

/// Aborts the process here each time it comes by with `what`, when `name@what` is armed.
#[cfg(debug_assertions)]
pub fn pass_with(name: &str, what: &str) {
    use std::sync::OnceLock;
    static ARMED: OnceLock<Option<String>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| std::env::var("GUICHET_FAILPOINT").ok());
    if armed.as_deref().and_then(|armed| armed.split_once('@')) == Some((name, what)) {
        std::process::abort();
    }
}

/// Does nothing: release builds have no failpoints.
#[cfg(not(debug_assertions))]
pub fn pass(_name: &str) {}

/// Does nothing either.
#[cfg(not(debug_assertions))]
pub fn pass_with(_name: &str, _what: &str) {}
