//! Filling the memory of leaves from storages, on several threads.

use std::sync::Mutex;

use crate::parallel;
use crate::tensor::{StorageError, TensorView};

/// What one thread copies at a time: large enough that taking it costs nothing, small enough that
/// the threads finish together.
const PIECE: usize = 4 << 20;

/// A run of a leaf's memory, to be filled from a storage.
pub(super) struct Piece<'a> {
    leaf: usize,
    memory: &'a mut [u8],
    source: &'a TensorView<'a>,
    /// Where the piece begins within the storage.
    offset: usize,
}

/// Cuts the memory of a leaf into pieces; `source` is contiguous and as large.
pub(super) fn pieces<'a>(
    leaf: usize,
    memory: &'a mut [u8],
    source: &'a TensorView<'a>,
) -> impl Iterator<Item = Piece<'a>> {
    let start = source.storage_offset() * source.dtype().size();
    memory.chunks_mut(PIECE).enumerate().map(move |(nth, memory)| Piece {
        leaf,
        memory,
        source,
        offset: start + nth * PIECE,
    })
}

/// Fills the pieces from their storages, on several threads where there is much to copy; the first
/// failure of each leaf that had one.
pub(super) fn fill(pieces: Vec<Piece<'_>>) -> Vec<(usize, StorageError)> {
    let nbytes = pieces.iter().map(|piece| piece.memory.len()).sum();
    let threads = parallel::threads_for(nbytes);
    let (queue, failed) = (Mutex::new(pieces.into_iter()), Mutex::new(Vec::new()));
    parallel::run(threads, || {
        loop {
            let piece = queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
            let Some(Piece { leaf, memory, source, offset }) = piece else { break };
            if let Err(error) = source.storage().read_at(offset, memory) {
                failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((leaf, error));
            }
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    failed.sort_by_key(|(leaf, _)| *leaf);
    failed.dedup_by_key(|(leaf, _)| *leaf);
    failed
}
