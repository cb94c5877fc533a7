//! Filling the memory of leaves from storages, on several threads.

use foldhash::{HashMap, HashMapExt};

use crate::nontemporal_copy;
use crate::parallel;
use crate::tensor::{StorageError, TensorView};

/// The number of bytes that one thread copies at a time: large enough that taking it costs nothing, small enough that
/// the threads finish together.
const PIECE: usize = 4 << 20;

/// A run of a leaf's memory, to be filled from a storage.
struct Piece<'a> {
    leaf: usize,
    memory: &'a mut [u8],
    source: &'a TensorView<'a>,
    /// The place in the storage where the piece begins.
    offset: usize,
}

/// The work of one thread at a time.
enum Job<'a> {
    One(Piece<'a>),
    /// All leaves that are cut out of one storage, which can only be read as a whole.
    Cut(Vec<Piece<'a>>),
}

/// Cuts the memory of a leaf into pieces of this size; `source` is contiguous and as large.
fn pieces<'a>(
    leaf: usize,
    memory: &'a mut [u8],
    source: &'a TensorView<'a>,
    size: usize,
) -> impl Iterator<Item = Piece<'a>> {
    let start = source.storage_offset() * source.dtype().size();
    memory.chunks_mut(size).enumerate().map(move |(nth, memory)| Piece {
        leaf,
        memory,
        source,
        offset: start + nth * size,
    })
}

/// The leaves' memory being filled: at once, or by several threads in the end where there is much.
pub(super) struct Filling<'a> {
    threads: usize,
    /// The work that is left for the end.
    jobs: Vec<Job<'a>>,
    /// The place among these of each storage of which several leaves may be parts.
    cut: HashMap<(usize, u32), usize>,
    failed: Failed,
}

/// The leaves that were not filled.
#[derive(Default)]
pub(super) struct Failed {
    /// Of each leaf the first failure; of several leaves that needed the same, one.
    pub(super) errors: Vec<(usize, StorageError)>,
    /// The numbers of all.
    pub(super) leaves: Vec<usize>,
}

impl<'a> Filling<'a> {
    /// `nbytes` are to be filled in all.
    pub(super) fn of(nbytes: usize) -> Self {
        Filling {
            threads: parallel::threads_for(nbytes),
            jobs: Vec::new(),
            cut: HashMap::new(),
            failed: Failed::default(),
        }
    }

    /// Fills a leaf's memory, now or in the end.
    pub(super) fn add(&mut self, leaf: usize, memory: &'a mut [u8], source: &'a TensorView<'a>) {
        let storage = source.storage();
        let in_parts = storage.reads_parts();
        let pieces = pieces(leaf, memory, source, if in_parts { PIECE } else { usize::MAX });
        if !in_parts && storage.nbytes() > source.nbytes() {
            let next = self.jobs.len();
            let job = *self.cut.entry(storage.identity()).or_insert(next);
            match self.jobs.get_mut(job) {
                Some(Job::Cut(cut)) => cut.extend(pieces),
                _ => self.jobs.push(Job::Cut(pieces.collect())),
            }
        } else if self.threads > 1 {
            self.jobs.extend(pieces.map(Job::One));
        } else {
            pieces.filter_map(|piece| piece.fill().err()).for_each(|more| self.failed.note(more));
        }
    }

    /// Fills what is left.
    pub(super) fn finish(self) -> Failed {
        let Filling { threads, jobs, mut failed, .. } = self;
        if !jobs.is_empty() {
            let run = |(): &mut (), job: Job<'_>| job.run();
            let failures = parallel::each(threads, jobs.into_iter(), run);
            failures.into_iter().for_each(|failure| failed.note(failure));
        }
        failed.errors.sort_by_key(|(leaf, _)| *leaf);
        failed.errors.dedup_by_key(|(leaf, _)| *leaf);
        failed.leaves.sort_unstable();
        failed.leaves.dedup();
        failed
    }
}

impl Failed {
    fn note(&mut self, more: Failed) {
        self.errors.extend(more.errors);
        self.leaves.extend(more.leaves);
    }

    fn of(leaf: usize, error: StorageError) -> Self {
        Failed { errors: vec![(leaf, error)], leaves: vec![leaf] }
    }
}

impl Job<'_> {
    fn run(self) -> Result<(), Failed> {
        let mut cut = match self {
            Job::One(piece) => return piece.fill(),
            Job::Cut(cut) => cut,
        };
        // One leaf alone needs no second copy of the storage.
        let Some(last) = cut.pop() else { return Ok(()) };
        if cut.is_empty() {
            return last.fill();
        }
        let leaf = last.leaf;
        let bytes = match last.source.storage().bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                let leaves = cut.iter().map(|piece| piece.leaf).chain([leaf]).collect();
                return Err(Failed { errors: vec![(leaf, error)], leaves });
            }
        };
        let mut failed = Failed::default();
        for piece in cut.into_iter().chain([last]) {
            piece.fill_from(&bytes).unwrap_or_else(|more| failed.note(more));
        }
        if failed.leaves.is_empty() { Ok(()) } else { Err(failed) }
    }
}

impl Piece<'_> {
    /// Fills it from its storage.
    fn fill(self) -> Result<(), Failed> {
        let Piece { leaf, memory, source, offset } = self;
        source.storage().read_at(offset, memory).map_err(|error| Failed::of(leaf, error))
    }

    /// Fills it from all bytes of its storage.
    fn fill_from(self, bytes: &[u8]) -> Result<(), Failed> {
        let Piece { leaf, memory, offset, .. } = self;
        let part = offset.checked_add(memory.len()).and_then(|end| bytes.get(offset..end));
        let missing = || StorageError::out_of_range(offset, memory.len(), bytes.len());
        let part = part.ok_or_else(|| Failed::of(leaf, missing()))?;
        nontemporal_copy::copy(part, memory);
        Ok(())
    }
}
