//! Filling the memory of leaves from storages, on several threads.

use crate::parallel;
use crate::tensor::{StorageError, TensorView};

/// What one thread copies at a time: large enough that taking it costs nothing, small enough that
/// the threads finish together.
const PIECE: usize = 4 << 20;

/// A run of a leaf's memory, to be filled from a storage.
struct Piece<'a> {
    leaf: usize,
    memory: &'a mut [u8],
    source: &'a TensorView<'a>,
    /// Where the piece begins within the storage.
    offset: usize,
}

/// Cuts the memory of a leaf into pieces; `source` is contiguous and as large.
fn pieces<'a>(
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

/// The leaves' memory being filled: at once, or by several threads in the end where there is much.
pub(in crate::load) struct Filling<'a> {
    threads: usize,
    /// What is left for the end.
    pieces: Vec<Piece<'a>>,
    failed: Vec<(usize, StorageError)>,
}

impl<'a> Filling<'a> {
    /// `nbytes` are to be filled in all.
    pub(in crate::load) fn of(nbytes: usize) -> Self {
        Filling { threads: parallel::threads_for(nbytes), pieces: Vec::new(), failed: Vec::new() }
    }

    /// Fills a leaf's memory, now or in the end.
    pub(in crate::load) fn add(
        &mut self,
        leaf: usize,
        memory: &'a mut [u8],
        source: &'a TensorView<'a>,
    ) {
        let pieces = pieces(leaf, memory, source);
        if self.threads > 1 {
            self.pieces.extend(pieces);
        } else {
            self.failed.extend(pieces.filter_map(|piece| piece.fill().err()));
        }
    }

    /// Fills what is left; the first failure of each leaf that had one.
    pub(in crate::load) fn finish(self) -> Vec<(usize, StorageError)> {
        let Filling { threads, pieces, mut failed } = self;
        if !pieces.is_empty() {
            let fill = |(): &mut (), piece: Piece<'_>| piece.fill();
            failed.extend(parallel::each(threads, pieces.into_iter(), fill));
        }
        failed.sort_by_key(|(leaf, _)| *leaf);
        failed.dedup_by_key(|(leaf, _)| *leaf);
        failed
    }
}

impl Piece<'_> {
    /// Fills it from its storage; an error is the leaf and the cause.
    fn fill(self) -> Result<(), (usize, StorageError)> {
        let Piece { leaf, memory, source, offset } = self;
        source.storage().read_at(offset, memory).map_err(|error| (leaf, error))
    }
}
