//! Promises about the repository itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The folders of Rust sources.
const SOURCES: &[&str] = &[
    "statedict/src",
    "statedict-cli/src",
    "statedict-cli/tests",
    "statedict-derive/src",
    "benches",
    "examples",
    "tests/src",
    "tests/tests",
    "ui-tests/src",
    "ui-tests/tests",
];

/// More lines than this are more than one job.
const MAX_LINES: usize = 500;

/// Names that say nothing of what is in a file.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "misc", "common", "types", "stuff"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files under `folder` (a path from the root) that end in `.rs`, as paths from the root.
fn rust_files(folder: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return files };
    for entry in entries {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(rust_files(&path));
        } else if path.ends_with(".rs") {
            files.insert(path);
        }
    }
    files
}

#[test]
fn files_are_short_and_named_after_their_job() {
    let files: BTreeSet<_> = SOURCES.iter().flat_map(|folder| rust_files(folder)).collect();
    assert!(files.contains("statedict/src/tensor/view.rs"), "{files:?}");
    assert!(files.contains("statedict-derive/src/lib.rs"), "{files:?}");
    for file in &files {
        let lines = fs::read_to_string(root().join(file)).expect("UTF-8").lines().count();
        assert!(lines <= MAX_LINES, "{file} has {lines} lines: split it by job");
        for part in file.trim_end_matches(".rs").split('/') {
            assert!(!EMPTY_NAMES.contains(&part), "{file}: `{part}` says nothing of the job");
        }
    }
}

/// The tree in ARCHITECTURE.md is a block fenced with ```` ```tree ````, a line for each file or
/// folder: two spaces for each level, the name (a folder's ends in `/` and may be a path), and after
/// at least two more spaces what it is for.
#[test]
fn the_architecture_names_every_file() {
    let Ok(text) = fs::read_to_string(root().join("ARCHITECTURE.md")) else {
        assert!(std::env::var_os("CI").is_none(), "there is no ARCHITECTURE.md");
        return;
    };
    let named = tree(&text).unwrap_or_else(|problem| panic!("ARCHITECTURE.md: {problem}"));
    for path in &named {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}, which is not there");
    }
    let mut files = rust_files("statedict/src");
    files.extend(rust_files("statedict-cli/src"));
    files.extend(rust_files("statedict-derive/src"));
    assert!(files.len() >= 16, "{files:?}");
    let missing: Vec<_> = files.difference(&named).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

/// The paths in the `tree` block of a text.
fn tree(text: &str) -> Result<BTreeSet<String>, String> {
    let block = text.split("```tree\n").nth(1).ok_or("no block fenced with ```tree")?;
    let block = block.split("```").next().unwrap_or_default();
    let mut paths = BTreeSet::new();
    let mut folders: Vec<&str> = Vec::new();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        let entry = line.trim_start();
        let indent = line.len() - entry.len();
        let (name, purpose) = entry.split_once("  ").ok_or(format!("no purpose: {line:?}"))?;
        if indent % 2 != 0 || indent / 2 > folders.len() || purpose.trim().is_empty() {
            return Err(format!("no such place or no purpose: {line:?}"));
        }
        folders.truncate(indent / 2);
        if !paths.insert(format!("{}{name}", folders.concat()).trim_end_matches('/').to_owned()) {
            return Err(format!("twice: {line:?}"));
        }
        if name.ends_with('/') {
            folders.push(name);
        }
    }
    Ok(paths)
}

#[test]
fn a_tree_is_read_or_refused() {
    let text = "Words.\n```tree\na/src/     the crate\n  b.rs     bees\n  c/       seas\n    d.rs   \
                dees\n\nREADME.md  front\n```\nmore";
    let paths = ["README.md", "a/src", "a/src/b.rs", "a/src/c", "a/src/c/d.rs"];
    assert_eq!(tree(text), Ok(paths.into_iter().map(str::to_owned).collect()));
    assert!(tree("no block").is_err());
    for wrong in ["a.rs", "   a.rs  odd", "  a.rs  too deep", "a.rs  one\na.rs  two"] {
        assert!(tree(&format!("```tree\n{wrong}\n```")).is_err(), "{wrong:?}");
    }
}

/// The derive writes calls into the runtime's private names: only the same version has them.
#[test]
fn the_crates_have_one_version() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let package = |name: &str| {
        let packages = metadata["packages"].as_array().expect("packages");
        packages.iter().find(|package| package["name"] == name).expect("a member").clone()
    };
    let (runtime, derive) = (package("statedict"), package("statedict-derive"));
    assert_eq!(runtime["version"], derive["version"]);

    let dependencies = runtime["dependencies"].as_array().expect("dependencies");
    let on_derive: Vec<_> =
        dependencies.iter().filter(|on| on["name"] == "statedict-derive").collect();
    // Optional for the feature, and never built but always resolved.
    assert_eq!(on_derive.len(), 2);
    for dependency in on_derive {
        assert_eq!(
            dependency["req"].as_str().expect("text"),
            format!("={}", derive["version"].as_str().expect("text"))
        );
    }
}

#[test]
fn every_fixture_is_described() {
    let described = statedict_tests::fixtures();
    let folder = fs::read_dir(statedict_tests::fixtures_folder()).expect("the fixtures");
    let names: BTreeSet<_> = folder
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".pt"))
        .collect();
    assert!(names.contains("quickstart.v1.pt"), "{names:?}");
    assert!(names.iter().eq(described.keys()), "{names:?} {:?}", described.keys());
    for (name, entry) in &described {
        assert!(!entry.content.tensors.is_empty(), "{name}");
    }
}
