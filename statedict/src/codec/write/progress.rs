//! Telling how far the writing has come.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// The function that is told, after each piece, how many bytes of how many are written.
#[derive(Clone)]
pub(super) struct Progress(pub(super) Arc<dyn Fn(u64, u64) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

impl PartialEq for Progress {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Progress {}

/// A writer that tells what is written through it.
pub(super) struct Told<'w> {
    out: &'w mut dyn Write,
    progress: Option<&'w Progress>,
    written: u64,
    total: u64,
}

impl<'w> Told<'w> {
    pub(super) fn new(
        out: &'w mut dyn Write,
        progress: Option<&'w Progress>,
        total: u64,
    ) -> Told<'w> {
        Told { out, progress, written: 0, total }
    }
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written += count as u64;
        if let Some(Progress(tell)) = self.progress {
            tell(self.written, self.total);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
