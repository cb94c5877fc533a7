//! The bytes of a member.

use std::borrow::Cow;

use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;
use crate::codec::read::zip::directory::{Directory, Method, Record};
use crate::codec::read::zip::fields::u16_at;
use crate::codec::read::zip::inflate::inflate;
use crate::tensor::StorageError;

/// An archive: where its bytes come from, and what its members are.
pub(in crate::codec::read) struct Archive {
    pub(in crate::codec::read) source: Source,
    pub(in crate::codec::read) directory: Directory,
}

const LOCAL_HEADER: usize = 30;
/// How much is read at a time where only a checksum is wanted.
const CHUNK: usize = 1 << 20;

impl Archive {
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

    /// Where the stored bytes of a member start: after its local header, which says how long it is.
    pub(super) fn payload(&self, index: u32, record: Record) -> Result<u64, StorageError> {
        let mut buffer = [0; LOCAL_HEADER];
        let header = match self.source.slice(record.header, LOCAL_HEADER) {
            Some(header) => header,
            None => {
                let read = self.source.read_at(record.header, &mut buffer);
                read.map_err(|error| self.io(index, error))?;
                &buffer
            }
        };
        if !header.starts_with(b"PK\x03\x04") {
            return Err(self.invalid(index, "its header in the archive is damaged"));
        }
        let lengths = u16_at(header, 26).zip(u16_at(header, 28));
        let lengths = lengths.map_or(0, |(name, extra)| u64::from(name) + u64::from(extra));
        let start = record.header.checked_add(30 + lengths);
        match start {
            Some(start)
                if start
                    .checked_add(record.stored_size())
                    .is_some_and(|end| end <= record.limit) =>
            {
                Ok(start)
            }
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
        let start = self.payload(index, record)?;
        match record.method {
            Method::Stored => self.source.get(start, size).map_err(|error| self.io(index, error)),
            Method::Deflated(compressed) => {
                let len = usize::try_from(compressed)
                    .map_err(|_| self.invalid(index, "it is too large for this machine"))?;
                let compressed =
                    self.source.get(start, len).map_err(|error| self.io(index, error))?;
                inflate(&compressed, size)
                    .map(Cow::Owned)
                    .map_err(|reason| StorageError::Inflate { member: self.label(index), reason })
            }
            Method::Encrypted | Method::Other(_) => {
                Err(self.invalid(index, "it is encrypted or compressed in an unknown way"))
            }
        }
    }

    /// Checks the bytes of a member against its checksum; 0 stands for none.
    pub(in crate::codec::read) fn verify(&self, index: u32) -> Result<(), StorageError> {
        let record = self.record(index)?;
        if record.crc == 0 {
            return Ok(());
        }
        let in_parts = record.method == Method::Stored && self.source.slice(0, 0).is_none();
        let found = if in_parts {
            self.crc_of_parts(index, record)?
        } else {
            crc32fast::hash(&self.bytes(index)?)
        };
        if found != record.crc {
            let member = self.label(index);
            return Err(StorageError::Checksum { member, expected: record.crc, found });
        }
        Ok(())
    }

    fn crc_of_parts(&self, index: u32, record: Record) -> Result<u32, StorageError> {
        let size = self.size(index, record)?;
        let mut offset = self.payload(index, record)?;
        let mut buffer = vec![0; size.min(CHUNK)];
        let mut hasher = crc32fast::Hasher::new();
        let mut left = size;
        while left > 0 {
            let Some(part) = buffer.get_mut(..left.min(CHUNK)) else { break };
            self.source.read_at(offset, part).map_err(|error| self.io(index, error))?;
            hasher.update(part);
            left -= part.len();
            offset = offset.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        Ok(hasher.finalize())
    }

    /// The bytes of a member that is read once, verified, and at most `limit` of them.
    pub(in crate::codec::read) fn read_member(
        &self,
        index: u32,
        limit: u64,
        limit_name: &'static str,
    ) -> Result<Vec<u8>, ReadError> {
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
            let size = self.size(index, record)?;
            let start = self.payload(index, record)?;
            self.source.read_vec(start, size).map_err(|error| self.io(index, error))?
        } else {
            self.bytes(index)?.into_owned()
        };
        let found = crc32fast::hash(&bytes);
        if record.crc != 0 && record.crc != found {
            let member = self.label(index);
            return Err(StorageError::Checksum { member, expected: record.crc, found }.into());
        }
        Ok(bytes)
    }

    /// Refuses a member whose bytes cannot be had.
    pub(super) fn check_supported(&self, index: u32, record: Record) -> Result<(), ReadError> {
        let found = match record.method {
            Method::Stored | Method::Deflated(_) => return Ok(()),
            Method::Encrypted => "encrypted".to_owned(),
            Method::Other(method) => format!("compressed with ZIP method {method}"),
        };
        Err(ReadError::Unsupported { member: self.label(index), found })
    }
}
