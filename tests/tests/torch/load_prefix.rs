//! `consume_prefix_in_state_dict_if_present` against torch's own.

use serde::Deserialize;
use serde_json::json;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict_tests::Torch;

#[derive(Debug, Deserialize, PartialEq)]
struct Consumed {
    keys: Vec<(String, i64)>,
    metadata: Vec<(String, u64)>,
}

fn theirs(keys: &[&str], metadata: &[(&str, u64)], prefix: &str) -> Consumed {
    Torch::start().get("load_tree.consume_prefix", json!([keys, metadata, prefix]))
}

fn ours(keys: &[&str], metadata: &[(&str, u64)], prefix: &str) -> Consumed {
    let mut map = StateMap::new();
    for (value, &key) in (0i64..).zip(keys) {
        map.insert(key, TensorView::from_vec(vec![value], []).unwrap());
    }
    let mut modules = Metadata::default();
    for &(path, version) in metadata {
        modules.insert(path, ModuleMetadata::with_version(version));
    }
    *map.metadata_mut() = Some(modules);
    map.consume_prefix_in_state_dict_if_present(prefix).unwrap();
    let value = |(key, view): (&str, &TensorView<'_>)| (key.to_owned(), view.item().unwrap());
    let version =
        |(path, entry): (&str, &ModuleMetadata)| (path.to_owned(), entry.version().unwrap());
    Consumed {
        keys: map.iter().map(value).collect(),
        metadata: map.metadata().unwrap().iter().map(version).collect(),
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_mixed_dict_is_stripped_and_reordered_as_torch_does() {
    for keys in [
        &["module.a.w", "b", "module.c", "modules.x", "module"][..],
        &["a", "b"],
        &["module.module.a", "module.b"],
        &["module."],
    ] {
        let metadata = [("", 1), ("module", 2), ("module.a", 3), ("modules", 4)];
        let (mut ours, mut theirs) =
            (ours(keys, &metadata, "module."), theirs(keys, &metadata, "module."));
        assert_eq!(ours.keys, theirs.keys);
        // torch moves renamed modules to the end; in ours they keep their place.
        ours.metadata.sort();
        theirs.metadata.sort();
        assert_eq!(ours.metadata, theirs.metadata);
    }
}

/// Where torch errs, and what is right.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_prefix_of_two_segments_does_not_rename_another_module() {
    let metadata = [("", 1), ("a", 2), ("a.b", 3), ("ab", 4)];
    let torch = theirs(&["a.b.w"], &metadata, "a.b.");
    // Of `a.b` the version is not found, and `ab` has become the root.
    let expected =
        [("", 4), ("a", 2), ("a.b", 3)].map(|(path, version)| (path.to_owned(), version));
    assert_eq!(torch.metadata, expected);
    let expected = [("", 3), ("a", 2), ("ab", 4)].map(|(path, version)| (path.to_owned(), version));
    assert_eq!(ours(&["a.b.w"], &metadata, "a.b.").metadata, expected);
}
