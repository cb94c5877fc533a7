//! The storages of a graph of values, numbered as the pickler meets them.

use crate::codec::write::error::WriteError;
use crate::codec::write::from_map::{MapSource, entry_of_meta};
use crate::codec::write::identities::Identities;
use crate::codec::write::outline::{Entry, Outline};
use crate::dtype::DType;
use crate::tensor::{Shape, Storage, TensorView};
use crate::value::Graph;
use crate::value::raw::Raw;
use crate::value::text::quoted;

/// The tensors and storages of a graph as far as they have been met.
pub(super) struct GraphStorages<'g> {
    graph: &'g Graph<'g>,
    pub(super) outline: Outline<'g, MapSource<'g>>,
    /// The numbers of storages by their identity.
    numbers: Identities<usize>,
    /// Storages that only one view shows, which does not fill them: written as that view alone.
    compact: Identities<TensorView<'g>>,
}

impl<'g> GraphStorages<'g> {
    /// Looks at all tensors of the graph. With `keep_storage` every storage is written whole.
    pub(super) fn new(graph: &'g Graph<'g>, keep_storage: bool) -> Self {
        let compact = if keep_storage { Identities::default() } else { compactable(graph) };
        let (outline, numbers) = (Outline::with_capacity(0), Identities::default());
        GraphStorages { graph, outline, numbers, compact }
    }

    /// What is to be written of a tensor. The caller adds it to the outline.
    pub(super) fn entry(&mut self, path: &[Raw], view: TensorView<'g>) -> Entry<'g> {
        let key = self.path_name(path);
        if view.location() == "meta" {
            return entry_of_meta(key, &view);
        }
        let identity = view.storage().identity();
        let compact = self.compact.get(&identity).cloned();
        let is_compact = compact.is_some();
        let storage = self.number(view.storage(), compact);
        let mut entry = Entry::row_major(key, view.dtype(), view.shape().clone(), storage);
        entry.requires_grad = view.requires_grad();
        if !is_compact {
            entry.strides = view.own_strides().cloned();
            entry.offset = view.storage_offset();
            (entry.conj, entry.neg) = (view.is_conj(), view.is_neg());
        }
        entry
    }

    /// The number of a storage that stands by itself.
    pub(super) fn bare(
        &mut self,
        path: &[Raw],
        storage: &Storage<'g>,
        dtype: Option<DType>,
    ) -> Result<usize, WriteError> {
        let number = self.number(storage, None);
        let key = self.path_name(path);
        let dtype = dtype.unwrap_or(DType::U8);
        self.outline.bare_storage(Entry::row_major(key, dtype, Shape::default(), number))?;
        Ok(number)
    }

    fn number(&mut self, storage: &Storage<'g>, compact: Option<TensorView<'g>>) -> usize {
        let outline = &mut self.outline;
        *self.numbers.entry(storage.identity()).or_insert_with(|| {
            let source = match compact {
                Some(view) => MapSource::Compact(view),
                None => MapSource::Whole(storage.clone()),
            };
            match storage.location() {
                "cpu" => outline.storage("cpu", source),
                location => outline.storage(location.to_owned(), source),
            }
        })
    }

    /// What messages call a value that these keys lead to.
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
