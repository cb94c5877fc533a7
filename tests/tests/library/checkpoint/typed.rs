//! Rust types into a checkpoint and out of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use statedict::checkpoint::from_value;
use statedict::codec::Source;
use statedict::prelude::*;
use statedict::value::{DictKind, Graph, NewValue, SharedValue};
use statedict::{Checkpoint, DType, ReadOptions, WriteOptions};

/// The checkpoint as a file gives it.
fn file(checkpoint: &Checkpoint<'_>) -> Checkpoint<'static> {
    let mut bytes = Vec::new();
    checkpoint.write_with(&mut bytes, &WriteOptions::default()).unwrap();
    Checkpoint::read_with(Source::bytes(bytes), &ReadOptions::default().opaque(true)).unwrap()
}

#[track_caller]
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("value", &value).unwrap();
    assert_eq!(checkpoint.get::<T>("value").unwrap(), value);
    assert_eq!(file(&checkpoint).get::<T>("value").unwrap(), value);
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Unit;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Meters(f32);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Pair(u8, String);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Schedule {
    Constant,
    Step(u32),
    Cosine(f64, u32),
    Warmup { steps: u32, then: Box<Schedule> },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Everything {
    #[serde(rename = "no.dot.needed")]
    renamed: bool,
    small: i8,
    wide: (i128, u128, u64),
    meters: Meters,
    pair: Pair,
    unit: Unit,
    schedules: Vec<Schedule>,
    by_step: BTreeMap<i64, Option<char>>,
    nested: Option<Box<Everything>>,
}

fn everything(nested: Option<Everything>) -> Everything {
    Everything {
        renamed: true,
        small: -128,
        wide: (i128::MIN, u128::MAX, u64::MAX),
        meters: Meters(0.1),
        pair: Pair(255, "é\0\"".to_owned()),
        unit: Unit,
        schedules: vec![
            Schedule::Constant,
            Schedule::Step(3),
            Schedule::Cosine(-0.0, 9),
            Schedule::Warmup { steps: 1, then: Box::new(Schedule::Constant) },
        ],
        by_step: BTreeMap::from([(-1, None), (i64::MAX, Some('x'))]),
        nested: nested.map(Box::new),
    }
}

#[test]
fn every_kind_of_rust_value_comes_back() {
    there_and_back(everything(Some(everything(None))));
    there_and_back((f64::MIN_POSITIVE, f64::INFINITY, f32::MAX, -0.0f64, [1u8, 2]));
    there_and_back(BTreeMap::from([
        ((1, "a".to_owned()), vec![true]),
        ((1, "b".to_owned()), vec![]),
    ]));
    there_and_back(json!({"b": [1, -2, 0.5, null, true], "a": {"": "text"}}));
    there_and_back(HashMap::from([("x".to_owned(), u64::MAX)]));
    for value in [0, 1, -1, i128::from(i64::MIN) - 1, i128::from(u64::MAX), i128::MAX, i128::MIN] {
        there_and_back(value);
    }
    for value in [u128::from(u64::MAX) + 1, u128::MAX] {
        there_and_back(value);
    }
}

#[test]
fn floats_are_exact() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set("f32", 0.1f32).unwrap();
    checkpoint.set("nan", f64::NAN).unwrap();
    assert_eq!(checkpoint.get::<f64>("f32").unwrap(), f64::from(0.1f32));
    assert!(checkpoint.get::<f64>("nan").unwrap().is_nan());
    checkpoint.set("large", 1e300).unwrap();
    checkpoint.set("int", (1i64 << 53) + 1).unwrap();
    checkpoint.set("even", 1i64 << 60).unwrap();
    assert_eq!(checkpoint.get::<f64>("even").unwrap(), 2f64.powi(60));
    let text = |result: Result<f64, _>| {
        result.map_err(|error: statedict::checkpoint::CheckpointError| error.to_string())
    };
    assert_eq!(
        text(checkpoint.get::<f32>("large").map(f64::from)),
        Err("`large`: 1e300 is larger than any f32".to_owned())
    );
    assert_eq!(
        text(checkpoint.get::<f64>("int")),
        Err("`int`: the int 9007199254740993 is no float of 53 bits".to_owned())
    );
    assert!(checkpoint.get::<i64>("f32").is_err());
}

/// `{"layers": [{"size": "wide", "weight": tensor}], 3: (1, 2), "big": 2**200, "raw": b"\x01\x02"}`
fn python() -> Checkpoint<'static> {
    let mut checkpoint = Checkpoint::new();
    let graph = checkpoint.graph_mut();
    let root = graph.root().value_id();
    let layer = graph.dict();
    graph.set(layer, "size", "wide").unwrap();
    graph.set(layer, "weight", TensorView::from_vec(vec![1f32], [1]).unwrap()).unwrap();
    let layers = graph.list([layer]);
    graph.put(root, "layers", layers).unwrap();
    let (three, pair) = (graph.add(3), [graph.add(1), graph.add(2)]);
    let pair = graph.tuple(pair);
    graph.push_entry(root, three, pair).unwrap();
    let mut big = vec![0; 25];
    big.extend([1, 0]);
    graph.set(root, "big", NewValue::BigInt(big.into())).unwrap();
    graph.set(root, "raw", NewValue::Bytes([1, 2].as_slice().into())).unwrap();
    graph.set(root, "dtype", DType::BF16).unwrap();
    graph.set(root, "complex", NewValue::Complex { re: 1.5, im: -2.0 }).unwrap();
    checkpoint
}

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)] // Only whether they fit is looked at.
    struct Layer {
        size: u32,
    }
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct WithTensor {
        weight: f32,
    }
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Missing {
        width: u32,
    }
    let built = python();
    for checkpoint in [&built, &file(&built)] {
        let text = |error: statedict::checkpoint::CheckpointError| error.to_string();
        assert_eq!(
            text(checkpoint.get::<Vec<Layer>>("layers").unwrap_err()),
            "`layers[0][\"size\"]`: invalid type: string \"wide\", expected u32"
        );
        assert_eq!(
            text(checkpoint.get::<(WithTensor,)>("layers").unwrap_err()),
            "`layers[0][\"weight\"]`: it is a tensor, which no Rust value is made of: `Checkpoint::tensor` gives it"
        );
        assert_eq!(
            text(checkpoint.get::<(Missing,)>("layers").unwrap_err()),
            "`layers[0]`: missing field `width`"
        );
        assert_eq!(
            text(checkpoint.get::<(u8,)>(3).unwrap_err()),
            "`[3]`: it is a tuple of 2, of which 1 are expected"
        );
        assert_eq!(
            text(checkpoint.get::<i128>("big").unwrap_err()),
            "`big`: it is an int that is larger than any of Rust's; as a `String` it comes as its digits"
        );
        assert_eq!(
            text(checkpoint.get::<u8>("no").unwrap_err()).split(':').next().unwrap(),
            "there is no `no` in the checkpoint"
        );
    }
}

#[test]
fn pythons_values_come_as_what_they_are() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Layer<'a> {
        size: &'a str,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    struct Root<'a> {
        #[serde(borrow)]
        layers: Vec<Layer<'a>>,
        big: String,
        raw: &'a [u8],
        dtype: String,
        complex: (f64, f64),
    }
    let built = python();
    for checkpoint in [&built, &file(&built)] {
        // The key 3 is no field, and the tensor is not asked for.
        let root: Root<'_> = checkpoint.get(()).unwrap();
        assert_eq!(root.layers, [Layer { size: "wide" }]);
        assert_eq!(root.big, "1606938044258990275541962092341162602522202993782792835301376");
        assert_eq!((root.raw, &*root.dtype), ([1, 2].as_slice(), "torch.bfloat16"));
        assert_eq!(root.complex, (1.5, -2.0));
        assert_eq!(checkpoint.get::<Vec<u8>>("raw").unwrap(), [1, 2]);
        assert_eq!(checkpoint.get::<[u8; 2]>(3).unwrap(), [1, 2]);
    }
}

/// As `argparse.Namespace` and `numpy.float64` are written.
#[test]
fn objects_are_their_attributes_and_numpys_scalars_are_numbers() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Args {
        lr: f64,
    }
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let (class, state) = (graph.global("argparse", "Namespace"), graph.dict());
    graph.set(state, "lr", 0.5).unwrap();
    let namespace = graph.instance(class, []);
    graph.set_state(namespace, state).unwrap();
    graph.put(root, "args", namespace).unwrap();

    let (dtype, flags) = (graph.global("numpy", "dtype"), [graph.add(false), graph.add(true)]);
    let code = graph.add("f8");
    let dtype = graph.call(dtype, [code, flags[0], flags[1]]);
    let order = graph.key("<");
    let none = graph.add(());
    let numbers =
        [graph.add(3), order, none, none, none, graph.add(-1), graph.add(-1), graph.add(0)];
    let state = graph.tuple(numbers);
    graph.set_state(dtype, state).unwrap();
    let data = graph.add(NewValue::Bytes(0.25f64.to_le_bytes().to_vec().into()));
    let scalar = graph.global("numpy._core.multiarray", "scalar");
    let scalar = graph.call(scalar, [dtype, data]);
    graph.put(root, "loss", scalar).unwrap();

    let built = Checkpoint::from(graph);
    for checkpoint in [&built, &file(&built)] {
        assert_eq!(checkpoint.get::<Args>("args").unwrap(), Args { lr: 0.5 });
        assert_eq!(checkpoint.get::<f64>("loss").unwrap(), 0.25);
        assert!(checkpoint.get::<i64>("loss").is_err());
        assert_eq!(checkpoint.type_name("args").unwrap(), "argparse.Namespace");
    }
}

#[test]
fn order_and_kinds_of_python_are_kept() {
    #[derive(Serialize)]
    struct Config {
        z: (f32, f64),
        a: Vec<i32>,
        none: Option<()>,
        #[serde(serialize_with = "as_bytes")]
        raw: Vec<u8>,
    }
    fn as_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }
    let mut checkpoint = Checkpoint::new();
    let config = Config { z: (0.5, 1.0), a: vec![1], none: None, raw: vec![0, 255] };
    checkpoint.set("config", &config).unwrap();
    let checkpoint = file(&checkpoint);
    let listed = checkpoint.list("config").unwrap();
    let types: Vec<(String, &str)> =
        listed.iter().map(|listed| (listed.path.to_string(), &*listed.type_name)).collect();
    let expected = [("z", "tuple"), ("a", "list"), ("none", "NoneType"), ("raw", "bytes")];
    assert_eq!(types, expected.map(|(key, name)| (format!("config[{key:?}]"), name)));
}

#[test]
fn counters_and_ordered_dicts_are_maps_and_sets_are_sequences() {
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let counter = graph.dict_of(DictKind::Counter);
    graph.set(counter, "a", 2).unwrap();
    graph.put(root, "counter", counter).unwrap();
    let item = graph.add(7);
    let set = graph.set_of([item]);
    graph.put(root, "set", set).unwrap();
    let shared = SharedValue::of(graph.root()).unwrap();
    let counter = shared.value().get("counter").unwrap();
    assert_eq!(from_value::<HashMap<&str, u8>>(counter).unwrap(), HashMap::from([("a", 2)]));
    assert_eq!(from_value::<Vec<u8>>(shared.value().get("set").unwrap()).unwrap(), [7]);
}
