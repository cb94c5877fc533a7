//! Threads for work on bytes.

use std::num::NonZero;
use std::sync::OnceLock;
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
