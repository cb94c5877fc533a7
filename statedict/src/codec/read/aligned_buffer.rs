//! Aligned memory for what is read of a file.

use std::io;

#[cfg(any(feature = "mmap", test))]
use crate::huge_pages::HUGE_PAGE;

/// From here on memory comes straight from the system, in huge pages where it gives them.
#[cfg(feature = "mmap")]
const LARGE: usize = 2 * HUGE_PAGE;

/// The alignment of storages: PyTorch's own, and that of a cache line.
pub(super) const ALIGNMENT: usize = 64;

/// Memory that is filled once and then shared.
///
/// Filling fresh memory costs more than the copying: the system clears it page by page, and each page
/// of 4 KiB is a fault of its own. One run of memory in pages of 2 MiB has a five-hundredth of them,
/// which no number of separate allocations would.
pub(super) struct AlignedBuffer {
    memory: Memory,
    /// How much of the memory comes before the aligned part that is used.
    start: usize,
    len: usize,
}

enum Memory {
    #[cfg(feature = "mmap")]
    Mapped(memmap2::MmapMut),
    Heap(Vec<u8>),
}

impl Memory {
    fn bytes(&self) -> &[u8] {
        match self {
            #[cfg(feature = "mmap")]
            Memory::Mapped(map) => map,
            Memory::Heap(bytes) => bytes,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            #[cfg(feature = "mmap")]
            Memory::Mapped(map) => map,
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl AlignedBuffer {
    /// Zeros, `len` of them.
    pub(super) fn new(len: usize) -> io::Result<Self> {
        #[cfg(feature = "mmap")]
        if len >= LARGE {
            return AlignedBuffer::mapped(len);
        }
        let mut bytes = Vec::new();
        let room = len.checked_add(ALIGNMENT).ok_or(io::ErrorKind::OutOfMemory)?;
        bytes.try_reserve_exact(room)?;
        bytes.resize(room, 0);
        Ok(AlignedBuffer::aligned(Memory::Heap(bytes), len, ALIGNMENT))
    }

    #[cfg(feature = "mmap")]
    fn mapped(len: usize) -> io::Result<Self> {
        // Room to start at the first page; what is never touched takes no memory.
        let room = len.checked_add(HUGE_PAGE).ok_or(io::ErrorKind::OutOfMemory)?;
        let map = memmap2::MmapOptions::new().len(room).map_anon()?;
        // A wish: where it is not granted the pages are small, and all else is the same.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(AlignedBuffer::aligned(Memory::Mapped(map), len, HUGE_PAGE))
    }

    fn aligned(memory: Memory, len: usize, alignment: usize) -> Self {
        let address = memory.bytes().as_ptr().addr();
        let start = address.next_multiple_of(alignment) - address;
        AlignedBuffer { memory, start, len }
    }

    /// A part of it; empty where it has no such part.
    pub(super) fn get(&self, offset: usize, len: usize) -> &[u8] {
        self.as_ref().get(offset..offset.saturating_add(len)).unwrap_or_default()
    }

    /// All of it, to be filled.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        let used = self.memory.bytes_mut().get_mut(self.start..);
        used.and_then(|used| used.get_mut(..self.len)).unwrap_or_default()
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        let used = self.memory.bytes().get(self.start..).and_then(|used| used.get(..self.len));
        used.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_and_zero_whatever_its_size() {
        for len in [0, 1, 63, 4096, HUGE_PAGE, 3 * HUGE_PAGE, 3 * HUGE_PAGE + 1] {
            let mut buffer = AlignedBuffer::new(len).unwrap();
            assert_eq!(buffer.bytes_mut().len(), len);
            let bytes = buffer.get(0, len);
            assert!(bytes.len() == len && bytes.iter().all(|&byte| byte == 0));
            assert!(len == 0 || bytes.as_ptr().addr().is_multiple_of(ALIGNMENT));
        }
    }

    #[test]
    fn what_it_does_not_have_is_empty() {
        let buffer = AlignedBuffer::new(100).unwrap();
        assert!(buffer.get(90, 11).is_empty());
        assert!(buffer.get(usize::MAX, 2).is_empty());
        assert_eq!(buffer.get(90, 10).len(), 10);
    }
}
