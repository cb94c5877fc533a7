//! From Rust types to values.

use std::collections::HashSet;

use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use crate::checkpoint::typed::dict_key;
use crate::checkpoint::typed::problem::{DEPTH, Problem};
use crate::contents::Segment;
use crate::value::{Graph, NewValue, Value, ValueId};

/// The graph that a value is encoded into.
pub(super) struct Encoder<'g, 'a> {
    graph: &'g mut Graph<'a>,
    depth: usize,
}

impl<'g, 'a> Encoder<'g, 'a> {
    pub(super) fn new(graph: &'g mut Graph<'a>) -> Self {
        Encoder { graph, depth: 0 }
    }

    /// Encodes a part of this value.
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<ValueId, Problem> {
        if self.depth >= DEPTH {
            return Err(Problem::new(format!("it nests more than {DEPTH} levels deep")));
        }
        value.serialize(Encoder { graph: &mut *self.graph, depth: self.depth + 1 })
    }

    fn add(self, value: impl Into<NewValue<'a>>) -> Result<ValueId, Problem> {
        Ok(self.graph.add(value))
    }

    fn int(self, value: i128) -> Result<ValueId, Problem> {
        self.add(NewValue::BigInt(value.to_le_bytes().to_vec().into()))
    }
}

macro_rules! integers {
    ($($method:ident $integer:ty),+) => {
        $(fn $method(self, value: $integer) -> Result<ValueId, Problem> {
            self.int(value.into())
        })+
    };
}

impl<'g, 'a> Serializer for Encoder<'g, 'a> {
    type Ok = ValueId;
    type Error = Problem;
    type SerializeSeq = Sequence<'g, 'a>;
    type SerializeTuple = Sequence<'g, 'a>;
    type SerializeTupleStruct = Sequence<'g, 'a>;
    type SerializeTupleVariant = Sequence<'g, 'a>;
    type SerializeMap = Fields<'g, 'a>;
    type SerializeStruct = Fields<'g, 'a>;
    type SerializeStructVariant = Fields<'g, 'a>;

    fn serialize_bool(self, value: bool) -> Result<ValueId, Problem> {
        self.add(value)
    }

    fn serialize_i64(self, value: i64) -> Result<ValueId, Problem> {
        self.add(value)
    }

    integers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    }

    fn serialize_i128(self, value: i128) -> Result<ValueId, Problem> {
        self.int(value)
    }

    fn serialize_u128(self, value: u128) -> Result<ValueId, Problem> {
        match i128::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => {
                // Without the zero its sign would be wrong.
                let mut bytes = value.to_le_bytes().to_vec();
                bytes.push(0);
                self.add(NewValue::BigInt(bytes.into()))
            }
        }
    }

    fn serialize_f32(self, value: f32) -> Result<ValueId, Problem> {
        self.add(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<ValueId, Problem> {
        self.add(value)
    }

    fn serialize_char(self, value: char) -> Result<ValueId, Problem> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<ValueId, Problem> {
        // CPython has one object for the empty text and for each character of Latin-1.
        let mut chars = value.chars();
        let first = chars.next();
        if first.is_none_or(|first| u32::from(first) < 256) && chars.next().is_none() {
            return Ok(self.graph.key(value));
        }
        self.add(value.to_owned())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<ValueId, Problem> {
        self.add(NewValue::Bytes(value.to_vec().into()))
    }

    fn serialize_none(self) -> Result<ValueId, Problem> {
        self.add(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<ValueId, Problem> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<ValueId, Problem> {
        self.add(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<ValueId, Problem> {
        self.add(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<ValueId, Problem> {
        Ok(self.graph.key(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<ValueId, Problem> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<ValueId, Problem> {
        let value = self.part(value).map_err(Problem::within(|| variant.into()))?;
        Ok(named(self.graph, variant, value))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'g, 'a>, Problem> {
        Ok(Sequence::new(self, Graph::list, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'g, 'a>, Problem> {
        Ok(Sequence::new(self, Graph::tuple, None))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Sequence<'g, 'a>, Problem> {
        Ok(Sequence::new(self, Graph::tuple, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Sequence<'g, 'a>, Problem> {
        Ok(Sequence::new(self, Graph::tuple, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'g, 'a>, Problem> {
        Ok(Fields::new(self, None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'g, 'a>, Problem> {
        Ok(Fields::new(self, None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'g, 'a>, Problem> {
        Ok(Fields::new(self, Some(variant)))
    }
}

/// A dict of one name to a value.
fn named(graph: &mut Graph<'_>, name: &str, value: ValueId) -> ValueId {
    let key = graph.key(name);
    graph.dict_with([(key, value)])
}

type Make<'a> = fn(&mut Graph<'a>, Vec<ValueId>) -> ValueId;

/// A list or tuple.
pub(super) struct Sequence<'g, 'a> {
    encoder: Encoder<'g, 'a>,
    make: Make<'a>,
    items: Vec<ValueId>,
    variant: Option<&'static str>,
}

impl<'g, 'a> Sequence<'g, 'a> {
    fn new(encoder: Encoder<'g, 'a>, make: Make<'a>, variant: Option<&'static str>) -> Self {
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
    fn new(encoder: Encoder<'g, 'a>, variant: Option<&'static str>) -> Self {
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

/// Returns the name of a key in messages.
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
