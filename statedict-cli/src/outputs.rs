//! Files that commands write: nothing is overwritten unless that is asked for.

use std::io::Write;
use std::path::Path;

use crate::failure::Failure;

/// The argument of commands that write files.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Overwriting {
    /// Replace what exists
    #[arg(long)]
    pub(crate) force: bool,
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
        let about = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        // What is no file, such as /dev/null, cannot be replaced.
        if path.exists() && !path.is_file() {
            let mut file = std::fs::File::create(path).map_err(|error| about(&error))?;
            return write(&mut file);
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Asked first, since the error below has the name of a temporary file.
        if let Err(error) = std::fs::metadata(folder) {
            return Err(about(&error).into());
        }
        let mut options = tempfile::Builder::new();
        #[cfg(unix)]
        options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = options.tempfile_in(folder).map_err(|error| about(&error))?;
        let mut out = std::io::BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner().map_err(|error| about(&error))?;
        if self.force {
            file.persist(path).map_err(|error| about(&error.error))?;
        } else {
            // What came there meanwhile is not overwritten either.
            file.persist_noclobber(path).map_err(|error| about(&error.error))?;
        }
        Ok(())
    }
}
