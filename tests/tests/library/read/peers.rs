//! Cheap cases that broke a reader of another project: it lost tensors, made up values, or ended.

use std::fmt::Write as _;

use statedict::codec::{self, ReadError, ReadOptions, Source};
use statedict::{StateMap, TensorView};

use super::fixture::{bytes, check, open, path, refused};
use super::zip_builder::checkpoint;

fn pickle_error(pickle: &[u8]) -> String {
    let file = checkpoint(pickle, &[("0", &[0; 8])]);
    codec::Document::read_with(Source::bytes(file), &ReadOptions::default())
        .unwrap_err()
        .to_string()
}

/// A tensor over the storage of eight bytes.
fn tensor(size: &[u8], stride: &[u8]) -> Vec<u8> {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage".to_vec();
    pickle.extend(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02tQK\0");
    for part in [size, stride] {
        pickle.extend(part);
    }
    pickle.extend(b"\x89NtR.");
    pickle
}

#[test]
fn a_plain_dict_under_two_names() {
    check("shared_dict");
}

#[test]
fn a_dotted_key_beside_a_nested_one() {
    check("dotted_and_nested");
}

#[test]
fn the_keys_1_and_str_1() {
    check("int_and_str_key");
}

#[test]
fn more_than_a_thousand_entries_with_and_without_metadata() {
    check("batches");
    check("batches_ordered");
    check("peer_many_with_metadata");
}

#[test]
fn many_thousand_tensors() {
    let base = TensorView::from_vec(vec![1.0f32; 2], [2]).unwrap();
    let folder = statedict_tests::temp_dir();
    let path = folder.path().join("many.pt");
    for count in [35_000, 60_000] {
        let mut map = StateMap::with_capacity(count);
        let mut key = String::new();
        for index in 0..count {
            key.clear();
            write!(key, "layers.{index}.weight").unwrap();
            map.insert(key.as_str(), base.clone());
        }
        map.save(&path).unwrap();
        assert_eq!(StateMap::load(&path).unwrap().len(), count);
    }
}

#[test]
fn saved_by_path_and_to_a_buffer() {
    check("state_dict");
    check("peer_buffer");
}

#[test]
fn transposed_stepped_expanded_and_offset_views() {
    check("peer_views");
    check("views");
}

#[test]
fn other_types_beside_floats() {
    check("peer_beside_floats");
}

#[test]
fn big_endian() {
    check("big_endian");
}

#[test]
fn a_bad_checksum_is_named_when_the_tensor_is_verified() {
    let map = StateMap::load(path("bad_crc.pt")).unwrap();
    let error = map.get("fc.weight").unwrap().storage().verify().unwrap_err().to_string();
    assert!(error.contains("state_dict/data/0"), "{error}");
}

#[test]
fn deflated() {
    check("deflated");
}

#[test]
fn truncated() {
    let whole = bytes("state_dict.pt");
    for len in [0, 1, 3, 4, 21, whole.len() / 2, whole.len() - 1] {
        let source = Source::bytes(whole[..len].to_vec());
        assert!(codec::Document::read_with(source, &ReadOptions::default()).is_err(), "{len}");
    }
}

#[test]
fn two_members_of_one_name() {
    assert!(matches!(refused("duplicate"), ReadError::Duplicate { .. }));
}

#[test]
fn a_memo_bomb() {
    let mut pickle = b"\x80\x02]q\0".to_vec();
    for level in 0..100u8 {
        pickle.extend(b"](");
        pickle.extend([b'h', level].repeat(10));
        pickle.extend([b'e', b'q', level + 1]);
    }
    pickle.push(b'.');
    let file = checkpoint(&pickle, &[]);
    let document =
        codec::Document::read_with(Source::bytes(file), &ReadOptions::default()).unwrap();
    assert_eq!(document.root().as_items().unwrap().len(), 10);
}

#[test]
fn a_megabyte_of_nested_tuples() {
    let mut pickle = b"\x80\x02N".to_vec();
    pickle.extend(b"\x85".repeat(1 << 20));
    pickle.push(b'.');
    let file = checkpoint(&pickle, &[]);
    assert!(codec::Document::read_with(Source::bytes(file), &ReadOptions::default()).is_ok());
}

#[test]
fn a_huge_shape() {
    let text = pickle_error(&tensor(b"\x8a\x06\0\0\0\0\0\x04\x85", b"K\x01\x85"));
    assert!(text.contains("lies within its storage"), "{text}");
}

#[test]
fn more_elements_than_the_storage_has() {
    let text = pickle_error(&tensor(b"K\x03\x85", b"K\x01\x85"));
    assert!(text.contains("lies within its storage"), "{text}");
}

#[test]
fn a_negative_stride() {
    let text = pickle_error(&tensor(b"K\x02\x85", b"J\xff\xff\xff\xff\x85"));
    assert!(text.contains("stride -1 is negative"), "{text}");
}

#[test]
fn too_few_arguments() {
    let text = pickle_error(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nK\x01\x85R.");
    assert!(text.contains("6 or 7 arguments"), "{text}");
}

#[test]
fn negative_integers_of_any_size() {
    check("peer_negative_long");
}

#[test]
fn protocols_4_and_5() {
    check("protocol_4");
    check("protocol_5");
}

#[test]
fn a_stream_with_views_of_storages() {
    check("old_slices");
}

#[test]
fn a_module_that_counts_its_batches() {
    check("peer_counts_batches");
    assert_eq!(StateMap::load(path("peer_counts_batches.pt")).unwrap().version(""), Some(2));
}

#[test]
fn tied_weights_stay_tied() {
    let map = StateMap::load(path("state_dict.pt")).unwrap();
    assert!(map.get("tied.weight").unwrap().same_as(map.get("fc.weight").unwrap()));
}

#[test]
fn a_slice_of_a_large_storage() {
    check("peer_slice_of_large");
    let document = open("peer_slice_of_large");
    let small = document.root().get("small").unwrap().as_tensor().unwrap();
    assert_eq!((small.nbytes(), small.storage().nbytes()), (3, 100_000));
}

#[test]
fn a_parameter_with_attributes() {
    check("parameters");
}

#[test]
fn the_name_of_a_class_is_only_a_name() {
    assert!(pickle_error(b"\x80\x02cposix\nsystem\n.").contains("posix.system"));
}
