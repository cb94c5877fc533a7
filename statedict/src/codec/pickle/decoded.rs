//! The options and the result of decoding a pickle.

use crate::codec::read::Limits;
use crate::value::Graph;
use crate::value::raw::Raw;

/// The options of reading one pickle.
pub(crate) struct PickleOptions<'o> {
    pub(crate) limits: &'o Limits,
    pub(crate) unknown: Unknown,
    /// Takes tensors of classes that are not known as plain ones.
    pub(crate) plain: bool,
    /// Keeps the classes of a program's own code, whose place is beside the pickle, without a word.
    pub(crate) program: bool,
}

/// The treatment of classes and functions that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The pickle is refused.
    Refused,
    /// They are kept inert, but for functions that run commands and code.
    Inert,
    /// All are kept inert.
    AllInert,
}

/// The values of one pickle.
pub(crate) struct Decoded {
    pub(crate) graph: Graph<'static>,
    pub(crate) root: Raw,
    pub(crate) protocol: u8,
    /// The number of strings of Python 2 that are not text and were kept as bytes.
    pub(crate) undecoded: usize,
    /// The classes that are not known and were kept: the first few of them, cut where they are long.
    pub(crate) unknown: Vec<String>,
    /// The number of bytes that follow STOP.
    pub(crate) trailing: usize,
}
