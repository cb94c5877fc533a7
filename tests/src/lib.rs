//! What the tests share: PyTorch itself, in a process beside them, and the fixtures it wrote.

mod description;
pub mod generations;
pub mod histories;
pub mod layers;
mod lines;
pub mod models;
pub mod optimizers;
mod process;
#[cfg(feature = "hub")]
pub mod server;
mod torch;
pub mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use description::{Description, Fixture, TensorDescription};
pub use lines::{lines, map_lines, shared_storages};
pub use process::test_as_process;
pub use tempfile::TempDir;
pub use torch::{PythonError, Torch};

/// The path of a file in `tests/fixtures`.
///
/// # Panics
/// Where there is no such file.
#[track_caller]
pub fn fixture(name: &str) -> PathBuf {
    let path = fixtures_folder().join(name);
    assert!(path.is_file(), "there is no fixture {}", path.display());
    path
}

/// What torch says of each checkpoint in `tests/fixtures`, by file name.
///
/// # Panics
/// Where `fixtures.json` cannot be read.
pub fn fixtures() -> BTreeMap<String, Fixture> {
    let text = std::fs::read_to_string(fixture("fixtures.json")).expect("fixtures.json is UTF-8");
    serde_json::from_str(&text).expect("fixtures.json is as make.py writes it")
}

/// The folder of the fixtures.
pub fn fixtures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A folder of the test's own, removed when dropped.
///
/// # Panics
/// Where the system has no place for one.
pub fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
