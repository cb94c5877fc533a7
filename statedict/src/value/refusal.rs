//! Tensors that a file holds and this crate cannot represent.

use std::fmt;

/// What is refused unless it is asked for as a plain tensor.
pub(crate) const OF_DEVICE: &str = "a tensor of an XLA, MAIA or MTIA device";
pub(crate) const WRAPPER: &str = "a wrapper tensor subclass";

/// A tensor that could not be represented. It stands in the tree where the tensor would be; the
/// others are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    reason: RefusalReason,
    offset: usize,
}

/// Why a tensor could not be represented.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalReason {
    /// A kind of tensor that this version does not read.
    Kind {
        /// Which, in words: `"a sparse tensor"`.
        kind: &'static str,
    },
    /// A sparse or quantized tensor where plain ones are needed, as in a state dict.
    NotPlain {
        /// Which, in words: `"a sparse tensor"`.
        kind: &'static str,
    },
    /// A tensor of a class that is not known here, such as a subclass of `torch.Tensor`.
    Class {
        /// The class, or the function that makes such tensors.
        class: String,
    },
    /// An element type that this version does not read.
    DType {
        /// PyTorch's name of it.
        name: String,
    },
}

impl Refusal {
    pub(crate) fn new(reason: RefusalReason, offset: usize) -> Self {
        Refusal { reason, offset }
    }

    /// The bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        match &self.reason {
            RefusalReason::Class { class: text } | RefusalReason::DType { name: text } => {
                text.capacity()
            }
            RefusalReason::Kind { .. } | RefusalReason::NotPlain { .. } => 0,
        }
    }

    /// Why.
    pub fn reason(&self) -> &RefusalReason {
        &self.reason
    }

    /// The place in the pickle at which the tensor is made, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

const PLAIN: &str = "`ReadOptions::plain_tensors(true)` reads as a plain tensor";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            RefusalReason::Kind { kind: kind @ OF_DEVICE } => {
                write!(f, "{kind}, whose elements {PLAIN}")
            }
            RefusalReason::Kind { kind: kind @ WRAPPER } => write!(
                f,
                "{kind}, which cannot be represented; of a distributed tensor save `tensor.full_tensor()` instead, \
                 and one whose local part is all of it {PLAIN}"
            ),
            RefusalReason::Kind { kind } => write!(f, "{kind}, which cannot be represented"),
            RefusalReason::NotPlain { kind } => write!(
                f,
                "{kind}, which is no plain tensor; its parts are in the tree, `Document::root`"
            ),
            RefusalReason::Class { class } => write!(
                f,
                "a tensor of {class}, which cannot be represented; save `tensor.as_subclass(torch.Tensor)` instead, or \
                 what {PLAIN}"
            ),
            RefusalReason::DType { name } => {
                write!(f, "a tensor of element type {name}, which cannot be read")
            }
        }
    }
}
