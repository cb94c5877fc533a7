//! Every container, by the keys it gives.

use std::borrow::Cow;
use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

use indexmap::IndexMap;
use statedict::prelude::*;
use statedict::visit::ModelError;
use statedict::{ParameterDict, ParameterList};

#[derive(StateDict, Clone)]
struct Linear {
    #[param]
    weight: f32,
}

fn linear(weight: f32) -> Linear {
    Linear { weight }
}

/// The keys and the modules' paths, after a load that must bring every value back.
#[track_caller]
fn assert_state<M: StateDict>(mut model: M, keys: &[&str], modules: &[&str]) {
    let saved = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.keys().collect::<Vec<_>>(), keys);
    let paths: Vec<&str> = saved.metadata().unwrap().iter().map(|(path, _)| path).collect();
    assert_eq!(paths, modules);
    let changed: StateMap<'_> = keys
        .iter()
        .enumerate()
        .map(|(at, key)| {
            let value = f32::from(u8::try_from(at).unwrap()) + 100.0;
            ((*key).to_owned(), TensorView::from_vec(vec![value], []).unwrap())
        })
        .collect();
    model.load_state_dict(&changed).unwrap();
    let loaded = model.state_dict().unwrap();
    for (key, tensor) in changed.iter() {
        assert_eq!(tensor.bytes().unwrap(), loaded.get(key).unwrap().bytes().unwrap(), "{key}");
    }
}

#[test]
fn owners_add_nothing() {
    assert_state(Box::new(linear(1.0)), &["weight"], &[""]);
    assert_state(Some(linear(1.0)), &["weight"], &[""]);
    assert_state(None::<Linear>, &[], &[]);
    assert_state(Cow::Borrowed(&linear(1.0)), &["weight"], &[""]);
    assert_state(OnceCell::from(linear(1.0)), &["weight"], &[""]);
    assert_state(OnceCell::<Linear>::new(), &[], &[]);
    assert_state(OnceLock::from(linear(1.0)), &["weight"], &[""]);
    assert_state(Box::new(linear(1.0)) as Box<dyn StateDict>, &["weight"], &[""]);
    assert_state(Box::pin(linear(1.0)), &["weight"], &[""]);
    let lazy: LazyLock<Linear, fn() -> Linear> = LazyLock::new(|| linear(1.0));
    assert_state(lazy, &["weight"], &[""]);
    let lazy: LazyCell<Linear, fn() -> Linear> = LazyCell::new(|| linear(1.0));
    assert_state(lazy, &["weight"], &[""]);
}

#[test]
fn handles_and_locks_add_nothing() {
    assert_state(Rc::new(linear(1.0)), &["weight"], &[""]);
    assert_state(Arc::new(linear(1.0)), &["weight"], &[""]);
    assert_state(RefCell::new(linear(1.0)), &["weight"], &[""]);
    assert_state(Mutex::new(linear(1.0)), &["weight"], &[""]);
    assert_state(RwLock::new(linear(1.0)), &["weight"], &[""]);
    assert_state(Rc::new(RefCell::new(linear(1.0))), &["weight"], &[""]);
    assert_state(Arc::new(Mutex::new(linear(1.0))), &["weight"], &[""]);
    assert_state(Arc::new(RwLock::new(linear(1.0))), &["weight"], &[""]);
    let erased: Rc<RefCell<dyn StateDict>> = Rc::new(RefCell::new(linear(1.0)));
    assert_state(vec![Rc::clone(&erased)], &["0.weight"], &["", "0"]);
}

#[test]
fn sequences_count() {
    let (keys, modules) = (["0.weight", "1.weight"], ["", "0", "1"]);
    assert_state(vec![linear(1.0), linear(2.0)], &keys, &modules);
    assert_state([linear(1.0), linear(2.0)], &keys, &modules);
    assert_state(VecDeque::from([linear(1.0), linear(2.0)]), &keys, &modules);
    assert_state(vec![linear(1.0), linear(2.0)].into_boxed_slice(), &keys, &modules);
    assert_state(Rc::<[Linear]>::from([linear(1.0), linear(2.0)]), &keys, &modules);
    assert_state(Arc::<[Linear]>::from([linear(1.0), linear(2.0)]), &keys, &modules);
    let mixed: Box<[Box<dyn StateDict>]> = Box::new([Box::new(linear(1.0)), Box::new(linear(2.0))]);
    assert_state(mixed, &keys, &modules);
    let l = || linear(1.0);
    let no = || None::<Linear>;
    let twelve = (l(), no(), no(), no(), no(), no(), no(), no(), l(), no(), l(), l());
    assert_state(
        twelve,
        &["0.weight", "8.weight", "10.weight", "11.weight"],
        &["", "0", "8", "10", "11"],
    );
    assert_state((linear(1.0), Some(Box::new(linear(2.0)))), &keys, &modules);
    let mixed: Vec<Box<dyn StateDict>> = vec![Box::new(linear(1.0)), Box::new(vec![linear(2.0)])];
    assert_state(mixed, &["0.weight", "1.0.weight"], &["", "0", "1", "1.0"]);
    // An activation takes a number, and has no keys.
    assert_state(vec![None, Some(linear(1.0))], &["1.weight"], &["", "1"]);
}

#[test]
fn maps_have_their_own_order_or_a_sorted_one() {
    let entries = || [("b", linear(1.0)), ("a", linear(2.0)), ("c", linear(3.0))];
    let sorted = (["a.weight", "b.weight", "c.weight"], ["", "a", "b", "c"]);
    assert_state(BTreeMap::from(entries()), &sorted.0, &sorted.1);
    assert_state(HashMap::from(entries()), &sorted.0, &sorted.1);
    let inserted = (["b.weight", "a.weight", "c.weight"], ["", "b", "a", "c"]);
    assert_state(IndexMap::from(entries()), &inserted.0, &inserted.1);
    let numbered = BTreeMap::from([(10, linear(1.0)), (9, linear(2.0))]);
    assert_state(numbered, &["9.weight", "10.weight"], &["", "9", "10"]);
}

#[test]
fn parameters_have_lists_and_dicts_of_their_own() {
    assert_state(ParameterList(vec![1.0f32, 2.0]), &["0", "1"], &[""]);
    let dict: ParameterDict<f32> =
        [("right".to_owned(), 1.0), ("left".to_owned(), 2.0)].into_iter().collect();
    assert_state(dict, &["right", "left"], &[""]);
}

#[test]
fn a_key_of_a_map_that_is_no_name_is_an_error() {
    let map = BTreeMap::from([("a.b", linear(1.0)), ("", linear(2.0))]);
    let error = map.state_dict().unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    let erased = ParameterList(vec![1.0f32]);
    assert_eq!(erased.state_dict().unwrap().len(), 1);
}

#[test]
fn the_active_variant_of_an_enum_is_the_module() {
    #[derive(StateDict)]
    enum Norm {
        None,
        Layer(Linear),
        #[rename("group")]
        Group(Linear),
        Batch {
            #[buffer]
            mean: f32,
            #[param]
            scale: f32,
            eps: f64,
        },
        Pair(Linear, #[param] f32),
    }

    assert_state(Norm::None, &[], &[""]);
    assert_state(Norm::Layer(linear(1.0)), &["weight"], &[""]);
    assert_state(Norm::Group(linear(1.0)), &["group.weight"], &["", "group"]);
    let batch = Norm::Batch { mean: 1.0, scale: 2.0, eps: 0.0 };
    if let Norm::Batch { eps, .. } = &batch {
        assert_eq!(*eps, 0.0);
    }
    assert_state(batch, &["scale", "mean"], &[""]);
    assert_state(Norm::Pair(linear(1.0), 2.0), &["1", "0.weight"], &["", "0"]);
}

#[test]
fn flattened_and_transparent_modules_add_no_segment() {
    #[derive(StateDict)]
    struct Stem {
        #[param]
        scale: f32,
        fc: Linear,
    }

    #[derive(StateDict)]
    #[state_dict(transparent)]
    struct Wrapper {
        inner: Vec<Linear>,
        _name: String,
    }

    #[derive(StateDict)]
    #[version(2)]
    #[rename_all("camelCase")]
    struct Net {
        #[flatten]
        stem: Stem,
        #[flatten]
        none: Option<Stem>,
        the_layers: Wrapper,
    }

    let net = Net {
        stem: Stem { scale: 1.0, fc: linear(2.0) },
        none: None,
        the_layers: Wrapper { inner: vec![linear(3.0)], _name: String::new() },
    };
    assert_eq!(net.state_dict().unwrap().version(""), Some(2));
    let modules = ["", "fc", "theLayers", "theLayers.0"];
    assert_state(net, &["scale", "fc.weight", "theLayers.0.weight"], &modules);
}

#[test]
fn the_leaves_of_flattened_modules_join_those_of_their_module() {
    #[derive(StateDict)]
    struct Stats {
        #[param]
        gain: f32,
        fc: Linear,
        #[buffer]
        count: f32,
    }

    #[derive(StateDict)]
    #[alias(same = scale)]
    struct Norm {
        head: Linear,
        #[flatten]
        stats: Stats,
        #[buffer]
        mean: f32,
        #[param]
        scale: f32,
    }

    let norm = || Norm {
        head: linear(1.0),
        stats: Stats { gain: 2.0, fc: linear(3.0), count: 4.0 },
        mean: 5.0,
        scale: 6.0,
    };
    let keys = norm().state_dict().unwrap().keys().map(str::to_owned).collect::<Vec<_>>();
    let expected = ["scale", "gain", "mean", "count", "head.weight", "fc.weight", "same"];
    assert_eq!(keys, expected);
    let (first, second) = (norm(), norm());
    let pair = [first, second];
    let pair = pair.state_dict().unwrap().keys().map(str::to_owned).collect::<Vec<_>>();
    let expected: Vec<String> =
        (0..2).flat_map(|n| expected.map(|key| format!("{n}.{key}"))).collect();
    assert_eq!(pair, expected);
    let saved = norm().state_dict().unwrap().into_owned().unwrap();
    let mut other = norm();
    other.stats.count = 0.0;
    other.load_state_dict(&saved).unwrap();
    assert_eq!(other.stats.count, 4.0);
}

#[test]
fn a_flattened_module_with_a_version_has_nowhere_to_put_it() {
    #[derive(StateDict)]
    #[version(2)]
    struct Stem {
        fc: Linear,
    }

    #[derive(StateDict)]
    struct Net {
        #[flatten]
        stem: Stem,
        fc: Linear,
    }

    let net = Net { stem: Stem { fc: linear(1.0) }, fc: linear(2.0) };
    let error = net.state_dict().unwrap_err();
    let statedict::CollectError::Model(problems) = &error else { panic!("{error}") };
    assert!(matches!(&problems[0], ModelError::FlattenedVersion { .. }), "{error}");
    assert!(problems.contains(&ModelError::Duplicate { key: "fc.weight".to_owned() }), "{error}");
}
