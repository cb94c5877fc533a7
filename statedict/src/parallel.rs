//! Threads for work on bytes.

use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// Below this many bytes a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 4 << 20;

/// How many threads work on `nbytes` deserves on this machine.
pub(crate) fn threads_for(nbytes: usize) -> usize {
    /// Asked for once: to answer, Linux reads a dozen files of control groups.
    static MOST: OnceLock<usize> = OnceLock::new();
    match nbytes / WORTH_A_THREAD {
        0 | 1 => 1,
        wanted => {
            let most = || thread::available_parallelism().map_or(1, NonZero::get);
            wanted.min(*MOST.get_or_init(most))
        }
    }
}

/// Runs `work` on `threads` threads at once, this one included, and waits for all.
/// The closure takes its share from something shared, such as a counter.
pub(crate) fn run(threads: usize, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where a limit allows no more threads, those that there are do all of it.
            if thread::Builder::new().spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Does `work` with each item, on `threads` threads at once, each with a state of its own; returns what failed,
/// in no order.
pub(crate) fn each<T: Send, S: Default, F: Send>(
    threads: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut S, T) -> Result<(), F> + Sync,
) -> Vec<F> {
    let (queue, failed) = (Mutex::new(items), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    run(threads, || {
        let mut state = S::default();
        while let Some(item) = next() {
            if let Err(failure) = work(&mut state, item) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            }
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}
