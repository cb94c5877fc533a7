//! Files within a pickle, as `pickle.dump` keeps storages.

use statedict::codec::ArchiveLayout;
use statedict::codec::{self, ReadError, ReadOptions, Source, Verdict};
use statedict::value::{Graph, Kind, NewValue};
use statedict::{DType, TensorView, WriteOptions};

/// The file of one storage.
fn file(layout: ArchiveLayout) -> Vec<u8> {
    let view = TensorView::from_vec(vec![1.0f32, 2.0], [2]).unwrap();
    let graph = Graph::of(NewValue::Storage(view.storage().clone(), Some(DType::F32)));
    let mut bytes = Vec::new();
    graph.write_with(&mut bytes, &WriteOptions::default().layout(layout)).unwrap();
    bytes
}

/// A call with these bytes, which the memo has under 0 and the function under 1.
fn call(file: &[u8]) -> Vec<u8> {
    let len = u32::try_from(file.len()).unwrap().to_le_bytes();
    [&b"ctorch.storage\n_load_from_bytes\nq\x01B"[..], &len, file, b"q\0\x85R"].concat()
}

fn read(pickle: &[u8]) -> Result<codec::Document, ReadError> {
    codec::Document::read_with(Source::bytes(pickle.to_vec()), &ReadOptions::default())
}

#[test]
fn a_storage_may_be_a_file_within_the_pickle() {
    for layout in [ArchiveLayout::Legacy, ArchiveLayout::default()] {
        let pickle = [b"\x80\x03]q\x02(", &call(&file(layout))[..], b"q\x03h\x03h\x01h\0\x85Re."];
        let document = read(&pickle.concat()).unwrap();
        let storages: Vec<_> = document.root().as_items().unwrap().iter().collect();
        let of = |index: usize| match storages[index].kind() {
            Kind::Storage(storage) => storage,
            other => panic!("{other:?}"),
        };
        assert_eq!(of(0).dtype(), Some(DType::F32));
        assert_eq!(*of(0).storage().bytes().unwrap(), [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
        assert!(of(0).storage().same_as(&of(1).storage()));
        // Loaded twice it is two storages.
        assert!(!of(0).storage().same_as(&of(2).storage()));
    }
}

#[test]
fn files_are_not_looked_for_within_files() {
    let inner = [b"\x80\x03", &call(&file(ArchiveLayout::Legacy))[..], b"."].concat();
    let error = read(&[b"\x80\x03", &call(&inner)[..], b"."].concat()).unwrap_err();
    assert!(matches!(error, ReadError::Foreign { .. }), "{error}");
    for nothing in [&b""[..], b"x", b"PK\x03\x04"] {
        assert!(read(&[b"\x80\x03", &call(nothing)[..], b"."].concat()).is_err());
    }
}

#[test]
fn one_file_cannot_be_read_without_end() {
    let mut pickle = [b"\x80\x03", &call(&file(ArchiveLayout::Legacy))[..]].concat();
    for _ in 0..20_000 {
        pickle.extend(b"0h\x01h\0\x85R");
    }
    pickle.push(b'.');
    let error = read(&pickle).unwrap_err();
    assert!(matches!(error, ReadError::Limit { limit: "work", .. }), "{error}");
}

#[test]
fn an_archive_of_torch_save_has_no_files_within_its_pickle() {
    let pickle = [b"\x80\x03", &call(&file(ArchiveLayout::Legacy))[..], b"."].concat();
    let archive = || Source::bytes(super::zip_builder::checkpoint(&pickle, &[]));
    let error =
        codec::Document::read_with(archive(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("torch.storage._load_from_bytes"), "{error}");
    let document =
        codec::Document::read_with(archive(), &ReadOptions::default().opaque(true)).unwrap();
    assert!(matches!(document.root().kind(), Kind::Object(_)));
}

#[test]
fn a_scan_looks_into_the_files() {
    let scan = |pickle: &[u8]| codec::scan(Source::bytes(pickle.to_vec())).unwrap();
    let found = scan(&[b"\x80\x03", &call(&file(ArchiveLayout::Legacy))[..], b"."].concat());
    assert_eq!(found.verdict(), Verdict::Known, "{found:?}");
    assert_eq!(found.pickles().len(), 6);
    assert!(found.pickles()[4].name().ends_with("object"), "{found:?}");

    let start = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    let evil = [&start[..], b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.\x80\x02]."].concat();
    let evil = [b"\x80\x03", &call(&evil)[..], b"."].concat();
    assert_eq!(scan(&evil).verdict(), Verdict::Dangerous);
    // As protocol 2 writes bytes.
    let text: String = evil.iter().copied().map(char::from).collect();
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    let encoded = [&b"c_codecs\nencode\nX"[..], &len, text.as_bytes(), b"X\x06\0\0\0latin1\x86R"];
    let loaded = [&b"\x80\x02ctorch.storage\n_load_from_bytes\n"[..], &encoded.concat(), b"\x85R."];
    assert_eq!(scan(&loaded.concat()).verdict(), Verdict::Dangerous);
}

#[test]
fn what_a_scan_cannot_look_into_is_hidden() {
    for hidden in [
        // Bytes that a call makes, none at all, and a function that is called otherwise.
        &b"\x80\x03ctorch.storage\n_load_from_bytes\ncbuiltins\nbytes\n)R\x85R."[..],
        b"\x80\x03ctorch.storage\n_load_from_bytes\n)R.",
        b"\x80\x03(C\x01xitorch.storage\n_load_from_bytes\n.",
        b"\x80\x03(ctorch.storage\n_load_from_bytes\nC\x01xo.",
        b"\x80\x03ctorch.storage\n_load_from_bytes\nC\x05hello\x85R.",
    ] {
        let scan = codec::scan(Source::bytes(hidden.to_vec()));
        assert_eq!(scan.unwrap().verdict(), Verdict::Hidden, "{hidden:?}");
    }
    // Files within files within files.
    let mut pickle = b"\x80\x03K\x01.".to_vec();
    for _ in 0..8 {
        pickle = [b"\x80\x03", &call(&pickle)[..], b"."].concat();
    }
    assert_eq!(codec::scan(Source::bytes(pickle)).unwrap().verdict(), Verdict::Hidden);
}
