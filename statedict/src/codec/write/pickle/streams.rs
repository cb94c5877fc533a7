//! The small pickles around the value's in the stream of before PyTorch 1.6.

use crate::codec::write::error::WriteError;
use crate::codec::write::pickle::batches::{Batches, Rule};
use crate::codec::write::pickle::encoder::Encoder;

/// `0x1950a86a20f9469cfc6c`, which begins every stream.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;

/// The three pickles that precede the value's: the magic number, the version and the writer's system.
pub(in crate::codec::write) fn legacy_preamble() -> Vec<u8> {
    let mut magic = Encoder::new(16);
    magic.long(&MAGIC);
    let mut version = Encoder::new(8);
    version.int(PROTOCOL);

    let mut system = Encoder::new(128);
    system.empty_dict();
    system.mark();
    system.string("protocol_version");
    system.int(PROTOCOL);
    system.string("little_endian");
    system.bool(true);
    system.string("type_sizes");
    system.empty_dict();
    system.mark();
    for (name, size) in [("short", 2), ("int", 4), ("long", 4)] {
        system.string(name);
        system.int(size);
    }
    system.set_items();
    system.set_items();

    let pickles = [magic, version, system].into_iter();
    pickles.filter_map(Encoder::finish).flatten().collect()
}

/// The pickle of a list of strings.
pub(in crate::codec::write) fn list_of_strings(strings: &[String]) -> Result<Vec<u8>, WriteError> {
    let mut encoder = Encoder::new(strings.len() * 24 + 16);
    encoder.empty_list();
    let mut strings = strings.iter();
    for batch in Batches::new(Rule::List, strings.len()) {
        if !batch.bare {
            encoder.mark();
        }
        for string in strings.by_ref().take(batch.len) {
            encoder.string(string);
        }
        if batch.bare {
            encoder.append();
        } else {
            encoder.appends();
        }
    }
    encoder.finish().ok_or(WriteError::TooLarge { what: "the number of storages is" })
}
