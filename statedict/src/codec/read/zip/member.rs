//! The bytes of a member.

use std::borrow::Cow;
use std::sync::Arc;

use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::limits::FileLimits;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::codec::read::zip::directory::{Directory, Method, Record, method_name};
use crate::codec::read::zip::fields::u16_at;
use crate::codec::read::zip::inflate::{expand, inflate};
use crate::tensor::StorageError;
use crate::value::Bytes;

/// An archive: where its bytes come from, and what its members are.
pub(in crate::codec::read) struct Archive {
    pub(in crate::codec::read) source: Arc<Source>,
    pub(in crate::codec::read) directory: Directory,
}

/// The member that an exported program of PyTorch up to 2.7 has.
pub(in crate::codec::read) const OLD_PROGRAM: &str = "serialized_exported_program.json";

pub(super) const LOCAL_HEADER: usize = 30;
/// A member that takes no more than this is read with its header, which then is cut off.
const SMALL: u64 = 1 << 20;
/// With so many other members within so many bytes, headers are mapped rather than read: it is what
/// Linux maps at a page fault, which takes as long as three or four calls.
const NEAR: (u32, u64) = (4, 64 << 10);
/// How much is read at a time where only a checksum is wanted.
const CHUNK: usize = 1 << 20;

impl Archive {
    /// The format of the archive, by the names of its members.
    pub(in crate::codec::read) fn kind(&self) -> ContainerKind {
        let has = |name| self.directory.find(name).is_some();
        match () {
            () if has("constants.pkl") => ContainerKind::TorchScript,
            () if has("archive_format") || has(OLD_PROGRAM) => ContainerKind::Exported,
            () => ContainerKind::Zip,
        }
    }

    /// The pickle in the member of that name, with what messages call it.
    pub(in crate::codec::read) fn named_pickle(
        &self,
        name: &str,
        limits: &FileLimits,
        options: &ReadOptions,
    ) -> Result<(String, Bytes), ReadError> {
        let member = [self.directory.root(), "/", name].concat();
        match self.directory.find(name) {
            Some(index) => {
                let pickle = self.pickle(index, limits.pickle_bytes, options.in_memory)?;
                Ok((member, pickle))
            }
            None => Err(ReadError::Missing { member }),
        }
    }

    /// The name of a member in messages: with the file's.
    pub(super) fn label(&self, index: u32) -> String {
        format!("{}: {}", self.source.name(), self.directory.name(index))
    }

    pub(super) fn io(&self, index: u32, source: std::io::Error) -> StorageError {
        StorageError::Io { member: self.label(index), source }
    }

    pub(super) fn invalid(&self, index: u32, problem: &str) -> StorageError {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, problem.to_owned());
        self.io(index, source)
    }

    pub(super) fn record(&self, index: u32) -> Result<Record, StorageError> {
        self.directory.record(index).ok_or_else(|| self.invalid(index, "there is no such member"))
    }

    /// Returns the start of a member's stored bytes: after its local header, which says how long it is.
    pub(super) fn payload(&self, index: u32, record: Record) -> Result<u64, StorageError> {
        let mut buffer = [0; LOCAL_HEADER];
        let mapped = self.source.slice(record.header, LOCAL_HEADER);
        let header = match mapped.filter(|_| self.is_crowded(index, record)) {
            Some(header) => header,
            None => {
                let read = self.source.read_at(record.header, &mut buffer);
                read.map_err(|error| self.io(index, error))?;
                &buffer
            }
        };
        let within = self.payload_within(index, record, header)?;
        Ok(record.header.saturating_add(within))
    }

    /// Returns `true` if other members lie so close that a page that is mapped for one serves several.
    fn is_crowded(&self, index: u32, record: Record) -> bool {
        let (count, within) = NEAR;
        let neighbours = [index.checked_sub(count), index.checked_add(count)];
        let mut neighbours =
            neighbours.into_iter().flatten().filter_map(|at| self.directory.record(at));
        neighbours.any(|other| other.header.abs_diff(record.header) < within)
    }

    /// How far from its local header the stored bytes of a member start, as the header says.
    pub(super) fn payload_within(
        &self,
        index: u32,
        record: Record,
        header: &[u8],
    ) -> Result<u64, StorageError> {
        if !header.starts_with(b"PK\x03\x04") {
            return Err(self.invalid(index, "its header in the archive is damaged"));
        }
        let lengths = u16_at(header, 26).zip(u16_at(header, 28));
        let lengths = lengths.map_or(0, |(name, extra)| u64::from(name) + u64::from(extra));
        let within = 30 + lengths;
        let end = within
            .checked_add(record.stored_size())
            .and_then(|within| record.header.checked_add(within));
        match end {
            Some(end) if end <= record.limit => Ok(within),
            _ => Err(self.invalid(index, "it reaches into the next member of the archive")),
        }
    }

    /// The size of a member in bytes.
    pub(super) fn size(&self, index: u32, record: Record) -> Result<usize, StorageError> {
        usize::try_from(record.size)
            .map_err(|_| self.invalid(index, "it is larger than this machine can address"))
    }

    /// The bytes of a member, expanded where it is compressed, and not verified.
    pub(super) fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let record = self.record(index)?;
        let size = self.size(index, record)?;
        if size == 0 && record.method == Method::Stored {
            return Ok(Cow::Borrowed(&[]));
        }
        match record.method {
            Method::Stored => {
                let start = self.payload(index, record)?;
                self.source.get(start, size).map_err(|error| self.io(index, error))
            }
            _ => {
                let compressed = self.compressed(index, record)?;
                inflate(&compressed, size)
                    .map(Cow::Owned)
                    .map_err(|reason| self.not_deflated(index, reason))
            }
        }
    }

    /// Returns the bytes of a compressed member as they are in the file.
    pub(super) fn compressed(
        &self,
        index: u32,
        record: Record,
    ) -> Result<Cow<'_, [u8]>, StorageError> {
        let Method::Deflated(len) = record.method else {
            return Err(self.invalid(index, "it is encrypted or compressed in an unknown way"));
        };
        let len = usize::try_from(len)
            .map_err(|_| self.invalid(index, "it is too large for this machine"))?;
        let start = self.payload(index, record)?;
        self.source.get(start, len).map_err(|error| self.io(index, error))
    }

    pub(super) fn not_deflated(&self, index: u32, reason: String) -> StorageError {
        StorageError::Inflate { member: self.label(index), reason }
    }

    /// Checks that the bytes of a member can be had, and compares them with its checksum; 0 stands for none.
    pub(in crate::codec::read) fn verify(&self, index: u32) -> Result<(), StorageError> {
        let record = self.record(index)?;
        let mut hasher = crc32fast::Hasher::new();
        if record.method != Method::Stored {
            let compressed = self.compressed(index, record)?;
            let checked = expand(&compressed, self.size(index, record)?, |bytes| {
                hasher.update(bytes);
                Ok(())
            });
            checked.map_err(|reason| self.not_deflated(index, reason))?;
        } else if record.crc == 0 {
            return self.check_place(index, record);
        } else if self.source.slice(0, 0).is_none() {
            self.read_parts(index, record, &mut hasher)?;
        } else {
            hasher.update(&self.bytes(index)?);
        }
        let found = hasher.finalize();
        if record.crc != 0 && found != record.crc {
            let member = self.label(index);
            return Err(StorageError::Checksum { member, expected: record.crc, found });
        }
        Ok(())
    }

    /// Checks that the header before a member leads to bytes that are the member's as far as can be
    /// told without a checksum: nothing but a data descriptor lies between them and what follows.
    fn check_place(&self, index: u32, record: Record) -> Result<(), StorageError> {
        if record.size == 0 {
            return Ok(());
        }
        let end = self.payload(index, record)?.saturating_add(record.size);
        match record.limit.saturating_sub(end) {
            0 | 12 | 16 | 20 | 24 => Ok(()),
            gap => Err(self.invalid(
                index,
                &format!(
                    "it has no checksum, and its header leaves {gap} bytes after it to nobody"
                ),
            )),
        }
    }

    fn read_parts(
        &self,
        index: u32,
        record: Record,
        hasher: &mut crc32fast::Hasher,
    ) -> Result<(), StorageError> {
        let size = self.size(index, record)?;
        let mut offset = self.payload(index, record)?;
        let mut buffer = vec![0; size.min(CHUNK)];
        let mut left = size;
        while left > 0 {
            let Some(part) = buffer.get_mut(..left.min(CHUNK)) else { break };
            self.source.read_at(offset, part).map_err(|error| self.io(index, error))?;
            hasher.update(part);
            left -= part.len();
            offset = offset.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// The bytes of a member, verified, and at most `limit` of them.
    pub(in crate::codec::read) fn read_member(
        &self,
        index: u32,
        limit: u64,
        limit_name: &'static str,
    ) -> Result<Cow<'_, [u8]>, ReadError> {
        let record = self.record(index)?;
        self.check_supported(index, record)?;
        if record.size > limit {
            return Err(ReadError::Limit {
                what: format!("`{}`", self.label(index)),
                limit: limit_name,
                allowed: limit,
                needed: record.size,
            });
        }
        let bytes = if record.method == Method::Stored {
            self.read_stored(index, record)?
        } else {
            self.bytes(index)?
        };
        let found = crc32fast::hash(&bytes);
        if record.crc != 0 && record.crc != found {
            let member = self.label(index);
            return Err(StorageError::Checksum { member, expected: record.crc, found }.into());
        }
        Ok(bytes)
    }

    /// The bytes of a stored member: with its header in one call, where they must be read.
    fn read_stored(&self, index: u32, record: Record) -> Result<Cow<'_, [u8]>, StorageError> {
        if self.source.slice(0, 0).is_some() {
            return self.bytes(index);
        }
        let size = self.size(index, record)?;
        let room = record.limit.saturating_sub(record.header);
        let read =
            |offset, len| self.source.read_vec(offset, len).map_err(|error| self.io(index, error));
        let header_len = match usize::try_from(room) {
            Ok(room) if room as u64 <= SMALL => room,
            _ => LOCAL_HEADER,
        };
        let mut head = read(record.header, header_len)?;
        let within = self.payload_within(index, record, &head)?;
        match usize::try_from(within).ok().filter(|_| header_len > LOCAL_HEADER) {
            Some(within) => {
                head.drain(..within.min(head.len()));
                head.truncate(size);
                Ok(Cow::Owned(head))
            }
            None => read(record.header.saturating_add(within), size).map(Cow::Owned),
        }
    }

    /// The bytes of a pickle, verified, for as long as they are wanted. They stay in the source, which is kept
    /// with them, unless they are to be `owned`.
    fn pickle(&self, index: u32, limit: u64, owned: bool) -> Result<Bytes, ReadError> {
        let bytes = self.read_member(index, limit, "pickle_bytes")?;
        let start = self.stored_at(index).filter(|_| matches!(bytes, Cow::Borrowed(_)) && !owned);
        Ok(match start {
            Some(start) => Source::part(&self.source, start, bytes.len()),
            None => Arc::new(bytes.into_owned()),
        })
    }

    /// A member as a source of its own: where it is, or expanded where it is compressed, into `limit` bytes at most.
    pub(in crate::codec::read) fn member(
        &self,
        index: u32,
        limit: u64,
    ) -> Result<Source, ReadError> {
        let record = self.record(index)?;
        self.check_supported(index, record)?;
        let label = format!("{}!{}", self.source.name(), self.directory.name(index));
        if record.method != Method::Stored {
            let bytes = self.read_member(index, limit, "inflated_bytes")?.into_owned();
            return Ok(Source::bytes(bytes).within(0, record.size, label));
        }
        let start = self.payload(index, record)?;
        Ok(Source::shared(Arc::clone(&self.source)).within(start, record.size, label))
    }

    /// Refuses a member whose bytes cannot be had.
    pub(super) fn check_supported(&self, index: u32, record: Record) -> Result<(), ReadError> {
        let found = match record.method {
            Method::Stored | Method::Deflated(_) => return Ok(()),
            Method::Encrypted(_) => "encrypted".to_owned(),
            Method::Other(method, _) => method_name(method),
        };
        Err(ReadError::Unsupported { member: self.label(index), found })
    }
}
