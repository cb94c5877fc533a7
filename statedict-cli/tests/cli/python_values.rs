//! Values that are no plain tensors and dicts: selected, renamed, left out and converted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use statedict::value::{Graph, NewValue, SharedValue};
use statedict::{Checkpoint, StateMap, TensorView, WriteOptions};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Runs the program: what it prints, or its complaint.
fn run(args: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_statedict")).args(args).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn tensor(value: f32) -> TensorView<'static> {
    TensorView::full(value, [2]).unwrap().into_owned().unwrap()
}

#[test]
fn arrays_are_printed_and_written_as_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("read/numpy.pt");
    let file = file.to_str().unwrap();
    assert_eq!(run(&["get", file, "i4"]).unwrap(), "i4  int32 [3]\n0  1  2\n");
    assert_eq!(run(&["get", file, "scalar"]).unwrap(), "scalar  float64 []\n0.5\n");
    assert_eq!(run(&["get", file, "big", "--slice", "1:"]).unwrap(), "big  int16 [2]\n1  2\n");
    let out = folder.path().join("a.npy");
    run(&["get", file, "fortran", "-o", out.to_str().unwrap()]).unwrap();
    let npy = fs::read(out).unwrap();
    let header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    assert!(npy.windows(header.len()).any(|part| part == header));
    let elements: Vec<u8> = (0..6).flat_map(|number| f64::from(number).to_le_bytes()).collect();
    assert!(npy.ends_with(&elements));
    // What no tensor can be is named with its shape.
    let all = run(&["get", file, "."]).unwrap();
    assert!(all.contains("f8  numpy.ndarray float64 [2, 3]\n"), "{all}");
}

/// A checkpoint with extra states, one of which has a class of its own.
fn with_extra_state(path: &Path) {
    let mut map = StateMap::new();
    for (index, name) in ["", "a.", "b.c."].into_iter().enumerate() {
        map.insert(format!("{name}weight"), tensor(index as f32));
        let mut graph = Graph::of(());
        let class = graph.global("mine", "State");
        let object = graph.instance(class, []);
        graph.set_root(object);
        let value = SharedValue::of(graph.root()).unwrap();
        map.insert_value(format!("{name}_extra_state"), value);
    }
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_map("model", &map).unwrap();
    checkpoint.set_value("epoch", 3).unwrap();
    checkpoint.save(path).unwrap();
}

#[test]
fn extra_state_is_selected_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let [file, out, model] =
        ["x.pt", "out.safetensors", "model.pt"].map(|name| folder.path().join(name));
    with_extra_state(&file);
    let [file, out, model] = [&file, &out, &model].map(|path| path.to_str().unwrap());
    let selected = run(&["get", file, r#"model["b.c._extra_state"]"#]).unwrap();
    assert_eq!(
        selected,
        "model[\"b.c._extra_state\"]  mine.State\n".replace("model[\"b.c._extra_state\"]  ", "")
    );

    let error = run(&["convert", file, out, "--at", "model"]).unwrap_err();
    assert!(error.contains("_extra_state") && error.contains("`--exclude`"), "{error}");
    run(&["convert", file, out, "--at", "model", "--exclude", "**._extra_state"]).unwrap();
    let map = StateMap::load(out).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["weight", "a.weight", "b.c.weight"]);

    // The rest of the file stays, and what is left out can be chosen.
    run(&["convert", file, model, "--exclude", "model.{a,b.c}._extra_state", "--exclude", "epoch"])
        .unwrap();
    let checkpoint = Checkpoint::open(model).unwrap();
    assert!(!checkpoint.contains("epoch"));
    let map = checkpoint.state_dict("model").unwrap();
    assert_eq!(map.values().map(|(key, _)| key).collect::<Vec<_>>(), ["_extra_state"]);
    assert_eq!(map.len(), 3);

    let error = run(&["convert", file, model, "--force", "--exclude", "**.extra"]).unwrap_err();
    assert!(error.contains("no entry of a dict matches --exclude **.extra"), "{error}");

    // By the rules of a migration too.
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "[[step]]\nremove_regex = { name = '_extra_state$' }\n").unwrap();
    let migrated = folder.path().join("migrated.pt");
    let [rules, migrated] = [&rules, &migrated].map(|path| path.to_str().unwrap());
    run(&["migrate", file, migrated, "--map", rules, "--at", "model"]).unwrap();
    let map = Checkpoint::open(migrated).unwrap().state_dict("model").unwrap();
    assert_eq!((map.len(), map.values().len()), (3, 0));
}

#[test]
fn keys_that_are_no_str_are_renamed_as_the_error_says() {
    let folder = tempfile::tempdir().unwrap();
    let [file, named, out] =
        ["keys.pt", "named.pt", "out.safetensors"].map(|name| folder.path().join(name));
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let model = graph.dict();
    graph.put(root, "model", model).unwrap();
    for (key, value) in [(&b"fc.weight"[..], 1.0), (b"\xff", 2.0)] {
        let (key, value) = (graph.add(NewValue::Bytes(key.into())), graph.add(tensor(value)));
        graph.push_entry(model, key, value).unwrap();
    }
    graph.save_with(&file, &WriteOptions::default()).unwrap();
    let [file, named, out] = [&file, &named, &out].map(|path| path.to_str().unwrap());
    assert!(run(&["ls", file]).unwrap().starts_with("model[b\"fc.weight\"]"));
    let error = run(&["convert", file, out, "--at", "model"]).unwrap_err();
    let command = r#"`statedict convert IN OUT --rename '["model"][b"fc.weight"]=fc.weight'`"#;
    assert!(error.contains(command), "{error}");
    let first = r#"["model"][b"fc.weight"]=fc.weight"#;
    let second = r#"model[b"\xff"]=fc.bias"#;
    run(&["convert", file, named, "--rename", first, "--rename", second]).unwrap();
    let map = Checkpoint::open(named).unwrap().state_dict("model").unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["fc.weight", "fc.bias"]);
    assert_eq!(map.get("fc.bias").unwrap().to_vec::<f32>().unwrap(), [2.0, 2.0]);
    run(&["convert", file, out, "--rename", first, "--rename", second, "--at", "model"]).unwrap();
    assert_eq!(StateMap::load(out).unwrap().len(), 2);
    // No entry takes the place of another.
    let error = run(&[
        "convert",
        file,
        named,
        "--force",
        "--rename",
        first,
        "--rename",
        r#"model[b"\xff"]=fc.weight"#,
    ]);
    assert!(error.unwrap_err().contains("\"fc.weight\""));
}

#[test]
fn keys_that_read_alike_are_nodes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alike.pt");
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let keys = [
        graph.add("1"),
        graph.add(1),
        graph.add("[1]"),
        graph.add(NewValue::Float(f64::NAN)),
        graph.add(NewValue::Float(f64::NAN)),
        graph.add("b\"x\""),
        graph.add(NewValue::Bytes(b"x"[..].into())),
    ];
    let (one, two) = (graph.add(1), graph.add(2));
    let tuples = [graph.tuple([one, two]), graph.tuple([two, one])];
    for (index, key) in keys.into_iter().chain(tuples).enumerate() {
        let inner = graph.dict();
        graph.set(inner, "x", tensor(index as f32)).unwrap();
        graph.push_entry(root, key, inner).unwrap();
    }
    graph.save_with(&file, &WriteOptions::default()).unwrap();
    let file = file.to_str().unwrap();
    let tree = run(&["tree", file]).unwrap();
    assert_eq!(tree.matches("x  ").count() + tree.matches("x float").count(), 9, "{tree}");
    let json: serde_json::Value =
        serde_json::from_str(&run(&["ls", file, "--json"]).unwrap()).unwrap();
    let mut paths: Vec<String> =
        json["tensors"].as_array().unwrap().iter().map(|row| row["path"].to_string()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 9);
    for (index, line) in run(&["ls", file]).unwrap().lines().take(9).enumerate() {
        let path = line.split("  ").next().unwrap().trim();
        let printed = run(&["get", file, path]).unwrap();
        assert!(printed.ends_with(&format!("{index}  {index}\n")), "{path}: {printed}");
    }
}

/// `{"hp": AttrDict(lr=0.25, inner=AttrDict(n=7))}`.
const OBJECTS: &[u8] =
    b"\x80\x02}X\x02\0\0\0hpcmine\nAttrDict\nq\x00)\x81(X\x02\0\0\0lrG?\xd0\0\0\0\0\0\0\
X\x05\0\0\0innerh\x00)\x81X\x01\0\0\0nK\x07sus.";

#[test]
fn entries_of_objects_are_told_and_selected_by_one_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.pkl");
    fs::write(&file, OBJECTS).unwrap();
    let file = file.to_str().unwrap();
    let all = run(&["get", file, "hp"]).unwrap();
    assert!(
        all.contains("hp[\"lr\"]  0.25\n") && all.contains("hp[\"inner\"][\"n\"]  7\n"),
        "{all}"
    );
    for path in ["hp.lr", "hp[\"lr\"]"] {
        assert_eq!(run(&["get", file, path]).unwrap(), "0.25\n", "{path}");
    }
    assert_eq!(run(&["get", file, "hp.inner.n"]).unwrap(), "7\n");
}
