//! What we write is byte for byte what a real PyTorch writes for the same state dict, and what we
//! write differently on purpose (compacted views) it loads as the same.
//!
//! A Python script saves many state dicts with `torch.save` and describes each in a manifest; here
//! they are rebuilt from the manifest and the raw bytes, without any code that reads PyTorch's
//! files, and saved with ours.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde::Deserialize;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::{Storage, StorageError, Storages, Strides};
use statedict::{DType, StateMap, TensorView, WriteOptions};

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
    alignment: usize,
    storages: Vec<RawStorage>,
    entries: Vec<Entry>,
    metadata: Option<Vec<(String, Option<u64>)>>,
}

#[derive(Deserialize)]
struct RawStorage {
    nbytes: usize,
    location: String,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    dtype: String,
    shape: Vec<usize>,
    strides: Vec<isize>,
    offset: usize,
    requires_grad: bool,
    conj: bool,
    neg: bool,
    storage: u32,
}

struct RawStorages(Vec<(Vec<u8>, String)>);

impl Storages for RawStorages {
    fn nbytes(&self, index: u32) -> usize {
        self.0[index as usize].0.len()
    }

    fn location(&self, index: u32) -> &str {
        &self.0[index as usize].1
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        Ok(Cow::Borrowed(&self.0[index as usize].0))
    }
}

fn rebuild(case: &Case, raw: &[u8]) -> StateMap<'static> {
    let mut rest = raw;
    let mut storages = Vec::new();
    for storage in &case.storages {
        let (bytes, after) = rest.split_at(storage.nbytes);
        storages.push((bytes.to_vec(), storage.location.clone()));
        rest = after;
    }
    assert!(rest.is_empty());
    let storages: Arc<dyn Storages> = Arc::new(RawStorages(storages));
    let mut map = StateMap::new();
    for entry in &case.entries {
        let storage = Storage::new(storages.clone(), entry.storage);
        let dtype = DType::from_name(&entry.dtype).expect("a known dtype");
        let strides = Strides::from(entry.strides.as_slice());
        let view = TensorView::strided(storage, dtype, entry.shape.clone(), strides, entry.offset)
            .unwrap();
        let view =
            view.with_requires_grad(entry.requires_grad).with_conj_neg(entry.conj, entry.neg);
        assert!(map.insert(entry.key.clone(), view).is_none());
    }
    *map.metadata_mut() = case.metadata.as_ref().map(|modules| {
        let mut metadata = Metadata::default();
        for (path, version) in modules {
            let entry = version.map_or_else(ModuleMetadata::default, ModuleMetadata::with_version);
            metadata.insert(path.clone(), entry);
        }
        metadata
    });
    map
}

/// The bytes we write for a case: through a path where PyTorch used one, else through a writer.
fn ours(case: &Case, map: &StateMap<'_>, scratch: &Path) -> Vec<u8> {
    let options = WriteOptions::default().keep_storage(true).alignment(case.alignment).sync(false);
    match &case.file {
        Some(name) => {
            let path = scratch.join(name);
            map.save_with(&path, &options).unwrap();
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            bytes
        }
        None => {
            let mut bytes = Vec::new();
            map.write_with(&mut bytes, &options).unwrap();
            bytes
        }
    }
}

/// Runs a script of `tests/torch` on a directory with the Python that `STATEDICT_PYTHON` names.
fn run(script: &str, directory: &Path) {
    let python = std::env::var_os("STATEDICT_PYTHON")
        .expect("set STATEDICT_PYTHON to a Python in which `import torch` works (2.15 is tested)");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch").join(script);
    let status = Command::new(&python).args([script.as_path(), directory]).status().unwrap();
    assert!(status.success(), "{} failed", script.display());
}

/// What PyTorch wrote into a directory, and each case rebuilt.
fn generate(directory: &Path) -> (String, Vec<(Case, StateMap<'static>)>) {
    run("write_identity.py", directory);
    let text = fs::read(directory.join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    let cases = manifest.cases.into_iter().map(|case| {
        let raw = fs::read(directory.join(&case.folder).join("storages.bin")).unwrap();
        let map = rebuild(&case, &raw);
        (case, map)
    });
    (manifest.torch, cases.collect())
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn files_are_those_of_torch_save() {
    let directory = tempfile::tempdir().unwrap();
    let (torch, cases) = generate(directory.path());
    let scratch = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    for (case, map) in &cases {
        let file = case.file.as_deref().unwrap_or("object.bytes");
        let theirs = fs::read(directory.path().join(&case.folder).join(file)).unwrap();
        let ours = ours(case, map, scratch.path());
        if ours != theirs {
            let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            different.push(format!(
                "{}: byte {at} of {} (ours) and {} (theirs)",
                case.name,
                ours.len(),
                theirs.len()
            ));
        }
    }
    let total = cases.len();
    println!("torch {torch}: {} of {total} files identical", total - different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(total >= 60, "the script made {total} cases only");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_loads_compacted_files_as_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (_, cases) = generate(directory.path());
    for (case, map) in &cases {
        let path = directory.path().join(&case.folder).join("ours.pt");
        map.save_with(path, &WriteOptions::default().sync(false)).unwrap();
    }
    run("load_written.py", directory.path());
}
