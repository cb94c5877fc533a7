//! What a value holds as one number, for finding equal ones.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt};

use crate::contents::parts::{Elements, Parts, Step};
use crate::contents::spelling::spell_key;
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
    known: HashMap<u64, u64>,
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
                match value.identity().and_then(|identity| self.known.get(&identity)) {
                    Some(&digest) => done = Some(digest),
                    None => {
                        // Within itself it counts as what it is alone.
                        if let Some(identity) = value.identity() {
                            self.known.insert(identity, self.alone(value));
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
            if let Some((step, part)) = last.parts.get(last.next) {
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
            let digest = self.state.hash_one((self.alone(value), found));
            if let Some(identity) = value.identity() {
                self.known.insert(identity, digest);
            }
            match open.last_mut() {
                Some(above) => above.found.push(digest),
                None => return digest,
            }
        }
    }

    fn step(&self, step: Step<'_>) -> u64 {
        match step {
            // What a key holds is in its spelling alone.
            Step::Key(key) => match key.as_str() {
                Some(_) => self.alone(key),
                None => self.state.hash_one(spell_key(key)),
            },
            Step::Attribute(name) => self.state.hash_one(name),
            Step::Index(_) | Step::Member(_) | Step::Entry(..) => 0,
        }
    }

    /// The digest of a value without its parts.
    fn alone(&self, value: Value<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        value.type_name().hash(&mut hasher);
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
            Kind::Device(device) => device.to_string().hash(&mut hasher),
            Kind::Global(name) => name.to_string().hash(&mut hasher),
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
