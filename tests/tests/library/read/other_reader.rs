//! Another project's reader finds the same in the files that it reads right.

use std::collections::BTreeMap;

use pytorch_reader::PytorchReader;
use statedict::StateMap;

use super::fixture::path;

/// Where it is right: not with types that it lacks, values without names, or one dict under two.
const FILES: &[&str] = &[
    "state_dict",
    "minimal",
    "addresses",
    "torch_1_13",
    "many_views",
    "no_crc",
    "legacy",
    "peer_buffer",
    "peer_views",
    "peer_counts_batches",
    "peer_many_with_metadata",
    "peer_slice_of_large",
];

#[test]
fn both_find_the_same_tensors() {
    for name in FILES {
        let path = path(&format!("{name}.pt"));
        let map = StateMap::load(&path).unwrap();
        let ours: BTreeMap<String, (String, Vec<usize>, Vec<u8>)> = map
            .iter()
            .map(|(key, tensor)| {
                let bytes = tensor.bytes().unwrap().into_owned();
                (key.to_owned(), (tensor.dtype().to_string(), tensor.shape().to_vec(), bytes))
            })
            .collect();
        let reader = PytorchReader::new(&path).unwrap();
        let theirs: BTreeMap<String, (String, Vec<usize>, Vec<u8>)> = reader
            .tensors()
            .iter()
            .map(|(key, tensor)| {
                let dtype = match format!("{:?}", tensor.dtype()).as_str() {
                    "F32" => "float32",
                    "I64" => "int64",
                    "U8" => "uint8",
                    other => panic!("{other}"),
                };
                let content = (dtype.to_owned(), tensor.shape().to_vec(), tensor.read().unwrap());
                (key.clone(), content)
            })
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
}
