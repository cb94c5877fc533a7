//! What our safetensors files have in common for reading and writing.

use safetensors::Dtype;

use crate::dtype::DType;

/// The entry of `__metadata__` with the keys in order, a JSON list.
pub(super) const ORDER: &str = "statedict.order";
/// The entry of `__metadata__` with the modules' versions, a JSON list of pairs.
pub(super) const VERSIONS: &str = "statedict.versions";

const TYPES: [(DType, Dtype); 19] = [
    (DType::Bool, Dtype::BOOL),
    (DType::U8, Dtype::U8),
    (DType::I8, Dtype::I8),
    (DType::F8E5M2, Dtype::F8_E5M2),
    (DType::F8E4M3FN, Dtype::F8_E4M3),
    (DType::F8E8M0FNU, Dtype::F8_E8M0),
    (DType::F8E4M3FNUZ, Dtype::F8_E4M3FNUZ),
    (DType::F8E5M2FNUZ, Dtype::F8_E5M2FNUZ),
    (DType::I16, Dtype::I16),
    (DType::U16, Dtype::U16),
    (DType::F16, Dtype::F16),
    (DType::BF16, Dtype::BF16),
    (DType::I32, Dtype::I32),
    (DType::U32, Dtype::U32),
    (DType::F32, Dtype::F32),
    (DType::C64, Dtype::C64),
    (DType::F64, Dtype::F64),
    (DType::I64, Dtype::I64),
    (DType::U64, Dtype::U64),
];

/// The format's name for an element type, where it has one.
pub(super) fn to_safetensors(dtype: DType) -> Option<Dtype> {
    TYPES.iter().find(|(ours, _)| *ours == dtype).map(|&(_, theirs)| theirs)
}

/// The element type that the format's name means, where PyTorch has it.
pub(super) fn from_safetensors(dtype: Dtype) -> Option<DType> {
    TYPES.iter().find(|(_, theirs)| *theirs == dtype).map(|&(ours, _)| ours)
}
