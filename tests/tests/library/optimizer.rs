//! The state of optimizers: typed access, names, loading by PyTorch's rules, and structs of the user's.

use statedict::codec::{Document, ReadOptions, Source};
use statedict::optim::{Algorithm, OptimizerProblem, OptimizerState, ParamId};
use statedict::prelude::*;
use statedict::tensor::{Storage, Strides};
use statedict::value::{Graph, ValueId};
use statedict::{DType, LoadOptions, ParameterList, WriteOptions};
use statedict_tests::optimizers::{Adam, Pair, Sgd};

fn tensor(elements: &[f32], shape: &[usize]) -> CpuTensor {
    CpuTensor::from_slice(elements, shape).unwrap()
}

/// What a file of this state gives.
fn through_a_file(state: &OptimizerState<'_>) -> OptimizerState<'static> {
    let mut file = Vec::new();
    state.graph().write_with(&mut file, &WriteOptions::default()).unwrap();
    let document = Document::read_with(Source::bytes(file), &ReadOptions::default()).unwrap();
    OptimizerState::from_graph((**document.graph()).clone()).unwrap()
}

/// SGD's with momentum for `a` and `b` of a [`Pair`].
fn sgd() -> OptimizerState<'static> {
    let mut state = OptimizerState::new();
    let mut group = state.add_param_group(Algorithm::Sgd, ["a", "b"]).unwrap();
    group.set("lr", 0.1).set("momentum", 0.9);
    let momentum = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
    state.of_mut("a").unwrap().set("momentum_buffer", momentum);
    state.of_mut("b").unwrap().set("momentum_buffer", tensor(&[7.0, 8.0, 9.0, 10.0], &[4]));
    state
}

/// Adam's for `a` and `b` of a [`Pair`], after three steps.
fn adam() -> OptimizerState<'static> {
    let mut state = OptimizerState::new();
    state.add_param_group(Algorithm::Adam, ["a", "b"]).unwrap();
    for (name, shape) in [("a", &[2, 3][..]), ("b", &[4])] {
        let moments = tensor(&vec![0.5; shape.iter().product()], shape);
        let mut param = state.of_mut(name).unwrap();
        param.set("step", CpuTensor::scalar(3f32));
        param.set("exp_avg", moments.clone()).set("exp_avg_sq", moments);
    }
    state
}

#[test]
fn values_are_read_as_rusts_types() {
    let mut state = adam();
    state.param_group_mut(0).unwrap().set("lr", CpuTensor::scalar(0.25f32)).set("note", "x");
    state.of_mut("a").unwrap().set("list", vec![Some(1i64), None]).set("momentum_buffer", ());
    let state = through_a_file(&state).named(["a", "b"]).unwrap();
    let group = state.param_group(0).unwrap();
    assert_eq!(group.get::<f64>("lr").unwrap(), 0.25);
    assert_eq!(group.get::<(f32, f64)>("betas").unwrap(), (0.9, 0.999));
    assert_eq!(group.get::<Option<bool>>("fused").unwrap(), None);
    assert_eq!(group.get::<String>("note").unwrap(), "x");
    assert_eq!(group.options().next().unwrap().0, "lr");
    let a = state.of("a").unwrap();
    assert_eq!((a.position(), a.id(), a.group()), (0, ParamId::Int(0), 0));
    assert_eq!(a.get::<usize>("step").unwrap(), 3);
    assert_eq!(a.get::<f32>("step").unwrap(), 3.0);
    assert_eq!(a.get::<Vec<Option<i64>>>("list").unwrap(), [Some(1), None]);
    assert!(a.get::<Option<TensorView<'_>>>("momentum_buffer").unwrap().is_none());
    assert!(a.get::<Option<TensorView<'_>>>("max_exp_avg_sq").unwrap().is_none());

    let error =
        |result: Result<f64, statedict::optim::OptimizerError>| result.unwrap_err().to_string();
    assert_eq!(
        error(a.get("exp_avq")),
        "the state of `a` has no `exp_avq`; did you mean `exp_avg`?"
    );
    assert_eq!(
        error(a.get("exp_avg")),
        "`exp_avg` of the state of `a`: expected float, found a tensor of shape [2, 3]"
    );
    assert_eq!(error(group.get("note")), "`note` of group 0: expected float, found str");
    assert_eq!(
        state.of("c").unwrap_err().to_string(),
        "the optimizer has no parameter `c`; did you mean `a`?"
    );
    assert_eq!(state.param(2).unwrap_err().to_string(), "there is no parameter 2: there are 2");
    assert!(state.param_group(1).is_err());
}

#[test]
fn integers_are_read_from_whole_numbers_only() {
    let mut state = adam();
    let mut param = state.of_mut("a").unwrap();
    param.set("half", CpuTensor::scalar(0.5f32)).set("nan", CpuTensor::scalar(f32::NAN));
    param.set("large", CpuTensor::scalar(u64::MAX)).set("minus", CpuTensor::scalar(-1f64));
    param.set("byte", CpuTensor::scalar(7u8)).set("float", 3.0);
    let a = state.of("a").unwrap();
    for key in ["half", "nan", "large", "float"] {
        assert!(a.get::<i64>(key).is_err(), "{key}");
    }
    assert_eq!(a.get::<i64>("minus").unwrap(), -1);
    assert!(a.get::<u64>("minus").is_err());
    assert_eq!(a.get::<u32>("byte").unwrap(), 7);
}

#[test]
fn names_come_from_a_model_and_all_that_does_not_fit_is_said() {
    let pair = Pair::new();
    let state = through_a_file(&sgd());
    assert!(state.of("a").is_err());
    let state = state.with_names(&pair).unwrap();
    let buffer: CpuTensor = state.of("b").unwrap().get("momentum_buffer").unwrap();
    assert_eq!(buffer, tensor(&[7.0, 8.0, 9.0, 10.0], &[4]));

    let other = Pair { a: pair.b.clone(), b: pair.a.clone() };
    let error = through_a_file(&sgd()).with_names(&other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 problems with the optimizer's state:\n  \
         `momentum_buffer` of `a`: the parameter's is [4], the state dict has [2, 3]\n  \
         `momentum_buffer` of `b`: the parameter's is [2, 3], the state dict has [4]"
    );
    let error = through_a_file(&sgd()).named(["a"]).unwrap_err();
    assert!(matches!(error.problems[..], [OptimizerProblem::NameCount { names: 1, params: 2 }]));
    let error = through_a_file(&sgd()).named(["a", "a"]).unwrap_err();
    assert!(matches!(error.problems[..], [OptimizerProblem::SameName { .. }]));
}

#[test]
fn several_groups_need_names_of_their_own() {
    let mut made = OptimizerState::new();
    made.add_param_group(Algorithm::Sgd, ["b"]).unwrap();
    made.add_param_group(Algorithm::Sgd, ["a"]).unwrap();
    made.of_mut("b").unwrap().set("momentum_buffer", tensor(&[1.0; 4], &[4]));
    let error = through_a_file(&made).with_names(&Pair::new()).unwrap_err();
    assert!(matches!(error.problems[..], [OptimizerProblem::GroupsWithoutNames { groups: 2 }]));
    assert_eq!(through_a_file(&made).named(["b", "a"]).unwrap().of("a").unwrap().group(), 1);

    // With names in the file, the model's order does not matter.
    made.write_param_names();
    let state = through_a_file(&made).with_names(&Pair::new()).unwrap();
    assert_eq!(state.of("b").unwrap().position(), 0);
    assert_eq!(state.names().collect::<Vec<_>>(), [Some("b"), Some("a")]);

    let mut made = OptimizerState::new();
    made.add_param_group(Algorithm::Sgd, ["a", "module.b"]).unwrap();
    made.write_param_names();
    let error = through_a_file(&made).with_names(&Pair::new()).unwrap_err();
    assert_eq!(error.to_string(), "the model has no parameter `module.b`");
}

#[test]
fn what_is_no_optimizers_state_is_refused_with_all_that_is_wrong() {
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    let error = OptimizerState::from_graph(graph.clone()).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");

    let groups: Vec<ValueId> = (0..3).map(|_| graph.dict()).collect();
    let ids = [graph.add(0), graph.add(0.5)];
    let ids = graph.list(ids);
    graph.put(groups[1], "params", ids).unwrap();
    graph.set(groups[2], "params", 7).unwrap();
    let number = graph.add(1);
    let groups = graph.list(groups.into_iter().chain([number]));
    graph.put(root, "param_groups", groups).unwrap();
    let (state, key, value) = (graph.dict(), graph.add(0), graph.add("no dict"));
    graph.push_entry(state, key, value).unwrap();
    graph.put(root, "state", state).unwrap();
    let error = OptimizerState::from_graph(graph).unwrap_err();
    assert_eq!(
        error.to_string(),
        "5 problems with the optimizer's state:\n  \
         group 0 has no `params`\n  \
         `params` of group 1: expected int or str, found float\n  \
         `params` of group 2: expected list, found int\n  \
         group 3: expected dict, found int\n  \
         the state of parameter 0: expected dict, found str"
    );
    let error = OptimizerState::from_graph(Graph::of(1)).unwrap_err();
    assert_eq!(error.to_string(), "the optimizer's state: expected dict, found int");
}

#[test]
fn what_belongs_to_no_parameter_is_kept() {
    let mut graph = sgd().graph().clone();
    let state = graph.at(&["state"]).unwrap();
    graph.set(state, "global", 5).unwrap();
    let state = OptimizerState::from_graph(graph).unwrap();
    let others: Vec<_> = state.others().collect();
    assert_eq!(others[0].0.get::<String>().unwrap(), "global");
    let mut into = OptimizerState::new();
    into.add_param_group(Algorithm::Sgd, ["a", "b"]).unwrap();
    into.load_state_dict(&state, &Pair::new()).unwrap();
    assert_eq!(into.others().count(), 1);
}

#[test]
fn a_load_changes_nothing_where_something_does_not_fit() {
    let pair = Pair::new();
    let wider = Pair { a: tensor(&[0.0; 8], &[2, 4]), b: pair.b.clone() };
    let mut into = OptimizerState::new();
    into.add_param_group(Algorithm::Sgd, ["a", "b"]).unwrap();
    let error = into.load_state_dict(&sgd(), &wider).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`momentum_buffer` of `a`: the parameter's is [2, 4], the state dict has [2, 3]"
    );
    // PyTorch does not look.
    assert_eq!(error.torch_message(), None);
    assert!(into.of("a").unwrap().is_empty());
    assert_eq!(into.param_group(0).unwrap().get::<f64>("momentum").unwrap(), 0.0);
    let report = into.load_state_dict(&sgd(), &pair).unwrap();
    assert_eq!(report.to_string(), "the optimizer's state was loaded");
    assert_eq!(into.param_group(0).unwrap().get::<f64>("momentum").unwrap(), 0.9);
}

#[test]
fn what_seems_to_be_another_optimizers_is_told_and_loaded() {
    let pair = Pair::new();
    let load = |into: &OptimizerState<'static>, saved: &OptimizerState<'static>| {
        let report = into.clone().load_state_dict(saved, &pair).unwrap().to_string();
        report.lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let said = ["group 0: the saved options are those of SGD, and this optimizer is Adam"];
    assert_eq!(load(&adam(), &sgd()), said);
    // PyTorch loads it without a word, and so it is loaded.
    let mut into = adam();
    into.load_state_dict(&sgd(), &pair).unwrap();
    assert_eq!(into.param_group(0).unwrap().get::<f64>("momentum").unwrap(), 0.9);

    // One entry too many.
    let mut saved = adam();
    for name in ["a", "b"] {
        let momentum = sgd().of(name).unwrap().get::<CpuTensor>("momentum_buffer").unwrap();
        saved.of_mut(name).unwrap().set("momentum_buffer", momentum);
    }
    let said =
        ["this optimizer keeps no `momentum_buffer`, which was saved of `a` and 1 other parameter"];
    assert_eq!(load(&adam(), &saved), said);

    // Of an optimizer of somebody's own, the names are compared, of what is on.
    let own = |option: &str, value: f64| {
        let mut state = sgd();
        state.param_group_mut(0).unwrap().set(option, value);
        state
    };
    assert!(load(&own("trust", 0.5), &own("trust", 0.25)).is_empty());
    assert!(load(&own("trust", 0.5), &own("initial_lr", 0.25)).len() == 1);
    let said = [
        "group 0: this optimizer has no option `warmth`, which was saved",
        "group 0: the option `trust` of this optimizer was not saved",
    ];
    assert_eq!(load(&own("trust", 0.5), &own("warmth", 1.0)), said);
    assert_eq!(load(&own("trust", 0.5), &own("warmth", 0.0)), said[1..]);
}

#[test]
fn a_state_that_holds_itself_is_an_error_of_the_load() {
    let mut graph = sgd().graph().clone();
    let state = graph.at(&["state"]).unwrap();
    let (_, first) = graph.get(state).as_dict().unwrap().get_index(0).unwrap();
    let first = first.value_id();
    let knot = graph.list([]);
    for item in [knot, knot] {
        graph.push(knot, item).unwrap();
    }
    graph.put(first, "knot", knot).unwrap();
    let knotted = OptimizerState::from_graph(graph).unwrap();
    let mut into = OptimizerState::new();
    into.add_param_group(Algorithm::Sgd, ["a", "b"]).unwrap();
    let error = into.load_state_dict(&knotted, &Pair::new()).unwrap_err();
    assert!(matches!(error.problems[..], [OptimizerProblem::Depth { .. }]), "{error}");
}

#[test]
fn what_repeats_its_elements_is_not_made_whole() {
    let mut state = sgd();
    let storage = Storage::from_bytes(vec![0u8; 4]);
    let strides = Strides::from(&[0isize][..]);
    let huge = TensorView::strided(storage, DType::F32, [1 << 40], strides, 0).unwrap();
    state.of_mut("a").unwrap().set("huge", huge);
    assert!(state.of("a").unwrap().get::<CpuTensor>("huge").is_err());
    let double = |tensor: &CpuTensor| CpuTensor::zeros(DType::F64, tensor.shape().clone());
    let pair = Pair::new();
    let pair = Pair { a: double(&pair.a), b: double(&pair.b) };
    let mut into = OptimizerState::new();
    into.add_param_group(Algorithm::Sgd, ["a", "b"]).unwrap();
    let error = into.load_state_dict(&state, &pair).unwrap_err();
    assert!(matches!(error.problems[..], [OptimizerProblem::Expanded { .. }]), "{error}");
}

#[test]
fn a_state_can_be_cleared_and_options_set_before_the_parameters() {
    let mut state = sgd();
    state.of_mut("a").unwrap().clear();
    state.param_group_mut(0).unwrap().set("initial_lr", 0.1).set("params", 3);
    let state = through_a_file(&state);
    assert!(state.param(0).unwrap().is_empty() && !state.param(1).unwrap().is_empty());
    let group = state.param_group(0).unwrap();
    assert_eq!(group.options().last().unwrap().0, "initial_lr");
    assert_eq!(group.params().len(), 2);
}

#[test]
fn structs_of_the_users_go_on_from_a_file_bit_for_bit() {
    let mut pair = Pair::new();
    let mut optimizer = Adam::new(&pair, false);
    (0..3).for_each(|_| optimizer.step(&mut pair));
    let mut state = OptimizerState::new();
    state.add_param_group(Algorithm::Adam, ["a", "b"]).unwrap();
    let saved = through_a_file(&state.updated_from(&optimizer).unwrap()).with_names(&pair).unwrap();
    // As PyTorch counts, whatever the struct does.
    assert_eq!(saved.of("a").unwrap().get::<TensorView<'_>>("step").unwrap().dtype(), DType::F32);

    let (mut resumed, mut resumed_pair) = (Adam::new(&pair, false), pair.clone());
    resumed.param_groups[0].lr = 9.0;
    saved.load_into(&mut resumed).unwrap();
    assert_eq!(resumed, optimizer);
    for _ in 0..4 {
        optimizer.step(&mut pair);
        resumed.step(&mut resumed_pair);
    }
    assert_eq!((resumed, resumed_pair), (optimizer, pair));
}

#[test]
fn an_option_that_a_struct_does_not_know_is_no_detail() {
    let pair = Pair::new();
    let mut state = sgd();
    state.param_group_mut(0).unwrap().set("weight_decay", 0.01).set("foreach", true);
    state.param_group_mut(0).unwrap().set("initial_lr", 0.2);
    let mut optimizer = Sgd::new(&pair);
    let error = state.load_into(&mut optimizer).unwrap_err();
    let [OptimizerProblem::Load(load)] = &error.problems[..] else { panic!("{error}") };
    assert_eq!(load.unexpected_keys().collect::<Vec<_>>(), ["param_groups.0.weight_decay"]);
    assert_eq!(optimizer, Sgd::new(&pair));

    let report = state.load_into_with(&mut optimizer, &LoadOptions::new().strict(false)).unwrap();
    assert_eq!(report.unexpected, ["param_groups.0.weight_decay"]);
    assert_eq!(optimizer.param_groups[0].lr, 0.1);
    // What cannot be a tensor is said too, and what belongs to no parameter.
    state.param_group_mut(0).unwrap().set("weight_decay", 0).set("line_search_fn", "strong_wolfe");
    let mut graph = state.graph().clone();
    let global = graph.at(&["state"]).unwrap();
    graph.set(global, "global", 5).unwrap();
    let number = graph.add(7);
    let (_, first) = graph.get(global).as_dict().unwrap().get_index(0).unwrap();
    graph.push_entry(first.value_id(), number, number).unwrap();
    let state = OptimizerState::from_graph(graph).unwrap();
    let error = state.load_into(&mut optimizer).unwrap_err().to_string();
    for key in ["param_groups.0.line_search_fn", "state[global]", "state.0[]"] {
        assert!(error.contains(key), "{key}: {error}");
    }
}

#[test]
fn what_a_struct_lacks_or_has_beyond_the_state_is_said() {
    let pair = Pair::new();
    let mut optimizer = Adam::new(&pair, true);
    optimizer.state.pop();
    let mut state = adam();
    state.param_group_mut(0).unwrap().set("amsgrad", true);
    let error = state.load_into(&mut optimizer).unwrap_err();
    let [OptimizerProblem::Load(load)] = &error.problems[..] else { panic!("{error}") };
    assert_eq!(load.missing_keys().collect::<Vec<_>>(), ["state.0.max_exp_avg_sq"]);
    assert_eq!(load.unexpected_keys().count(), 3);
}

#[test]
fn an_update_keeps_the_kind_of_what_is_there() {
    let mut state = sgd();
    // One object in both, as torch's defaults are.
    state.add_param_group(Algorithm::Adam, ["c"]).unwrap();
    state.add_param_group(Algorithm::Adam, ["d"]).unwrap();

    #[derive(StateDict)]
    struct Optimizer {
        param_groups: Vec<Group>,
        state: Vec<Counter>,
    }
    #[derive(StateDict)]
    struct Group {
        #[buffer]
        lr: f32,
        #[buffer]
        weight_decay: f32,
        #[buffer]
        betas: Option<[f64; 2]>,
        #[buffer]
        warmup: u8,
    }
    #[derive(StateDict)]
    struct Counter {
        #[buffer]
        step: i64,
        #[buffer]
        row: Vec<f64>,
    }
    let group = |lr, betas| Group { lr, weight_decay: 0.0, betas, warmup: 2 };
    let groups = vec![group(0.1, None), group(0.5, Some([0.5, 0.75])), group(0.001, None)];
    let counter = Counter { step: 4, row: vec![1.0, 2.0] };
    let optimizer = Optimizer { param_groups: groups, state: vec![counter] };
    let state = state.updated_from(&optimizer).unwrap();
    let [first, second, third] = [0, 1, 2].map(|index| state.param_group(index).unwrap());
    // 0.1, and not the nearest float32.
    assert_eq!(first.get::<f64>("lr").unwrap(), 0.1);
    assert_eq!(second.get::<f64>("lr").unwrap(), 0.5);
    assert_eq!(first.find("weight_decay").unwrap().value().as_i64(), Some(0));
    assert_eq!(first.find("warmup").unwrap().value().as_i64(), Some(2));
    assert_eq!(second.get::<(f64, f64)>("betas").unwrap(), (0.5, 0.75));
    assert_eq!(third.get::<(f64, f64)>("betas").unwrap(), (0.9, 0.999));
    let a = state.of("a").unwrap();
    assert_eq!(a.get::<TensorView<'_>>("step").unwrap().item::<f32>().unwrap(), 4.0);
    assert_eq!(a.get::<TensorView<'_>>("row").unwrap().to_vec::<f64>().unwrap(), [1.0, 2.0]);
    assert!(a.find("momentum_buffer").is_some());
}

#[test]
fn an_update_reaches_into_lists_and_leaves_who_shares_them() {
    #[derive(StateDict)]
    struct Optimizer {
        state: Vec<History>,
    }
    #[derive(StateDict)]
    struct History {
        old_dirs: ParameterList<Vec<f32>>,
    }
    let mut state = OptimizerState::new();
    state.add_param_group(Algorithm::Lbfgs, ["a"]).unwrap();
    let dirs = vec![tensor(&[1.0], &[1]), tensor(&[2.0], &[1])];
    state.of_mut("a").unwrap().set("old_dirs", dirs);
    let old_dirs = ParameterList(vec![vec![0.0], vec![0.0]]);
    let mut optimizer = Optimizer { state: vec![History { old_dirs }] };
    state.load_into(&mut optimizer).unwrap();
    assert_eq!(optimizer.state[0].old_dirs[1], [2.0]);
    optimizer.state[0].old_dirs[1] = vec![5.0];
    let updated = state.updated_from(&optimizer).unwrap();
    let second = |state: &OptimizerState<'_>| {
        let dirs: Vec<CpuTensor> = state.of("a").unwrap().get("old_dirs").unwrap();
        dirs[1].as_slice::<f32>().unwrap()[0]
    };
    assert_eq!((second(&state), second(&updated)), (2.0, 5.0));
}

#[test]
fn an_update_from_what_is_no_optimizer_is_an_error() {
    let state = sgd();
    let pair = Pair::new();
    let error = state.updated_from(&pair).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    let mut larger = Sgd::new(&pair);
    larger.state.push(larger.state[0].clone());
    let error = state.updated_from(&larger).unwrap_err();
    assert!(error.to_string().contains("`state.2.momentum_buffer`"), "{error}");
}

#[test]
fn integers_fill_what_holds_them() {
    #[derive(StateDict)]
    struct Optimizer {
        state: Vec<Counter>,
        param_groups: Vec<Group>,
    }
    #[derive(StateDict)]
    struct Counter {
        #[buffer]
        step: u64,
    }
    #[derive(StateDict)]
    struct Group {
        #[buffer]
        lr: f32,
        #[buffer]
        warmup: u64,
        #[buffer]
        shift: i8,
    }
    let mut state = OptimizerState::new();
    let mut group = state.add_param_group(Algorithm::SparseAdam, ["a"]).unwrap();
    group.set("betas", ()).set("eps", 0).set("lr", 1).set("warmup", 200).set("shift", -128);
    state.of_mut("a").unwrap().set("step", 9);
    let group = Group { lr: 0.0, warmup: 0, shift: 0 };
    let mut optimizer = Optimizer { state: vec![Counter { step: 0 }], param_groups: vec![group] };
    state.load_into(&mut optimizer).unwrap();
    let group = &optimizer.param_groups[0];
    assert_eq!((group.lr, group.warmup, group.shift), (1.0, 200, -128));
    assert_eq!(optimizer.state[0].step, 9);

    // Numbers that do not fit are an error, and never others.
    for (key, number) in [("warmup", -1i64), ("shift", 128), ("shift", 1 << 40)] {
        let mut state = state.clone();
        state.param_group_mut(0).unwrap().set(key, number);
        let error = state.load_into(&mut optimizer).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
    optimizer.param_groups[0].warmup = 300;
    optimizer.state[0].step = 10;
    let updated = state.updated_from(&optimizer).unwrap();
    let group = updated.param_group(0).unwrap();
    assert_eq!(group.find("warmup").unwrap().value().as_i64(), Some(300));
    assert_eq!(group.find("lr").unwrap().value().as_i64(), Some(1));
    assert_eq!(updated.of("a").unwrap().find("step").unwrap().value().as_i64(), Some(10));
}
