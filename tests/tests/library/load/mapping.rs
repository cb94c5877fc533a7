//! Other names for the keys of a state dict: collisions are errors, and the modules' versions follow.

use statedict::load::LoadProblem;
use statedict::mapping::KeyMapError;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{KeyMap, LoadOptions};

fn map(keys: &[&str], metadata: &[(&str, u64)]) -> StateMap<'static> {
    let tensor =
        |index: usize| TensorView::from_vec(vec![i64::try_from(index).unwrap()], []).unwrap();
    let entries = keys.iter().enumerate().map(|(index, &key)| (key.to_owned(), tensor(index)));
    let mut map = StateMap::from_iter(entries);
    let mut modules = Metadata::default();
    for &(path, version) in metadata {
        modules.insert(path, ModuleMetadata::with_version(version));
    }
    *map.metadata_mut() = Some(modules);
    map
}

fn keys<'m>(map: &'m StateMap<'_>) -> Vec<&'m str> {
    map.keys().collect()
}

fn modules<'m>(map: &'m StateMap<'_>) -> Vec<(&'m str, Option<u64>)> {
    map.metadata().unwrap().iter().map(|(path, entry)| (path, entry.version())).collect()
}

const WRAPPED: &[(&str, u64)] = &[("", 1), ("module", 4), ("module.bn", 2)];

#[test]
fn a_wrapper_is_stripped_with_its_record_and_others_keep_theirs() {
    let wrapped = map(&["epoch", "module.bn.weight", "module.fc"], WRAPPED);
    for prefix in ["module.", "module"] {
        let stripped = wrapped.strip_prefix(prefix).unwrap();
        assert_eq!(keys(&stripped), ["epoch", "bn.weight", "fc"]);
        assert_eq!(modules(&stripped), [("", Some(4)), ("bn", Some(2))]);
    }
    // Whole segments only.
    let other = map(&["modules.x", "module"], &[("modules", 3)]);
    assert_eq!(keys(&other.strip_prefix("module").unwrap()), ["modules.x", "module"]);
    assert_eq!(modules(&other.strip_prefix("module").unwrap()), [("modules", Some(3))]);
}

#[test]
fn adding_and_selecting_a_prefix_undo_each_other() {
    let plain = map(&["bn.weight", "fc"], &[("", 4), ("bn", 2)]);
    let added = plain.add_prefix("backbone.").unwrap();
    assert_eq!(keys(&added), ["backbone.bn.weight", "backbone.fc"]);
    assert_eq!(modules(&added), [("backbone", Some(4)), ("backbone.bn", Some(2))]);
    let back = added.select_prefix("backbone").unwrap();
    assert_eq!((keys(&back), modules(&back)), (keys(&plain), modules(&plain)));
    let error = plain.select_prefix("head").unwrap_err();
    assert_eq!(error, KeyMapError::NothingSelected { prefix: "head.".into() });
}

#[test]
fn two_keys_never_become_one() {
    let both = map(&["fc", "module.fc"], WRAPPED);
    let error = both.strip_prefix("module").unwrap_err();
    let expected =
        KeyMapError::Collision { first: "fc".into(), second: "module.fc".into(), to: "fc".into() };
    assert_eq!(error, expected);
    let mut same = both.clone();
    assert_eq!(same.consume_prefix_in_state_dict_if_present("module.").unwrap_err(), expected);
    assert_eq!((keys(&same), modules(&same)), (keys(&both), modules(&both)));

    let versions = map(&["module.bn.weight"], &[("bn", 1), ("module.bn", 2)]);
    let error = versions.strip_prefix("module").unwrap_err();
    assert!(matches!(error, KeyMapError::ModuleCollision { .. }), "{error}");
    let error = both.revise_keys(&[("^.*$", "same")]).unwrap_err();
    assert_eq!(error.to_string(), "the keys `fc` and `module.fc` would both become `same`");
}

#[test]
fn patterns_rename_modules_as_they_rename_keys() {
    let old = map(
        &["module.layer1.0.w", "module.layer12.0.w"],
        &[("", 1), ("module", 1), ("module.layer1", 3), ("module.layer12.0", 5)],
    );
    let rules = [(r"^module\.", ""), (r"^layer(\d+)\.", r"stages.\1.")];
    let revised = old.revise_keys(&rules).unwrap();
    assert_eq!(keys(&revised), ["stages.1.0.w", "stages.12.0.w"]);
    assert_eq!(modules(&revised), [("", Some(1)), ("stages.1", Some(3)), ("stages.12.0", Some(5))]);
    assert!(matches!(old.revise_keys(&[("(", "")]), Err(KeyMapError::Pattern { .. })));
}

#[test]
fn a_load_maps_keys_first_and_reports_what_it_did() {
    #[derive(StateDict, Debug, PartialEq)]
    #[version(2)]
    struct Norm {
        #[param]
        weight: i64,
        #[buffer]
        #[since(2)]
        count: i64,
    }
    // Version 1 under its wrapped name: the count may be absent.
    let file = map(&["model.norm.weight", "head.weight"], &[("model.norm", 1), ("head", 9)]);
    let options = LoadOptions::new().map_keys(KeyMap::new().select_prefix("model.norm"));
    let mut norm = Norm { weight: 5, count: 7 };
    let report = norm.load_state_dict_with(&file, &options).unwrap();
    assert_eq!(norm, Norm { weight: 0, count: 7 });
    assert_eq!(report.renamed, [("model.norm.weight".to_owned(), "weight".to_owned())]);
    assert_eq!(report.dropped, ["head.weight"]);
    assert_eq!(report.defaulted, ["count"]);
    let text = report.to_string();
    assert!(
        text.contains("renamed     model.norm.weight -> weight")
            && text.contains("dropped     head.weight"),
        "{text}"
    );

    let both = map(&["weight", "m.weight"], &[]);
    let strip = LoadOptions::new().map_keys(KeyMap::new().strip_prefix("m"));
    let error = norm.load_state_dict_with(&both, &strip).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::KeyMap(KeyMapError::Collision { .. })]));
    assert!(error.nothing_was_written());
}
