//! Puts a complete file in the place of another, or leaves the other alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::codec::write::error::WriteError;
use crate::codec::write::write_back::WriteBack;

/// How many symbolic links are followed before they count as a loop, as in Linux.
const MAX_LINKS: usize = 40;

/// Replaces the file at `path` by `len` bytes that `write` writes, at once and only if all is well.
pub(super) fn replace(
    path: &Path,
    len: u64,
    sync: bool,
    write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let target = follow_links(path).map_err(WriteError::io_at("follow the link", path))?;
    let old = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(WriteError::io_at("look at", target)(error)),
    };
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A device or a pipe takes the bytes; renaming a file over it would destroy it.
        // A directory refuses here.
        let mut file = OpenOptions::new()
            .write(true)
            .open(&target)
            .map_err(WriteError::io_at("write to", &target))?;
        return write(&mut file).map_err(|error| error.in_file(&target));
    }
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let temporary = new_file(&target, directory)
        .map_err(WriteError::io_at("create a file in the directory", directory))?;
    if let Some(old) = &old {
        temporary
            .as_file()
            .set_permissions(old.permissions())
            .map_err(WriteError::io_at("set the permissions for", &target))?;
    }
    reserve(temporary.as_file(), len)
        .map_err(WriteError::io_at("reserve the space for", &target))?;
    let written = match sync {
        true => write(&mut WriteBack::new(temporary.as_file())),
        false => write(&mut temporary.as_file()),
    };
    written.map_err(|error| error.in_file(&target))?;
    if sync {
        temporary.as_file().sync_all().map_err(WriteError::io_at("flush to the disk", &target))?;
    }
    temporary
        .persist(&target)
        .map_err(|error| WriteError::io_at("put the new file in place of", &target)(error.error))?;
    if sync {
        sync_directory(directory).map_err(WriteError::io_at("flush the directory", directory))?;
    }
    Ok(())
}

/// A temporary file beside `target`, with the permissions of any new file. It goes away when it is
/// dropped before it has been put in place: on an error, and on a panic.
fn new_file(target: &Path, directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Names are at most 255 bytes long on most file systems.
    let short: String = name.chars().take(32).collect();
    let prefix = format!(".{short}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what it takes from every new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
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

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
