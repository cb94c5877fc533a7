//! The program `statedict migrate`.

use std::path::{Path, PathBuf};
use std::process::Command;

use statedict::codec::{self, ReadOptions};
use statedict::{StateMap, TensorView, WriteOptions, save_graph, value};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// Runs the program: its exit status, what it printed, and what it complained about.
fn migrate(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let output = command.arg("migrate").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What the second generation's `Block` did in its version 3, and the root in its version 2, as data.
const RULES: &str = r#"
[[step]]
rename = { from = "first", to = "stem" }

[[step]]
rename_regex = { from = '^(stem|blocks\.\d+)\.ln\.', to = '$1.norm.' }

[[step]]
rename_regex = { from = '\.old_gate$', to = '.gate' }

[[step]]
remove_regex = { name = '\.scale$' }

[[step]]
split = { key = "stem.in_proj_weight", dim = 0, into = [
    { name = "stem.q", size = 4 }, { name = "stem.k", size = 4 }, { name = "stem.v", size = 4 },
] }

[[step]]
transpose = { key = "stem.gate", dims = [0, 1] }

[[step]]
fill = { key = "stem.bias", value = 0.5, dtype = "float32", shape = [4] }

[versions]
"" = 2
"stem" = 3
"#;

fn paths(directory: &Path) -> (String, String, String) {
    let name = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    std::fs::write(directory.join("rules.toml"), RULES).unwrap();
    let input = fixtures().join("generations/v1.pt").to_str().unwrap().to_owned();
    (input, name("out.pt"), name("rules.toml"))
}

#[test]
fn the_rules_make_the_same_tensors_as_the_steps_of_code() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    let (status, printed, complaint) = migrate(&[&input, &output, "--map", &rules]);
    assert_eq!((status, complaint.as_str()), (0, ""));
    assert!(printed.contains("rename     first -> stem\n"), "{printed}");
    assert!(printed.contains("split      stem.in_proj_weight -> stem.q, stem.k, stem.v\n"));
    let (old, new) = (StateMap::load(&input).unwrap(), StateMap::load(&output).unwrap());
    let floats = |map: &StateMap<'_>, key: &str| map.get(key).unwrap().to_vec::<f32>().unwrap();
    assert_eq!(floats(&new, "stem.k"), floats(&old, "first.in_proj_weight")[16..32]);
    let gate = floats(&old, "first.old_gate");
    let transposed: Vec<f32> = (0..4).flat_map(|row| [gate[row], gate[4 + row]]).collect();
    assert_eq!(floats(&new, "stem.gate"), transposed);
    assert_eq!(floats(&new, "blocks.1.norm.bias"), floats(&old, "blocks.1.ln.bias"));
    assert_eq!(floats(&new, "stem.bias"), [0.5; 4]);
    assert!(!new.contains_key("stem.scale") && !new.contains_key("blocks.0.scale"));
    assert_eq!((new.version(""), new.version("stem")), (Some(2), Some(3)));
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    let (status, printed, _) = migrate(&[&input, &output, "--map", &rules, "--dry-run"]);
    assert_eq!(status, 0);
    assert!(printed.ends_with("keys; nothing was written\n"), "{printed}");
    assert!(!Path::new(&output).exists());
    let (status, alone, _) = migrate(&[&input, "--map", &rules, "--dry-run"]);
    assert_eq!((status, alone), (0, printed));
}

#[test]
fn what_cannot_be_done_is_said_with_the_step_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output, rules) = paths(directory.path());
    for (text, complaint) in [
        ("[[step]]\nremove = { name = 'none' }", "step 1 (remove): there is no `none`"),
        (
            "[[step]]\nrename = { from = 'first', to = 'blocks.0' }",
            "step 1 (rename): there already is a `blocks.0.",
        ),
        ("[[step]]\nrename_regex = { from = 'x{', to = '' }", "rules.toml: "),
        ("[[step]]\nshuffle = {}", "unknown variant `shuffle`"),
        ("[[step]]\nrename_regex = { from = '^none', to = '' }", "no key matches `^none`"),
        (
            "[[step]]\nfill = { key = 'a', value = 0.5, dtype = 'int64', shape = [1] }",
            "int64 cannot hold 0.5",
        ),
    ] {
        std::fs::write(&rules, text).unwrap();
        let (status, _, error) = migrate(&[&input, &output, "--map", &rules]);
        assert_eq!(status, 1, "{text}");
        assert!(error.contains(complaint), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!Path::new(&output).exists());
    }
    std::fs::write(&output, "precious").unwrap();
    let (status, _, error) = migrate(&[&input, &output, "--map", &rules]);
    assert!(status == 1 && error.contains("--force replaces it"), "{error}");
    assert_eq!(std::fs::read(&output).unwrap(), b"precious");
    let (status, _, _) = migrate(&[&input, "--map", &rules]);
    assert_eq!(status, 2);
}

#[test]
fn the_rest_of_a_checkpoint_stays() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (input, output, rules) = (name("in.pt"), name("out.pt"), name("rules.toml"));
    let mut map = StateMap::new();
    map.insert("old", TensorView::from_vec(vec![1.0f32, 2.0], [2]).unwrap());
    let mut graph = value::Graph::new();
    let (root, model) = (graph.dict(), graph.state_map(&map));
    graph.set_root(root);
    graph.set(root, "epoch", 7i64).unwrap();
    graph.put(root, "model", model).unwrap();
    save_graph(&graph, &input, &WriteOptions::default()).unwrap();
    std::fs::write(&rules, "[[step]]\nrename = { from = 'old', to = 'new' }").unwrap();

    let (status, _, error) = migrate(&[&input, &output, "--map", &rules, "--at", "model"]);
    assert_eq!((status, error.as_str()), (0, ""));
    let document = codec::open(&output, &ReadOptions::default()).unwrap();
    assert_eq!(document.root().get("epoch").and_then(|epoch| epoch.as_i64()), Some(7));
    let map = document.state_map_at(&["model"]).unwrap();
    assert_eq!(map.get("new").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);

    // Without the place, what is there is said.
    let (status, _, error) = migrate(&[&input, &name("other.pt"), "--map", &rules]);
    assert!(status == 1 && error.contains("state_map_at"), "{error}");
}
