//! The version that a file says, or does not say, and what it decides.

use statedict::load::LoadProblem;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::value::{Graph, SharedValue};
use statedict::visit::{
    ByMut, ByRef, Change, Content, Description, Field, FieldTable, ModuleInfo, Visitor,
};
use statedict::{KeyMap, LoadOptions, MigrateError, Migration};

fn file(keys: &[&str], versions: &[(&str, u64)]) -> StateMap<'static> {
    let mut map = StateMap::new();
    for (number, key) in (1i64..).zip(keys) {
        map.insert(*key, TensorView::full(number, []).unwrap());
    }
    if !versions.is_empty() {
        let metadata = map.metadata_mut().insert(Metadata::default());
        for &(path, version) in versions {
            metadata.insert(path, ModuleMetadata::with_version(version));
        }
    }
    map
}

/// What a load into a module of version 3 makes of the version that a file says, or does not say.
#[test]
fn versions_are_compared_exactly() {
    #[derive(StateDict)]
    #[version(3)]
    #[removed(since = 2, "x")]
    struct Net {
        #[param]
        #[renamed(since = 3, from = "b")]
        c: i64,
        plain: Plain,
    }
    #[derive(StateDict)]
    struct Plain {}
    let load = |found: Option<u64>, plain: Option<u64>, keys: &[&str], options: &LoadOptions| {
        let mut map = file(keys, &[]);
        let metadata = map.metadata_mut().insert(Metadata::default());
        for (path, version) in [("", found), ("plain", plain)] {
            metadata.insert(path, ModuleMetadata::default().set_version(version));
        }
        let mut net = Net { c: 0, plain: Plain {} };
        let loaded = net.load_state_dict_with(&map, options);
        loaded.map(|report| {
            assert_ne!(net.c, 0);
            let news = report.migrations.iter();
            news.map(|module| (module.path.clone(), module.found, module.current))
                .collect::<Vec<_>>()
        })
    };
    let (options, newer) = (LoadOptions::new(), LoadOptions::new().allow_newer_versions(true));
    let root = |found| (String::new(), found, 3);
    for found in [None, Some(0), Some(1)] {
        assert_eq!(load(found, Some(1), &["x", "b"], &options).unwrap(), [root(found)]);
    }
    // From version 2 on `x` is not removed, and from version 3 on `b` is not renamed.
    assert_eq!(load(Some(2), Some(1), &["b"], &options).unwrap(), [root(Some(2))]);
    assert!(load(Some(2), Some(1), &["x", "b"], &options).is_err());
    assert_eq!(load(Some(3), Some(1), &["c"], &options).unwrap(), []);
    assert!(load(Some(3), Some(1), &["b"], &options).is_err());
    let error = load(Some(4), Some(1), &["c"], &options).unwrap_err();
    assert!(matches!(
        &error.problems[..],
        [LoadProblem::NewerVersion { found: 4, current: 3, .. }]
    ));
    assert_eq!(load(Some(4), Some(1), &["c"], &newer).unwrap(), [root(Some(4))]);
    // A module of version 1 that says nothing is no news; one that says another version is.
    assert_eq!(load(Some(3), None, &["c"], &options).unwrap(), []);
    let plain = [("plain".to_owned(), Some(0), 1)];
    assert_eq!(load(Some(3), Some(0), &["c"], &options).unwrap(), plain);
    assert!(load(Some(3), Some(2), &["c"], &options).is_err());
}

#[test]
fn a_child_that_came_later_runs_no_steps_of_its_own() {
    #[derive(StateDict)]
    #[version(2)]
    #[migrate(to = 2, with = split)]
    struct Pair {
        #[param]
        left: i64,
        #[param]
        right: i64,
        inner: Vec<Deep>,
    }
    #[derive(StateDict)]
    #[version(3)]
    #[migrate(to = 3, with = fail)]
    struct Deep {
        #[param]
        w: i64,
    }
    fn split(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        let both = migration.take("both")?;
        migration.insert("left", both.clone())?;
        migration.insert("right", both)
    }
    fn fail(_: &mut Migration<'_>) -> Result<(), MigrateError> {
        Err(MigrateError::message("it is not there"))
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "pair")]
        old: Pair,
        #[since(2)]
        pair: Pair,
    }
    let pair =
        |count| Pair { left: 0, right: 0, inner: (0..count).map(|_| Deep { w: 7 }).collect() };
    let mut net = Net { old: pair(0), pair: pair(2) };
    let report = net.load_state_dict(&file(&["pair.both"], &[])).unwrap();
    assert_eq!((net.old.right, net.pair.right, net.pair.inner[1].w), (1, 0, 7));
    let absent = ["pair.left", "pair.right", "pair.inner.0.w", "pair.inner.1.w"];
    assert_eq!(report.defaulted, absent);
    assert!(report.migrations.iter().all(|module| !module.path.starts_with("pair")), "{report}");

    let mut map = file(&["pair.both"], &[]);
    map.migrate::<Net>().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["old.left", "old.right"]);
    // Whatever is put there is of the newest version.
    assert_eq!((map.version("old"), map.version("pair")), (Some(2), Some(2)));

    // Where a file has something of it, its steps run.
    let mut net = Net { old: pair(0), pair: pair(0) };
    let both = file(&["old.both", "pair.both"], &[("", 2)]);
    net.load_state_dict(&both).unwrap();
    assert_eq!((net.old.right, net.pair.right), (1, 2));
    // So do those of a child that every version has.
    let error = net.load_state_dict(&file(&[], &[])).unwrap_err();
    assert!(error.to_string().contains("old: the step of"), "{error}");
}

#[test]
fn a_modules_entry_keeps_what_else_it_holds() {
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "a")]
        b: Leaf,
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Leaf {
        #[param]
        w: i64,
    }
    let mut map = file(&["a.w"], &[]);
    let mut entry = ModuleMetadata::with_version(1);
    let value = Graph::of("kept");
    let value = SharedValue::of(value.root()).unwrap();
    entry.insert_extra("note", value.clone());
    let metadata = map.metadata_mut().insert(Metadata::default());
    metadata.insert("a", entry);
    metadata.insert("", ModuleMetadata::with_version(1));
    map.migrate::<Net>().unwrap();
    let entry = map.metadata().unwrap().get("b").unwrap();
    assert_eq!(entry.version(), Some(2));
    assert_eq!(entry.extra().collect::<Vec<_>>(), [("note", &value)]);
    assert!(map.metadata().unwrap().get("a").is_none());
    let _ = Net { b: Leaf { w: 0 } };
}

/// A module whose value came with its version 2, from nothing.
#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = Self::fill)]
struct Scale {
    #[param]
    scale: i64,
}

impl Scale {
    fn fill(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        if migration.contains("old") {
            return migration.rename("old", "scale");
        }
        migration.insert("scale", TensorView::full(9i64, [])?)
    }
}

#[test]
fn a_child_that_a_file_has_runs_its_steps_whenever_it_came() {
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[since(2)]
        scale: Scale,
    }
    let load = |map: &StateMap<'_>| {
        let mut net = Net { scale: Scale { scale: 0 } };
        net.load_state_dict(map).map(|_| net.scale.scale)
    };
    // Nothing of it: the value stays.
    assert_eq!(load(&file(&[], &[])).unwrap(), 0);
    assert_eq!(load(&file(&[], &[("", 1)])).unwrap(), 0);
    // A key, or a record alone.
    assert_eq!(load(&file(&["scale.old"], &[])).unwrap(), 1);
    assert_eq!(load(&file(&[], &[("scale", 1)])).unwrap(), 9);
    // A file of the version that has it.
    assert_eq!(load(&file(&[], &[("", 2)])).unwrap(), 9);
}

#[test]
fn a_version_that_is_no_number_is_refused_where_it_means_something() {
    #[derive(StateDict)]
    struct Plain {
        #[param]
        scale: i64,
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Versioned {
        #[param]
        scale: i64,
    }
    let graph = Graph::of("two");
    let mut map = file(&["scale"], &[("", 1)]);
    let mut entry = ModuleMetadata::default();
    entry.insert_extra("version", SharedValue::of(graph.root()).unwrap());
    map.metadata_mut().as_mut().unwrap().insert("", entry);
    let mut plain = Plain { scale: 0 };
    plain.load_state_dict(&map).unwrap();
    assert_eq!(plain.scale, 1);
    let error = Versioned { scale: 0 }.load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("the file says that it is of version"), "{error}");
    assert!(Scale { scale: 0 }.load_state_dict(&map).is_err());
}

/// A module that is written by hand may have had a version 0.
struct ByHand(i64);

impl StateDict for ByHand {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.module(Self::describe().table(), &mut [Content::tensor(&self.0)]);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.module(Self::describe().table(), &mut [Content::tensor_mut(&mut self.0)]);
    }

    fn describe() -> Description {
        Description::Module(
            const {
                &FieldTable {
                    info: ModuleInfo::new("ByHand").with_changes(&[Change::Renamed {
                        since: 1,
                        from: "a",
                        to: "b",
                    }]),
                    fields: &[Field::parameter("b")],
                }
            },
        )
    }
}

#[test]
fn what_says_no_version_is_older_than_version_1() {
    for versions in [&[][..], &[("", 0)]] {
        let mut model = ByHand(0);
        model.load_state_dict(&file(&["a"], versions)).unwrap();
        assert_eq!(model.0, 1);
    }
    assert!(ByHand(0).load_state_dict(&file(&["a"], &[("", 1)])).is_err());
}

#[test]
fn the_keys_keep_the_files_order() {
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[renamed(since = 2, from = "z")]
        a: Leaf,
        #[param]
        #[renamed(since = 2, from = "a")]
        z: i64,
    }
    #[derive(StateDict)]
    #[version(2)]
    struct Leaf {
        #[param]
        #[renamed(since = 2, from = "x")]
        w: i64,
        #[param]
        b: i64,
    }
    let mut map = file(&["z.x", "a", "z.b"], &[("", 1), ("z", 1)]);
    map.migrate::<Net>().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["a.w", "z", "a.b"]);
    let _ = Net { a: Leaf { w: 0, b: 0 }, z: 0 };
}

#[test]
fn a_hook_of_one_module_leaves_the_versions_of_others() {
    let options = LoadOptions::new().pre_load_at("0", |_| {});
    let mut model = vec![Scale { scale: 0 }, Scale { scale: 0 }];
    let map = file(&["0.scale", "1.scale"], &[("", 1), ("0", 2), ("1", 2)]);
    model.load_state_dict_with(&map, &options).unwrap();
    assert_eq!(model[1].scale, 2);
}

#[test]
fn a_step_that_moves_a_module_moves_its_record() {
    #[derive(StateDict)]
    #[version(3)]
    #[migrate(to = 3, with = Self::wrap)]
    struct Outer {
        inner: Scale,
    }
    impl Outer {
        fn wrap(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
            migration.map_keys(&KeyMap::new().add_prefix("inner.")).map(drop)
        }
    }
    let mut model = vec![Outer { inner: Scale { scale: 0 } }];
    // What was the module is the child of one now, and so is its version: 2, to which no step leads.
    model.load_state_dict(&file(&["0.scale"], &[("", 1), ("0", 2)])).unwrap();
    assert_eq!(model[0].inner.scale, 1);
}

#[test]
fn variants_without_a_history_are_known() {
    #[derive(StateDict)]
    struct A {
        #[param]
        a: i64,
    }
    #[derive(StateDict)]
    struct B {
        #[param]
        a: i64,
    }
    #[derive(StateDict)]
    enum Either {
        A(A),
        B(B),
    }
    #[derive(StateDict)]
    enum Old {
        A(A),
        Scale(Scale),
    }
    let mut map = file(&["a"], &[]);
    let done = map.migrate::<Either>().unwrap();
    assert!(done.unknown.is_empty(), "{done}");
    let done = map.migrate::<Old>().unwrap();
    assert_eq!(done.unknown, [""]);
    let _ = [Either::A(A { a: 0 }), Either::B(B { a: 0 })];
    let _ = [Old::A(A { a: 0 }), Old::Scale(Scale { scale: 0 })];
}
