//! Values that are no plain tensors and dicts: read, selected and written as PyTorch and NumPy have them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use statedict::codec::{self, ReadOptions};
use statedict::contents::{Contents, Found};
use statedict::prelude::*;
use statedict::value::Value;
use statedict::{Checkpoint, LoadOptions, StateMap, WriteOptions};
use statedict_tests::{Torch, temp_dir};

/// What a state dict holds, in the words of `python_values.py`.
fn rows(map: &StateMap<'_>) -> Vec<String> {
    let mut tensors = map.iter();
    let mut rows = Vec::new();
    let row = |(key, view): (&str, &statedict::TensorView<'_>)| {
        let crc = crc32fast::hash(&view.bytes().unwrap());
        format!("{key} {} {:?} {crc:08x}", view.dtype(), &**view.shape())
    };
    for (key, value) in map.values() {
        let before = map.value_position(key).unwrap();
        rows.extend(tensors.by_ref().take(before.saturating_sub(rows.len())).map(row));
        let name = value.value().type_name();
        let name =
            if name.starts_with("numpy.U") { "str_" } else { name.rsplit('.').next().unwrap() };
        rows.push(format!("{key} {name}"));
    }
    rows.extend(tensors.map(row));
    rows
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn arrays_of_numpy_are_tensors() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Vec<String>> =
        torch.get("python_values.write_arrays", json!([folder.path()]));
    assert_eq!(cases.len(), 49);
    for (path, expected) in &cases {
        let document = codec::Document::open_with(path, &ReadOptions::default()).unwrap();
        let map =
            document.state_map_at(&["model"]).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(sorted(rows(&map)), sorted(expected.clone()), "{path}");
        let checkpoint = Checkpoint::open(path).unwrap();
        let found = checkpoint.find_state_dict().unwrap();
        assert_eq!(rows(&found), rows(&map), "{path}");
        for (key, view) in map.iter() {
            let tensor = checkpoint.tensor(("model", key)).unwrap();
            assert_eq!(tensor.bytes().unwrap(), view.bytes().unwrap(), "{path}: {key}");
        }
        // An array that is used twice is one tensor.
        if path.contains("shared") {
            assert!(map.get("a").unwrap().same_as(map.get("b").unwrap()));
        }
        let out = folder.path().join("out.pt");
        map.save(&out).unwrap();
        let loaded: Vec<String> = torch.get("python_values.loaded", json!([out]));
        assert_eq!(sorted(loaded), sorted(expected.clone()), "{path}");
        if map.values().len() == 0 && !map.contains_key("complex128") && !path.contains("shared") {
            let out = folder.path().join("out.safetensors");
            map.save(&out).unwrap();
            let loaded: Vec<String> = torch.get("python_values.loaded", json!([out]));
            assert_eq!(loaded, sorted(expected.clone()), "{path}");
        }
    }
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

/// Everything that a walk tells of is found by its path, and by the path as text, and by no other path.
fn select_all(root: Value<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    let mut contents = Contents::of(root);
    while let Some(found) = contents.advance().unwrap() {
        let (Found::Value(value) | Found::Same(value) | Found::Cycle(value) | Found::Long(value)) =
            found;
        let path = contents.path();
        let text = path.to_string();
        assert!(path.find(root).is_some_and(|found| found.same_as(value)), "{text}");
        assert_eq!(text.parse(), Ok(path.clone()), "{text}");
        assert_eq!(statedict::contents::resolve(root, &text), Ok(path), "{text}");
        assert!(!paths.contains(&text), "{text}");
        paths.push(text);
    }
    paths
}

/// Writes the values of a file again, in each format, and asks torch whether they are the same.
fn write_back(torch: &Torch, checkpoint: &Checkpoint<'_>, path: &str, folder: &Path) {
    let legacy = WriteOptions::new().layout(statedict::codec::ArchiveLayout::Legacy);
    for options in [WriteOptions::new(), legacy] {
        let out = folder.join("again.pt");
        checkpoint.save_with(&out, &options).unwrap();
        let differs: Option<String> = torch.get("python_values.same", json!([path, out]));
        assert_eq!(differs, None, "{path}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn objects_with_entries_are_mappings() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, BTreeMap<String, Vec<String>>> =
        torch.get("python_values.write_mappings", json!([folder.path()]));
    for (path, expected) in &cases {
        let opaque = ReadOptions::default().opaque(true);
        let document = codec::Document::open_with(path, &opaque).unwrap();
        let mut checkpoint = Checkpoint::open_with(path, &opaque).unwrap();
        select_all(document.root());
        for (name, rows_of) in expected {
            let map = checkpoint.state_dict(name).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(rows(&map), *rows_of, "{path}: {name}");
            assert_eq!(rows(&document.state_map_at(&[name]).unwrap()), *rows_of, "{path}: {name}");
            assert_eq!(map.metadata().is_some(), name == "model", "{path}: {name}");
            if name != "model" {
                let tensor = checkpoint.tensor((name, "b.x")).unwrap();
                assert_eq!(tensor.shape(), &[3], "{path}: {name}");
                let typed = checkpoint.tensor(format!("{name}.b.x")).unwrap();
                assert!(typed.same_as(&tensor), "{path}: {name}");
            }
        }
        let found: Vec<String> =
            checkpoint.candidates().iter().map(|found| found.path.to_string()).collect();
        for name in expected.keys() {
            assert!(found.contains(name), "{path}: {name} is not in {found:?}");
        }
        assert_eq!(checkpoint.get::<f64>(("hyper_parameters", "lr")).unwrap(), 0.25);
        assert_eq!(checkpoint.get::<i64>(("hyper_parameters", "inner", "n")).unwrap(), 7);
        assert_eq!(checkpoint.get::<Vec<i64>>(("hyper_parameters", "layers")).unwrap(), [1, 2]);
        assert_eq!(checkpoint.get::<f64>(("args", "lr")).unwrap(), 0.5);
        assert_eq!(checkpoint.get::<i64>("args.bs").unwrap(), 8);
        assert_eq!(checkpoint.get::<i64>(("items", -1)).unwrap(), 6);
        let of = |path: &str| -> Vec<String> {
            let listed = checkpoint.list(path).unwrap();
            listed.iter().map(|listed| listed.path.to_string()).collect()
        };
        assert_eq!(of("args"), ["args@lr", "args@bs", "args@same", "args@w"]);
        assert_eq!(of("user"), ["user[\"w\"]", "user[\"b.x\"]"]);
        for listed in checkpoint.list("args").unwrap() {
            assert!(checkpoint.contains(listed.path));
        }
        let (steps, _) = statedict::contents::resolve(document.root(), "args.same")
            .unwrap()
            .steps(document.root())
            .unwrap();
        let path_of: statedict::checkpoint::ValuePath = steps.iter().collect();
        assert_eq!(path_of.to_string(), "args@same");

        write_back(&torch, &checkpoint, path, folder.path());
        checkpoint.set_value(("hyper_parameters", "lr"), 0.75).unwrap();
        checkpoint.set_value(("args", "lr"), 1.5).unwrap();
        checkpoint.set_value(("attr", "new"), 3).unwrap();
        checkpoint.remove(("ordered", "w")).unwrap();
        let out = folder.path().join("edited.pt");
        checkpoint.save(&out).unwrap();
        let edited = Checkpoint::open_with(&out, &opaque).unwrap();
        assert_eq!(edited.get::<f64>(("hyper_parameters", "lr")).unwrap(), 0.75);
        assert_eq!(edited.get::<f64>("args@lr").unwrap(), 1.5);
        assert_eq!(edited.get::<i64>(("attr", "new")).unwrap(), 3);
        assert_eq!(edited.state_dict("ordered").unwrap().keys().collect::<Vec<_>>(), ["b.x"]);
        let differs: Option<String> = torch.get("python_values.same", json!([path, out]));
        assert!(differs.is_some());
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_state_dicts_of_quantized_modules_have_other_values() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Vec<(String, bool)>> =
        torch.get("python_values.write_quantized", json!([folder.path()]));
    assert_eq!(cases.len(), 15);
    for (path, expected) in &cases {
        let checkpoint = Checkpoint::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let at =
            checkpoint.find_state_dict_path().unwrap_or_else(|error| panic!("{path}: {error}"));
        let (map, refused) = checkpoint.state_dict_partial(at).unwrap();
        let refused: Vec<&str> = refused.iter().map(|refused| refused.key.as_str()).collect();
        for (key, is_tensor) in expected {
            let found = (map.contains_key(key), map.value(key).is_some());
            match refused.contains(&key.as_str()) {
                true => assert_eq!((found, *is_tensor), ((false, false), false), "{path}: {key}"),
                false => assert_eq!(found, (*is_tensor, !is_tensor), "{path}: {key}"),
            }
        }
        assert_eq!(map.len() + map.values().len() + refused.len(), expected.len(), "{path}");
        if refused.is_empty() && !path.contains("nested") {
            let out = folder.path().join("again.pt");
            map.save_with(&out, &WriteOptions::new().keep_storage(true)).unwrap();
            let again = StateMap::load(&out).unwrap();
            assert_eq!(again.values().count(), map.values().count());
        }
        write_back(&torch, &checkpoint, path, folder.path());
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn texts_are_pythons() {
    let torch = Torch::start();
    let folder = temp_dir();
    let paths: Vec<String> = torch.get("python_values.write_texts", json!([folder.path()]));
    for path in &paths {
        let opaque = ReadOptions::default().opaque(true);
        let document = codec::Document::open_with(path, &opaque)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut checkpoint = Checkpoint::open_with(path, &opaque).unwrap();
        let found = select_all(document.root());
        for wanted in [
            r#"keys["caf\u{dce9}"]"#,
            r#"keys[b"w"]"#,
            r#"keys[(1, 3)]"#,
            r#"keys[("caf\u{dce9}", b"x", None)]"#,
            r#"keys[NaN]"#,
            r#"keys["1"]"#,
            "keys[1]",
        ] {
            assert!(found.contains(&wanted.to_owned()), "{path}: {wanted} is not in {found:#?}");
        }
        // A subclass of str is found by its text, as in Python, and Python's escapes are understood.
        for (typed, value) in [
            ("keys.sub", 8.0),
            (r#"keys["tagged"]"#, 9.0),
            ("keys.np é", 10.0),
            (r#"keys["caf\udce9"]"#, 1.0),
        ] {
            let tensor = checkpoint.tensor(typed).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(tensor.to_vec::<f32>().unwrap(), [value; 2], "{path}: {typed}");
        }
        write_back(&torch, &checkpoint, path, folder.path());

        let map = checkpoint.state_dict("subclass").unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), ["w", "b.x", "c", "d"], "{path}");
        for (name, key, kind, new) in [
            ("bytes", r#"b"w""#, "bytes", "w"),
            ("lone", r#""caf\u{dce9}""#, "str", "NAME"),
            ("tuple", r#"("a", 1)"#, "tuple", "NAME"),
        ] {
            let error = checkpoint.state_dict(name).unwrap_err();
            let key = format!("{name}[{key}]");
            let shown = &key[name.len() + 1..key.len() - 1];
            let wanted = if kind == "str" { "a str without lone surrogates" } else { "a str" };
            let expected = format!(
                "the key {shown} of `{name}` should be {wanted} and is {kind}; give it another name: \
                 `Checkpoint::rename(r#\"{key}\"#, {new:?})`"
            );
            assert_eq!(error.to_string(), expected, "{path}");
            checkpoint.rename(key, "new.w").unwrap();
            let map = checkpoint.state_dict(name).unwrap();
            assert_eq!(map.len(), 2, "{path}");
            assert!(map.contains_key("new.w"), "{path}");
            assert!(
                checkpoint
                    .rename((name, "new.w"), map.keys().find(|key| *key != "new.w").unwrap())
                    .is_err()
            );
        }
        checkpoint.rename("keys.sub", "a key").unwrap();
        let out = folder.path().join("renamed.pt");
        checkpoint.save(&out).unwrap();
        let before: Vec<String> = torch.get("python_values.keys", json!([path, "keys"]));
        let after: Vec<String> = torch.get("python_values.keys", json!([out, "keys"]));
        let renamed =
            |key: &String| if key == "'sub'" { "'a key'".to_owned() } else { key.clone() };
        assert_eq!(after, before.iter().map(renamed).collect::<Vec<_>>(), "{path}");
    }
}

#[derive(StateDict, Default)]
#[version(4)]
struct Layer {
    #[buffer]
    scale: f32,
    #[buffer]
    zero_point: i64,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn values_that_no_field_asks_for_are_unexpected_keys() {
    let torch = Torch::start();
    let folder = temp_dir();
    let _: BTreeMap<String, Vec<(String, bool)>> =
        torch.get("python_values.write_quantized", json!([folder.path()]));
    for name in ["half state.pt", "half bare.pt", "half nested.pt"] {
        let path = folder.path().join(name);
        let mut layers = vec![Layer::default()];
        let error = layers.load(&path).unwrap_err().to_string();
        for key in
            ["0._packed_params.dtype: no tensor (torch.dtype)", "0._packed_params._packed_params: "]
        {
            assert!(error.contains(key), "{name}: {error}");
        }
        layers.load_with(&path, &LoadOptions::new().strict(false)).unwrap();
        assert_eq!((layers[0].scale, layers[0].zero_point), (1.0, 0), "{name}");
    }
}

#[derive(StateDict)]
struct Plain {
    #[param]
    weight: Vec<f32>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn extra_state_of_any_class_does_not_stop_a_load() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, String> =
        torch.get("python_values.write_extra_state", json!([folder.path()]));
    assert_eq!(cases.len(), 9);
    for (path, message) in &cases {
        assert!(message.contains("Unexpected key(s) in state_dict: \"_extra_state\""), "{message}");
        let mut model = Plain { weight: vec![5.0; 2] };
        let error = model.load(path).unwrap_err().to_string();
        assert!(error.contains("_extra_state: extra state ("), "{path}: {error}");
        assert_eq!(model.weight, [5.0; 2]);
        model.load_with(path, &LoadOptions::new().strict(false)).unwrap();
        assert_eq!(model.weight, [0.0, 1.0], "{path}");
        let checkpoint = Checkpoint::open(path).unwrap();
        let map = checkpoint.find_state_dict().unwrap();
        assert!(map.value("_extra_state").is_some(), "{path}");
        write_back(&torch, &checkpoint, path, folder.path());
    }
}
