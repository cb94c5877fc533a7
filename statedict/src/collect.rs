//! A live model's state dict: keys to tensors that borrow the model.

use std::borrow::Cow;
use std::sync::Arc;

use crate::leaf::TensorError;
use crate::load::run_on_modules;
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::migration::MigrateError;
use crate::name_map::NameMapBuilder;
use crate::plain_debug::debug_is_display;
use crate::tensor::{Storage, StorageError, Storages, TensorView};
use crate::value::SharedValue;
use crate::visit::{
    Elements, ExtraId, List, MigrateStep, ModelErrors, Name, StateDict, TensorRef, Walk,
    walk_saving,
};

/// The storages of a live model: one for each distinct leaf.
struct LiveStorages<'a> {
    storages: Vec<Live<'a>>,
}

/// The elements of one leaf.
struct Live<'a> {
    elements: Held<'a>,
    location: Cow<'a, str>,
}

/// The elements of a leaf: taken from it, or left with it.
enum Held<'a> {
    Taken(Elements<'a>),
    /// So many bytes, which stay with the leaf.
    Left(usize),
}

impl Storages for LiveStorages<'_> {
    fn nbytes(&self, index: u32) -> usize {
        self.get(index).map_or(0, |live| match &live.elements {
            Held::Taken(elements) => elements.len(),
            Held::Left(nbytes) => *nbytes,
        })
    }

    fn location(&self, index: u32) -> &str {
        self.get(index).map_or("cpu", |live| &live.location)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        match self.get(index).map(|live| &live.elements) {
            Some(Held::Taken(elements)) => Ok(Cow::Borrowed(elements)),
            _ => Err(StorageError::out_of_range(0, self.nbytes(index), 0)),
        }
    }

    fn reads_parts(&self, _: u32) -> bool {
        true
    }
}

impl<'a> LiveStorages<'a> {
    fn get(&self, index: u32) -> Option<&Live<'a>> {
        self.storages.get(usize::try_from(index).ok()?)
    }
}

/// Why a model has no state dict.
#[non_exhaustive]
pub enum CollectError {
    /// The faults of the model's names.
    Model(ModelErrors),
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
            CollectError::Model(problems) => problems.fmt(f),
            CollectError::Tensor { key, source } => write!(f, "cannot read `{key}`: {source}"),
            CollectError::ExtraState { key, source } => write!(f, "cannot save `{key}`: {source}"),
            CollectError::PostSave { module, source } => {
                let at = if module.is_empty() { "the model" } else { module };
                write!(f, "`post_save` of {at}: {source}")
            }
        }
    }
}

debug_is_display!(CollectError);

impl std::error::Error for CollectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CollectError::Model(_) => None,
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
pub(crate) fn of_walk(walk: Walk<TensorRef<'_>>) -> Result<StateMap<'_>, CollectError> {
    made(walk, |tensor| tensor.elements().map(Held::Taken))
}

/// The state dict of a model without the elements of its tensors, and the leaves that have them, by the index
/// of their storage.
pub(crate) fn without_elements<'a>(
    walk: Walk<TensorRef<'a>>,
) -> Result<(StateMap<'a>, Vec<TensorRef<'a>>), CollectError> {
    let mut leaves = Vec::with_capacity(walk.leaves.len());
    let map = made(walk, |tensor| {
        // Too large to be in memory is too large to exist: the model holds it.
        let dtype = tensor.dtype()?;
        let nbytes = tensor.shape().numel().and_then(|numel| dtype.nbytes(numel));
        leaves.push(tensor.clone());
        Ok(Held::Left(nbytes.unwrap_or(usize::MAX)))
    })?;
    Ok((map, leaves))
}

fn made<'a>(
    mut walk: Walk<TensorRef<'a>>,
    mut hold: impl FnMut(&TensorRef<'a>) -> Result<Held<'a>, TensorError>,
) -> Result<StateMap<'a>, CollectError> {
    let names = walk.names().map_err(|problems| CollectError::Model(ModelErrors(problems)))?;
    let extras = walk.extras.iter_mut().map(|extra| {
        let refused = |source| CollectError::ExtraState { key: walk.keys.spell(extra.key), source };
        let value = extra.value.take().expect("extra states are asked for while a model is saved");
        value.map_err(refused)
    });
    let values: List<ExtraId, SharedValue> = extras.collect::<Result<_, _>>()?;
    let mut storages = Vec::with_capacity(walk.leaves.len());
    // For each leaf its storage. Leaves of one storage have been made one already.
    let mut storage_of: Vec<Option<u32>> = vec![None; walk.leaves.len()];
    for name in &names.leaves {
        let (leaf, slot) = (&walk.leaves[name.id], &mut storage_of[name.index()]);
        if slot.is_some() || !leaf.kind.is_persistent() {
            continue;
        }
        let key = || walk.keys.spell(leaf.key);
        let too_many = || error(key(), TensorError::Library("too many tensors".into()));
        let index = u32::try_from(storages.len()).map_err(|_| too_many())?;
        let elements = hold(&leaf.tensor).map_err(|source| error(key(), source))?;
        storages.push(Live { elements, location: leaf.tensor.place() });
        *slot = Some(index);
    }
    let set: Arc<dyn Storages + 'a> = Arc::new(LiveStorages { storages });
    let mut entries = Entries {
        tensors: NameMapBuilder::with_capacity(names.leaves.len()),
        others: Vec::new(),
        values: &values,
    };
    let mut extras = names.extras.iter().peekable();
    let (mut speller, mut paths) = (walk.keys.speller(), walk.keys.speller());
    for (position, name) in names.leaves.into_iter().enumerate() {
        while let Some(extra) = extras.next_if(|extra| extra.position <= position) {
            entries.put_extra(&extra.name, paths.spell(extra.name.key))?;
        }
        let leaf = &walk.leaves[name.id];
        // A buffer that is not persistent has none.
        let Some(index) = storage_of[name.index()] else { continue };
        let storage = Storage::new(Arc::clone(&set), index);
        let view = leaf
            .tensor
            .dtype()
            .and_then(|dtype| {
                TensorView::contiguous(storage, dtype, leaf.tensor.shape(), 0)
                    .map_err(|source| TensorError::Library(source.into()))
            })
            .map_err(|source| error(walk.keys.spell(name.key), source))?;
        entries.tensors.push(speller.spell(name.key), view);
    }
    extras.try_for_each(|extra| entries.put_extra(&extra.name, paths.spell(extra.name.key)))?;
    let mut map = entries.into_map();
    let steps: Vec<(String, MigrateStep)> = names
        .modules
        .iter()
        .filter_map(|name| {
            let step = walk.info(name.id).post_save()?;
            Some((walk.keys.spell(name.key), step))
        })
        .collect();
    let mut metadata = Metadata::default();
    for name in names.modules {
        let record = ModuleMetadata::with_version(walk.info(name.id).version());
        metadata.insert(paths.spell(name.key), record);
    }
    *map.metadata_mut() = Some(metadata);
    if steps.is_empty() {
        return Ok(map);
    }
    // The order is a module before those below it; hooks run the other way round, as in PyTorch.
    run_on_modules(&map, steps.iter().rev().map(|(path, step)| (path.as_str(), *step)))
        .map_err(|(module, source)| CollectError::PostSave { module, source })
}

/// The entries of a state dict that is being made.
struct Entries<'e, 'a> {
    tensors: NameMapBuilder<TensorView<'a>>,
    /// The values that are not tensors, each with how many tensors come before it.
    others: Vec<(String, SharedValue, usize)>,
    /// The extra states of the walk.
    values: &'e List<ExtraId, SharedValue>,
}

impl<'a> Entries<'_, 'a> {
    /// Puts an extra state under one of its names. One that is a tensor is a tensor of the map, as in a file.
    fn put_extra(&mut self, name: &Name<ExtraId>, key: &str) -> Result<(), CollectError> {
        let refused = |source| CollectError::ExtraState { key: key.to_owned(), source };
        let value = &self.values[name.id];
        // PyTorch asks the module for each of its names, and gets another object each time.
        let value = match name.alias {
            true => value.copied().map_err(refused)?,
            false => value.clone(),
        };
        match value.tensor() {
            Some(tensor) => self.tensors.push(key, tensor),
            None => self.others.push((key.to_owned(), value, self.tensors.len())),
        }
        Ok(())
    }

    fn into_map(self) -> StateMap<'a> {
        // The names of a model were compared when it was walked.
        let mut map = StateMap::from_tensors(self.tensors.distinct());
        for (key, value, position) in self.others {
            map.place_value(key, value, position);
        }
        map
    }
}

fn error(key: String, source: TensorError) -> CollectError {
    CollectError::Tensor { key, source }
}
