//! The file that a download grows in, and the note from which another process can go on.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::codec::Source;
use crate::codec::read::is_cut_off;
use crate::codec::write::temporary;
use crate::hub::cache::{PARTIAL, PARTIAL_NOTE, beside};
use crate::hub::companion;
use crate::hub::error::HubError;
use crate::hub::hash;
use crate::hub::source;

/// After so many bytes they are flushed to the disk and noted: what a killed process loses at most.
const NOTE_EVERY: u64 = 16 << 20;

/// A file that is being downloaded.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    /// The path of the note; `None` where nobody else may go on with this file.
    note: Option<PathBuf>,
    /// The fingerprint of the address.
    address: String,
    /// How many bytes are there.
    length: u64,
    /// How many of them are on the disk, as the note says.
    noted: u64,
    /// The strong `ETag` of what is there.
    etag: Option<String>,
    /// How many bytes there will be.
    total: Option<u64>,
    hasher: Option<Sha256>,
    /// `true` if the bytes came in several pieces.
    pieced: bool,
}

/// The known facts about a partial file.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    address: String,
    etag: String,
    length: u64,
    total: Option<u64>,
}

impl Partial {
    /// Opens the partial file of `target`. The caller has its lock: then it goes on with what an earlier process
    /// left, if that is of the same address. Without `locked` it is a file of our own.
    pub(super) fn open(
        target: &Path,
        locked: bool,
        hashing: bool,
        address: &str,
    ) -> Result<Partial, HubError> {
        let path = beside(target, PARTIAL);
        let ours = match locked {
            true => companion::open_own(&path).map_err(HubError::io_at("create", &path))?,
            false => None,
        };
        let (path, file, note) = match ours {
            Some(file) => (path, file, Some(beside(target, PARTIAL_NOTE))),
            None => {
                let (file, path) =
                    own_file(target).map_err(HubError::io_at("create a file beside", target))?;
                (path, file, None)
            }
        };
        let mut partial = Partial {
            path,
            file,
            note,
            address: address.to_owned(),
            length: 0,
            noted: 0,
            etag: None,
            total: None,
            hasher: hashing.then(Sha256::new),
            pieced: false,
        };
        if !partial.take_up()? {
            partial.restart(None, None)?;
        }
        Ok(partial)
    }

    /// Goes on where the note says, if there is one and the file has what it says.
    fn take_up(&mut self) -> Result<bool, HubError> {
        let Some(note) = self.read_note() else { return Ok(false) };
        let there = self.file.metadata().map_err(self.failed("look at"))?.len();
        if note.address != self.address || note.length == 0 || there < note.length {
            return Ok(false);
        }
        // What came after the note may not have reached the disk.
        self.file.set_len(note.length).map_err(self.failed("shorten"))?;
        self.file.seek(SeekFrom::Start(0)).map_err(self.failed("read"))?;
        if let Some(mut hasher) = self.hasher.take() {
            let read = hash::feed(&mut hasher, &mut self.file, note.length)
                .map_err(self.failed("read"))?;
            if read != note.length {
                self.hasher = Some(hasher);
                return Ok(false);
            }
            self.hasher = Some(hasher);
        }
        self.file.seek(SeekFrom::Start(note.length)).map_err(self.failed("write to"))?;
        self.length = note.length;
        self.noted = note.length;
        self.total = note.total;
        self.etag = Some(note.etag);
        Ok(true)
    }

    fn read_note(&self) -> Option<Note> {
        let note = companion::read_note(self.note.as_ref()?, true)?;
        serde_json::from_slice(&note).ok()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Returns `true` if a later process could go on with it.
    pub(super) fn can_resume(&self) -> bool {
        self.note.is_some()
    }

    /// Returns `true` if a part could be wrong although each answer was whole.
    pub(super) fn pieced(&self) -> bool {
        self.pieced
    }

    /// Returns the range to ask the server for: the rest, if it still has what the beginning is of.
    pub(super) fn rest(&self) -> Option<(u64, &str)> {
        self.etag.as_deref().filter(|_| self.length > 0).map(|etag| (self.length, etag))
    }

    /// The rest comes, of so many bytes altogether.
    pub(super) fn go_on(&mut self, total: u64) {
        self.total = Some(total);
        self.pieced = true;
    }

    /// Everything comes from the beginning: what is there is of no use.
    pub(super) fn restart(
        &mut self,
        etag: Option<String>,
        total: Option<u64>,
    ) -> Result<(), HubError> {
        // First the note: it must never speak of other bytes than those that are there.
        self.remove_note()?;
        self.file.set_len(0).map_err(self.failed("empty"))?;
        self.file.seek(SeekFrom::Start(0)).map_err(self.failed("empty"))?;
        if let Some(hasher) = &mut self.hasher {
            *hasher = Sha256::new();
        }
        self.length = 0;
        self.noted = 0;
        self.pieced = false;
        self.etag = etag;
        self.total = total;
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(self.failed("write to"))?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.length += bytes.len() as u64;
        if self.length - self.noted >= NOTE_EVERY { self.write_note() } else { Ok(()) }
    }

    /// Notes what is there, so that another process can go on with it.
    fn write_note(&mut self) -> Result<(), HubError> {
        let (Some(path), Some(etag)) = (&self.note, &self.etag) else { return Ok(()) };
        self.file.sync_data().map_err(self.failed("flush"))?;
        let (address, etag) = (self.address.clone(), etag.clone());
        let note = Note { address, etag, length: self.length, total: self.total };
        let json = serde_json::to_vec(&note).map_err(io::Error::other);
        json.and_then(|json| companion::write_note(path, &json))
            .map_err(HubError::io_at("write", path))?;
        self.noted = self.length;
        Ok(())
    }

    fn remove_note(&self) -> Result<(), HubError> {
        match self.note.as_ref().map(|path| (path, fs::remove_file(path))) {
            Some((path, Err(error))) if error.kind() != io::ErrorKind::NotFound => {
                Err(HubError::io_at("remove", path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Checks the digest of what is there.
    pub(super) fn check(&self, expected: Option<&str>, target: &Path) -> Result<(), HubError> {
        match (&self.hasher, expected) {
            (Some(hasher), Some(expected)) => {
                hash::check(&hash::hex(&hasher.clone().finalize()), expected, target)
            }
            _ => Ok(()),
        }
    }

    /// Returns `true` if what is there is the beginning of an archive, although the server sent all that it said.
    pub(super) fn is_cut_off(&self) -> bool {
        Source::file(&self.path).is_ok_and(|source| is_cut_off(&source))
    }

    /// Puts the whole file in its place, in one step and once it is on the disk.
    /// Beside it comes the note of its `source`, if there is one.
    pub(super) fn finish(self, target: &Path, source: Option<&str>) -> Result<(), HubError> {
        self.file.sync_all().map_err(self.failed("flush"))?;
        if let Some(source) = source {
            // Before the file is there: one that is there without a note would do for any address.
            source::write(target, &self.file, source)?;
        }
        let renamed = match temporary::is_at(&self.file, &self.path) {
            true => fs::rename(&self.path, target),
            // What was checked is no longer there.
            false => {
                Err(io::Error::other("somebody has put another file in place of the partial one"))
            }
        };
        renamed.map_err(HubError::io_at("put the file in its place", target))?;
        self.remove_note()?;
        let folder = temporary::directory_of(target);
        temporary::sync_directory(folder).map_err(HubError::io_at("flush", folder))
    }

    /// After a failure: keeps what a later process can go on with, and nothing else. What fails here
    /// is less than what failed before.
    pub(super) fn leave(mut self, useful: bool) {
        let keep = useful && self.note.is_some() && self.rest().is_some();
        if !(keep && self.write_note().is_ok()) {
            let _ = self.remove_note();
            let _ = fs::remove_file(&self.path);
        }
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> HubError + use<> {
        HubError::io_at(action, self.path.clone())
    }
}

/// A file beside `target` with a name of its own, and the permissions of any new file.
fn own_file(target: &Path) -> io::Result<(File, PathBuf)> {
    let folder = temporary::directory_of(target);
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PARTIAL);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what it takes from every new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    Ok(builder.tempfile_in(folder)?.keep()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(target: &Path) -> Partial {
        Partial::open(target, true, true, "fingerprint").unwrap()
    }

    /// The digest of `abcdef`.
    const WHOLE: &str = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

    #[test]
    fn another_process_goes_on_where_the_note_says() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let mut first = open(&target);
        first.restart(Some("\"1\"".into()), Some(6)).unwrap();
        first.write(b"abc").unwrap();
        first.write_note().unwrap();
        // It dies after more was written than the note says.
        first.write(b"xx").unwrap();
        drop(first);

        let mut second = open(&target);
        assert_eq!((second.rest(), second.total()), (Some((3, "\"1\"")), Some(6)));
        second.go_on(6);
        second.write(b"def").unwrap();
        second.check(Some(WHOLE), &target).unwrap();
        assert!(second.check(Some("00"), &target).is_err() && second.pieced());
        second.finish(&target, None).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"abcdef");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_known_for_certain_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let (partial, note) = (beside(&target, PARTIAL), beside(&target, PARTIAL_NOTE));
        let good = r#"{"address":"fingerprint","etag":"\"1\"","length":3,"total":6}"#;
        let cases = [
            ("abc", None),
            ("abc", Some(good.replace("fingerprint", "another address"))),
            ("ab", Some(good.to_owned())),
            ("abc", Some(good[..good.len() - 1].to_owned())),
            ("abc", Some(" ".repeat(100_000) + good)),
            ("", Some(good.replace('3', "0"))),
        ];
        for (content, text) in cases {
            fs::write(&partial, content).unwrap();
            match &text {
                Some(text) => fs::write(&note, text).unwrap(),
                None => drop(fs::remove_file(&note)),
            }
            assert_eq!(open(&target).rest(), None, "{content} {text:?}");
            assert_eq!(fs::metadata(&partial).unwrap().len(), 0);
            assert!(!note.exists());
        }
        fs::write(&partial, "abc").unwrap();
        fs::write(&note, good).unwrap();
        assert_eq!(open(&target).rest(), Some((3, "\"1\"")));
    }

    #[test]
    fn what_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let files = || fs::read_dir(folder.path()).unwrap().count();
        // With a validator, without one, of no use, and without the lock.
        for (locked, etag, useful, left) in [
            (true, Some("\"1\""), true, 2),
            (true, None, true, 0),
            (true, Some("\"1\""), false, 0),
            (false, Some("\"1\""), true, 0),
        ] {
            let mut partial = Partial::open(&target, locked, false, "f").unwrap();
            partial.restart(etag.map(str::to_owned), None).unwrap();
            partial.write(b"abc").unwrap();
            partial.leave(useful);
            assert_eq!(files(), left, "{locked} {etag:?} {useful}");
            if left > 0 {
                assert_eq!(open(&target).rest(), None, "of another address");
                open(&target).leave(true);
            }
        }
    }
}
