//! PyTorch's own layers, by the names and shapes of what they have.
//!
//! A file says neither; where two layers look alike, the likelier one is named and said to be a guess.

use super::tree::{Child, Leaf, Module, Slot, Tree};

/// A layer of `torch.nn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Linear,
    TransposedLinear,
    Conv(usize),
    ConvTranspose(usize),
    Embedding,
    BatchNorm,
    InstanceNorm,
    LayerNorm,
    GroupNorm,
    RmsNorm,
    MultiheadAttention,
    Recurrent(&'static str),
    Stateless,
}

/// What a module was recognised as.
pub(super) struct Found {
    pub(super) kind: Kind,
    /// What else it could be.
    pub(super) guess: Option<&'static str>,
}

impl Kind {
    /// The struct's name.
    pub(super) fn name(self) -> String {
        match self {
            Kind::Linear => "Linear".to_owned(),
            Kind::TransposedLinear => "TransposedLinear".to_owned(),
            Kind::Conv(rank) => format!("Conv{rank}d"),
            Kind::ConvTranspose(rank) => format!("ConvTranspose{rank}d"),
            Kind::Embedding => "Embedding".to_owned(),
            Kind::BatchNorm => "BatchNorm".to_owned(),
            Kind::InstanceNorm => "InstanceNorm".to_owned(),
            Kind::LayerNorm => "LayerNorm".to_owned(),
            Kind::GroupNorm => "GroupNorm".to_owned(),
            Kind::RmsNorm => "RmsNorm".to_owned(),
            Kind::MultiheadAttention => "MultiheadAttention".to_owned(),
            Kind::Recurrent(name) => name.to_owned(),
            Kind::Stateless => "Stateless".to_owned(),
        }
    }

    /// What the struct is.
    pub(super) fn doc(self) -> String {
        match self {
            Kind::TransposedLinear => {
                "A linear layer whose weight has the inputs first, as the `Conv1D` of GPT-2"
                    .to_owned()
            }
            Kind::BatchNorm => "`torch.nn.BatchNorm1d`, `2d` or `3d`".to_owned(),
            Kind::InstanceNorm => {
                "`torch.nn.InstanceNorm1d` or another normalization without state".to_owned()
            }
            Kind::RmsNorm => "`torch.nn.RMSNorm`".to_owned(),
            Kind::Stateless => {
                "A module without parameters, buffers and children: an activation, a dropout"
                    .to_owned()
            }
            Kind::Recurrent(name) => {
                let (cell, name) = match name.strip_suffix("Cell") {
                    Some(name) => ("Cell", name),
                    None => ("", name),
                };
                format!("`torch.nn.{}{cell}`", name.to_ascii_uppercase())
            }
            kind => format!("`torch.nn.{}`", kind.name()),
        }
    }

    /// Where a leaf or child stands among those that such a layer can have; `None` where it has none such.
    pub(super) fn place(self, name: &str) -> Option<usize> {
        let names: &[&str] = match self {
            Kind::Linear
            | Kind::TransposedLinear
            | Kind::Conv(_)
            | Kind::ConvTranspose(_)
            | Kind::LayerNorm
            | Kind::GroupNorm => &["weight", "bias"],
            Kind::Embedding | Kind::RmsNorm => &["weight"],
            Kind::BatchNorm => {
                &["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
            }
            Kind::MultiheadAttention => &[
                "in_proj_weight",
                "q_proj_weight",
                "k_proj_weight",
                "v_proj_weight",
                "in_proj_bias",
                "bias_k",
                "bias_v",
                "out_proj",
            ],
            Kind::Recurrent(_) => return recurrent_place(name),
            Kind::InstanceNorm | Kind::Stateless => &[],
        };
        names.iter().position(|known| *known == name)
    }

    /// What a dimension of a leaf is called; leaves of one layer that call theirs alike have it alike.
    pub(super) fn dimension(self, leaf: &str, dim: usize) -> Option<&'static str> {
        const KERNEL: [&[&str]; 3] =
            [&["kernel"], &["kernel_h", "kernel_w"], &["kernel_d", "kernel_h", "kernel_w"]];
        let kernel =
            |rank: usize| KERNEL.get(rank.wrapping_sub(1))?.get(dim.wrapping_sub(2)).copied();
        match (self, leaf, dim) {
            (Kind::Linear, _, 0) | (Kind::TransposedLinear, "bias", 0) => Some("outputs"),
            (Kind::TransposedLinear, "weight", 1) => Some("outputs"),
            (Kind::Linear, "weight", 1) | (Kind::TransposedLinear, "weight", 0) => Some("inputs"),
            (Kind::Conv(_), _, 0) => Some("outputs"),
            (Kind::Conv(_), "weight", 1) => Some("inputs"),
            (Kind::ConvTranspose(_), "weight", 0) => Some("inputs"),
            (Kind::ConvTranspose(_), "weight", 1) | (Kind::ConvTranspose(_), "bias", 0) => {
                Some("outputs")
            }
            (Kind::Conv(rank) | Kind::ConvTranspose(rank), "weight", _) => kernel(rank),
            (Kind::Embedding, "weight", 0) => Some("count"),
            (Kind::Embedding, "weight", 1) => Some("width"),
            (Kind::BatchNorm | Kind::GroupNorm, _, 0) => Some("features"),
            (Kind::LayerNorm | Kind::RmsNorm, _, _) => {
                ["features", "features_1", "features_2", "features_3"].get(dim).copied()
            }
            _ => None,
        }
    }

    /// What it is called that a layer has a leaf or not.
    pub(super) fn presence(self, leaf: &str) -> Option<&'static str> {
        match (self, leaf) {
            (Kind::BatchNorm, "weight" | "bias") => Some("affine"),
            (Kind::BatchNorm, _) => Some("track_running_stats"),
            (Kind::MultiheadAttention | Kind::Recurrent(_), _) => None,
            (_, "bias") => Some("bias"),
            _ => None,
        }
    }
}

/// `weight_ih_l0`, `bias_hh_l1_reverse`: the layer, the direction, the tensor.
fn recurrent_place(name: &str) -> Option<usize> {
    const TENSORS: [&str; 5] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
    let (name, reverse) = match name.strip_suffix("_reverse") {
        Some(name) => (name, 1),
        None => (name, 0),
    };
    if let Some(tensor) = TENSORS.iter().position(|known| *known == name) {
        return (reverse == 0).then_some(tensor);
    }
    let (tensor, layer) = name.rsplit_once("_l")?;
    let tensor = TENSORS.iter().position(|known| *known == tensor)?;
    let number: usize = layer.parse().ok().filter(|number| *number < 10_000)?;
    (number.to_string() == layer).then_some(5 + number * 10 + reverse * 5 + tensor)
}

/// Recognises a module; `name` is what it is called where it is.
pub(super) fn recognise(tree: &Tree, module: &Module, name: &str) -> Option<Found> {
    let found = by_shape(tree, module, &name.to_ascii_lowercase())?;
    let leaves = module.leaves.iter().map(|(name, _)| found.kind.place(name));
    let places: Option<Vec<usize>> = leaves.collect();
    // In another order than PyTorch's, the keys would be saved in another order.
    places.filter(|places| places.is_sorted_by(|one, other| one < other))?;
    Some(found)
}

fn by_shape(tree: &Tree, module: &Module, name: &str) -> Option<Found> {
    let sure = |kind| Some(Found { kind, guess: None });
    let guess = |kind, other| Some(Found { kind, guess: Some(other) });
    if module.extra_state || !module.aliases.is_empty() {
        return None;
    }
    let mut slots: Vec<(&str, &Slot)> = Vec::new();
    for (name, leaf) in &module.leaves {
        let Leaf::Tensor(slot) = leaf else { return None };
        slots.push((name, slot));
    }
    let shape = |name: &str| {
        slots.iter().find(|(leaf, _)| *leaf == name).map(|(_, slot)| slot.shape.as_slice())
    };
    if let [(only, Child::Module(out))] = module.children.as_slice() {
        let out = &tree.modules[*out];
        let linear = recognise(tree, out, only).is_some_and(|found| found.kind == Kind::Linear);
        let packed = shape("in_proj_weight").or(shape("q_proj_weight")).is_some();
        return if only == "out_proj" && linear && packed {
            sure(Kind::MultiheadAttention)
        } else {
            None
        };
    }
    if !module.children.is_empty() {
        return None;
    }
    let version = module.version.unwrap_or(1);
    if slots.is_empty() {
        return match version {
            1 => sure(Kind::Stateless),
            2 => sure(Kind::InstanceNorm),
            _ => None,
        };
    }
    if shape("weight_ih_l0").is_some() || shape("weight_ih").is_some() {
        return recurrent(&shape).and_then(|name| sure(Kind::Recurrent(name)));
    }
    let hints = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if let (Some([mean]), Some([variance])) = (shape("running_mean"), shape("running_var")) {
        let alike = |shape: Option<&[usize]>| shape.is_none_or(|shape| shape == [*mean]);
        let counts = shape("num_batches_tracked").is_none_or(<[usize]>::is_empty);
        let fits = mean == variance && alike(shape("weight")) && alike(shape("bias")) && counts;
        return match fits {
            true if hints(&["inst"]) => guess(Kind::BatchNorm, "an instance normalization"),
            true => sure(Kind::BatchNorm),
            false => None,
        };
    }
    let bias = shape("bias");
    if slots.len() != 1 + usize::from(bias.is_some()) {
        return None;
    }
    match (shape("weight")?, bias) {
        ([features], bias) if version == 2 && bias.is_none_or(|bias| bias == [*features]) => guess(
            Kind::BatchNorm,
            "an instance normalization, or a batch normalization that does not track its statistics",
        ),
        ([_], None) if hints(&["rms"]) => sure(Kind::RmsNorm),
        ([_], None) if hints(&["ln", "layer_norm", "layernorm"]) => {
            guess(Kind::LayerNorm, "an `RMSNorm`")
        }
        ([_], None) if hints(&["norm"]) => guess(Kind::RmsNorm, "a `LayerNorm` without a bias"),
        ([features], Some([same])) if features == same => match () {
            () if hints(&["gn", "group"]) => guess(Kind::GroupNorm, "a `LayerNorm`"),
            () if hints(&["ln", "layer_norm", "layernorm"]) => sure(Kind::LayerNorm),
            () => guess(Kind::LayerNorm, "a `GroupNorm`"),
        },
        (weight @ [_, _, ..], Some(bias)) if weight == bias => sure(Kind::LayerNorm),
        ([_, _], None) if hints(&["emb", "wte", "wpe", "token", "vocab", "lookup", "shared"]) => {
            guess(Kind::Embedding, "a `Linear` without a bias")
        }
        ([_, _], None) => guess(Kind::Linear, "an `Embedding`"),
        ([outputs, _], Some([bias])) if outputs == bias => sure(Kind::Linear),
        ([_, outputs], Some([bias])) if outputs == bias => sure(Kind::TransposedLinear),
        (weight @ ([_, _, _] | [_, _, _, _] | [_, _, _, _, _]), bias) => {
            convolution(weight, bias, hints(&["up", "deconv", "transpose"]))
        }
        _ => None,
    }
}

/// A convolution has its outputs first; a transposed one its inputs.
fn convolution(weight: &[usize], bias: Option<&[usize]>, transposed: bool) -> Option<Found> {
    let rank = weight.len() - 2;
    let (first, second) = (*weight.first()?, *weight.get(1)?);
    let (conv, other) = (Kind::Conv(rank), Kind::ConvTranspose(rank));
    let guess = |kind, other| Some(Found { kind, guess: Some(other) });
    match bias {
        Some([bias]) if *bias == first && first != second => {
            Some(Found { kind: conv, guess: None })
        }
        Some([bias]) if *bias == second && first != second => {
            Some(Found { kind: other, guess: None })
        }
        Some([bias]) if *bias == first && transposed => guess(other, "a convolution"),
        Some([bias]) if *bias == first => guess(conv, "a transposed convolution"),
        Some(_) => None,
        None if transposed => guess(other, "a convolution"),
        None => guess(conv, "a transposed convolution"),
    }
}

/// How many gates a recurrent layer has is how often its hidden size is in its weights.
fn recurrent<'s>(shape: &dyn Fn(&str) -> Option<&'s [usize]>) -> Option<&'static str> {
    let cell = shape("weight_ih").is_some();
    let suffix = if cell { "" } else { "_l0" };
    let hidden = match (shape("weight_hr_l0"), shape(&format!("weight_hh{suffix}"))?) {
        (Some([_, hidden]), _) => *hidden,
        (None, [_, hidden]) => *hidden,
        _ => return None,
    };
    let [rows, _] = shape(&format!("weight_ih{suffix}"))? else { return None };
    let gates = rows.checked_div(hidden).filter(|gates| gates * hidden == *rows)?;
    match (gates, cell) {
        (4, false) => Some("Lstm"),
        (3, false) => Some("Gru"),
        (1, false) => Some("Rnn"),
        (4, true) => Some("LstmCell"),
        (3, true) => Some("GruCell"),
        (1, true) => Some("RnnCell"),
        _ => None,
    }
}
