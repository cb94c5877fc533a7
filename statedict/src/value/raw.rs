//! The values of the arena as they are stored: small, copyable, without pointers.

use crate::dtype::DType;

/// A run of bytes: of the pickle itself, or of the text beside it (see `Graph::text`).
/// Every string of a pickle has a start of its own, so the start is the string's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Text {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// A run of values in the arena's pool. For a tuple, which never changes, the start is its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// One value. What can change after it was made (lists, dicts, objects) is an index to a node:
/// two copies of this are two references to one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Raw {
    None,
    Bool(bool),
    Int(i64),
    /// Little-endian two's complement; only what does not fit an `i64`.
    BigInt(Text),
    Float(f64),
    Complex(u32),
    /// A `str` in UTF-8.
    Str(Text),
    /// A `str` with lone surrogates, each of them three bytes.
    Surrogates(Text),
    Bytes(Text),
    ByteArray(Text),
    Tuple(Run),
    Size(Run),
    /// A list, set or dict: an index into the containers.
    Container(u32),
    Object(u32),
    Tensor(u32),
    /// A storage, and the element type it was saved with (`None` for an untyped one).
    Storage(StorageRef, Option<DType>),
    DType(DType),
    Device(u32),
    Layout(Text),
    Global(u32),
    /// A sparse or quantized tensor.
    Composite(u32),
    NumPy(u32),
    Refused(u32),
}

/// Which storage, of which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StorageRef {
    /// One of the file's.
    File(u32),
    /// One of which the file has no bytes.
    Absent(u32),
    /// One of a tensor that was put in.
    Inserted(u32),
}

/// The kinds of values that are objects of their own in Python and in a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Str,
    Bytes,
    ByteArray,
    Tuple,
    Size,
    Container,
    Object,
    Tensor,
    Complex,
    Device,
    Composite,
    NumPy,
    Refused,
}

/// The kind, place and length of a value, which are equal for values that are one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity(Kind, u32, u32);

impl Raw {
    /// Returns the identity of the value in its graph; `None` for a value that a pickle writes again wherever it
    /// occurs.
    pub(crate) fn identity(self) -> Option<Identity> {
        let text = |kind, text: Text| Some(Identity(kind, text.start, text.len));
        let run = |kind, run: Run| Some(Identity(kind, run.start, run.len));
        let node = |kind, index| Some(Identity(kind, index, 0));
        match self {
            Raw::Str(content) | Raw::Surrogates(content) => text(Kind::Str, content),
            Raw::Bytes(content) => text(Kind::Bytes, content),
            Raw::ByteArray(content) => text(Kind::ByteArray, content),
            Raw::Tuple(elements) => run(Kind::Tuple, elements),
            Raw::Size(sizes) => run(Kind::Size, sizes),
            Raw::Container(index) => node(Kind::Container, index),
            Raw::Object(index) => node(Kind::Object, index),
            Raw::Tensor(index) => node(Kind::Tensor, index),
            Raw::Complex(index) => node(Kind::Complex, index),
            Raw::Device(index) => node(Kind::Device, index),
            Raw::Composite(index) => node(Kind::Composite, index),
            Raw::NumPy(index) => node(Kind::NumPy, index),
            Raw::Refused(index) => node(Kind::Refused, index),
            Raw::None
            | Raw::Bool(_)
            | Raw::Int(_)
            | Raw::BigInt(_)
            | Raw::Float(_)
            | Raw::Storage(..)
            | Raw::DType(_)
            | Raw::Layout(_)
            | Raw::Global(_) => None,
        }
    }
}

/// The type of a container in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerKind {
    List,
    Set,
    FrozenSet,
    Dict,
    OrderedDict,
    Counter,
    DefaultDict,
}

impl ContainerKind {
    /// Returns `true` if the pool holds keys and values in turn.
    pub(crate) fn is_dict(self) -> bool {
        use ContainerKind::*;
        matches!(self, Dict | OrderedDict | Counter | DefaultDict)
    }

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            ContainerKind::List => "list",
            ContainerKind::Set => "set",
            ContainerKind::FrozenSet => "frozenset",
            ContainerKind::Dict => "dict",
            ContainerKind::OrderedDict => "collections.OrderedDict",
            ContainerKind::Counter => "collections.Counter",
            ContainerKind::DefaultDict => "collections.defaultdict",
        }
    }
}

/// A list, set or dict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Container {
    pub(crate) run: Run,
    /// How many values of the pool are set aside from the run's start on.
    pub(crate) capacity: u32,
    pub(crate) kind: ContainerKind,
    /// `true` if nothing else has a part of its run, as a container made by reading may.
    pub(crate) owned: bool,
    /// Index into `Graph::extras`, for the few that have attributes or a default factory.
    pub(crate) extra: Option<u32>,
}

/// The parts that few containers have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extra {
    pub(crate) attributes: Raw,
    pub(crate) factory: Raw,
}

/// A value of a class that is not known: what the pickle says of it, and nothing done with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object {
    pub(crate) class: Raw,
    pub(crate) args: Raw,
    pub(crate) kwargs: Raw,
    pub(crate) state: Raw,
    /// A list of what was appended to it, a dict of what was set in it; `Raw::None` for nothing.
    pub(crate) items: Raw,
    pub(crate) entries: Raw,
    /// Made with `__new__` rather than by a call.
    pub(crate) new: bool,
}

/// A `torch.device`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) kind: Text,
    pub(crate) index: Option<i64>,
}

/// A class or function that the pickle names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Global {
    pub(crate) module: Text,
    pub(crate) name: Text,
}

/// A tensor: a checked view of a storage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TensorNode {
    pub(crate) offset: usize,
    pub(crate) storage: StorageRef,
    /// The start of its sizes in `Graph::dims`; its strides follow where it is not row-major.
    pub(crate) dims: u32,
    pub(crate) rank: u32,
    pub(crate) dtype: DType,
    pub(crate) flags: TensorFlags,
}

/// A tensor that is made of several values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Composite {
    Sparse {
        /// `torch.sparse_coo` and the like.
        layout: Text,
        size: Run,
        /// The tensors, in the order of the layout.
        parts: Run,
        coalesced: Option<bool>,
    },
    Quantized {
        /// The tensor of the numbers that stand for its elements.
        tensor: u32,
        /// A scale and a zero point, or tensors of these and their axis.
        parameters: Run,
    },
}

/// The form of a value of NumPy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumPyForm {
    DType,
    Scalar,
    Array,
}

/// A value of NumPy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumPy {
    pub(crate) form: NumPyForm,
    /// The type's kind and size: `f8`. An array refers to its dtype instead, which may change yet.
    pub(crate) code: Text,
    pub(crate) order: Text,
    pub(crate) dtype: Raw,
    pub(crate) shape: Raw,
    pub(crate) fortran: bool,
    /// A tuple of which axis of the row-major elements each axis is; `Raw::None` where they are the same.
    pub(crate) axes: Raw,
    pub(crate) data: Raw,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TensorFlags {
    pub(crate) requires_grad: bool,
    pub(crate) conj: bool,
    pub(crate) neg: bool,
    pub(crate) parameter: bool,
    /// `true` if strides follow the sizes.
    pub(crate) strided: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_small() {
        assert_eq!(size_of::<Raw>(), 16);
        assert!(size_of::<TensorNode>() <= 32);
        assert!(size_of::<Container>() <= 24);
    }
}
