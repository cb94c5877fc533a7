//! One record of an archive, and how long what surrounds its content is.

use crate::codec::write::archive::name::RecordName;

/// The fixed part of a local header.
pub(super) const LOCAL_HEADER: u64 = 30;
/// The length of what precedes the padding: its field's id and length.
pub(super) const PADDING_HEADER: u64 = 4;
/// The end of the directory: the zip64 end, its locator and the classic end.
pub(super) const END: u64 = 56 + 20 + 22;

const DIRECTORY_HEADER: u64 = 46;
/// One record of the archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) name: RecordName,
    /// The size of the content.
    pub(super) size: u64,
    /// The start of its header.
    pub(super) header_at: u64,
    /// The length of the name, the root included.
    pub(super) name_len: u16,
    /// How many bytes of padding align the content.
    pub(super) padding: u16,
}

impl Record {
    /// Returns `true` if the size or the place does not fit 32 bits.
    #[inline]
    pub(super) fn is_zip64(&self) -> bool {
        self.has_large_size() || self.has_large_offset()
    }

    #[inline]
    pub(super) fn has_large_size(&self) -> bool {
        self.size >= u64::from(u32::MAX)
    }

    #[inline]
    pub(super) fn has_large_offset(&self) -> bool {
        self.header_at >= u64::from(u32::MAX)
    }

    /// Returns the start of the content.
    #[inline]
    pub(super) fn content_at(&self) -> u64 {
        self.header_at
            + LOCAL_HEADER
            + u64::from(self.name_len)
            + zip64_extra_len(self)
            + PADDING_HEADER
            + u64::from(self.padding)
    }

    /// Returns the end of what follows the content.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        // What is too large for it is refused before anything comes after it.
        (self.content_at() + descriptor_len(self)).saturating_add(self.size)
    }
}

/// The zip64 field of a header, its id and length included.
#[inline]
pub(super) fn zip64_extra_len(record: &Record) -> u64 {
    match (record.has_large_size(), record.has_large_offset()) {
        (false, false) => 0,
        (false, true) => 12,
        (true, false) => 20,
        (true, true) => 28,
    }
}

/// Returns the length of what follows the content; nothing follows an empty one.
#[inline]
pub(super) fn descriptor_len(record: &Record) -> u64 {
    match (record.size, record.is_zip64()) {
        (0, _) => 0,
        (_, false) => 16,
        (_, true) => 24,
    }
}

#[inline]
pub(super) fn directory_entry_len(record: &Record) -> u64 {
    DIRECTORY_HEADER + u64::from(record.name_len) + zip64_extra_len(record)
}
