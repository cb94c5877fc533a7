//! What a pickle and its storages are packed into, and where that goes.

use std::io::Write;
use std::path::Path;

use crate::codec::write::archive::{self, Plan};
use crate::codec::write::contents::Contents;
use crate::codec::write::error::WriteError;
use crate::codec::write::legacy::LegacyStream;
use crate::codec::write::options::{ArchiveLayout, WriteOptions};
use crate::codec::write::pickle::{Pickle, StorageNames};
use crate::codec::write::progress::Told;
use crate::codec::write::replace::Replacement;

/// How the pickle refers to storages.
pub(super) fn storage_names(options: &WriteOptions) -> StorageNames<'_> {
    match options.archive_layout() {
        ArchiveLayout::Legacy => StorageNames::Legacy(options.given_storage_names()),
        _ => StorageNames::Numbers,
    }
}

/// A file of which everything is known but the storages' bytes.
enum Packed<'p> {
    Archive(Plan<'p>, &'p Pickle<'p>),
    Stream(LegacyStream),
}

impl<'p> Packed<'p> {
    fn new(
        contents: &'p dyn Contents,
        pickle: &'p Pickle<'p>,
        to: &Destination<'_>,
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let layout = options.archive_layout();
        match layout {
            ArchiveLayout::Legacy => {
                let names = options.given_storage_names();
                return LegacyStream::new(contents, pickle, names).map(Packed::Stream);
            }
            ArchiveLayout::Torch1_13 => {
                if let Some((key, dtype)) = contents.without_class() {
                    return Err(WriteError::DTypeTooNew { key: key.to_owned(), dtype });
                }
            }
            ArchiveLayout::Torch2_7 => {}
        }
        let root = match options.given_root() {
            Some(root) => root.to_owned(),
            None => to.root()?,
        };
        let (alignment, sizes) = (options.storage_alignment(), contents.sizes());
        let plan = Plan::new(root, layout, alignment, pickle.len(), sizes)?;
        Ok(Packed::Archive(plan, pickle))
    }

    fn len(&self) -> u64 {
        match self {
            Packed::Archive(plan, _) => plan.len(),
            Packed::Stream(stream) => stream.len(),
        }
    }

    fn write(&self, contents: &dyn Contents, out: &mut dyn Write) -> Result<(), WriteError> {
        match self {
            Packed::Archive(plan, pickle) => archive::write(plan, pickle, contents, out),
            Packed::Stream(stream) => stream.write(contents, out),
        }
    }
}

/// Writes a pickle and its storages.
pub(super) fn write(
    contents: &dyn Contents,
    pickle: &Pickle<'_>,
    to: Destination<'_>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    let packed = Packed::new(contents, pickle, &to, options)?;
    to.take(packed.len(), options, |out| packed.write(contents, out))
}

/// The destination of a file.
pub(super) enum Destination<'w> {
    Path(&'w Path),
    Writer(&'w mut dyn Write),
}

impl Destination<'_> {
    /// Returns the path, where there is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Destination::Path(path) => Some(path),
            Destination::Writer(_) => None,
        }
    }

    /// Returns the name of an archive's root directory.
    fn root(&self) -> Result<String, WriteError> {
        self.path().map_or(Ok(archive::DEFAULT_ROOT.to_owned()), archive::root_of_path)
    }

    /// Takes the `len` bytes that `write` writes.
    pub(super) fn take(
        self,
        len: u64,
        options: &WriteOptions,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let told = |out: &mut dyn Write| write(&mut Told::new(out, options.teller(), len));
        match self {
            Destination::Path(path) => {
                Replacement::of(path).len(len).sync(options.syncs()).save(told)
            }
            Destination::Writer(writer) => {
                told(writer)?;
                writer.flush().map_err(WriteError::io("flush the file"))
            }
        }
    }
}
