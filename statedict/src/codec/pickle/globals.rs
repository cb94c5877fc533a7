//! The classes and functions that a checkpoint may name, and what each means here.
//!
//! The list is that of `torch.load(weights_only=True)` of PyTorch 2.15, with `frozenset`, `defaultdict`
//! and Python's plain types beside it. Nothing is imported or called: a meaning is code of this crate.

use crate::dtype::DType;
use crate::value::modern;

/// The meaning of a class or function here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    OrderedDict,
    Counter,
    DefaultDict,
    Set,
    FrozenSet,
    Bytes,
    ByteArray,
    Complex,
    Encode,
    Size,
    Device,
    GetLayout,
    Parameter,
    Tensor,
    RebuildTensor,
    RebuildTensorV2,
    RebuildTensorV3,
    RebuildParameter,
    RebuildParameterWithState,
    RebuildFromType,
    RebuildSparse,
    RebuildQuantized,
    RebuildMeta,
    /// A tensor class of old, made empty and filled by its state.
    OldTensor(DType),
    NumPyDType,
    NumPyReconstruct,
    NumPyScalar,
    NumPyFromBuffer,
    /// Kept as an object with its arguments: `range`, `slice`.
    Kept,
    /// Makes a tensor of a kind that cannot be represented.
    Refused(&'static str),
    /// A storage class; without an element type for untyped bytes.
    Storage(Option<DType>),
    /// Reads a file within the pickle.
    LoadFromBytes,
    DType(DType),
    /// Known and harmless as a value, and never called.
    Inert,
}

const TABLE: &[(&str, &str, Meaning)] = &[
    ("_codecs", "encode", Meaning::Encode),
    ("builtins", "bool", Meaning::Inert),
    ("builtins", "bytearray", Meaning::ByteArray),
    ("builtins", "bytes", Meaning::Bytes),
    ("builtins", "complex", Meaning::Complex),
    ("builtins", "dict", Meaning::Inert),
    ("builtins", "float", Meaning::Inert),
    ("builtins", "frozenset", Meaning::FrozenSet),
    ("builtins", "int", Meaning::Inert),
    ("builtins", "list", Meaning::Inert),
    ("builtins", "range", Meaning::Kept),
    ("builtins", "set", Meaning::Set),
    ("builtins", "slice", Meaning::Kept),
    ("builtins", "str", Meaning::Inert),
    ("builtins", "tuple", Meaning::Inert),
    ("collections", "Counter", Meaning::Counter),
    ("collections", "OrderedDict", Meaning::OrderedDict),
    ("collections", "defaultdict", Meaning::DefaultDict),
    ("numpy", "dtype", Meaning::NumPyDType),
    ("numpy", "ndarray", Meaning::Inert),
    ("numpy._core.multiarray", "_reconstruct", Meaning::NumPyReconstruct),
    ("numpy._core.multiarray", "scalar", Meaning::NumPyScalar),
    ("numpy._core.numeric", "_frombuffer", Meaning::NumPyFromBuffer),
    ("numpy.core.multiarray", "_reconstruct", Meaning::NumPyReconstruct),
    ("numpy.core.multiarray", "scalar", Meaning::NumPyScalar),
    ("numpy.core.numeric", "_frombuffer", Meaning::NumPyFromBuffer),
    ("torch", "Size", Meaning::Size),
    ("torch", "Tensor", Meaning::Tensor),
    ("torch", "device", Meaning::Device),
    ("torch", "per_channel_affine", Meaning::Inert),
    ("torch", "per_channel_affine_float_qparams", Meaning::Inert),
    ("torch", "per_channel_symmetric", Meaning::Inert),
    ("torch", "per_tensor_affine", Meaning::Inert),
    ("torch", "per_tensor_symmetric", Meaning::Inert),
    ("torch._tensor", "_rebuild_from_type_v2", Meaning::RebuildFromType),
    (
        "torch._utils",
        "_rebuild_device_tensor_from_cpu_tensor",
        Meaning::Refused("a tensor of an XLA, MAIA or MTIA device"),
    ),
    (
        "torch._utils",
        "_rebuild_device_tensor_from_numpy",
        Meaning::Refused("a tensor of an XLA, MAIA or MTIA device"),
    ),
    ("torch._utils", "_rebuild_meta_tensor_no_storage", Meaning::RebuildMeta),
    ("torch._utils", "_rebuild_nested_tensor", Meaning::Refused("a nested tensor")),
    ("torch._utils", "_rebuild_parameter", Meaning::RebuildParameter),
    ("torch._utils", "_rebuild_parameter_with_state", Meaning::RebuildParameterWithState),
    ("torch._utils", "_rebuild_qtensor", Meaning::RebuildQuantized),
    ("torch._utils", "_rebuild_sparse_tensor", Meaning::RebuildSparse),
    ("torch._utils", "_rebuild_tensor", Meaning::RebuildTensor),
    ("torch._utils", "_rebuild_tensor_v2", Meaning::RebuildTensorV2),
    ("torch._utils", "_rebuild_tensor_v3", Meaning::RebuildTensorV3),
    ("torch._utils", "_rebuild_wrapper_subclass", Meaning::Refused("a wrapper tensor subclass")),
    ("torch.nested._internal.nested_tensor", "NestedTensor", Meaning::Inert),
    ("torch.nested._internal.nested_tensor", "_rebuild_njt", Meaning::Refused("a nested tensor")),
    ("torch.nn.parameter", "Parameter", Meaning::Parameter),
    (
        "torch.nn.parameter",
        "UninitializedBuffer",
        Meaning::Refused("a buffer of a lazy module yet without a size"),
    ),
    (
        "torch.nn.parameter",
        "UninitializedParameter",
        Meaning::Refused("a parameter of a lazy module yet without a size"),
    ),
    ("torch.serialization", "_get_layout", Meaning::GetLayout),
    ("torch.storage", "TypedStorage", Meaning::Storage(None)),
    ("torch.storage", "UntypedStorage", Meaning::Storage(None)),
    ("torch.storage", "_load_from_bytes", Meaning::LoadFromBytes),
];

/// Returns the meaning of the class or function; `None` where it is not on the list.
pub(super) fn meaning(module: &str, name: &str) -> Option<Meaning> {
    let (module, name) = modern(module, name);
    if module == "torch" || module == "torch.cuda" {
        if let Some(dtype) = DType::from_storage_class(name) {
            return Some(Meaning::Storage(Some(dtype)));
        }
        if let Some(dtype) = name.strip_suffix("Tensor").and_then(legacy_tensor) {
            return Some(Meaning::OldTensor(dtype));
        }
    }
    if module == "torch.sparse" || module == "torch.cuda.sparse" {
        let sparse = name.strip_suffix("Tensor").and_then(legacy_tensor);
        return sparse.map(|_| Meaning::Refused("a sparse tensor of before PyTorch 0.4"));
    }
    if module == "torch" {
        if let Some(dtype) = DType::from_name(name) {
            return Some(Meaning::DType(dtype));
        }
        if is_small_int(name) {
            return Some(Meaning::Inert);
        }
    }
    TABLE
        .binary_search_by_key(&(module, name), |&(module, name, _)| (module, name))
        .ok()
        .and_then(|found| TABLE.get(found))
        .map(|&(_, _, meaning)| meaning)
}

/// The element types in the names of the tensor classes of old: `torch.FloatTensor`.
fn legacy_tensor(element: &str) -> Option<DType> {
    Some(match element {
        "Double" => DType::F64,
        "Float" => DType::F32,
        "Half" => DType::F16,
        "BFloat16" => DType::BF16,
        "Long" => DType::I64,
        "Int" => DType::I32,
        "Short" => DType::I16,
        "Char" => DType::I8,
        "Byte" => DType::U8,
        "Bool" => DType::Bool,
        _ => return None,
    })
}

/// `uint1` to `uint7` and `int1` to `int7`: element types of which PyTorch saves no plain tensors.
fn is_small_int(name: &str) -> bool {
    let bits = name.strip_prefix('u').unwrap_or(name).strip_prefix("int");
    matches!(bits, Some("1" | "2" | "3" | "4" | "5" | "6" | "7"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|&(module, name, _)| (module, name)));
    }

    #[test]
    fn names_of_python_2_are_known() {
        assert_eq!(meaning("__builtin__", "set"), Some(Meaning::Set));
        assert_eq!(meaning("__builtin__", "long"), Some(Meaning::Inert));
        assert_eq!(meaning("__builtin__", "eval"), None);
    }

    #[test]
    fn types_and_storages() {
        assert_eq!(meaning("torch", "float32"), Some(Meaning::DType(DType::F32)));
        assert_eq!(meaning("torch", "int4"), Some(Meaning::Inert));
        let half = Some(Meaning::Storage(Some(DType::F16)));
        assert_eq!(meaning("torch", "HalfStorage"), half);
        assert_eq!(meaning("torch.cuda", "HalfStorage"), half);
        assert_eq!(meaning("torch.storage", "UntypedStorage"), Some(Meaning::Storage(None)));
        assert_eq!(meaning("os", "system"), None);
        assert_eq!(meaning("torch.hub", "load"), None);
    }
}
