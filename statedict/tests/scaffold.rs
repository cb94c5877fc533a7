//! `statedict scaffold`: what it prints for every fixture is compiled, loads the file strictly, and saves
//! the same bytes wherever the program says so.

mod scaffolded;

use std::collections::BTreeMap;

use scaffolded::{Case, Project, fixtures, made};

/// Files that no structs can have, and why.
const REFUSED: &[(&str, &str)] = &[("read/addresses.pt", "")];

fn check(target: &str) {
    let folder = tempfile::tempdir().unwrap();
    let files = fixtures().into_iter().chain(made(folder.path()));
    let mut refused = BTreeMap::new();
    let mut cases: Vec<Case> = Vec::new();
    for (name, path) in files {
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
