//! Where a storage is in its file.

/// The place of a storage in its file.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec::read) struct Place {
    /// Its index in the set.
    pub(in crate::codec::read) index: u32,
    /// Its start, its header included if it has one.
    pub(in crate::codec::read) at: u64,
    /// The end of what belongs to it.
    pub(in crate::codec::read) end: u64,
    pub(in crate::codec::read) nbytes: usize,
    /// `true` if its bytes are in the file as they are; otherwise they have to be expanded.
    pub(in crate::codec::read) is_plain: bool,
}
