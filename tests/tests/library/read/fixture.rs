//! The committed files, and what a document holds as lines that can be compared with PyTorch's.

use std::path::PathBuf;

use statedict::codec::{self, Document, ReadError, ReadOptions};
use statedict::value::{Integer, Kind, Value};
pub(crate) use statedict_tests::lines;

/// The path of a committed file.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/read").join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

pub(crate) fn open(name: &str) -> Document {
    codec::Document::open_with(path(&format!("{name}.pt")), &ReadOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn refused(name: &str) -> ReadError {
    codec::Document::open_with(path(&format!("{name}.pt")), &ReadOptions::default()).unwrap_err()
}

/// What PyTorch finds in the file, as `make_read.py` wrote it.
pub(crate) fn expected(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path(&format!("{name}.txt"))).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Compares a committed file with what PyTorch finds in it.
#[track_caller]
pub(crate) fn check(name: &str) {
    let (found, expected) = (lines(&open(name)), expected(name));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(found.len(), expected.len(), "{name}");
}

/// Decimal text of an integer, whatever its size.
pub(crate) fn decimal(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Int(value) => Integer::to_string(&value),
        other => panic!("{other:?}"),
    }
}
