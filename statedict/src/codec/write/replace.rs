//! Puts a complete file in the place of another, or leaves the other alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::codec::write::error::WriteError;
use crate::codec::write::temporary::{self, directory_of};
use crate::codec::write::write_back::WriteBack;

/// The number of symbolic links that are followed before they count as a loop, as in Linux.
const MAX_LINKS: usize = 40;

/// A file that takes the place of another in one step, once it is whole: how everything is saved here.
///
/// What is written goes into a new file in the same directory, which is renamed once it is on the disk. On an
/// error the old file is as it was, and the new one goes away. A process that is killed leaves the new one, named
/// `.NAME.saving-XXXXXX.tmp`; the next that saves to the same name removes it. The permissions of the old file
/// are kept, but not its owner, access lists and extended attributes, and neither the setuid nor the
/// setgid bit. Symbolic links are followed: they stay, and where they lead is replaced. What is no
/// file, such as a pipe or `/dev/stdout`, is written to.
///
/// ```
/// use std::io::Write;
///
/// use statedict::codec::Replacement;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("scores.json");
/// Replacement::of(&path).write(|file| file.write_all(b"[0.5, 0.75]"))?;
/// assert_eq!(std::fs::read(&path)?, b"[0.5, 0.75]");
///
/// let again = Replacement::of(&path).only_new(true).write(|file| file.write_all(b"[]"));
/// assert!(again.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Replacement<'p> {
    path: &'p Path,
    only_new: bool,
    follow_links: bool,
    sync: bool,
    len: u64,
}

impl<'p> Replacement<'p> {
    /// The new file at `path`.
    pub fn of(path: &'p (impl AsRef<Path> + ?Sized)) -> Self {
        let path = path.as_ref();
        Replacement { path, only_new: false, follow_links: true, sync: true, len: 0 }
    }

    /// Sets whether something that is at the path already is an error. The default is that it is replaced.
    #[must_use]
    pub fn only_new(mut self, only_new: bool) -> Self {
        self.only_new = only_new;
        self
    }

    /// Sets whether a symbolic link at the path stays, and where it leads is replaced (the default). Otherwise
    /// the link itself is.
    #[must_use]
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.follow_links = follow;
        self
    }

    /// Sets whether to wait until the file and its name are on the disk (the default).
    #[must_use]
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// Says how large the file will be, so that a full disk is found before anything is written.
    #[must_use]
    pub fn len(mut self, bytes: u64) -> Self {
        self.len = bytes;
        self
    }

    /// Writes the file with `write`, and puts it in its place. Large pieces are best: they are not buffered.
    ///
    /// # Errors
    /// Those of `write`, and where the file cannot be made or put in its place. All but what is no file is then
    /// as it was.
    pub fn write<E: From<WriteError>>(
        self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        self.replace(write, |error, _| error)
    }

    /// Does the same, and tells errors of `write` in which file they are.
    pub(super) fn save(
        self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.replace(write, WriteError::in_file)
    }

    fn replace<E: From<WriteError>>(
        self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
        in_file: impl Fn(E, &Path) -> E,
    ) -> Result<(), E> {
        let path = self.path;
        let target = match self.follow_links && !self.only_new {
            true => follow_links(path).map_err(WriteError::io_at("follow the link", path))?,
            false => path.to_owned(),
        };
        let old = match fs::symlink_metadata(&target) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(WriteError::io_at("look at", target)(error).into()),
        };
        if let Some(old) = &old
            && !old.is_file()
            && !old.is_symlink()
            && !self.only_new
        {
            // A device or a pipe takes the bytes; renaming a file over it would destroy it.
            // A directory refuses here.
            let mut file = OpenOptions::new()
                .write(true)
                .open(&target)
                .map_err(WriteError::io_at("write to", &target))?;
            return write(&mut file).map_err(|error| in_file(error, &target));
        }
        let directory = directory_of(&target);
        let temporary = temporary::create(&target)
            .map_err(WriteError::io_at("create a file in the directory", directory))?;
        if let Some(old) = old.filter(fs::Metadata::is_file) {
            temporary
                .as_file()
                .set_permissions(kept_permissions(&old))
                .map_err(WriteError::io_at("set the permissions for", &target))?;
        }
        reserve(temporary.as_file(), self.len)
            .map_err(WriteError::io_at("reserve the space for", &target))?;
        let written = match self.sync {
            true => write(&mut WriteBack::new(temporary.as_file())),
            false => write(&mut temporary.as_file()),
        };
        written.map_err(|error| in_file(error, &target))?;
        if self.sync {
            let synced = temporary.as_file().sync_all();
            synced.map_err(WriteError::io_at("flush to the disk", &target))?;
        }
        let placed = match self.only_new {
            true => temporary.persist_noclobber(&target),
            false => temporary.persist(&target),
        };
        placed.map_err(|error| {
            WriteError::io_at("put the new file in place of", &target)(error.error)
        })?;
        if self.sync {
            temporary::sync_directory(directory)
                .map_err(WriteError::io_at("flush the directory", directory))?;
        }
        Ok(())
    }
}

/// Returns what a new file takes over from an old one: the setuid and setgid bits were given to the old content,
/// and its owner.
fn kept_permissions(old: &fs::Metadata) -> fs::Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::Permissions::from_mode(old.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    old.permissions()
}

/// Follows a path that is a symbolic link, or a chain of them; the last may lead to nothing yet.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().map_or(next.clone(), |parent| parent.join(&next)),
            // Not a link, or nothing there.
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// Reserves the space for a file before anything is written: a full disk is then found at once,
/// and the file system need not look for space piece by piece.
#[cfg(target_os = "linux")]
fn reserve(file: &File, len: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    if len == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::empty(), 0, len) {
        // Only these mean that there is no room; a file system need not know how to reserve.
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}
