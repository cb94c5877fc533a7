//! The models of the workloads.

use statedict::DType;
use statedict::prelude::*;

/// A language model in the layout of Llama.
#[derive(StateDict)]
pub(crate) struct Llama {
    model: Inner,
    lm_head: Weight,
}

#[derive(StateDict)]
struct Inner {
    embed_tokens: Weight,
    layers: Vec<Layer>,
    norm: Weight,
}

#[derive(StateDict)]
struct Layer {
    self_attn: Attention,
    mlp: Mlp,
    input_layernorm: Weight,
    post_attention_layernorm: Weight,
}

#[derive(StateDict)]
struct Attention {
    q_proj: Weight,
    k_proj: Weight,
    v_proj: Weight,
    o_proj: Weight,
}

#[derive(StateDict)]
struct Mlp {
    gate_proj: Weight,
    up_proj: Weight,
    down_proj: Weight,
}

#[derive(StateDict)]
struct Weight {
    #[param]
    weight: CpuTensor,
}

/// The sizes of a Llama.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) dtype: DType,
    pub(crate) hidden: usize,
    pub(crate) inner: usize,
    pub(crate) layers: usize,
    pub(crate) words: usize,
}

impl Llama {
    pub(crate) fn new(sizes: Sizes) -> Self {
        let Sizes { dtype, hidden, inner, layers, words } = sizes;
        let mut random = Random(1);
        let mut weight = |shape: &[usize]| Weight { weight: random.tensor(dtype, shape) };
        let embed_tokens = weight(&[words, hidden]);
        let layers = (0..layers).map(|_| Layer {
            self_attn: Attention {
                q_proj: weight(&[hidden, hidden]),
                k_proj: weight(&[hidden, hidden]),
                v_proj: weight(&[hidden, hidden]),
                o_proj: weight(&[hidden, hidden]),
            },
            mlp: Mlp {
                gate_proj: weight(&[inner, hidden]),
                up_proj: weight(&[inner, hidden]),
                down_proj: weight(&[hidden, inner]),
            },
            input_layernorm: weight(&[hidden]),
            post_attention_layernorm: weight(&[hidden]),
        });
        let layers = layers.collect();
        let model = Inner { embed_tokens, layers, norm: weight(&[hidden]) };
        Llama { model, lm_head: weight(&[words, hidden]) }
    }

    /// The sizes of the model that a state dict is of.
    pub(crate) fn sizes(map: &StateMap<'_>) -> Option<Sizes> {
        let words = map.get("model.embed_tokens.weight")?;
        let inner = map.get("model.layers.0.mlp.gate_proj.weight")?;
        let layers = map.keys().filter(|key| key.ends_with(".gate_proj.weight")).count();
        let &[words, hidden] = &**words.shape() else { return None };
        let &[inner, _] = &**inner.shape() else { return None };
        let dtype = map.get("lm_head.weight")?.dtype();
        Some(Sizes { dtype, hidden, inner, layers, words })
    }
}

/// The names and shapes of ResNet-50.
pub(crate) fn resnet50() -> StateMap<'static> {
    let mut random = Random(2);
    let mut map = StateMap::new();
    let mut put = |key: String, shape: &[usize]| {
        map.insert(key, TensorView::from_vec(random.floats(shape.iter().product()), shape).ok()?)
    };
    let norm = |put: &mut dyn FnMut(String, &[usize]), name: &str, width: usize| {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            put(format!("{name}.{part}"), &[width]);
        }
        put(format!("{name}.num_batches_tracked"), &[]);
    };
    let mut put = |key: String, shape: &[usize]| drop(put(key, shape));
    put("conv1.weight".into(), &[64, 3, 7, 7]);
    norm(&mut put, "bn1", 64);
    let mut input = 64;
    for (layer, (width, blocks)) in [(64, 3), (128, 4), (256, 6), (512, 3)].into_iter().enumerate()
    {
        for block in 0..blocks {
            let name = format!("layer{}.{block}", layer + 1);
            let output = width * 4;
            let shapes = [[width, input, 1, 1], [width, width, 3, 3], [output, width, 1, 1]];
            for (nth, shape) in (1..).zip(shapes) {
                put(format!("{name}.conv{nth}.weight"), &shape);
                norm(&mut put, &format!("{name}.bn{nth}"), shape[0]);
            }
            if block == 0 {
                put(format!("{name}.downsample.0.weight"), &[output, input, 1, 1]);
                norm(&mut put, &format!("{name}.downsample.1"), output);
            }
            input = output;
        }
    }
    put("fc.weight".into(), &[1000, 2048]);
    put("fc.bias".into(), &[1000]);
    map
}

/// `count` tensors of `numel` elements, each with a storage of its own.
pub(crate) fn many(count: usize, numel: usize) -> StateMap<'static> {
    let mut random = Random(3);
    let tensors = (0..count).filter_map(|nth| {
        let key = format!("blocks.{}.sub.{}.weight", nth / 100, nth % 100);
        Some((key, TensorView::from_vec(random.floats(numel), [numel]).ok()?))
    });
    tensors.collect()
}

/// The model of [`many`]: a hundred modules in each of its blocks.
#[derive(StateDict)]
pub(crate) struct Many {
    blocks: Vec<Block>,
}

#[derive(StateDict)]
struct Block {
    sub: Vec<Four>,
}

#[derive(StateDict)]
struct Four {
    #[param]
    weight: [f32; 4],
}

impl Many {
    pub(crate) fn new(count: usize) -> Self {
        let four = || Four { weight: [0.5; 4] };
        let block = |_| Block { sub: (0..100).map(|_| four()).collect() };
        Many { blocks: (0..count / 100).map(block).collect() }
    }
}

/// A layer of a flat or deep model.
#[derive(StateDict)]
pub(crate) struct Linear {
    #[param]
    weight: [[f32; 2]; 2],
    #[param]
    bias: [f32; 2],
}

impl Linear {
    pub(crate) fn new() -> Self {
        Linear { weight: [[0.5; 2]; 2], bias: [0.25; 2] }
    }
}

/// A chain: a layer, and the next link.
#[derive(StateDict)]
pub(crate) struct Chain {
    lin: Linear,
    next: Option<Box<Chain>>,
}

impl Chain {
    pub(crate) fn new(links: usize) -> Self {
        let mut chain = Chain { lin: Linear::new(), next: None };
        for _ in 1..links {
            chain = Chain { lin: Linear::new(), next: Some(Box::new(chain)) };
        }
        chain
    }
}

/// The model of the README, with one of everything.
#[derive(StateDict)]
pub(crate) struct Small {
    #[param]
    my_param: CpuTensor,
    #[buffer]
    my_buffer: CpuTensor,
    fc: Weight,
    conv: WeightAndBias,
    bn: Norm,
}

#[derive(StateDict)]
struct WeightAndBias {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

#[derive(StateDict)]
struct Norm {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
    #[buffer]
    running_mean: CpuTensor,
    #[buffer]
    running_var: CpuTensor,
    #[buffer]
    num_batches_tracked: i64,
}

impl Small {
    pub(crate) fn new() -> Self {
        let mut random = Random(4);
        let mut tensor = |shape: &[usize]| random.tensor(DType::F32, shape);
        Small {
            my_param: tensor(&[2, 3]),
            my_buffer: tensor(&[3]),
            fc: Weight { weight: tensor(&[3, 4]) },
            conv: WeightAndBias { weight: tensor(&[2, 3, 3, 3]), bias: tensor(&[2]) },
            bn: Norm {
                weight: tensor(&[2]),
                bias: tensor(&[2]),
                running_mean: tensor(&[2]),
                running_var: tensor(&[2]),
                num_batches_tracked: 3,
            },
        }
    }
}

/// Numbers that do not compress, the same in every run.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 9
    }

    /// From 0.5 to 1.
    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| f32::from_bits(0x3f00_0000 | self.next())).collect()
    }

    fn tensor(&mut self, dtype: DType, shape: &[usize]) -> CpuTensor {
        let mut tensor = CpuTensor::zeros(dtype, shape);
        if let Some(elements) = tensor.as_mut_slice::<f32>() {
            for element in elements {
                *element = f32::from_bits(0x3f00_0000 | self.next());
            }
        } else if let Some(elements) = tensor.as_mut_slice::<half::bf16>() {
            for element in elements {
                *element = half::bf16::from_f32(f32::from_bits(0x3f00_0000 | self.next()));
            }
        }
        tensor
    }
}
