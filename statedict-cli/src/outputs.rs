//! Files that commands write: nothing is overwritten unless that is asked for.

use std::io::{BufWriter, Write};
use std::path::Path;

use statedict::codec::Replacement;
use statedict::codec::WriteError;

use crate::failure::{Failure, chain};

/// The argument of commands that write files.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Overwriting {
    /// Replace what exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// The reason why a file was not written.
enum Unwritten {
    File(WriteError),
    Content(Failure),
}

impl From<WriteError> for Unwritten {
    fn from(error: WriteError) -> Self {
        Unwritten::File(error)
    }
}

impl Overwriting {
    /// Refuses a path at which there is something.
    pub(crate) fn check(self, path: &Path) -> Result<(), Failure> {
        if !self.force && std::fs::symlink_metadata(path).is_ok() {
            return Err(format!("{} exists; --force replaces it", path.display()).into());
        }
        Ok(())
    }

    /// Writes a whole file, or leaves what is there as it was.
    pub(crate) fn write(
        self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.check(path)?;
        // What came there meanwhile is not overwritten either.
        let written = Replacement::of(path).only_new(!self.force).write(|file| {
            let mut out = BufWriter::new(file);
            write(&mut out).map_err(Unwritten::Content)?;
            out.flush().map_err(|error| Unwritten::Content(error.into()))
        });
        written.map_err(|error| match error {
            // The path is told, and what failed there is enough.
            Unwritten::File(WriteError::Io { source, .. }) => {
                format!("{}: {source}", path.display()).into()
            }
            Unwritten::File(error) => format!("{}: {}", path.display(), chain(&error)).into(),
            Unwritten::Content(error) => error,
        })
    }
}
