//! The outline of a [`StateMap`]: what the map does not say itself, in a few bytes for each tensor.

use crate::codec::write::contents::Contents;
use crate::codec::write::error::WriteError;
use crate::codec::write::facts::{Facts, StorageFacts, stored_as};
use crate::codec::write::source::{Sink, SourceError};
use crate::dtype::DType;
use crate::map::StateMap;
use crate::metadata::Metadata;
use crate::tensor::{Numbering, Storage, TensorView};

/// Hands over the bytes of a storage of a map, by its index in its set, where the map's own storages have none:
/// those of a live model, which cannot be lent to other threads.
pub(crate) type LiveBytes<'a> = dyn Fn(u32, &mut Sink<'_>) -> Result<(), SourceError> + 'a;

/// Hands the bytes of a whole storage over.
///
/// Bytes that came with a checksum are checked against it: damage must not be written again under a
/// checksum that hides it.
pub(super) fn stream_whole(storage: &Storage<'_>, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    storage.verify()?;
    sink(&storage.bytes()?)
}

/// Hands the elements of one view over, row-major.
pub(super) fn stream_compact(
    view: &TensorView<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    view.storage().verify()?;
    sink(&view.bytes()?)
}

/// A map, and which storages its tensors are views of.
pub(super) struct MapOutline<'a> {
    map: &'a StateMap<'a>,
    live: Option<&'a LiveBytes<'a>>,
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
    /// `true` if only the elements of the one view that shows it are written.
    compact: bool,
    /// `true` if its location is the commonest.
    is_cpu: bool,
}

impl<'a> MapOutline<'a> {
    /// The outline of a map. With `keep_storage` every storage is written whole; without, one of
    /// which all tensors together show one view that does not fill it holds that view only.
    pub(super) fn new(
        map: &'a StateMap<'a>,
        live: Option<&'a LiveBytes<'a>>,
        keep_storage: bool,
    ) -> Result<Self, WriteError> {
        if u32::try_from(map.len()).is_err() {
            return Err(WriteError::TooLarge { what: "the number of tensors is" });
        }
        let mut outline = MapOutline {
            map,
            live,
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
            if location == "meta" && live.is_some() {
                return Err(WriteError::Meta { key: key.to_owned() });
            }
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
            for (key, facts) in outline.entries() {
                let first = facts.storage.and_then(|storage| outline.first_use(storage.number));
                facts.check(key, first)?;
            }
        }
        Ok(outline)
    }

    /// Returns what is under each key, in order.
    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = (&str, Facts<'_>)> {
        let entries = self.map.iter().zip(&self.used);
        entries.map(|((key, view), &number)| (key, self.facts(view, number as usize)))
    }

    /// Returns the modules' records.
    pub(super) fn metadata(&self) -> Option<&Metadata> {
        self.map.metadata()
    }

    /// Returns what the file says of an entry; `number` is that of its storage.
    fn facts<'e>(&self, view: &'e TensorView<'_>, number: usize) -> Facts<'e> {
        let (Some(storage), Some(&nbytes)) = (self.storages.get(number), self.sizes.get(number))
        else {
            return Facts::new(view, None, false);
        };
        let location = if storage.is_cpu { "cpu" } else { view.location() };
        Facts::new(view, Some(StorageFacts { number, nbytes, location }), storage.compact)
    }

    fn first(&self, storage: usize) -> Option<(&str, &TensorView<'a>)> {
        self.map.get_index(self.storages.get(storage)?.first as usize)
    }
}

fn view_at<'a>(map: &'a StateMap<'a>, index: u32) -> Option<&'a TensorView<'a>> {
    map.get_index(index as usize).map(|(_, view)| view)
}

impl Contents for MapOutline<'_> {
    fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    fn first_use(&self, storage: usize) -> Option<(&str, DType)> {
        self.first(storage).map(|(key, view)| (key, view.dtype()))
    }

    fn without_class(&self) -> Option<(&str, DType)> {
        let stored = self.map.iter().filter(|(_, view)| view.location() != "meta");
        let mut dtypes = stored.map(|(key, view)| (key, view.dtype()));
        dtypes.find(|(_, dtype)| dtype.storage_class().is_none())
    }

    fn stream(&self, number: usize, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let Some(storage) = self.storages.get(number) else { return Ok(()) };
        let Some((_, view)) = self.first(number) else { return Ok(()) };
        match self.live {
            Some(bytes) => bytes(view.storage().identity().1, sink),
            None if storage.compact => stream_compact(view, sink),
            None => stream_whole(view.storage(), sink),
        }
    }
}
