//! A module's history by attributes, and its hooks.

use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::visit::Loaded;
use statedict::{LoadOptions, MigrateError, Migration};

fn tensor(values: &[f32]) -> TensorView<'static> {
    TensorView::from_vec(values.to_vec(), [values.len()]).unwrap()
}

/// A state dict whose modules have these versions.
fn saved(versions: &[(&str, u64)], entries: &[(&str, &[f32])]) -> StateMap<'static> {
    let mut map: StateMap<'_> =
        entries.iter().map(|&(key, values)| (key.to_owned(), tensor(values))).collect();
    let mut metadata = Metadata::default();
    for &(path, version) in versions {
        metadata.insert(path, ModuleMetadata::with_version(version));
    }
    *map.metadata_mut() = Some(metadata);
    map
}

#[derive(StateDict, Debug, PartialEq)]
#[version(4)]
#[removed(since = 2, "scratch", "old_norm.mean")]
#[migrate(to = 3, with = Self::to_v3)]
struct Block {
    #[param]
    #[renamed(since = 2, from = "w")]
    #[renamed(since = 4, from = "kernel")]
    weight: [f32; 2],
    #[param]
    #[since(4)]
    bias: [f32; 1],
}

impl Block {
    /// Version 2 stored the weight with the other sign.
    fn to_v3(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        assert_eq!(migration.to_version(), 3);
        let old = migration.take("kernel")?;
        let values: Vec<f32> = old.to_vec::<f32>()?.into_iter().map(|value| -value).collect();
        migration.insert("kernel", TensorView::from_vec(values, [2])?)
    }
}

fn block() -> Block {
    Block { weight: [0.0; 2], bias: [7.0] }
}

#[test]
fn every_version_since_the_first_loads() {
    let v1: &[(&str, &[f32])] =
        &[("w", &[1.0, 2.0]), ("scratch", &[0.0]), ("old_norm.mean", &[0.0])];
    let v2: &[(&str, &[f32])] = &[("kernel", &[1.0, 2.0])];
    let v3: &[(&str, &[f32])] = &[("kernel", &[-1.0, -2.0])];
    let v4: &[(&str, &[f32])] = &[("weight", &[-1.0, -2.0]), ("bias", &[7.0])];
    for (version, entries) in [(1, v1), (2, v2), (3, v3), (4, v4)] {
        let mut model = block();
        let report = model.load_state_dict(&saved(&[("", version)], entries)).unwrap();
        assert_eq!(model, Block { weight: [-1.0, -2.0], bias: [7.0] }, "version {version}");
        assert_eq!(report.defaulted.len(), usize::from(version < 4));
        if version == 1 {
            let removed = &report.migrations[0].removed;
            assert!(removed.contains("scratch"), "{report}");
            assert!(removed.contains("old_norm.mean"), "{report}");
        }
    }
    assert_eq!(block().state_dict().unwrap().version(""), Some(4));
}

#[test]
fn steps_are_those_of_the_version_that_is_found() {
    let mut model = block();
    // Version 4 has no `kernel`: it is not renamed any more.
    let map = saved(&[("", 4)], &[("kernel", &[1.0, 2.0]), ("bias", &[1.0])]);
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(error.missing_keys().collect::<Vec<_>>(), ["weight"]);
    assert_eq!(error.unexpected_keys().collect::<Vec<_>>(), ["kernel"]);
    assert_eq!(model, block());
}

#[derive(StateDict)]
#[state_dict(pre_load = Self::strip, post_load = Self::loaded)]
struct Inner {
    #[param]
    weight: [f32; 1],
    #[param]
    bias: [f32; 1],
    #[skip]
    log: Vec<String>,
}

impl Inner {
    /// Checkpoints come with a wrapper's prefix or without.
    fn strip(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        if migration.contains("module") {
            migration.rename("module.weight", "weight")?;
            migration.rename("module.bias", "bias")?;
        }
        if migration.contains("forbidden") {
            return Err(MigrateError::message("this one is forbidden"));
        }
        Ok(())
    }

    fn loaded(&mut self, loaded: &Loaded) {
        self.log.push(format!("missing {:?}", loaded.missing_keys()));
        // The hook may change the module: its values are what was loaded.
        self.weight[0] *= 2.0;
    }
}

#[derive(StateDict)]
#[state_dict(post_load = Self::loaded)]
struct Outer {
    inner: Inner,
    last: Option<Box<Inner>>,
    #[skip]
    log: Vec<String>,
}

impl Outer {
    fn loaded(&mut self, loaded: &Loaded) {
        // The hooks below have run.
        self.log.push(format!("{} {:?}", self.inner.weight[0], loaded.missing_keys()));
    }
}

fn outer() -> Outer {
    let inner = || Inner { weight: [0.0], bias: [0.0], log: Vec::new() };
    Outer { inner: inner(), last: Some(Box::new(inner())), log: Vec::new() }
}

#[test]
fn hooks_run_on_the_modules_own_part() {
    let mut model = outer();
    let map = saved(
        &[],
        &[("inner.module.weight", &[1.0]), ("inner.module.bias", &[2.0]), ("last.weight", &[3.0])],
    );
    let report = model.load_state_dict_with(&map, &LoadOptions::new().strict(false)).unwrap();
    assert_eq!(report.missing, ["last.bias"]);
    assert_eq!((model.inner.weight, model.inner.bias), ([2.0], [2.0]));
    assert_eq!(model.inner.log, ["missing []"]);
    let last = model.last.as_ref().unwrap();
    assert_eq!((last.weight, &last.log[..]), ([6.0], &["missing [\"bias\"]".to_owned()][..]));
    assert_eq!(model.log, ["2 [\"last.bias\"]"]);
}

#[test]
fn a_hook_that_fails_stops_the_load_before_anything_is_written() {
    let mut model = outer();
    let map = saved(&[], &[("inner.forbidden", &[1.0]), ("inner.weight", &[1.0])]);
    let error = model.load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("`pre_load` of"), "{error}");
    assert!(error.to_string().contains("this one is forbidden"), "{error}");
    assert!(error.nothing_was_written() && model.log.is_empty() && model.inner.log.is_empty());
}

#[derive(StateDict)]
#[state_dict(pre_save = Self::count, post_save = Self::outer, pre_load = Self::undo)]
struct Saved {
    inner: Renamed,
    #[skip]
    saves: std::cell::Cell<usize>,
}

#[derive(StateDict)]
#[state_dict(post_save = Self::rename)]
struct Renamed {
    #[param]
    weight: [f32; 1],
}

impl Renamed {
    fn rename(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.rename("weight", "w")
    }
}

impl Saved {
    fn count(&self) {
        self.saves.set(self.saves.get() + 1);
    }

    /// What the modules below did is there.
    fn outer(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.rename("inner.w", "module.inner.w")
    }

    fn undo(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.rename("module.inner.w", "inner.weight")
    }
}

#[test]
fn hooks_of_saving_run_once_for_each_state_dict() {
    let mut model = Saved { inner: Renamed { weight: [1.0] }, saves: std::cell::Cell::new(0) };
    let map = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["module.inner.w"]);
    assert_eq!(model.named_parameters()[0].0, "inner.weight");
    assert_eq!((model.num_parameters(), model.saves.get()), (1, 1));

    let folder = statedict_tests::temp_dir();
    let path = folder.path().join("model.pt");
    model.save(&path).unwrap();
    assert_eq!(model.saves.get(), 2);
    model.inner.weight = [0.0];
    model.load(&path).unwrap();
    assert_eq!((model.inner.weight, model.saves.get()), ([1.0], 2));
}

#[test]
fn a_hook_that_fails_is_an_error_of_saving() {
    #[derive(StateDict)]
    #[state_dict(post_save = Self::fail)]
    struct Failing {}

    impl Failing {
        fn fail(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
            migration.rename("weight", "w")
        }
    }

    let error = vec![Failing {}].state_dict().unwrap_err();
    assert_eq!(error.to_string(), "`post_save` of 0: there is no `weight`");
}
