//! A tensor of the state dict made into what a leaf takes, and handed to it.

use crate::dtype::DType;
use crate::leaf::{TensorError, TensorMut};
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Destination;
use crate::load::policy::DTypePolicy;
use crate::tensor::{Shape, Storage, StorageError, TensorView, cast, widening};

/// The size of the leaf's memory, where that can simply be filled with the source's bytes.
pub(in crate::load) fn plain_memory(
    leaf: &mut dyn TensorMut,
    source: &TensorView<'_>,
    options: &LoadOptions,
) -> Option<usize> {
    let plain = !options.assign
        && leaf.dtype().is_ok_and(|dtype| dtype == source.dtype())
        && source.is_contiguous()
        && !source.is_conj()
        && !source.is_neg();
    if plain { leaf.host_bytes_mut().map(|memory| memory.len()) } else { None }
}

/// Writes one tensor that needs conversion, gathering, or the library's own way.
pub(in crate::load) fn write(
    leaf: &mut dyn TensorMut,
    source: &TensorView<'_>,
    options: &LoadOptions,
) -> Result<(), TensorError> {
    let fitted = fit(leaf.dtype()?, leaf.shape(), source, options)?;
    if options.assign {
        return leaf.assign(free(fitted, options)?);
    }
    match leaf.host_bytes_mut() {
        Some(memory) => Ok(fitted.read_into(memory)?),
        None => leaf.copy_(&fitted),
    }
}

/// The source with the leaf's shape and, unless it is to be assigned, its element type; both have been
/// checked to fit.
fn fit<'s>(
    dtype: DType,
    shape: Shape,
    source: &TensorView<'s>,
    options: &LoadOptions,
) -> Result<TensorView<'s>, TensorError> {
    let dtype = if options.assign { source.dtype() } else { dtype };
    if source.dtype() == dtype && *source.shape() == shape {
        return Ok(source.clone());
    }
    let bytes = source.bytes()?;
    let converted = match options.dtype {
        _ if source.dtype() == dtype => Some(bytes.into_owned()),
        DTypePolicy::Exact => None,
        DTypePolicy::Widen => widening(source.dtype(), dtype).map(|convert| convert(&bytes)),
        DTypePolicy::Cast => cast(&bytes, source.dtype(), dtype),
    };
    let refused = TensorError::DType { expected: dtype, found: source.dtype() };
    let storage = Storage::from_bytes_at(converted.ok_or(refused)?, source.location());
    TensorView::contiguous(storage, dtype, shape, 0)
        .map_err(|error| TensorError::Library(error.into()))
}

/// Reads and converts a tensor once and for all.
pub(in crate::load) fn hold(
    leaf: &Destination<'_>,
    source: &TensorView<'_>,
    options: &LoadOptions,
) -> Result<TensorView<'static>, TensorError> {
    let dtype = leaf.dtype.unwrap_or(source.dtype());
    free(fit(dtype, leaf.shape(), source, options)?, options)
}

/// Returns the same tensor, free of what it borrows: copied, if it may not or cannot stay where it is.
fn free(tensor: TensorView<'_>, options: &LoadOptions) -> Result<TensorView<'static>, TensorError> {
    let kept = (options.assign && options.keep_mapped).then(|| tensor.keep()).flatten();
    match kept {
        Some(kept) => Ok(kept),
        None => Ok(tensor.into_owned()?),
    }
}

/// A copy of what a leaf holds.
pub(in crate::load) fn copy_of(leaf: &dyn TensorMut) -> Result<TensorView<'static>, TensorError> {
    let mut bytes = Vec::new();
    match leaf.host_bytes() {
        Some(memory) => bytes.extend_from_slice(memory),
        None => leaf.with_bytes(&mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?,
    }
    TensorView::from_bytes(bytes, leaf.dtype()?, leaf.shape())
        .map_err(|error| TensorError::Library(error.into()))
}

/// Says that a leaf's memory is not as large as its tensor.
pub(in crate::load) fn wrong_memory(memory: usize, tensor: usize) -> TensorError {
    StorageError::out_of_range(0, memory, tensor).into()
}
