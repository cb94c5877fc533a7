//! Writing the model, once everything has been checked.

use std::sync::Mutex;

use crate::dtype::DType;
use crate::load::error::LoadProblem;
use crate::load::matching::Match;
use crate::load::plan::Plan;
use crate::parallel;
use crate::tensor::{Shape, StorageError, TensorView, widening};
use crate::traits::{StateDict, TensorError, TensorMut};
use crate::visit::{Leaf, ModelError, Slot, Walk, walk_mut, walk_writing};

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

/// Copies every source into its leaf.
pub(crate) fn commit<M: StateDict + ?Sized>(
    model: &mut M,
    plan: &Plan,
    found: &Match<'_, '_>,
) -> Result<(), Vec<LoadProblem>> {
    let walk = walk_mut(model);
    same_model(plan, &walk)?;
    // What is behind a lock can be written only in a walk of its own, now that all has been checked.
    if walk.leaves.iter().any(|leaf| matches!(leaf.tensor, Slot::Locked(..))) {
        drop(walk);
        return write_locked(model, found);
    }
    write(walk.leaves, found, 0).map_err(|problem| vec![*problem])
}

/// Writes a model of which a part is behind locks: that part first.
fn write_locked<M: StateDict + ?Sized>(
    model: &mut M,
    found: &Match<'_, '_>,
) -> Result<(), Vec<LoadProblem>> {
    let (mut written, mut problem) = (0, None);
    let walk = walk_writing(model, &mut |index, leaf| {
        let Some(source) = found.sources.get(index).copied().flatten() else { return };
        if problem.is_none() {
            match copy_one(leaf, source.tensor) {
                Ok(()) => written += 1,
                Err(error) => problem = Some(failed(source.key, error, written)),
            }
        }
    });
    if let Some(problem) = problem {
        return Err(vec![*problem]);
    }
    // Another thread has taken a lock since it was checked.
    if let Some(gone) = walk.problems().first() {
        let error = TensorError::Library(gone.to_string().into());
        return Err(vec![*failed("", error, written)]);
    }
    write(walk.leaves, found, written).map_err(|problem| vec![*problem])
}

/// Writes the leaves that can be held together.
fn write(
    leaves: Vec<Leaf<Slot<'_>>>,
    found: &Match<'_, '_>,
    mut written: usize,
) -> Result<(), Box<LoadProblem>> {
    let mut pieces = Vec::new();
    let mut leaves: Vec<(usize, &mut dyn TensorMut)> = leaves
        .into_iter()
        .enumerate()
        .filter_map(|(index, leaf)| match leaf.tensor {
            Slot::Borrowed(tensor) => Some((index, tensor)),
            Slot::Locked(..) => None,
        })
        .collect();
    // What can fail in a library comes first: where the first one fails, nothing is written yet.
    for (index, leaf) in &mut leaves {
        let Some(source) = found.sources.get(*index).copied().flatten() else { continue };
        if source.tensor.dtype() == leaf.dtype()
            && source.tensor.is_contiguous()
            && !source.tensor.is_conj()
            && !source.tensor.is_neg()
            && leaf.host_bytes_mut().is_some()
        {
            continue;
        }
        copy_one(&mut **leaf, source.tensor).map_err(|error| failed(source.key, error, written))?;
        written += 1;
        // It is done: keep it out of the second pass.
        *index = usize::MAX;
    }
    for (index, leaf) in &mut leaves {
        let Some(source) = found.sources.get(*index).copied().flatten() else { continue };
        let Some(memory) = leaf.host_bytes_mut() else { continue };
        let start = source.tensor.storage_offset() * source.tensor.dtype().size();
        if memory.len() != source.tensor.nbytes() {
            let found = source.tensor.nbytes();
            let error = StorageError::out_of_range(0, memory.len(), found).into();
            return Err(failed(source.key, error, written));
        }
        pieces.extend(memory.chunks_mut(PIECE).enumerate().map(|(nth, memory)| Piece {
            leaf: *index,
            memory,
            source: source.tensor,
            offset: start + nth * PIECE,
        }));
    }
    copy_pieces(pieces).map_err(|(leaf, error)| {
        let source = found.sources.get(leaf).copied().flatten();
        failed(source.map_or("", |source| source.key), error.into(), written)
    })
}

fn failed(key: &str, source: TensorError, written: usize) -> Box<LoadProblem> {
    Box::new(LoadProblem::Write { key: key.to_owned(), source, written })
}

/// Fills the pieces from their storages, on several threads where there is much to copy.
fn copy_pieces(pieces: Vec<Piece<'_>>) -> Result<(), (usize, StorageError)> {
    let nbytes = pieces.iter().map(|piece| piece.memory.len()).sum();
    let threads = parallel::threads_for(nbytes);
    let (queue, failed) = (Mutex::new(pieces.into_iter()), Mutex::new(None));
    parallel::run(threads, || {
        loop {
            let piece = queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
            let Some(Piece { leaf, memory, source, offset }) = piece else { break };
            if let Err(error) = source.storage().read_at(offset, memory) {
                let mut failed = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                failed.get_or_insert((leaf, error));
            }
        }
    });
    match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Copies one tensor that needs conversion, gathering, or the library's own way.
fn copy_one(leaf: &mut dyn TensorMut, source: &TensorView<'_>) -> Result<(), TensorError> {
    let (dtype, shape) = (leaf.dtype(), leaf.shape());
    let fitted = fit(source, dtype, shape)?;
    match leaf.host_bytes_mut() {
        Some(memory) => Ok(fitted.read_into(memory)?),
        None => leaf.copy_(&fitted),
    }
}

/// The source with the destination's element type and shape; both have been checked to fit.
fn fit<'s>(
    source: &TensorView<'s>,
    dtype: DType,
    shape: Shape,
) -> Result<TensorView<'s>, TensorError> {
    if source.dtype() == dtype && *source.shape() == shape {
        return Ok(source.clone());
    }
    let bytes = source.bytes()?;
    let bytes = match widening(source.dtype(), dtype) {
        Some(convert) => convert(&bytes),
        None => bytes.into_owned(),
    };
    TensorView::from_bytes(bytes, dtype, shape).map_err(|error| TensorError::Library(error.into()))
}

/// Checks that the model shows the same leaves for writing as it did for reading, and that all of
/// them can be reached.
fn same_model(plan: &Plan, walk: &Walk<Slot<'_>>) -> Result<(), Vec<LoadProblem>> {
    if !walk.problems().is_empty() {
        return Err(walk.problems().iter().cloned().map(LoadProblem::Model).collect());
    }
    let leaves = &walk.leaves;
    let different =
        |key: &str| vec![LoadProblem::Model(ModelError::Unsteady { key: key.to_owned() })];
    if plan.leaves.len() != leaves.len() {
        return Err(different(plan.leaves.get(leaves.len()).map_or("", |leaf| &leaf.key)));
    }
    match plan.leaves.iter().zip(leaves).find(|(expected, leaf)| {
        expected.key != leaf.key
            || expected.kind != leaf.kind
            || expected.dtype != leaf.tensor.dtype()
            || expected.shape != leaf.tensor.shape()
    }) {
        Some((expected, _)) => Err(different(&expected.key)),
        None => Ok(()),
    }
}
