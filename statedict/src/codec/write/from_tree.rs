//! The storages of a tree of values, numbered as the pickler meets them.

use crate::codec::write::error::WriteError;
use crate::codec::write::from_map::{MapSource, entry_of_meta};
use crate::codec::write::identities::Identities;
use crate::codec::write::outline::{Entry, Outline};
use crate::dtype::DType;
use crate::tensor::{Shape, Storage, TensorView};
use crate::value::{Node, NodeId, Tree};

/// The tensors and storages of a tree as far as they have been met.
pub(super) struct TreeStorages<'t> {
    pub(super) outline: Outline<'t, MapSource<'t>>,
    /// The numbers of storages by their identity.
    numbers: Identities<usize>,
    /// Storages that only one view shows, which does not fill them: written as that view alone.
    compact: Identities<&'t TensorView<'t>>,
}

impl<'t> TreeStorages<'t> {
    /// Looks at all tensors of the tree. With `keep_storage` every storage is written whole.
    pub(super) fn new(tree: &'t Tree<'t>, keep_storage: bool) -> Self {
        let compact = if keep_storage { Identities::default() } else { compactable(tree) };
        TreeStorages { outline: Outline::with_capacity(0), numbers: Identities::default(), compact }
    }

    /// What is to be written of a tensor. The caller adds it to the outline.
    pub(super) fn entry(
        &mut self,
        tree: &Tree<'_>,
        path: &[NodeId],
        view: &'t TensorView<'t>,
    ) -> Result<Entry<'t>, WriteError> {
        if view.location() == "meta" {
            return Ok(entry_of_meta(self.path_name(tree, path), view));
        }
        let identity = view.storage().identity();
        let compact = self.compact.contains_key(&identity);
        let storage = self.number(
            view.storage(),
            match compact {
                true => MapSource::Compact(view),
                false => MapSource::Whole(view.storage()),
            },
        );
        let key = self.path_name(tree, path);
        let mut entry = Entry::row_major(key, view.dtype(), view.shape().clone(), storage);
        entry.requires_grad = view.requires_grad();
        if !compact {
            entry.strides = view.own_strides().cloned();
            entry.offset = view.storage_offset();
            (entry.conj, entry.neg) = (view.is_conj(), view.is_neg());
        }
        Ok(entry)
    }

    /// The number of a storage that stands by itself.
    pub(super) fn bare(
        &mut self,
        tree: &Tree<'_>,
        path: &[NodeId],
        storage: &'t Storage<'t>,
        dtype: Option<DType>,
    ) -> Result<usize, WriteError> {
        let number = self.number(storage, MapSource::Whole(storage));
        let key = self.path_name(tree, path);
        let dtype = dtype.unwrap_or(DType::U8);
        self.outline.bare_storage(Entry::row_major(key, dtype, Shape::default(), number))?;
        Ok(number)
    }

    fn number(&mut self, storage: &'t Storage<'t>, source: MapSource<'t>) -> usize {
        let outline = &mut self.outline;
        *self
            .numbers
            .entry(storage.identity())
            .or_insert_with(|| outline.storage(storage.location(), source))
    }

    /// What messages call a value that these keys lead to.
    pub(super) fn path_name(&self, tree: &Tree<'_>, path: &[NodeId]) -> String {
        let key = |&id: &NodeId| match tree.get(id) {
            Some(Node::Str(text)) => format!("{text:?}"),
            Some(Node::Int(value)) => value.to_string(),
            _ => "…".to_owned(),
        };
        match path {
            [] => "the root".to_owned(),
            [only] => match tree.get(*only) {
                Some(Node::Str(text)) => text.clone().into_owned(),
                _ => key(only),
            },
            path => path.iter().map(|id| format!("[{}]", key(id))).collect(),
        }
    }
}

/// The storages that only one view shows, which does not fill them.
fn compactable<'t>(tree: &'t Tree<'t>) -> Identities<&'t TensorView<'t>> {
    // The view of each storage; `None` where there are several, or the storage stands by itself.
    let mut views: Identities<Option<&'t TensorView<'t>>> = Identities::default();
    let mut seen = vec![false; tree.len()];
    let mut todo = vec![tree.root()];
    while let Some(id) = todo.pop() {
        match seen.get_mut(id.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let Some(node) = tree.get(id) else { continue };
        match node {
            Node::Tensor(tensor) => {
                let view = &tensor.view;
                views
                    .entry(view.storage().identity())
                    .and_modify(|known| *known = known.filter(|known| known.same_as(view)))
                    .or_insert(Some(view));
            }
            Node::Storage(storage, _) => {
                views.insert(storage.identity(), None);
            }
            _ => {}
        }
        node.push_parts(&mut todo);
    }
    views
        .into_iter()
        .filter_map(|(identity, view)| {
            let view = view.filter(|view| view.nbytes() < view.storage().nbytes())?;
            Some((identity, view))
        })
        .collect()
}
