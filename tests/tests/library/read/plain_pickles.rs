//! Plain pickles, against serde-pickle: an implementation that shares nothing with ours.

use std::collections::BTreeMap;

use serde_pickle::{HashableValue, SerOptions};
use statedict::codec::{self, ReadOptions, Source};
use statedict::value::{Kind, Value};

/// Numbers that look random and are the same on every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn text(&mut self) -> String {
        (0..self.below(12))
            .map(|_| ['a', 'é', '\n', '"', '0', '字', '\u{1f600}'][self.index(7)])
            .collect()
    }

    fn index(&mut self, limit: u64) -> usize {
        usize::try_from(self.below(limit)).unwrap()
    }

    fn int(&mut self) -> i64 {
        // All widths of pickle's integers, both signs.
        let width = self.below(64);
        (self.next() >> width).cast_signed()
    }

    fn key(&mut self) -> HashableValue {
        match self.below(4) {
            0 => HashableValue::I64(self.int()),
            1 => HashableValue::Bool(self.below(2) == 0),
            2 => HashableValue::Tuple(
                (0..self.below(3)).map(|_| HashableValue::I64(self.int())).collect(),
            ),
            _ => HashableValue::String(self.text()),
        }
    }

    fn value(&mut self, depth: u64) -> serde_pickle::Value {
        use serde_pickle::Value as V;
        match self.below(if depth == 0 { 6 } else { 9 }) {
            0 => V::None,
            1 => V::Bool(self.below(2) == 0),
            2 => V::I64(self.int()),
            3 => V::F64(f64::from_bits(self.next())),
            4 => V::String(self.text()),
            5 => V::Bytes((0..self.below(300)).map(|_| self.next().to_le_bytes()[0]).collect()),
            6 => V::List((0..self.below(5)).map(|_| self.value(depth - 1)).collect()),
            7 => V::Tuple((0..self.below(5)).map(|_| self.value(depth - 1)).collect()),
            _ => V::Dict((0..self.below(5)).map(|_| (self.key(), self.value(depth - 1))).collect()),
        }
    }
}

/// What we read, in the other's words.
fn same(ours: Value<'_>, theirs: &serde_pickle::Value) -> bool {
    use serde_pickle::Value as V;
    match (ours.kind(), theirs) {
        (Kind::None, V::None) => true,
        (Kind::Bool(a), V::Bool(b)) => a == *b,
        (Kind::Int(a), V::I64(b)) => a.as_i64() == Some(*b),
        (Kind::Float(a), V::F64(b)) => a.to_bits() == b.to_bits(),
        (Kind::Str(a), V::String(b)) => a == b,
        (Kind::Bytes(a), V::Bytes(b)) => a == b,
        (Kind::List(a), V::List(b)) | (Kind::Tuple(a), V::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Kind::Dict(a), V::Dict(b)) => {
            let found: Option<BTreeMap<HashableValue, Value<'_>>> =
                a.iter().map(|(key, value)| Some((hashable(key)?, value))).collect();
            found.is_some_and(|found| {
                found.len() == b.len()
                    && found.iter().zip(b).all(|((key, a), (other, b))| key == other && same(*a, b))
            })
        }
        _ => false,
    }
}

fn hashable(key: Value<'_>) -> Option<HashableValue> {
    Some(match key.kind() {
        Kind::Int(int) => HashableValue::I64(int.as_i64()?),
        Kind::Bool(bool) => HashableValue::Bool(bool),
        Kind::Str(text) => HashableValue::String(text.to_owned()),
        Kind::Tuple(items) => {
            HashableValue::Tuple(items.iter().map(hashable).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[test]
fn both_read_the_same_values() {
    let mut random = Random(0x5eed_0000_0001);
    let mut read = 0;
    for round in 0..2_000u32 {
        let value = random.value(4);
        for options in [SerOptions::new().proto_v2(), SerOptions::new()] {
            let pickle = serde_pickle::value_to_vec(&value, options).unwrap();
            let document =
                codec::Document::read_with(Source::bytes(pickle), &ReadOptions::default());
            let document = document.unwrap_or_else(|error| panic!("{round}: {value:?}: {error}"));
            assert!(same(document.root(), &value), "{round}: {value:?} and {:?}", document.root());
            read += 1;
        }
    }
    assert_eq!(read, 4_000);
}

#[test]
fn a_difference_would_be_seen() {
    let pickle =
        serde_pickle::value_to_vec(&serde_pickle::Value::I64(5), SerOptions::new()).unwrap();
    let document =
        codec::Document::read_with(Source::bytes(pickle), &ReadOptions::default()).unwrap();
    assert!(same(document.root(), &serde_pickle::Value::I64(5)));
    assert!(!same(document.root(), &serde_pickle::Value::I64(6)));
    assert!(!same(document.root(), &serde_pickle::Value::Bool(true)));
}
