//! The program `statedict inspect`, with the JSON that other programs depend on.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/read").join(name)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).args(args).output().unwrap()
}

fn inspect(name: &str, flags: &[&str]) -> Output {
    let path = fixture(&format!("{name}.pt"));
    let args: Vec<&str> =
        ["inspect", path.to_str().unwrap()].iter().chain(flags).copied().collect();
    run(&args)
}

fn json(name: &str, flags: &[&str]) -> Value {
    let output = inspect(name, flags);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && words.is_empty(), "{name}: {words}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `tests/torch/inspect_json.py` wrote what is expected, from what PyTorch loads.
#[test]
fn the_json_is_what_pytorch_finds() {
    let mut compared = 0;
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "json") || name == "SOURCES" {
            continue;
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let found = json(&name, &["--json", "--hash"]);
        for (key, expected) in expected.as_object().unwrap() {
            let found = &found[key];
            let lists = expected.as_array().zip(found.as_array());
            for (index, (expected, found)) in
                lists.into_iter().flat_map(|(a, b)| a.iter().zip(b)).enumerate()
            {
                assert_eq!(found, expected, "{name}: {key} {index}");
            }
            assert_eq!(found, expected, "{name}: {key}");
        }
        assert_eq!(found.as_object().unwrap().len(), 11, "{name}");
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn hashes_come_on_request() {
    let found = json("state_dict", &["--json"]);
    assert_eq!(found["schema"], 1);
    assert_eq!(found["tensors"][0]["path"], json!(["fc.weight"]));
    assert!(found["tensors"][0].get("sha256").is_none());
}

#[test]
fn sparse_and_quantized_tensors_are_their_parts() {
    let found = json("composites", &["--json"]);
    let tensors = found["tensors"].as_array().unwrap();
    let at = |path: Value| tensors.iter().find(|tensor| tensor["path"] == path).unwrap();
    assert_eq!(at(json!(["coo", {"attr": "indices"}]))["layout"], "sparse_coo");
    assert_eq!(at(json!(["bsr", {"attr": "crow_indices"}]))["layout"], "sparse_bsr");
    assert_eq!(at(json!(["quint8"]))["dtype"], "quint8");
    assert_eq!(at(json!(["meta"]))["device"], "meta");
    let leaves = found["leaves"].as_array().unwrap();
    assert!(leaves.contains(
        &json!({"path": ["quint8", {"attr": "zero_point"}], "type": "int", "value": "3"})
    ));
}

#[test]
fn unknown_classes_are_kept_and_told_or_refused_in_one_line_on_request() {
    let output = inspect("unknown_global", &["--json", "--no-opaque"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("argparse.Namespace"), "{text}");

    for arguments in [&["--json"][..], &["--json", "--opaque"]] {
        let found = json("unknown_global", arguments);
        assert_eq!(found["leaves"][0]["type"], "argparse.Namespace");
        assert_eq!(found["leaves"][1]["path"], json!(["args", {"attr": "lr"}]));
        let told = "kept inert, and nothing of it was run: values of argparse.Namespace";
        assert_eq!(found["warnings"], json!([told]));
    }
}

#[test]
fn a_container_within_itself_ends() {
    let found = json("cyclic_list", &["--json"]);
    assert_eq!(
        found["leaves"],
        json!([{"path": [0], "type": "int", "value": "1"}, {"path": [1], "type": "cycle"}])
    );
}

/// Forty lists, each twice the one before: a file of some hundred bytes with 2^40 paths.
#[test]
fn a_bomb_of_shared_lists_is_told_of_once() {
    let mut pickle = b"\x80\x02]".to_vec();
    for level in 0..40u8 {
        pickle.extend([b'q', level, b']', b'h', level, b'a', b'h', level, b'a']);
    }
    pickle.push(b'.');
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pt");
    std::fs::write(&path, pickle).unwrap();
    let output = run(&["inspect", path.to_str().unwrap(), "--json"]);
    assert!(output.status.success() && output.stdout.len() < 20_000, "{}", output.stdout.len());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["containers"].as_array().unwrap().len(), 41);
    let leaves = found["leaves"].as_array().unwrap();
    assert_eq!(leaves.len(), 40);
    assert_eq!(leaves[39], json!({"path": [1], "type": "same", "value": "[0]"}));
    let output = run(&["inspect", path.to_str().unwrap()]);
    assert!(output.status.success() && output.stdout.len() < 1000);
}

#[test]
fn a_checksum_that_is_wrong_is_found_when_hashing() {
    let output = inspect("bad_crc", &["--json", "--hash"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("state_dict/data/0") && text.contains("CRC-32"), "{text}");
}

#[test]
fn people_get_a_summary() {
    let output = inspect("state_dict", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("state_dict.pt   torch zip · little-endian · 3.4 KiB\n"), "{text}");
    assert!(text.contains("tensors 9     storages 7     tied 2"), "{text}");
    assert!(text.contains("dtypes  float32 8  ·  int64 1"), "{text}");
    assert!(text.contains("modules 4, versions {1: 3, 2: 1}"), "{text}");
    assert!(text.contains("tied    tied.{weight, bias} = fc.{weight, bias}"), "{text}");
}

#[test]
fn other_files_and_wrong_usage() {
    let output = run(&["inspect", "no-such-file.pt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("statedict: no-such-file.pt: "));
    assert_eq!(inspect("torchscript", &[]).status.code(), Some(0));
    assert_eq!(run(&["inspect"]).status.code(), Some(2));
    assert_eq!(run(&["inspect", "a", "--hash"]).status.code(), Some(2));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}
