//! The tensors that go into the leaves of a model.

use std::borrow::Cow;
use std::cell::RefCell;

use foldhash::{HashMap, HashMapExt};

use crate::leaf::TensorError;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::plan::found::{Match, Source};
use crate::load::write::convert_leaf;
use crate::tensor::{Storage, StorageError, TensorView};

/// The tensors that go into the leaves of a model, by the leaves' numbers.
pub(super) struct Contents<'c, 'm, 's> {
    pub(super) plan: &'c Plan,
    found: &'c Match<'m, 's>,
    /// The tensors, read and converted before the first write; empty where that is not asked for.
    held: Vec<Option<TensorView<'static>>>,
    cut: RefCell<CutStorages>,
}

impl<'c, 'm, 's> Contents<'c, 'm, 's> {
    pub(super) fn new(plan: &'c Plan, found: &'c Match<'m, 's>) -> Self {
        let cut = RefCell::new(CutStorages::new());
        Contents { plan, found, held: Vec::new(), cut }
    }

    /// Reads and converts everything now.
    ///
    /// # Errors
    /// The key where that fails, and the cause.
    pub(super) fn hold(&mut self, options: &LoadOptions) -> Result<(), (String, TensorError)> {
        let mut all = Vec::with_capacity(self.plan.leaf_count());
        for (index, leaf) in self.plan.leaves().enumerate() {
            let hold = |source: Source<'_, '_>| {
                let tensor = self.readable(source.tensor)?;
                convert_leaf::hold(&leaf, &tensor, options)
            };
            let held = self.found.sources.get(index).map(hold).transpose();
            all.push(held.map_err(|error| (self.plan.keys.spell(leaf.key), error))?);
        }
        self.held = all;
        Ok(())
    }

    /// Returns the tensor that goes into a leaf.
    pub(super) fn of(&self, leaf: usize) -> Option<Source<'_, '_>> {
        let source = self.found.sources.get(leaf)?;
        match self.held.get(leaf) {
            Some(held) => Some(source.held(held.as_ref()?)),
            None => Some(source),
        }
    }

    /// Returns the earlier leaf whose storage a leaf shares, and the tensor that goes into it.
    pub(super) fn tied(&self, leaf: usize) -> Option<(usize, Source<'_, '_>)> {
        let first = self.plan.first.of_leaf(leaf);
        if first == leaf { None } else { Some((first, self.of(first)?)) }
    }

    /// Forgets what was read for several tensors.
    pub(super) fn release(&self) {
        *self.cut.borrow_mut() = CutStorages::new();
    }

    /// Returns the same tensor over a storage that is read as a whole once, however many tensors are cut
    /// out of it.
    pub(super) fn readable<'t, 'a>(
        &self,
        tensor: &'t TensorView<'a>,
    ) -> Result<Cow<'t, TensorView<'a>>, StorageError> {
        if tensor.storage().nbytes() <= tensor.nbytes() {
            return Ok(Cow::Borrowed(tensor));
        }
        let storage = self
            .cut
            .borrow_mut()
            .take(tensor.storage(), || self.found.sources.iter().map(|source| source.tensor))?;
        Ok(match storage {
            Some(storage) => Cow::Owned(tensor.clone().over(storage)),
            None => Cow::Borrowed(tensor),
        })
    }
}

/// Storages out of which several tensors are cut, and whose bytes are not in memory: to expand or to read all of one
/// for each tensor would take time that grows with the square of the file.
struct CutStorages {
    /// By their identity; counted where the first is asked for.
    uses: Option<HashMap<(usize, u32), Uses>>,
}

/// The uses of a storage that are still to come.
#[derive(Default)]
struct Uses {
    left: usize,
    /// Its bytes, once the first tensor has been cut out.
    kept: Option<Storage<'static>>,
}

impl CutStorages {
    fn new() -> Self {
        CutStorages { uses: None }
    }

    /// Returns the bytes of `storage` where they are worth being kept for `tensors`, those that will be asked for.
    fn take<'t, 'a: 't, T: Iterator<Item = &'t TensorView<'a>>>(
        &mut self,
        storage: &Storage<'_>,
        tensors: impl FnOnce() -> T,
    ) -> Result<Option<Storage<'static>>, StorageError> {
        let uses = self.uses.get_or_insert_with(|| {
            let mut uses: HashMap<_, Uses> = HashMap::new();
            let parts = tensors().filter(|tensor| tensor.storage().nbytes() > tensor.nbytes());
            for tensor in parts {
                uses.entry(tensor.storage().identity()).or_default().left += 1;
            }
            uses
        });
        let Some(Uses { left, kept }) = uses.get_mut(&storage.identity()) else {
            return Ok(None);
        };
        *left = left.saturating_sub(1);
        if kept.is_none()
            && *left > 0
            && let Cow::Owned(bytes) = storage.bytes()?
        {
            *kept = Some(Storage::from_bytes_at(bytes, storage.location()));
        }
        // The last one takes it along.
        Ok(if *left == 0 { kept.take() } else { kept.clone() })
    }
}
