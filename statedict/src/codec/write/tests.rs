//! Tests of the writer against its plan.

#![allow(clippy::indexing_slicing, clippy::panic)]

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use crc32fast::Hasher;

use super::*;
use crate::codec::{self, ReadOptions};
use crate::dtype::DType;
use crate::tensor::{Storage, StorageError, Storages, Strides, TensorView};

/// So many bytes, handed over in pieces; maybe not as many as promised.
struct Pieces {
    promised: usize,
    given: usize,
    piece: Vec<u8>,
}

impl Pieces {
    fn of(bytes: &[u8]) -> Pieces {
        Pieces { promised: bytes.len(), given: bytes.len(), piece: bytes.to_vec() }
    }

    fn zeros(len: usize) -> Pieces {
        Pieces { promised: len, given: len, piece: vec![0; 4 << 20] }
    }
}

impl Pieces {
    fn stream(&self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        let mut left = self.given;
        while left > 0 {
            let len = left.min(self.piece.len());
            sink(&self.piece[..len])?;
            left -= len;
        }
        Ok(())
    }
}

/// The storages of a live model, of the sizes that were promised.
struct Promised(Vec<usize>);

impl Storages for Promised {
    fn nbytes(&self, index: u32) -> usize {
        self.0[index as usize]
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        panic!("a live model streams its bytes")
    }
}

/// Writes the state dict of a live model with these tensors.
fn write_live(tensors: Vec<(&str, DType, Pieces)>, mut out: impl Write) -> Result<(), WriteError> {
    let sizes = tensors.iter().map(|(_, _, pieces)| pieces.promised).collect();
    let set: Arc<dyn Storages> = Arc::new(Promised(sizes));
    let mut map = StateMap::new();
    for (index, (key, dtype, pieces)) in (0..).zip(&tensors) {
        let shape = [pieces.promised / dtype.size()];
        let storage = Storage::new(set.clone(), index);
        map.insert(*key, TensorView::contiguous(storage, *dtype, shape, 0).unwrap());
    }
    let bytes = |index: u32, sink: &mut Sink<'_>| tensors[index as usize].2.stream(sink);
    let outline = MapOutline::new(&map, Some(&bytes), true)?;
    put_tensors(&outline, Destination::Writer(&mut out), &WriteOptions::default())
}

fn write_one(source: Pieces, out: impl Write) -> Result<(), WriteError> {
    write_live(vec![("a", DType::U8, source)], out)
}

/// The length and the checksum of all that is written.
#[derive(Default)]
struct Checksum {
    len: u64,
    hasher: Hasher,
}

impl Write for Checksum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len() as u64;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The length and CRC-32 of what PyTorch 2.15 writes to a file object for
/// `OrderedDict(a=zeros(size, uint8), b=arange(3.), c=zeros(0), d=ones(2, int64))`: an entry
/// larger than 4 GiB, entries behind 4 GiB, and sizes at the very limit.
#[test]
#[cfg(target_pointer_width = "64")]
fn beyond_4_gib_as_pytorch() {
    for (size, len, crc) in [
        ((1 << 32) + 5, 4_294_969_717, 0x5568_8715),
        ((1 << 32) - 1, 4_294_969_717, 0x4d47_371f),
        ((1 << 32) - 2, 4_294_969_697, 0xb767_e495),
    ] {
        let floats: Vec<u8> = [0f32, 1.0, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let ints: Vec<u8> = [1i64, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut sink = Checksum::default();
        let tensors = vec![
            ("a", DType::U8, Pieces::zeros(size)),
            ("b", DType::F32, Pieces::of(&floats)),
            ("c", DType::F32, Pieces::zeros(0)),
            ("d", DType::I64, Pieces::of(&ints)),
        ];
        write_live(tensors, &mut sink).unwrap();
        assert_eq!(sink.len, len);
        assert_eq!(sink.hasher.finalize(), crc, "{size}");
    }
}

#[test]
fn pieces_of_any_size_make_the_same_file() {
    let bytes: Vec<u8> =
        b"PK\x07\x08".iter().copied().chain((0..=255).cycle()).take(3_000_000).collect();
    let mut whole = Vec::new();
    write_one(Pieces::of(&bytes), &mut whole).unwrap();
    let mut map = StateMap::new();
    map.insert("a", TensorView::from_bytes(bytes, DType::U8, [3_000_000]).unwrap());
    let mut from_map = Vec::new();
    map.write_with(&mut from_map, &WriteOptions::default()).unwrap();
    assert!(whole == from_map);

    let write = |piece: usize| {
        let source = Pieces { promised: 1000, given: 1000, piece: vec![7; piece] };
        let mut file = Vec::new();
        write_one(source, &mut file).unwrap();
        file
    };
    assert_eq!(write(1000), write(1));
    assert_eq!(write(1000), write(3));
}

#[test]
fn a_source_of_another_length_than_promised_is_an_error() {
    for given in [99, 101, 0, 1 << 21] {
        let source = Pieces { promised: 100, given, piece: vec![1; 10] };
        let mut sink = Checksum::default();
        let error = write_one(source, &mut sink).unwrap_err();
        assert!(
            matches!(&error, WriteError::SourceLength { key, expected: 100, found }
                if key == "a" && *found == (given as u64).min(110).max(given.min(100) as u64)),
            "{error:?}"
        );
    }
}

#[test]
fn a_writer_that_fails_is_the_error_even_if_the_source_reports_its_own() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = write_one(Pieces::zeros(5 << 20), Full);
    assert!(
        matches!(&error, Err(WriteError::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull),
        "{error:?}"
    );
}

fn outline_of<'a>(map: &'a StateMap<'a>) -> Vec<(usize, usize, Vec<usize>)> {
    let outline = MapOutline::new(map, None, false).unwrap();
    let entries = outline.entries().map(|(_, facts)| {
        let storage = facts.storage.unwrap();
        (storage.number, storage.nbytes, facts.shape.to_vec())
    });
    entries.collect()
}

#[test]
fn only_storages_of_a_single_view_are_compacted() {
    let view = |storage: &Storage<'static>, shape: &[usize], strides: &[isize], offset| {
        let strides = Strides::from(strides);
        TensorView::strided(storage.clone(), DType::U8, shape, strides, offset).unwrap()
    };
    let storage = || Storage::from_bytes((0..100).collect::<Vec<u8>>());

    // One view, and two names of one view.
    let (alone, tied) = (storage(), storage());
    // Two views, one of them small; a view that fills its storage in another order; one that is expanded.
    let (shared, full, expanded) = (storage(), storage(), storage());
    let mut map = StateMap::new();
    map.insert("alone", view(&alone, &[3, 2], &[10, 1], 5));
    map.insert("tied", view(&tied, &[4], &[2], 0));
    map.insert("shared", view(&shared, &[1], &[1], 7));
    map.insert("full", view(&full, &[10, 10], &[1, 10], 0));
    map.insert("expanded", view(&expanded, &[200], &[0], 3));
    map.insert("tied too", view(&tied, &[4], &[2], 0));
    map.insert("shared too", view(&shared, &[2], &[1], 7));
    assert_eq!(
        outline_of(&map),
        [
            (0, 6, vec![3, 2]),
            (1, 4, vec![4]),
            (2, 100, vec![1]),
            (3, 100, vec![10, 10]),
            (4, 100, vec![200]),
            (1, 4, vec![4]),
            (2, 100, vec![2]),
        ]
    );
    let mut file = Vec::new();
    map.write_with(&mut file, &WriteOptions::default()).unwrap();
    let has = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    // Followed by their descriptors, so that they are contents of their own.
    assert!(has(b"\x05\x06\x0f\x10\x19\x1aPK\x07\x08") && has(b"\x00\x02\x04\x06PK\x07\x08"));
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let write = |map: &StateMap<'_>, options: WriteOptions| {
        map.write_with(Vec::new(), &options.keep_storage(true)).unwrap_err()
    };
    let default = WriteOptions::default;
    let bytes = Storage::from_bytes(vec![0u8; 10]);
    let map = |entries: &[(&str, DType)]| -> StateMap<'static> {
        let view = |dtype| TensorView::contiguous(bytes.clone(), dtype, [1], 0).unwrap();
        entries.iter().map(|&(key, dtype)| (key.to_owned(), view(dtype))).collect()
    };
    let error = write(&map(&[("a", DType::I16), ("b", DType::U8)]), default());
    assert!(
        matches!(&error, WriteError::SharedAsDifferentTypes { first, second, .. } if first == "a" && second == "b")
    );
    assert!(error.to_string().contains("view the same data as different types"));
    // Types without a storage class of their own count as bytes.
    assert!(
        map(&[("a", DType::U16), ("b", DType::U8)])
            .write_with(Vec::new(), &default().keep_storage(true))
            .is_ok()
    );

    assert!(matches!(
        write(&map(&[("a", DType::F32)]), default()),
        WriteError::PartialElement { nbytes: 10, .. }
    ));
    assert!(matches!(write(&map(&[("a", DType::QU8)]), default()), WriteError::Quantized { .. }));
    let old = default().layout(ArchiveLayout::Torch1_13);
    assert!(matches!(write(&map(&[("a", DType::U16)]), old), WriteError::DTypeTooNew { .. }));
    assert!(matches!(write(&StateMap::new(), default().root("a/b")), WriteError::Root { .. }));
    assert!(matches!(
        write(&StateMap::new(), default().alignment(0)),
        WriteError::Alignment { .. }
    ));
}

#[test]
fn damaged_bytes_are_not_written_under_a_new_checksum() {
    struct Damaged;
    impl Storages for Damaged {
        fn nbytes(&self, _: u32) -> usize {
            4
        }
        fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
            Ok(Cow::Borrowed(&[0; 4]))
        }
        fn verify(&self, _: u32) -> Result<(), StorageError> {
            Err(StorageError::Checksum { member: "m".into(), expected: 1, found: 2 })
        }
        fn location(&self, index: u32) -> &str {
            if index == 0 { "cpu" } else { "meta" }
        }
    }
    let set: Arc<dyn Storages> = Arc::new(Damaged);
    let mut map = StateMap::new();
    let view = |index, len| {
        TensorView::contiguous(Storage::new(set.clone(), index), DType::U8, [len], 0).unwrap()
    };
    for len in [4, 2] {
        map.insert("a", view(0, len));
        let error = map.write_with(Vec::new(), &WriteOptions::default()).unwrap_err();
        let WriteError::Source { key, source } = error else { panic!("{error:?}") };
        assert_eq!(key, "a");
        assert!(source.downcast_ref::<StorageError>().is_some());
    }
}

#[test]
fn values_that_no_pickle_holds_are_refused() {
    let write = |graph: &Graph<'_>| {
        graph.write_with(Vec::new(), &WriteOptions::default()).map_err(|error| error.to_string())
    };
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    // A set in itself: Python cannot make one.
    let set = graph.frozen_set([]);
    graph.push(set, set).unwrap();
    graph.put(root, "loop", set).unwrap();
    assert!(write(&graph).unwrap_err().contains("`loop` contains itself"));

    // With a list between it can.
    let (set, list) = (graph.frozen_set([]), graph.list([]));
    graph.push(set, list).unwrap();
    graph.push(list, set).unwrap();
    graph.put(root, "loop", set).unwrap();
    assert_eq!(write(&graph), Ok(()));

    let (dict, attributes) = (graph.dict(), graph.dict());
    assert!(graph.set_attributes(dict, attributes).is_err());

    // `Class.__new__(Class, **{})`, which later protocols have.
    let pickle = b"\x80\x04cmodule\nClass\n)}\x92.".to_vec();
    let options = ReadOptions::default().opaque(true);
    let document = codec::Document::read_with(codec::Source::bytes(pickle), &options).unwrap();
    assert!(write(document.graph()).unwrap_err().contains("arguments by name"));
}

/// Protocol 3 has bytes as they are, of which one byte need not be text.
#[test]
fn one_byte_beyond_ascii_is_written_as_it_was() {
    let read = |bytes| {
        codec::Document::read_with(codec::Source::bytes(bytes), &ReadOptions::default()).unwrap()
    };
    let document = read(b"\x80\x03C\x01\xff.".to_vec());
    let mut file = Vec::new();
    document.graph().write_with(&mut file, &WriteOptions::default()).unwrap();
    assert_eq!(read(file).root().as_bytes(), Some(&[0xff][..]));
}

#[test]
fn the_old_stream_refuses_what_pytorch_cannot_read_back() {
    let view = |dtype| TensorView::from_bytes(vec![0u8; 8], dtype, [8 / dtype.size()]).unwrap();
    let legacy = WriteOptions::default().layout(ArchiveLayout::Legacy);
    let mut map = StateMap::new();
    map.insert("a", view(DType::F32));
    map.insert("b", view(DType::I64));
    let mut file = Vec::new();
    map.write_with(&mut file, &legacy).unwrap();
    assert!(file.starts_with(b"\x80\x02\x8a\x0a"));

    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    for given in [&["1"][..], &["1", "1"]] {
        let error = map.write_with(Vec::new(), &legacy.clone().storage_names(names(given)));
        assert!(matches!(error, Err(WriteError::StorageNames { needed: 2 })), "{error:?}");
    }
    map.insert("c", view(DType::U16));
    let error = map.write_with(Vec::new(), &legacy).unwrap_err();
    assert!(matches!(&error, WriteError::Unwritable { key, .. } if key == "c"), "{error:?}");
}

/// Tensors that are written in one go, of many kinds, are written as in the general way.
#[test]
fn a_map_and_the_same_graph_are_one_file() {
    let mut map = StateMap::new();
    for nth in 0..600usize {
        let shape: Vec<usize> = (0..nth % 5).map(|dim| (nth / 5 + dim) % 7).collect();
        let numel: usize = shape.iter().product();
        let view = match nth % 3 {
            0 => TensorView::from_vec(vec![0.5f32; numel], shape),
            1 => TensorView::from_vec(vec![7i64; numel], shape),
            _ => TensorView::from_vec(vec![7u16; numel], shape),
        };
        map.insert(format!("layer.{nth}"), view.unwrap().with_requires_grad(nth % 50 == 0));
        if nth % 10 == 0 {
            let tied = map.get(&format!("layer.{}", nth / 2)).unwrap().clone();
            map.insert(format!("tied.{nth}"), tied);
        }
    }
    let mut graph = Graph::new();
    let root = graph.state_map(&map);
    graph.set_root(root);
    let (mut of_map, mut of_graph) = (Vec::new(), Vec::new());
    map.write_with(&mut of_map, &WriteOptions::default()).unwrap();
    graph.write_with(&mut of_graph, &WriteOptions::default()).unwrap();
    assert!(of_map == of_graph);
}
