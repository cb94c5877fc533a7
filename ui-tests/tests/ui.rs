//! Compile-fail cases, one kind of mistake to a file, and some that must compile.
//!
//! The texts that the derive writes are the same on every toolchain. Those that rustc writes
//! (`ui/rustc`) change with its release: they are blessed with, and compared on, 1.95 alone.
//! To bless: `TRYBUILD=overwrite cargo test -p statedict-ui-tests`.
//!
//! `ui/one_error*` has many models in a file. A line where an error is expected ends with `//~`.

use std::fs;
use std::path::Path;

#[test]
fn written_by_the_derive() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for kind in [
        "syntax",
        "place",
        "value",
        "key",
        "alias",
        "version",
        "history",
        "role",
        "shape",
        "transparent",
        "enum",
        "one_error",
    ] {
        cases.compile_fail(format!("ui/{kind}/*.rs"));
    }
}

#[test]
#[cfg_attr(not(blessed_rustc), ignore = "the texts are those of rustc 1.95")]
fn written_by_rustc() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/rustc/*.rs");
    cases.compile_fail("ui/one_error_rustc/*.rs");
}

/// The lines of a case that are marked `//~`, and those that its errors underline first, sorted.
fn marked_and_underlined(case: &Path) -> (Vec<usize>, Vec<usize>) {
    let source = fs::read_to_string(case).unwrap();
    let lines = source.lines().zip(1..);
    let marked = lines.filter(|(line, _)| line.ends_with("//~")).map(|(_, number)| number);
    let output = fs::read_to_string(case.with_extension("stderr")).unwrap();
    let errors = output.split("\nerror").map(|error| {
        let place = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        place.unwrap().split(':').nth(1).unwrap().parse().unwrap()
    });
    let mut underlined: Vec<usize> = errors.collect();
    underlined.sort_unstable();
    (marked.collect(), underlined)
}

#[test]
fn each_mistake_is_one_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut mistakes = 0;
    for folder in ["one_error", "one_error_rustc"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let case = entry.unwrap().path();
            if case.extension().is_some_and(|extension| extension == "rs") {
                let (marked, underlined) = marked_and_underlined(&case);
                assert_eq!(underlined, marked, "{}", case.display());
                mistakes += marked.len();
            }
        }
    }
    assert!(mistakes > 300, "{mistakes}");
}
