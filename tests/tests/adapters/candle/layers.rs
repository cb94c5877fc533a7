//! candle-nn's layers: their names, and loads through what they lend.

use std::rc::Rc;
use std::sync::Arc;

use candle_core::{DType, Device, Module, ModuleT, Tensor};
use candle_nn::rnn::{Direction, RNN};
use candle_nn::{
    Conv2d, Embedding, GRUConfig, GroupNorm, LSTMConfig, LayerNorm, Linear, VarBuilder, VarMap,
};
use statedict::candle::{BatchNorm, Gru, Lstm};
use statedict::load::LoadProblem;
use statedict::{LoadOptions, Schema, StateDict, StateDictExt, StateMap, TensorView};

fn zeros() -> VarBuilder<'static> {
    VarBuilder::zeros(DType::F32, &Device::Cpu)
}

fn keys(model: &impl StateDict) -> Vec<String> {
    model.state_dict().unwrap().keys().map(String::from).collect()
}

/// A state dict of the model's keys and shapes, with other numbers in each.
fn numbered(model: &impl StateDict) -> StateMap<'static> {
    let state = model.state_dict().unwrap();
    let mut next = 0f32;
    let mut number = || {
        next += 0.5;
        next
    };
    let numbered = state.iter().map(|(key, view)| {
        let view = match view.dtype() {
            statedict::DType::I64 => {
                TensorView::from_vec(vec![7i64; view.numel()], view.shape().clone())
            }
            _ => {
                let numbers = (0..view.numel()).map(|_| number()).collect();
                TensorView::from_vec::<f32>(numbers, view.shape().clone())
            }
        };
        (key.to_owned(), view.unwrap())
    });
    let mut map: StateMap<'static> = numbered.collect();
    *map.metadata_mut() = state.metadata().cloned();
    map
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Loads other numbers, and finds them in the state dict.
#[track_caller]
fn assert_loads(model: &mut impl StateDict, expected: &[&str]) {
    assert_eq!(keys(model), expected);
    let map = numbered(model);
    model.load_state_dict(&map).unwrap();
    let state = model.state_dict().unwrap();
    for (key, view) in map.iter() {
        assert_eq!(state.get(key).unwrap().bytes().unwrap(), view.bytes().unwrap(), "{key}");
    }
    assert_eq!(state.metadata(), map.metadata());
}

#[test]
fn stock_layers_have_torchs_names() {
    let vb = zeros();
    let config = candle_nn::Conv1dConfig::default;
    assert_loads(&mut candle_nn::linear(3, 2, vb.clone()).unwrap(), &["weight", "bias"]);
    assert_loads(&mut candle_nn::linear_no_bias(3, 2, vb.clone()).unwrap(), &["weight"]);
    assert_loads(
        &mut candle_nn::conv1d(2, 4, 3, config(), vb.clone()).unwrap(),
        &["weight", "bias"],
    );
    let conv2d = candle_nn::conv2d_no_bias(2, 4, 3, Default::default(), vb.clone());
    assert_loads(&mut conv2d.unwrap(), &["weight"]);
    let up1 = candle_nn::conv_transpose1d(2, 4, 3, Default::default(), vb.clone());
    assert_loads(&mut up1.unwrap(), &["weight", "bias"]);
    let up2 = candle_nn::conv_transpose2d(2, 4, 3, Default::default(), vb.clone());
    assert_loads(&mut up2.unwrap(), &["weight", "bias"]);
    assert_loads(&mut candle_nn::embedding(5, 2, vb.clone()).unwrap(), &["weight"]);
    assert_loads(&mut candle_nn::layer_norm(3, 1e-5, vb.clone()).unwrap(), &["weight", "bias"]);
    let unbiased = candle_nn::layer_norm_no_bias(3, 1e-5, vb.clone());
    assert_loads(&mut unbiased.unwrap(), &["weight"]);
    assert_loads(&mut candle_nn::rms_norm(3, 1e-5, vb.clone()).unwrap(), &["weight"]);
    assert_loads(&mut candle_nn::prelu(Some(3), vb.clone()).unwrap(), &["weight"]);
    let group = statedict::candle::group_norm(2, 4, 1e-5, vb.clone());
    assert_loads(&mut group.unwrap(), &["weight", "bias"]);
    let batch = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    assert_loads(&mut statedict::candle::batch_norm(3, 1e-5, vb.clone()).unwrap(), &batch);
    let gru = statedict::candle::gru(3, 2, GRUConfig::default_no_bias(), vb);
    assert_loads(&mut gru.unwrap(), &["weight_ih_l0", "weight_hh_l0"]);
}

#[test]
fn layers_without_a_value_are_described() {
    let lines = |schema: Schema| schema.to_string();
    let linear = lines(Schema::of::<Linear>());
    assert!(linear.contains("weight") && linear.contains("bias"), "{linear}");
    let norm = lines(Schema::of::<BatchNorm>());
    assert!(norm.contains("num_batches_tracked"), "{norm}");
}

/// What a layer computes with is what was loaded, not a copy of it.
#[test]
fn what_is_loaded_is_what_is_computed_with() {
    let image = Tensor::ones((1, 2, 4, 4), DType::F32, &Device::Cpu).unwrap();
    let mut conv: Conv2d = candle_nn::conv2d_no_bias(2, 1, 3, Default::default(), zeros()).unwrap();
    let map = numbered(&conv);
    conv.load_state_dict(&map).unwrap();
    let sum: f32 = map.get("weight").unwrap().to_vec::<f32>().unwrap().iter().sum();
    assert_eq!(numbers(&conv.forward(&image).unwrap()), [sum; 4]);

    // Group normalization keeps handles beside a layer that lends nothing.
    let mut group = statedict::candle::group_norm(1, 2, 1e-5, zeros()).unwrap();
    group.load_state_dict(&numbered(&group)).unwrap();
    let before = GroupNorm::new(group.weight().clone(), group.bias().clone(), 2, 1, 1e-5).unwrap();
    let x = Tensor::new(&[[[1f32], [2.0]]], &Device::Cpu).unwrap();
    assert_eq!(numbers(group.weight()), [0.5, 1.0]);
    assert_eq!(numbers(&group.forward(&x).unwrap()), numbers(&before.forward(&x).unwrap()));
    assert!(numbers(&group.forward(&x).unwrap()) != [0.0, 0.0]);
}

#[test]
fn recurrent_layers_compute_with_the_handles_that_are_loaded() {
    let x = Tensor::ones((1, 3, 2), DType::F32, &Device::Cpu).unwrap();
    let config =
        LSTMConfig { layer_idx: 1, direction: Direction::Backward, ..LSTMConfig::default() };
    let mut lstm: Lstm = statedict::candle::lstm(2, 3, config, zeros()).unwrap();
    let zero = numbers(&lstm.states_to_tensor(&lstm.seq(&x).unwrap()).unwrap());
    let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    let names = names.map(|name| format!("{name}_l1_reverse"));
    assert_loads(&mut lstm, &names.each_ref().map(String::as_str));
    assert_eq!(lstm.weights().count(), 4);
    assert_ne!(numbers(&lstm.states_to_tensor(&lstm.seq(&x).unwrap()).unwrap()), zero);

    let mut gru: Gru = statedict::candle::gru(2, 3, GRUConfig::default(), zeros()).unwrap();
    let zero = numbers(&gru.states_to_tensor(&gru.seq(&x).unwrap()).unwrap());
    assert_loads(&mut gru, &["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]);
    // Numbers so small that no gate is all closed.
    let small = |view: &TensorView<'_>| TensorView::full(0.1f32, view.shape().clone()).unwrap();
    let map: StateMap<'_> =
        numbered(&gru).iter().map(|(key, view)| (key.to_owned(), small(view))).collect();
    gru.load_state_dict(&map).unwrap();
    assert_ne!(numbers(&gru.states_to_tensor(&gru.seq(&x).unwrap()).unwrap()), zero);
}

/// Two layers of one module in PyTorch, and the variables of a map behind them.
#[test]
fn a_stack_of_recurrent_layers_flattens_into_one_module() {
    #[derive(StateDict)]
    struct Stack {
        #[flatten]
        first: Lstm,
        #[flatten]
        second: Lstm,
    }
    let variables = VarMap::new();
    let lstm = |inputs, layer_idx| {
        let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let config = LSTMConfig { layer_idx, ..LSTMConfig::default() };
        statedict::candle::lstm(inputs, 2, config, vb).unwrap()
    };
    let mut stack = Stack { first: lstm(3, 0), second: lstm(2, 1) };
    assert_eq!(keys(&stack).len(), 8);
    stack.load_state_dict(&numbered(&stack)).unwrap();
    // What is loaded is what an optimizer of these variables has.
    let variables = variables.data().lock().unwrap();
    for (name, tensor) in stack.first.weights().chain(stack.second.weights()) {
        assert_eq!(numbers(&variables[name]), numbers(tensor), "{name}");
    }
}

#[test]
fn a_batch_norm_counts_and_is_loaded_from_a_file_of_version_1() {
    let mut norm = statedict::candle::batch_norm(2, 1e-5, zeros()).unwrap();
    let batch = Tensor::ones((4, 2), DType::F32, &Device::Cpu).unwrap();
    norm.forward_t(&batch, true).unwrap();
    norm.forward_t(&batch, true).unwrap();
    norm.forward_t(&batch, false).unwrap();
    assert_eq!(norm.num_batches_tracked().unwrap(), 2);
    let state = norm.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(state.metadata().unwrap().version(""), Some(2));

    let mut old = numbered(&norm);
    old.remove("num_batches_tracked").unwrap();
    *old.metadata_mut() = None;
    let report = norm.load_state_dict(&old).unwrap();
    assert_eq!(report.defaulted, ["num_batches_tracked"]);
    assert_eq!(norm.num_batches_tracked().unwrap(), 2);
    assert_eq!(numbers(norm.layer().running_var()), [3.5, 4.0]);

    // Without weight and bias, as `affine=False`.
    let config = candle_nn::BatchNormConfig { affine: false, ..Default::default() };
    let bare = statedict::candle::batch_norm(2, config, zeros()).unwrap();
    assert_eq!(keys(&bare), ["running_mean", "running_var", "num_batches_tracked"]);
}

/// The storage has a lock of its own, so no other is needed.
#[test]
fn shared_layers_are_loaded_through_every_handle() {
    #[derive(StateDict)]
    struct Net {
        first: Rc<Linear>,
        norm: Arc<LayerNorm>,
        second: Rc<Linear>,
    }
    let first = Rc::new(candle_nn::linear(2, 2, zeros()).unwrap());
    let norm = Arc::new(candle_nn::layer_norm(2, 1e-5, zeros()).unwrap());
    let mut net =
        Net { first: Rc::clone(&first), norm: Arc::clone(&norm), second: Rc::clone(&first) };
    let state = net.state_dict().unwrap().into_owned().unwrap();
    assert!(state.get("first.weight").unwrap().same_as(state.get("second.weight").unwrap()));
    let mut map = numbered(&net);
    map.remove("second.weight");
    map.remove("second.bias");
    let report = net.load_state_dict(&map).unwrap();
    assert_eq!(report.satisfied_by_alias.len(), 2);
    assert_eq!(numbers(first.weight()), [0.5, 1.0, 1.5, 2.0]);
    assert_eq!(numbers(norm.weight()), [3.5, 4.0]);
}

/// The head is the embedding's tensor: no attribute says so.
#[test]
fn a_tied_head_is_saved_and_loaded_once() {
    #[derive(StateDict)]
    struct Net {
        embed: Embedding,
        head: Linear,
    }
    let embed = candle_nn::embedding(3, 2, zeros()).unwrap();
    let head = Linear::new(embed.embeddings().clone(), None);
    let mut net = Net { embed, head };
    for assign in [false, true] {
        let state = net.state_dict().unwrap().into_owned().unwrap();
        assert!(state.get("embed.weight").unwrap().same_as(state.get("head.weight").unwrap()));
        let mut map = numbered(&net);
        map.remove("embed.weight");
        net.load_state_dict_with(&map, &LoadOptions::new().assign(assign)).unwrap();
        assert_eq!(numbers(net.embed.embeddings()), numbers(net.head.weight()));
    }
}

/// A layer's tensors cannot be replaced, so a load that assigns takes only the type they have.
#[test]
fn layers_refuse_another_element_type_even_to_assign() {
    let mut fc = candle_nn::linear_no_bias(2, 1, zeros()).unwrap();
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(vec![1f64, 2.0], [1, 2]).unwrap());
    let error = fc.load_state_dict_with(&map, &LoadOptions::new().assign(true)).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::DType { .. }]), "{error}");
    assert!(error.nothing_was_written());
}
