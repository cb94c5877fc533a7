//! Persistent ids: how a pickle refers to the storages beside it.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::read::ReadError;
use crate::dtype::DType;
use crate::value::raw::{Raw, Run, Text};

/// What a persistent id says of a storage.
pub(crate) struct StorageRequest<'a> {
    /// The key it has in the archive.
    pub(crate) key: &'a str,
    /// Where it was: `cpu`, `cuda:0`.
    pub(crate) location: &'a str,
    /// The type of its elements; `None` for untyped bytes.
    pub(crate) dtype: Option<DType>,
    /// Its size.
    pub(crate) nbytes: u64,
}

/// Finds storages by what a pickle says of them.
pub(crate) trait StorageResolver {
    /// The index of the storage in the set that tensors are views of. Its size is the one requested.
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>>;

    /// The size of a storage that was found.
    fn nbytes(&self, index: u32) -> usize;
}

const SHAPE: &str = "a persistent id ('storage', class, key, location, number of elements)";

impl<R: StorageResolver> Machine<'_, R> {
    /// Finds the storage that a persistent id means.
    pub(super) fn persistent(&mut self, id: Raw) -> Result<Raw, Fault> {
        let Raw::Tuple(run) = id else {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        };
        let request = self.graph.run(run);
        let (Some(&Raw::Str(kind) | &Raw::Bytes(kind)), 5) = (request.first(), request.len())
        else {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        };
        let &[_, class, key, location, numel] = request else {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        };
        if self.graph.text(kind) != b"storage" {
            return Err(Fault::expected(SHAPE, "an id of another kind"));
        }
        let dtype = match self.meaning(class) {
            Some(Meaning::Storage(dtype)) => dtype,
            _ => return Err(Fault::expected("a storage class", self.describe(class))),
        };
        let numel = match numel {
            Raw::Int(numel) => u64::try_from(numel).ok(),
            _ => None,
        };
        let nbytes = numel
            .and_then(|numel| numel.checked_mul(dtype.map_or(1, DType::size).try_into().ok()?))
            .ok_or_else(|| Fault::expected(SHAPE, "a size that is not a number of elements"))?;
        let number;
        let key = match key {
            Raw::Str(key) => self.graph.str(key),
            // PyTorch formats whatever it is into the member's name.
            Raw::Int(key) => {
                number = key.to_string();
                &number
            }
            other => return Err(Fault::expected("a str as storage key", self.describe(other))),
        };
        let Raw::Str(location) = location else {
            return Err(Fault::expected("a str as storage location", self.describe(location)));
        };
        let location = self.graph.str(location);
        let index = self.resolver.resolve(&StorageRequest { key, location, dtype, nbytes })?;
        self.release(run);
        Ok(Raw::Storage(index, dtype))
    }

    /// Gives the place of a tuple back that was used up and that nothing else can refer to.
    pub(super) fn release(&mut self, run: Run) {
        if run.start >= self.pinned {
            self.graph.drop_run(run);
        }
    }

    /// The text of a persistent id of protocol 0, which PyTorch does not write.
    pub(super) fn persistent_line(&mut self, text: Text) -> Result<Raw, Fault> {
        self.persistent(Raw::Str(text))
    }
}
