//! A crate of the programs that `statedict scaffold` prints: one module for each file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{DType, StateMap, TensorView};

/// One file, and what was printed for it.
pub(crate) struct Case {
    pub(crate) name: String,
    path: PathBuf,
    program: String,
    at: Vec<String>,
    pub(crate) identical: bool,
    pub(crate) differences: Value,
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).arg("scaffold").args(arguments).output().unwrap()
}

impl Case {
    /// Runs the program on a file; otherwise its complaint.
    pub(crate) fn of(name: &str, path: &Path, target: &str) -> Result<Case, String> {
        let file = path.to_str().unwrap();
        let text = run(&[file, "--for", target]);
        let json = run(&[file, "--for", target, "--json"]);
        assert_eq!(text.status, json.status, "{name}");
        if !text.status.success() {
            assert_eq!((text.status.code(), text.stdout.len()), (Some(1), 0), "{name}");
            return Err(String::from_utf8(text.stderr).unwrap());
        }
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        let keys = json["key"].as_array().unwrap();
        let program = String::from_utf8(text.stdout).unwrap();
        let says = program.contains("// Saved again, the state dict is the same, byte for byte.");
        assert_eq!(Some(says), json["identical"].as_bool(), "{name}");
        Ok(Case {
            name: name.to_owned(),
            path: path.to_owned(),
            program,
            at: keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect(),
            identical: json["identical"].as_bool().unwrap(),
            differences: json["differences"].clone(),
        })
    }

    /// Whether PyTorch 2.15 saved it from a model.
    pub(crate) fn is_a_model(&self) -> bool {
        let top = !self.name.contains('/') && !self.name.contains("torch1.13");
        top || self.name.starts_with("architectures/")
    }
}

/// What the printed structs did with their file.
pub(crate) struct Ran {
    pub(crate) tensors: usize,
    pub(crate) loaded: usize,
    pub(crate) identical: bool,
}

/// The crate.
pub(crate) struct Project {
    folder: PathBuf,
    cases: usize,
}

const CHECK: &str = r#"
fn check(path: &str, at: &[&str], whole: bool, mut model: impl StateDict) {
    let document = codec::Document::open_with(path, &ReadOptions::new().opaque(true).whole_models(true)).unwrap();
    let mut map = document.state_map_at(at).unwrap();
    // Values that are no tensors, for which no struct has a field.
    let others: Vec<String> = map.values().map(|(key, _)| key.to_owned()).collect();
    let others: Vec<String> = others.into_iter().filter(|key| !key.ends_with("_extra_state")).collect();
    others.iter().for_each(|key| drop(map.remove_value(key)));
    let report = model.load_state_dict(&map).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{path}: {report}");
    let options = WriteOptions::default().root("root").keep_storage(true);
    let (mut own, mut file) = (Vec::new(), Vec::new());
    let saved = model.state_dict().unwrap();
    // All elements, key by key, whatever the order.
    for (key, tensor) in map.iter() {
        let found = saved.get(key).unwrap_or_else(|| panic!("{path}: {key}"));
        assert_eq!(found.bytes().unwrap(), tensor.bytes().unwrap(), "{path}: {key}");
        assert_eq!((found.dtype(), found.shape()), (tensor.dtype(), tensor.shape()), "{path}: {key}");
    }
    assert_eq!(saved.len(), map.len(), "{path}");
    saved.write_with(&mut own, &options).unwrap();
    map.write_with(&mut file, &options).unwrap();
    let identical = own == file && others.is_empty();
    if whole && identical {
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join(std::path::Path::new(path).file_name().unwrap());
        model.save(&again).unwrap();
        assert!(std::fs::read(again).unwrap() == std::fs::read(path).unwrap(), "{path}");
    }
    println!("{} {} {identical}", map.len(), saved.len());
}
"#;

impl Project {
    /// Writes the crate. It stays, so that the next run has nothing to compile but what has changed.
    pub(crate) fn new(target: &str, cases: &[Case]) -> Project {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scaffold-{target}"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let _ = fs::remove_dir_all(folder.join("src"));
        fs::create_dir_all(folder.join("src")).unwrap();
        let library = root.join("statedict");
        let manifest = format!(
            "[package]\nname = \"scaffold-{target}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [workspace]\n\n[profile.dev]\ndebug = false\nincremental = false\n\n[dependencies]\n\
             half = \"2.7\"\nndarray = {{ version = \"0.17.2\", default-features = false }}\n\
             statedict = {{ path = {library:?}, features = [\"ndarray\", \"safetensors\"] }}\ntempfile = \"3.27\"\n",
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        let mut main = String::from(
            "#![deny(warnings)]\n\nuse statedict::codec::{self, ReadOptions};\n\
             use statedict::prelude::*;\nuse statedict::WriteOptions;\n\n",
        );
        let mut body = String::new();
        for (number, case) in cases.iter().enumerate() {
            fs::write(folder.join(format!("src/case_{number}.rs")), &case.program).unwrap();
            writeln!(main, "mod case_{number};").unwrap();
            // The comment at the beginning says how the file is loaded.
            let head = case.program.lines().filter_map(|line| line.strip_prefix("//     "));
            let head: String = head.map(|line| format!("    {line}\n")).collect();
            writeln!(
                main,
                "\n#[allow(unused_imports)]\nfn head_{number}() -> Result<(), Box<dyn std::error::Error>> {{\n    \
                 use case_{number}::Model;\n    std::env::set_current_dir({:?})?;\n{head}    Ok(())\n}}\n",
                case.path.canonicalize().unwrap().parent().unwrap(),
            )
            .unwrap();
            writeln!(body, "    head_{number}().unwrap_or_else(|error| panic!(\"{{error}}\"));")
                .unwrap();
            writeln!(
                body,
                "    check({:?}, &{:?}, {}, case_{number}::Model::new());",
                case.path.canonicalize().unwrap(),
                case.at,
                case.is_a_model(),
            )
            .unwrap();
        }
        let main = format!("{main}{CHECK}\nfn main() {{\n{body}}}\n");
        fs::write(folder.join("src/main.rs"), main).unwrap();
        Project { folder, cases: cases.len() }
    }

    /// Compiles and runs it.
    pub(crate) fn run(&self) -> Vec<Ran> {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--offline", "--quiet"])
            .current_dir(&self.folder)
            // One folder for both crates: their dependencies are the same.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold-target"))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {words}", self.folder.display());
        let text = String::from_utf8(output.stdout).unwrap();
        let results: Vec<Ran> = text
            .lines()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                Ran {
                    tensors: words[0].parse().unwrap(),
                    loaded: words[1].parse().unwrap(),
                    identical: words[2] == "true",
                }
            })
            .collect();
        assert_eq!(results.len(), self.cases);
        results
    }
}

/// Every `.pt` file of the fixtures, with its path from their folder.
pub(crate) fn fixtures() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let mut found = Vec::new();
    let mut todo = vec![root.clone()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pt") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}

/// A state dict of these keys and shapes; a shape that is `=key` shares that key's tensor.
fn map_of(entries: &[(&str, &[usize])], modules: &[(&str, u64)]) -> StateMap<'static> {
    let mut map = StateMap::new();
    for (number, (key, shape)) in (1u8..).zip(entries) {
        let tensor = match key.split_once(" = ") {
            Some((_, other)) => map.get(other).unwrap().clone(),
            None => {
                let nbytes = shape.iter().product::<usize>() * 4;
                TensorView::from_bytes(vec![number; nbytes], DType::F32, *shape).unwrap()
            }
        };
        map.insert(key.split(" = ").next().unwrap(), tensor);
    }
    if !modules.is_empty() {
        let mut metadata = Metadata::default();
        for (path, version) in modules {
            metadata.insert(*path, ModuleMetadata::with_version(*version));
        }
        *map.metadata_mut() = Some(metadata);
    }
    map
}

/// Files that no fixture is like.
pub(crate) fn made(folder: &Path) -> Vec<(String, PathBuf)> {
    let hostile: &[(&str, &[usize])] = &[
        ("self", &[1]),
        ("Self", &[1]),
        ("crate", &[1]),
        ("type", &[2]),
        ("type_", &[2]),
        ("\"; std::process::abort(); //", &[1]),
        ("*/ } fn x() {", &[1]),
        ("\\u{202e}\u{202e}größe", &[1]),
        ("${x} {} {0} {self}", &[1]),
        ("Vec.Option.String.Box", &[3]),
        ("fn.match.0", &[3]),
        ("CpuTensor.StateDict", &[3]),
        ("a-b.1x1.weight", &[2, 3]),
        ("a-b.3x3.weight", &[2, 4]),
        ("new.default.clone", &[1]),
        ("device.dtype.weight", &[2, 2]),
    ];
    let shared: &[(&str, &[usize])] = &[
        ("shared.weight", &[7, 4]),
        ("encoder.embed_tokens.weight = shared.weight", &[]),
        ("encoder.block.0.weight", &[4, 4]),
        ("encoder.block.1.weight = encoder.block.0.weight", &[]),
        ("encoder.block.2.weight", &[4, 4]),
        ("decoder.embed_tokens.weight = shared.weight", &[]),
        ("decoder.bias", &[4]),
        ("decoder.other = decoder.bias", &[]),
        ("decoder.proj.weight", &[3, 4]),
        ("decoder.proj.bias = decoder.bias", &[]),
        ("lm_head.weight = shared.weight", &[]),
        ("lm_head.bias", &[7]),
    ];
    let gaps: &[(&str, &[usize])] = &[
        ("0.weight", &[3, 2]),
        ("0.bias", &[3]),
        ("2.weight", &[3, 3]),
        ("2.bias", &[3]),
        ("5.weight", &[1, 3]),
        ("5.norm.weight", &[3]),
        ("5.norm.bias", &[3]),
        ("stack.0.0.0.weight", &[1, 1]),
        ("stack.0.0.1.weight", &[2, 1]),
        ("stack.1.0.0.weight", &[1, 2]),
        ("deep.1.weight", &[1, 2]),
        ("deep.0.weight", &[1, 2]),
    ];
    let below: &[(&str, &[usize])] = &[
        ("layers.0.fc.weight", &[8, 1]),
        ("layers.0.fc.bias", &[4]),
        ("layers.0.fc.weight.absmax", &[2]),
        ("layers.0.fc.weight.quant_state.bitsandbytes__nf4", &[3]),
        ("layers.1.fc.weight", &[8, 1]),
        ("layers.1.fc.bias", &[4]),
        ("layers.1.fc.weight.absmax", &[2]),
        ("layers.1.fc.weight.quant_state.bitsandbytes__nf4", &[3]),
        ("0", &[2]),
        ("0.scale", &[1]),
        ("weight_absmax", &[1]),
        ("weight", &[1]),
        ("weight.absmax", &[1]),
    ];
    let transformer: Vec<String> = (0..3)
        .flat_map(|layer| {
            ["attn.q_proj.weight", "attn.k_proj.weight", "mlp.up.weight", "norm.weight"]
                .map(|name| format!("model.layers.{layer}.{name}"))
        })
        .collect();
    let widths: Vec<Vec<usize>> =
        (0..3).flat_map(|layer| [vec![4, 4], vec![2, 4], vec![8 + layer, 4], vec![4]]).collect();
    let layers: Vec<(&str, &[usize])> = transformer
        .iter()
        .map(String::as_str)
        .zip(widths.iter().map(Vec::as_slice))
        .chain([("model.norm.weight", &[4][..]), ("lm_head.weight", &[7, 4][..])])
        .collect();
    let versions = [("", 7), ("fc", 3), ("odd", 2), ("odd.inner", 5)];
    let versioned = map_of(&[("fc.weight", &[2, 2]), ("odd.inner.x", &[1])], &versions);
    let mixed: StateMap<'static> = [DType::F16, DType::BF16, DType::F64, DType::U16, DType::Bool]
        .into_iter()
        .map(|dtype| {
            let bytes = vec![1u8; 6 * dtype.size()];
            let view = TensorView::from_bytes(bytes, dtype, [2, 3]).unwrap();
            (format!("{dtype}.weight"), view)
        })
        .collect();
    let files = [
        ("hostile", map_of(hostile, &[])),
        ("shared", map_of(shared, &[])),
        ("gaps", map_of(gaps, &[])),
        ("below", map_of(below, &[])),
        ("layers", map_of(&layers, &[])),
        ("versioned", versioned),
        ("mixed", mixed),
    ];
    files
        .into_iter()
        .map(|(name, map)| {
            let path = folder.join(format!("{name}.pt"));
            map.save(&path).unwrap();
            (format!("made/{name}.pt"), path)
        })
        .collect()
}
