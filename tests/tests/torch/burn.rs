//! burn's layers against PyTorch's: what torch saves computes the same here, and what is saved here
//! computes the same there.

#[path = "../../../examples/burn_resnet/resnet.rs"]
mod resnet;

use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvTranspose1d,
    ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig, ConvTranspose3d,
    ConvTranspose3dConfig,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, BiGru, BiGruConfig, BiLstm, BiLstmConfig, Embedding,
    EmbeddingConfig, GroupNorm, GroupNormConfig, Gru, GruConfig, InstanceNorm, InstanceNormConfig,
    LayerNorm, LayerNormConfig, Linear, LinearConfig, LinearLayout, Lstm, LstmConfig, PRelu,
    PReluConfig, PaddingConfig1d, RmsNorm, RmsNormConfig, Rnn, RnnConfig,
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde_json::{Value, json};
use statedict::burn::CountedBatchNorm;
use statedict::{LoadOptions, StateDict, StateDictExt, StateMap};
use statedict_tests::{Torch, temp_dir};

/// `Layers` of `burn_layers.py`.
#[derive(StateDict)]
struct Layers {
    linear: Linear,
    square: Linear,
    conv1: Conv1d,
    conv2: Conv2d,
    conv3: Conv3d,
    up1: ConvTranspose1d,
    up2: ConvTranspose2d,
    up3: ConvTranspose3d,
    embedding: Embedding,
    batch1: BatchNorm,
    batch2: CountedBatchNorm,
    layer: LayerNorm,
    unbiased: LayerNorm,
    group: GroupNorm,
    instance: InstanceNorm,
    rms: RmsNorm,
    prelu: PRelu,
    rnn: Rnn,
    lstm: Lstm,
    bilstm: BiLstm,
    gru: Gru,
    bigru: BiGru,
    attention: MultiHeadAttention,
}

fn layers(device: &Device) -> Layers {
    Layers {
        linear: LinearConfig::new(4, 3).init(device),
        square: LinearConfig::new(4, 4)
            .with_bias(false)
            .with_layout(LinearLayout::Col)
            .init(device),
        conv1: Conv1dConfig::new(4, 6, 3)
            .with_padding(PaddingConfig1d::Explicit(1, 1))
            .with_groups(2)
            .init(device),
        conv2: Conv2dConfig::new([4, 6], [3, 2]).with_stride([2, 2]).with_bias(false).init(device),
        conv3: Conv3dConfig::new([2, 3], [2, 2, 2]).init(device),
        up1: ConvTranspose1dConfig::new([4, 6], 3).with_stride(2).with_groups(2).init(device),
        up2: ConvTranspose2dConfig::new([4, 6], [3, 2])
            .with_stride([2, 2])
            .with_groups(2)
            .init(device),
        up3: ConvTranspose3dConfig::new([2, 3], [2, 2, 2]).init(device),
        embedding: EmbeddingConfig::new(7, 4).init(device),
        batch1: BatchNormConfig::new(4).init(device),
        batch2: BatchNormConfig::new(4).init(device).into(),
        layer: LayerNormConfig::new(4).init(device),
        unbiased: LayerNormConfig::new(4).with_bias(false).init(device),
        group: GroupNormConfig::new(2, 4).init(device),
        instance: InstanceNormConfig::new(4).init(device),
        rms: RmsNormConfig::new(4).with_epsilon(1e-5).init(device),
        prelu: PReluConfig::new().with_num_parameters(4).init(device),
        rnn: RnnConfig::new(4, 3, true).init(device),
        lstm: LstmConfig::new(4, 3, true).init(device),
        bilstm: BiLstmConfig::new(4, 3, true).init(device),
        gru: GruConfig::new(4, 3, true).init(device),
        bigru: BiGruConfig::new(4, 3, false).init(device),
        attention: MultiHeadAttentionConfig::new(4, 2).init(device),
    }
}

/// Inputs and outputs of the layers, as torch saved them.
struct Expected(StateMap<'static>);

impl Expected {
    fn input<const D: usize>(&self, layer: &str) -> Tensor<D> {
        Tensor::from_data(self.data(&format!("{layer}.input")), &Device::default())
    }

    fn data(&self, key: &str) -> TensorData {
        let view = self.0.get(key).unwrap();
        TensorData::new(view.to_vec::<f32>().unwrap(), view.shape().to_vec())
    }

    #[track_caller]
    fn check<const D: usize>(&self, layer: &str, found: Tensor<D>) {
        let expected = self.data(&format!("{layer}.output"));
        assert_eq!(found.shape(), *expected.shape(), "{layer}");
        let [found, expected] = [found.into_data(), expected].map(|data| data.try_to_vec::<f32>());
        let (found, expected) = (found.unwrap(), expected.unwrap());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-5, "{layer}: {found} for torch's {expected}");
        }
    }
}

/// Runs every layer on torch's input.
fn check(model: &Layers, expected: &Expected) {
    let e = expected;
    e.check("linear", model.linear.forward(e.input::<2>("linear")));
    e.check("square", model.square.forward(e.input::<2>("square")));
    e.check("conv1", model.conv1.forward(e.input("conv1")));
    e.check("conv2", model.conv2.forward(e.input("conv2")));
    e.check("conv3", model.conv3.forward(e.input("conv3")));
    e.check("up1", model.up1.forward(e.input("up1")));
    e.check("up2", model.up2.forward(e.input("up2")));
    e.check("up3", model.up3.forward(e.input("up3")));
    let indices = e.0.get("embedding.input").unwrap();
    let indices = TensorData::new(indices.to_vec::<i64>().unwrap(), indices.shape().to_vec());
    let indices = Tensor::<2, Int>::from_data(indices, (&Device::default(), DType::I64));
    e.check("embedding", model.embedding.forward(indices));
    e.check("batch1", model.batch1.forward(e.input::<2>("batch1")));
    e.check("batch2", model.batch2.forward(e.input::<4>("batch2")));
    e.check("layer", model.layer.forward(e.input::<3>("layer")));
    e.check("unbiased", model.unbiased.forward(e.input::<3>("unbiased")));
    e.check("group", model.group.forward(e.input::<3>("group")));
    e.check("instance", model.instance.forward(e.input::<4>("instance")));
    e.check("rms", model.rms.forward(e.input::<3>("rms")));
    e.check("prelu", model.prelu.forward(e.input::<3>("prelu")));
    e.check("rnn", model.rnn.forward(e.input("rnn"), None).0);
    e.check("lstm", model.lstm.forward(e.input("lstm"), None).0);
    e.check("bilstm", model.bilstm.forward(e.input("bilstm"), None).0);
    e.check("gru", model.gru.forward(e.input("gru"), None));
    e.check("bigru", model.bigru.forward(e.input("bigru"), None).0);
    let input = MhaInput::self_attn(e.input("attention"));
    e.check("attention", model.attention.forward(input).context);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn every_layer_computes_what_torchs_does() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (theirs, outputs) = (folder.path().join("theirs.pt"), folder.path().join("outputs.pt"));
    torch.call("burn_layers.save", json!({"path": theirs, "outputs_path": outputs}));
    let expected = Expected(StateMap::load(&outputs).unwrap());

    let device = Device::default();
    for (name, options) in
        [("copied", LoadOptions::new()), ("assigned", LoadOptions::new().assign(true))]
    {
        let mut model = layers(&device);
        let report = model.load_with(&theirs, &options).unwrap();
        assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{report}");
        assert!(report.migrations.is_empty() && report.converted.is_empty(), "{report}");
        check(&model, &expected);

        let ours = folder.path().join(format!("{name}.pt"));
        model.save(&ours).unwrap();
        let args = json!({"path": ours, "theirs": theirs, "outputs_path": outputs});
        let found = torch.call("burn_layers.load", args);
        // burn does not count batches; a layer of ours that does keeps the count.
        let expected = json!({
            "outputs": [], "tensors": ["batch1.num_batches_tracked"], "keys": true, "versions": [],
        });
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_resnet_18_has_the_logits_of_torch() {
    let torch = Torch::start();
    let folder = temp_dir();
    let (theirs, logits) = (folder.path().join("theirs.pt"), folder.path().join("logits.pt"));
    torch.call("resnet18.save", json!({"path": theirs, "logits": logits}));

    let device = Device::default();
    let mut model = resnet::ResNet::new(64, 1000, &device);
    model.load(&theirs).unwrap();
    let expected = StateMap::load(&logits).unwrap();
    let tensor = |key: &str| {
        let view = expected.get(key).unwrap();
        TensorData::new(view.to_vec::<f32>().unwrap(), view.shape().to_vec())
    };
    let found = model.forward(Tensor::from_data(tensor("input"), &device)).into_data();
    let (found, expected) = (found.try_to_vec::<f32>(), tensor("logits").try_to_vec::<f32>());
    let (found, expected) = (found.unwrap(), expected.unwrap());
    let scale = expected.iter().fold(0f32, |scale, logit| scale.max(logit.abs()));
    assert!(scale > 0.1, "logits that say something: {scale}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * scale, "{found} for torch's {expected}");
    }

    let ours = folder.path().join("ours.pt");
    model.save(&ours).unwrap();
    let loaded: Value = torch.call("resnet18.load", json!({"path": ours, "logits": logits}));
    assert_eq!(loaded["difference"], 0.0, "{loaded}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_fixture_of_the_example_is_what_torch_writes() {
    let torch = Torch::start();
    let folder = temp_dir();
    let again = folder.path().join("resnet");
    torch.call("make_resnet.write", json!({"folder": again}));
    // The logits may differ in the last bit from machine to machine, the weights not.
    let committed = std::fs::read(statedict_tests::fixture("resnet/resnet18.pt")).unwrap();
    assert!(committed == std::fs::read(again.join("resnet18.pt")).unwrap());
}
