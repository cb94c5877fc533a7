//! candle's models against PyTorch's: what torch saves computes the same here, and what is saved here
//! computes the same there.

#[path = "../../../examples/candle_gpt2/gpt2.rs"]
mod gpt2;
#[path = "../../../examples/candle_mlp/mlp.rs"]
mod mlp;
#[path = "../../../examples/candle_resnet/resnet.rs"]
mod resnet;

use candle_core::{DType, Device, Module, ModuleT, Result, Tensor};
use candle_nn::rnn::RNN;
use candle_nn::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig, Embedding, GRUConfig, LSTMConfig, LayerNorm, Linear,
    PReLU, RmsNorm, VarBuilder,
};
use serde_json::{Value, json};
use statedict::candle::{BatchNorm, GroupNorm, Gru, Lstm};
use statedict::{StateDict, StateDictExt, StateMap, TensorView};
use statedict_tests::{Torch, temp_dir};

fn zeros() -> VarBuilder<'static> {
    VarBuilder::zeros(DType::F32, &Device::Cpu)
}

/// A tensor of a file that torch wrote.
fn tensor(map: &StateMap<'_>, key: &str) -> Tensor {
    let view = map.get(key).unwrap_or_else(|| panic!("{key} is not in the file"));
    let dtype = if view.dtype() == statedict::DType::I64 { DType::I64 } else { DType::F32 };
    let bytes = view.bytes().unwrap();
    Tensor::from_raw_buffer(&bytes, dtype, view.shape(), &Device::Cpu).unwrap()
}

/// Compares numbers by the largest of those that are expected.
#[track_caller]
fn assert_close(found: &Tensor, expected: &Tensor, about: &str) {
    assert_eq!(found.dims(), expected.dims(), "{about}");
    let elements = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let (found, expected) = (elements(found), elements(expected));
    let scale = expected.iter().fold(0f32, |scale, value| scale.max(value.abs()));
    assert!(scale > 0.05, "{about}: numbers that say something: {scale}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * scale, "{about}: {found}, torch {expected}");
    }
}

/// What torch says of logits that it computed from a file of ours.
#[track_caller]
fn assert_close_in_torch(result: &Value) {
    let number = |key: &str| result[key].as_f64().unwrap();
    assert!(number("scale") > 0.05, "{result}");
    assert!(number("difference") <= 1e-4 * number("scale"), "{result}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_model_trained_in_rust_has_the_same_logits_in_torch() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (model, logits) = (folder.path().join("mlp.pt"), folder.path().join("logits.pt"));
    let mut losses = Vec::new();
    let trained = mlp::train(5, |_, loss| losses.push(loss)).unwrap();
    assert!(losses[4] < losses[0], "{losses:?}");
    trained.save(&model).unwrap();
    let (images, labels) = mlp::pictures(100, 3).unwrap();
    assert!(mlp::accuracy(&trained, &images, &labels).unwrap() > 0.5);
    let found = trained.forward(&images).unwrap();
    let mut map = StateMap::new();
    for (key, tensor) in [("input", &images), ("logits", &found)] {
        let elements = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        map.insert(key, TensorView::from_vec(elements, tensor.dims()).unwrap());
    }
    map.save(&logits).unwrap();
    assert_close_in_torch(
        &torch.call("candle_layers.mlp", json!({"path": model, "logits": logits})),
    );
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_resnet_18_has_the_logits_of_torch() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (theirs, logits) = (folder.path().join("theirs.pt"), folder.path().join("logits.pt"));
    torch.call("resnet18.save", json!({"path": theirs, "logits": logits}));

    let mut model = resnet::ResNet::new(64, 1000, &zeros()).unwrap();
    model.load(&theirs).unwrap();
    let map = StateMap::load(&logits).unwrap();
    let found = model.forward(&tensor(&map, "input")).unwrap();
    assert_close(&found, &tensor(&map, "logits"), "logits");

    let ours = folder.path().join("ours.pt");
    model.save(&ours).unwrap();
    let loaded = torch.call("resnet18.load", json!({"path": ours, "logits": logits}));
    assert_eq!(loaded["difference"], 0.0, "{loaded}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_gpt_2_has_the_logits_of_torch_and_keeps_its_tie() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (theirs, logits) = (folder.path().join("theirs.pt"), folder.path().join("logits.pt"));
    let sizes = json!({"vocabulary": 503, "context": 32, "width": 64, "layers": 4, "heads": 8});
    let args = json!({"path": theirs, "logits": logits, "config": sizes, "length": 32});
    torch.call("gpt2.save", args);

    let config = gpt2::Config { vocabulary: 503, context: 32, width: 64, layers: 4, heads: 8 };
    let mut model = gpt2::Gpt2::new(config, &zeros()).unwrap();
    model.load(&theirs).unwrap();
    let map = StateMap::load(&logits).unwrap();
    let found = model.forward(&tensor(&map, "input")).unwrap();
    assert_close(&found, &tensor(&map, "logits"), "logits");
    assert_eq!(model.continued(&[1, 2], 3).unwrap().len(), 5);

    let ours = folder.path().join("ours.pt");
    model.save(&ours).unwrap();
    let args = json!({"path": ours, "logits": logits, "config": sizes});
    let loaded = torch.call("gpt2.load", args);
    assert_eq!(loaded["difference"], 0.0, "{loaded}");
    assert_eq!(loaded["tied"], true, "{loaded}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_fixture_of_the_example_is_what_torch_writes() {
    let torch = Torch::start();
    let folder = temp_dir();
    let again = folder.path().join("gpt2");
    torch.call("make_gpt2.write", json!({"folder": again}));
    // The logits may differ in the last bit from machine to machine, the weights not.
    let committed = std::fs::read(statedict_tests::fixture("gpt2/gpt2.pt")).unwrap();
    assert!(committed == std::fs::read(again.join("gpt2.pt")).unwrap());
}

/// `Layers` of `candle_layers.py`.
#[derive(StateDict)]
struct Layers {
    linear: Linear,
    unbiased: Linear,
    conv1: Conv1d,
    conv2: Conv2d,
    up1: ConvTranspose1d,
    up2: ConvTranspose2d,
    embedding: Embedding,
    layer: LayerNorm,
    rms: RmsNorm,
    batch: BatchNorm,
    group: GroupNorm,
    prelu: PReLU,
    lstm: TwoLayers,
    gru: Gru,
}

/// `nn.LSTM(num_layers=2)`: the keys of both layers are one module's.
#[derive(StateDict)]
struct TwoLayers {
    #[flatten]
    first: Lstm,
    #[flatten]
    second: Lstm,
}

impl Layers {
    fn new() -> Result<Layers> {
        let vb = zeros();
        let conv1 = Conv1dConfig { padding: 1, groups: 2, ..Conv1dConfig::default() };
        let conv2 = Conv2dConfig { stride: 2, ..Conv2dConfig::default() };
        // Without padding candle 0.11.1 computes other numbers for a batch, whoever made the weights.
        let up1 = ConvTranspose1dConfig { stride: 2, padding: 1, ..Default::default() };
        let up2 = ConvTranspose2dConfig { stride: 2, ..ConvTranspose2dConfig::default() };
        let lstm = |inputs, layer_idx| {
            let config = LSTMConfig { layer_idx, ..LSTMConfig::default() };
            statedict::candle::lstm(inputs, 3, config, zeros())
        };
        Ok(Layers {
            linear: candle_nn::linear(4, 3, vb.clone())?,
            unbiased: candle_nn::linear_no_bias(4, 3, vb.clone())?,
            conv1: candle_nn::conv1d(4, 6, 3, conv1, vb.clone())?,
            conv2: candle_nn::conv2d_no_bias(4, 6, 3, conv2, vb.clone())?,
            up1: candle_nn::conv_transpose1d(4, 6, 3, up1, vb.clone())?,
            up2: candle_nn::conv_transpose2d(4, 6, 3, up2, vb.clone())?,
            embedding: candle_nn::embedding(7, 4, vb.clone())?,
            layer: candle_nn::layer_norm(4, 1e-5, vb.clone())?,
            rms: candle_nn::rms_norm(4, 1e-5, vb.clone())?,
            batch: statedict::candle::batch_norm(4, 1e-5, vb.clone())?,
            group: statedict::candle::group_norm(2, 4, 1e-5, vb.clone())?,
            prelu: candle_nn::prelu(Some(4), vb.clone())?,
            lstm: TwoLayers { first: lstm(4, 0)?, second: lstm(3, 1)? },
            gru: statedict::candle::gru(4, 3, GRUConfig::default(), vb)?,
        })
    }

    /// What each layer makes of its input, by name.
    fn outputs(&self, map: &StateMap<'_>) -> Result<Vec<(&'static str, Tensor)>> {
        let input = |name: &str| tensor(map, &format!("{name}.input"));
        let states = |layer: &Lstm, x: &Tensor| layer.states_to_tensor(&layer.seq(x)?);
        let first = states(&self.lstm.first, &input("lstm"))?;
        // candle puts the states of a GRU one after the other, without a dimension for the time.
        let gru = self.gru.states_to_tensor(&self.gru.seq(&input("gru"))?)?.reshape((2, 5, 3))?;
        Ok(vec![
            ("linear", self.linear.forward(&input("linear"))?),
            ("unbiased", self.unbiased.forward(&input("unbiased"))?),
            ("conv1", self.conv1.forward(&input("conv1"))?),
            ("conv2", self.conv2.forward(&input("conv2"))?),
            ("up1", self.up1.forward(&input("up1"))?),
            ("up2", self.up2.forward(&input("up2"))?),
            ("embedding", self.embedding.forward(&input("embedding"))?),
            ("layer", self.layer.forward(&input("layer"))?),
            ("rms", self.rms.forward(&input("rms"))?),
            ("batch", self.batch.forward_t(&input("batch"), false)?),
            ("group", self.group.forward(&input("group"))?),
            ("prelu", self.prelu.forward(&input("prelu"))?),
            ("lstm", states(&self.lstm.second, &first)?),
            ("gru", gru),
        ])
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn each_layer_computes_what_torchs_does_and_has_its_version() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (theirs, examples) = (folder.path().join("theirs.pt"), folder.path().join("examples.pt"));
    torch.call("candle_layers.save", json!({"path": theirs, "examples": examples}));

    let mut model = Layers::new().unwrap();
    model.load(&theirs).unwrap();
    assert_eq!(model.batch.num_batches_tracked().unwrap(), 7);
    let map = StateMap::load(&examples).unwrap();
    for (name, found) in model.outputs(&map).unwrap() {
        assert_close(&found, &tensor(&map, &format!("{name}.output")), name);
    }

    let ours = folder.path().join("ours.pt");
    model.save(&ours).unwrap();
    let loaded = torch.call("candle_layers.load", json!({"path": ours, "examples": examples}));
    for (name, difference) in loaded["differences"].as_object().unwrap() {
        assert_eq!(*difference, 0.0, "{name}");
    }
    assert_eq!(loaded["versions"], torch.call("candle_layers.versions", json!({})));
}
