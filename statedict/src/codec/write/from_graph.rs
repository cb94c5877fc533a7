//! The storages of a graph of values, numbered as its pickle meets them.

use crate::codec::write::contents::Contents;
use crate::codec::write::error::WriteError;
use crate::codec::write::facts::{Facts, StorageFacts};
use crate::codec::write::from_map::{stream_compact, stream_whole};
use crate::codec::write::source::{Sink, SourceError};
use crate::dtype::DType;
use crate::tensor::{Identities, Storage, TensorView};
use crate::value::Graph;
use crate::value::raw::Raw;
use crate::value::text::quoted;

/// The storages of a graph as far as they have been met.
pub(super) struct GraphStorages<'g> {
    graph: &'g Graph<'g>,
    storages: Vec<GraphStorage<'g>>,
    /// The sizes of the storages in bytes.
    sizes: Vec<usize>,
    /// The numbers of storages by their identity.
    numbers: Identities<usize>,
    /// Storages that only one view shows, which does not fill them: written as that view alone.
    compact: Identities<TensorView<'g>>,
    /// The first tensor in a storage of a dtype without a class of storages.
    without_class: Option<(String, DType)>,
}

/// A storage, and what messages call the first value that uses it.
struct GraphStorage<'g> {
    storage: Storage<'g>,
    key: String,
    dtype: DType,
}

impl<'g> GraphStorages<'g> {
    /// Looks at all tensors of the graph. With `keep_storage` every storage is written whole.
    pub(super) fn new(graph: &'g Graph<'g>, keep_storage: bool) -> Self {
        GraphStorages {
            graph,
            storages: Vec::new(),
            sizes: Vec::new(),
            numbers: Identities::default(),
            compact: if keep_storage { Identities::default() } else { compactable(graph) },
            without_class: None,
        }
    }

    /// Returns what is to be written of a tensor.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(super) fn tensor<'v>(
        &mut self,
        path: &[Raw],
        view: &'v TensorView<'g>,
    ) -> Result<Facts<'v>, WriteError> {
        let (key, dtype) = (self.path_name(path), view.dtype());
        if view.location() == "meta" {
            let facts = Facts::new(view, None, false);
            return facts.check(&key, None).map(|()| facts);
        }
        if dtype.storage_class().is_none() {
            self.without_class.get_or_insert_with(|| (key.clone(), dtype));
        }
        let compact = self.compact.contains_key(&view.storage().identity());
        let number = self.number(view.storage(), &key, dtype);
        let facts = Facts::new(view, Some(self.facts(number, view.storage())), compact);
        facts.check(&key, self.first_use(number)).map(|()| facts)
    }

    /// Returns what is to be written of a storage that stands by itself.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(super) fn bare<'s>(
        &mut self,
        path: &[Raw],
        storage: &'s Storage<'g>,
        dtype: Option<DType>,
    ) -> Result<StorageFacts<'s>, WriteError> {
        let (key, dtype) = (self.path_name(path), dtype.unwrap_or(DType::U8));
        let number = self.number(storage, &key, dtype);
        let facts = self.facts(number, storage);
        facts.check(&key, dtype, self.first_use(number)).map(|()| facts)
    }

    fn number(&mut self, storage: &Storage<'g>, key: &str, dtype: DType) -> usize {
        let (storages, sizes, compact) = (&mut self.storages, &mut self.sizes, &self.compact);
        let identity = storage.identity();
        *self.numbers.entry(identity).or_insert_with(|| {
            sizes.push(compact.get(&identity).map_or_else(|| storage.nbytes(), TensorView::nbytes));
            storages.push(GraphStorage { storage: storage.clone(), key: key.to_owned(), dtype });
            storages.len() - 1
        })
    }

    fn facts<'s>(&self, number: usize, storage: &'s Storage<'_>) -> StorageFacts<'s> {
        let nbytes = self.sizes.get(number).copied().unwrap_or(0);
        StorageFacts { number, nbytes, location: storage.location() }
    }

    /// Returns the name, in messages, of a value that these keys lead to.
    pub(super) fn path_name(&self, path: &[Raw]) -> String {
        let key = |key: &Raw| match *key {
            Raw::Str(text) => format!("{:?}", self.graph.str(text)),
            Raw::Int(value) => value.to_string(),
            Raw::Surrogates(text) => quoted(self.graph.text(text)),
            _ => "…".to_owned(),
        };
        match path {
            [] => "the root".to_owned(),
            [Raw::Str(only)] => self.graph.str(*only).to_owned(),
            [only] => key(only),
            path => path.iter().map(|part| format!("[{}]", key(part))).collect(),
        }
    }
}

impl Contents for GraphStorages<'_> {
    fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    fn first_use(&self, storage: usize) -> Option<(&str, DType)> {
        self.storages.get(storage).map(|storage| (storage.key.as_str(), storage.dtype))
    }

    fn without_class(&self) -> Option<(&str, DType)> {
        self.without_class.as_ref().map(|(key, dtype)| (key.as_str(), *dtype))
    }

    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let Some(GraphStorage { storage, .. }) = self.storages.get(storage) else { return Ok(()) };
        match self.compact.get(&storage.identity()) {
            Some(view) => stream_compact(view, sink),
            None => stream_whole(storage, sink),
        }
    }
}

/// The storages that only one view shows, which does not fill them.
fn compactable<'g>(graph: &'g Graph<'g>) -> Identities<TensorView<'g>> {
    // The view of each storage; `None` where there are several, or the storage stands by itself.
    let mut views: Identities<Option<TensorView<'g>>> = Identities::default();
    for value in graph.reachable(graph.root_raw()) {
        match value {
            Raw::Tensor(index) => {
                let view = graph.tensor(index).and_then(|node| graph.view(node));
                let Some(view) = view else { continue };
                views
                    .entry(view.storage().identity())
                    .and_modify(|known| *known = known.take().filter(|known| known.same_as(&view)))
                    .or_insert(Some(view));
            }
            Raw::Storage(storage, _) => {
                views.insert(graph.storage(storage).identity(), None);
            }
            _ => {}
        }
    }
    views
        .into_iter()
        .filter_map(|(identity, view)| {
            let view = view.filter(|view| view.nbytes() < view.storage().nbytes())?;
            Some((identity, view))
        })
        .collect()
}
