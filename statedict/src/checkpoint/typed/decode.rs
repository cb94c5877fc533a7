//! From values to Rust types.

use std::cell::Cell;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::checkpoint::shape::Shape;
use crate::checkpoint::typed::problem::{DEPTH, Problem};
use crate::contents::Segment;
use crate::value::text::quoted;
use crate::value::{Dict, Integer, Items, Value};

/// A value that is decoded.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'s, 'c> {
    value: Value<'c>,
    depth: usize,
    /// How much may still be decoded.
    left: &'s Cell<usize>,
}

impl<'s, 'c> Decoder<'s, 'c> {
    pub(super) fn new(value: Value<'c>, left: &'s Cell<usize>) -> Self {
        Decoder { value, depth: 0, left }
    }

    /// The decoder of a part of this value.
    fn of(self, value: Value<'c>) -> Self {
        Decoder { value, depth: self.depth + 1, ..self }
    }

    /// The same value for a type within the type: a type can contain itself without end.
    fn deeper(self) -> Result<Self, Problem> {
        match self.depth > DEPTH {
            true => Err(too_deep()),
            false => Ok(self.of(self.value)),
        }
    }

    /// Returns the kind of the value, if it may still be decoded.
    fn shape(self) -> Result<Shape<'c>, Problem> {
        if self.depth > DEPTH {
            return Err(too_deep());
        }
        let shape = Shape::of(self.value);
        let cost = match &shape {
            Shape::Str(text) => text.len(),
            Shape::Bytes(bytes) | Shape::Surrogates(bytes) => bytes.len(),
            _ => 0,
        };
        let left = self.left.get().checked_sub(cost.saturating_add(1));
        self.left.set(left.ok_or_else(|| {
            Problem::new(
                "it has far more values than the file: parts of it are used again and again",
            )
        })?);
        Ok(shape)
    }

    fn items<V: Visitor<'c>>(self, items: Items<'c>, visitor: V) -> Result<V::Value, Problem> {
        let mut access = ItemsAccess { decoder: self, items, next: 0 };
        let value = visitor.visit_seq(&mut access)?;
        match access.next >= items.len() {
            true => Ok(value),
            false => {
                let (len, taken) = (items.len(), access.next);
                let name = self.value.type_name();
                Err(Problem::new(format!("it is a {name} of {len}, of which {taken} are expected")))
            }
        }
    }

    fn entries<V: Visitor<'c>>(
        self,
        entries: Dict<'c>,
        fields: bool,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_map(EntriesAccess { decoder: self, entries, next: 0, value: None, fields })
    }

    fn any<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.shape()? {
            Shape::None => visitor.visit_unit(),
            Shape::Bool(value) => visitor.visit_bool(value),
            Shape::Int(value) => visit_int(value, visitor),
            Shape::Float(value) => visitor.visit_f64(value),
            Shape::Complex(re, im) => {
                visitor.visit_seq(SeqDeserializer::<_, Problem>::new([re, im].into_iter()))
            }
            Shape::Str(text) => visitor.visit_borrowed_str(text),
            Shape::Surrogates(bytes) => Err(Problem::new(format!(
                "it is the str {} with lone surrogates, which no Rust text can hold: `Kind::Surrogates` has its bytes",
                quoted(bytes)
            ))),
            Shape::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Shape::Items(items) => self.items(items, visitor),
            Shape::Dict(entries) | Shape::Object(Some(entries)) => {
                self.entries(entries, false, visitor)
            }
            Shape::Name(name) => visitor.visit_string(name),
            Shape::Tensor => Err(Problem::new(
                "it is a tensor, which no Rust value is made of: `Checkpoint::tensor` gives it",
            )),
            Shape::OddTensor(what) => Err(Problem::new(format!("it is {what}"))),
            Shape::Object(None) | Shape::Other => {
                let name = self.value.type_name();
                Err(Problem::new(format!(
                    "it is of the type `{name}`, which no Rust value is made of"
                )))
            }
        }
    }

    /// As [`any`](Self::any), for a float of so many bits of precision.
    fn float<V: Visitor<'c>>(
        self,
        bits: u32,
        largest: f64,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match Shape::of(self.value) {
            // Without this, serde would round it.
            Shape::Int(value) if !value.as_i64().is_some_and(|value| is_exact(value, bits)) => {
                Err(Problem::new(format!("the int {value} is no float of {bits} bits")))
            }
            Shape::Float(value) if value.is_finite() && value.abs() > largest => {
                Err(Problem::new(format!("{value:?} is larger than any f32")))
            }
            _ => self.any(visitor),
        }
    }

    /// As [`any`](Self::any), with the digits of an integer that no type of Rust holds.
    fn text<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        match Shape::of(self.value) {
            Shape::Int(value) if !fits(value) => {
                self.shape()?;
                visitor.visit_string(value.to_string())
            }
            _ => self.any(visitor),
        }
    }
}

fn too_deep() -> Problem {
    Problem::new(format!("it nests more than {DEPTH} levels deep"))
}

/// Returns `true` if a float with so many bits of precision is this integer.
fn is_exact(value: i64, bits: u32) -> bool {
    let size = value.unsigned_abs();
    size == 0 || 64 - size.leading_zeros() - size.trailing_zeros() <= bits
}

/// The value, where it fits: what is beyond its bytes only repeats its sign.
fn wide(value: Integer<'_>) -> (Option<i128>, Option<u128>) {
    let bytes = value.to_le_bytes();
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let mut array = [fill; 16];
    for (index, &byte) in bytes.iter().enumerate() {
        match array.get_mut(index) {
            Some(place) => *place = byte,
            None if byte == fill => {}
            None => return (None, None),
        }
    }
    let signed = i128::from_le_bytes(array);
    let unsigned = (!negative).then(|| u128::from_le_bytes(array));
    (((signed < 0) == negative).then_some(signed), unsigned)
}

fn fits(value: Integer<'_>) -> bool {
    value.as_i64().is_some() || !matches!(wide(value), (None, None))
}

fn visit_int<'c, V: Visitor<'c>>(value: Integer<'c>, visitor: V) -> Result<V::Value, Problem> {
    if let Some(value) = value.as_i64() {
        return visitor.visit_i64(value);
    }
    match wide(value) {
        (_, Some(unsigned)) => match u64::try_from(unsigned) {
            Ok(value) => visitor.visit_u64(value),
            Err(_) => visitor.visit_u128(unsigned),
        },
        (Some(signed), None) => match i64::try_from(signed) {
            Ok(value) => visitor.visit_i64(value),
            Err(_) => visitor.visit_i128(signed),
        },
        (None, None) => Err(Problem::new(
            "it is an int that is larger than any of Rust's; as a `String` it comes as its digits",
        )),
    }
}

impl<'c> Deserializer<'c> for Decoder<'_, 'c> {
    type Error = Problem;

    forward_to_deserialize_any! {
        <V: Visitor<'c>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct
    }

    fn deserialize_any<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.any(visitor)
    }

    fn deserialize_f32<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.float(24, f32::MAX.into(), visitor)
    }

    fn deserialize_f64<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.float(53, f64::MAX, visitor)
    }

    fn deserialize_str<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.any(visitor)
    }

    fn deserialize_option<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        match Shape::of(self.value) {
            Shape::None => visitor.visit_none(),
            _ => visitor.visit_some(self.deeper()?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'c>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_seq<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        match Shape::of(self.value) {
            // Of a `Vec<u8>`.
            Shape::Bytes(bytes) => {
                self.shape()?;
                let items = bytes.iter().copied();
                let mut access = SeqDeserializer::<_, Problem>::new(items);
                let value = visitor.visit_seq(&mut access)?;
                access.end().map(|()| value)
            }
            _ => self.any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'c>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'c>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.any(visitor)
    }

    fn deserialize_struct<V: Visitor<'c>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.shape()? {
            Shape::Dict(entries) | Shape::Object(Some(entries)) => {
                self.entries(entries, true, visitor)
            }
            _ => self.any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'c>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_enum(Variant::new(self)?)
    }

    fn deserialize_ignored_any<V: Visitor<'c>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }
}

struct ItemsAccess<'s, 'c> {
    decoder: Decoder<'s, 'c>,
    items: Items<'c>,
    next: usize,
}

impl<'c> SeqAccess<'c> for ItemsAccess<'_, 'c> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'c>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let Some(part) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(self.decoder.of(part)).map(Some).map_err(Problem::within(|| index.into()))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.len().checked_sub(self.next)
    }
}

struct EntriesAccess<'s, 'c> {
    decoder: Decoder<'s, 'c>,
    entries: Dict<'c>,
    next: usize,
    /// The entry whose key was given last.
    value: Option<(Value<'c>, Value<'c>)>,
    /// `true` if the keys are names of fields, which are all str.
    fields: bool,
}

fn segment(key: Value<'_>) -> Segment {
    match (key.as_str(), key.as_i64()) {
        (Some(key), _) => key.into(),
        (_, Some(key)) => key.into(),
        _ => Segment::Key(format!("<{}>", key.type_name())),
    }
}

impl<'c> MapAccess<'c> for EntriesAccess<'_, 'c> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'c>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        while let Some((key, value)) = self.entries.get_index(self.next) {
            self.next += 1;
            if self.fields && key.as_str().is_none() {
                continue;
            }
            self.value = Some((key, value));
            return seed
                .deserialize(self.decoder.of(key))
                .map(Some)
                .map_err(Problem::within(|| segment(key)));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'c>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (key, value) =
            self.value.take().ok_or_else(|| de::Error::custom("a value without a key"))?;
        seed.deserialize(self.decoder.of(value)).map_err(Problem::within(|| segment(key)))
    }

    fn size_hint(&self) -> Option<usize> {
        self.entries.len().checked_sub(self.next)
    }
}

/// Nothing, where a variant holds nothing.
fn nothing<'c>(decoder: Decoder<'_, 'c>) -> Result<(), Problem> {
    <()>::deserialize(decoder)
}

/// A variant: its name, and what it holds.
pub(super) struct Variant<'s, 'c> {
    name: &'c str,
    content: Option<Decoder<'s, 'c>>,
}

impl<'s, 'c> Variant<'s, 'c> {
    fn new(decoder: Decoder<'s, 'c>) -> Result<Self, Problem> {
        match decoder.shape()? {
            Shape::Str(name) => Ok(Variant { name, content: None }),
            Shape::Dict(entries) if entries.len() == 1 => {
                let (key, value) = entries.get_index(0).ok_or_else(|| not_one(decoder))?;
                let name = key.as_str().ok_or_else(|| not_one(decoder))?;
                Ok(Variant { name, content: Some(decoder.of(value)) })
            }
            _ => Err(not_one(decoder)),
        }
    }

    fn content(self, kind: &str) -> Result<Decoder<'s, 'c>, Problem> {
        let missing = || Problem::new(format!("the variant `{}` is {kind}", self.name));
        self.content.ok_or_else(missing)
    }
}

fn not_one(decoder: Decoder<'_, '_>) -> Problem {
    let name = decoder.value.type_name();
    Problem::new(format!("a variant is a str or a dict with one entry, and this is a {name}"))
}

impl<'s, 'c> EnumAccess<'c> for Variant<'s, 'c> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'c>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let name = BorrowedStrDeserializer::<Problem>::new(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'c> VariantAccess<'c> for Variant<'_, 'c> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        let name = self.name;
        let within = Problem::within(|| name.into());
        self.content.map_or(Ok(()), |content| nothing(content).map_err(within))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'c>>(self, seed: T) -> Result<T::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        seed.deserialize(self.content("not without a value")?).map_err(within)
    }

    fn tuple_variant<V: Visitor<'c>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        self.content("a tuple")?.deserialize_seq(visitor).map_err(within)
    }

    fn struct_variant<V: Visitor<'c>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        self.content("a dict")?.deserialize_struct("", fields, visitor).map_err(within)
    }
}
