//! The outline of a [`StateMap`].

use std::borrow::Cow;

use crate::codec::write::error::WriteError;
use crate::codec::write::identities::Identities;
use crate::codec::write::outline::{Entry, NO_STORAGE, Outline};
use crate::codec::write::source::{Sink, Source, SourceError};
use crate::map::StateMap;
use crate::tensor::{Storage, TensorView};

/// The bytes of one storage of a map.
///
/// Bytes that came with a checksum are checked against it: damage must not be written again under a
/// checksum that hides it.
pub(crate) enum MapSource<'a> {
    /// A storage as it is.
    Whole(&'a Storage<'a>),
    /// A storage of the elements of one view only, row-major.
    Compact(&'a TensorView<'a>),
}

impl Source for MapSource<'_> {
    fn nbytes(&self) -> usize {
        match self {
            MapSource::Whole(storage) => storage.nbytes(),
            MapSource::Compact(view) => view.nbytes(),
        }
    }

    fn stream(&self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        match self {
            MapSource::Whole(storage) => {
                storage.verify()?;
                sink(&storage.bytes()?)
            }
            MapSource::Compact(view) => {
                view.storage().verify()?;
                sink(&view.bytes()?)
            }
        }
    }
}

/// What the entries of a map do with one storage.
struct Use {
    /// The first entry that uses it.
    first: usize,
    /// Whether all that use it are the same view of it.
    single_view: bool,
    /// Its number in the outline.
    number: Option<usize>,
}

/// What is to be written of a tensor that has no elements.
pub(super) fn entry_of_meta<'a>(key: impl Into<Cow<'a, str>>, view: &TensorView<'_>) -> Entry<'a> {
    let mut entry = Entry::row_major(key, view.dtype(), view.shape().clone(), NO_STORAGE);
    entry.strides = Some(view.strides());
    entry.requires_grad = view.requires_grad();
    entry
}

impl<'a> Outline<'a, MapSource<'a>> {
    /// The outline of a map. With `keep_storage` every storage is written whole; without, one of
    /// which all tensors together show one view that does not fill it holds that view only.
    pub(crate) fn from_map(map: &'a StateMap<'a>, keep_storage: bool) -> Result<Self, WriteError> {
        let mut uses: Vec<Use> = Vec::with_capacity(map.len());
        let mut by_identity = Identities::default();
        by_identity.reserve(map.len());
        let mut used_by = Vec::with_capacity(map.len());
        for (index, (_, view)) in map.iter().enumerate() {
            if view.location() == "meta" {
                used_by.push(NO_STORAGE);
                continue;
            }
            let number = *by_identity.entry(view.storage().identity()).or_insert_with(|| {
                uses.push(Use { first: index, single_view: true, number: None });
                uses.len() - 1
            });
            if let Some(usage) = uses.get_mut(number) {
                usage.single_view = usage.single_view
                    && (usage.first == index
                        || map
                            .get_index(usage.first)
                            .is_some_and(|(_, first)| first.same_as(view)));
            }
            used_by.push(number);
        }
        drop(by_identity);

        let mut outline = Outline::with_capacity(map.len());
        for ((key, view), number) in map.iter().zip(used_by) {
            let Some(usage) = uses.get_mut(number) else {
                outline.entry(entry_of_meta(key, view))?;
                continue;
            };
            let compact =
                !keep_storage && usage.single_view && view.nbytes() < view.storage().nbytes();
            let storage = *usage.number.get_or_insert_with(|| {
                let source = match compact {
                    true => MapSource::Compact(view),
                    false => MapSource::Whole(view.storage()),
                };
                outline.storage(view.location(), source)
            });
            let mut entry = Entry::row_major(key, view.dtype(), view.shape().clone(), storage);
            entry.requires_grad = view.requires_grad();
            if !compact {
                entry.strides = view.own_strides().cloned();
                entry.offset = view.storage_offset();
                (entry.conj, entry.neg) = (view.is_conj(), view.is_neg());
            }
            outline.entry(entry)?;
        }
        outline.set_metadata(map.metadata());
        Ok(outline)
    }
}
