//! Threads for work on bytes.

use std::num::NonZero;
use std::thread;

/// Below this many bytes a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 4 << 20;

/// How many threads work on `nbytes` deserves on this machine.
pub(crate) fn threads_for(nbytes: usize) -> usize {
    let most = thread::available_parallelism().map_or(1, NonZero::get);
    (nbytes / WORTH_A_THREAD).clamp(1, most)
}

/// Runs `work` on `threads` threads at once, this one included, and waits for all.
/// The closure takes its share from something shared, such as a counter.
pub(crate) fn run(threads: usize, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(&work);
        }
        work();
    });
}
