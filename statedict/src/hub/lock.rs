//! One process downloads a file, the others wait for it.
//!
//! The lock is the operating system's advisory lock on `<file>.lock`: it ends with the process that holds it,
//! however that ends. Nobody waits for a rank, and nobody waits in a barrier.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::codec::write::temporary;
use crate::hub::cache::{LOCK, PARTIAL, beside};
use crate::hub::companion;
use crate::hub::deadline::Deadline;
use crate::hub::error::HubError;

/// The pauses between two looks at the lock.
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) enum Lock {
    /// Ours until it is dropped.
    Held(Held),
    /// The file system has no locks, and says so in these words.
    Unsupported(io::Error),
}

/// A lock that is held.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    /// Unlocked when it is closed.
    _file: File,
}

/// The download whose lock is wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) target: &'a Path,
    pub(super) address: &'a str,
    pub(super) stalled: Duration,
    pub(super) deadline: &'a Deadline,
}

impl Wanted<'_> {
    /// Waits for the lock; `waiting` is called once if it is another's.
    pub(super) fn acquire(&self, waiting: impl FnOnce()) -> Result<Lock, HubError> {
        let path = beside(self.target, LOCK);
        let mut waiting = Some(waiting);
        let mut holder = Holder::new(self.target);
        let mut pause = SHORTEST;
        loop {
            let file = companion::open_shared(&path).map_err(HubError::io_at("create", &path))?;
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error))
                        if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(TryLockError::Error(error)) => return Ok(Lock::Unsupported(error)),
                }
                if let Some(waiting) = waiting.take() {
                    waiting();
                }
                self.deadline.check(Duration::ZERO, self.address)?;
                if holder.idle() >= self.stalled {
                    let path = self.target.to_owned();
                    return Err(HubError::LockTimeout { path, waited: self.stalled });
                }
                std::thread::sleep(pause);
                pause = LONGEST.min(pause * 2);
            }
            // Who held it before has removed it: others may already wait for a new one.
            if temporary::is_at(&file, &path) {
                return Ok(Lock::Held(Held { path, _file: file }));
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // While it is still locked: whoever waits for it then finds that it is gone. Where that
        // cannot be told, it stays.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The visible progress of the process that holds the lock: its partial file grows.
struct Holder {
    partial: PathBuf,
    seen: Option<(u64, Option<SystemTime>)>,
    since: Instant,
}

impl Holder {
    fn new(target: &Path) -> Holder {
        Holder { partial: beside(target, PARTIAL), seen: None, since: Instant::now() }
    }

    /// For how long nothing has happened.
    fn idle(&mut self) -> Duration {
        let metadata = fs::metadata(&self.partial).ok();
        let now = metadata.map(|metadata| (metadata.len(), metadata.modified().ok()));
        if now != self.seen {
            self.seen = now;
            self.since = Instant::now();
        }
        self.since.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(target: &Path, stalled: Duration) -> Result<Lock, HubError> {
        let deadline = Deadline::new(None);
        Wanted { target, address: "http://h/x", stalled, deadline: &deadline }.acquire(|| {})
    }

    #[test]
    fn one_holds_it_and_the_rest_wait_their_turn() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let lock = acquire(&target, Duration::from_secs(60)).unwrap();
                        assert!(matches!(lock, Lock::Held(_)));
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, if cfg!(unix) { 0 } else { 1 });
    }

    #[test]
    fn a_holder_that_does_nothing_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let _held = acquire(&target, Duration::ZERO).unwrap();
        let error = acquire(&target, Duration::from_millis(30)).unwrap_err();
        assert!(matches!(error, HubError::LockTimeout { .. }), "{error}");

        let deadline = Deadline::new(Some(Duration::from_millis(30)));
        let stalled = Duration::from_secs(60);
        let wanted =
            Wanted { target: &target, address: "http://h/x", stalled, deadline: &deadline };
        let mut told = 0;
        let error = wanted.acquire(|| told += 1).unwrap_err();
        assert!(matches!(error, HubError::Timeout { .. }), "{error}");
        assert_eq!(told, 1);
    }

    #[test]
    fn a_holder_whose_file_grows_is_not_idle() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let mut holder = Holder::new(&target);
        holder.since -= Duration::from_secs(5);
        assert!(holder.idle() >= Duration::from_secs(5));
        fs::write(beside(&target, PARTIAL), "x").unwrap();
        assert!(holder.idle() < Duration::from_secs(5));
        holder.since -= Duration::from_secs(5);
        assert!(holder.idle() >= Duration::from_secs(5));
    }
}
