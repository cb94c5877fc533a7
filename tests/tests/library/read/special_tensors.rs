//! Sparse, quantized and meta tensors, NumPy's values, extra state and odd metadata.

use statedict::StateMap;
use statedict::codec::{self, ReadOptions, Source};
use statedict::tensor::StorageError;
use statedict::value::{Kind, Quantization};

use super::fixture::{check, open, path};

#[test]
fn they_are_what_pytorch_finds() {
    check("composites");
    check("legacy_composites");
    check("numpy");
    check("numpy_protocol_5");
}

#[test]
fn what_is_no_plain_tensor_is_refused_and_the_others_load() {
    let document = open("composites");
    let (map, refused) = document.state_map_partial(&[]).unwrap();
    let keys: Vec<&str> = map.keys().collect();
    assert_eq!(keys, ["before", "meta", "meta_t", "after"]);
    let refused: Vec<&str> = refused.iter().map(|refused| refused.key.as_str()).collect();
    assert_eq!(
        refused,
        ["coo", "uncoalesced", "csr", "csc", "bsr", "bsc", "quint8", "qint32", "per_channel"]
    );
    let error = document.state_map().unwrap_err().to_string();
    assert!(error.starts_with("[\"coo\"] is a sparse tensor"), "{error}");
}

#[test]
fn nested_and_lazy_tensors_are_refused_alone() {
    let (map, refused) = open("refused_kinds").state_map_partial(&[]).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["ok", "also"]);
    let refused: Vec<String> =
        refused.iter().map(|refused| format!("{}: {}", refused.key, refused.refusal)).collect();
    assert_eq!(
        refused,
        [
            "nested: a nested tensor, which cannot be represented",
            "jagged: a nested tensor, which cannot be represented",
            "lazy: a parameter of a lazy module yet without a size, which cannot be represented",
        ]
    );
}

#[test]
fn a_meta_tensor_has_a_shape_and_no_bytes() {
    let document = open("composites");
    let meta = document.root().get("meta").unwrap().as_tensor().unwrap();
    assert_eq!(meta.shape(), &[2, 3]);
    assert_eq!(meta.location(), "meta");
    assert!(matches!(meta.bytes(), Err(StorageError::Absent)));
    assert!(matches!(meta.storage().verify(), Err(StorageError::Absent)));
}

#[test]
fn a_quantized_tensor_says_what_its_integers_stand_for() {
    let document = open("composites");
    let Kind::Quantized(quantized) = document.root().get("quint8").unwrap().kind() else {
        panic!("not quantized");
    };
    let Quantization::PerTensor { scale, zero_point } = quantized.quantization() else {
        panic!("not per tensor");
    };
    assert_eq!((scale, zero_point), (0.5, 3));
    // 0, 1, 2, 3, 4 over the scale, from the zero point on.
    let bytes = quantized.tensor().view().unwrap().bytes().unwrap().into_owned();
    assert_eq!(bytes, [3, 5, 7, 9, 11]);
}

#[test]
fn extra_state_and_entries_of_the_metadata_are_kept() {
    check("extra_state");
    let map = StateMap::load(path("extra_state.pt")).unwrap();
    let values: Vec<&str> = map.values().map(|(key, _)| key).collect();
    assert_eq!(values, ["_extra_state"]);
    assert_eq!(map.value_position("_extra_state"), Some(0));
    let (_, state) = map.values().next().unwrap();
    assert_eq!(state.value().get("step").unwrap().as_i64(), Some(3));
    let inner = map.metadata().unwrap().get("inner").unwrap();
    assert_eq!(inner.version(), Some(1));
    let extra: Vec<&str> = inner.extra().map(|(key, _)| key).collect();
    assert_eq!(extra, ["spectral_norm"]);
    let again = StateMap::load(path("extra_state.pt")).unwrap();
    assert_eq!(again.metadata(), map.metadata());
    assert_ne!(map.metadata().unwrap().get("after"), Some(inner));
}

#[test]
fn ranges_and_slices_are_objects_with_their_arguments() {
    let pickle = b"\x80\x02c__builtin__\nxrange\nK\x00K\x05K\x01\x87R.";
    let document =
        codec::Document::read_with(Source::bytes(pickle.to_vec()), &ReadOptions::default())
            .unwrap();
    let Kind::Object(range) = document.root().kind() else { panic!("not an object") };
    assert_eq!(range.args().as_items().unwrap().len(), 3);
    assert_eq!(document.root().type_name(), "builtins.range");
}
