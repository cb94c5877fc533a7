//! How a file made its values, as far as that is not in the values: for writing them again.

use foldhash::HashMap;

use crate::value::raw::{Raw, Text};

/// A kind of value and its index: of those kinds that are kept in another form than they are made in.
pub(super) type CallKey = (u8, u32);

pub(super) fn call_key(value: Raw) -> Option<CallKey> {
    match value {
        Raw::Refused(index) => Some((0, index)),
        Raw::Composite(index) => Some((1, index)),
        Raw::NumPy(index) => Some((2, index)),
        _ => None,
    }
}

/// The function and arguments that a value is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MadeBy {
    pub(crate) function: Raw,
    pub(crate) args: Raw,
    pub(crate) state: Raw,
}

/// How the values of an arena were made.
#[derive(Debug, Default, Clone)]
pub(super) struct Provenance {
    pub(super) calls: HashMap<CallKey, MadeBy>,
    /// Strings that are constants of PyTorch's code: the writer's, which values may be one object with.
    pub(super) constants: Vec<Text>,
    /// The texts that single bytes beyond ASCII were given as, by where the bytes are.
    pub(super) encoded: HashMap<u32, Text>,
}
