//! A bar where someone watches and the work takes long.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter work is done before anyone could read a bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar on standard error: on a terminal only, and only for what takes long.
pub(crate) struct Progress {
    bar: ProgressBar,
    shown: Mutex<Shown>,
}

enum Shown {
    Never,
    Not(Instant),
    Yes,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let shown = match std::io::stderr().is_terminal() {
            true => Shown::Not(Instant::now()),
            false => Shown::Never,
        };
        Progress { bar: ProgressBar::hidden(), shown: Mutex::new(shown) }
    }

    /// Tells that `done` of `total` bytes are done.
    pub(crate) fn tell(&self, done: u64, total: u64) {
        let Ok(mut shown) = self.shown.lock() else { return };
        if let Shown::Not(start) = *shown
            && start.elapsed() >= PATIENCE
        {
            let style = "{wide_bar} {bytes}/{total_bytes} {eta}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style);
            }
            self.bar.set_length(total);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            *shown = Shown::Yes;
        }
        if let Shown::Yes = *shown {
            self.bar.set_length(total);
            self.bar.set_position(done);
        }
    }
}

/// Whatever comes next is printed where the bar was.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
