//! Files of every version of random histories, loaded into the newest model: things added, removed and renamed,
//! names exchanged and taken over, in nested modules.

#[rustfmt::skip]
#[allow(dead_code, clippy::duplicated_attributes, reason = "not every model has modules of each class")]
mod derived;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use statedict::codec::{self, Source};
use statedict::load::MapMigration;
use statedict::prelude::*;
use statedict::{LoadOptions, ReadOptions, WriteOptions};
use statedict_tests::histories::{History, Node, Old, Random};

/// How many histories are loaded into models that are made at run time.
const SEEDS: u64 = 250;

/// The histories whose models are structs that derive: those in `derived.rs`.
const DERIVED: std::ops::Range<u64> = 0..12;

/// Writes a state dict to a file and reads it.
fn through_a_file(map: &StateMap<'_>) -> StateMap<'static> {
    let mut bytes = Vec::new();
    map.write_with(&mut bytes, &WriteOptions::new()).unwrap();
    let document =
        codec::Document::read_with(Source::bytes(bytes), &ReadOptions::default()).unwrap();
    document.state_map().unwrap().into_owned().unwrap()
}

/// The numbers of a state dict.
fn numbers(map: &StateMap<'_>) -> BTreeMap<String, i64> {
    map.iter().map(|(key, view)| (key.to_owned(), view.item().unwrap())).collect()
}

/// Loads an old file into a model of zeros, migrates it by the model's type, and compares.
fn check<M: StateDict>(model: &mut M, old: &Old, options: &LoadOptions, what: &str) {
    let map = through_a_file(&old.map);
    let report =
        model.load_state_dict_with(&map, options).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = numbers(&model.state_dict().unwrap());
    let expected: BTreeMap<String, i64> =
        old.expected.iter().map(|(key, value)| (key.clone(), value.unwrap_or(0))).collect();
    assert_eq!(found, expected, "{what}");
    let absent: Vec<&str> = old
        .expected
        .iter()
        .filter(|(_, value)| value.is_none())
        .map(|(key, _)| key.as_str())
        .collect();
    let mut defaulted: Vec<&str> = report.defaulted.iter().collect();
    defaulted.sort_unstable();
    assert_eq!(defaulted, absent, "{what}");

    let mut migrated = map;
    let done: MapMigration =
        migrated.migrate_with::<M>(options).unwrap_or_else(|error| panic!("{what}: {error}"));
    let known: BTreeMap<String, i64> =
        old.expected.iter().filter_map(|(key, value)| Some((key.clone(), (*value)?))).collect();
    assert_eq!(numbers(&migrated), known, "{what}");
    let mut without: Vec<&str> = done.absent.iter().collect();
    without.sort_unstable();
    assert_eq!(without, absent, "{what}");
    // Once the new tensors are there, it is a file of the newest version.
    for key in absent {
        migrated.insert(key, TensorView::full(0i64, []).unwrap());
    }
    let report = model.load_state_dict(&migrated).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(report.migrations.is_empty() && report.defaulted.is_empty(), "{what}: {report}");
    assert_eq!(numbers(&model.state_dict().unwrap()), expected, "{what}");
}

#[test]
fn files_of_every_version_load_into_the_newest_model() {
    for seed in 0..SEEDS {
        let history = History::new(seed);
        let mut random = Random(!seed);
        for time in 1..=history.newest() {
            let mut old = history.file(&history.versions_at(time), &mut random);
            let mut model: Node<0> = history.model(&mut random);
            check(&mut model, &old, &LoadOptions::new(), &format!("history {seed} at {time}"));

            // The same without versions, for which the time is said.
            *old.map.metadata_mut() = None;
            let assumed = LoadOptions::new().assume_version(u64::try_from(time).unwrap());
            let mut model = history.model(&mut random);
            check(&mut model, &old, &assumed, &format!("history {seed} at {time}, unsaid"));
        }
        let versions = history.any_versions(&mut random);
        let old = history.file(&versions, &mut random);
        let mut model = history.model(&mut random);
        check(&mut model, &old, &LoadOptions::new(), &format!("history {seed} at {versions:?}"));
    }
}

/// Checks all files of one history with its derived model.
fn check_derived<M: StateDict + Default>(seed: u64) {
    let history = History::new(seed);
    let mut random = Random(!seed);
    let times = (1..=history.newest()).map(|time| history.versions_at(time));
    let mixed: Vec<Vec<usize>> = (0..4).map(|_| history.any_versions(&mut random)).collect();
    for versions in times.chain(mixed) {
        let old = history.file(&versions, &mut random);
        let what = format!("derived history {seed} at {versions:?}");
        check(&mut M::default(), &old, &LoadOptions::new(), &what);
    }
}

#[test]
fn derived_models_load_files_of_every_version() {
    for (seed, check) in DERIVED.zip(derived::CHECKS) {
        check(seed);
    }
}

/// To write it again after a change of `History`: `STATEDICT_BLESS=1`.
#[test]
fn derived_models_are_those_of_their_histories() {
    let mut text =
        "//! The newest models of some random histories. Written by the test beside it.\n\n\
                    use super::check_derived;\n\n"
            .to_owned();
    for seed in DERIVED {
        let source = History::new(seed).source(&mut Random(seed));
        writeln!(text, "mod h{seed} {{\n    use statedict::StateDict;\n\n{source}}}\n").unwrap();
    }
    let checks: Vec<String> =
        DERIVED.map(|seed| format!("    check_derived::<h{seed}::C0>,\n")).collect();
    writeln!(
        text,
        "pub(super) const CHECKS: [fn(u64); {}] = [\n{}];",
        checks.len(),
        checks.concat()
    )
    .unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/library/histories/derived.rs");
    if std::env::var_os("STATEDICT_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
