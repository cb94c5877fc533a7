//! Migrations: files of older generations into the newest model, compared with what torch's own
//! `_load_from_state_dict` makes of them; and every way in which a step can go wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use statedict::load::LoadProblem;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::tensor::{Storage, StorageError, Storages};
use statedict::{DType, MigrateError, Migration};
use statedict_tests::generations::{Encoder, WIDTH};
use statedict_tests::{Description, fixtures_folder};

fn generation(name: &str) -> PathBuf {
    fixtures_folder().join("generations").join(name)
}

/// What torch says: the third generation before, and after loading each file.
fn expected() -> BTreeMap<String, Description> {
    let text = std::fs::read_to_string(generation("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A third-generation model with the elements torch's had.
fn fresh(expected: &BTreeMap<String, Description>) -> Encoder {
    let mut model = Encoder::zeros();
    model.load_state_dict(&expected["fresh"].to_map()).unwrap();
    model
}

#[test]
fn every_generation_becomes_what_torch_makes_of_it() {
    let expected = expected();
    for name in ["v1.pt", "v2.pt", "v3.pt"] {
        let mut model = fresh(&expected);
        model.load(generation(name)).unwrap();
        Description::of(&model.state_dict().unwrap()).assert_is(&expected[name]);
    }
}

#[test]
fn the_report_says_what_each_module_went_through() {
    let mut model = Encoder::zeros();
    let report = model.load(generation("v1.pt")).unwrap();
    let root = &report.migrations[0];
    assert_eq!((root.path.as_str(), root.found, root.current), ("", None, 2));
    assert_eq!(root.renamed, [("first".to_owned(), "stem".to_owned())]);
    let stem = &report.migrations[1];
    assert_eq!((stem.path.as_str(), stem.found, stem.current), ("stem", None, 3));
    let renamed = [("stem.old_gate", "stem.gate"), ("stem.ln", "stem.norm")];
    assert_eq!(stem.renamed, renamed.map(|(from, to)| (from.to_owned(), to.to_owned())));
    assert_eq!(stem.removed, ["stem.scale", "stem.in_proj_weight"]);
    assert_eq!(stem.inserted, ["stem.q", "stem.k", "stem.v"]);
    assert_eq!(stem.changed, ["stem.gate"]);
    assert_eq!(report.defaulted, ["stem.bias", "blocks.0.bias", "blocks.1.bias"]);

    let report = model.load(generation("v2.pt")).unwrap();
    let paths: Vec<&str> = report.migrations.iter().map(|module| module.path.as_str()).collect();
    assert_eq!(paths, ["stem", "blocks.0", "blocks.1"]);
    assert_eq!(report.migrations[0].found, Some(2));
    assert!(report.migrations[0].renamed.is_empty());

    let report = model.load(generation("v3.pt")).unwrap();
    assert!(report.migrations.is_empty() && report.defaulted.is_empty());
}

#[test]
fn a_saved_model_has_the_newest_versions() {
    let mut model = Encoder::zeros();
    model.load(generation("v1.pt")).unwrap();
    let map = model.state_dict().unwrap();
    assert_eq!(map.version(""), Some(2));
    assert_eq!(map.version("blocks.1"), Some(3));
}

#[test]
fn the_state_dict_that_was_loaded_is_as_it_was() {
    let map = StateMap::load(generation("v1.pt")).unwrap();
    let before = Description::of(&map);
    Encoder::zeros().load_state_dict(&map).unwrap();
    Description::of(&map).assert_is(&before);
}

#[test]
fn a_step_that_fails_leaves_the_model_untouched_and_is_named() {
    let mut map = StateMap::load(generation("v2.pt")).unwrap();
    map.insert("blocks.0.q", TensorView::full(1.0f32, [WIDTH, WIDTH]).unwrap());
    map.remove("blocks.1.in_proj_weight");
    let expected = expected();
    let mut model = fresh(&expected);
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(matches!(&error.problems[..], [
        LoadProblem::Migration { path: first, to: 3, source: MigrateError::Collision { key }, .. },
        LoadProblem::Migration { path: second, to: 3, source: MigrateError::NoSuchKey { .. }, .. },
    ] if first == "blocks.0" && key == "q" && second == "blocks.1"));
    let text = error.to_string();
    assert!(text.contains("migration   blocks.0: the step of `"), "{text}");
    assert!(text.contains("to version 3: there already is a `q`"), "{text}");
    Description::of(&model.state_dict().unwrap()).assert_is(&expected["fresh"]);
}

#[test]
fn what_a_migration_leaves_over_is_unexpected() {
    let mut map = StateMap::load(generation("v2.pt")).unwrap();
    map.insert("stem.rest", TensorView::full(1.0f32, [1]).unwrap());
    let error = Encoder::zeros().load_state_dict(&map).unwrap_err();
    assert_eq!(error.unexpected_keys().collect::<Vec<_>>(), ["stem.rest"]);
}

/// Storages that count how often their bytes are asked for.
struct Counted {
    nbytes: usize,
    reads: Arc<AtomicUsize>,
}

impl Storages for Counted {
    fn nbytes(&self, _: u32) -> usize {
        self.nbytes
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(Cow::Owned(vec![0; self.nbytes]))
    }
}

#[test]
fn two_gigabytes_of_renames_and_views_read_no_bytes() {
    #[derive(StateDict)]
    #[version(2)]
    #[migrate(to = 2, with = Self::to_v2)]
    struct Large {
        #[param]
        #[renamed(since = 2, from = "old")]
        new: CpuTensor,
        #[param]
        left: CpuTensor,
    }
    impl Large {
        fn to_v2(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
            migration.split("both", 0, &[("left", 1 << 14), ("right", 1 << 14)])?;
            migration.change("right", |right| right.transpose(0, 1)?.reshape([1 << 28]))?;
            migration.remove("right")
        }
    }
    let reads = Arc::new(AtomicUsize::new(0));
    let view = |rows: usize| {
        let storage = Counted { nbytes: rows * (1 << 14) * 4, reads: Arc::clone(&reads) };
        let storage = Storage::new(Arc::new(storage), 0);
        TensorView::contiguous(storage, DType::F32, [rows, 1 << 14], 0).unwrap()
    };
    let mut map = StateMap::new();
    map.insert("old", view(1 << 14));
    map.insert("both", view(1 << 15));
    // One wrong shape, so that everything but the commit happens.
    let zeros = || CpuTensor::zeros(DType::F32, [1]);
    let mut model = Large { new: zeros(), left: zeros() };
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    assert!(error.problems.iter().all(|problem| matches!(problem, LoadProblem::Shape { .. })));
    assert_eq!(reads.load(Ordering::Relaxed), 0);
}

#[test]
fn steps_run_in_order_from_the_version_that_was_found() {
    /// Each step writes the version it leads to behind the others.
    fn write_down(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        let step = i64::try_from(migration.to_version()).unwrap();
        migration.change("trace", |trace| trace.map_elements(move |x: i64| x * 10 + step))
    }
    #[derive(StateDict)]
    #[version(4)]
    #[migrate(to = 4, with = write_down)]
    #[migrate(to = 2, with = write_down)]
    #[migrate(to = 3, with = write_down)]
    struct Traced {
        #[buffer]
        trace: i64,
    }
    for (found, trace) in [(None, 234), (Some(1), 234), (Some(2), 34), (Some(3), 4), (Some(4), 0)] {
        let mut map = StateMap::new();
        map.insert("trace", TensorView::from_vec(vec![0i64], []).unwrap());
        *map.metadata_mut() = found.map(|version| {
            let mut metadata = Metadata::default();
            metadata.insert("", ModuleMetadata::with_version(version));
            metadata
        });
        let mut model = Traced { trace: -1 };
        model.load_state_dict(&map).unwrap();
        assert_eq!(model.trace, trace, "from {found:?}");
    }
}

#[test]
fn a_step_is_tested_alone() {
    let mut map = StateMap::new();
    let packed: Vec<f32> = (0u8..48).map(f32::from).collect();
    map.insert("in_proj_weight", TensorView::from_vec(packed, [3 * WIDTH, WIDTH]).unwrap());
    map.insert("gate", TensorView::full(1.0f32, [2, WIDTH]).unwrap());
    let map = Migration::run_alone(map, statedict_tests::generations::Block::to_v3).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["q", "k", "v", "gate"]);
    assert_eq!(map.get("k").unwrap().to_vec::<f32>().unwrap()[0], 16.0);
}

#[test]
fn a_file_that_says_no_version_may_be_new_already() {
    let mut map = StateMap::load(generation("v3.pt")).unwrap();
    *map.metadata_mut() = None;
    // The renames find nothing to do; the step of code does not find what it needs, and says so.
    let error = Encoder::zeros().load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("there is no `in_proj_weight`"), "{error}");
}

/// Declares a model of tensors, and what a state dict of theirs becomes.
macro_rules! renamed {
    ($(#[$meta:meta])* { $($(#[$field:meta])* $name:ident),* }) => {{
        #[derive(StateDict)]
        #[version(2)]
        $(#[$meta])*
        struct Net { $(#[param] $(#[$field])* $name: i64),* }
        |names: &[&str]| -> Vec<(&'static str, i64)> {
            let mut map = StateMap::new();
            for (number, name) in (1i64..).zip(names) {
                map.insert(*name, TensorView::full(number, []).unwrap());
            }
            map.metadata_mut().insert(Metadata::default()).insert("", ModuleMetadata::with_version(1));
            let mut net = Net { $($name: 0),* };
            net.load_state_dict(&map).unwrap();
            map.migrate::<Net>().unwrap();
            let loaded = vec![$((stringify!($name), net.$name)),*];
            // Without a value of the model the names change alike.
            for &(name, value) in loaded.iter().filter(|(_, value)| *value != 0) {
                assert_eq!(map.get(name).unwrap().item::<i64>().unwrap(), value);
            }
            loaded
        }
    }};
}

#[test]
fn the_renames_of_a_version_happen_at_once_in_any_order() {
    let shift = renamed!({
        #[since(2)] c1,
        #[renamed(since = 2, from = "c1")] c2,
        #[renamed(since = 2, from = "c2")] c3
    });
    assert_eq!(shift(&["c1", "c2"]), [("c1", 0), ("c2", 1), ("c3", 2)]);
    let back = renamed!({
        #[renamed(since = 2, from = "c2")] c3,
        #[renamed(since = 2, from = "c1")] c2,
        #[since(2)] c1
    });
    assert_eq!(back(&["c2", "c1"]), [("c3", 1), ("c2", 2), ("c1", 0)]);
    let exchange = renamed!({
        #[renamed(since = 2, from = "b")] a,
        #[renamed(since = 2, from = "a")] b
    });
    assert_eq!(exchange(&["a", "b"]), [("a", 2), ("b", 1)]);
    let cycle = renamed!({
        #[renamed(since = 2, from = "b")] a,
        #[renamed(since = 2, from = "c")] b,
        #[renamed(since = 2, from = "a")] c
    });
    assert_eq!(cycle(&["a", "b", "c"]), [("a", 2), ("b", 3), ("c", 1)]);
}

#[test]
fn children_change_places_with_their_versions() {
    #[derive(StateDict)]
    #[version(3)]
    struct Leaf {
        #[param]
        #[since(3)]
        w: i64,
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "b")]
        a: Leaf,
        #[renamed(since = 2, from = "a")]
        b: Leaf,
    }
    let mut map = StateMap::new();
    map.insert("a.w", TensorView::full(1i64, []).unwrap());
    let metadata = map.metadata_mut().insert(Metadata::default());
    for (path, version) in [("", 1), ("a", 3), ("b", 2)] {
        metadata.insert(path, ModuleMetadata::with_version(version));
    }
    let mut net = Net { a: Leaf { w: 0 }, b: Leaf { w: 0 } };
    // `b` is older than its tensor, and `a` is not: what they are called now goes by that.
    let report = net.load_state_dict(&map).unwrap();
    assert_eq!(report.defaulted, ["a.w"]);
    assert_eq!((net.a.w, net.b.w), (0, 1));
}
