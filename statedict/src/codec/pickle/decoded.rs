//! The options and the result of decoding a pickle.

use crate::codec::read::Limits;
use crate::value::Graph;
use crate::value::raw::Raw;

/// The options of reading one pickle.
pub(crate) struct PickleOptions<'o> {
    pub(crate) limits: &'o Limits,
    /// Keeps values of unknown classes, rather than refusing them.
    pub(crate) opaque: bool,
}

/// The values of one pickle.
pub(crate) struct Decoded {
    pub(crate) graph: Graph<'static>,
    pub(crate) root: Raw,
    pub(crate) protocol: u8,
    /// The number of strings of Python 2 that are not text and were kept as bytes.
    pub(crate) undecoded: usize,
}
