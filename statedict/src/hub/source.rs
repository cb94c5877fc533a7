//! From which address a file in the cache is.
//!
//! torch.hub's cache knows a file by the end of its address alone, and very many addresses end in
//! `pytorch_model.bin`. Beside what is downloaded here, unless its name has its SHA-256, there is a note.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::hub::address::Address;
use crate::hub::cache::{SOURCE, beside};
use crate::hub::companion;
use crate::hub::error::HubError;

/// The address of a file, and by what the file is known again: where another program has replaced it, the note
/// says nothing any more.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    address: String,
    length: u64,
    /// In nanoseconds, as text: JSON's numbers are too small for it.
    modified: String,
}

impl Note {
    fn new(address: String, file: &Metadata) -> Option<Note> {
        let modified = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Note { address, length: file.len(), modified: modified.as_nanos().to_string() })
    }
}

/// Notes that `file`, which will be at `target`, is from `address`.
pub(super) fn write(target: &Path, file: &File, address: &str) -> Result<(), HubError> {
    let path = beside(target, SOURCE);
    let write = || {
        let Some(note) = Note::new(address.to_owned(), &file.metadata()?) else { return Ok(()) };
        companion::write_note(&path, &serde_json::to_vec(&note).map_err(io::Error::other)?)
    };
    write().map_err(HubError::io_at("write", &path))
}

/// Fails where the file at `target` is known to be from another address.
pub(super) fn check(target: &Path, address: &Address) -> Result<(), HubError> {
    let path = beside(target, SOURCE);
    let read = || {
        // Another user's too, who shares the cache: all that it can do is to refuse a file.
        let note: Note = serde_json::from_slice(&companion::read_note(&path, false)?).ok()?;
        let now = Note::new(note.address.clone(), &fs::metadata(target).ok()?)?;
        (now == note && note.address != address.place()).then_some(note.address)
    };
    match read() {
        Some(cached) => Err(HubError::OtherAddress {
            path: target.to_owned(),
            cached,
            address: address.to_string(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_noted_file_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.bin");
        let [here, there] = ["https://h/here/model.bin?1", "https://h/there/model.bin"]
            .map(|address| Address::parse(address).unwrap());
        let known = || check(&target, &here).is_ok() && check(&target, &there).is_err();
        let unknown = || check(&target, &here).is_ok() && check(&target, &there).is_ok();

        fs::write(&target, "abc").unwrap();
        assert!(unknown());
        let file = File::options().write(true).open(&target).unwrap();
        write(&target, &file, here.place()).unwrap();
        assert!(known());
        let error = check(&target, &there).unwrap_err().to_string();
        assert!(
            error.contains("h/here/model.bin") && error.contains("Options::file_name"),
            "{error}"
        );

        // Replaced by somebody who knows of no notes.
        file.set_modified(UNIX_EPOCH).unwrap();
        assert!(unknown());
        write(&target, &file, here.place()).unwrap();
        assert!(known());
        fs::write(beside(&target, SOURCE), "{").unwrap();
        assert!(unknown());
    }
}
