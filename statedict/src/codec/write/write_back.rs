//! A file that is on its way to the disk while it is still being written.

use std::fs::File;
use std::io::{self, Write};

/// How much is written before the system is told to begin with it.
const WINDOW: u64 = 32 << 20;

/// Writes to a file, and has the system write to the disk what it got so far.
///
/// Whoever flushes a file at the end waits for all of it, and until then the disk has had little to do.
/// This is for speed only: what is on the disk is known after [`File::sync_all`].
pub(super) struct WriteBack<'f> {
    file: &'f File,
    written: u64,
    /// How much of it the system has been told of.
    told: u64,
}

impl<'f> WriteBack<'f> {
    /// At the start of a file that is empty.
    pub(super) fn new(file: &'f File) -> Self {
        WriteBack { file, written: 0, told: 0 }
    }
}

impl Write for WriteBack<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written = self.written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let waiting = self.written.saturating_sub(self.told);
        if waiting >= WINDOW {
            begin(self.file, self.told, waiting);
            self.told = self.written;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Has the system begin to write a range to the disk; it need not, and does not wait.
#[cfg(target_os = "linux")]
fn begin(file: &File, start: u64, len: u64) {
    use std::os::fd::AsRawFd;
    let (Ok(start), Ok(len)) = (start.try_into(), len.try_into()) else { return };
    // SAFETY: the call takes no pointer, and the descriptor is that of a file that is open.
    let _ =
        unsafe { libc::sync_file_range(file.as_raw_fd(), start, len, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn begin(_: &File, _: u64, _: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_given() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let pieces: Vec<Vec<u8>> = (0..10u8).map(|nth| vec![nth; 8 << 20]).collect();
        let mut writer = WriteBack::new(path.as_file());
        for piece in &pieces {
            writer.write_all(piece).unwrap();
        }
        assert_eq!((writer.written, writer.told), (80 << 20, 64 << 20));
        assert!(std::fs::read(path.path()).unwrap() == pieces.concat());
    }
}
