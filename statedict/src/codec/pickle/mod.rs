//! Python's pickle, protocols 0 to 5, into a tree of values. Nothing is imported or executed.

mod build;
mod call;
mod cursor;
mod decoded;
mod describe;
mod entry;
mod error;
mod extent;
mod fault;
mod findings;
mod flags;
mod globals;
mod literal;
mod machine;
mod memo;
mod nested;
mod numpy;
mod opcode;
mod path;
mod persistent;
mod plain;
mod quantized;
mod resolver;
mod scan;
mod scanned_value;
mod sparse;
mod storageless;
mod tensor;
mod unknown;
mod verdict;
mod work;

use crate::codec::read::ReadError;
use crate::value::Bytes;
use machine::{Machine, Stop};
use memo::Memo;

pub(crate) use decoded::{Decoded, PickleOptions, Unknown};
pub use error::PickleError;
pub(crate) use extent::{Extent, extent};
pub(crate) use findings::ScanLimits;
pub use findings::ScannedGlobal;
pub(crate) use persistent::LOCATION;
pub(crate) use resolver::{Saved, SavedTensor, Slice, StorageRequest, StorageResolver};
pub(crate) use scan::{PickleScan, scan};
pub use verdict::Verdict;

/// Decodes the pickle at the start of `source`, which messages call `member`.
pub(crate) fn decode<R: StorageResolver>(
    source: &Bytes,
    member: &str,
    options: &PickleOptions<'_>,
    resolver: &mut R,
) -> Result<Decoded, Box<ReadError>> {
    let bytes = (**source).as_ref();
    let mut memo = Memo::keep(bytes.len());
    loop {
        match Machine::new(source, options, resolver, memo).run(member) {
            Ok(decoded) => return Ok(decoded),
            Err(Stop::Error(error)) => return Err(error),
            // At most once: a memo that was scanned needs no other scan.
            Err(Stop::NeedsScan) => memo = Memo::scan(bytes),
        }
    }
}
