//! Fields by their types.

use std::borrow::Cow;
use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::marker::{PhantomData, PhantomPinned};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::time::Duration;

use statedict::prelude::*;
use statedict::{ParameterDict, ParameterList};

use super::{Linear, Relu};

type Weights = Vec<f32>;
type Layers = Vec<Linear>;

#[derive(StateDict)]
struct Leaves {
    #[param]
    tensor: CpuTensor,
    #[param]
    aliased: Weights,
    #[param]
    boxed: Box<CpuTensor>,
    #[param]
    slice: Box<[f32]>,
    #[param]
    queue: VecDeque<f32>,
    #[param]
    rows: Vec<[f32; 4]>,
    #[param]
    matrix: [[f32; 2]; 3],
    #[param]
    absent: Option<Vec<f32>>,
    #[param]
    absent_box: Option<Box<CpuTensor>>,
    #[buffer]
    flag: bool,
    #[buffer]
    steps: i64,
    #[buffer]
    flags: Vec<bool>,
    #[persistent(true)]
    kept: u8,
    #[persistent(false)]
    scratch: i16,
}

#[derive(StateDict)]
struct Cows<'a> {
    #[param]
    weight: Cow<'a, [f32]>,
}

#[derive(StateDict)]
struct Owners {
    boxed: Box<Linear>,
    pinned: Pin<Box<Linear>>,
    shared: Rc<Linear>,
    atomic: Arc<Linear>,
    cell: RefCell<Linear>,
    mutex: Mutex<Linear>,
    lock: RwLock<Linear>,
    both: Arc<Mutex<Linear>>,
    once: OnceCell<Linear>,
    once_lock: OnceLock<Linear>,
    lazy: LazyCell<Linear>,
    lazy_lock: LazyLock<Linear>,
    optional: Option<Box<Linear>>,
    deep: Option<Arc<RwLock<Box<Linear>>>>,
}

#[derive(StateDict)]
struct Lists {
    aliased: Layers,
    array: [Linear; 2],
    queue: VecDeque<Linear>,
    slice: Box<[Linear]>,
    shared: Rc<[Linear]>,
    atomic: Arc<[Linear]>,
    nested: Vec<Vec<[Option<Linear>; 1]>>,
    pair: (Linear, Relu),
    one: (Linear,),
    named: BTreeMap<String, Linear>,
    hashed: HashMap<u8, Linear>,
    empty: [Linear; 0],
    parameters: ParameterList<Vec<f32>>,
    parameter_dict: ParameterDict<CpuTensor>,
}

#[derive(StateDict)]
struct Objects {
    object: Box<dyn StateDict>,
    sent: Box<dyn StateDict + Send + Sync>,
    list: Vec<Box<dyn StateDict>>,
    shared: Rc<RefCell<dyn StateDict>>,
    locked: Arc<Mutex<dyn StateDict + Send>>,
}

/// A trait of the user's own, whose objects are modules.
trait Layer: StateDict {
    fn width(&self) -> usize;
}

impl Layer for Linear {
    fn width(&self) -> usize {
        self.weight.len()
    }
}

#[derive(StateDict)]
struct OwnObjects {
    layer: Box<dyn Layer>,
    layers: Vec<Arc<dyn Layer>>,
}

#[derive(StateDict)]
struct Settings {
    text: String,
    constant: &'static str,
    width: usize,
    kernel: (usize, usize),
    padding: [usize; 2],
    groups: Option<usize>,
    rate: Option<(f64, f64)>,
    unit: (),
    letter: char,
    marker: PhantomData<Duration>,
    activation: fn(f32) -> f32,
    external: extern "C" fn(f32) -> f32,
    several: [Option<fn()>; 2],
}

#[derive(StateDict)]
struct SkippedTypes<'a> {
    #[skip]
    timeout: Duration,
    #[skip]
    history: Vec<f32>,
    #[skip]
    pinned: PhantomPinned,
    #[skip]
    closure: Option<Box<dyn Fn(f32) -> f32>>,
    #[skip]
    slice: &'a [f32],
    #[skip]
    pointer: *const f32,
    #[skip]
    never: Option<fn() -> !>,
}

#[derive(StateDict)]
#[expect(unused_qualifications, reason = "types are found wherever they are")]
struct Paths {
    #[param]
    weight: std::vec::Vec<f32>,
    child: self::super::Linear,
    other: Option<std::boxed::Box<crate::valid::Linear>>,
    number: std::primitive::usize,
}

#[derive(StateDict)]
#[skip]
struct Config {
    timeout: Duration,
    #[cfg(any())]
    nothing: Nothing,
}

#[derive(StateDict)]
struct WithConfig {
    config: Config,
    configs: Vec<Config>,
    maybe: Option<Config>,
}

#[test]
fn the_schema_knows_what_is_owned() {
    let schema = Owners::schema();
    let keys: Vec<&str> = schema.entries().map(statedict::schema::SchemaEntry::key).collect();
    assert_eq!(schema.unknown().count(), 0, "{schema}");
    assert_eq!(keys.len(), 14, "{schema}");
    assert!(keys.iter().all(|key| key.ends_with(".weight")));
}

#[test]
fn the_schema_knows_the_lists() {
    let schema = Lists::schema();
    let keys: Vec<&str> = schema.entries().map(statedict::schema::SchemaEntry::key).collect();
    assert_eq!(schema.unknown().count(), 0, "{schema}");
    let expected = [
        "aliased.*.weight",
        "array.0.weight",
        "array.1.weight",
        "queue.*.weight",
        "slice.*.weight",
        "shared.*.weight",
        "atomic.*.weight",
        "nested.*.*.0.weight",
        "pair.0.weight",
        "one.0.weight",
        "named.*.weight",
        "hashed.*.weight",
        "parameters.*",
        "parameter_dict.*",
    ];
    assert_eq!(keys, expected);
}
