//! Every optimizer of PyTorch: its state is read, written back and built anew, and PyTorch goes on from it as if
//! there had been no interruption.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use statedict::codec::{self, Document, ReadOptions};
use statedict::optim::{Algorithm, OptimizerState, OptimizerWarning, ParamId, StateValue};
use statedict::prelude::*;
use statedict::value::{Graph, Kind};
use statedict::{DType, WriteOptions};
use statedict_tests::optimizers::{Adam, Pair, Sgd};
use statedict_tests::{Torch, temp_dir};

/// What torch says of a case.
#[derive(Deserialize)]
struct Described {
    class: String,
    names: Vec<String>,
    options: Vec<BTreeMap<String, Json>>,
    state: Vec<(i64, Vec<(String, Json)>)>,
}

fn open(path: &Path) -> Document {
    codec::Document::open_with(path, &ReadOptions::default()).unwrap()
}

fn save(graph: &Graph<'_>, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    graph.save_with(path, &WriteOptions::default().keep_storage(true).sync(false)).unwrap();
}

/// The same checkpoint, put together from its parts.
fn checkpoint<'a>(document: &'a Document, optimizer: &OptimizerState<'a>) -> Graph<'a> {
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    graph.set(root, "epoch", document.root().get("epoch").unwrap().as_i64().unwrap()).unwrap();
    let model = graph.state_map(&document.state_map_at(&["model_state_dict"]).unwrap());
    graph.put(root, "model_state_dict", model).unwrap();
    let node = optimizer.write_to(&mut graph);
    graph.put(root, "optimizer_state_dict", node).unwrap();
    graph.set(root, "loss", document.root().get("loss").unwrap().as_f64().unwrap()).unwrap();
    graph
}

fn algorithm(class: &str) -> Algorithm {
    *Algorithm::ALL.iter().find(|algorithm| algorithm.class_name() == class).expect(class)
}

/// The same state, made of nothing but what typed access gives of it.
fn rebuilt<'a>(state: &OptimizerState<'a>, class: &str) -> OptimizerState<'a> {
    let mut new = OptimizerState::new();
    for group in state.param_groups() {
        let names = group.params().map(|param| param.name().unwrap().to_owned());
        let mut made = new.add_param_group(algorithm(class), names).unwrap();
        for (key, value) in group.options() {
            match value.kind() {
                Kind::Float(_) => made.set(key, value.get::<f64>().unwrap()),
                Kind::Int(_) => made.set(key, value.get::<i64>().unwrap()),
                Kind::Bool(_) => made.set(key, value.get::<bool>().unwrap()),
                Kind::Str(_) => made.set(key, value.get::<String>().unwrap()),
                Kind::None => made.set(key, value.get::<Option<f64>>().unwrap()),
                Kind::Tensor(_) => made.set(key, value.get::<CpuTensor>().unwrap()),
                _ => match plain_tuple(value) {
                    (Some(pair), _) => made.set(key, pair),
                    (_, Some(three)) => made.set(key, three),
                    _ => made.set(key, value),
                },
            };
        }
    }
    for param in state.params() {
        let name = param.name().unwrap();
        for (key, value) in param.iter() {
            let mut made = new.of_mut(name).unwrap();
            match value.kind() {
                Kind::Float(_) => made.set(key, value.get::<f64>().unwrap()),
                Kind::Int(_) => made.set(key, value.get::<i64>().unwrap()),
                Kind::Tensor(_) => made.set(key, value.get::<CpuTensor>().unwrap()),
                Kind::List(_) => made.set(key, value.get::<Vec<Option<CpuTensor>>>().unwrap()),
                other => panic!("{name}.{key}: {other:?}"),
            };
        }
    }
    new
}

/// A tuple of two or three Python floats.
#[allow(clippy::type_complexity)]
fn plain_tuple(value: StateValue<'_, '_>) -> (Option<(f64, f64)>, Option<(f64, f64, f64)>) {
    let mut items = value.items().into_iter().flatten();
    match items.all(|item| matches!(item.kind(), Kind::Float(_))) {
        true => (value.get().ok(), value.get().ok()),
        false => (None, None),
    }
}

/// Whether a value is what torch says.
fn is(value: StateValue<'_, '_>, said: &Json) -> bool {
    match (value.kind(), said) {
        (Kind::None, said) => said.is_null(),
        (Kind::Bool(value), said) => said == &json!(value),
        (Kind::Int(value), said) => said == &json!(value.as_i64()),
        (Kind::Float(value), said) => said == &json!(value),
        (Kind::Str(value), said) => said == &json!(value),
        (Kind::Tensor(_), said) => {
            let view = value.tensor().unwrap();
            let elements = CpuTensor::from_view(&view).unwrap();
            let sum: Option<f64> = match view.dtype() {
                DType::F32 => {
                    Some(elements.as_slice::<f32>().unwrap().iter().map(|&x| f64::from(x)).sum())
                }
                DType::F64 => Some(elements.as_slice::<f64>().unwrap().iter().sum()),
                _ => None,
            };
            let close = sum.is_none_or(|sum| (sum - said["sum"].as_f64().unwrap()).abs() < 1e-6);
            said["dtype"] == json!(view.dtype().to_string())
                && said["shape"] == json!(view.shape().to_vec())
                && close
        }
        (_, Json::Array(items)) => {
            let found = value.items().unwrap();
            found.len() == items.len() && found.zip(items).all(|(found, said)| is(found, said))
        }
        _ => false,
    }
}

/// Compares what we read with what torch says.
fn check(name: &str, state: &OptimizerState<'_>, said: &Described) {
    assert_eq!(state.param_groups().len(), said.options.len(), "{name}");
    for (group, said) in state.param_groups().zip(&said.options) {
        assert_eq!(group.options().count() + 1, said.len(), "{name}");
        for (key, value) in group.options() {
            assert!(is(value, &said[key]), "{name}: {key} is {value:?}, not {}", said[key]);
        }
        let ids = group.params().map(|param| match param.id() {
            ParamId::Int(id) => json!(id),
            other => panic!("{other}"),
        });
        assert_eq!(Json::from_iter(ids), said["params"], "{name}");
    }
    let with_state = state.params().filter(|param| !param.is_empty()).count();
    assert_eq!(with_state, said.state.len(), "{name}");
    assert_eq!(state.others().count(), 0, "{name}");
    for (id, entries) in &said.state {
        let param = state.param(usize::try_from(*id).unwrap()).unwrap();
        assert_eq!(param.name().unwrap(), said.names[param.position()], "{name}");
        let keys: Vec<&str> = param.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, entries.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), "{name}");
        for ((key, value), (_, said)) in param.iter().zip(entries) {
            assert!(is(value, said), "{name}: {key} of {id}, not {said}");
        }
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn every_optimizer_goes_on_from_what_we_write() {
    let torch = Torch::start();
    let (theirs, ours, anew) = (temp_dir(), temp_dir(), temp_dir());
    let cases: BTreeMap<String, Described> = torch.get("optimizers.write", json!([theirs.path()]));
    for (name, said) in &cases {
        let folder = theirs.path().join(name);
        // Alone, and as it is.
        let alone = open(&folder.join("optimizer.pt"));
        let state = OptimizerState::from_value(alone.root()).unwrap();
        let path = ours.path().join(name).join("optimizer.pt");
        save(state.graph(), &path);
        assert!(
            fs::read(&path).unwrap() == fs::read(folder.join("optimizer.pt")).unwrap(),
            "{name}: optimizer.pt differs"
        );

        // In a checkpoint that is put together.
        let document = open(&folder.join("checkpoint.pt"));
        let saved = document.root().get("optimizer_state_dict").unwrap();
        let state = OptimizerState::from_value(saved).unwrap().named(said.names.clone()).unwrap();
        check(name, &state, said);
        let path = ours.path().join(name).join("checkpoint.pt");
        save(&checkpoint(&document, &state), &path);
        // Names are objects of the model's in torch: one with the keys of the model's state dict, or not.
        let theirs = fs::read(folder.join("checkpoint.pt")).unwrap();
        assert!(fs::read(&path).unwrap() == theirs, "{name}: checkpoint.pt differs");

        // Made of typed values.
        let state = rebuilt(&state, &said.class);
        save(&checkpoint(&document, &state), &anew.path().join(name).join("checkpoint.pt"));
    }
    for folder in [&ours, &anew] {
        let failed = torch.call("optimizers.resume", json!([folder.path(), "checkpoint.pt"]));
        assert_eq!(failed, json!({}));
    }

    // No optimizer of this torch is left out.
    let classes: BTreeSet<String> = torch.get("optimizers.classes", json!([]));
    let seen: BTreeSet<String> = cases.into_values().map(|case| case.class).collect();
    let known = Algorithm::ALL.iter().map(|algorithm| algorithm.class_name().to_owned());
    assert_eq!(classes, seen);
    assert_eq!(classes, known.collect());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn new_groups_have_torchs_options() {
    let torch = Torch::start();
    let (theirs, ours) = (temp_dir(), temp_dir());
    torch.call("optimizers.write_fresh", json!([theirs.path()]));
    for &algorithm in Algorithm::ALL {
        let mut state = OptimizerState::new();
        if algorithm == Algorithm::Lbfgs {
            // The only one that refuses a second group.
            state.add_param_group(algorithm, ["p0", "p1", "p2"]).unwrap();
        } else {
            state.add_param_group(algorithm, ["p0", "p1"]).unwrap();
            state.add_param_group(algorithm, ["p2"]).unwrap();
        }
        for folder in ["plain", "named"] {
            if folder == "named" {
                state.write_param_names();
            }
            let name = Path::new(folder).join(format!("{algorithm}.pt"));
            save(state.graph(), &ours.path().join(&name));
            let (ours, theirs) = (ours.path().join(&name), theirs.path().join(&name));
            let differences = torch.call("optimizers.differences", json!([ours, theirs]));
            assert_eq!(differences, json!([]), "{}", name.display());
            let same = fs::read(ours).unwrap() == fs::read(theirs).unwrap();
            assert!(same, "{}: the files differ", name.display());
        }
    }
}

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

#[derive(StateDict)]
struct Net {
    #[rename("0")]
    first: Linear,
    #[rename("2")]
    second: Linear,
}

impl Net {
    /// A model with the types and shapes of a file's.
    fn like(map: &StateMap<'_>) -> Net {
        let tensor = |key: &str| CpuTensor::from_view(map.get(key).unwrap()).unwrap();
        let linear = |name: &str| Linear {
            weight: tensor(&format!("{name}.weight")),
            bias: tensor(&format!("{name}.bias")),
        };
        Net { first: linear("0"), second: linear("2") }
    }
}

#[derive(Deserialize)]
struct Load {
    name: String,
    names: Vec<String>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_load_gives_what_torchs_gives() {
    let torch = Torch::start();
    let (theirs, ours) = (temp_dir(), temp_dir());
    let loads: Vec<Load> = torch.get("optimizers.write_loads", json!([theirs.path()]));
    assert!(loads.len() >= 45, "{} cases only", loads.len());
    for Load { name, names } in loads {
        let folder = theirs.path().join(&name);
        let net = Net::like(&StateMap::load(folder.join("model.pt")).unwrap());
        let state =
            |file: &str| OptimizerState::from_graph((**open(&folder.join(file)).graph()).clone());
        let mut optimizer = state("fresh.pt").unwrap().named(names).unwrap();
        let report = optimizer.load_state_dict(&state("saved.pt").unwrap(), &net).unwrap();
        // What the case added to the states is all that no optimizer of PyTorch has.
        let [OptimizerWarning::UnknownState { key, params: 1, .. }] = &report.warnings[..] else {
            panic!("{name}: {report}")
        };
        assert_eq!(key, "extra", "{name}");
        let path = ours.path().join(&name);
        save(optimizer.graph(), &path);
        let args = json!([path, folder.join("loaded.pt")]);
        assert_eq!(torch.call("optimizers.differences", args), json!([]), "{name}");
    }
}

/// A model of any layers with a weight, by its state dict.
#[derive(StateDict)]
struct Layer {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: Option<CpuTensor>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_state_of_another_algorithm_is_told() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Described> = torch.get("optimizers.write", json!([folder.path()]));
    let mut kept: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for said in cases.values() {
        let keys =
            said.state.iter().flat_map(|(_, state)| state.iter().map(|(key, _)| key.as_str()));
        kept.entry(&said.class).or_default().extend(keys);
    }
    for (name, said) in &cases {
        let document = open(&folder.path().join(name).join("checkpoint.pt"));
        let saved = document.root().get("optimizer_state_dict").unwrap();
        let saved = OptimizerState::from_value(saved).unwrap().named(said.names.clone()).unwrap();
        let map = document.state_map_at(&["model_state_dict"]).unwrap();
        let mut model: BTreeMap<String, Layer> = BTreeMap::new();
        for (key, view) in map.iter().filter(|(key, _)| key.ends_with("weight")) {
            let layer = key.split_once('.').unwrap().0;
            let tensor = |view| CpuTensor::from_view(view).unwrap();
            let bias = map.get(&format!("{layer}.bias")).map(tensor);
            model.insert(layer.to_owned(), Layer { weight: tensor(view), bias });
        }
        for &algorithm in Algorithm::ALL {
            let fresh = || {
                let mut into = OptimizerState::new();
                for group in saved.param_groups() {
                    let names: Vec<String> =
                        group.params().map(|param| param.name().unwrap().to_owned()).collect();
                    into.add_param_group(algorithm, names).unwrap();
                }
                into
            };
            let class = algorithm.class_name();
            let report = fresh().load_state_dict(&saved, &model).unwrap();
            assert_eq!(
                report.warnings.is_empty(),
                said.class == class,
                "{name} into {class}: {report}"
            );

            // The states alone, under the optimizer's own options.
            let mut states = fresh();
            for param in saved.params() {
                let mut mine = states.of_mut(param.name().unwrap()).unwrap();
                for (key, value) in param.iter() {
                    mine.set(key, value);
                }
            }
            let report = fresh().load_state_dict(&states, &model).unwrap();
            let told = report.warnings.iter().map(|warning| match warning {
                OptimizerWarning::UnknownState { key, .. } => key.as_str(),
                other => panic!("{name} into {class}: {other}"),
            });
            let own =
                said.state.iter().flat_map(|(_, state)| state.iter().map(|(key, _)| key.as_str()));
            let foreign: BTreeSet<&str> = own.filter(|key| !kept[class].contains(key)).collect();
            assert_eq!(told.collect::<BTreeSet<_>>(), foreign, "{name} into {class}");
        }
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_does_not_fit_is_refused_in_torchs_words() {
    let torch = Torch::start();
    let folder = temp_dir();
    let groups = |sizes: &[usize]| {
        let mut state = OptimizerState::new();
        let mut number = 0..;
        for &size in sizes {
            let names: Vec<String> =
                number.by_ref().take(size).map(|number: usize| format!("p{number}")).collect();
            state.add_param_group(Algorithm::Sgd, names).unwrap();
        }
        state
    };
    let net = {
        let mut map = StateMap::new();
        for key in ["0.weight", "0.bias", "2.weight", "2.bias"] {
            map.insert(key, TensorView::from_vec(vec![1f32; 2], [2]).unwrap());
        }
        Net::like(&map)
    };
    let (saved, file) = (folder.path().join("saved.pt"), folder.path().join("file.pt"));
    for (into, from) in [(&[2][..], &[1, 1][..]), (&[1, 1], &[1, 2]), (&[1], &[]), (&[3], &[2])] {
        let (mut into, from) = (groups(into), groups(from));
        save(from.graph(), &saved);
        save(into.graph(), &file);
        let message = torch.call("optimizers.message", json!([saved, file]));
        let error = into.load_state_dict(&from, &net).unwrap_err();
        assert_eq!(json!(error.torch_message()), message);
    }
    save(groups(&[1]).graph(), &file);
    for missing in ["state", "param_groups"] {
        let mut graph = groups(&[1]).graph().clone();
        let root = graph.root().value_id();
        graph.remove_entry(root, usize::from(missing == "param_groups")).unwrap();
        save(&graph, &saved);
        let message = torch.call("optimizers.message", json!([saved, file]));
        let error = OptimizerState::from_graph(graph).unwrap_err();
        assert_eq!(json!(error.torch_message()), message, "{missing}");
    }
}

/// An optimizer in Rust, of a struct that derives its names.
trait Optimizer: StateDict + Clone {
    const ALGORITHM: Algorithm;
    fn step(&mut self, pair: &mut Pair);
}

impl Optimizer for Adam {
    const ALGORITHM: Algorithm = Algorithm::Adam;
    fn step(&mut self, pair: &mut Pair) {
        self.step(pair);
    }
}

impl Optimizer for Sgd {
    const ALGORITHM: Algorithm = Algorithm::Sgd;
    fn step(&mut self, pair: &mut Pair) {
        self.step(pair);
    }
}

/// Float32 on both sides, whose steps round differently.
const TOLERANCE: f32 = 2e-6;

fn assert_close(ours: &Pair, theirs: &[Vec<f32>]) {
    for (ours, theirs) in ours.elements().iter().zip(theirs) {
        assert_eq!(ours.len(), theirs.len());
        let close = ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() <= TOLERANCE);
        assert!(close, "{ours:?} and {theirs:?}");
    }
}

/// Goes on from torch's file, saves, and lets torch go on from ours.
fn relay<O: Optimizer>(torch: &Torch, folder: &Path, mut optimizer: O, end: &[Vec<f32>]) {
    let name = O::ALGORITHM.class_name();
    let document = open(&folder.join(format!("{name}.pt")));
    let mut pair = Pair::new();
    pair.load_state_dict(&document.state_map_at(&["model"]).unwrap()).unwrap();
    let saved = OptimizerState::from_value(document.root().get("optimizer").unwrap()).unwrap();
    let saved = saved.with_names(&pair).unwrap();
    saved.load_into(&mut optimizer).unwrap();
    (0..5).for_each(|_| optimizer.step(&mut pair));
    assert_close(&pair, end);

    let next = saved.updated_from(&optimizer).unwrap();
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let model = pair.state_dict().unwrap();
    let model = graph.state_map(&model);
    graph.put(root, "model", model).unwrap();
    let node = next.write_to(&mut graph);
    graph.put(root, "optimizer", node).unwrap();
    let ours = folder.join(format!("{name}.rust.pt"));
    save(&graph, &ours);
    let end: Vec<Vec<f32>> = torch.get("optimizers.continue_quadratic", json!([name, ours]));
    let (mut pair, mut again) = (pair.clone(), optimizer.clone());
    (0..5).for_each(|_| again.step(&mut pair));
    assert_close(&pair, &end);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn an_optimizer_in_rust_takes_over_from_torch_and_hands_back() {
    let torch = Torch::start();
    let folder = temp_dir();
    let ends: BTreeMap<String, Vec<Vec<f32>>> =
        torch.get("optimizers.write_quadratic", json!([folder.path()]));
    relay(&torch, folder.path(), Adam::new(&Pair::new(), true), &ends["Adam"]);
    relay(&torch, folder.path(), Sgd::new(&Pair::new()), &ends["SGD"]);
}
