//! An allocator that counts what is allocated, and the turn that a test takes to use it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

fn grow(by: usize) {
    let now = NOW.fetch_add(by, Ordering::Relaxed) + by;
    PEAK.fetch_max(now, Ordering::Relaxed);
    TOTAL.fetch_add(by, Ordering::Relaxed);
}

// SAFETY: everything is passed on to the system's allocator; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Where both are there for a moment, is the system's business: it moves the pages of what is large.
        match size.checked_sub(layout.size()) {
            Some(more) => grow(more),
            None => drop(NOW.fetch_sub(layout.size() - size, Ordering::Relaxed)),
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static TURN: Mutex<()> = Mutex::new(());

/// The right to measure: whoever has it is the only test that runs. Held for the whole test, since what
/// another one allocates meanwhile would be counted too.
pub(crate) struct Turn {
    _alone: MutexGuard<'static, ()>,
}

/// What some work allocated, in bytes.
pub(crate) struct Cost {
    /// The most at once.
    pub(crate) peak: usize,
    /// All of it, whether given back or not.
    pub(crate) total: usize,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at once, {} in all", self.peak, self.total)
    }
}

impl Turn {
    /// Waits until no other test runs.
    pub(crate) fn wait() -> Turn {
        // A test that failed has ended all the same.
        Turn { _alone: TURN.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Returns the result of `work`, and what it allocated.
    pub(crate) fn measure<T>(&self, work: impl FnOnce() -> T) -> (T, Cost) {
        let (now, total) = (NOW.load(Ordering::Relaxed), TOTAL.load(Ordering::Relaxed));
        PEAK.store(now, Ordering::Relaxed);
        let result = work();
        let peak = PEAK.load(Ordering::Relaxed).saturating_sub(now);
        (result, Cost { peak, total: TOTAL.load(Ordering::Relaxed) - total })
    }
}
