//! Work shared among the processors, with results that do not depend on how many those are.

use std::panic::resume_unwind;

/// The results of `work(0)`, `work(1)`, …, on as many threads as there are processors. Their order and values
/// do not depend on how many those are. A panic of one is a panic of all.
pub fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work = &work;
        let share =
            |thread: usize| (thread..count).step_by(threads).map(|number| (number, work(number))).collect::<Vec<_>>();
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        let joined = running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        assert_eq!(in_parallel(7, |number| number * number), [0, 1, 4, 9, 16, 25, 36]);
        assert!(in_parallel(0, |number| number).is_empty());
    }

    #[test]
    #[should_panic(expected = "number five")]
    fn a_panic_is_not_swallowed() {
        in_parallel(8, |number| assert!(number != 5, "number five"));
    }
}
