//! From Rust types to values.

use serde::{Serialize, Serializer};

use crate::checkpoint::typed::parts::{Fields, Sequence};
use crate::checkpoint::typed::{DEPTH, Problem};
use crate::value::{Node, NodeId, Tree};

/// Where a value is encoded to.
pub(super) struct Encoder<'t, 'a> {
    pub(super) tree: &'t mut Tree<'a>,
    depth: usize,
}

impl<'t, 'a> Encoder<'t, 'a> {
    pub(super) fn new(tree: &'t mut Tree<'a>) -> Self {
        Encoder { tree, depth: 0 }
    }

    /// Encodes a part of this value.
    pub(super) fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<NodeId, Problem> {
        if self.depth >= DEPTH {
            return Err(Problem::new(format!("it nests more than {DEPTH} levels deep")));
        }
        value.serialize(Encoder { tree: &mut *self.tree, depth: self.depth + 1 })
    }

    fn add(self, node: impl Into<Node<'a>>) -> Result<NodeId, Problem> {
        Ok(self.tree.add(node))
    }

    fn int(self, value: i128) -> Result<NodeId, Problem> {
        self.add(match i64::try_from(value) {
            Ok(value) => Node::Int(value),
            Err(_) => Node::BigInt(value.to_le_bytes().to_vec().into()),
        })
    }
}

impl<'t, 'a> Serializer for Encoder<'t, 'a> {
    type Ok = NodeId;
    type Error = Problem;
    type SerializeSeq = Sequence<'t, 'a>;
    type SerializeTuple = Sequence<'t, 'a>;
    type SerializeTupleStruct = Sequence<'t, 'a>;
    type SerializeTupleVariant = Sequence<'t, 'a>;
    type SerializeMap = Fields<'t, 'a>;
    type SerializeStruct = Fields<'t, 'a>;
    type SerializeStructVariant = Fields<'t, 'a>;

    fn serialize_bool(self, value: bool) -> Result<NodeId, Problem> {
        self.add(value)
    }

    fn serialize_i8(self, value: i8) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<NodeId, Problem> {
        self.add(value)
    }

    fn serialize_i128(self, value: i128) -> Result<NodeId, Problem> {
        self.int(value)
    }

    fn serialize_u8(self, value: u8) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<NodeId, Problem> {
        self.int(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<NodeId, Problem> {
        match i128::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => {
                // Without the zero its sign would be wrong.
                let mut bytes = value.to_le_bytes().to_vec();
                bytes.push(0);
                self.add(Node::BigInt(bytes.into()))
            }
        }
    }

    fn serialize_f32(self, value: f32) -> Result<NodeId, Problem> {
        self.add(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<NodeId, Problem> {
        self.add(value)
    }

    fn serialize_char(self, value: char) -> Result<NodeId, Problem> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<NodeId, Problem> {
        // CPython has one object for the empty text and for each character of Latin-1.
        let mut chars = value.chars();
        let first = chars.next();
        if first.is_none_or(|first| u32::from(first) < 256) && chars.next().is_none() {
            return Ok(self.tree.key(value));
        }
        self.add(value.to_owned())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<NodeId, Problem> {
        self.add(Node::Bytes(value.to_vec().into()))
    }

    fn serialize_none(self) -> Result<NodeId, Problem> {
        self.add(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<NodeId, Problem> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<NodeId, Problem> {
        self.add(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<NodeId, Problem> {
        self.add(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<NodeId, Problem> {
        Ok(self.tree.key(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<NodeId, Problem> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<NodeId, Problem> {
        let value = self.part(value).map_err(Problem::within(|| variant.into()))?;
        Ok(named(self.tree, variant, value))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'t, 'a>, Problem> {
        Ok(Sequence::new(self, Node::List, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'t, 'a>, Problem> {
        Ok(Sequence::new(self, Node::Tuple, None))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Sequence<'t, 'a>, Problem> {
        Ok(Sequence::new(self, Node::Tuple, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Sequence<'t, 'a>, Problem> {
        Ok(Sequence::new(self, Node::Tuple, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'t, 'a>, Problem> {
        Ok(Fields::new(self, None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'t, 'a>, Problem> {
        Ok(Fields::new(self, None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'t, 'a>, Problem> {
        Ok(Fields::new(self, Some(variant)))
    }
}

/// A dict of one name to a value.
pub(super) fn named(tree: &mut Tree<'_>, name: &str, value: NodeId) -> NodeId {
    let mut dict = crate::value::DictNode::new(crate::value::DictKind::Dict);
    dict.entries.push((tree.key(name), value));
    tree.add(dict)
}
