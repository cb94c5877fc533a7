//! Sequences and dicts while they are encoded.

use std::collections::HashSet;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use crate::checkpoint::path::Segment;
use crate::checkpoint::typed::Problem;
use crate::checkpoint::typed::dict_key;
use crate::checkpoint::typed::encode::{Encoder, named};
use crate::value::{Graph, Value, ValueId};

type Make<'a> = fn(&mut Graph<'a>, Vec<ValueId>) -> ValueId;

/// A list or tuple.
pub(super) struct Sequence<'g, 'a> {
    encoder: Encoder<'g, 'a>,
    make: Make<'a>,
    items: Vec<ValueId>,
    variant: Option<&'static str>,
}

impl<'g, 'a> Sequence<'g, 'a> {
    pub(super) fn new(
        encoder: Encoder<'g, 'a>,
        make: Make<'a>,
        variant: Option<&'static str>,
    ) -> Self {
        Sequence { encoder, make, items: Vec::new(), variant }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        let index = self.items.len();
        let item = self.encoder.part(value).map_err(Problem::within(|| index.into()));
        self.items.push(item.map_err(|problem| in_variant(problem, self.variant))?);
        Ok(())
    }

    fn finish(self) -> ValueId {
        let graph = self.encoder.graph;
        let value = (self.make)(graph, self.items);
        self.variant.map_or(value, |variant| named(graph, variant, value))
    }
}

fn in_variant(problem: Problem, variant: Option<&'static str>) -> Problem {
    match variant {
        Some(variant) => Problem::within(|| variant.into())(problem),
        None => problem,
    }
}

/// A dict.
pub(super) struct Fields<'g, 'a> {
    encoder: Encoder<'g, 'a>,
    entries: Vec<(ValueId, ValueId)>,
    /// The keys so far, as what Python takes for equal.
    known: HashSet<String>,
    key: Option<ValueId>,
    variant: Option<&'static str>,
}

impl<'g, 'a> Fields<'g, 'a> {
    pub(super) fn new(encoder: Encoder<'g, 'a>, variant: Option<&'static str>) -> Self {
        Fields { encoder, entries: Vec::new(), known: HashSet::new(), key: None, variant }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Problem> {
        let key = self.encoder.graph.key(name);
        self.take_key(key)?;
        self.put(value)
    }

    fn take_key(&mut self, key: ValueId) -> Result<(), Problem> {
        let graph = &mut *self.encoder.graph;
        let equal = dict_key::canonical(graph.get(key)).map_err(|found| {
            Problem::new(format!("a key of it is {found}, which Python cannot hash"))
        })?;
        if !self.known.insert(equal) {
            let key = segment(graph.get(key));
            let reason = "two keys of it are one in Python, so one of the values would be lost";
            return Err(Problem { segments: vec![key], reason: reason.to_owned() });
        }
        // Keys that are text are interned, as those of a program are.
        let text = graph.get(key).as_str().map(str::to_owned);
        self.key = Some(text.map_or(key, |text| graph.key(&text)));
        Ok(())
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        let key = self.key.take().ok_or_else(|| Problem::new("it has a value without a key"))?;
        let value = self.encoder.part(value).map_err(|problem| {
            let problem = Problem::within(|| segment(self.encoder.graph.get(key)))(problem);
            in_variant(problem, self.variant)
        })?;
        self.entries.push((key, value));
        Ok(())
    }

    fn finish(self) -> ValueId {
        let graph = self.encoder.graph;
        let value = graph.dict_with(self.entries);
        self.variant.map_or(value, |variant| named(graph, variant, value))
    }
}

/// What messages call a key.
fn segment(key: Value<'_>) -> Segment {
    match (key.as_str(), key.as_i64()) {
        (Some(text), _) => text.into(),
        (_, Some(value)) => Segment::Index(value),
        _ => Segment::Key("a key".to_owned()),
    }
}

macro_rules! sequence {
    ($($name:ident $method:ident),*) => {
        $(impl $name for Sequence<'_, '_> {
            type Ok = ValueId;
            type Error = Problem;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
                self.item(value)
            }

            fn end(self) -> Result<ValueId, Problem> {
                Ok(self.finish())
            }
        })*
    };
}

sequence! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($name:ident),*) => {
        $(impl $name for Fields<'_, '_> {
            type Ok = ValueId;
            type Error = Problem;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Problem> {
                self.field(name, value)
            }

            fn end(self) -> Result<ValueId, Problem> {
                Ok(self.finish())
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Fields<'_, '_> {
    type Ok = ValueId;
    type Error = Problem;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Problem> {
        let key = self.encoder.part(key)?;
        self.take_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        self.put(value)
    }

    fn end(self) -> Result<ValueId, Problem> {
        Ok(self.finish())
    }
}
