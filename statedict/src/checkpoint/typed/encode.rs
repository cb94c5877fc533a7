//! From Rust types to values.

use serde::{Serialize, Serializer};

use crate::checkpoint::typed::parts::{Fields, Sequence};
use crate::checkpoint::typed::{DEPTH, Problem};
use crate::value::{Graph, NewValue, ValueId};

/// Where a value is encoded to.
pub(super) struct Encoder<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    depth: usize,
}

impl<'g, 'a> Encoder<'g, 'a> {
    pub(super) fn new(graph: &'g mut Graph<'a>) -> Self {
        Encoder { graph, depth: 0 }
    }

    /// Encodes a part of this value.
    pub(super) fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<ValueId, Problem> {
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

    fn serialize_i8(self, value: i8) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<ValueId, Problem> {
        self.add(value)
    }

    fn serialize_i128(self, value: i128) -> Result<ValueId, Problem> {
        self.int(value)
    }

    fn serialize_u8(self, value: u8) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<ValueId, Problem> {
        self.int(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<ValueId, Problem> {
        self.int(value.into())
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
pub(super) fn named(graph: &mut Graph<'_>, name: &str, value: ValueId) -> ValueId {
    let key = graph.key(name);
    graph.dict_with([(key, value)])
}
