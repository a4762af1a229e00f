//! Work shared among the processors, with results that do not depend on how many those are.

/// The results of `work(0)`, `work(1)`, …, on as many threads as there are processors. Their order and values
/// do not depend on how many those are.
pub fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work = &work;
        let share =
            |thread: usize| (thread..count).step_by(threads).map(|number| (number, work(number))).collect::<Vec<_>>();
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
