//! The layers of `burn::nn` with PyTorch's names, order, versions and layouts.

use burn::module::Param;
use burn::nn::attention::{MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, BiLstm, BiLstmConfig, Dropout, DropoutConfig, Embedding,
    EmbeddingConfig, GroupNorm, GroupNormConfig, Gru, GruConfig, InstanceNorm, InstanceNormConfig,
    LayerNorm, LayerNormConfig, Linear, LinearConfig, LinearLayout, Lstm, LstmConfig, Relu,
    RmsNorm, RmsNormConfig,
};
use burn::tensor::{Device, Tensor, TensorData};
use statedict::burn::CountedBatchNorm;
use statedict::state_map::Metadata;
use statedict::{LoadOptions, Schema, StateDict, StateDictExt, StateMap, TensorView};

#[derive(StateDict)]
struct Model {
    linear: Linear,
    conv1: Conv1d,
    conv2: Conv2d,
    up: ConvTranspose2d,
    relu: Relu,
    dropout: Dropout,
    embedding: Embedding,
    batch: BatchNorm,
    layer: LayerNorm,
    group: GroupNorm,
    instance: InstanceNorm,
    rms: RmsNorm,
    lstm: Lstm,
    both: BiLstm,
    gru: Gru,
    attention: MultiHeadAttention,
}

fn model() -> Model {
    let device = &Device::default();
    Model {
        linear: LinearConfig::new(2, 3).init(device),
        conv1: Conv1dConfig::new(2, 3, 5).with_bias(false).init(device),
        conv2: Conv2dConfig::new([4, 6], [3, 1]).with_groups(2).init(device),
        up: ConvTranspose2dConfig::new([4, 6], [3, 1]).with_groups(2).init(device),
        relu: Relu::new(),
        dropout: DropoutConfig::new(0.5).init(),
        embedding: EmbeddingConfig::new(5, 2).init(device),
        batch: BatchNormConfig::new(3).init(device),
        layer: LayerNormConfig::new(4).init(device),
        group: GroupNormConfig::new(2, 4).init(device),
        instance: InstanceNormConfig::new(4).with_affine(false).init(device),
        rms: RmsNormConfig::new(4).init(device),
        lstm: LstmConfig::new(2, 3, true).init(device),
        both: BiLstmConfig::new(2, 3, false).init(device),
        gru: GruConfig::new(2, 3, true).init(device),
        attention: MultiHeadAttentionConfig::new(4, 2).init(device),
    }
}

/// What PyTorch 2.15 gives for these layers.
const KEYS: &[(&str, &[usize])] = &[
    ("linear.weight", &[3, 2]),
    ("linear.bias", &[3]),
    ("conv1.weight", &[3, 2, 5]),
    ("conv2.weight", &[6, 2, 3, 1]),
    ("conv2.bias", &[6]),
    ("up.weight", &[4, 3, 3, 1]),
    ("up.bias", &[6]),
    ("embedding.weight", &[5, 2]),
    ("batch.weight", &[3]),
    ("batch.bias", &[3]),
    ("batch.running_mean", &[3]),
    ("batch.running_var", &[3]),
    ("batch.num_batches_tracked", &[]),
    ("layer.weight", &[4]),
    ("layer.bias", &[4]),
    ("group.weight", &[4]),
    ("group.bias", &[4]),
    ("rms.weight", &[4]),
    ("lstm.weight_ih_l0", &[12, 2]),
    ("lstm.weight_hh_l0", &[12, 3]),
    ("lstm.bias_ih_l0", &[12]),
    ("lstm.bias_hh_l0", &[12]),
    ("both.weight_ih_l0", &[12, 2]),
    ("both.weight_hh_l0", &[12, 3]),
    ("both.weight_ih_l0_reverse", &[12, 2]),
    ("both.weight_hh_l0_reverse", &[12, 3]),
    ("gru.weight_ih_l0", &[9, 2]),
    ("gru.weight_hh_l0", &[9, 3]),
    ("gru.bias_ih_l0", &[9]),
    ("gru.bias_hh_l0", &[9]),
    ("attention.in_proj_weight", &[12, 4]),
    ("attention.in_proj_bias", &[12]),
    ("attention.out_proj.weight", &[4, 4]),
    ("attention.out_proj.bias", &[4]),
];

#[test]
fn names_order_and_shapes_are_those_of_torch() {
    let model = model();
    let map = model.state_dict().unwrap();
    let found: Vec<(&str, &[usize])> =
        map.iter().map(|(key, view)| (key, &**view.shape())).collect();
    assert_eq!(found, KEYS);
    assert_eq!(map.version("batch"), Some(2));
    assert_eq!(map.version("instance"), Some(2));
    assert_eq!(map.version("conv2"), Some(1));
    assert_eq!(map.version("relu"), Some(1));
    assert_eq!(map.version("attention.out_proj"), Some(1));
}

#[test]
fn the_types_alone_say_the_same() {
    let model = model();
    Schema::of::<Model>().check(&model.state_dict().unwrap()).unwrap();
}

/// Every tensor filled with its own numbers: so that one that is in the wrong place is seen.
fn numbered() -> StateMap<'static> {
    let mut map = StateMap::new();
    let mut next = 0u16;
    for (key, shape) in KEYS {
        let shape = shape.to_vec();
        if key.ends_with("num_batches_tracked") {
            map.insert(*key, TensorView::from_vec(vec![0i64], shape).unwrap());
            continue;
        }
        let elements: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                next += 1;
                f32::from(next)
            })
            .collect();
        map.insert(*key, TensorView::from_vec(elements, shape).unwrap());
    }
    let versions = model().state_dict().unwrap().metadata().cloned();
    *map.metadata_mut() = versions;
    map
}

#[test]
fn what_is_loaded_is_what_is_saved() {
    let map = numbered();
    for options in [LoadOptions::new(), LoadOptions::new().assign(true)] {
        let mut model = model();
        let report = model.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(report.loaded.len(), KEYS.len());
        let saved = model.state_dict().unwrap();
        for (key, view) in map.iter() {
            assert_eq!(saved.get(key).unwrap().bytes().unwrap(), view.bytes().unwrap(), "{key}");
        }
    }
}

#[test]
fn the_gates_are_in_the_order_of_torch() {
    let mut model = model();
    let map = numbered();
    model.load_state_dict(&map).unwrap();
    // Input, forget, cell, output: three rows each.
    let rows = map.get("lstm.weight_ih_l0").unwrap().to_vec::<f32>().unwrap();
    let of =
        |linear: &Linear| linear.weight.val().transpose().into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(of(&model.lstm.input_gate.input_transform), rows[..6]);
    assert_eq!(of(&model.lstm.forget_gate.as_ref().unwrap().input_transform), rows[6..12]);
    assert_eq!(of(&model.lstm.cell_gate.input_transform), rows[12..18]);
    assert_eq!(of(&model.lstm.output_gate.input_transform), rows[18..]);
    // Reset, update, new.
    let rows = map.get("gru.weight_hh_l0").unwrap().to_vec::<f32>().unwrap();
    assert_eq!(of(&model.gru.reset_gate.hidden_transform), rows[..9]);
    assert_eq!(of(&model.gru.update_gate.hidden_transform), rows[9..18]);
    assert_eq!(of(&model.gru.new_gate.hidden_transform), rows[18..]);
    let rows = map.get("attention.in_proj_weight").unwrap().to_vec::<f32>().unwrap();
    assert_eq!(of(&model.attention.query), rows[..16]);
    assert_eq!(of(&model.attention.key), rows[16..32]);
    assert_eq!(of(&model.attention.value), rows[32..]);
}

/// A square one too, whose layout no shape tells.
#[test]
fn a_linear_layer_of_either_layout_is_out_by_in() {
    for sizes in [[2, 3], [2, 2]] {
        for layout in [LinearLayout::Row, LinearLayout::Col] {
            let [input, output] = sizes;
            let config = LinearConfig::new(input, output).with_layout(layout);
            let elements: Vec<f32> = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..input * output].to_vec();
            let mut map = StateMap::new();
            let weight = TensorView::from_vec(elements.clone(), [output, input]).unwrap();
            map.insert("weight", weight);
            map.insert("bias", TensorView::from_vec(vec![0.5f32; output], [output]).unwrap());
            let forward = |linear: &Linear| {
                let first = Tensor::<1>::from_data([1.0f32, 0.0], &Device::default());
                linear.forward(first).into_data().try_to_vec::<f32>().unwrap()
            };
            // One that has its first values, and one that was never initialized.
            let used = config.init(&Device::default());
            forward(&used);
            for mut linear in [used, config.init(&Device::default())] {
                linear.load_state_dict(&map).unwrap();
                let column: Vec<f32> = elements.chunks(2).map(|row| row[0] + 0.5).collect();
                assert_eq!(forward(&linear), column, "{layout:?} {sizes:?}");
                let saved = linear.state_dict().unwrap();
                assert_eq!(saved.get("weight").unwrap().shape(), &[output, input]);
                assert_eq!(saved.get("weight").unwrap().to_vec::<f32>().unwrap(), elements);
            }
        }
    }
}

#[test]
fn a_batch_norm_of_before_the_count_is_loaded() {
    let mut map = numbered();
    map.remove("batch.num_batches_tracked");
    let mut model = model();
    model.load_state_dict(&map).unwrap_err();
    // Saved before modules had versions.
    *map.metadata_mut() = None::<Metadata>;
    let report = model.load_state_dict(&map).unwrap();
    assert_eq!(report.defaulted, ["batch.num_batches_tracked"]);
}

#[test]
fn the_count_of_batches_is_kept_where_there_is_a_place_for_it() {
    let device = &Device::default();
    let mut counted = CountedBatchNorm::from(BatchNormConfig::new(2).init(device));
    let norm = BatchNormConfig::new(2).init(device);
    let mut map = norm.state_dict().unwrap().into_owned().unwrap();
    map.insert("num_batches_tracked", TensorView::from_vec(vec![41i64], []).unwrap());
    counted.load_state_dict(&map).unwrap();
    assert_eq!(counted.num_batches_tracked, 41);
    assert_eq!(
        counted.state_dict().unwrap().get("num_batches_tracked").unwrap().item::<i64>().unwrap(),
        41
    );
    let mut norm = norm;
    norm.load_state_dict(&map).unwrap();
    assert_eq!(
        norm.state_dict().unwrap().get("num_batches_tracked").unwrap().item::<i64>().unwrap(),
        0
    );
}

#[test]
fn a_frozen_weight_is_loaded_in_place() {
    let mut linear = LinearConfig::new(1, 1).with_bias(false).init(&Device::default());
    linear.weight = Param::from_data([[0.0f32]], &Device::default()).set_require_grad(false);
    let id = linear.weight.id;
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(vec![3.0f32], [1, 1]).unwrap());
    linear.load_state_dict(&map).unwrap();
    assert_eq!(linear.weight.to_data(), TensorData::from([[3.0f32]]));
    assert_eq!(linear.weight.id, id);
    assert!(!linear.weight.is_require_grad());
}
