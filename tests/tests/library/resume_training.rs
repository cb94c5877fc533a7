//! The example `resume_training`: after a kill, and from a file that PyTorch wrote.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use statedict_tests::{fixtures_folder, temp_dir, test_as_process};

#[allow(dead_code, unreachable_pub)]
#[path = "../../../examples/resume_training.rs"]
mod example;

use example::{EPOCHS, start_and_kill, train, wait_for_line};

/// Where the training that is killed saves.
const FILE: &str = "STATEDICT_TEST_TRAINING";

#[derive(Deserialize)]
struct Expected {
    losses: Vec<(i64, f64)>,
}

/// The other process: does something only where [`FILE`] says so.
#[test]
fn training() {
    if let Some(path) = std::env::var_os(FILE) {
        train(Path::new(&path), EPOCHS, wait_for_line).unwrap();
    }
}

#[test]
fn a_killed_training_goes_on_with_the_same_losses() {
    let folder = temp_dir();
    let straight = train(&folder.path().join("straight.pt"), EPOCHS, || Ok(())).unwrap();
    let path = folder.path().join("killed.pt");
    let mut other = test_as_process(training);
    other.env(FILE, &path);
    start_and_kill(other).unwrap();

    let resumed = train(&path, EPOCHS, || Ok(())).unwrap();
    assert!((1..straight.len()).contains(&resumed.len()), "{} epochs", resumed.len());
    assert_eq!(straight[straight.len() - resumed.len()..], resumed);
}

#[test]
fn a_training_of_pytorchs_goes_on_to_the_same_losses() {
    let fixtures = fixtures_folder().join("training");
    let text = fs::read(fixtures.join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_slice(&text).unwrap();
    let folder = temp_dir();
    let path = folder.path().join("training.pt");
    fs::copy(fixtures.join("interrupted.pt"), &path).unwrap();
    let losses = train(&path, EPOCHS, || Ok(())).unwrap();
    assert_eq!(losses.len(), expected.losses.len());
    for ((epoch, loss), (expected_epoch, expected)) in losses.into_iter().zip(expected.losses) {
        assert_eq!(epoch, expected_epoch);
        // Float32, added up in another order.
        assert!((loss - expected).abs() < 1e-6 * expected.abs().max(1.0), "{loss} {expected}");
    }
}
