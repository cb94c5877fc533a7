//! The program `statedict convert`, and safetensors files.

use std::path::{Path, PathBuf};
use std::process::Command;

use statedict::codec::ArchiveLayout;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::Storage;
use statedict::{DType, StateMap, TensorView, WriteOptions, codec};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn convert(args: &[&Path]) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let output = command.arg("convert").args(args).output().unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        _ => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// Two names of one tensor, keys that are not in the order of their types' sizes, versions.
fn map() -> StateMap<'static> {
    let weight = TensorView::from_vec(vec![0.5f32, -1.0, 2.0], [3]).unwrap();
    let mut map = StateMap::new();
    map.insert("b.steps", TensorView::from_vec(vec![7i64], []).unwrap());
    map.insert("a.weight", weight.clone());
    map.insert("a.mask", TensorView::from_vec(vec![true, false], [2, 1]).unwrap());
    map.insert("tied.weight", weight);
    map.insert("z", TensorView::from_vec(Vec::<f32>::new(), [0, 4]).unwrap());
    let mut metadata = Metadata::default();
    metadata.insert("", ModuleMetadata::with_version(1));
    metadata.insert("a", ModuleMetadata::default());
    *map.metadata_mut() = Some(metadata);
    map
}

fn assert_same(a: &StateMap<'_>, b: &StateMap<'_>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert_eq!(a.metadata(), b.metadata());
    for (key, view) in a.iter() {
        let other = b.get(key).unwrap();
        assert_eq!((view.dtype(), view.shape()), (other.dtype(), other.shape()), "{key}");
        assert_eq!(view.bytes().unwrap(), other.bytes().unwrap(), "{key}");
    }
}

#[test]
fn an_unchanged_file_of_pytorch_is_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut converted = 0;
    for name in ["auto_encoder.pt", "conv_batch_norm.pt", "my_module_v2.pt"] {
        let (from, to) = (fixtures().join(name), directory.path().join(name));
        convert(&[&from, &to]).unwrap();
        assert!(std::fs::read(from).unwrap() == std::fs::read(to).unwrap(), "{name}");
        converted += 1;
    }
    assert_eq!(converted, 3);
}

#[test]
fn round_trips_through_every_format_keep_all() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let zip = file("a.pt");
    map().save_with(&zip, &WriteOptions::default()).unwrap();
    convert(&[&zip, &file("a.safetensors")]).unwrap();
    convert(&[&file("a.safetensors"), &file("old.pt"), "--to".as_ref(), "legacy".as_ref()])
        .unwrap();
    convert(&[&file("old.pt"), &file("back/../a.pt"), "--force".as_ref()]).unwrap_err();
    std::fs::create_dir(file("back")).unwrap();
    convert(&[&file("old.pt"), &file("back/a.pt")]).unwrap();
    assert!(std::fs::read(&zip).unwrap() == std::fs::read(file("back/a.pt")).unwrap());

    let map = StateMap::load(file("a.safetensors")).unwrap();
    assert_same(&map, &self::map());
    let storage = |key| map.get(key).unwrap().storage();
    assert!(storage("a.weight").same_as(storage("tied.weight")));
    assert!(std::fs::read(file("old.pt")).unwrap().starts_with(b"\x80\x02\x8a\x0a"));
    // One of the two names only.
    let text = std::fs::read(file("a.safetensors")).unwrap();
    assert_eq!(text.len() as u64, 8 + header_len(&text) + 8 + 12 + 2);
}

fn header_len(file: &[u8]) -> u64 {
    u64::from_le_bytes(file[..8].try_into().unwrap())
}

#[test]
fn what_exists_is_not_overwritten_unless_forced() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (fixtures().join("auto_encoder.pt"), directory.path().join("to.pt"));
    std::fs::write(&to, b"precious").unwrap();
    let error = convert(&[&from, &to]).unwrap_err();
    assert!(error.contains("--force") && error.lines().count() == 1, "{error}");
    assert_eq!(std::fs::read(&to).unwrap(), b"precious");
    convert(&[&from, &to, "--force".as_ref()]).unwrap();
    assert!(codec::Document::open_with(&to, &Default::default()).is_ok());

    let error = convert(&[&directory.path().join("absent.pt"), &to, "--force".as_ref()]);
    assert!(error.unwrap_err().contains("absent.pt"));
}

#[test]
fn what_safetensors_cannot_hold_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    let save = |map: &StateMap<'_>| map.save(&path).unwrap_err().to_string();
    let storage = Storage::from_bytes(vec![0u8; 16]);
    let view =
        |dtype, len, offset| TensorView::contiguous(storage.clone(), dtype, [len], offset).unwrap();
    let mut map = StateMap::new();
    map.insert("a", view(DType::U8, 8, 0));
    // Beside each other is no sharing of elements.
    map.insert("b", view(DType::U8, 8, 8));
    map.save(&path).unwrap();
    map.insert("c", view(DType::U8, 2, 7));
    assert!(save(&map).contains("`c` shares elements"));
    map.remove("c");
    map.insert("d", view(DType::C128, 1, 0));
    assert!(save(&map).contains("`d` has an element type"));

    let damaged = directory.path().join("damaged.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.pop();
    std::fs::write(&damaged, &bytes).unwrap();
    assert!(StateMap::load(&damaged).is_err());
    std::fs::write(&damaged, [255; 9]).unwrap();
    assert!(StateMap::load(&damaged).is_err());
    std::fs::write(&damaged, b"").unwrap();
    assert!(StateMap::load(&damaged).is_err());
}

#[test]
fn progress_ends_with_all_of_it() {
    use std::sync::{Arc, Mutex};
    let told = Arc::new(Mutex::new(Vec::new()));
    let here = Arc::clone(&told);
    for layout in [ArchiveLayout::Torch2_7, ArchiveLayout::Legacy] {
        let here = Arc::clone(&here);
        let options = WriteOptions::default()
            .layout(layout)
            .progress(move |done, total| here.lock().unwrap().push((done, total)));
        let mut file = Vec::new();
        map().write_with(&mut file, &options).unwrap();
        let &(done, total) = told.lock().unwrap().last().unwrap();
        assert_eq!((done, total), (file.len() as u64, file.len() as u64));
    }
}

#[test]
fn standard_output_takes_a_file() {
    let directory = tempfile::tempdir().unwrap();
    for (format, start) in
        [("zip", &b"PK\x03\x04"[..]), ("legacy", b"\x80\x02\x8a"), ("safetensors", b"")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
        let input = fixtures().join("auto_encoder.pt");
        command.current_dir(&directory).arg("convert").args([&input]).args(["-", "--to", format]);
        let output = command.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert!(output.stdout.starts_with(start));
        let path = directory.path().join("out");
        std::fs::write(&path, &output.stdout).unwrap();
        assert_same(&StateMap::load(&input).unwrap(), &StateMap::load(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        // Nothing is called `-`.
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
    }
    let error = convert(&[&fixtures().join("auto_encoder.pt"), "-".as_ref(), "--json".as_ref()]);
    assert!(error.unwrap_err().contains("--json"));
}

#[test]
fn what_safetensors_has_no_place_for_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let view = TensorView::from_vec(vec![1.0f32; 2], [2]).unwrap();
    let mut graph = statedict::value::Graph::new();
    let root = graph.root().value_id();
    let tensor = graph.add(view.clone());
    let attributes = graph.dict();
    graph.set(attributes, "lr_scale", 3i64).unwrap();
    graph.set_attributes(tensor, attributes).unwrap();
    graph.put(root, "w", tensor).unwrap();
    let parameter = graph.parameter(view.with_requires_grad(true));
    graph.put(root, "p", parameter).unwrap();
    graph.save_with(file("a.pt"), &WriteOptions::new()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let output = command
        .arg("convert")
        .args([file("a.pt"), file("a.safetensors")])
        .arg("--json")
        .output()
        .unwrap();
    let (told, json) =
        (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(told.contains("not kept: w@lr_scale, p@parameter"), "{told}");
    assert!(json.replace(' ', "").contains(r#""not_kept":["w@lr_scale","p@parameter"]"#), "{json}");
    // A state dict that is taken out of a file is told of alike, in any format.
    for (command, into) in
        [(&["--flatten"][..], "b.pt"), (&["--flatten", "--to", "legacy"], "c.pt")]
    {
        let mut program = Command::new(env!("CARGO_BIN_EXE_statedict"));
        let program = program.arg("convert").args([file("a.pt"), file(into)]).args(command);
        let told = String::from_utf8(program.output().unwrap().stderr).unwrap();
        assert!(told.contains("not kept: w@lr_scale, p@parameter"), "{told}");
    }
    // The flag is kept, of every tensor.
    assert!(StateMap::load(file("a.safetensors")).unwrap().get("p").unwrap().requires_grad());
    let error = statedict::Checkpoint::open(file("a.pt")).unwrap().save(file("b.safetensors"));
    assert!(error.unwrap_err().to_string().contains("`w` has the attribute `lr_scale`"));
    let legacy = file("c.safetensors");
    let output = Command::new(env!("CARGO_BIN_EXE_statedict"))
        .arg("convert")
        .args([&file("a.pt"), &legacy])
        .args(["--to", "legacy"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("is written as legacy, whatever it is called")
    );
}

/// Whatever a command writes, it replaces a file as saving does.
#[cfg(unix)]
#[test]
fn outputs_keep_modes_and_follow_links() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (model, real, link) = (at("model.pt"), at("real"), at("link"));
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(vec![1.0f32; 4], [4]).unwrap());
    map.save(&model).unwrap();
    symlink(&real, &link).unwrap();
    let [model, out] = [&model, &link].map(|path| path.to_str().unwrap());
    for command in [
        &["get", model, "weight", "-o", out][..],
        &["inspect", model, "--report", out],
        &["convert", model, out],
    ] {
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        let program = || Command::new(env!("CARGO_BIN_EXE_statedict"));
        let refused = program().args(command).output().unwrap();
        assert!(!refused.status.success() && fs::read(&real).unwrap() == b"old", "{command:?}");
        let output = program().args(command).arg("--force").output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        assert!(link.is_symlink() && fs::read(&real).unwrap() != b"old", "{command:?}");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600, "{command:?}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
}
