//! The program on files that are made to harm its reader, and on readers that go away.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use statedict::{StateMap, TensorView, WriteOptions, value};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).args(args).output().unwrap()
}

/// What would clear the screen, end a line, turn the reading direction, or change the title.
const NAMES: [&str; 6] = [
    "\u{1b}[2J.weight",
    "a\nb.weight",
    "a\u{202e}b",
    "\u{9b}31m",
    "\u{7}\r\t\u{0}",
    "\u{1b}]0;x\u{7}",
];

fn hostile(folder: &Path) -> String {
    let path = folder.join("hostile.pt");
    let mut map = StateMap::new();
    for name in NAMES {
        map.insert(name, TensorView::full(1.0f32, [2]).unwrap());
    }
    let mut graph = value::Graph::new();
    let (root, model) = (graph.dict(), graph.state_map(&map));
    graph.set_root(root);
    graph.put(root, "mod\u{1b}[31mel", model).unwrap();
    graph.set(root, "text\u{1b}", "value\u{1b}[31m\n\u{202e}").unwrap();
    graph.save_with(&path, &WriteOptions::default()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn other(folder: &Path) -> String {
    let path = folder.join("other.pt");
    let mut map = StateMap::new();
    map.insert("plain", TensorView::full(1.0f32, [2]).unwrap());
    map.save_with(&path, &WriteOptions::default()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn is_harmful(char: char) -> bool {
    (char.is_control() && char != '\n') || ('\u{202a}'..='\u{202e}').contains(&char)
}

#[test]
fn no_name_reaches_the_terminal_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (hostile(folder.path()), other(folder.path()));
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "[[step]]\nremove_regex = { name = '.' }").unwrap();
    let commands: [&[&str]; 12] = [
        &["inspect", &file],
        &["tree", &file],
        &["ls", &file, "--long"],
        &["diff", &file, &other],
        &["diff", &other, &file],
        &["verify", &file],
        &["scan", &file],
        &["check", &file, "--at", "mod\u{1b}[31mel", "--against", &other],
        &["get", &file, "text\u{1b}"],
        &["get", &file, "."],
        &["get", &file, "\u{1b}none"],
        &[
            "migrate",
            &file,
            "--at",
            "mod\u{1b}[31mel",
            "--map",
            rules.to_str().unwrap(),
            "--dry-run",
        ],
    ];
    for args in commands {
        let output = run(args);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.is_empty(), "{args:?}");
        assert!(!text.contains(is_harmful), "{args:?}: {text:?}");
    }
    // Every name is there all the same: one line each, and one for the other value.
    let text = String::from_utf8(run(&["ls", &file]).stdout).unwrap();
    assert_eq!(text.lines().count(), NAMES.len() + 1, "{text}");
}

#[test]
fn the_json_holds_every_name_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (hostile(folder.path()), other(folder.path()));
    let object = |args: &[&str]| -> Value {
        let output = run(args);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}"))
    };
    let names = |list: &Value| -> Vec<String> {
        let paths = list.as_array().unwrap().iter().map(|entry| &entry["path"][1]);
        paths.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&object(&["inspect", &file, "--json"])["tensors"]), NAMES);
    assert_eq!(names(&object(&["ls", &file, "--json"])["tensors"]), NAMES);
    assert_eq!(names(&object(&["diff", &file, &other, "--json"])["differences"]), NAMES);
    let got = object(&["get", &file, "text\u{1b}", "--json"]);
    assert_eq!(got["values"][0]["value"], "value\u{1b}[31m\n\u{202e}");
    for command in ["tree", "scan", "verify"] {
        let object = object(&[command, &file, "--json"]);
        assert_eq!(
            (&object["schema"], &object["command"]),
            (&Value::from(1), &Value::from(command))
        );
    }
}

/// As deep as such a small file can nest, in lists and in names.
#[test]
fn deep_files_end() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists.pkl");
    let depth = 20_000;
    let mut pickle = b"\x80\x02".to_vec();
    pickle.extend(std::iter::repeat_n(b']', depth));
    pickle.extend(std::iter::repeat_n(b'a', depth - 1));
    pickle.push(b'.');
    std::fs::write(&lists, pickle).unwrap();
    let dots = folder.path().join("dots.pt");
    let mut map = StateMap::new();
    map.insert("a.".repeat(depth) + "weight", TensorView::full(1.0f32, [2]).unwrap());
    map.save_with(&dots, &WriteOptions::default()).unwrap();
    let (lists, dots) = (lists.to_str().unwrap(), dots.to_str().unwrap());
    for command in ["inspect", "tree", "ls", "verify", "scan"] {
        for file in [lists, dots] {
            for flags in [&[][..], &["--json"]] {
                let args: Vec<&str> = [command, file].iter().chain(flags).copied().collect();
                let output = run(&args);
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                // So many paths of lists are more than the file's size allows: refused, in one line.
                assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {text}");
                assert!(text.lines().count() <= 1, "{args:?}: {text}");
            }
        }
    }
    assert_eq!(run(&["diff", dots, dots]).status.code(), Some(0));
}

/// A terabyte of one number: told of, and not read.
#[test]
fn an_expanded_tensor_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("expanded.pt");
    let mut map = StateMap::new();
    map.insert("huge", TensorView::full(1.0f32, [1 << 19, 1 << 19]).unwrap());
    map.save_with(&path, &WriteOptions::default()).unwrap();
    let path = path.to_str().unwrap();
    let text = |args: &[&str], status: i32| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(status), "{args:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(text(&["ls", path], 0).contains("1.0 TiB"));
    assert!(text(&["get", path, "huge"], 1).contains("too large to read"));
    assert!(text(&["get", path, "huge", "--dtype", "float64"], 1).contains("too large to read"));
    assert!(text(&["verify", path, "--finite"], 1).contains("too large to read"));
    assert!(text(&["diff", path, path], 2).contains("too large to read"));
    assert_eq!(text(&["get", path, "huge", "--slice", "7,:2"], 0), "huge  float32 [2]\n1  1\n");
}

#[test]
fn whoever_reads_no_further_has_seen_enough() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.pt");
    let mut map = StateMap::new();
    for index in 0..20_000 {
        map.insert(format!("layers.{index}.weight"), TensorView::full(1.0f32, []).unwrap());
    }
    map.save_with(&path, &WriteOptions::default()).unwrap();
    let path = path.to_str().unwrap();
    for args in [
        &["ls", path][..],
        &["ls", path, "--json"],
        &["inspect", path, "--json"],
        &["tree", path, "--unfold"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_statedict"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let fixture =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/read/state_dict.pt");
    let bytes = std::fs::read(&fixture).unwrap();
    for args in [
        &["inspect", "-", "--json"][..],
        &["tree", "-"],
        &["ls", "-"],
        &["verify", "-"],
        &["scan", "-"],
        &["get", "-", "fc.weight"],
        &["diff", "-", fixture.to_str().unwrap()],
        &["check", "-", "--against", fixture.to_str().unwrap()],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_statedict"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty(), "{args:?}");
    }
}

/// NO_COLOR, CLICOLOR_FORCE and `--color`, where nothing is a terminal.
#[test]
fn colours_come_where_they_are_asked_for() {
    let fixture =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/read/state_dict.pt");
    let is_colourful = |set: &[(&str, &str)], args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_statedict"))
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(set.iter().copied())
            .arg("inspect")
            .arg(&fixture)
            .args(args)
            .output()
            .unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!is_colourful(&[], &[]));
    assert!(is_colourful(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_colourful(&[("NO_COLOR", "1")], &[]));
    assert!(is_colourful(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!is_colourful(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(!is_colourful(&[("CLICOLOR_FORCE", "1")], &["--json"]));
}
