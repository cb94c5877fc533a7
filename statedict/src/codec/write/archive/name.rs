//! The names of an archive's records.

use crate::codec::write::decimal::{Decimal, decimal_len};

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

    /// The length of the name, without the root.
    #[inline]
    pub(super) fn len(self) -> usize {
        let digits = if let RecordName::Storage(number) = self { decimal_len(number) } else { 0 };
        self.stem().len() + digits
    }
}

/// Spells names below a root, those of successive storages without a division.
pub(super) struct Spelling {
    /// The prefix of each name.
    root: Vec<u8>,
    /// The prefix of the number of a storage.
    storage: Vec<u8>,
    decimal: Decimal,
}

impl Spelling {
    /// Names with the root before them.
    pub(super) fn below(root: &str) -> Self {
        let mut before = root.as_bytes().to_vec();
        before.push(b'/');
        Spelling::after(before)
    }

    /// Names by themselves.
    pub(super) fn without_root() -> Self {
        Spelling::after(Vec::new())
    }

    fn after(root: Vec<u8>) -> Self {
        let mut storage = root.clone();
        storage.extend_from_slice(RecordName::Storage(0).stem().as_bytes());
        Spelling { root, storage, decimal: Decimal::new() }
    }

    /// Appends a name.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Vec<u8>, name: RecordName) {
        if let RecordName::Storage(number) = name {
            out.extend_from_slice(&self.storage);
            out.extend_from_slice(self.decimal.of(number));
        } else {
            out.extend_from_slice(&self.root);
            out.extend_from_slice(name.stem().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_names_are_those_written() {
        let mut names = Spelling::without_root();
        for number in [0, 9, 10, 99, 100, 999_999, 1_000_000] {
            let mut out = Vec::new();
            names.push(&mut out, RecordName::Storage(number));
            assert_eq!(out, format!("data/{number}").into_bytes());
            assert_eq!(RecordName::Storage(number).len(), out.len());
        }
        let mut out = Vec::new();
        Spelling::below("a").push(&mut out, RecordName::Pickle);
        assert_eq!(out, b"a/data.pkl");
    }
}
