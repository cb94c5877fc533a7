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

/// A file's job is said in the file, where rustdoc and its next reader see it.
#[test]
fn every_file_says_its_job() {
    let crates = ["statedict/src", "statedict-cli/src", "statedict-derive/src"];
    let files: Vec<_> = crates.into_iter().flat_map(rust_files).collect();
    assert!(files.len() >= 300, "{files:?}");
    // The crate's front page is the README.
    for file in files.iter().filter(|file| *file != "statedict/src/lib.rs") {
        let text = fs::read_to_string(root().join(file)).expect("UTF-8");
        let mut lines = text.lines().skip_while(|line| line.starts_with("#!["));
        let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
        assert!(first.starts_with("//! "), "{file} begins without a line that says its job");
    }
}

/// What `main` prints of an error that it returns is its message.
#[test]
fn the_debug_of_every_public_error_is_its_message() {
    let mut errors = 0;
    for file in rust_files("statedict/src") {
        let text = fs::read_to_string(root().join(&file)).expect("UTF-8");
        let plain = text.lines().filter_map(|line| line.strip_prefix("debug_is_display!("));
        let plain: Vec<&str> =
            plain.flat_map(|names| names.trim_end_matches(");").split(", ")).collect();
        for line in text.lines().filter(|line| line.starts_with("impl std::error::Error for ")) {
            let name =
                line["impl std::error::Error for ".len()..].trim_end_matches(['{', '}', ' ']);
            let is_public = ["struct", "enum"]
                .iter()
                .any(|kind| text.contains(&format!("\npub {kind} {name}")));
            if is_public {
                errors += 1;
                assert!(plain.contains(&name), "{file}: `debug_is_display!({name})` is missing");
            }
        }
    }
    assert!(errors >= 25, "{errors}");
}

/// A newcomer finds the place of a module of the library in ARCHITECTURE.md.
#[test]
fn the_architecture_names_every_module() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let entries = fs::read_dir(root().join("statedict/src")).expect("the library");
    let modules: BTreeSet<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| name != "lib")
        .collect();
    assert!(modules.contains("codec") && modules.contains("dtype"), "{modules:?}");
    let missing: Vec<_> =
        modules.iter().filter(|module| !text.contains(&format!("`{module}`"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
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
