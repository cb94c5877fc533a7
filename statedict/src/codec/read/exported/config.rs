//! The JSON of an exported program's archive, as far as its tensors need it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::dtype::DType;

/// The tensors that belong to no state dict, by the attribute that they become.
pub(super) const CONSTANTS: &str = "constants";
pub(super) const NOT_SAVED: &str = "non_persistent_buffers";

/// A `*_config.json`: which record and which part of it each tensor is.
#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) config: Tensors,
}

/// The tensors by their names, in the order of the text.
pub(super) struct Tensors(pub(super) Vec<(String, Payload)>);

#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) path_name: String,
    #[serde(default)]
    pub(super) is_param: bool,
    #[serde(default)]
    pub(super) use_pickle: bool,
    pub(super) tensor_meta: Option<TensorMeta>,
}

#[derive(Deserialize)]
pub(super) struct TensorMeta {
    pub(super) dtype: u32,
    pub(super) sizes: Vec<SymInt>,
    pub(super) strides: Vec<SymInt>,
    pub(super) storage_offset: SymInt,
    pub(super) device: Option<Device>,
    pub(super) layout: u32,
}

/// A number that may be an expression in a program, and is none of a tensor that is stored.
#[derive(Deserialize)]
pub(super) struct SymInt {
    pub(super) as_int: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Device {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) index: Option<i64>,
}

/// The number of `torch.strided`.
pub(super) const STRIDED: u32 = 7;

/// PyTorch's numbers of dtypes in exported programs (`torch._export.serde.schema.ScalarType`).
pub(super) fn dtype(number: u32) -> Option<DType> {
    Some(match number {
        1 => DType::U8,
        2 => DType::I8,
        3 => DType::I16,
        4 => DType::I32,
        5 => DType::I64,
        6 => DType::F16,
        7 => DType::F32,
        8 => DType::F64,
        9 => DType::C32,
        10 => DType::C64,
        11 => DType::C128,
        12 => DType::Bool,
        13 => DType::BF16,
        28 => DType::U16,
        29 => DType::F8E4M3FN,
        30 => DType::F8E5M2,
        31 => DType::F8E4M3FNUZ,
        32 => DType::F8E5M2FNUZ,
        33 => DType::F8E8M0FNU,
        34 => DType::U32,
        35 => DType::U64,
        _ => return None,
    })
}

/// A program, as far as it tells the order of its state dict.
#[derive(Deserialize)]
pub(super) struct Program {
    graph_module: GraphModule,
}

#[derive(Deserialize)]
struct GraphModule {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    input_specs: Vec<InputSpec>,
}

#[derive(Deserialize)]
pub(super) struct InputSpec {
    parameter: Option<ParameterSpec>,
    buffer: Option<BufferSpec>,
}

#[derive(Deserialize)]
struct ParameterSpec {
    parameter_name: String,
}

#[derive(Deserialize)]
struct BufferSpec {
    buffer_name: String,
    #[serde(default)]
    persistent: bool,
}

/// The names of a program's inputs that are tensors of the module.
#[derive(Default)]
pub(super) struct Inputs {
    /// The parameters and buffers in the order of the state dict.
    pub(super) saved: Vec<String>,
    pub(super) parameters: Vec<String>,
    /// The buffers that are no part of it.
    pub(super) not_saved: Vec<String>,
}

impl Program {
    pub(super) fn inputs(self) -> Inputs {
        let mut inputs = Inputs::default();
        for spec in self.graph_module.signature.input_specs {
            match (spec.parameter, spec.buffer) {
                (Some(parameter), _) => {
                    inputs.parameters.push(parameter.parameter_name.clone());
                    inputs.saved.push(parameter.parameter_name);
                }
                (None, Some(buffer)) if buffer.persistent => inputs.saved.push(buffer.buffer_name),
                (None, Some(buffer)) => inputs.not_saved.push(buffer.buffer_name),
                (None, None) => {}
            }
        }
        inputs
    }
}

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Tensors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensors, A::Error> {
        let mut tensors = Vec::new();
        while let Some(entry) = map.next_entry()? {
            tensors.push(entry);
        }
        Ok(Tensors(tensors))
    }
}
