//! What a state dict of a file has in Python, and a map of its tensors has no place for: all of it is told.

use serde_json::json;
use statedict::StateMap;
use statedict_tests::{Torch, temp_dir};

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_a_map_does_not_keep_is_just_what_it_tells() {
    let torch = Torch::start();
    let (theirs, ours) = (temp_dir(), temp_dir());
    let names: Vec<String> = torch.get("not_kept.write", json!([theirs.path()]));
    let mut total = 0;
    for name in &names {
        let file = format!("{name}.pt");
        let (before, after) = (theirs.path().join(&file), ours.path().join(&file));
        let map = StateMap::load(&before).unwrap_or_else(|error| panic!("{name}: {error}"));
        map.save(&after).unwrap();
        let mut told: Vec<String> = map.not_kept().iter().map(ToString::to_string).collect();
        told.sort();
        let lost: Vec<String> = torch.get("not_kept.lost", json!([before, after]));
        assert_eq!(told, lost, "{name}");
        assert_eq!(map.not_kept().more(), 0, "{name}");
        // Whatever becomes of the keys.
        assert_eq!(map.add_prefix("net").unwrap().not_kept(), map.not_kept(), "{name}");
        total += told.len();
        // Of what was written, everything is kept.
        assert!(StateMap::load(&after).unwrap().not_kept().is_empty(), "{name}");
    }
    assert!(names.len() >= 15 && total >= 25, "{total} in {} files", names.len());
}
