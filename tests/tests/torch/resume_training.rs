//! The example `resume_training` and PyTorch go on from each other's files.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use statedict_tests::{Torch, fixtures_folder, temp_dir};

#[allow(dead_code, unreachable_pub)]
#[path = "../../../examples/resume_training.rs"]
mod example;

use example::train;

use crate::fixtures::assert_written;

/// The parts of `training/expected.json` that are compared.
#[derive(Deserialize)]
struct Expected {
    torch: String,
    losses: Vec<(i64, f64)>,
}

/// Float32, added up in another order: of losses from 0.1 down to 0.01.
const TOLERANCE: f64 = 1e-6;

fn assert_close(ours: &[(i64, f64)], theirs: &[(i64, f64)]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours.0, theirs.0);
        assert!((ours.1 - theirs.1).abs() < TOLERANCE, "{ours:?} {theirs:?}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn both_go_on_from_each_others_files_to_the_same_losses() {
    let torch = Torch::start();
    let folder = temp_dir();
    let [ours, theirs, scratch] =
        ["ours.pt", "theirs.pt", "scratch.pt"].map(|name| folder.path().join(name));
    let mut first = train(&ours, 10, || Ok(())).unwrap();
    let mut their_first: Vec<(i64, f64)> = torch.get("training.train", json!([theirs, 10]));
    assert_close(&first, &their_first);

    // One file, which both go on from.
    let mut rest: Vec<(i64, f64)> = torch.get("training.train", json!([scratch, 20, ours]));
    fs::copy(&ours, folder.path().join("again.pt")).unwrap();
    let again = train(&folder.path().join("again.pt"), 20, || Ok(())).unwrap();
    assert_close(&again, &rest);
    // And what torch makes of it, we go on from.
    let last = train(&scratch, 25, || Ok(())).unwrap();
    let straight = train(&folder.path().join("straight.pt"), 25, || Ok(())).unwrap();
    first.append(&mut rest);
    first.extend(last);
    assert_close(&straight, &first);

    let on = train(&theirs, 20, || Ok(())).unwrap();
    let their_file = folder.path().join("their_rest.pt");
    let straight: Vec<(i64, f64)> = torch.get("training.train", json!([their_file, 20]));
    their_first.extend(on);
    assert_close(&their_first, &straight);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_fixture_is_what_torch_writes() {
    let torch = Torch::start();
    let folder = temp_dir();
    torch.call("make_training.write", json!([folder.path()]));
    let committed = fixtures_folder().join("training");
    let file = "interrupted.pt";
    assert_written(&torch, &folder.path().join(file), &committed.join(file));

    let read = |folder: &Path| -> Expected {
        serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap()
    };
    let (written, committed) = (read(folder.path()), read(&committed));
    assert_eq!(written.torch, committed.torch);
    assert_close(&written.losses, &committed.losses);
}
