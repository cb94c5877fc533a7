//! The files beside a download: in a cache that others can write to, anybody can put something there first.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::codec::Replacement;

/// A note is a few hundred bytes.
const MAX_NOTE: u64 = 1 << 16;

/// Opens the file at `path` for writing, or makes it; `None` where something is there that is not a file of this
/// user alone, and cannot be removed. Writing to it would change the file of somebody else.
pub(super) fn open_own(path: &Path) -> io::Result<Option<File>> {
    // What is not ours is removed once.
    for _ in 0..2 {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        match without_links(&mut options).open(path) {
            Ok(file) if is_own(&file.metadata()?) => return Ok(Some(file)),
            Err(error) if fs::symlink_metadata(path).is_ok_and(|there| is_own(&there)) => {
                return Err(error);
            }
            Err(error) if fs::symlink_metadata(path).is_err() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        if fs::remove_file(path).is_err() {
            break;
        }
    }
    Ok(None)
}

/// Opens or makes the file at `path`, whoever it belongs to; a symbolic link is not followed.
pub(super) fn open_shared(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    without_links(options.create(true).truncate(false).read(true).write(true)).open(path)
}

/// Reads a note; `None` where there is none, or what is there is not a small file. Where `own` is set, it must be this
/// user's.
pub(super) fn read_note(path: &Path, own: bool) -> Option<Vec<u8>> {
    // First, since opening a pipe would wait.
    let is_note = |it: &Metadata| it.is_file() && it.len() <= MAX_NOTE && (!own || is_own(it));
    fs::symlink_metadata(path).ok().filter(is_note)?;
    let file = without_links(OpenOptions::new().read(true)).open(path).ok()?;
    file.metadata().ok().filter(is_note)?;
    let mut note = Vec::new();
    file.take(MAX_NOTE).read_to_end(&mut note).ok()?;
    Some(note)
}

/// Writes a note in one step, in place of whatever is there.
pub(super) fn write_note(path: &Path, note: &[u8]) -> io::Result<()> {
    let replacement = Replacement::of(path).follow_links(false).sync(false);
    replacement.write(|file: &mut dyn Write| file.write_all(note))
}

/// Refuses to open what is a symbolic link.
fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    options
}

/// Returns `true` for a file that this user owns under one name.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == user
}

#[cfg(not(unix))]
fn is_own(metadata: &Metadata) -> bool {
    metadata.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_somebody_put_there_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (victim, planted) = (at("victim"), at("model.pt.partial"));
        fs::write(&victim, "precious").unwrap();
        let ways: [&dyn Fn(); 3] = [
            &|| symlink(&victim, &planted).unwrap(),
            &|| fs::hard_link(&victim, &planted).unwrap(),
            &|| symlink(at("nowhere"), &planted).unwrap(),
        ];
        for plant in ways {
            plant();
            let mut own = open_own(&planted).unwrap().unwrap();
            own.write_all(b"downloaded").unwrap();
            assert!(fs::symlink_metadata(&planted).unwrap().is_file());
            fs::remove_file(&planted).unwrap();

            plant();
            write_note(&planted, b"{}").unwrap();
            assert!(fs::symlink_metadata(&planted).unwrap().is_file());
            assert_eq!(read_note(&planted, true).unwrap(), b"{}");
            fs::remove_file(&planted).unwrap();
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
            assert!(!at("nowhere").exists());
        }
        symlink(&victim, &planted).unwrap();
        assert!(open_shared(&planted).is_err() && read_note(&planted, false).is_none());
        // A folder cannot be removed as a file is.
        fs::remove_file(&planted).unwrap();
        fs::create_dir(&planted).unwrap();
        assert!(open_own(&planted).unwrap().is_none() && read_note(&planted, true).is_none());
    }
}
