//! A live model's state dict: keys to tensors that borrow the model.

use std::borrow::Cow;
use std::sync::Arc;

use crate::load::run_on_modules;
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::migration::MigrateError;
use crate::tensor::{Storage, StorageError, Storages, TensorView};
use crate::traits::{StateDict, TensorError};
use crate::value::SharedValue;
use crate::visit::{Elements, MigrateStep, ModelError, Name, TensorRef, Walk, walk_saving};

/// The storages of a live model: one for each distinct leaf.
struct LiveStorages<'a> {
    storages: Vec<Live<'a>>,
}

/// The elements of one leaf.
struct Live<'a> {
    bytes: Elements<'a>,
    location: Cow<'a, str>,
}

impl Storages for LiveStorages<'_> {
    fn nbytes(&self, index: u32) -> usize {
        self.get(index).map_or(0, |live| live.bytes.len())
    }

    fn location(&self, index: u32) -> &str {
        self.get(index).map_or("cpu", |live| &live.location)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let live = self.get(index).ok_or_else(|| StorageError::out_of_range(0, 0, 0))?;
        Ok(Cow::Borrowed(&live.bytes))
    }
}

impl<'a> LiveStorages<'a> {
    fn get(&self, index: u32) -> Option<&Live<'a>> {
        self.storages.get(usize::try_from(index).ok()?)
    }
}

/// Why a model has no state dict.
#[non_exhaustive]
#[derive(Debug)]
pub enum CollectError {
    /// What is wrong with the model's names.
    Model(Vec<ModelError>),
    /// A leaf could not give its elements.
    Tensor {
        /// Its key.
        key: String,
        /// The cause.
        source: TensorError,
    },
    /// An extra state cannot be saved.
    ExtraState {
        /// Its key.
        key: String,
        /// The cause.
        source: StorageError,
    },
    /// A module's `post_save` hook failed.
    PostSave {
        /// The module's path; empty for the root.
        module: String,
        /// The cause.
        source: Box<MigrateError>,
    },
}

impl std::fmt::Display for CollectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CollectError::Model(problems) => {
                let mut lines = problems.iter();
                if let Some(first) = lines.next() {
                    write!(f, "{first}")?;
                }
                lines.try_for_each(|problem| write!(f, "\n{problem}"))
            }
            CollectError::Tensor { key, source } => write!(f, "cannot read `{key}`: {source}"),
            CollectError::ExtraState { key, source } => write!(f, "cannot save `{key}`: {source}"),
            CollectError::PostSave { module, source } => {
                let at = if module.is_empty() { "the model" } else { module };
                write!(f, "`post_save` of {at}: {source}")
            }
        }
    }
}

impl std::error::Error for CollectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CollectError::Model(problems) => problems.first().map(|problem| problem as _),
            CollectError::Tensor { source, .. } => source.source(),
            CollectError::ExtraState { source, .. } => source.source(),
            CollectError::PostSave { source, .. } => source.source(),
        }
    }
}

/// The state dict of `model`: its tensors borrowed where they lie in memory, copied where not.
pub(crate) fn state_dict<M: StateDict + ?Sized>(model: &M) -> Result<StateMap<'_>, CollectError> {
    of_walk(walk_saving(model))
}

/// The state dict of a model that has been walked for it.
pub(crate) fn of_walk(mut walk: Walk<TensorRef<'_>>) -> Result<StateMap<'_>, CollectError> {
    let names = walk.names().map_err(CollectError::Model)?;
    let extras = std::mem::take(&mut walk.extras).into_iter().map(|extra| {
        let refused = |source| CollectError::ExtraState { key: walk.keys.spell(extra.key), source };
        extra.value.transpose().map_err(refused)
    });
    let values: Vec<Option<SharedValue>> = extras.collect::<Result<_, _>>()?;
    let mut storages = Vec::with_capacity(walk.leaves.len());
    // For each leaf its storage. Leaves of one storage have been made one already; a buffer that is
    // not persistent has none.
    let mut storage_of: Vec<Option<u32>> = vec![None; walk.leaves.len()];
    for name in &names.leaves {
        let Some((leaf, slot)) =
            walk.leaves.get(name.index()).zip(storage_of.get_mut(name.index()))
        else {
            continue;
        };
        if slot.is_some() || !leaf.kind.is_persistent() {
            continue;
        }
        let key = || walk.keys.spell(leaf.key);
        let too_many = || error(key(), TensorError::Library("too many tensors".into()));
        let index = u32::try_from(storages.len()).map_err(|_| too_many())?;
        let bytes = leaf.tensor.elements().map_err(|source| error(key(), source))?;
        storages.push(Live { bytes, location: leaf.tensor.place() });
        *slot = Some(index);
    }
    let set: Arc<dyn Storages + '_> = Arc::new(LiveStorages { storages });
    let mut map = StateMap::with_capacity(names.leaves.len());
    let mut extras = names.extras.iter().peekable();
    let (mut speller, mut paths) = (walk.keys.speller(), walk.keys.speller());
    for (position, name) in names.leaves.into_iter().enumerate() {
        while let Some(extra) = extras.next_if(|extra| extra.position <= position) {
            put_extra(&mut map, &values, (&extra.name, paths.spell(extra.name.key)))?;
        }
        let Some((leaf, index)) =
            walk.leaves.get(name.index()).zip(storage_of.get(name.index()).copied().flatten())
        else {
            continue;
        };
        let storage = Storage::new(Arc::clone(&set), index);
        let view = TensorView::contiguous(storage, leaf.tensor.dtype(), leaf.tensor.shape(), 0)
            .map_err(|source| {
                error(walk.keys.spell(name.key), TensorError::Library(source.into()))
            })?;
        map.insert(speller.spell(name.key), view);
    }
    extras.try_for_each(|extra| {
        put_extra(&mut map, &values, (&extra.name, paths.spell(extra.name.key)))
    })?;
    let steps: Vec<(String, MigrateStep)> = names
        .modules
        .iter()
        .filter_map(|name| {
            let step = walk.info(name.index())?.post_save()?;
            Some((walk.keys.spell(name.key), step))
        })
        .collect();
    let mut metadata = Metadata::default();
    for name in names.modules {
        if let Some(info) = walk.info(name.index()) {
            let record = ModuleMetadata::with_version(info.version());
            metadata.insert(paths.spell(name.key), record);
        }
    }
    *map.metadata_mut() = Some(metadata);
    if steps.is_empty() {
        return Ok(map);
    }
    // The order is a module before those below it; hooks run the other way round, as in PyTorch.
    run_on_modules(&map, steps.iter().rev().map(|(path, step)| (path.as_str(), *step)))
        .map_err(|(module, source)| CollectError::PostSave { module, source })
}

/// Puts an extra state under one of its names. One that is a tensor is a tensor of the map, as in a file.
fn put_extra(
    map: &mut StateMap<'_>,
    values: &[Option<SharedValue>],
    (name, key): (&Name, &str),
) -> Result<(), CollectError> {
    let refused = |source| CollectError::ExtraState { key: key.to_owned(), source };
    let Some(Some(value)) = values.get(name.index()) else { return Ok(()) };
    // PyTorch asks the module for each of its names, and gets another object each time.
    let value = match name.alias {
        true => value.copied().map_err(refused)?,
        false => value.clone(),
    };
    match value.tensor() {
        Some(tensor) => drop(map.insert(key, tensor)),
        None => drop(map.insert_value(key, value)),
    }
    Ok(())
}

fn error(key: String, source: TensorError) -> CollectError {
    CollectError::Tensor { key, source }
}
