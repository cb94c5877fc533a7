//! Random histories: PyTorch's classes with a `_load_from_state_dict` that was written by hand say what a file of an
//! older version becomes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use statedict::prelude::*;
use statedict_tests::Torch;
use statedict_tests::histories::{History, Random};

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn old_files_become_what_torch_makes_of_them_by_hand() {
    let (mut cases, mut ours) = (Vec::new(), Vec::new());
    for seed in 1000..1060 {
        let history = History::new(seed);
        let mut random = Random(!seed);
        let times: Vec<Vec<usize>> =
            (1..=history.newest()).map(|time| history.versions_at(time)).collect();
        for versions in times.into_iter().chain([history.any_versions(&mut random)]) {
            let map = history.file(&versions, &mut random).map;
            let state: Vec<Value> =
                map.iter().map(|(key, view)| json!([key, view.item::<i64>().unwrap()])).collect();
            let records = map.metadata().unwrap().iter();
            let records: Vec<Value> =
                records.map(|(path, record)| json!([path, record.version()])).collect();
            cases.push(json!([history.json(), state, records]));

            let mut model = history.model(&mut random);
            model.load_state_dict(&map).unwrap();
            let loaded = model.state_dict().unwrap();
            let numbers = loaded.iter().map(|(key, view)| (key.to_owned(), view.item().unwrap()));
            ours.push(numbers.collect::<BTreeMap<String, i64>>());
        }
    }
    let theirs: Vec<BTreeMap<String, i64>> =
        Torch::start().get("histories.load_all", json!({ "cases": cases }));
    assert_eq!(ours, theirs);
}

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [[f32; 2]; 2],
    #[param]
    bias: [f32; 2],
}

#[derive(StateDict)]
#[version(2)]
struct BatchNorm1d {
    #[param]
    weight: [f32; 2],
    #[param]
    bias: [f32; 2],
    #[buffer]
    running_mean: [f32; 2],
    #[buffer]
    running_var: [f32; 2],
    #[buffer]
    #[since(2)]
    num_batches_tracked: i64,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn odd_versions_are_taken_by_modules_that_do_not_look_at_them() {
    let folder = statedict_tests::temp_dir();
    let takes: BTreeMap<String, (bool, bool)> =
        Torch::start().get("histories.save_odd_versions", json!([folder.path()]));
    assert_eq!(takes.len(), 7);
    for (name, (plain, versioned)) in takes {
        let (mut linear, zeros) = (Linear { weight: [[0.0; 2]; 2], bias: [0.0; 2] }, [0.0; 2]);
        let path = folder.path().join(format!("{name}.Linear.pt"));
        let map = StateMap::load(&path).unwrap();
        assert_eq!(linear.load_state_dict(&map).is_ok(), plain, "{name}");
        let mut norm = BatchNorm1d {
            weight: zeros,
            bias: zeros,
            running_mean: zeros,
            running_var: zeros,
            num_batches_tracked: 0,
        };
        let loaded = norm.load(folder.path().join(format!("{name}.BatchNorm1d.pt")));
        match name.as_str() {
            // For Python these are less than 2 and more than 2, for us they are no versions.
            "negative" | "float" => assert!(versioned && loaded.is_err(), "{name}"),
            _ => assert_eq!(loaded.is_ok(), versioned, "{name}"),
        }
        // Written again, it says what it said.
        let copy = folder.path().join("copy.pt");
        map.save(&copy).unwrap();
        assert_eq!(StateMap::load(&copy).unwrap().metadata(), map.metadata(), "{name}");
    }
}
