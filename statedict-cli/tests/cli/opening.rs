//! Files that cannot be mapped, and files with more in them than is known.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use statedict::checkpoint::Checkpoint;
use statedict::{StateMap, TensorView};

const PROGRAM: &str = env!("CARGO_BIN_EXE_statedict");

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    (output.status.code(), text(&output))
}

/// Every command, on a file with the tensor `t.0`; `{}` is the file, what follows is a part of what is printed.
const COMMANDS: [(&str, &str); 15] = [
    ("inspect {}", "tensors"),
    ("inspect {} --json --hash", "sha256"),
    ("inspect {} --plot t.0", "t.0"),
    ("tree {}", "t"),
    ("ls {}", "t.0"),
    ("get {} t.0 --slice 0:2", "0"),
    ("verify {} --finite", "ok"),
    ("scan {}", "pickle"),
    ("check {} --against {}", "fits"),
    ("diff {} {}", "identical"),
    ("convert {} OUT.pt", ""),
    ("convert {} OUT.legacy.pt --to legacy", ""),
    ("convert {} OUT.safetensors", ""),
    ("migrate {} OUT.migrated.pt --map RULES", "wrote"),
    ("scaffold {}", "struct"),
];

/// Runs every command on a file, each as `make` makes it of a command line.
fn every_command(file: &Path, make: impl Fn(&[String]) -> Command) {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "[[step]]\nrename = { from = \"t.0\", to = \"first\" }\n").unwrap();
    for (line, word) in COMMANDS {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| match word {
                "{}" => file.to_str().unwrap().to_owned(),
                "RULES" => rules.to_str().unwrap().to_owned(),
                word if word.starts_with("OUT") => {
                    folder.path().join(word).to_str().unwrap().to_owned()
                }
                word => word.to_owned(),
            })
            .collect();
        let output = make(&words).output().unwrap();
        let text = text(&output);
        assert!(
            output.status.success() && text.contains(word),
            "{line}: {}: {text}",
            output.status
        );
    }
}

/// A file of 40 tensors of a mebibyte each, in the format of its name's ending.
fn write(path: &Path) {
    let mut map = StateMap::new();
    for index in 0..40 {
        let elements: Vec<f32> = (0..1 << 18).map(|element| (element % 7) as f32).collect();
        map.insert(format!("t.{index}"), TensorView::from_vec(elements, [1 << 18]).unwrap());
    }
    map.save(path).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn every_command_works_where_the_address_space_is_smaller_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pt", "a.safetensors"] {
        let file = folder.path().join(name);
        write(&file);
        every_command(&file, |words| {
            let mut command = Command::new("sh");
            command.args(["-c", "ulimit -v 40000; exec \"$0\" \"$@\"", PROGRAM]).args(words);
            command
        });
    }
}

#[test]
fn every_command_works_without_a_map_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pt");
    write(&file);
    every_command(&file, |words| {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--no-mmap");
        command
    });
}

/// A folder that shows another one through FUSE, in which files cannot be mapped as shared.
struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn every_command_works_on_a_mount_that_cannot_map() {
    let folder = tempfile::tempdir().unwrap();
    let (real, shown) = (folder.path().join("real"), folder.path().join("shown"));
    std::fs::create_dir(&real).unwrap();
    std::fs::create_dir(&shown).unwrap();
    write(&real.join("a.pt"));
    let mut bindfs = Command::new("bindfs");
    let mounted = bindfs.args(["-o", "direct_io"]).arg(&real).arg(&shown).output();
    let problem = match mounted {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(text(&output)),
        Err(error) => Some(format!("bindfs: {error}")),
    };
    if let Some(problem) = problem {
        eprintln!(
            "NOT RUN: a mount that cannot map needs bindfs and the right to mount: {problem}"
        );
        return;
    }
    let mount = Mount(shown);
    every_command(&mount.0.join("a.pt"), |words| {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        command
    });
}

#[test]
fn help_says_which_signal_ends_a_mapped_file_that_is_cut_short() {
    for command in ["inspect", "verify", "convert", "scan", "migrate", "scaffold"] {
        let (_, help) = run(&[command, "--help"]);
        assert!(help.contains("--no-mmap") && help.contains("SIGBUS"), "{help}");
    }
}

fn fixture(name: &str) -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/read");
    fixtures.join(name).to_str().unwrap().to_owned()
}

#[test]
fn values_of_unknown_classes_are_inert_in_every_command_and_told() {
    let file = fixture("unknown_global.pt");
    for command in ["ls", "tree", "verify", "get", "inspect"] {
        let key: &[&str] = if command == "get" { &["args"] } else { &[] };
        let (status, text) = run(&[&[command, &file], key].concat());
        assert_eq!(status, Some(0), "{command}: {text}");
        assert_eq!(run(&[&[command, &file, "--opaque"], key].concat()).0, Some(0), "{command}");
        let (status, text) = run(&[&[command, &file, "--no-opaque"], key].concat());
        assert_eq!(status, Some(1), "{command}");
        assert!(text.contains("`argparse.Namespace`") && text.contains("`--no-opaque`"), "{text}");
    }
    let (_, text) = run(&["inspect", &file]);
    assert!(text.contains("kept inert") && text.contains("argparse.Namespace"), "{text}");
    let (_, text) =
        run(&["check", &file, "--at", "weights", "--against", &file, "--against-at", "weights"]);
    assert!(text.contains("fits"), "{text}");
}

#[test]
fn a_whole_model_is_refused_with_the_command_that_helps() {
    let file = fixture("whole_model.zip.pt");
    let (status, text) = run(&["ls", &file]);
    assert_eq!(status, Some(1));
    assert!(text.contains("`statedict convert --whole-model`"), "{text}");
    assert_eq!(run(&["ls", &file, "--opaque"]).0, Some(0));
}

#[test]
fn nested_dicts_become_one_state_dict_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let map = |value: f32| {
        let mut map = StateMap::new();
        map.insert("weight", TensorView::from_vec(vec![value; 2], [2]).unwrap());
        map
    };
    let mut model = Checkpoint::new();
    model.set_state_map("emb", &map(1.0)).unwrap();
    model.set_state_map("enc", &map(2.0)).unwrap();
    let mut outer = Checkpoint::new();
    outer.set_graph("lm", model.graph()).unwrap();
    let mut file = Checkpoint::new();
    file.set_graph("model", outer.graph()).unwrap();
    file.set_value("iteration", 5).unwrap();
    let (path, out) = (name("a.pt"), name("out.safetensors"));
    file.save(&path).unwrap();

    let (status, text) = run(&["convert", &path, &out, "--at", "model"]);
    assert!(status == Some(1) && text.contains("--flatten"), "{text}");
    let (status, text) = run(&["convert", &path, &out]);
    assert!(status == Some(1) && !text.contains("--flatten"), "{text}");
    assert_eq!(
        run(&["convert", &path, &out, "--at", "model", "--flatten"]),
        (Some(0), String::new())
    );
    let flat = StateMap::load(&out).unwrap();
    assert_eq!(flat.keys().collect::<Vec<_>>(), ["lm.emb.weight", "lm.enc.weight"]);
    assert_eq!(flat.get("lm.enc.weight").unwrap().to_vec::<f32>().unwrap(), [2.0; 2]);
    let (_, text) = run(&["check", &path, "--at", "model", "--against", &out, "--flatten"]);
    assert!(text.contains("fits"), "{text}");

    // Two keys that would be one.
    let mut twice = Checkpoint::from(model.graph().clone());
    twice.set_graph("emb.weight", Checkpoint::new().graph()).unwrap();
    let tensor = map(3.0).get("weight").unwrap().clone();
    twice.graph_mut();
    let mut graph = twice.graph().clone();
    let root = graph.root().value_id();
    graph.set(root, "emb.weight", tensor).unwrap();
    Checkpoint::from(graph).save(&path).unwrap();
    let (status, text) = run(&["convert", &path, &out, "--flatten", "--force"]);
    assert!(status == Some(1) && text.contains("\"emb.weight\" comes twice"), "{text}");
}
