//! A file and its graph of copies are the same checkpoint, whatever is in it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use statedict::codec::Source;
use statedict::value::{Kind, Value};
use statedict::{Checkpoint, ReadOptions};
use statedict_tests::fixtures_folder;

/// Every file that PyTorch wrote for the tests of the reader, with its name.
fn files() -> Vec<(String, Vec<u8>)> {
    let folders =
        [fixtures_folder(), fixtures_folder().join("read"), fixtures_folder().join("checkpoints")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pt"))
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() > 40, "{}", files.len());
    files
}

/// Everything that reads a checkpoint, as text.
fn all_of(checkpoint: &Checkpoint<'_>) -> String {
    let keys = |found: Result<statedict::StateMap<'_>, statedict::checkpoint::CheckpointError>| {
        found.map(|map| {
            let versions = map.metadata().map(|metadata| metadata.iter().count());
            format!("{:?} {versions:?}", map.keys().collect::<Vec<_>>())
        })
    };
    format!(
        "{checkpoint}\n{:?}\n{:?}\n{:?}\n{:?}",
        checkpoint.list(()).map_err(|error| error.to_string()),
        checkpoint.candidates(),
        // Why a tensor is refused is said more exactly of a file.
        keys(checkpoint.find_state_dict()).map_err(|error| std::mem::discriminant(&error)),
        checkpoint.get::<serde_json::Value>(()).map_err(|error| error.to_string()),
    )
}

/// Arrays and what holds them are kept as the calls that make them, once a file is edited.
fn has_numpy(value: Value<'_>, depth: usize) -> bool {
    let parts = |value: Value<'_>| has_numpy(value, depth + 1);
    match value.kind() {
        _ if depth > 50 => false,
        Kind::NumPy(_) => true,
        Kind::Dict(dict) => dict.iter().any(|(key, value)| parts(key) || parts(value)),
        Kind::Object(object) => parts(object.state()),
        _ => value.as_items().is_some_and(|items| items.iter().any(parts)),
    }
}

#[test]
fn a_file_and_its_tree_of_copies_read_alike() {
    let mut compared = 0;
    for (name, bytes) in files() {
        let options = ReadOptions::default().opaque(true);
        let Ok(mut checkpoint) = Checkpoint::read_with(Source::bytes(bytes), &options) else {
            continue;
        };
        let numpy = has_numpy(checkpoint.document().unwrap().root(), 0);
        let file = all_of(&checkpoint);
        checkpoint.graph_mut();
        let built = all_of(&checkpoint);
        if !numpy {
            assert_eq!(file, built, "{name}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

/// Whatever the bytes are, reading ends without a panic.
#[test]
fn damaged_files_are_read_or_refused() {
    let mut read = 0;
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for (name, bytes) in files().into_iter().filter(|(_, bytes)| bytes.len() < 8000) {
        for _ in 0..40 {
            let mut bytes = bytes.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = usize::try_from(random % bytes.len() as u64).unwrap();
                bytes[at] ^= 1 << (random >> 61);
            }
            let options = ReadOptions::default().opaque(true);
            let Ok(mut checkpoint) = Checkpoint::read_with(Source::bytes(bytes), &options) else {
                continue;
            };
            read += 1;
            let done = catch_unwind(AssertUnwindSafe(|| {
                all_of(&checkpoint);
                checkpoint.graph_mut();
                all_of(&checkpoint).len()
            }));
            assert!(done.is_ok(), "{name}");
        }
    }
    assert!(read > 200, "{read}");
}
