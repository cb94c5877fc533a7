//! The program `statedict diff`: every kind of difference is found, and none is left out.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{DType, StateMap, TensorView, WriteOptions, value};

/// The exit status, the JSON, and what is said to people.
fn diff(a: &Path, b: &Path, flags: &[&str]) -> (i32, Value, String) {
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
        command.arg("diff").args([a, b]).args(flags).args(more).output().unwrap()
    };
    let (object, text) = (run(&["--json"]), run(&[]));
    assert_eq!(object.status, text.status);
    (
        object.status.code().unwrap(),
        serde_json::from_slice(&object.stdout).unwrap(),
        String::from_utf8(text.stdout).unwrap(),
    )
}

fn floats(numbers: &[f32]) -> TensorView<'static> {
    TensorView::from_vec(numbers.to_vec(), [numbers.len()]).unwrap()
}

fn map(entries: &[(&str, TensorView<'static>)], version: u64) -> StateMap<'static> {
    let mut map = StateMap::new();
    for (key, view) in entries {
        map.insert(*key, view.clone());
    }
    let mut metadata = Metadata::default();
    metadata.insert("", ModuleMetadata::with_version(version));
    *map.metadata_mut() = Some(metadata);
    map
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Compares two maps.
    fn diff(&self, a: &StateMap<'_>, b: &StateMap<'_>, flags: &[&str]) -> (i32, Value, String) {
        let (first, second) = (self.path("a.pt"), self.path("b.pt"));
        a.save_with(&first, &WriteOptions::default()).unwrap();
        b.save_with(&second, &WriteOptions::default()).unwrap();
        diff(&first, &second, flags)
    }
}

/// The kinds of all differences with the first segments of their paths.
fn kinds(object: &Value) -> Vec<(&str, &str)> {
    let differences = object["differences"].as_array().unwrap().iter();
    differences
        .map(|one| (one["kind"].as_str().unwrap(), one["path"][0].as_str().unwrap_or_default()))
        .collect()
}

#[test]
fn every_tensor_is_told_of() {
    let files = Files::new();
    let wide = floats(&[1.0, 2.0]);
    let a = map(
        &[
            ("same", wide.clone()),
            ("removed", floats(&[1.0])),
            ("resized", floats(&[1.0, 2.0])),
            ("retyped", floats(&[1.0, 1.001])),
            ("values", floats(&[3.0, 4.0])),
            ("required", floats(&[1.0]).with_requires_grad(true)),
        ],
        1,
    );
    let b = map(
        &[
            ("added", floats(&[1.0])),
            ("same", wide),
            ("resized", floats(&[1.0, 2.0, 3.0])),
            ("retyped", floats(&[1.0, 1.001]).cast(DType::BF16).unwrap()),
            ("values", floats(&[3.0, 4.5])),
            ("required", floats(&[1.0])),
        ],
        2,
    );
    let (status, object, text) = files.diff(&a, &b, &[]);
    assert_eq!(status, 1);
    let expected = [
        ("versions", ""),
        ("removed", "removed"),
        ("resized", "resized"),
        ("retyped", "retyped"),
        ("values", "values"),
        ("changed", "required"),
        ("added", "added"),
    ];
    assert_eq!(kinds(&object), expected);
    assert_eq!(object["identical"], json!({"tensors": 1, "others": 0}));
    let delta = &object["differences"][4]["delta"];
    assert_eq!((&delta["max_abs"], &delta["differing"]), (&json!(0.5), &json!(1)));
    assert_eq!(delta["rel_l2"], 0.1);
    assert_eq!(object["differences"][6]["b"]["shape"], json!([1]));
    assert!(text.contains("~ version of (root)  1 → 2"), "{text}");
    assert!(text.contains("~ resized            float32 [2] → [3]"), "{text}");
    let counts = "1 identical · 1 removed · 1 added · 1 resized · 1 retyped · 1 changed · 1 values · 1 versions";
    assert!(text.ends_with(&format!("{counts}\n")), "{text}");
    // Every tensor of both files is in one of the counts.
    let told = text.lines().count() - 1 + 1;
    assert_eq!(told, 8);
}

#[test]
fn ties_are_compared_both_ways() {
    let files = Files::new();
    let shared = floats(&[1.0, 2.0]);
    let tied = map(&[("fc", shared.clone()), ("f3", shared.clone()), ("f4", shared)], 1);
    let apart = || floats(&[1.0, 2.0]);
    let separate = map(&[("fc", apart()), ("f3", apart()), ("f4", apart())], 1);
    let (status, object, text) = files.diff(&tied, &separate, &[]);
    assert_eq!((status, kinds(&object)), (1, vec![("ties", "f3"), ("ties", "f4")]));
    assert_eq!(
        (&object["differences"][0]["a"], &object["differences"][0]["b"]),
        (&json!("fc"), &Value::Null)
    );
    assert!(text.contains("≠ f3  shares its storage with fc → has its own"), "{text}");
    assert_eq!(object["identical"]["tensors"], 3);
    let (status, object, _) = files.diff(&separate, &tied, &["--no-values"]);
    assert_eq!((status, kinds(&object)), (1, vec![("ties", "f3"), ("ties", "f4")]));
    let (status, object, _) = files.diff(&tied, &tied, &[]);
    assert_eq!((status, &object["same"]), (0, &json!(true)));
}

#[test]
fn a_tolerance_makes_close_numbers_the_same_and_nothing_else() {
    let files = Files::new();
    let a = map(&[("x", floats(&[1.0, f32::NAN])), ("y", floats(&[1.0]))], 1);
    let b = map(&[("x", floats(&[1.25, f32::NAN])), ("y", floats(&[f32::NAN]))], 1);
    let (status, object, text) = files.diff(&a, &b, &["--tolerance", "0.25"]);
    assert_eq!((status, kinds(&object)), (1, vec![("values", "y")]));
    assert_eq!(object["close"], 1);
    assert!(text.contains("1 within the tolerance"), "{text}");
    let (status, object, _) = files.diff(&a, &b, &["--tolerance", "0.2"]);
    assert_eq!((status, kinds(&object)), (1, vec![("values", "x"), ("values", "y")]));
    // NaN is nowhere near a number, whatever the tolerance.
    let (status, ..) = files.diff(&a, &b, &["--tolerance", "1e300"]);
    assert_eq!(status, 1);
    // Zero and its negative are other bytes, and the same number.
    let (zero, negative) = (map(&[("x", floats(&[0.0]))], 1), map(&[("x", floats(&[-0.0]))], 1));
    assert_eq!(files.diff(&zero, &negative, &[]).0, 1);
    assert_eq!(files.diff(&zero, &negative, &["--tolerance", "0"]).0, 0);
}

#[test]
fn everything_beside_tensors_is_compared_too() {
    let files = Files::new();
    let save = |name: &str, lr: f64, step: f32, empty_is_list: bool, names: &[&str]| {
        let mut graph = value::Graph::new();
        let root = graph.dict();
        graph.set_root(root);
        let optimizer = graph.dict();
        graph.set(optimizer, "lr", lr).unwrap();
        graph.set(optimizer, "step", floats(&[step])).unwrap();
        graph.put(root, "optimizer", optimizer).unwrap();
        let empty = if empty_is_list { graph.list([]) } else { graph.dict() };
        graph.put(root, "empty", empty).unwrap();
        let names: Vec<_> = names.iter().map(|&name| graph.add(name)).collect();
        let names = graph.list(names);
        graph.put(root, "names", names).unwrap();
        graph.save_with(files.path(name), &WriteOptions::default()).unwrap();
        files.path(name)
    };
    let a = save("a.pt", 0.1, 1.0, true, &["x", "y"]);
    let b = save("b.pt", 0.2, 2.0, false, &["x", "z", "w"]);
    let (status, object, text) = diff(&a, &b, &[]);
    assert_eq!(status, 1);
    let differences: Vec<(Value, &Value)> = object["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["path"].clone(), &one["kind"]))
        .collect();
    let expected = [
        (json!(["optimizer", "lr"]), "changed"),
        (json!(["optimizer", "step"]), "values"),
        (json!(["empty"]), "changed"),
        (json!(["names", 1]), "changed"),
        (json!(["names", 2]), "added"),
    ];
    let expected: Vec<(Value, Value)> =
        expected.into_iter().map(|(path, kind)| (path, json!(kind))).collect();
    let found: Vec<(Value, Value)> =
        differences.into_iter().map(|(path, kind)| (path, kind.clone())).collect();
    assert_eq!(found, expected);
    assert!(text.contains("optimizer[\"lr\"]    0.1 → 0.2"), "{text}");
    assert!(text.contains("empty              list → dict"), "{text}");
    let (status, object, _) = diff(&a, &b, &["--tolerance", "1"]);
    assert_eq!((status, &object["close"]), (1, &json!(2)));
    assert_eq!(diff(&a, &a, &[]).0, 0);
}
