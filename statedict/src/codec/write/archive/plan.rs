//! Where everything in the archive goes, known before the first byte is written.

use std::path::PathBuf;

use crate::codec::write::archive::headers;
use crate::codec::write::error::WriteError;
use crate::codec::write::options::ArchiveLayout;

/// The greatest alignment: the padding must fit the 16-bit length of a header's field.
const MAX_ALIGNMENT: usize = 32_768;

/// How many storages there may be: tools for the format number records with 32 bits.
const MAX_STORAGES: u64 = u32::MAX as u64 - 16;

/// A record of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordName {
    Pickle,
    FormatVersion,
    StorageAlignment,
    ByteOrder,
    Storage(usize),
    Version,
    SerializationId,
}

impl RecordName {
    /// The name below the archive's root; a storage's number follows it.
    fn stem(self) -> &'static str {
        match self {
            RecordName::Pickle => "data.pkl",
            RecordName::FormatVersion => ".format_version",
            RecordName::StorageAlignment => ".storage_alignment",
            RecordName::ByteOrder => "byteorder",
            RecordName::Storage(_) => "data/",
            RecordName::Version => "version",
            RecordName::SerializationId => ".data/serialization_id",
        }
    }

    /// Appends the name, without the root.
    pub(super) fn push_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.stem().as_bytes());
        if let RecordName::Storage(number) = self {
            push_decimal(out, number);
        }
    }

    fn len(self) -> usize {
        let digits = match self {
            RecordName::Storage(number) => number.checked_ilog10().unwrap_or(0) as usize + 1,
            _ => 0,
        };
        self.stem().len() + digits
    }
}

fn push_decimal(out: &mut Vec<u8>, number: usize) {
    let start = out.len();
    let mut rest = number;
    loop {
        // A digit is less than 10.
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// One record of the archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) name: RecordName,
    /// The size of the content.
    pub(super) size: u64,
    /// Where its header begins.
    pub(super) header_at: u64,
    /// The length of the name, the root included.
    pub(super) name_len: u16,
    /// How many bytes of padding align the content.
    pub(super) padding: u16,
}

impl Record {
    /// Whether the size or the place does not fit 32 bits.
    pub(super) fn is_zip64(&self) -> bool {
        self.has_large_size() || self.has_large_offset()
    }

    pub(super) fn has_large_size(&self) -> bool {
        self.size >= u64::from(u32::MAX)
    }

    pub(super) fn has_large_offset(&self) -> bool {
        self.header_at >= u64::from(u32::MAX)
    }

    /// Where the content begins.
    pub(super) fn content_at(&self) -> u64 {
        self.header_at
            + headers::LOCAL_HEADER
            + u64::from(self.name_len)
            + headers::zip64_extra_len(self)
            + headers::PADDING_HEADER
            + u64::from(self.padding)
    }

    fn end(&self) -> u64 {
        self.content_at() + self.size + headers::descriptor_len(self)
    }
}

/// The records of an archive in order, each with its place.
pub(in crate::codec::write) struct Plan {
    pub(super) root: String,
    pub(super) alignment: usize,
    pub(super) records: Vec<Record>,
    pub(super) directory_at: u64,
    pub(super) directory_len: u64,
}

impl Plan {
    /// Plans an archive of a pickle and of storages of these sizes.
    pub(in crate::codec::write) fn new(
        root: String,
        layout: ArchiveLayout,
        alignment: usize,
        pickle_len: usize,
        storages: impl ExactSizeIterator<Item = u64>,
    ) -> Result<Plan, WriteError> {
        if root.is_empty() || root.contains('/') {
            return Err(WriteError::Root { name: PathBuf::from(root) });
        }
        if !(1..=MAX_ALIGNMENT).contains(&alignment) {
            return Err(WriteError::Alignment { alignment });
        }
        if storages.len() as u64 > MAX_STORAGES {
            return Err(WriteError::TooLarge { what: "the number of storages is" });
        }
        let mut plan = Plan {
            root,
            alignment,
            records: Vec::with_capacity(storages.len() + 6),
            directory_at: 0,
            directory_len: 0,
        };
        plan.push(RecordName::Pickle, pickle_len as u64)?;
        match layout {
            ArchiveLayout::Torch2_7 => {
                plan.push(RecordName::FormatVersion, 1)?;
                let digits = alignment.checked_ilog10().unwrap_or(0) + 1;
                plan.push(RecordName::StorageAlignment, u64::from(digits))?;
                plan.push(RecordName::ByteOrder, 6)?;
                for (number, size) in storages.enumerate() {
                    plan.push(RecordName::Storage(number), size)?;
                }
                plan.push(RecordName::Version, 2)?;
                plan.push(RecordName::SerializationId, 40)?;
            }
            // The old stream is no archive: this is for what has the old one.
            ArchiveLayout::Torch1_13 | ArchiveLayout::Legacy => {
                let mut sorted: Vec<(String, usize, u64)> =
                    storages.enumerate().map(|(n, size)| (n.to_string(), n, size)).collect();
                sorted.sort_unstable();
                for (_, number, size) in sorted {
                    plan.push(RecordName::Storage(number), size)?;
                }
                plan.push(RecordName::Version, 2)?;
            }
        }
        Ok(plan)
    }

    fn push(&mut self, name: RecordName, size: u64) -> Result<(), WriteError> {
        let name_len = u16::try_from(self.root.len() + 1 + name.len())
            .map_err(|_| WriteError::TooLarge { what: "the name of the archive's root is" })?;
        let mut record = Record { name, size, header_at: self.directory_at, name_len, padding: 0 };
        let alignment = self.alignment as u64;
        let padding = (alignment - record.content_at() % alignment) % alignment;
        // Less than the alignment, which fits.
        record.padding = u16::try_from(padding).unwrap_or(0);
        // Rust's memory holds less than 2^63 bytes, so no sum comes near 2^64 before this.
        if size > i64::MAX.unsigned_abs() - record.content_at() - (1 << 16) {
            return Err(WriteError::TooLarge { what: "the archive is" });
        }
        self.directory_at = record.end();
        self.directory_len += headers::directory_entry_len(&record);
        self.records.push(record);
        Ok(())
    }

    /// The size of the whole archive.
    pub(in crate::codec::write) fn len(&self) -> u64 {
        self.directory_at + self.directory_len + headers::END
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(plan: &Plan) -> Vec<u64> {
        plan.records.iter().map(Record::content_at).collect()
    }

    fn plan(alignment: usize, sizes: &[u64]) -> Plan {
        let sizes = sizes.iter().copied();
        Plan::new("archive".into(), ArchiveLayout::Torch2_7, alignment, 290, sizes).unwrap()
    }

    /// `nn.Linear(10, 10).state_dict()`, the numbers of PyTorch's own test.
    #[test]
    fn offsets_by_alignment() {
        for (alignment, first, second, len) in
            [(64, 832, 1344, 2277), (4096, 20_480, 24_576, 33_445)]
        {
            let plan = plan(alignment, &[400, 40]);
            assert_eq!(contents(&plan).get(4..6), Some([first, second].as_slice()));
            assert_eq!(plan.len(), len);
        }
        assert!(plan(1, &[400]).records.iter().all(|record| record.padding == 0));
    }

    #[test]
    fn lexicographic_order_of_the_old_layout() {
        let sizes = [4; 12].into_iter();
        let plan = Plan::new("a".into(), ArchiveLayout::Torch1_13, 64, 10, sizes).unwrap();
        let mut names = Vec::new();
        for record in &plan.records {
            record.name.push_to(&mut names);
            names.push(b' ');
        }
        assert_eq!(
            String::from_utf8(names).unwrap(),
            "data.pkl data/0 data/1 data/10 data/11 data/2 data/3 data/4 data/5 data/6 data/7 \
             data/8 data/9 version "
        );
    }

    #[test]
    fn lengths_of_names_are_those_written() {
        for number in [0, 9, 10, 99, 100, 999_999, 1_000_000] {
            let mut out = Vec::new();
            RecordName::Storage(number).push_to(&mut out);
            assert_eq!(out, format!("data/{number}").into_bytes());
            assert_eq!(RecordName::Storage(number).len(), out.len());
        }
    }

    #[test]
    fn impossible_plans() {
        let new = |root: &str, alignment, size| {
            let sizes = [size].into_iter();
            Plan::new(root.into(), ArchiveLayout::Torch2_7, alignment, 10, sizes).map(|_| ())
        };
        assert!(matches!(new("a", 0, 1), Err(WriteError::Alignment { alignment: 0 })));
        assert!(matches!(new("a", 65_536, 1), Err(WriteError::Alignment { .. })));
        assert!(matches!(new("", 64, 1), Err(WriteError::Root { .. })));
        assert!(matches!(new("a/b", 64, 1), Err(WriteError::Root { .. })));
        assert!(matches!(new(&"a".repeat(65_535), 64, 1), Err(WriteError::TooLarge { .. })));
        assert!(matches!(new("a", 64, u64::MAX), Err(WriteError::TooLarge { .. })));
        assert!(new("a", 32_768, 1).is_ok());
    }
}
