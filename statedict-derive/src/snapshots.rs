//! What the derive writes, as files that a reader of a change can look at: `snapshots/*.rs` become
//! `snapshots/*.expanded.rs`. With `STATEDICT_BLESS` set, these are written anew.

use std::fs;
use std::path::{Path, PathBuf};

/// The inputs, sorted.
fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_input = |path: &PathBuf| !path.to_string_lossy().ends_with(".expanded.rs");
    let mut inputs: Vec<PathBuf> = files.filter(is_input).collect();
    inputs.sort();
    inputs
}

#[test]
fn expansions_are_as_committed() {
    let inputs = inputs();
    assert!(inputs.len() >= 8, "{inputs:?}");
    let mut different = Vec::new();
    for input in inputs {
        let item = syn::parse_str(&fs::read_to_string(&input).unwrap()).unwrap();
        let file = syn::parse2(crate::derive(&item)).expect("the expansion is Rust");
        let found = prettyplease::unparse(&file);
        let path = input.with_extension("expanded.rs");
        if std::env::var_os("STATEDICT_BLESS").is_some() {
            fs::write(&path, found).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != found {
            different.push(format!("{}:\n{found}", path.display()));
        }
    }
    let hint = "if the new ones are right: STATEDICT_BLESS=1 cargo test -p statedict-derive";
    assert!(different.is_empty(), "{}\n{hint}", different.join("\n"));
}
