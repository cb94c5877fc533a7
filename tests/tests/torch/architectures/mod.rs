//! Well-known architectures as annotated structs: their state dicts are those of PyTorch, key by key.
//!
//! `tests/torch/architectures.py` has the same in `torch.nn`.

mod layers;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::json;
use statedict::prelude::*;
use statedict::{ParameterDict, ParameterList, WriteOptions};
use statedict_tests::{Torch, temp_dir};

use layers::{
    Affine, Norm, Quiet, batch_norm, conv, layer_norm, linear, norm, without_bias, zeros,
};

/// What torch says of a state dict.
#[derive(Debug, Deserialize)]
struct Expected {
    tensors: Vec<(String, String, Vec<usize>, usize)>,
    versions: Vec<(String, u64)>,
}

/// Compares keys, types, shapes, sharing, versions, all in order; then torch loads what we write.
#[track_caller]
fn assert_is_torchs(name: &str, model: &dyn StateDict) {
    let torch = Torch::start();
    let expected: Expected = torch.get("architectures.describe", json!([name]));
    let map = model.state_dict().unwrap();
    let keys: Vec<&str> = map.keys().collect();
    let wanted: Vec<&str> = expected.tensors.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(keys, wanted);
    let mut storages: Vec<statedict::tensor::Storage<'_>> = Vec::new();
    for ((key, tensor), expected) in map.iter().zip(&expected.tensors) {
        let known = storages.iter().position(|storage| storage.same_as(tensor.storage()));
        let storage = known.unwrap_or_else(|| {
            storages.push(tensor.storage().clone());
            storages.len() - 1
        });
        let found = (key.to_owned(), tensor.dtype().to_string(), tensor.shape().to_vec(), storage);
        assert_eq!(&found, expected);
    }
    let versions: Vec<(String, u64)> = map
        .metadata()
        .unwrap()
        .iter()
        .map(|(path, entry)| (path.to_owned(), entry.version().unwrap()))
        .collect();
    assert_eq!(versions, expected.versions);

    let folder = temp_dir();
    let path = folder.path().join("model.pt");
    map.save_with(&path, &WriteOptions::default()).unwrap();
    let loaded: usize = torch.get("architectures.load", json!([name, path]));
    assert_eq!(loaded, map.len());
}

#[derive(StateDict)]
struct Bottleneck {
    conv1: Affine,
    bn1: Norm,
    conv2: Affine,
    bn2: Norm,
    conv3: Affine,
    bn3: Norm,
    relu: Quiet,
    downsample: Option<(Affine, Norm)>,
}

#[derive(StateDict)]
struct ResNet {
    conv1: Affine,
    bn1: Norm,
    relu: Quiet,
    maxpool: Quiet,
    layer1: Vec<Bottleneck>,
    layer2: Vec<Bottleneck>,
    layer3: Vec<Bottleneck>,
    layer4: Vec<Bottleneck>,
    avgpool: Quiet,
    fc: Affine,
}

fn layer(inputs: usize, width: usize, blocks: usize) -> Vec<Bottleneck> {
    let block = |index| {
        let inputs = if index == 0 { inputs } else { 4 * width };
        let downsample =
            (index == 0).then(|| (without_bias(conv(inputs, 4 * width, 1)), batch_norm(4 * width)));
        Bottleneck {
            conv1: without_bias(conv(inputs, width, 1)),
            bn1: batch_norm(width),
            conv2: without_bias(conv(width, width, 3)),
            bn2: batch_norm(width),
            conv3: without_bias(conv(width, 4 * width, 1)),
            bn3: batch_norm(4 * width),
            relu: Quiet,
            downsample,
        }
    };
    (0..blocks).map(block).collect()
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn resnet_50() {
    let model = ResNet {
        conv1: without_bias(conv(3, 2, 7)),
        bn1: batch_norm(2),
        relu: Quiet,
        maxpool: Quiet,
        layer1: layer(2, 2, 3),
        layer2: layer(8, 4, 4),
        layer3: layer(16, 8, 6),
        layer4: layer(32, 16, 3),
        avgpool: Quiet,
        fc: linear(64, 10),
    };
    assert_eq!(model.state_dict().unwrap().len(), 320);
    assert_is_torchs("resnet50", &model);
}

#[derive(StateDict)]
struct MultiheadAttention {
    #[param]
    in_proj_weight: CpuTensor,
    #[param]
    in_proj_bias: CpuTensor,
    out_proj: Affine,
    heads: usize,
}

fn attention(width: usize) -> MultiheadAttention {
    MultiheadAttention {
        in_proj_weight: zeros([3 * width, width]),
        in_proj_bias: zeros([3 * width]),
        out_proj: linear(width, width),
        heads: 2,
    }
}

#[derive(StateDict)]
struct EncoderLayer {
    self_attn: MultiheadAttention,
    linear1: Affine,
    dropout: Quiet,
    linear2: Affine,
    norm1: Affine,
    norm2: Affine,
    dropout1: Quiet,
    dropout2: Quiet,
}

#[derive(StateDict)]
struct DecoderLayer {
    self_attn: MultiheadAttention,
    multihead_attn: MultiheadAttention,
    linear1: Affine,
    dropout: Quiet,
    linear2: Affine,
    norm1: Affine,
    norm2: Affine,
    norm3: Affine,
    dropout1: Quiet,
    dropout2: Quiet,
    dropout3: Quiet,
}

#[derive(StateDict)]
struct Stack<L> {
    layers: Vec<L>,
    norm: Affine,
}

#[derive(StateDict)]
struct Transformer {
    encoder: Stack<EncoderLayer>,
    decoder: Stack<DecoderLayer>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_transformer_of_encoder_and_decoder() {
    let encoder = || EncoderLayer {
        self_attn: attention(4),
        linear1: linear(4, 8),
        dropout: Quiet,
        linear2: linear(8, 4),
        norm1: layer_norm(4),
        norm2: layer_norm(4),
        dropout1: Quiet,
        dropout2: Quiet,
    };
    let decoder = || DecoderLayer {
        self_attn: attention(4),
        multihead_attn: attention(4),
        linear1: linear(4, 8),
        dropout: Quiet,
        linear2: linear(8, 4),
        norm1: layer_norm(4),
        norm2: layer_norm(4),
        norm3: layer_norm(4),
        dropout1: Quiet,
        dropout2: Quiet,
        dropout3: Quiet,
    };
    let model = Transformer {
        encoder: Stack { layers: vec![encoder(), encoder()], norm: layer_norm(4) },
        decoder: Stack { layers: vec![decoder(), decoder()], norm: layer_norm(4) },
    };
    assert_eq!(model.encoder.layers[0].self_attn.heads, 2);
    assert_is_torchs("transformer", &model);
}

/// The names depend on the number of layers, so they are data.
#[derive(StateDict)]
#[state_dict(transparent)]
struct Lstm(ParameterDict<CpuTensor>);

fn lstm(inputs: usize, hidden: usize, layers: usize, both: bool, projection: usize) -> Lstm {
    let mut weights = ParameterDict::default();
    let out = if projection > 0 { projection } else { hidden };
    let suffixes: &[&str] = if both { &["", "_reverse"] } else { &[""] };
    for layer in 0..layers {
        let inputs = if layer == 0 { inputs } else { out * suffixes.len() };
        for suffix in suffixes {
            let mut add = |name: &str, tensor| {
                weights.insert(format!("{name}_l{layer}{suffix}"), tensor);
            };
            add("weight_ih", zeros([4 * hidden, inputs]));
            add("weight_hh", zeros([4 * hidden, out]));
            add("bias_ih", zeros([4 * hidden]));
            add("bias_hh", zeros([4 * hidden]));
            if projection > 0 {
                add("weight_hr", zeros([projection, hidden]));
            }
        }
    }
    Lstm(weights)
}

#[derive(StateDict)]
struct LstmStack {
    encoder: Lstm,
    decoder: Lstm,
    out: Affine,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_stack_of_lstms() {
    let model = LstmStack {
        encoder: lstm(3, 4, 2, true, 0),
        decoder: lstm(8, 4, 1, false, 2),
        out: linear(2, 5),
    };
    assert_is_torchs("lstm", &model);
}

#[derive(StateDict)]
struct CausalAttention {
    c_attn: Affine,
    c_proj: Affine,
    #[buffer]
    bias: CpuTensor,
    #[persistent(false)]
    mask: CpuTensor,
}

#[derive(StateDict)]
struct Mlp {
    c_fc: Affine,
    gelu: Quiet,
    c_proj: Affine,
}

#[derive(StateDict)]
struct GptBlock {
    ln_1: Affine,
    attn: CausalAttention,
    ln_2: Affine,
    mlp: Mlp,
}

#[derive(StateDict)]
struct GptBody {
    wte: Affine,
    wpe: Affine,
    drop: Quiet,
    h: Vec<GptBlock>,
    ln_f: Affine,
}

#[derive(StateDict)]
#[alias("lm_head.weight" = "transformer.wte.weight")]
struct Gpt {
    transformer: GptBody,
    lm_head: Quiet,
}

fn embedding(count: usize, width: usize) -> Affine {
    Affine { weight: zeros([count, width]), bias: None }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_gpt_with_a_tied_head() {
    let block = || GptBlock {
        ln_1: layer_norm(4),
        attn: CausalAttention {
            c_attn: linear(4, 12),
            c_proj: linear(4, 4),
            bias: zeros([5, 5]),
            mask: zeros([5]),
        },
        ln_2: without_bias(layer_norm(4)),
        mlp: Mlp { c_fc: linear(4, 16), gelu: Quiet, c_proj: linear(16, 4) },
    };
    let transformer = GptBody {
        wte: embedding(7, 4),
        wpe: embedding(5, 4),
        drop: Quiet,
        h: vec![block(), block()],
        ln_f: layer_norm(4),
    };
    assert_is_torchs("gpt", &Gpt { transformer, lm_head: Quiet });
}

type Double = (Affine, Norm, Quiet, Affine, Norm, Quiet);

fn double(inputs: usize, outputs: usize) -> Double {
    (
        conv(inputs, outputs, 3),
        batch_norm(outputs),
        Quiet,
        conv(outputs, outputs, 3),
        batch_norm(outputs),
        Quiet,
    )
}

#[derive(StateDict)]
struct UNet {
    down: Vec<Double>,
    middle: Double,
    up: IndexMap<&'static str, (Affine, Double)>,
    skips: ParameterList<CpuTensor>,
    gates: ParameterDict<CpuTensor>,
    head: Affine,
}

/// A transposed convolution's weight has the inputs first.
fn up(inputs: usize, outputs: usize) -> (Affine, Double) {
    let weight = zeros([inputs, outputs, 2, 2]);
    (Affine { weight, bias: Some(zeros([outputs])) }, double(inputs, outputs))
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_u_net_of_lists_and_dicts() {
    let gates = [("b".to_owned(), zeros([3])), ("a".to_owned(), zeros([1]))];
    let model = UNet {
        down: vec![double(1, 2), double(2, 4)],
        middle: double(4, 8),
        up: IndexMap::from([("two", up(8, 4)), ("one", up(4, 2))]),
        skips: ParameterList(vec![zeros([2]), zeros([4])]),
        gates: gates.into_iter().collect(),
        head: conv(2, 1, 1),
    };
    assert_is_torchs("unet", &model);
}

#[derive(StateDict)]
struct Norms {
    batch: Norm,
    plain: Norm,
    untracked: Norm,
    instance: Norm,
    tracked: Norm,
    sync: Norm,
    group: Affine,
    layer: Affine,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn normalizations() {
    let mut model = Norms {
        batch: norm(2, true, true),
        plain: norm(2, false, true),
        untracked: norm(2, true, false),
        instance: norm(2, false, false),
        tracked: norm(2, true, true),
        sync: norm(2, true, true),
        group: layer_norm(2),
        layer: layer_norm(2),
    };
    model.eval().unwrap();
    assert!(!model.sync.training);
    assert_is_torchs("norms", &model);
}

/// `torch.nn.utils.weight_norm`.
#[derive(StateDict)]
struct OldWeightNorm {
    #[param]
    bias: CpuTensor,
    #[param]
    weight_g: CpuTensor,
    #[param]
    weight_v: CpuTensor,
}

/// `torch.nn.utils.spectral_norm`.
#[derive(StateDict)]
struct OldSpectralNorm {
    #[param]
    bias: CpuTensor,
    #[param]
    weight_orig: CpuTensor,
    #[buffer]
    weight_u: CpuTensor,
    #[buffer]
    weight_v: CpuTensor,
}

/// `torch.nn.utils.parametrize`.
#[derive(StateDict)]
struct Parametrized<P> {
    #[param]
    bias: CpuTensor,
    parametrizations: IndexMap<&'static str, P>,
}

#[derive(StateDict)]
struct WeightNorm {
    #[param]
    original0: CpuTensor,
    #[param]
    original1: CpuTensor,
    #[rename("0")]
    norm: Quiet,
}

#[derive(StateDict)]
struct SpectralNorm {
    #[param]
    original: CpuTensor,
    #[rename("0")]
    norm: PowerIteration,
}

#[derive(StateDict)]
struct PowerIteration {
    #[buffer]
    _u: CpuTensor,
    #[buffer]
    _v: CpuTensor,
}

#[derive(StateDict)]
struct Reparametrized {
    old_weight: OldWeightNorm,
    weight: Parametrized<WeightNorm>,
    old_spectral: OldSpectralNorm,
    spectral: Parametrized<SpectralNorm>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn weight_and_spectral_normalization() {
    let weight = WeightNorm { original0: zeros([2, 1]), original1: zeros([2, 3]), norm: Quiet };
    let norm = PowerIteration { _u: zeros([2]), _v: zeros([3]) };
    let spectral = SpectralNorm { original: zeros([2, 3]), norm };
    let model = Reparametrized {
        old_weight: OldWeightNorm {
            bias: zeros([2]),
            weight_g: zeros([2, 1]),
            weight_v: zeros([2, 3]),
        },
        weight: Parametrized {
            bias: zeros([2]),
            parametrizations: IndexMap::from([("weight", weight)]),
        },
        old_spectral: OldSpectralNorm {
            bias: zeros([2]),
            weight_orig: zeros([2, 3]),
            weight_u: zeros([2]),
            weight_v: zeros([3]),
        },
        spectral: Parametrized {
            bias: zeros([2]),
            parametrizations: IndexMap::from([("weight", spectral)]),
        },
    };
    assert_is_torchs("parametrized", &model);
}
