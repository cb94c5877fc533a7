//! Persistent ids: how a pickle refers to the storages beside it.

use std::borrow::Cow;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::{Saved, Slice, StorageRequest, StorageResolver};
use crate::dtype::DType;
use crate::value::raw::{Raw, Run, StorageRef, Text};
use crate::value::{Graph, Value};

/// What a value costs that was saved under a number, in a map that has just doubled.
const MADE: usize = 64;

/// The longest location: whoever writes the storage again says it at each of its uses.
pub(crate) const LOCATION: usize = 255;

const SHAPE: &str = "a persistent id ('storage', class, key, location, number of elements)";

impl<R: StorageResolver> Machine<'_, R> {
    /// Finds what a persistent id means.
    pub(super) fn persistent(&mut self, id: Raw) -> Result<Raw, Fault> {
        match id {
            Raw::Tuple(run) => self.persistent_tuple(run),
            Raw::Int(number) => self.saved(number, id),
            Raw::Str(text) => {
                self.work_on(&[text])?;
                match self.graph.str(text).parse() {
                    Ok(number) => self.saved(number, id),
                    Err(_) => Err(Fault::expected(SHAPE, self.describe(id))),
                }
            }
            other => Err(Fault::expected(SHAPE, self.describe(other))),
        }
    }

    /// Counts the texts of a persistent id: its key and location, and the key of its view.
    fn work_on_texts_of(&mut self, id: Run) -> Result<(), Fault> {
        for place in 2..6 {
            match self.graph.run(id).get(place) {
                Some(&Raw::Str(text)) => self.work_on(&[text])?,
                Some(&Raw::Tuple(view)) if place == 5 => {
                    if let Some(&Raw::Str(key)) = self.graph.run(view).first() {
                        self.work_on(&[key])?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn persistent_tuple(&mut self, run: Run) -> Result<Raw, Fault> {
        let id = Raw::Tuple(run);
        self.work_on_texts_of(run)?;
        let request = self.graph.run(run);
        if self.resolver.old_ids() {
            match *request {
                // A class with the source code that it had, which is only for a warning.
                [Raw::Str(kind), class @ Raw::Global(_), _, _]
                    if self.graph.text(kind) == b"module" =>
                {
                    return Ok(class);
                }
                [class @ Raw::Global(_), _, _] => return Ok(class),
                _ => {}
            }
        }
        let (Some(&Raw::Str(kind) | &Raw::Bytes(kind)), 5 | 6) = (request.first(), request.len())
        else {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        };
        let &[_, class, key, location, numel, ref view @ ..] = request else {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        };
        if view.is_empty() == self.resolver.old_ids() {
            return Err(Fault::expected(SHAPE, self.describe(id)));
        }
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
        let element = u64::try_from(dtype.map_or(1, DType::size)).unwrap_or(1);
        let nbytes = numel
            .and_then(|numel| numel.checked_mul(element))
            .ok_or_else(|| Fault::expected(SHAPE, "a size that is not a number of elements"))?;
        let key = key_text(&self.graph, key)?;
        let slice = match view.first().copied().unwrap_or(Raw::None) {
            Raw::None => None,
            Raw::Tuple(view) => Some(slice_of(&self.graph, view, element)?),
            other => return Err(Fault::expected("None or a view", self.describe(other))),
        };
        let Raw::Str(location) = location else {
            return Err(Fault::expected("a str as storage location", self.describe(location)));
        };
        if location.len as usize > LOCATION {
            return Err(Fault::expected(
                "a location of at most 255 bytes, such as cuda:0",
                format!("one of {} bytes", location.len),
            ));
        }
        let location = self.graph.str(location);
        let slice = slice.as_ref().map(|(key, offset, nbytes)| Slice {
            key,
            offset: *offset,
            nbytes: *nbytes,
        });
        let request = StorageRequest { key: &key, location, dtype, nbytes, slice };
        let index = self.resolver.resolve(&request)?;
        self.release(run);
        Ok(Raw::Storage(StorageRef::File(index), dtype))
    }

    /// What was saved under a number: one value, however often it is used.
    fn saved(&mut self, number: i64, id: Raw) -> Result<Raw, Fault> {
        if let Some(&made) = self.made.get(&number) {
            return Ok(made);
        }
        self.graph.memory.take(MADE)?;
        let value = match self.resolver.saved(number).cloned() {
            Some(Saved::Storage(index, dtype)) => {
                Raw::Storage(StorageRef::File(index), Some(dtype))
            }
            Some(Saved::Tensor(tensor)) => self.saved_tensor(&tensor)?,
            None => return Err(Fault::expected(SHAPE, self.describe(id))),
        };
        self.made.insert(number, value);
        Ok(value)
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

/// The key of a storage; PyTorch formats whatever it is into a name.
fn key_text<'g>(graph: &'g Graph<'_>, key: Raw) -> Result<Cow<'g, str>, Fault> {
    match key {
        Raw::Str(key) => Ok(Cow::Borrowed(graph.str(key))),
        Raw::Int(key) => Ok(Cow::Owned(key.to_string())),
        other => {
            let found = format!("{:?}", Value::new(graph, other));
            Err(Fault::expected("a str as storage key", found))
        }
    }
}

/// A view of a storage: its key, and its offset and size in bytes.
fn slice_of<'g>(
    graph: &'g Graph<'_>,
    view: Run,
    element: u64,
) -> Result<(Cow<'g, str>, u64, u64), Fault> {
    let wrong = || Fault::expected("a view (key, offset, size)", "something else");
    let &[key, Raw::Int(offset), Raw::Int(size)] = graph.run(view) else {
        return Err(wrong());
    };
    let bytes = |count: i64| u64::try_from(count).ok()?.checked_mul(element);
    match (bytes(offset), bytes(size)) {
        (Some(offset), Some(size)) => Ok((key_text(graph, key)?, offset, size)),
        _ => Err(wrong()),
    }
}
