//! What `statedict convert` writes is read back by torch and compared whole: the files of all generators of
//! `tests/torch` and all fixtures, in every format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use serde_json::{Value as Json, json};
use statedict_tests::{Torch, temp_dir};

/// How many files are compared in one call.
const BATCH: usize = 60;

fn convert(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).arg("convert").args(args).output().unwrap()
}

/// Converts a file to a format, and a safetensors file to an archive again.
fn outcome(number: usize, before: &str, to: &str, folder: &Path) -> Json {
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let after = text(folder.join(format!("{number}.{to}")));
    let again = text(folder.join(format!("{number}.again.pt")));
    let output = convert(&[before, &after, "--to", to, "--json", "--force"]);
    let mut case = json!({"before": before, "to": to, "after": after, "again": again});
    case["error"] = json!("");
    case["not_kept"] = json!([]);
    if !output.status.success() {
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), words.lines().count()), (Some(1), 1), "{words}");
        case["error"] = json!(words);
        return case;
    }
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    case["not_kept"] = told["not_kept"].clone();
    if to == "safetensors" {
        let output = convert(&[&after, &again, "--force"]);
        assert!(output.status.success(), "{before}: {output:?}");
    }
    case
}

/// Converts files to every format, several at a time.
fn outcomes(files: &[String], folder: &Path) -> Vec<Json> {
    let formats = ["zip", "legacy", "safetensors"];
    let all = files.iter().flat_map(|file| formats.map(|format| (file, format))).enumerate();
    let (left, found) = (Mutex::new(all), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((number, (file, format))) = next() {
                    let outcome = outcome(number, file, format, folder);
                    found.lock().unwrap().push(outcome);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// What torch finds wrong with what became of files, by the file and the format; and how many were converted.
fn faults(torch: &Torch, files: &[String]) -> (Vec<String>, usize) {
    let folder = temp_dir();
    let outcomes = outcomes(files, folder.path());
    let mut faults = Vec::new();
    for batch in outcomes.chunks(BATCH) {
        let found: BTreeMap<String, Json> = torch.get("read_back.compare", json!([batch]));
        faults.extend(found.into_iter().map(|(case, fault)| format!("{case}: {fault}")));
    }
    let written = outcomes.iter().filter(|outcome| outcome["error"] == "").count();
    (faults, written)
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_finds_in_what_is_converted_what_it_finds_in_the_file() {
    let torch = Torch::start();
    let folder = temp_dir();
    let names: Vec<String> = torch.get("read_back.generators", json!([]));
    let (mut all, mut total, mut written) = (Vec::new(), 0, 0);
    for name in &names {
        let within = folder.path().join(name);
        std::fs::create_dir(&within).unwrap();
        let files: Vec<String> = torch.get("read_back.generate", json!([within, name]));
        let (faults, of_these) = faults(&torch, &files);
        all.extend(faults);
        total += files.len();
        written += of_these;
        std::fs::remove_dir_all(&within).unwrap();
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let files: Vec<String> = torch.get("read_back.readable", json!([fixtures]));
    let (faults, of_these) = faults(&torch, &files);
    all.extend(faults);
    total += files.len();
    written += of_these;
    assert!(all.is_empty(), "{} of {total} files:\n{}", all.len(), all.join("\n"));
    assert!(total >= 1400 && written >= 3000, "{written} conversions of {total} files only");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_whole_model_keeps_which_parameters_are_frozen() {
    let torch = Torch::start();
    let folder = temp_dir();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let names: Vec<String> = torch.get("read_back.write_models", json!([folder.path()]));
    assert!(names.len() >= 6);
    for name in &names {
        for (to, at) in
            [("zip", None), ("legacy", None), ("safetensors", None), ("zip", Some("ema"))]
        {
            let model = file(&format!("{name}{}.pt", if at.is_some() { ".beside" } else { "" }));
            let after = file(&format!("{name}.{to}"));
            let mut args = vec![&*model, &*after, "--whole-model", "--to", to, "--force"];
            args.extend(at.into_iter().flat_map(|at| ["--at", at]));
            let output = convert(&args);
            if name == "young" && to == "legacy" {
                let words = String::from_utf8(output.stderr).unwrap();
                assert!(words.contains("`1.weight`") && words.contains("old format"), "{words}");
                continue;
            }
            assert!(output.status.success(), "{name}: {output:?}");
            let found: Vec<String> =
                torch.get("read_back.compare_model", json!([file(&format!("{name}.pt")), after]));
            assert!(found.is_empty(), "{name} to {to}: {}", found.join("\n"));
        }
    }
}

fn program(args: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_statedict")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn nested_dicts_are_joined_as_python_joins_them() {
    let torch = Torch::start();
    let folder = temp_dir();
    let names: Vec<String> = torch.get("reported.write_trees", json!([folder.path()]));
    let out = folder.path().join("out.pt");
    for name in &names {
        let file = folder.path().join(format!("{name}.pt"));
        let [file, out] = [&file, &out].map(|path| path.to_str().unwrap());
        program(&["convert", file, out, "--flatten", "--force"]);
        let found: Option<String> = torch.get("reported.compare_tree", json!([name, out]));
        assert_eq!(found, None, "{name}");
    }
    assert_eq!(names.len(), 5);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn keys_are_renamed_as_python_substitutes_them() {
    let torch = Torch::start();
    let folder = temp_dir();
    let [file, out, map] = ["keys.pt", "out.pt", "rules.toml"]
        .map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let rules: Vec<[String; 2]> = torch.get("reported.write_keys", json!([file]));
    for (number, [pattern, to]) in rules.iter().enumerate() {
        let rule = format!("[[step]]\nrename_regex = {{ from = '{pattern}', to = '{to}' }}\n");
        std::fs::write(&map, rule).unwrap();
        program(&["migrate", &file, &out, "--map", &map, "--force"]);
        let [found, expected]: [Vec<String>; 2] =
            torch.get("reported.compare_keys", json!([number, out]));
        assert_eq!(found, expected, "{pattern} -> {to}");
    }
    assert!(rules.len() >= 8);
}
