//! Saving a live model: its tensors stream into the file, without a copy of them in between.

use std::path::Path;

use crate::codec::write::{self, Sink, SourceError, WriteOptions};
use crate::collect;
use crate::error::Error;
use crate::leaf::TensorError;
use crate::visit::{StateDict, TensorRef, walk_saving};

/// Writes the state dict of `model` to `path`.
pub(crate) fn save<M: StateDict + ?Sized>(
    model: &M,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), Error> {
    let walk = walk_saving(model);
    let has_hooks = walk.infos.iter().any(|info| info.post_save().is_some());
    if has_hooks || !walk.extras.is_empty() || options.writes_safetensors(Some(path)) {
        // What the hooks change is a state dict, so it must have its elements; and extra states are values of
        // any kind, for which the stream of tensors has no place. The stream is in PyTorch's format.
        return Ok(write::save_map(&collect::of_walk(walk)?, path, options)?);
    }
    let (map, leaves) = collect::without_elements(walk)?;
    let bytes = |index: u32, sink: &mut Sink<'_>| stream(&leaves[index as usize], sink);
    Ok(write::save_live(&map, &bytes, path, options)?)
}

/// Hands over the elements of a leaf.
fn stream(leaf: &TensorRef<'_>, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    if let Some(bytes) = leaf.host_bytes() {
        return sink(bytes);
    }
    let mut sink = |piece: &[u8]| sink(piece).map_err(TensorError::Library);
    leaf.with_bytes(&mut sink).map_err(SourceError::from)
}
