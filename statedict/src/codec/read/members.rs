//! The members of a checkpoint's archive, whatever its pickle says of them.

use std::fmt;
use std::sync::Arc;

use crate::codec::read::detect::detect;
use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::source::Source;
use crate::codec::read::zip::{Archive, Directory};
use crate::tensor::StorageError;

/// The members of the ZIP archive that a checkpoint is. Files of other kinds have none.
///
/// Opening reads the directory only. Nothing of the pickle is looked at, so that a file can be checked that
/// cannot be read.
///
/// ```
/// use statedict::codec::{Members, Source};
/// use statedict::{StateMap, TensorView, WriteOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("weight", TensorView::full(1.0f32, [4])?);
/// let mut file = Vec::new();
/// map.write_with(&mut file, &WriteOptions::default())?;
///
/// let members = Members::read(Source::bytes(file))?;
/// assert_eq!(members.name(0), "archive/data.pkl");
/// assert_eq!(members.alignment(), Some(64));
/// for index in 0..members.len() {
///     members.verify(index)?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Members {
    container: ContainerKind,
    archive: Option<Archive>,
    names: Vec<String>,
}

impl Members {
    /// Reads the directory of the archive.
    ///
    /// # Errors
    /// Where the file cannot be read, is of another kind than checkpoints are, or its directory is damaged:
    /// members that overlap, lie outside of the file or have one name, say.
    pub fn read(source: Source) -> Result<Self, ReadError> {
        let container = detect(&source)?;
        if container != ContainerKind::Zip {
            return Ok(Members { container, archive: None, names: Vec::new() });
        }
        let directory = Directory::read_any(&source)?;
        let names = directory.names();
        let archive = Archive { source: Arc::new(source), directory };
        Ok(Members { container: archive.kind(), archive: Some(archive), names })
    }

    /// Returns the kind of the file.
    pub fn container(&self) -> ContainerKind {
        self.container
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a member with its folder; empty where there is no such member.
    pub fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// The size of a member in bytes, expanded where it is compressed.
    pub fn nbytes(&self, index: usize) -> u64 {
        self.record(index).map_or(0, |(archive, index)| archive.size_of(index))
    }

    /// The version that the archive says it has, as text.
    pub fn format_version(&self) -> Option<String> {
        let archive = self.archive.as_ref()?;
        let index =
            [".data/version", "version"].iter().find_map(|name| archive.directory.find(name))?;
        let content = archive.read_member(index, 64, "pickle_bytes").ok()?;
        Some(String::from_utf8_lossy(&content).trim().to_owned())
    }

    /// Returns the alignment of the storages, by the first sixteen of them: 4096 bytes, 64 as PyTorch
    /// has it, or a smaller power of two. `None` where there are no storages, or they are compressed.
    pub fn alignment(&self) -> Option<u64> {
        let archive = self.archive.as_ref()?;
        let storages = archive.directory.first_storages(16);
        let offsets: Option<Vec<u64>> =
            storages.iter().map(|&index| archive.stored_at(index)).collect();
        let zeros = offsets?.iter().map(|offset| offset.trailing_zeros()).min()?;
        // More than 64 is chance, but for whole pages.
        Some(if zeros >= 12 { 4096 } else { 1 << zeros.min(6) })
    }

    /// Checks a member: what is said of it in both places of the archive, and its bytes against their
    /// checksum, where there is one.
    ///
    /// # Errors
    /// Where it is damaged or cannot be read.
    pub fn verify(&self, index: usize) -> Result<(), StorageError> {
        let Some((archive, index)) = self.record(index) else { return Ok(()) };
        archive.check_method(index)?;
        archive.check_header(index)?;
        archive.verify(index)
    }

    fn record(&self, index: usize) -> Option<(&Archive, u32)> {
        let index = u32::try_from(index).ok()?;
        self.archive.as_ref().map(|archive| (archive, index))
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members")
            .field("container", &self.container)
            .field("len", &self.len())
            .finish()
    }
}
