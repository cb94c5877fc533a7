//! What one process measures of itself.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};

/// Times, memory and page faults of some calls.
pub(crate) struct Measured {
    seconds: Vec<f64>,
    /// How much the resident memory was above what it was before, at most, in bytes.
    peak: u64,
    /// The same without what is mapped from files, while the last result was alive.
    anonymous: u64,
    /// The page faults of the first call that needed no disk.
    faults: u64,
}

impl Measured {
    pub(crate) fn to_json(&self) -> Value {
        let Measured { seconds, peak, anonymous, faults } = self;
        json!({"seconds": seconds, "peak": peak, "anonymous": anonymous, "faults": faults})
    }
}

/// Measures calls of `work`; what comes `before` each, and the end of its result, do not count.
pub(crate) fn calls<T>(
    count: usize,
    mut before: impl FnMut(),
    mut work: impl FnMut() -> T,
) -> Measured {
    before();
    let (resident, anonymous_before) = (status("VmRSS:"), status("RssAnon:"));
    // From now on the peak is that of what is measured.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let mut measured = Measured { seconds: Vec::new(), peak: 0, anonymous: 0, faults: 0 };
    for call in 0..count {
        if call > 0 {
            before();
        }
        let faults = minor_faults();
        let begin = Instant::now();
        let result = black_box(work());
        measured.seconds.push(begin.elapsed().as_secs_f64());
        if call == 0 {
            measured.faults = minor_faults().saturating_sub(faults);
        }
        measured.anonymous = status("RssAnon:").saturating_sub(anonymous_before);
        drop(result);
    }
    measured.peak = status("VmHWM:").saturating_sub(resident);
    measured
}

/// A number of `/proc/self/status`, in bytes; 0 where there is no such file.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0) * 1024
}

fn minor_faults() -> u64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses, which may hold anything, comes the third field.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().nth(7).and_then(|count| count.parse().ok()).unwrap_or(0)
}
