//! Sequences and dicts while they are encoded.

use std::collections::HashSet;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use crate::checkpoint::typed::Problem;
use crate::checkpoint::typed::dict_key;
use crate::checkpoint::typed::encode::{Encoder, named};
use crate::contents::Segment;
use crate::value::{DictKind, DictNode, Node, NodeId};

type MakeNode<'a> = fn(Vec<NodeId>) -> Node<'a>;

/// A list or tuple.
pub(super) struct Sequence<'t, 'a> {
    encoder: Encoder<'t, 'a>,
    make: MakeNode<'a>,
    items: Vec<NodeId>,
    variant: Option<&'static str>,
}

impl<'t, 'a> Sequence<'t, 'a> {
    pub(super) fn new(
        encoder: Encoder<'t, 'a>,
        make: MakeNode<'a>,
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

    fn finish(self) -> NodeId {
        let tree = self.encoder.tree;
        let node = tree.add((self.make)(self.items));
        self.variant.map_or(node, |variant| named(tree, variant, node))
    }
}

fn in_variant(problem: Problem, variant: Option<&'static str>) -> Problem {
    match variant {
        Some(variant) => Problem::within(|| variant.into())(problem),
        None => problem,
    }
}

/// A dict.
pub(super) struct Fields<'t, 'a> {
    encoder: Encoder<'t, 'a>,
    entries: Vec<(NodeId, NodeId)>,
    /// The keys so far, as what Python takes for equal.
    known: HashSet<String>,
    key: Option<NodeId>,
    variant: Option<&'static str>,
}

impl<'t, 'a> Fields<'t, 'a> {
    pub(super) fn new(encoder: Encoder<'t, 'a>, variant: Option<&'static str>) -> Self {
        Fields { encoder, entries: Vec::new(), known: HashSet::new(), key: None, variant }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Problem> {
        let key = self.encoder.tree.key(name);
        self.take_key(key)?;
        self.put(value)
    }

    fn take_key(&mut self, key: NodeId) -> Result<(), Problem> {
        let tree = &mut *self.encoder.tree;
        let equal = dict_key::canonical(tree, key).map_err(|found| {
            Problem::new(format!("a key of it is {found}, which Python cannot hash"))
        })?;
        if !self.known.insert(equal) {
            let key = segment(tree.get(key));
            let reason = "two keys of it are one in Python, so one of the values would be lost";
            return Err(Problem { segments: vec![key], reason: reason.to_owned() });
        }
        // Keys that are text are interned, as those of a program are.
        self.key = Some(match tree.get(key) {
            Some(Node::Str(text)) => {
                let text = text.clone().into_owned();
                tree.key(&text)
            }
            _ => key,
        });
        Ok(())
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        let key = self.key.take().ok_or_else(|| Problem::new("it has a value without a key"))?;
        let value = self.encoder.part(value).map_err(|problem| {
            let problem = Problem::within(|| segment(self.encoder.tree.get(key)))(problem);
            in_variant(problem, self.variant)
        })?;
        self.entries.push((key, value));
        Ok(())
    }

    fn finish(self) -> NodeId {
        let tree = self.encoder.tree;
        let mut dict = DictNode::new(DictKind::Dict);
        dict.entries = self.entries;
        let node = tree.add(dict);
        self.variant.map_or(node, |variant| named(tree, variant, node))
    }
}

/// What messages call a key.
fn segment(key: Option<&Node<'_>>) -> Segment {
    match key {
        Some(Node::Str(text)) => Segment::Key(text.clone().into_owned()),
        Some(Node::Int(value)) => Segment::Index(*value),
        _ => Segment::Key("a key".to_owned()),
    }
}

macro_rules! sequence {
    ($($name:ident $method:ident),*) => {
        $(impl $name for Sequence<'_, '_> {
            type Ok = NodeId;
            type Error = Problem;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
                self.item(value)
            }

            fn end(self) -> Result<NodeId, Problem> {
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
            type Ok = NodeId;
            type Error = Problem;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Problem> {
                self.field(name, value)
            }

            fn end(self) -> Result<NodeId, Problem> {
                Ok(self.finish())
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Fields<'_, '_> {
    type Ok = NodeId;
    type Error = Problem;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Problem> {
        let key = self.encoder.part(key)?;
        self.take_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        self.put(value)
    }

    fn end(self) -> Result<NodeId, Problem> {
        Ok(self.finish())
    }
}
