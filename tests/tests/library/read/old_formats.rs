//! The formats of before PyTorch 1.6: the stream, several objects in one, and the tar archive.

use std::fs::File;

use statedict::StateMap;
use statedict::codec::{self, ByteOrder, ContainerKind, ReadError, ReadOptions, Source, Warning};

use super::fixture::{bytes, check, expected, lines, open, path};

fn read(bytes: Vec<u8>) -> Result<codec::Document, ReadError> {
    codec::Document::read_with(Source::bytes(bytes), &ReadOptions::default())
}

#[test]
fn streams_hold_what_pytorch_finds_in_them() {
    for name in ["legacy_checkpoint", "legacy_dtypes", "legacy_views", "old_slices"] {
        check(name);
        assert_eq!(open(name).container(), ContainerKind::Legacy);
        assert_eq!(open(name).byte_order(), ByteOrder::Little);
    }
}

/// PyTorch writes these and fails to read them back: no bytes are missing.
#[test]
fn types_that_pytorch_cannot_read_back_from_a_stream() {
    check("legacy_untyped");
}

#[test]
fn strings_of_python_2_are_text() {
    check("old_written_by_python2");
    assert_eq!(open("old_written_by_python2").warnings(), []);
}

#[test]
fn the_tar_archive_of_pytorch_0_1() {
    check("old_tar");
    let document = open("old_tar");
    assert_eq!(document.container(), ContainerKind::Tar);
    let root = document.root();
    let tensor = |key: &str| root.get(key).unwrap();
    assert!(tensor("tied").same_as(tensor("weight")));
    let (view, weight) = (tensor("view").as_tensor(), tensor("weight").as_tensor());
    assert!(view.unwrap().storage().same_as(weight.unwrap().storage()));
}

#[test]
fn a_state_dict_of_a_stream_is_a_map_with_versions() {
    let map = StateMap::load(path("legacy.pt")).unwrap();
    assert_eq!(map.version("bn"), Some(2));
    let tied = map.get("tied.weight").unwrap();
    assert!(tied.same_as(map.get("fc.weight").unwrap()));
}

#[test]
fn objects_that_follow_each_other_are_documents_in_sequence() {
    let source = Source::bytes(bytes("legacy_several.pt"));
    let documents = codec::Document::read_all_with(source, &ReadOptions::default()).unwrap();
    assert_eq!(documents.len(), 3);
    for (index, document) in documents.iter().enumerate() {
        assert_eq!(lines(document), expected(&format!("legacy_several.{index}")));
    }
    // Who reads one object is told of the others.
    let first = open("legacy_several");
    assert_eq!(lines(&first), expected("legacy_several.0"));
    assert!(matches!(first.warnings(), [Warning::MoreObjects { .. }]));
    let zip = Source::bytes(bytes("state_dict.pt"));
    assert_eq!(codec::Document::read_all_with(zip, &ReadOptions::default()).unwrap().len(), 1);
}

#[test]
fn every_source_reads_the_old_formats() {
    for name in ["legacy_checkpoint", "old_tar", "old_slices"] {
        let file = format!("{name}.pt");
        let sources = [
            Source::map(path(&file)).unwrap(),
            Source::file(path(&file)).unwrap(),
            Source::reader(File::open(path(&file)).unwrap()).unwrap(),
            Source::bytes(bytes(&file)),
        ];
        for source in sources {
            let document = codec::Document::read_with(source, &ReadOptions::default()).unwrap();
            assert_eq!(lines(&document), expected(name));
        }
    }
}

#[test]
fn a_header_before_the_checkpoint_is_skipped_on_request() {
    for name in ["checkpoint", "legacy_checkpoint", "old_tar"] {
        let mut file = b"header".to_vec();
        file.extend(bytes(&format!("{name}.pt")));
        let options = ReadOptions::default();
        assert!(codec::Document::read_with(Source::bytes(file.clone()), &options).is_err());
        let source = Source::bytes(file).skip(6).unwrap();
        assert_eq!(lines(&codec::Document::read_with(source, &options).unwrap()), expected(name));
    }
    assert!(Source::bytes(b"short").skip(6).is_err());
}

#[test]
fn every_truncation_of_a_stream_and_of_a_tar_is_an_error() {
    for name in ["legacy_checkpoint.pt", "old_written_by_python2.pt", "old_slices.pt"] {
        let whole = bytes(name);
        for len in 0..whole.len() {
            let text = read(whole[..len].to_vec()).unwrap_err().to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{name} {len}: {text}");
        }
    }
    // A tar ends in blocks of zeros, which may be missing.
    let whole = bytes("old_tar.pt");
    let end = whole.iter().rposition(|&byte| byte != 0).unwrap();
    for len in 0..end {
        assert!(read(whole[..len].to_vec()).is_err(), "{len}");
    }
}

#[test]
fn a_storage_whose_size_differs_is_refused() {
    let mut file = bytes("old_written_by_python2.pt");
    let at = file.len() - 24;
    file[at] = 3;
    let error = read(file).unwrap_err();
    assert!(matches!(&error, ReadError::StorageSize { expected: 16, found: 12, .. }), "{error}");
}

#[test]
fn a_storage_that_is_not_in_the_file_is_not_zeros() {
    // The list of keys names another storage than the pickle.
    let mut file = bytes("old_written_by_python2.pt");
    let at = file.windows(6).rposition(|window| window == b"140270").unwrap();
    file[at] = b'2';
    let error = read(file).unwrap_err().to_string();
    assert!(error.contains("storages that the pickle refers to"), "{error}");
}

#[test]
fn another_protocol_version_is_refused() {
    let mut file = bytes("legacy.pt");
    let at = file.windows(4).position(|window| window == b"M\xe9\x03.").unwrap();
    file[at + 1] = 0xe8;
    let error = read(file).unwrap_err().to_string();
    assert!(error.contains("protocol version 1001"), "{error}");
}
