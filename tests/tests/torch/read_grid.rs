//! What people save, in every container, protocol and type, against what PyTorch says is in it.

use std::collections::BTreeMap;

use serde_json::json;
use statedict::codec::{self, ReadOptions};
use statedict_tests::{Torch, lines, map_lines, temp_dir};

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn every_case_of_the_grid_is_what_torch_loads() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Vec<String>> = torch.get("read_grid.write", json!([folder.path()]));
    assert!(cases.len() >= 400, "{}", cases.len());
    for (name, expected) in &cases {
        let path = folder.path().join(format!("{name}.pt"));
        let document = codec::Document::open_with(path, &ReadOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = lines(&document);
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(found.len(), expected.len(), "{name}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_whole_model_is_what_its_state_dict_is() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Vec<String>> =
        torch.get("read_grid.whole_model", json!([folder.path()]));
    assert_eq!(cases.len(), 2);
    for (name, expected) in &cases {
        let path = folder.path().join(format!("{name}.pt"));
        let document =
            codec::Document::open_with(path, &ReadOptions::default().whole_models(true)).unwrap();
        assert_eq!(&map_lines(&document.state_map().unwrap()), expected, "{name}");
    }
}
