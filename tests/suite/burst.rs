//! A burst: ten thousand mails at once in the long run (`GUICHET_LONG=1`), a thousand in the short one. The
//! breaker stops acknowledgements at its limit, everything has a case, and what leaves, leaves in order.

use jiff::SignedDuration;

use crate::loops::counter::{Counter, PER_MAILBOX};

fn letter(n: usize) -> String {
    format!(
        "Return-Path: <kim@home{n}.example>\r\nMessage-ID: <burst.{n}@home{n}.example>\r\nFrom: Kim <kim@home{n}.example>\r\n\
         To: support@shop.example\r\nSubject: Order {n}\r\nContent-Type: text/plain\r\n\r\nThe kettle of order {n} broke.\r\n"
    )
}

/// The most that a burst may add to what the process ever held, in MB: rules, models and the database's cache, in a debug build. Ten thousand
/// mails took 354.
const BOUND_MB: u64 = 640;

/// The most memory this process ever held, in MB (Linux).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) / 1024
}

#[tokio::test]
async fn the_breaker_holds_in_a_burst_and_nothing_is_lost() {
    let mails = if std::env::var_os("GUICHET_LONG").is_some() { 10_000 } else { 1_000 };
    let before = peak_memory();
    let counter = Counter::open("support@shop.example").await;
    for n in 0..mails {
        counter.receives(&letter(n)).await;
        counter.passes(SignedDuration::from_millis(1));
    }
    let mut left = Vec::new();
    loop {
        let some = counter.sends().await;
        if some.is_empty() {
            break;
        }
        left.extend(some.into_iter().map(|mail| mail.to));
    }
    let expected: Vec<String> = (0..PER_MAILBOX).map(|n| format!("kim@home{n}.example")).collect();
    assert_eq!(left, expected, "the first ones, in order, up to the limit");
    assert!(counter.breaker().await, "a person has to release it");
    assert_eq!(counter.all_cases().await, mails, "all of them wait for a person");
    // An hour later nothing leaves by itself: what was capped is never acknowledged later.
    counter.passes(SignedDuration::from_hours(2));
    assert!(counter.sends().await.is_empty());
    counter.receives(&letter(mails)).await;
    assert!(counter.sends().await.is_empty(), "the breaker holds until it is released");
    assert!(peak_memory() - before < BOUND_MB, "{} MB, {before} before", peak_memory());
    println!(
        "{mails} mails in a burst: {} acknowledged in order, then the breaker; peak memory {} MB ({before} MB before)",
        left.len(),
        peak_memory()
    );
}
