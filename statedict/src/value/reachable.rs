//! Which values a value has as parts, and which are reached from it.

use foldhash::{HashSet, HashSetExt};

use crate::tensor::Storage;
use crate::value::provenance::MadeBy;
use crate::value::raw::{Object, Raw, Run};
use crate::value::store::Graph;

impl<'a> Graph<'a> {
    /// Adds the values that one has as parts, in the order in which they are written. Of a value that is kept in
    /// another form than it is made in, these are the parts of the call that makes it.
    pub(crate) fn push_parts(&self, value: Raw, parts: &mut Vec<Raw>) {
        let some = |part: Raw| (part != Raw::None).then_some(part);
        match value {
            Raw::Tuple(run) | Raw::Size(run) => parts.extend(self.run(run)),
            Raw::Container(index) => {
                let container = self.container(index).expect("invariant: the container exists");
                parts.extend(self.run(container.run));
                if let Some(extra) = self.extra(index) {
                    parts.extend(some(extra.attributes));
                    parts.extend(some(extra.factory));
                }
            }
            Raw::Tensor(index) => parts.extend(self.tensor_attributes(index).and_then(some)),
            Raw::Device(index) => {
                let device = self.device(index).expect("invariant: the device exists");
                parts.push(Raw::Str(device.kind));
            }
            _ => {
                let Some(object) = self.made(value) else { return };
                parts.extend([object.class, object.args]);
                parts.extend(some(object.kwargs));
                parts.extend(some(object.state));
                parts.extend(self.run(self.run_of(object.items)));
                parts.extend(self.run(self.run_of(object.entries)));
            }
        }
    }

    /// The call that makes a value: an object's own, or that of a value which is kept in another form.
    pub(crate) fn made(&self, value: Raw) -> Option<Object> {
        match value {
            Raw::Object(index) => self.object(index),
            _ => {
                let MadeBy { function: class, args, state } = self.made_by(value)?;
                let (kwargs, items, entries) = (Raw::None, Raw::None, Raw::None);
                Some(Object { class, args, kwargs, state, items, entries, new: false })
            }
        }
    }

    /// The values of a container; none of a value that is none.
    pub(crate) fn run_of(&self, container: Raw) -> Run {
        match container {
            Raw::Container(index) => {
                self.container(index).expect("invariant: the container exists").run
            }
            _ => Run::default(),
        }
    }

    /// The values that are reached from one, itself first, each object once and in the order of writing.
    pub(crate) fn reachable(&self, root: Raw) -> impl Iterator<Item = Raw> + '_ {
        let mut seen = HashSet::new();
        let mut waiting = vec![root];
        let mut parts = Vec::new();
        std::iter::from_fn(move || {
            loop {
                let value = waiting.pop()?;
                if value.identity().is_some_and(|identity| !seen.insert(identity)) {
                    continue;
                }
                self.push_parts(value, &mut parts);
                waiting.extend(parts.drain(..).rev());
                return Some(value);
            }
        })
    }

    /// The storages that are in use, in the order in which they are written.
    pub(crate) fn storages(&self) -> impl Iterator<Item = Storage<'a>> + '_ {
        self.reachable(self.root_raw()).filter_map(|value| match value {
            Raw::Tensor(index) => {
                let node = self.tensor(index).expect("invariant: the tensor exists");
                Some(self.storage(node.storage))
            }
            Raw::Storage(storage, _) => Some(self.storage(storage)),
            _ => None,
        })
    }
}
