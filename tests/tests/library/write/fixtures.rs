//! What we write is what is in files that a real PyTorch wrote (`fixtures/make_write.py`).

use std::fs;
use std::path::Path;

use statedict::codec::ArchiveLayout;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::{Storage, Strides};
use statedict::{DType, StateMap, TensorView, WriteOptions};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/write").join(name)).unwrap()
}

/// The file that saving under `name` makes.
fn saved(map: &StateMap<'_>, name: &str, options: &WriteOptions) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    map.save_with(&path, options).unwrap();
    fs::read(path).unwrap()
}

fn floats(values: std::ops::Range<u16>) -> Vec<f32> {
    values.map(f32::from).collect()
}

/// A linear layer that is there twice, and a batch normalization.
fn net() -> StateMap<'static> {
    let mut map = StateMap::new();
    let weight = TensorView::from_vec(floats(0..6), [3, 2]).unwrap();
    let bias = TensorView::from_vec(floats(6..9), [3]).unwrap();
    map.insert("fc.weight", weight.clone());
    map.insert("fc.bias", bias.clone());
    for (key, values) in
        [("weight", 9..12), ("bias", 12..15), ("running_mean", 15..18), ("running_var", 18..21)]
    {
        map.insert(format!("bn.{key}"), TensorView::from_vec(floats(values), [3]).unwrap());
    }
    map.insert("bn.num_batches_tracked", TensorView::from_vec(vec![21i64], []).unwrap());
    map.insert("tied.weight", weight);
    map.insert("tied.bias", bias);
    let mut metadata = Metadata::default();
    for (path, version) in [("", 1), ("fc", 1), ("bn", 2), ("tied", 1)] {
        metadata.insert(path, ModuleMetadata::with_version(version));
    }
    *map.metadata_mut() = Some(metadata);
    map
}

fn twelve() -> StateMap<'static> {
    (0..12u8)
        .map(|i| (format!("w{i}"), TensorView::from_vec(vec![f32::from(i)], [1]).unwrap()))
        .collect()
}

#[test]
fn a_module() {
    assert_eq!(saved(&net(), "net.v1.pt", &WriteOptions::default()), fixture("net.v1.pt"));
}

#[test]
fn a_writer_and_a_path_beyond_ascii_have_the_default_root() {
    let mut bytes = Vec::new();
    net().write_with(&mut bytes, &WriteOptions::default()).unwrap();
    assert_eq!(bytes, fixture("object"));
    assert_eq!(saved(&net(), "né.pt", &WriteOptions::default()), fixture("object"));
}

#[test]
fn a_given_root_replaces_the_file_name() {
    let options = WriteOptions::default().root("net.v1");
    assert_eq!(saved(&net(), "other.pt", &options), fixture("net.v1.pt"));
    let mut bytes = Vec::new();
    net().write_with(&mut bytes, &options).unwrap();
    assert_eq!(bytes, fixture("net.v1.pt"));
}

#[test]
fn the_layout_of_torch_1_13() {
    let options = WriteOptions::default().layout(ArchiveLayout::Torch1_13);
    assert_eq!(saved(&net(), "net.old.pt", &options), fixture("net.old.pt"));
    assert_eq!(saved(&twelve(), "twelve.old.pt", &options), fixture("twelve.old.pt"));
}

#[test]
fn storages_are_in_numeric_order_and_nothing_is_a_file_too() {
    assert_eq!(saved(&twelve(), "twelve.pt", &WriteOptions::default()), fixture("twelve.pt"));
    let nothing = StateMap::new();
    assert_eq!(saved(&nothing, "empty.pt", &WriteOptions::default()), fixture("empty.pt"));
}

#[test]
fn views_with_their_whole_storages() {
    let bytes = |values| floats(values).iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let base = Storage::from_bytes(bytes(0..12));
    let alone = Storage::from_bytes(bytes(0..100));
    let mut map = StateMap::new();
    let view = |shape: &[usize], strides: &[isize], offset| {
        TensorView::strided(base.clone(), DType::F32, shape, Strides::from(strides), offset)
            .unwrap()
    };
    map.insert("row", view(&[4], &[1], 4));
    map.insert("column", view(&[3], &[4], 2));
    map.insert("turned", view(&[4, 3], &[1, 4], 0));
    map.insert("alone", TensorView::contiguous(alone, DType::F32, [2], 3).unwrap());
    let options = WriteOptions::default().keep_storage(true);
    assert_eq!(saved(&map, "views.pt", &options), fixture("views.pt"));

    // Without, the shared storage stays whole and the other shrinks from 400 bytes to 8.
    let small = saved(&map, "views.pt", &WriteOptions::default());
    assert_eq!(small.len(), fixture("views.pt").len() - 384);
}

#[test]
fn element_types_old_and_young() {
    let mut map = StateMap::new();
    for name in [
        "float64",
        "bfloat16",
        "bool",
        "complex64",
        "uint16",
        "float8_e4m3fn",
        "float4_e2m1fn_x2",
        "bits16",
    ] {
        let last_bit = if name == "bool" { 1 } else { 0xff };
        let bytes: Vec<u8> = (0..16).map(|i| (i % 8) & last_bit).collect();
        let dtype = DType::from_name(name).unwrap();
        map.insert(
            name,
            TensorView::contiguous(Storage::from_bytes(bytes), dtype, [1], 0).unwrap(),
        );
    }
    let options = WriteOptions::default().keep_storage(true);
    assert_eq!(saved(&map, "types.pt", &options), fixture("types.pt"));
}
