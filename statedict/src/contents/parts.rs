//! One level of what a value holds.

use foldhash::{HashMap, HashMapExt};

use crate::contents::path::{Segment, ValuePath};
use crate::contents::spelling::spell_key;
use crate::value::raw::Raw;
use crate::value::{Dict, Items, Kind, NumPy, NumPyForm, Object, Value};

/// One step of a path: what leads from a value to one of its parts.
#[derive(Debug, Clone, Copy)]
pub enum Step<'g> {
    /// To what a dict has under this key, which has a spelling.
    Key(Value<'g>),
    /// To what a list or tuple has at a place.
    Index(usize),
    /// To an attribute, or to a part that has a name.
    Attribute(&'g str),
    /// To the member of a set at a place, or to the key that a dict has there.
    Member(usize),
    /// To what a dict has under the key at a place, which has no spelling.
    Entry(usize, Value<'g>),
}

impl<'g> Step<'g> {
    /// The step to what a dict has under the key at a place.
    pub fn of_entry(key: Value<'g>, place: usize) -> Self {
        if has_spelling(key) { Step::Key(key) } else { Step::Entry(place, key) }
    }

    /// About how many bytes its spelling has.
    pub(super) fn length(&self) -> u64 {
        let text = match self {
            Step::Key(key) => key.text_len().max(8),
            Step::Attribute(name) => name.len(),
            Step::Index(_) | Step::Member(_) => 4,
            // Its key is told in a few words.
            Step::Entry(..) => 256,
        };
        u64::try_from(text).unwrap_or(u64::MAX).saturating_add(4)
    }
}

impl From<&Step<'_>> for Segment {
    fn from(step: &Step<'_>) -> Self {
        match *step {
            Step::Key(key) => match (key.as_str(), key.as_i64()) {
                (Some(key), _) => Segment::Key(key.to_owned()),
                (_, Some(key)) => Segment::Index(key),
                _ => Segment::Literal(spell_key(key).unwrap_or_default()),
            },
            Step::Index(index) => index.into(),
            Step::Attribute(name) => Segment::Attribute(name.to_owned()),
            Step::Member(place) => Segment::Member(place),
            Step::Entry(place, _) => Segment::Entry(place),
        }
    }
}

impl<'s, 'g: 's> FromIterator<&'s Step<'g>> for ValuePath {
    fn from_iter<I: IntoIterator<Item = &'s Step<'g>>>(steps: I) -> Self {
        steps.into_iter().map(Segment::from).collect::<Vec<_>>().into()
    }
}

/// The elements of a container.
#[derive(Debug, Clone, Copy)]
pub enum Elements<'g> {
    /// Those of a list or tuple, or of an object of a class that is made from `list`.
    Items(Items<'g>),
    /// Those of a set.
    Members(Items<'g>),
    /// Those of a dict, or of an object of a class that is made from `dict`, with their keys.
    Entries(Dict<'g>),
}

/// The parts of a value: the elements of a container, then everything else.
#[derive(Debug, Clone)]
pub struct Parts<'g> {
    elements: Option<Elements<'g>>,
    /// Attributes that a dict has, which several values may share, and that dict as a value.
    attributes: Option<Dict<'g>>,
    state: Option<Value<'g>>,
    /// `true` if the attributes come before the parts with names.
    attributes_first: bool,
    named: Vec<(Step<'g>, Value<'g>)>,
    /// The places of entries that share the spelling of their key with a later one, which has it.
    hidden: Vec<usize>,
}

impl<'g> Parts<'g> {
    /// The parts of a value. Those of its attributes are parts of the attributes.
    pub fn of(value: Value<'g>) -> Self {
        let mut parts = Parts {
            elements: None,
            attributes: None,
            state: None,
            attributes_first: matches!(value.kind(), Kind::Object(_)),
            named: Vec::new(),
            hidden: Vec::new(),
        };
        match value.kind() {
            Kind::List(items) | Kind::Tuple(items) | Kind::Size(items) => {
                parts.elements = Some(Elements::Items(items));
            }
            Kind::Set(items) | Kind::FrozenSet(items) => {
                parts.elements = Some(Elements::Members(items));
            }
            Kind::Dict(dict) => {
                parts.entries(dict);
                parts.name_some("default_factory", dict.default_factory());
                parts.attributes(dict.attributes());
            }
            Kind::Tensor(tensor) => parts.attributes(tensor.attributes()),
            Kind::Sparse(sparse) => {
                parts.named.extend(sparse.values().map(|(name, part)| named(name, part)));
            }
            Kind::Quantized(quantized) => {
                let values = quantized.values().into_iter();
                parts.named.extend(values.map(|(name, part)| named(name, part)));
                parts.attributes(quantized.tensor().attributes());
            }
            Kind::NumPy(value) => parts.numpy(value),
            Kind::Object(object) => parts.object(object),
            _ => {}
        }
        parts
    }

    /// The elements, of a container.
    pub fn elements(&self) -> Option<Elements<'g>> {
        self.elements
    }

    /// Everything else: keys without a spelling, attributes, and the parts of tensors and of objects.
    pub fn named(&self) -> impl DoubleEndedIterator<Item = (Step<'g>, Value<'g>)> {
        (0..self.named_len()).filter_map(|index| self.named_at(index))
    }

    /// The part of that number, with one for all attributes that a dict has: several values may share them.
    pub(super) fn get_whole(&self, index: usize) -> Option<(Step<'g>, Value<'g>)> {
        let attributes = self.attributes.map_or(0, |attributes| attributes.len());
        let elements = self.len().saturating_sub(self.named_len());
        let own = elements.saturating_add(if self.attributes_first { 0 } else { self.named.len() });
        let state = self.state.map(|state| (Step::Attribute("__dict__"), state));
        match index.checked_sub(own) {
            None => self.get(index),
            Some(0) if state.is_some() => state,
            Some(after) => {
                let before = usize::from(state.is_some());
                let after = after.checked_sub(before)?.saturating_add(attributes);
                self.get(own.saturating_add(after))
            }
        }
    }

    /// Returns how many parts there are.
    fn len(&self) -> usize {
        let elements = match self.elements {
            None => 0,
            Some(Elements::Items(items) | Elements::Members(items)) => items.len(),
            Some(Elements::Entries(dict)) => dict.len(),
        };
        elements.saturating_add(self.named_len())
    }

    /// Returns how many parts are [`named`](Self::named).
    pub fn named_len(&self) -> usize {
        self.named.len().saturating_add(self.attributes.map_or(0, |attributes| attributes.len()))
    }

    fn named_at(&self, index: usize) -> Option<(Step<'g>, Value<'g>)> {
        let attribute = |index: usize| {
            let (key, value) = self.attributes?.get_index(index)?;
            Some((Step::Attribute(key.as_str()?), value))
        };
        let named = |index: usize| self.named.get(index).copied();
        if self.attributes_first {
            let len = self.attributes.map_or(0, |attributes| attributes.len());
            attribute(index).or_else(|| named(index.checked_sub(len)?))
        } else {
            named(index).or_else(|| attribute(index.checked_sub(self.named.len())?))
        }
    }

    /// The part of that number, counted over the elements and then over what is [`named`](Self::named).
    pub fn get(&self, index: usize) -> Option<(Step<'g>, Value<'g>)> {
        let len = match self.elements {
            None => 0,
            Some(Elements::Items(items)) => match items.get(index) {
                Some(item) => return Some((Step::Index(index), item)),
                None => items.len(),
            },
            Some(Elements::Members(items)) => match items.get(index) {
                Some(item) => return Some((Step::Member(index), item)),
                None => items.len(),
            },
            Some(Elements::Entries(dict)) => match dict.get_index(index) {
                Some((key, value)) if self.hidden.binary_search(&index).is_ok() => {
                    return Some((Step::Entry(index, key), value));
                }
                Some((key, value)) => return Some((Step::of_entry(key, index), value)),
                None => dict.len(),
            },
        };
        self.named_at(index.checked_sub(len)?)
    }

    fn entries(&mut self, dict: Dict<'g>) {
        self.elements = Some(Elements::Entries(dict));
        let mut known: HashMap<String, usize> = HashMap::new();
        for (place, (key, _)) in dict.iter().enumerate() {
            if matches!(key.raw(), Raw::Str(_) | Raw::Int(_)) {
                continue;
            }
            match spell_key(key) {
                // NaN is not equal to itself, and a class may say the same of its objects.
                Some(text) => self.hidden.extend(known.insert(text, place)),
                None => self.named.push((Step::Member(place), key)),
            }
        }
        self.hidden.sort_unstable();
    }

    fn name_some(&mut self, name: &'static str, value: Option<Value<'g>>) {
        self.named.extend(value.map(|value| named(name, value)));
    }

    /// The attributes that a state gives an object: a dict of str, or all that there is under one name.
    fn attributes(&mut self, state: Option<Value<'g>>) {
        let Some(state) = state.filter(|state| !state.is_none()) else { return };
        match state.as_dict().filter(|dict| dict.iter().all(|(key, _)| key.is_plain_str())) {
            Some(dict) => (self.attributes, self.state) = (Some(dict), Some(state)),
            None => self.name_some("__state__", Some(state)),
        }
    }

    fn numpy(&mut self, value: NumPy<'g>) {
        match value.form() {
            NumPyForm::DType => self.name_some("__state__", value.state()),
            NumPyForm::Scalar | NumPyForm::Array => {
                let data = value.data();
                self.name_some("data", Some(data).filter(|data| data.as_items().is_some()));
                self.name_some("dtype", value.structured_dtype());
            }
        }
    }

    fn object(&mut self, object: Object<'g>) {
        let mut items = object.items();
        if let Some(entries) = object.entries().as_dict() {
            self.entries(entries);
        } else if let Some(found) = items.as_items() {
            self.elements = Some(Elements::Items(found));
            items = Value::new(items.graph(), Raw::None);
        }
        self.attributes(Some(object.state()));
        let class = object.class();
        let parts = [
            ("__class__", class),
            ("__args__", object.args()),
            ("__kwargs__", object.kwargs()),
            ("__items__", items),
        ];
        for (name, part) in parts {
            let is_name = matches!(part.kind(), Kind::Global(_)) && name == "__class__";
            let is_empty = part.as_items().is_some_and(|items| items.is_empty());
            self.name_some(
                name,
                Some(part).filter(|part| !part.is_none() && !is_empty && !is_name),
            );
        }
    }
}

fn named<'g>(name: &'static str, value: Value<'g>) -> (Step<'g>, Value<'g>) {
    (Step::Attribute(name), value)
}

/// Checks that a key can be written into a path.
pub(super) fn has_spelling(key: Value<'_>) -> bool {
    key.is_plain_str() || key.as_i64().is_some() || spell_key(key).is_some()
}
