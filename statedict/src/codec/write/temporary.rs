//! The file beside another that will take its place, and those that killed processes have left.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// The part of such files' names between that of the target and the random one.
const MARK: &str = ".saving-";
const END: &str = ".tmp";
/// The number of random letters and digits in a name.
const RANDOM: usize = 6;
/// The number of times that another process may take a file that was just made for one that was left.
const TRIES: usize = 100;

/// Makes a file beside `target`, with the permissions of any new file, and removes those that processes left
/// which were killed while they saved to this name. It goes away when it is dropped before it has been put in
/// place: on an error, and on a panic.
///
/// While it exists it is locked. A lock ends with its process: what is not locked is of no use to anyone.
pub(crate) fn create(target: &Path) -> io::Result<NamedTempFile> {
    let directory = directory_of(target);
    // Asked first, since the error below has the name of a temporary file.
    fs::metadata(directory)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Names are at most 255 bytes long on most file systems.
    let short: String = name.chars().take(32).collect();
    let prefix = format!(".{short}{MARK}");
    remove_left(directory, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(END).rand_bytes(RANDOM);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what it takes from every new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    for _ in 0..TRIES {
        let file = builder.tempfile_in(directory)?;
        match file.as_file().try_lock() {
            // Where there are no locks, nobody removes it.
            Ok(()) | Err(TryLockError::Error(_)) if is_at(file.as_file(), file.path()) => {
                return Ok(file);
            }
            _ => {}
        }
    }
    Err(io::Error::other("other processes remove every new file"))
}

/// Removes what nobody is writing any more. What cannot be removed stays.
fn remove_left(directory: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(END));
        let is_ours = random.is_some_and(|random| {
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.path();
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
            && is_at(&file, &path)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Returns the directory that a file is in.
pub(crate) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns `true` if the open file still is the one at the path.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Waits until the names in a directory are on the disk.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_removed_and_what_is_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let others = [
            "model.pt",
            ".model.pt.saving-abcdefg.tmp",
            ".model.pt.saving-abc.ef.tmp",
            ".model.pt.tmp",
            ".other.pt.saving-abcdef.tmp",
        ];
        others.iter().for_each(|name| fs::write(at(name), name).unwrap());
        fs::create_dir(at(".model.pt.saving-folder.tmp")).unwrap();
        let in_use = create(&at("model.pt")).unwrap();
        let left = at(".model.pt.saving-abcdef.tmp");
        fs::write(&left, "half").unwrap();

        let new = create(&at("model.pt")).unwrap();
        assert!(!left.exists() && in_use.path().exists() && new.path().exists());
        assert!(others.iter().all(|name| at(name).exists()));
        let new = new.persist(at("model.pt")).unwrap();
        drop((new, in_use));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), others.len() + 1);
    }
}
