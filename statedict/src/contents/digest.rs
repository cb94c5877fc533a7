//! What a value holds as one number, for finding equal ones.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt};

use crate::contents::parts::{Elements, Parts, Step};
use crate::value::raw::Raw;
use crate::value::{Kind, Value};

/// Digests of values: equal for values of the same content, whichever file they are of, and in sets in
/// whichever order. Each value is looked at once.
///
/// ```
/// use statedict::contents::Digests;
/// # use statedict::value::Graph;
/// # let [a, b] = ["x", "x"].map(Graph::of);
/// let mut of_a = Digests::default();
/// let mut of_b = of_a.alike();
/// assert_eq!(of_a.of(a.root()), of_b.of(b.root()));
/// ```
#[derive(Debug, Default)]
pub struct Digests {
    state: RandomState,
    known: HashMap<Key, u64>,
}

/// What tells a value from others that need not be digested again: its identity, or a long text's place.
type Key = (u64, u32);

fn key(value: Value<'_>) -> Option<Key> {
    // Beyond the kinds of identities.
    let of = |kind: u64, index: u32, len| Some((kind << 32 | u64::from(index), len));
    match value.raw() {
        Raw::Str(text) | Raw::Surrogates(text) | Raw::Bytes(text) | Raw::BigInt(text)
            if text.len > 64 =>
        {
            of(1 << 16, text.start, text.len)
        }
        Raw::Global(index) => of(1 << 17, index, 0),
        Raw::Device(index) => of(1 << 18, index, 0),
        _ => value.identity().map(|identity| (identity, 0)),
    }
}

/// A value whose parts are being digested.
struct Open<'g> {
    value: Value<'g>,
    parts: Parts<'g>,
    next: usize,
    /// Of the parts so far.
    found: Vec<u64>,
}

impl Digests {
    /// Digests of another file's values, which can be compared with those of this one.
    pub fn alike(&self) -> Self {
        Digests { state: self.state.clone(), known: HashMap::new() }
    }

    /// The digest of a value. The elements of tensors are read.
    pub fn of(&mut self, value: Value<'_>) -> u64 {
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut next = Some(value);
        loop {
            let mut done = None;
            if let Some(value) = next.take() {
                match key(value).and_then(|key| self.known.get(&key)) {
                    Some(&digest) => done = Some(digest),
                    None => {
                        // Within itself it counts as what it is alone.
                        if let Some(key) = key(value) {
                            let alone = self.alone(value);
                            self.known.insert(key, alone);
                        }
                        open.push(Open {
                            value,
                            parts: Parts::of(value),
                            next: 0,
                            found: Vec::new(),
                        });
                    }
                }
            }
            let Some(last) = open.last_mut() else { return done.unwrap_or_default() };
            last.found.extend(done);
            if let Some((step, part)) = last.parts.get_whole(last.next) {
                last.next += 1;
                let step = self.step(step);
                last.found.push(step);
                next = Some(part);
                continue;
            }
            let Some(Open { value, parts, mut found, .. }) = open.pop() else { return 0 };
            if let Some(Elements::Members(members)) = parts.elements() {
                // Of pairs of a step, which is a place, and a member.
                let (pairs, _) = found.as_chunks::<2>();
                let mut members: Vec<u64> =
                    pairs.iter().take(members.len()).map(|pair| pair[1]).collect();
                members.sort_unstable();
                found = members;
            }
            let alone = self.alone(value);
            let digest = self.state.hash_one((alone, found));
            if let Some(key) = key(value) {
                self.known.insert(key, digest);
            }
            match open.last_mut() {
                Some(above) => above.found.push(digest),
                None => return digest,
            }
        }
    }

    fn step(&mut self, step: Step<'_>) -> u64 {
        match step {
            Step::Key(key) => self.of(key),
            Step::Attribute(name) => self.state.hash_one(name),
            Step::Index(_) | Step::Member(_) | Step::Entry(..) => 0,
        }
    }

    /// The digest of a value without its parts.
    fn alone(&mut self, value: Value<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        match value.kind() {
            // Very many may be of a class with a long name.
            Kind::Object(object) => self.of(object.class()).hash(&mut hasher),
            _ => value.type_name().hash(&mut hasher),
        }
        match value.kind() {
            Kind::Bool(value) => value.hash(&mut hasher),
            Kind::Int(value) => value.to_string().hash(&mut hasher),
            Kind::Float(value) => value.to_bits().hash(&mut hasher),
            Kind::Complex { re, im } => (re.to_bits(), im.to_bits()).hash(&mut hasher),
            Kind::Str(text) | Kind::Layout(text) => text.hash(&mut hasher),
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) | Kind::Surrogates(bytes) => {
                bytes.hash(&mut hasher)
            }
            Kind::Tensor(tensor) => {
                tensor.dtype().hash(&mut hasher);
                if let Some(view) = tensor.view() {
                    view.shape().hash(&mut hasher);
                    // An expanded one can be as large as it likes.
                    if view.nbytes() <= view.storage().nbytes() {
                        view.bytes().ok().hash(&mut hasher);
                    }
                }
            }
            Kind::NumPy(value) => {
                (value.type_code(), value.data().as_bytes()).hash(&mut hasher);
                let sizes = value.shape();
                sizes.iter().for_each(|size| size.as_i64().hash(&mut hasher));
            }
            Kind::DType(dtype) => dtype.hash(&mut hasher),
            Kind::Device(device) => (device.kind(), device.index()).hash(&mut hasher),
            Kind::Global(name) => (name.module(), name.name()).hash(&mut hasher),
            _ => {}
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Graph, NewValue, ValueId};

    #[test]
    fn keys_of_any_kind_count() {
        let keys: [fn(&mut Graph<'static>) -> ValueId; 8] = [
            |graph| {
                let items = [graph.add(1), graph.add(2)];
                graph.tuple(items)
            },
            |graph| {
                let items = [graph.add(1), graph.add(3)];
                graph.tuple(items)
            },
            |graph| graph.add("w"),
            |graph| graph.add(NewValue::Bytes(b"w"[..].into())),
            |graph| {
                let (class, text) = (graph.global("mine", "Text"), graph.add("w"));
                graph.instance(class, [text])
            },
            |graph| {
                let (class, text) = (graph.global("mine", "Text"), graph.add("v"));
                graph.instance(class, [text])
            },
            |graph| graph.add(1),
            |graph| graph.add(1.0),
        ];
        let mut digests = Digests::default();
        let mut found: Vec<u64> = keys
            .into_iter()
            .map(|key| {
                let mut graph = Graph::new();
                let (key, value) = (key(&mut graph), graph.add(()));
                graph.push_entry(graph.root().value_id(), key, value).unwrap();
                digests = digests.alike();
                digests.of(graph.root())
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 8);
    }
}
