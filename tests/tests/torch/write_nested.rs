//! A checkpoint of PyTorch that is read and written again unchanged is the same file, byte for byte;
//! one of which a part was replaced is otherwise the same.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::json;
use statedict::codec::ArchiveLayout;
use statedict::codec::{self, ReadOptions, Source};
use statedict::value::{Graph, NewValue};
use statedict::{DType, StateMap, TensorView, WriteOptions};
use statedict_tests::Torch;

#[derive(Deserialize)]
struct Manifest {
    torch: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    folder: String,
    /// The file's name where PyTorch saved to a path.
    file: Option<String>,
    /// Of the same value in the format of before 1.6, the names of the storages.
    legacy: Option<Vec<String>>,
}

/// Runs a script of `tests/torch` on a directory with the Python that `STATEDICT_PYTHON` names.
fn run(script: &str, directory: &Path) {
    let python = std::env::var_os("STATEDICT_PYTHON")
        .expect("set STATEDICT_PYTHON to a Python in which `import torch` works (2.15 is tested)");
    run_with(&python, script, directory);
}

fn run_with(python: &OsStr, script: &str, directory: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch").join(script);
    let status = Command::new(python).args([script.as_path(), directory]).status().unwrap();
    assert!(status.success(), "{} failed", script.display());
}

/// The stream of before 1.6 that we write of what PyTorch's file holds.
fn as_legacy(theirs: Vec<u8>, names: &[String]) -> Result<Vec<u8>, String> {
    let document =
        codec::Document::read_with(Source::bytes(theirs), &ReadOptions::default().opaque(true))
            .map_err(|error| error.to_string())?;
    let options = WriteOptions::default().keep_storage(true).layout(ArchiveLayout::Legacy);
    let mut bytes = Vec::new();
    document
        .graph()
        .write_with(&mut bytes, &options.storage_names(names.to_vec()))
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The file that we write of what PyTorch's holds.
fn again(case: &Case, theirs: Vec<u8>, scratch: &Path) -> Result<Vec<u8>, String> {
    let document =
        codec::Document::read_with(Source::bytes(theirs), &ReadOptions::default().opaque(true))
            .map_err(|error| error.to_string())?;
    let graph = document.graph();
    let options = WriteOptions::default().keep_storage(true).sync(false);
    let mut bytes = Vec::new();
    match &case.file {
        Some(name) => {
            let path = scratch.join(name);
            graph.save_with(&path, &options).map_err(|error| error.to_string())?;
            bytes = fs::read(path).unwrap();
        }
        None => graph.write_with(&mut bytes, &options).map_err(|error| error.to_string())?,
    }
    Ok(bytes)
}

/// What is wrong with our file, if anything is.
fn difference(name: &str, ours: Result<Vec<u8>, String>, theirs: &[u8]) -> Option<String> {
    match ours {
        Ok(ours) if ours == theirs => None,
        Ok(ours) => {
            let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            let (len, their_len) = (ours.len(), theirs.len());
            Some(format!("{name}: byte {at} of {len} (ours) and {their_len} (theirs)"))
        }
        Err(error) => Some(format!("{name}: {error}")),
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn checkpoints_written_back_are_those_of_torch_save() {
    let directory = tempfile::tempdir().unwrap();
    run("write_nested.py", directory.path());
    let text = fs::read(directory.path().join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    let (mut archives, mut streams) = (0, 0);
    for case in &manifest.cases {
        let folder = directory.path().join(&case.folder);
        let archive =
            fs::read(folder.join(case.file.as_deref().unwrap_or("object.bytes"))).unwrap();
        let ours = again(case, archive.clone(), scratch.path());
        archives += 1;
        different.extend(difference(&case.name, ours, &archive));
        if let Some(names) = &case.legacy {
            let stream = fs::read(folder.join("legacy.bytes")).unwrap();
            streams += 1;
            let name = format!("{}, before 1.6", case.name);
            different.extend(difference(&name, as_legacy(archive, names), &stream));
        }
    }
    println!(
        "torch {}: {} files identical of {archives} archives and {streams} streams",
        manifest.torch,
        archives + streams - different.len(),
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(archives >= 250 && streams >= 200, "{archives} and {streams} cases only");
}

/// The same keys and shapes, and every element 1.
fn ones(map: &StateMap<'_>) -> StateMap<'static> {
    let mut ones: StateMap<'static> = map
        .iter()
        .map(|(key, view)| {
            let numel = view.numel();
            let view = match view.dtype() {
                DType::F32 => TensorView::from_vec(vec![1f32; numel], view.shape().clone()),
                _ => TensorView::from_vec(vec![1i64; numel], view.shape().clone()),
            };
            (key.to_owned(), view.unwrap())
        })
        .collect();
    *ones.metadata_mut() = map.metadata().cloned();
    ones
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_replaced_part_leaves_the_others_as_they_were() {
    let torch = Torch::start();
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (directory.path().join("old.pt"), directory.path().join("new.pt"));
    torch.call("edited.save_training", json!([old]));

    let document = codec::Document::open_with(&old, &ReadOptions::default()).unwrap();
    let weights = ones(&document.state_map_at(&["model_state_dict"]).unwrap());
    let mut graph = (**document.graph()).clone();
    let root = graph.root().value_id();
    let model = graph.state_map(&weights);
    assert!(graph.put(root, "model_state_dict", model).unwrap().is_some());
    graph.set(root, "epoch", 4).unwrap();
    for keep_storage in [false, true] {
        let options = WriteOptions::default().keep_storage(keep_storage);
        graph.save_with(&new, &options).unwrap();
        torch.call("edited.check_replaced", json!([old, new, "model_state_dict"]));
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_checkpoint_that_is_built_is_that_of_torch_save() {
    let torch = Torch::start();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("built.pt");
    torch.call("edited.save_built", json!([path]));
    let theirs = fs::read(&path).unwrap();
    let document =
        codec::Document::read_with(Source::bytes(theirs.clone()), &ReadOptions::default()).unwrap();

    let mut graph = Graph::new();
    let root = graph.root().value_id();
    graph.set(root, "epoch", 3).unwrap();
    for key in ["model_state_dict", "ema_state_dict"] {
        let map = graph.state_map(&document.state_map_at(&[key]).unwrap());
        graph.put(root, key, map).unwrap();
    }
    // A constant tuple of one function is one object.
    let betas = [graph.add(0.9), graph.add(0.999)];
    let betas = graph.tuple(betas);
    let groups = [(0.01, NewValue::None), (1e-4, NewValue::Bool(true))].map(|(lr, foreach)| {
        let group = graph.dict();
        graph.set(group, "lr", lr).unwrap();
        graph.put(group, "betas", betas).unwrap();
        graph.set(group, "foreach", foreach).unwrap();
        group
    });
    let groups = graph.list(groups);
    graph.put(root, "param_groups", groups).unwrap();
    graph.set(root, "dtype", DType::BF16).unwrap();
    graph.set(root, "seed", -(1i64 << 40)).unwrap();
    graph.set(root, "big", u64::MAX).unwrap();
    let parameter = graph.parameter(TensorView::from_vec(vec![1f32; 2], [2]).unwrap());
    graph.put(root, "parameter", parameter).unwrap();
    graph.put(root, "again", parameter).unwrap();
    let meta = graph.meta_tensor(DType::F32, &[2, 3, 4], false);
    graph.put(root, "meta", meta).unwrap();

    graph.save_with(&path, &WriteOptions::default()).unwrap();
    assert!(fs::read(&path).unwrap() == theirs, "the files differ");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn extra_states_and_metadata_are_kept() {
    let torch = Torch::start();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("extra.pt");
    torch.call("edited.save_extra", json!([path]));
    let theirs = fs::read(&path).unwrap();
    let map = codec::Document::read_with(Source::bytes(theirs.clone()), &ReadOptions::default())
        .and_then(|document| document.state_map())
        .unwrap();
    assert_eq!((map.values().len(), map.len()), (2, 4));
    map.save_with(&path, &WriteOptions::default().keep_storage(true)).unwrap();
    assert!(fs::read(&path).unwrap() == theirs, "the files differ");
}

/// Also with the Python that `STATEDICT_OLD_PYTHON` names, where it does: one with an older PyTorch.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_loads_what_we_write_in_other_ways_as_the_same() {
    let directory = tempfile::tempdir().unwrap();
    run("write_nested.py", directory.path());
    let text = fs::read(directory.path().join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    for case in manifest.cases.iter().filter(|case| case.legacy.is_some()) {
        let folder = directory.path().join(&case.folder);
        let theirs = folder.join(case.file.as_deref().unwrap_or("object.bytes"));
        let document =
            codec::Document::open_with(theirs, &ReadOptions::default().opaque(true)).unwrap();
        let graph = document.graph();
        let options = WriteOptions::default().sync(false);
        graph
            .save_with(folder.join("ours.legacy"), &options.clone().layout(ArchiveLayout::Legacy))
            .unwrap();
        graph.save_with(folder.join("ours.pt"), &options.layout(ArchiveLayout::Torch1_13)).unwrap();
    }
    run("load_nested.py", directory.path());
    if let Some(python) = std::env::var_os("STATEDICT_OLD_PYTHON") {
        run_with(&python, "load_nested.py", directory.path());
    }
}
