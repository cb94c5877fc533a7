//! Telling how far a download has come.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// How far a download has come: what a progress bar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The address, without what may be secret.
    pub address: &'a str,
    /// The file that will be there in the end.
    pub path: &'a Path,
    /// How many bytes there are, those of an earlier attempt included. After an attempt that could
    /// not be continued it begins at 0 again.
    pub downloaded: u64,
    /// How many there will be, where the server says it.
    pub total: Option<u64>,
}

/// The function that is told.
#[derive(Clone)]
pub(super) struct Teller(pub(super) Arc<dyn Fn(Progress<'_>) + Send + Sync>);

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
