//! `statedict scaffold`: what it prints for every fixture is compiled, loads the file strictly, and saves
//! the same bytes wherever the program says so.

mod libraries;
mod project;

use std::collections::BTreeMap;

use project::{Case, Project, fixtures, made};

/// Files that no structs can have, and why.
const REFUSED: &[(&str, &str)] = &[
    ("read/bare_tensor.pt", "is torch.Tensor"),
    ("read/batches.pt", "should be a tensor and is 0"),
    ("read/batches_ordered.pt", "should be a tensor and is 0"),
    ("read/composites.pt", "is a sparse tensor"),
    ("read/cyclic_list.pt", "is list of 2"),
    ("read/duplicate.pt", "the archive has two members"),
    ("read/frozen_and_default.pt", "is frozenset"),
    ("read/int_and_str_key.pt", "should be a str and is int"),
    ("read/legacy_composites.pt", "is a sparse tensor"),
    ("read/mixed_storage.pt", "is list of 1"),
    ("read/peer_negative_long.pt", "is list of 5"),
    ("read/protocol_0.pt", "is dict of 8"),
    ("read/refused.pt", "is a sparse tensor"),
    ("read/refused_kinds.pt", "is a nested tensor"),
    ("read/same_object.pt", "is list of 3"),
    ("read/shared_dict.pt", r#"there are state dicts at "a", "b": --key says which"#),
    ("read/shared_state_dict.pt", r#"there are state dicts at "model", "ema": --key says which"#),
    ("read/torch_1_13_dtypes.legacy.pt", r#""float64", "float32""#),
    ("read/torch_1_13_dtypes.zip.pt", r#""float64", "float32""#),
    ("read/torch_1_13_optimizers.legacy.pt", "is dict of 4"),
    ("read/torch_1_13_optimizers.zip.pt", "is dict of 4"),
    ("read/torch_1_13_order.pt", "is list of 12"),
    ("read/torch_1_13_schedulers.legacy.pt", "is dict of 2"),
    ("read/torch_1_13_schedulers.zip.pt", "is dict of 2"),
];

/// The file whose elements are damaged: loading it is refused.
const DAMAGED: &str = "read/bad_crc.pt";

fn check(target: &str) {
    let folder = tempfile::tempdir().unwrap();
    let files = fixtures().into_iter().chain(made(folder.path()));
    let mut refused = BTreeMap::new();
    let mut cases: Vec<Case> = Vec::new();
    for (name, path) in files.filter(|(name, _)| name != DAMAGED) {
        match Case::of(&name, &path, target) {
            Ok(case) => cases.push(case),
            Err(reason) => drop(refused.insert(name, reason)),
        }
    }
    for (name, reason) in &refused {
        let expected = REFUSED.iter().find(|(known, _)| known == name);
        let fits = expected.is_some_and(|(_, expected)| reason.contains(expected));
        assert!(fits, "{name}: {reason}");
    }
    assert_eq!(refused.len(), REFUSED.len(), "{refused:?}");
    assert!(cases.len() >= 40, "{}", cases.len());

    let results = Project::new(target, &cases).run();
    assert_eq!(results.len(), cases.len());
    for (case, result) in cases.iter().zip(&results) {
        assert_eq!(result.loaded, result.tensors, "{}", case.name);
        // What it says of the bytes is so, either way.
        assert_eq!(result.identical, case.identical, "{}: {:?}", case.name, case.differences);
    }
    // What PyTorch 2.15 saved from a model is the same file again.
    let files: Vec<&Case> = cases.iter().filter(|case| case.is_a_model()).collect();
    assert!(files.len() >= 12, "{}", files.len());
    for case in files {
        // The old spectral normalization notes a version of its own.
        let expected = !case.name.ends_with("parametrized.pt");
        assert_eq!(case.identical, expected, "{}: {:?}", case.name, case.differences);
    }
}

#[test]
fn what_is_printed_for_plain_tensors_compiles_and_loads_every_file() {
    check("plain");
}

#[test]
fn what_is_printed_for_ndarray_compiles_and_loads_every_file() {
    check("ndarray");
}
