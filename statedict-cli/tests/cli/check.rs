//! The program `statedict check`: it says what a load would say.

use std::path::Path;
use std::process::Command;

use statedict::{DType, LoadOptions, StateMap, TensorView};

/// Runs the program on two files of `folder`: its exit status and what it printed.
fn check(folder: &Path, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let command = command.current_dir(folder).args(["check", "file.pt", "--against", "model.pt"]);
    let output = command.args(args).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn model() -> StateMap<'static> {
    let mut map = StateMap::new();
    for key in ["fc.weight", "fc.bias", "norm.weight"] {
        map.insert(key, TensorView::from_vec(vec![1.0f32; 2], [2]).unwrap());
    }
    map
}

#[test]
fn the_option_that_a_hint_names_works_when_it_is_pasted() {
    let folder = tempfile::tempdir().unwrap();
    model().save(folder.path().join("model.pt")).unwrap();
    let wrapped = model().add_prefix("module").unwrap();
    let mut averaged = wrapped.clone();
    averaged.insert("n_averaged", TensorView::full(3i64, []).unwrap());
    let inner = model().add_prefix("net").unwrap();
    for (file, against, option) in [
        (&wrapped, &model(), "--strip-prefix"),
        (&averaged, &model(), "--select-prefix"),
        (&model(), &inner, "--add-prefix"),
    ] {
        against.save(folder.path().join("model.pt")).unwrap();
        file.save(folder.path().join("file.pt")).unwrap();
        let (status, printed) = check(folder.path(), &[]);
        assert_eq!(
            (status, printed.lines().count()),
            (1, if option.contains("select") { 3 } else { 2 })
        );
        let (_, hint) = printed.split_once("use `").unwrap();
        let (hint, _) = hint.split_once('`').unwrap();
        assert!(hint.starts_with(option), "{printed}");
        let pasted: Vec<&str> = hint.split(' ').map(|word| word.trim_matches('"')).collect();
        let (status, printed) = check(folder.path(), &pasted);
        assert_eq!(status, 0, "{printed}");
    }
}

#[test]
fn what_a_load_converts_fits_and_the_report_is_the_loads() {
    let folder = tempfile::tempdir().unwrap();
    model().save(folder.path().join("model.pt")).unwrap();
    let cast = |dtype: DType| -> StateMap<'static> {
        let map = model();
        let cast = map.iter().map(|(key, tensor)| (key.to_owned(), tensor.cast(dtype).unwrap()));
        cast.collect()
    };
    let half = cast(DType::F16);
    half.save(folder.path().join("file.pt")).unwrap();
    let (status, printed) = check(folder.path(), &[]);
    assert_eq!(status, 0, "{printed}");
    assert!(printed.contains("  converted   fc.bias: float16 -> float32\n"), "{printed}");
    let report = model().check_state_dict_with(&half, &LoadOptions::new()).unwrap();
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&check(folder.path(), args).1).unwrap()
    };
    let expected: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json(&["--json"])["report"], expected);

    let double = cast(DType::F64);
    double.save(folder.path().join("file.pt")).unwrap();
    let error = model().check_state_dict_with(&double, &LoadOptions::new()).unwrap_err();
    let (status, printed) = check(folder.path(), &[]);
    assert_eq!(status, 1);
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    // What is to be written in Rust is said in the program's words.
    assert_eq!(lines(&printed)[1..], lines(&error.to_string())[1..]);
    assert!(
        lines(&printed)[0].ends_with("convert with the step `cast_regex` of `statedict migrate`")
    );
    let expected: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
    assert_eq!(json(&["--json"])["problems"], expected["problems"]);
}

#[test]
fn a_buffer_that_is_not_saved_is_told_and_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let schema = "module (root): Net\nparameter weight\nbuffer mask, not saved\n";
    std::fs::write(folder.path().join("model.pt"), schema).unwrap();
    let mut map = StateMap::new();
    map.insert("weight", TensorView::full(1.0f32, [2]).unwrap());
    map.insert("mask", TensorView::full(1.0f32, [2]).unwrap());
    map.save(folder.path().join("file.pt")).unwrap();
    let (status, printed) = check(folder.path(), &[]);
    assert_eq!(status, 1);
    assert!(
        printed.contains(
            "hint        1 unexpected key is a non-persistent buffer of the model: leave it out with \
             `statedict convert --exclude`, or mark what should be saved `#[buffer]`\n"
        ),
        "{printed}"
    );
    assert!(printed.contains("which the model has as a non-persistent buffer"), "{printed}");
    let mut convert = Command::new(env!("CARGO_BIN_EXE_statedict"));
    let convert = convert.current_dir(folder.path()).args([
        "convert",
        "file.pt",
        "saved.pt",
        "--exclude",
        "mask",
    ]);
    assert!(convert.status().unwrap().success());
    std::fs::rename(folder.path().join("saved.pt"), folder.path().join("file.pt")).unwrap();
    assert_eq!(check(folder.path(), &[]).0, 0);
}

#[test]
fn a_file_without_versions_is_as_new_as_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let schema = "module (root): Net, version 3\n\
                  parameter weight\n\
                  parameter bias, since version 2\n";
    std::fs::write(folder.path().join("model.pt"), schema).unwrap();
    let mut map = StateMap::new();
    map.insert("weight", TensorView::full(1.0f32, [2]).unwrap());
    map.save(folder.path().join("file.pt")).unwrap();
    // Older than every version, it need not have what came later.
    assert_eq!(check(folder.path(), &[]).0, 0);
    assert_eq!(check(folder.path(), &["--assume-version", "1"]).0, 0);
    for version in ["2", "3", "9"] {
        let (status, printed) = check(folder.path(), &["--assume-version", version]);
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains("missing     bias"), "{printed}");
    }
}
