//! The outline of a [`StateMap`]: what the map does not say itself, in a few bytes for each tensor.

use std::borrow::Cow;

use crate::codec::write::chunked_writer::Contents;
use crate::codec::write::error::WriteError;
use crate::codec::write::identities::Numbering;
use crate::codec::write::outline::{Entry, Facts, NO_STORAGE, Outlined, stored_as};
use crate::codec::write::source::{Sink, Source, SourceError};
use crate::map::StateMap;
use crate::metadata::Metadata;
use crate::tensor::{Storage, TensorView};

/// The bytes of one storage of a map.
///
/// Bytes that came with a checksum are checked against it: damage must not be written again under a
/// checksum that hides it.
pub(crate) enum MapSource<'a> {
    /// A storage as it is.
    Whole(Storage<'a>),
    /// A storage of the elements of one view only, row-major.
    Compact(TensorView<'a>),
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
            MapSource::Whole(storage) => stream_whole(storage, sink),
            MapSource::Compact(view) => stream_compact(view, sink),
        }
    }
}

fn stream_whole(storage: &Storage<'_>, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    storage.verify()?;
    sink(&storage.bytes()?)
}

fn stream_compact(view: &TensorView<'_>, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    view.storage().verify()?;
    sink(&view.bytes()?)
}

/// What is to be written of a tensor that has no elements.
pub(super) fn entry_of_meta<'a>(key: impl Into<Cow<'a, str>>, view: &TensorView<'_>) -> Entry<'a> {
    let mut entry = Entry::row_major(key, view.dtype(), view.shape().clone(), NO_STORAGE);
    entry.strides = view.own_strides().cloned();
    entry.requires_grad = view.requires_grad();
    entry
}

/// A map, and which storages its tensors are views of.
pub(super) struct MapOutline<'a> {
    map: &'a StateMap<'a>,
    /// The number of each entry's storage; [`ABSENT`] where it has none.
    used: Vec<u32>,
    storages: Vec<MapStorage>,
    /// The sizes of the storages as they are written, in bytes.
    sizes: Vec<usize>,
}

const ABSENT: u32 = u32::MAX;

struct MapStorage {
    /// The first entry that uses it.
    first: u32,
    /// Whether only the elements of the one view that shows it are written.
    compact: bool,
    /// Whether its location is the commonest.
    is_cpu: bool,
}

impl<'a> MapOutline<'a> {
    /// The outline of a map. With `keep_storage` every storage is written whole; without, one of
    /// which all tensors together show one view that does not fill it holds that view only.
    pub(super) fn new(map: &'a StateMap<'a>, keep_storage: bool) -> Result<Self, WriteError> {
        if u32::try_from(map.len()).is_err() {
            return Err(WriteError::TooLarge { what: "the number of tensors is" });
        }
        let mut outline = MapOutline {
            map,
            used: Vec::with_capacity(map.len()),
            storages: Vec::with_capacity(map.len()),
            sizes: Vec::with_capacity(map.len()),
        };
        let mut numbering = Numbering::default();
        // Whether there is something that cannot be written, as far as can be told on the way.
        let mut suspicious = false;
        let mut any_compact = false;
        for (index, (key, view)) in (0..).zip(map.iter()) {
            let (dtype, storage, location) = (view.dtype(), view.storage(), view.location());
            suspicious |= dtype.is_quantized() || u32::try_from(key.len()).is_err();
            if location == "meta" {
                outline.used.push(ABSENT);
                continue;
            }
            let firsts = outline.storages.iter().filter_map(|known| view_at(map, known.first));
            let identities = firsts.map(|view| view.storage().identity());
            if let Some(number) = numbering.known(storage.identity(), identities) {
                outline.used.push(number);
                let Some(known) = outline.storages.get_mut(number as usize) else { continue };
                let Some(first) = view_at(map, known.first) else { continue };
                known.compact = known.compact && first.same_as(view);
                suspicious |= stored_as(first.dtype()) != stored_as(dtype);
                continue;
            }
            let nbytes = storage.nbytes();
            let compact = !keep_storage && view.nbytes() < nbytes;
            any_compact |= compact;
            suspicious |= !nbytes.is_multiple_of(dtype.size());
            outline.used.push(u32::try_from(outline.storages.len()).unwrap_or(ABSENT));
            outline.storages.push(MapStorage { first: index, compact, is_cpu: location == "cpu" });
            outline.sizes.push(nbytes);
        }
        drop(numbering);
        if any_compact {
            let storages = outline.storages.iter().zip(&mut outline.sizes);
            for (storage, size) in storages.filter(|(storage, _)| storage.compact) {
                *size = view_at(map, storage.first).map_or(*size, TensorView::nbytes);
            }
        }
        if suspicious {
            for entry in outline.entries() {
                entry.check(outline.first_use(entry.storage).as_ref())?;
            }
        }
        Ok(outline)
    }

    /// What the file says of an entry; `number` is that of its storage.
    fn facts(&self, key: &'a str, view: &'a TensorView<'a>, number: u32) -> Facts<'a> {
        let number = number as usize;
        let mut facts = Facts {
            key,
            dtype: view.dtype(),
            shape: view.shape(),
            strides: view.own_strides(),
            offset: 0,
            requires_grad: view.requires_grad(),
            conj: false,
            neg: false,
            storage: NO_STORAGE,
            nbytes: 0,
            location: "cpu",
        };
        let (Some(storage), Some(&nbytes)) = (self.storages.get(number), self.sizes.get(number))
        else {
            return facts;
        };
        (facts.storage, facts.nbytes) = (number, nbytes);
        if !storage.is_cpu {
            facts.location = view.location();
        }
        if storage.compact {
            facts.strides = None;
        } else {
            facts.offset = view.storage_offset();
            (facts.conj, facts.neg) = (view.is_conj(), view.is_neg());
        }
        facts
    }
}

fn view_at<'a>(map: &'a StateMap<'a>, index: u32) -> Option<&'a TensorView<'a>> {
    map.get_index(index as usize).map(|(_, view)| view)
}

impl Outlined for MapOutline<'_> {
    fn entries(&self) -> impl ExactSizeIterator<Item = Facts<'_>> {
        let entries = self.map.iter().zip(&self.used);
        entries.map(|((key, view), &number)| self.facts(key, view, number))
    }

    fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    fn metadata(&self) -> Option<&Metadata> {
        self.map.metadata()
    }

    fn first_use(&self, storage: usize) -> Option<Facts<'_>> {
        let first = self.storages.get(storage)?.first;
        let (key, view) = self.map.get_index(first as usize)?;
        Some(self.facts(key, view, u32::try_from(storage).ok()?))
    }
}

impl Contents for MapOutline<'_> {
    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let Some(storage) = self.storages.get(storage) else { return Ok(()) };
        let Some(view) = view_at(self.map, storage.first) else { return Ok(()) };
        match storage.compact {
            true => stream_compact(view, sink),
            false => stream_whole(view.storage(), sink),
        }
    }

    fn name(&self, storage: usize) -> &str {
        let first = self.storages.get(storage).map(|storage| storage.first);
        first.and_then(|first| self.map.get_index(first as usize)).map_or("", |(key, _)| key)
    }
}
