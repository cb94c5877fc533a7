//! The entries of a state dict, read in one step where they are as PyTorch writes them, and opcode by
//! opcode where they are not: the result is the same.

use std::io::{Cursor, Read};

use statedict::codec::{self, Document, ReadOptions, Source};
use statedict::tensor::{Shape, Storage};
use statedict::value::Kind;
use statedict::{DType, StateMap, TensorView, WriteOptions};

use super::fixture::lines;
use super::zip_builder::checkpoint;

fn read(pickle: &[u8], storages: &[(&str, &[u8])]) -> Document {
    codec::Document::read_with(Source::bytes(checkpoint(pickle, storages)), &ReadOptions::default())
        .unwrap()
}

/// Tensors of every rank, with strides, offsets, ties, and several element types and sizes of numbers.
fn map() -> StateMap<'static> {
    let mut map = StateMap::new();
    for rank in 0..10usize {
        let shape: Vec<usize> = (0..rank).map(|dim| dim % 3 + 1).collect();
        let numel = shape.iter().product();
        map.insert(
            format!("rank{rank}"),
            TensorView::from_vec(vec![0.5f32; numel], shape).unwrap(),
        );
    }
    let put = |map: &mut StateMap<'static>, key: &str, view| map.insert(key, view);
    put(&mut map, "empty", TensorView::from_vec(Vec::<i64>::new(), [2, 0, 3]).unwrap());
    put(&mut map, "long", TensorView::from_vec(vec![7u8; 70_000], [70_000]).unwrap());
    put(&mut map, "bool", TensorView::from_vec(vec![true; 300], [300, 1]).unwrap());
    let numbers: Vec<f32> = (0..24u8).map(f32::from).collect();
    let whole = TensorView::from_vec(numbers, [4, 6]).unwrap();
    put(&mut map, "transposed", whole.transpose(0, 1).unwrap());
    put(&mut map, "narrow", whole.narrow(1, 2..4).unwrap());
    put(&mut map, "late", whole.narrow(0, 2..4).unwrap());
    put(&mut map, "whole", whole.with_requires_grad(true));
    let storage = Storage::from_bytes(vec![1; 64]);
    let shape = Shape::from([16]);
    put(&mut map, "ключ", TensorView::contiguous(storage, DType::F16, shape, 8).unwrap());
    map
}

#[test]
fn an_entry_read_in_one_step_is_the_one_read_opcode_by_opcode() {
    let (map, mut file) = (map(), Vec::new());
    map.write_with(&mut file, &WriteOptions::default().keep_storage(true)).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        members.push((member.name().unwrap().trim_start_matches("archive/").to_owned(), content));
    }
    let pickle = &members[0].1;
    let storages: Vec<(&str, &[u8])> = members
        .iter()
        .filter_map(|(name, content)| Some((name.strip_prefix("data/")?, content.as_slice())))
        .collect();
    // A value that is made and taken away again between the two marks of each entry but the first.
    let mut other = Vec::new();
    let mut rest = pickle.as_slice();
    let mut changed = 0;
    while let Some(at) = rest.windows(3).position(|found| found == b"((h") {
        other.extend(&rest[..=at]);
        other.extend(b"N0");
        rest = &rest[at + 1..];
        changed += 1;
    }
    other.extend(rest);
    assert_eq!(changed, map.len() - 1, "every entry but the first refers to what it named");
    let (once, by_opcode) = (read(pickle, &storages), read(&other, &storages));
    assert_eq!(lines(&once), lines(&by_opcode));
    let found = once.state_map().unwrap();
    for ((key, found), (expected_key, expected)) in found.iter().zip(map.iter()) {
        assert_eq!((key, found.shape()), (expected_key, expected.shape()));
        assert_eq!(found.strides(), expected.strides(), "{key}");
        assert_eq!(found.storage_offset(), expected.storage_offset(), "{key}");
        assert_eq!(found.bytes().unwrap(), expected.bytes().unwrap(), "{key}");
        assert_eq!(found.requires_grad(), expected.requires_grad(), "{key}");
    }
    assert_eq!(found.len(), map.len());
}

/// An entry that names everything it makes, from `name` on; the first also what is the same in all.
fn entry(key: u8, name: u8, size: &[u8]) -> Vec<u8> {
    let same = |made: &'static [u8], name: u8| match key {
        b'a' => [made, b"q", &[name]].concat(),
        _ => vec![b'h', name],
    };
    let put = |after: u8| [b'q', name + after];
    let mut entry = [b"X\x01\0\0\0", &[key][..], &put(0)].concat();
    entry.extend(same(b"ctorch._utils\n_rebuild_tensor_v2\n", 0xc0));
    entry.extend(b"((");
    entry.extend(same(b"X\x07\0\0\0storage", 0xc1));
    entry.extend(same(b"ctorch\nFloatStorage\n", 0xc2));
    entry.extend([b"X\x01\0\0\x000", &put(1)[..]].concat());
    entry.extend(same(b"X\x03\0\0\0cpu", 0xc3));
    entry.extend([b"K\x02t", &put(2)[..], b"QK\0", size, b"K\x01\x85", &put(4), b"\x89"].concat());
    entry.extend(same(b"ccollections\nOrderedDict\n", 0xc4));
    entry.extend([b")R", &put(5)[..], b"t", &put(6), b"R", &put(7)].concat());
    entry
}

#[test]
fn what_an_entry_names_can_be_used_again() {
    let storage: &[(&str, &[u8])] = &[("0", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])];
    let size = |name: u8| [b"K\x02\x85q", &[name + 3][..]].concat();
    let mut pickle = b"\x80\x02}(".to_vec();
    pickle.extend(entry(b'a', 10, &size(10)));
    pickle.extend(entry(b'b', 20, &size(20)));
    pickle.extend(entry(b'c', 30, &size(30)));
    // The size of the second, the third itself, and its key as a value.
    pickle.extend(entry(b'd', 40, b"h\x17"));
    pickle.extend(b"X\x01\0\0\0eh\x25X\x01\0\0\0fh\x1eu.");
    let document = read(&pickle, storage);
    let dict = document.root();
    for key in ["a", "b", "c", "d", "e"] {
        let tensor = dict.get(key).and_then(|value| value.as_tensor()).unwrap();
        assert_eq!(tensor.to_vec::<f32>().unwrap(), [1.0, 2.0], "{key}");
    }
    assert!(dict.get("e").unwrap().same_as(dict.get("c").unwrap()));
    assert!(!dict.get("b").unwrap().same_as(dict.get("c").unwrap()));
    assert_eq!(dict.get("f").and_then(|value| value.as_str()), Some("c"));
}

#[test]
fn an_entry_that_is_wrong_says_what_and_where() {
    let short: &[(&str, &[u8])] = &[("0", &[0; 8])];
    let mut pickle = b"\x80\x02}(".to_vec();
    pickle.extend(entry(b'a', 10, b"K\x02\x85q\x0d"));
    pickle.extend(entry(b'b', 20, b"K\x09\x85q\x17"));
    pickle.extend(b"u.");
    let file = checkpoint(&pickle, short);
    let error = codec::Document::read_with(Source::bytes(file), &ReadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("a tensor that lies within its storage"), "{error}");
    assert!(error.contains("[\"b\"]"), "{error}");
}

#[test]
fn a_name_that_is_given_anew_has_its_last_value() {
    let storage: &[(&str, &[u8])] = &[("0", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])];
    let size = |name: u8| [b"K\x02\x85q", &[name + 3][..]].concat();
    // 7 has the name that the second entry gives to its key.
    let mut pickle = b"\x80\x02K\x07q\x140}(".to_vec();
    pickle.extend(entry(b'a', 10, &size(10)));
    pickle.extend(entry(b'b', 20, &size(20)));
    pickle.extend(b"X\x01\0\0\0ch\x14u.");
    let document = read(&pickle, storage);
    assert_eq!(document.root().get("c").and_then(|value| value.as_str()), Some("b"));
}

#[test]
fn the_version_of_a_module_is_the_same_read_in_one_step() {
    let mut pickle = b"\x80\x02}(X\x01\0\0\0aq\x0a}q\x0bX\x07\0\0\0versionq\x0cK\x01s".to_vec();
    pickle.extend(b"X\x01\0\0\0bq\x0d}q\x0eh\x0cK\x02s");
    pickle.extend(b"X\x01\0\0\0cr\x00\x10\0\0}r\x01\x10\0\0h\x0cM\x2c\x01s");
    let plain = read(&[&pickle[..], b"u."].concat(), &[]);
    let versions: Vec<(&str, i64)> = plain
        .root()
        .as_dict()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            (key.as_str().unwrap(), value.get("version").and_then(|it| it.as_i64()).unwrap())
        })
        .collect();
    assert_eq!(versions, [("a", 1), ("b", 2), ("c", 300)]);
    // The dict of the second under another key, where it gets another entry.
    pickle.extend(b"X\x01\0\0\0dh\x0eX\x01\0\0\0xK\x09su.");
    let again = read(&pickle, &[]);
    let (b, d) = (again.root().get("b").unwrap(), again.root().get("d").unwrap());
    assert!(b.same_as(d));
    assert_eq!(b.get("x").and_then(|value| value.as_i64()), Some(9));
    assert_eq!(b.get("version").and_then(|value| value.as_i64()), Some(2));
}

#[test]
fn modules_of_equal_versions_do_not_share_what_they_get_later() {
    let version = b"X\x07\0\0\0versionq\x01";
    let mut pickle = [b"\x80\x02}(X\x01\0\0\0aq\x02}q\x03", &version[..], b"K\x01s"].concat();
    let module = |key: u8, name: u8| {
        [b"X\x01\0\0\0", &[key, b'q', name][..], b"}q", &[name + 1], b"h\x01K\x01s"].concat()
    };
    let entry = |value: u8| [b"X\x01\0\0\0xK", &[value][..], b"s"].concat();
    pickle.extend(module(b'b', 10));
    // The third gets another entry where it stands, and so takes what comes after what it shares.
    pickle.extend([module(b'c', 20), entry(3)].concat());
    pickle.extend(module(b'd', 30));
    pickle.extend(module(b'e', 40));
    // The fourth and the second get theirs by their names.
    pickle.extend([b"X\x01\0\0\0fh\x1f".to_vec(), entry(4)].concat());
    pickle.extend([b"X\x01\0\0\0gh\x0b".to_vec(), entry(2), b"u.".to_vec()].concat());
    let document = read(&pickle, &[]);
    let expected =
        [("a", None), ("b", Some(2)), ("c", Some(3)), ("d", Some(4)), ("e", None), ("f", Some(4))];
    for (key, x) in expected {
        let module = document.root().get(key).unwrap();
        let int = |key| module.get(key).and_then(|value| value.as_i64());
        assert_eq!((int("version"), int("x")), (Some(1), x), "{key}");
        assert_eq!(module.as_dict().unwrap().len(), 1 + usize::from(x.is_some()), "{key}");
    }
}

#[test]
fn many_names_are_kept_as_few_are() {
    // Lists, each named and used again by its name, far more than are kept without a scan.
    let count = 20_000u32;
    let mut pickle = b"\x80\x02(".to_vec();
    for name in 0..count {
        pickle.extend(b"]r");
        pickle.extend(name.to_le_bytes());
    }
    for name in 0..count {
        pickle.extend(b"j");
        pickle.extend(name.to_le_bytes());
    }
    pickle.extend(b"l.");
    let document = read(&pickle, &[]);
    let Kind::List(items) = document.root().kind() else { panic!("{:?}", document.root()) };
    for index in [0, 255, 256, 5000, 19_999] {
        let [first, second] = [index, index + 20_000].map(|index| items.get(index).unwrap());
        assert!(first.same_as(second), "{index}");
        assert!(!first.same_as(items.get((index + 1) % 20_000).unwrap()), "{index}");
    }
}
