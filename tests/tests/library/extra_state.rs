//! Extra state: where its keys are, who may leave it out, and what a failed load leaves behind.

use std::cell::RefCell;
use std::rc::Rc;

use statedict::load::{AliasPolicy, Atomicity, LoadProblem};
use statedict::prelude::*;
use statedict::value::{Graph, SharedValue, Value};
use statedict::visit::ModelError;
use statedict::{DType, ExtraState, ExtraStateError, KeyMap, LoadOptions, MigrateError, Migration};

/// A module whose extra state is a number; it takes none below zero.
#[derive(StateDict)]
#[state_dict(extra_state)]
struct Counter {
    child: Option<Box<Counter>>,
    #[buffer]
    mean: Vec<f32>,
    #[param]
    weight: Vec<f32>,
    #[skip]
    count: i64,
}

impl ExtraState for Counter {
    fn get_extra_state(&self) -> Graph<'_> {
        Graph::of(self.count)
    }

    fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
        let count = value.as_i64().ok_or_else(|| format!("{value:?} is no count"))?;
        if count < 0 && self.count >= 0 {
            return Err("a count is not negative".into());
        }
        self.count = count;
        Ok(())
    }
}

fn counter(count: i64) -> Counter {
    Counter { child: None, mean: vec![0.5], weight: vec![1.5], count }
}

fn nested(outer: i64, inner: i64) -> Counter {
    Counter { child: Some(Box::new(counter(inner))), ..counter(outer) }
}

fn inner(model: &Counter) -> i64 {
    model.child.as_ref().unwrap().count
}

fn of(value: i64) -> SharedValue {
    SharedValue::of(Graph::of(value).root()).unwrap()
}

fn values(map: &StateMap<'_>) -> Vec<(String, Option<i64>)> {
    map.values().map(|(key, value)| (key.to_owned(), value.value().as_i64())).collect()
}

fn torch() -> LoadOptions {
    LoadOptions::torch()
}

#[test]
fn it_comes_after_the_buffers_and_before_the_children() {
    let model = nested(3, 4);
    let map = model.state_dict().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["weight", "mean", "child.weight", "child.mean"]);
    assert_eq!(
        values(&map),
        [("_extra_state".into(), Some(3)), ("child._extra_state".into(), Some(4))]
    );
    assert_eq!(map.value_position("_extra_state"), Some(2));
    assert_eq!(map.value_position("child._extra_state"), Some(4));
}

#[test]
fn it_goes_through_a_file_and_back_the_same_on_both_roads() {
    let folder = tempfile::tempdir().unwrap();
    let (live, map) = (folder.path().join("a/m.pt"), folder.path().join("b/m.pt"));
    for path in [&live, &map] {
        std::fs::create_dir(path.parent().unwrap()).unwrap();
    }
    let model = nested(3, 4);
    model.save(&live).unwrap();
    model.state_dict().unwrap().save_with(&map, &Default::default()).unwrap();
    assert!(std::fs::read(&live).unwrap() == std::fs::read(&map).unwrap());

    let mut fresh = nested(0, 0);
    let report = fresh.load(&live).unwrap();
    assert_eq!((fresh.count, inner(&fresh)), (3, 4));
    assert_eq!(report.extra_states, ["_extra_state", "child._extra_state"]);
    assert!(report.to_string().contains("loaded 4 tensors and 2 extra states"), "{report}");
}

#[test]
fn one_that_is_a_tensor_is_a_tensor_of_the_state_dict() {
    #[derive(StateDict)]
    #[state_dict(extra_state)]
    struct Scaled {
        #[skip]
        scale: f32,
    }

    impl ExtraState for Scaled {
        fn get_extra_state(&self) -> Graph<'_> {
            Graph::of(TensorView::full(self.scale, []).unwrap())
        }

        fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
            self.scale = value.as_tensor().ok_or("not a tensor")?.item::<f32>()?;
            Ok(())
        }
    }

    let trained = Scaled { scale: 2.5 };
    let map = trained.state_dict().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["_extra_state"]);
    for options in [LoadOptions::new(), torch()] {
        let mut fresh = Scaled { scale: 0.0 };
        let report = fresh.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(fresh.scale, 2.5);
        assert!(report.unexpected.is_empty());
    }
}

#[test]
fn missing_and_unexpected_are_in_their_places_by_both_rules() {
    let model = nested(3, 4);
    let map = model.state_dict().unwrap().into_owned().unwrap();
    let mut partial = map.clone();
    for key in ["mean", "child.weight"] {
        partial.remove(key).unwrap();
    }
    partial.remove_value("_extra_state").unwrap();
    for options in [LoadOptions::new(), torch()] {
        let error = nested(0, 0).load_state_dict_with(&partial, &options).unwrap_err();
        let missing: Vec<&str> = error.missing_keys().collect();
        assert_eq!(missing, ["mean", "_extra_state", "child.weight"]);
        let text = error.to_string();
        let expected = "_extra_state: the extra state of `library::extra_state::Counter`";
        assert!(text.contains(expected), "{text}");
        let report =
            nested(0, 0).check_state_dict_with(&partial, &options.clone().strict(false)).unwrap();
        assert_eq!(report.missing, missing);
        assert_eq!(report.extra_states, ["child._extra_state"]);
    }
}

#[test]
fn a_value_that_no_module_takes_is_never_ignored() {
    #[derive(StateDict)]
    struct Plain {
        #[param]
        weight: Vec<f32>,
    }

    let mut map = Plain { weight: vec![1.0] }.state_dict().unwrap().into_owned().unwrap();
    map.insert_value("_extra_state", of(1));
    map.insert_value("anything", of(2));
    for options in [LoadOptions::new(), torch()] {
        let mut model = Plain { weight: vec![0.0] };
        let error = model.load_state_dict_with(&map, &options).unwrap_err();
        let unexpected: Vec<&str> = error.unexpected_keys().collect();
        assert_eq!(unexpected, ["_extra_state", "anything"]);
        assert!(error.to_string().contains("_extra_state: extra state (int), which no module"));
        assert!(error.to_json().contains(r#""kind":"unexpected","key":"_extra_state""#));
        let report = model.load_state_dict_with(&map, &options.strict(false)).unwrap();
        assert_eq!(report.unexpected, ["_extra_state", "anything"]);
    }
}

#[test]
fn one_that_is_refused_leaves_the_model_as_it_was() {
    let mut map = nested(3, 4).state_dict().unwrap().into_owned().unwrap();
    map.insert_value("child._extra_state", of(-1));
    for atomicity in [Atomicity::Validated, Atomicity::Staged] {
        let mut model = nested(7, 8);
        (model.weight[0], model.mean[0]) = (0.0, 0.0);
        let options = LoadOptions::new().atomicity(atomicity);
        let error = model.load_state_dict_with(&map, &options).unwrap_err();
        assert!(
            error.to_string().contains("child._extra_state: a count is not negative"),
            "{error}"
        );
        assert!(error.nothing_was_written());
        assert_eq!((model.count, inner(&model), model.weight[0]), (7, 8, 0.0));
    }
}

#[test]
fn by_torchs_rules_one_that_is_refused_stops_no_other() {
    let mut map = nested(3, 4).state_dict().unwrap().into_owned().unwrap();
    map.insert_value("_extra_state", of(-1));
    let mut model = nested(7, 8);
    model.weight[0] = 0.0;
    let error = model.load_state_dict_with(&map, &torch()).unwrap_err();
    assert!(
        matches!(&error.problems[..], [LoadProblem::ExtraState { key, .. }] if key == "_extra_state")
    );
    assert!(error.torch_message().ends_with("\n\t_extra_state: a count is not negative"));
    assert_eq!((model.count, inner(&model), model.weight[0]), (7, 4, 1.5));
    assert!(!error.nothing_was_written());
}

#[test]
fn a_tensor_that_is_refused_in_the_end_takes_the_extra_states_back() {
    use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut};
    use statedict::tensor::Shape;

    /// Refuses the first tensor that it is given.
    struct Stubborn(bool);

    impl Tensor for Stubborn {
        fn dtype(&self) -> Result<DType, TensorError> {
            Ok(DType::F32)
        }

        fn shape(&self) -> Shape {
            Shape::from([1])
        }

        fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
            sink(&[0; 4])
        }
    }

    impl TensorMut for Stubborn {
        fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
            match std::mem::replace(&mut self.0, true) {
                true => Ok(()),
                false => Err(TensorError::Library("no".into())),
            }
        }
    }

    #[derive(StateDict)]
    struct Net {
        counter: Counter,
        #[param]
        stubborn: Stubborn,
    }

    let map =
        Net { counter: counter(3), stubborn: Stubborn(false) }.state_dict().unwrap().into_owned();
    let mut net = Net { counter: counter(7), stubborn: Stubborn(false) };
    let options = LoadOptions::new().atomicity(Atomicity::Staged);
    let error = net.load_state_dict_with(&map.unwrap(), &options).unwrap_err();
    assert!(matches!(error.problems[..], [LoadProblem::RolledBack { .. }]), "{error}");
    assert_eq!(net.counter.count, 7);
}

#[derive(StateDict)]
#[alias(again = first)]
struct Tied {
    first: Rc<RefCell<Counter>>,
    #[alias(first)]
    second: Rc<RefCell<Counter>>,
}

fn tied(count: i64) -> Tied {
    let first = Rc::new(RefCell::new(counter(count)));
    Tied { second: Rc::clone(&first), first }
}

#[test]
fn what_is_shared_and_locked_has_it_under_every_name() {
    let model = tied(3);
    let map = model.state_dict().unwrap().into_owned().unwrap();
    let keys = ["first._extra_state", "second._extra_state", "again._extra_state"];
    assert_eq!(values(&map), keys.map(|key| (key.to_owned(), Some(3))));
    for options in [LoadOptions::new(), torch()] {
        let mut fresh = tied(0);
        fresh.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(fresh.first.borrow().count, 3);
    }

    let mut fewer = map.clone();
    fewer.remove_value("first._extra_state").unwrap();
    let report = tied(0).load_state_dict(&fewer).unwrap();
    let pair = ("first._extra_state".to_owned(), "second._extra_state".to_owned());
    assert_eq!(report.satisfied_by_alias, [pair]);

    let mut differing = map.clone();
    differing.insert_value("again._extra_state", of(5));
    let error = tied(0).load_state_dict(&differing).unwrap_err();
    assert!(
        matches!(&error.problems[..], [LoadProblem::Alias { other, .. }] if other == "again._extra_state")
    );
    for (policy, count) in [(AliasPolicy::FirstWins, 3), (AliasPolicy::LastWins, 5)] {
        let mut fresh = tied(0);
        fresh.load_state_dict_with(&differing, &LoadOptions::new().alias(policy)).unwrap();
        assert_eq!(fresh.first.borrow().count, count);
    }

    let mut held = tied(0);
    let other = Rc::clone(&held.first);
    let guard = other.borrow();
    let error = held.load_state_dict(&map).unwrap_err();
    assert!(matches!(error.problems[0], LoadProblem::Model(ModelError::Unavailable { .. })));
    drop(guard);
    assert_eq!(held.first.borrow().count, 0);
}

#[test]
fn a_flattened_modules_comes_after_all_leaves_of_the_module() {
    #[derive(StateDict)]
    struct Net {
        #[flatten]
        counter: Counter,
        #[buffer]
        steps: i64,
    }

    let net = Net { counter: nested(3, 4), steps: 1 };
    let map = net.state_dict().unwrap();
    let keys = ["weight", "mean", "steps", "child.weight", "child.mean"];
    let mut found: Vec<&str> = map.keys().collect();
    found[1..3].sort_unstable();
    assert_eq!(found, keys);
    assert_eq!(map.value_position("_extra_state"), Some(3));
    assert_eq!(map.value_position("child._extra_state"), Some(5));
}

#[test]
fn mappings_keep_it_and_rename_it_with_its_module() {
    let map = nested(3, 4).state_dict().unwrap().into_owned().unwrap();
    let wrapped = map.add_prefix("module").unwrap();
    let keys = ["module._extra_state", "module.child._extra_state"];
    assert_eq!(wrapped.values().map(|(key, _)| key).collect::<Vec<_>>(), keys);
    assert_eq!(wrapped.value_position("module._extra_state"), Some(2));
    assert_eq!(
        values(&wrapped.select_prefix("module.child").unwrap()),
        [("_extra_state".into(), Some(4))]
    );
    let mut consumed = wrapped.clone();
    consumed.consume_prefix_in_state_dict_if_present("module").unwrap();
    assert_eq!(values(&consumed), values(&map));
    let moved = consumed.map_location(&statedict::MapLocation::to("cuda:0")).unwrap();
    assert_eq!(values(&moved), values(&map));
    assert_eq!(moved.value_position("_extra_state"), Some(2));

    let mut fresh = nested(0, 0);
    let options = LoadOptions::new().map_keys(KeyMap::new().strip_prefix("module"));
    fresh.load_state_dict_with(&wrapped, &options).unwrap();
    assert_eq!((fresh.count, inner(&fresh)), (3, 4));
}

#[test]
fn migrations_see_take_make_and_move_it() {
    #[derive(StateDict)]
    #[version(2)]
    #[migrate(to = 2, with = Self::to_v2)]
    struct Net {
        new: Counter,
        other: Counter,
    }

    impl Net {
        fn to_v2(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
            migration.rename("old", "new")?;
            assert!(migration.get("new._extra_state").is_err());
            let count = migration.value("new._extra_state")?.value().as_i64().unwrap_or(0);
            assert_eq!(migration.values().count(), 2);
            let whole = migration.take_value("_extra_state")?;
            assert!(migration.insert_value("new._extra_state", whole).is_err());
            migration.insert_value("other._extra_state", of(count + 10))
        }
    }

    let parts = nested(1, 1).state_dict().unwrap().into_owned().unwrap();
    let mut map = StateMap::new();
    for name in ["old", "other"] {
        map.insert(format!("{name}.weight"), parts.get("weight").unwrap().clone());
        map.insert(format!("{name}.mean"), parts.get("mean").unwrap().clone());
    }
    map.insert_value("old._extra_state", of(3));
    map.insert_value("_extra_state", of(0));
    let mut net = Net { new: counter(0), other: counter(0) };
    let report = net.load_state_dict(&map).unwrap();
    assert_eq!((net.new.count, net.other.count), (3, 13));
    assert_eq!(report.migrations[0].removed, ["_extra_state"]);
    assert_eq!(report.migrations[0].inserted, ["other._extra_state"]);
}

#[test]
fn of_a_child_that_came_later_it_may_be_absent() {
    #[derive(StateDict)]
    #[version(2)]
    struct Net {
        #[param]
        weight: Vec<f32>,
        #[since(2)]
        counter: Counter,
    }

    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(vec![1.0f32], [1]).unwrap());
    for options in [LoadOptions::new(), torch()] {
        let mut net = Net { weight: vec![0.0], counter: counter(9) };
        let report = net.load_state_dict_with(&map, &options).unwrap();
        assert!(report.defaulted.contains("counter._extra_state"));
        assert_eq!(net.counter.count, 9);
    }
}
