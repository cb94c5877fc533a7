//! Saving a live model: its tensors stream into the file, without a state dict in between.

use std::path::Path;

use crate::codec::write::outline::{Entry, Outline};
use crate::codec::write::source::{Sink, Source, SourceError};
use crate::codec::write::{self, WriteOptions};
use crate::collect::{self, CollectError};
use crate::error::Error;
use crate::load::KeyList;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::traits::TensorError;
use crate::visit::{ModelErrors, StateDict, TensorRef, walk_saving};

/// The elements of a leaf of a model.
struct Live<'a>(TensorRef<'a>);

impl Source for Live<'_> {
    fn nbytes(&self) -> usize {
        // Too large to be in memory is too large to exist: the model holds it.
        let numel = self.0.shape().numel();
        numel.and_then(|numel| self.0.dtype().nbytes(numel)).unwrap_or(usize::MAX)
    }

    fn stream(&self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        if let Some(bytes) = self.0.host_bytes() {
            return sink(bytes);
        }
        let mut sink = |piece: &[u8]| sink(piece).map_err(TensorError::Library);
        self.0.with_bytes(&mut sink).map_err(SourceError::from)
    }
}

/// Writes the state dict of `model` to `path`.
pub(crate) fn save<M: StateDict + ?Sized>(
    model: &M,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), Error> {
    let mut walk = walk_saving(model);
    let has_hooks = walk.infos.iter().any(|info| info.post_save().is_some());
    if has_hooks || !walk.extras.is_empty() || options.writes_safetensors(Some(path)) {
        // What the hooks change is a state dict, so there must be one; and extra states are values of
        // any kind, for which the stream of tensors has no place. The stream is in PyTorch's format.
        let map = collect::of_walk(walk)?;
        return Ok(write::save_map(&map, path, options)?);
    }
    let names = walk.names().map_err(|problems| CollectError::Model(ModelErrors(problems)))?;
    let mut metadata = Metadata::default();
    let mut speller = walk.keys.speller();
    for name in names.modules {
        let record = ModuleMetadata::with_version(walk.info(name.id).version());
        metadata.insert(speller.spell(name.key), record);
    }
    let mut outline = Outline::with_capacity(names.leaves.len());
    // The storage of each leaf, once it has been added. Leaves of one storage have been made one.
    let mut of_leaf: Vec<Option<usize>> = vec![None; walk.leaves.len()];
    let mut keys = KeyList::with_capacity(names.leaves.len());
    names.leaves.iter().for_each(|name| keys.push(speller.spell(name.key)));
    for (name, key) in names.leaves.iter().zip(keys.iter()) {
        let leaf = &walk.leaves[name.id];
        if !leaf.kind.is_persistent() {
            continue;
        }
        let storage = *of_leaf[name.index()].get_or_insert_with(|| {
            outline.storage(leaf.tensor.location(), Live(leaf.tensor.clone()))
        });
        let (dtype, shape) = (leaf.tensor.dtype(), leaf.tensor.shape());
        outline.entry(Entry::row_major(key, dtype, shape, storage))?;
    }
    outline.set_metadata(Some(&metadata));
    Ok(write::save_model(&outline, path, options)?)
}
