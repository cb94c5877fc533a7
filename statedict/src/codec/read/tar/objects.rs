//! The storages and tensors of PyTorch 0.1, which it saved beside the pickle under numbers.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::{LOCATION, Saved, SavedTensor, StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::codec::read::limits::Limits;
use crate::codec::read::pickle_run::{PickleRun, number};
use crate::codec::read::ranges::RangeStorages;
use crate::codec::read::source::Source;
use crate::dtype::DType;
use crate::tensor::Storages;
use crate::value::Kind;

/// The objects that are saved beside the pickle.
pub(super) struct Objects {
    storages: RangeStorages,
    saved: HashMap<i64, Saved>,
}

/// The size of `count` elements.
fn bytes_of(count: i64, dtype: DType) -> Option<u64> {
    u64::try_from(count).ok()?.checked_mul(u64::try_from(dtype.size()).ok()?)
}

impl Objects {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Objects { storages: RangeStorages::new(source), saved: HashMap::new() }
    }

    pub(super) fn into_storages(self) -> RangeStorages {
        self.storages
    }

    fn keep(&mut self, key: i64, object: Saved, run: &PickleRun<'_>) -> Result<(), ReadError> {
        match self.saved.insert(key, object) {
            None => Ok(()),
            Some(_) => Err(ReadError::Duplicate { member: format!("{}, {key}", run.label()) }),
        }
    }

    /// The member `storages`: for each a pickle, its size and its bytes; then the views of them.
    pub(super) fn read_storages(
        &mut self,
        mut run: PickleRun<'_>,
        limits: &Limits,
    ) -> Result<(), ReadError> {
        for _ in 0..run.count(limits)? {
            let graph = run.plain(limits)?;
            let wrong = || {
                let expected = "a storage's key, location and class";
                run.damaged(expected, format!("{:?}", graph.root()))
            };
            let items = graph.root().as_items().ok_or_else(wrong)?;
            let (Some(key), Some(location), Some(class), 3) =
                (items.get(0), items.get(1), items.get(2), items.len())
            else {
                return Err(wrong());
            };
            let dtype = match class.kind() {
                Kind::Global(name) => DType::from_storage_class(name.name()),
                _ => None,
            };
            let (Some(key), Some(location), Some(dtype)) =
                (number(key), location.as_str().filter(|text| text.len() <= LOCATION), dtype)
            else {
                return Err(wrong());
            };
            let numel = run.numbers(1)?.first().copied().unwrap_or(-1);
            let start = run.position();
            let len = bytes_of(numel, dtype).unwrap_or(u64::MAX);
            run.pass(len)?;
            let nbytes = usize::try_from(len).unwrap_or(usize::MAX);
            let index = self.storages.add(start, nbytes, location);
            self.keep(key, Saved::Storage(index, dtype), &run)?;
        }
        self.read_views(&mut run, limits)
    }

    fn read_views(&mut self, run: &mut PickleRun<'_>, limits: &Limits) -> Result<(), ReadError> {
        let graph = run.plain(limits)?;
        let wrong = || {
            let expected = "a list of views (key, root, offset, size)";
            run.damaged(expected, format!("{:?}", graph.root()))
        };
        for view in graph.root().as_items().ok_or_else(wrong)?.iter() {
            let view: Vec<i64> =
                view.as_items().ok_or_else(wrong)?.iter().filter_map(number).collect();
            let &[key, root, offset, size] = view.as_slice() else { return Err(wrong()) };
            let Some(&Saved::Storage(root, dtype)) = self.saved.get(&root) else {
                return Err(wrong());
            };
            let range = bytes_of(offset, dtype).zip(bytes_of(size, dtype));
            let whole = u64::try_from(self.storages.nbytes(root)).unwrap_or(u64::MAX);
            let range = range
                .filter(|&(offset, size)| offset.checked_add(size).is_some_and(|end| end <= whole));
            let (offset, size) = range.ok_or_else(wrong)?;
            let start = self.storages.start(root).saturating_add(offset);
            let location = self.storages.location(root).to_owned();
            let nbytes = usize::try_from(size).unwrap_or(usize::MAX);
            let index = self.storages.add(start, nbytes, &location);
            self.keep(key, Saved::Storage(index, dtype), run)?;
        }
        Ok(())
    }

    /// The member `tensors`: for each a pickle, and its sizes, strides and offset.
    pub(super) fn read_tensors(
        &mut self,
        mut run: PickleRun<'_>,
        limits: &Limits,
    ) -> Result<(), ReadError> {
        for _ in 0..run.count(limits)? {
            let graph = run.plain(limits)?;
            let wrong = || {
                let expected = "a tensor's key, storage and class";
                run.damaged(expected, format!("{:?}", graph.root()))
            };
            let items = graph.root().as_items().ok_or_else(wrong)?;
            let (Some(key), Some(storage)) =
                (items.get(0).and_then(number), items.get(1).and_then(number))
            else {
                return Err(wrong());
            };
            let Some(&Saved::Storage(storage, dtype)) = self.saved.get(&storage) else {
                return Err(wrong());
            };
            // The number of dimensions has four bytes, and four more that mean nothing.
            let rank = run.take(8)?;
            let rank = rank.first_chunk().map_or(-1, |&rank| i32::from_le_bytes(rank));
            let rank = usize::try_from(rank)
                .map_err(|_| run.damaged("a number of dimensions", rank.to_string()))?;
            let sizes = run.numbers(rank)?;
            let strides = run.numbers(rank)?;
            let offset = run.numbers(1)?.first().copied().unwrap_or(-1);
            let tensor = SavedTensor { storage, dtype, offset, sizes, strides };
            self.keep(key, Saved::Tensor(tensor), &run)?;
        }
        Ok(())
    }
}

impl StorageResolver for Objects {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        Err(Box::new(ReadError::Missing { member: format!("storage {}", request.key) }))
    }

    fn nbytes(&self, index: u32) -> usize {
        self.storages.nbytes(index)
    }

    fn old_ids(&self) -> bool {
        true
    }

    fn saved(&self, id: i64) -> Option<&Saved> {
        self.saved.get(&id)
    }
}
