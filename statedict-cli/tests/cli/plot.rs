//! `statedict inspect --plot`.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use statedict::{StateMap, TensorView};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).arg("inspect").args(arguments).output().unwrap()
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let mut map = StateMap::new();
    let numbers = vec![-1.0f32, -0.5, 0.0, 0.0, 0.25, 1.0, f32::NAN, f32::NEG_INFINITY];
    map.insert("fc.weight", TensorView::from_vec(numbers, [2, 4]).unwrap());
    map.insert("steps", TensorView::from_vec(vec![3i64, 3, 3, 5], [4]).unwrap());
    map.insert("bad", TensorView::from_vec(vec![f64::NAN], [1]).unwrap());
    map.save(&path).unwrap();
    (folder, path)
}

#[test]
fn a_histogram_is_drawn() {
    let (_folder, path) = file();
    let output = run(&[path.to_str().unwrap(), "--plot", "fc.weight", "--bins", "4"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "\
fc.weight   float32 [2, 4]   8 elements
  min -1   max 1   mean -0.0417   std 0.6785   zeros 2   NaN 1   Inf 1
";
    assert!(text.starts_with(expected), "{text}");
    let bars: Vec<(&str, usize, &str)> = text
        .lines()
        .skip(3)
        .map(|line| {
            let (edge, rest) = line.split_once('│').unwrap();
            let (bar, count) = rest.rsplit_once(' ').unwrap();
            (edge.trim(), bar.matches('█').count(), count)
        })
        .collect();
    let edges: Vec<&str> = bars.iter().map(|(edge, ..)| *edge).collect();
    let counts: Vec<&str> = bars.iter().map(|(.., count)| *count).collect();
    assert_eq!(edges, ["-1", "-0.5000", "0", "0.5000"]);
    assert_eq!(counts, ["1", "1", "3", "1"]);
    let lengths: Vec<usize> = bars.iter().map(|(_, length, _)| *length).collect();
    assert_eq!((lengths[0], lengths[2]), (lengths[2] / 3, lengths.iter().copied().max().unwrap()));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_numbers_are_exact_as_json() {
    let (_folder, path) = file();
    let output = run(&[path.to_str().unwrap(), "--plot", "steps", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["path"], &found["dtype"]), (&json!(["steps"]), &json!("int64")));
    assert_eq!(found["plot"]["bins"], json!([3, 0, 1]));
    assert_eq!((&found["plot"]["mean"], &found["plot"]["std"]), (&json!(3.5), &json!(1.0)));
    assert_eq!((&found["plot"]["low"], &found["plot"]["high"]), (&json!(2.5), &json!(5.5)));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let (_folder, path) = file();
    let path = path.to_str().unwrap();
    let output = run(&[path, "--plot", "fc.wieght"]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("no tensor is called \"fc.wieght\""), "{words}");
    assert_eq!(run(&[path, "--bins", "4"]).status.code(), Some(2));
    assert_eq!(run(&[path, "--plot", "steps", "--bins", "0"]).status.code(), Some(2));
    let text = String::from_utf8(run(&[path, "--plot", "bad"]).stdout).unwrap();
    assert!(text.contains("no finite elements   zeros 0   NaN 1"), "{text}");
}

#[test]
fn a_key_within_a_checkpoint_is_found_by_its_dotted_path() {
    let file = format!("{}/../tests/fixtures/read/checkpoint.pt", env!("CARGO_MANIFEST_DIR"));
    let found = run(&[&file, "--json"]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let nested = found["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tensor| &tensor["path"])
        .find(|path| path.as_array().is_some_and(|path| path.len() == 2 && path[0] == "model"));
    let path = nested.unwrap();
    let key = format!("model.{}", path[1].as_str().unwrap());
    let output = run(&[&file, "--plot", &key, "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["path"], *path);
}
