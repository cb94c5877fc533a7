//! What a parameter or buffer is in each tensor library.

use statedict::DType;

use super::tree::Slot;

/// The library whose tensors the structs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    Plain,
    Ndarray,
    Candle,
    Burn,
}

/// The type of a leaf, and how it is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LeafType {
    /// As Rust writes it.
    pub(super) rust: String,
    pub(super) rank: usize,
    /// The element type, where the type has it; otherwise it is a matter of the value.
    pub(super) dtype: Option<DType>,
}

impl Target {
    pub(super) fn name(self) -> &'static str {
        match self {
            Target::Plain => "plain",
            Target::Ndarray => "ndarray",
            Target::Candle => "candle",
            Target::Burn => "burn",
        }
    }

    /// Whether constructors take the device that the tensors are made on.
    pub(super) fn has_device(self) -> bool {
        matches!(self, Target::Candle | Target::Burn)
    }

    /// Whether making a tensor can fail.
    pub(super) fn is_fallible(self) -> bool {
        self == Target::Candle
    }

    pub(super) fn leaf(self, slot: &Slot) -> LeafType {
        let rank = slot.shape.len();
        let fixed = |rust: String| LeafType { rust, rank, dtype: Some(slot.dtype) };
        let carried = || LeafType { rust: "CpuTensor".to_owned(), rank, dtype: None };
        match self {
            Target::Plain => match number(slot.dtype) {
                Some(number) if rank == 0 => fixed(number.to_owned()),
                _ => carried(),
            },
            Target::Ndarray => match number(slot.dtype).or(half(slot.dtype)) {
                Some(number) if rank <= 6 => fixed(format!("Array{rank}<{number}>")),
                Some(number) => fixed(format!("ArrayD<{number}>")),
                None => carried(),
            },
            Target::Candle => match candle(slot.dtype) {
                Some(_) => LeafType { rust: "Tensor".to_owned(), rank, dtype: None },
                None => carried(),
            },
            Target::Burn => match burn(slot.dtype) {
                // A tensor of burn has a dimension at least.
                Some(_) if rank == 0 => match number(slot.dtype) {
                    Some(number) => fixed(number.to_owned()),
                    None => carried(),
                },
                // Only what can learn is a `Param`.
                Some(("", _)) if !slot.buffer => fixed(format!("Param<Tensor<{rank}>>")),
                Some((kind, _)) => fixed(format!("Tensor<{rank}{kind}>")),
                None => carried(),
            },
        }
    }

    /// The expression for zeros of a type: `dims` and `dtype` are expressions too.
    pub(super) fn zeros(self, leaf: &LeafType, dims: &[String], dtype: &str) -> String {
        let shape = format!("[{}]", dims.join(", "));
        match leaf.rust.as_str() {
            "CpuTensor" => format!("CpuTensor::zeros({dtype}, {shape})"),
            "bool" => "false".to_owned(),
            "f32" | "f64" => "0.0".to_owned(),
            rust if !rust.contains(['<', 'T']) => "0".to_owned(),
            rust => match self {
                Target::Candle => match dims {
                    [] => format!("Tensor::zeros((), {dtype}, device)?"),
                    [one] => format!("Tensor::zeros({one}, {dtype}, device)?"),
                    _ if dims.len() > 6 => format!("Tensor::zeros(vec!{shape}, {dtype}, device)?"),
                    _ => format!("Tensor::zeros(({}), {dtype}, device)?", dims.join(", ")),
                },
                Target::Burn => {
                    let dtype = leaf.dtype.and_then(burn).map_or("F32", |(_, dtype)| dtype);
                    let zeros = format!("Tensor::zeros({shape}, (device, BurnDType::{dtype}))");
                    if rust.starts_with("Param") {
                        format!("Param::from_tensor({zeros})")
                    } else {
                        zeros
                    }
                }
                _ if rust.starts_with("ArrayD") => format!("ArrayD::default(vec!{shape})"),
                _ => {
                    let class = rust.split('<').next().unwrap_or_default();
                    format!("{class}::default({shape})")
                }
            },
        }
    }

    /// How an element type is written where a type leaves it open.
    pub(super) fn dtype(self, dtype: DType, leaf: &LeafType) -> String {
        match (leaf.rust.as_str(), candle(dtype)) {
            ("Tensor", Some(name)) => format!("candle_core::DType::{name}"),
            _ => format!("DType::{dtype:?}"),
        }
    }
}

/// The Rust type of a number.
fn number(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F64 => "f64",
        DType::F32 => "f32",
        DType::I64 => "i64",
        DType::I32 => "i32",
        DType::I16 => "i16",
        DType::I8 => "i8",
        DType::U64 => "u64",
        DType::U32 => "u32",
        DType::U16 => "u16",
        DType::U8 => "u8",
        DType::Bool => "bool",
        _ => return None,
    })
}

fn half(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F16 => "half::f16",
        DType::BF16 => "half::bf16",
        _ => return None,
    })
}

fn candle(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F64 => "F64",
        DType::F32 => "F32",
        DType::F16 => "F16",
        DType::BF16 => "BF16",
        DType::I64 => "I64",
        DType::I32 => "I32",
        DType::I16 => "I16",
        DType::U32 => "U32",
        DType::U8 => "U8",
        DType::F8E4M3FN => "F8E4M3",
        _ => return None,
    })
}

/// The kind of burn's tensors, and its element type.
fn burn(dtype: DType) -> Option<(&'static str, &'static str)> {
    Some(match dtype {
        DType::F64 => ("", "F64"),
        DType::F32 => ("", "F32"),
        DType::F16 => ("", "F16"),
        DType::BF16 => ("", "BF16"),
        DType::I64 => (", Int", "I64"),
        DType::I32 => (", Int", "I32"),
        DType::I16 => (", Int", "I16"),
        DType::I8 => (", Int", "I8"),
        DType::U64 => (", Int", "U64"),
        DType::U32 => (", Int", "U32"),
        DType::U16 => (", Int", "U16"),
        DType::U8 => (", Int", "U8"),
        _ => return None,
    })
}
