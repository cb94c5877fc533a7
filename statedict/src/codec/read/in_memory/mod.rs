//! Reading all storages of a file into memory at once, and checking them on the way.
//!
//! Every byte is copied once, from the system's cache of the file into its place, and hashed while it
//! is in the processor's cache. The file is read from front to back, whatever the order of the keys.

mod filling;
mod layout;
mod place;

use std::borrow::Cow;
use std::sync::Arc;

use crate::codec::read::aligned_buffer::AlignedBuffer;
use crate::codec::read::error::ReadError;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;
use crate::tensor::{StorageError, Storages};
pub(super) use filling::swap;
use layout::Layout;
pub(super) use place::Place;

/// Storages that are in a file.
pub(super) trait FileStorages: Storages {
    fn source(&self) -> &Source;

    /// The storages that are in use.
    fn places(&self) -> Vec<Place>;

    /// How many bytes of a place it takes to see where the storage starts.
    fn header_len(&self) -> usize {
        0
    }

    /// Returns the start of the storage within the place, of which these are the first bytes.
    fn start(&self, place: &Place, head: &[u8]) -> Result<usize, StorageError> {
        let _ = (place, head);
        Ok(0)
    }

    /// The CRC-32 of the storage's bytes, if one came with them.
    fn checksum(&self, index: u32) -> Option<u32> {
        let _ = index;
        None
    }

    /// The width of what has to be swapped to be little-endian.
    fn swapped(&self, index: u32) -> usize {
        let _ = index;
        1
    }

    /// Returns the name of a storage in messages.
    fn label(&self, index: u32) -> String;
}

/// The storages as they are, or read, as the options say.
pub(super) fn settle<S: FileStorages + 'static>(
    storages: S,
    options: &ReadOptions,
) -> Result<Arc<dyn Storages>, ReadError> {
    if !options.in_memory {
        return Ok(Arc::new(storages));
    }
    Ok(Arc::new(read(&storages, options)?))
}

fn read<S: FileStorages>(storages: &S, options: &ReadOptions) -> Result<InMemory, ReadError> {
    let name = storages.source().name();
    let mut plain = storages.places();
    let compressed: Vec<Place> = plain.iter().filter(|place| !place.is_plain).copied().collect();
    if !compressed.is_empty() {
        plain.retain(|place| place.is_plain);
    }
    // What is not compressed is no more than the file has: where two places share bytes, one piece of
    // memory serves both.
    let needed = compressed.iter().map(|place| u64::try_from(place.nbytes).unwrap_or(u64::MAX));
    let needed = needed.fold(0, u64::saturating_add);
    let allowed = options.limits.for_file(storages.source().len()).inflated_bytes;
    if needed > allowed {
        let what = format!("all compressed storages of `{name}`");
        return Err(ReadError::Limit { what, limit: "inflated_bytes", allowed, needed });
    }
    let layout = Layout::new(plain);
    let mut buffer = AlignedBuffer::new(layout.len())
        .map_err(|source| ReadError::Io { file: name.to_owned(), source })?;
    filling::fill(storages, &layout, buffer.bytes_mut())?;
    let mut all =
        InMemory { buffer, slots: Vec::new(), expanded: Vec::new(), locations: Vec::new() };
    for (place, offset) in layout.places() {
        all.add(storages, place, offset);
    }
    for place in &compressed {
        storages.verify(place.index)?;
        let bytes = storages.bytes(place.index)?.into_owned();
        all.add(storages, place, EXPANDED);
        all.expanded.push((place.index, bytes));
    }
    all.expanded.sort_unstable_by_key(|(index, _)| *index);
    Ok(all)
}

/// The place of a storage in the buffer.
#[derive(Clone, Copy, Default)]
struct Slot {
    offset: usize,
    nbytes: usize,
    location: u32,
}

/// The offset of storages that are not in the buffer: of those that were compressed.
const EXPANDED: usize = usize::MAX;

/// All storages of a file, in memory.
struct InMemory {
    buffer: AlignedBuffer,
    slots: Vec<Slot>,
    /// The storages that were compressed, each by itself, by its index.
    expanded: Vec<(u32, Vec<u8>)>,
    locations: Vec<String>,
}

impl InMemory {
    fn add<S: FileStorages>(&mut self, storages: &S, place: &Place, offset: usize) {
        let location = self.location_number(storages.location(place.index));
        let index = place.index as usize;
        if self.slots.len() <= index {
            self.slots.resize(index.saturating_add(1), Slot::default());
        }
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot { offset, nbytes: place.nbytes, location };
        }
    }

    fn location_number(&mut self, location: &str) -> u32 {
        // A file has few, and nearly always the same as the storage before.
        let known = self.locations.iter().rposition(|known| known == location);
        let number = known.unwrap_or_else(|| {
            self.locations.push(location.to_owned());
            self.locations.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn slot(&self, index: u32) -> Slot {
        self.slots.get(index as usize).copied().unwrap_or_default()
    }
}

impl Storages for InMemory {
    fn nbytes(&self, index: u32) -> usize {
        self.slot(index).nbytes
    }

    fn location(&self, index: u32) -> &str {
        self.locations.get(self.slot(index).location as usize).map_or("cpu", String::as_str)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let Slot { offset, nbytes, .. } = self.slot(index);
        if offset == EXPANDED {
            let found = self.expanded.binary_search_by_key(&index, |(index, _)| *index).ok();
            let bytes = found.and_then(|found| self.expanded.get(found));
            return Ok(Cow::Borrowed(bytes.map_or(&[], |(_, bytes)| bytes)));
        }
        Ok(Cow::Borrowed(self.buffer.get(offset, nbytes)))
    }

    fn reads_parts(&self, _: u32) -> bool {
        true
    }

    fn keep(self: Arc<Self>) -> Option<Arc<dyn Storages>> {
        Some(self)
    }
}
