//! What a pickle and its storages are packed into.

use std::io::Write;
use std::path::Path;

use crate::codec::write::archive::{self, Plan};
use crate::codec::write::error::WriteError;
use crate::codec::write::legacy::LegacyStream;
use crate::codec::write::options::{ArchiveLayout, WriteOptions};
use crate::codec::write::outline::Outlined;
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
    fn new<O: Outlined>(
        outline: &'p O,
        pickle: &'p Pickle<'p>,
        root: impl FnOnce() -> Result<String, WriteError>,
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let layout = options.archive_layout();
        match layout {
            ArchiveLayout::Legacy => {
                let names = options.given_storage_names();
                return LegacyStream::new(outline, pickle, names).map(Packed::Stream);
            }
            ArchiveLayout::Torch1_13 => outline.check_for_torch_1_13()?,
            ArchiveLayout::Torch2_7 => {}
        }
        let root = match options.given_root() {
            Some(root) => root.to_owned(),
            None => root()?,
        };
        let (alignment, sizes) = (options.storage_alignment(), outline.sizes());
        let plan = Plan::new(root, layout, alignment, pickle.len(), sizes)?;
        Ok(Packed::Archive(plan, pickle))
    }

    fn len(&self) -> u64 {
        match self {
            Packed::Archive(plan, _) => plan.len(),
            Packed::Stream(stream) => stream.len(),
        }
    }

    fn write<O: Outlined>(&self, outline: &O, out: &mut dyn Write) -> Result<(), WriteError> {
        match self {
            Packed::Archive(plan, pickle) => archive::write(plan, pickle, outline, out),
            Packed::Stream(stream) => stream.write(outline, out),
        }
    }
}

/// Saves a pickle and its storages to a file.
pub(super) fn save<O: Outlined>(
    outline: &O,
    pickle: &Pickle<'_>,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    let packed = Packed::new(outline, pickle, || archive::root_of_path(path), options)?;
    Replacement::of(path)
        .len(packed.len())
        .sync(options.syncs())
        .save(|file| packed.write(outline, &mut Told::new(file, options.teller(), packed.len())))
}

/// Writes a pickle and its storages to a writer.
pub(super) fn write<O: Outlined>(
    outline: &O,
    pickle: &Pickle<'_>,
    mut writer: impl Write,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    let root = || Ok(archive::DEFAULT_ROOT.to_owned());
    let packed = Packed::new(outline, pickle, root, options)?;
    packed.write(outline, &mut Told::new(&mut writer, options.teller(), packed.len()))?;
    writer.flush().map_err(WriteError::io("flush the file"))
}
