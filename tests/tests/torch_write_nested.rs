//! A checkpoint of PyTorch that is read and written again unchanged is the same file, byte for byte;
//! one of which a part was replaced is otherwise the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use statedict::codec::{self, ReadOptions, Source};
use statedict::{WriteOptions, save_tree, write_tree};

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
}

/// Runs a script of `tests/torch` on a directory with the Python that `STATEDICT_PYTHON` names.
fn run(script: &str, directory: &Path) {
    let python = std::env::var_os("STATEDICT_PYTHON")
        .expect("set STATEDICT_PYTHON to a Python in which `import torch` works (2.15 is tested)");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch").join(script);
    let status = Command::new(&python).args([script.as_path(), directory]).status().unwrap();
    assert!(status.success(), "{} failed", script.display());
}

/// The file that we write of what PyTorch's holds.
fn again(case: &Case, theirs: Vec<u8>, scratch: &Path) -> Result<Vec<u8>, String> {
    let document = codec::read(Source::bytes(theirs), &ReadOptions::default().opaque(true))
        .map_err(|error| error.to_string())?;
    let tree = document.to_tree();
    let options = WriteOptions::default().keep_storage(true).sync(false);
    let mut bytes = Vec::new();
    match &case.file {
        Some(name) => {
            let path = scratch.join(name);
            save_tree(&tree, &path, &options).map_err(|error| error.to_string())?;
            bytes = fs::read(path).unwrap();
        }
        None => write_tree(&tree, &mut bytes, &options).map_err(|error| error.to_string())?,
    }
    Ok(bytes)
}

#[test]
#[ignore = "needs Python with torch; see CONTRIBUTING.md"]
fn checkpoints_written_back_are_those_of_torch_save() {
    let directory = tempfile::tempdir().unwrap();
    run("write_nested.py", directory.path());
    let text = fs::read(directory.path().join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    for case in &manifest.cases {
        let file = case.file.as_deref().unwrap_or("object.bytes");
        let theirs = fs::read(directory.path().join(&case.folder).join(file)).unwrap();
        match again(case, theirs.clone(), scratch.path()) {
            Ok(ours) if ours == theirs => {}
            Ok(ours) => {
                let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
                different.push(format!(
                    "{}: byte {at} of {} (ours) and {} (theirs)",
                    case.name,
                    ours.len(),
                    theirs.len()
                ));
            }
            Err(error) => different.push(format!("{}: {error}", case.name)),
        }
    }
    let total = manifest.cases.len();
    let identical = total - different.len();
    println!("torch {}: {identical} of {total} files identical", manifest.torch);
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(total >= 250, "the script made {total} cases only");
}
