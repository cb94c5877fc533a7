//! Element types: PyTorch's whole list, with what its files say about each.

use std::fmt;

/// The element type of a tensor, as `torch.dtype`.
///
/// The list is that of PyTorch 2.15: every type whose tensors `torch.save` can write.
/// [`Display`](fmt::Display) gives PyTorch's own name.
///
/// ```
/// use statedict::DType;
///
/// assert_eq!(DType::F32.to_string(), "float32");
/// assert_eq!(DType::from_name("bfloat16"), Some(DType::BF16));
/// assert_eq!(DType::C64.size(), 8);
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// `torch.float64`.
    F64,
    /// `torch.float32`.
    F32,
    /// `torch.float16`.
    F16,
    /// `torch.bfloat16`.
    BF16,
    /// `torch.int64`.
    I64,
    /// `torch.int32`.
    I32,
    /// `torch.int16`.
    I16,
    /// `torch.int8`.
    I8,
    /// `torch.uint8`.
    U8,
    /// `torch.bool`, one byte an element.
    Bool,
    /// `torch.complex64`: two `f32`, real part first.
    C64,
    /// `torch.complex128`: two `f64`, real part first.
    C128,
    /// `torch.complex32`: two `f16`, real part first.
    C32,
    /// `torch.bcomplex32`: two `bf16`, real part first.
    BC32,
    /// `torch.uint16`.
    U16,
    /// `torch.uint32`.
    U32,
    /// `torch.uint64`.
    U64,
    /// `torch.float8_e5m2`.
    F8E5M2,
    /// `torch.float8_e4m3fn`.
    F8E4M3FN,
    /// `torch.float8_e5m2fnuz`.
    F8E5M2FNUZ,
    /// `torch.float8_e4m3fnuz`.
    F8E4M3FNUZ,
    /// `torch.float8_e8m0fnu`.
    F8E8M0FNU,
    /// `torch.float4_e2m1fn_x2`: two values in each one-byte element.
    F4E2M1FNX2,
    /// `torch.bits8`.
    Bits8,
    /// `torch.bits16`.
    Bits16,
    /// `torch.bits1x8`.
    Bits1x8,
    /// `torch.bits2x4`.
    Bits2x4,
    /// `torch.bits4x2`.
    Bits4x2,
    /// `torch.quint8`.
    QU8,
    /// `torch.qint8`.
    QI8,
    /// `torch.qint32`.
    QI32,
    /// `torch.quint4x2`: two elements in each byte.
    QU4x2,
    /// `torch.quint2x4`: four elements in each byte.
    QU2x4,
}

/// One row of the table below.
struct Row {
    dtype: DType,
    name: &'static str,
    size: usize,
    /// The class named in the pickle for a storage of this type (module `torch`);
    /// `None` for the types that are stored as untyped bytes.
    storage: Option<&'static str>,
}

const fn row(dtype: DType, name: &'static str, size: usize, storage: Option<&'static str>) -> Row {
    Row { dtype, name, size, storage }
}

/// In the order of the enum's variants, so that `dtype as usize` finds its row.
const TABLE: [Row; 33] = [
    row(DType::F64, "float64", 8, Some("DoubleStorage")),
    row(DType::F32, "float32", 4, Some("FloatStorage")),
    row(DType::F16, "float16", 2, Some("HalfStorage")),
    row(DType::BF16, "bfloat16", 2, Some("BFloat16Storage")),
    row(DType::I64, "int64", 8, Some("LongStorage")),
    row(DType::I32, "int32", 4, Some("IntStorage")),
    row(DType::I16, "int16", 2, Some("ShortStorage")),
    row(DType::I8, "int8", 1, Some("CharStorage")),
    row(DType::U8, "uint8", 1, Some("ByteStorage")),
    row(DType::Bool, "bool", 1, Some("BoolStorage")),
    row(DType::C64, "complex64", 8, Some("ComplexFloatStorage")),
    row(DType::C128, "complex128", 16, Some("ComplexDoubleStorage")),
    row(DType::C32, "complex32", 4, None),
    row(DType::BC32, "bcomplex32", 4, None),
    row(DType::U16, "uint16", 2, None),
    row(DType::U32, "uint32", 4, None),
    row(DType::U64, "uint64", 8, None),
    row(DType::F8E5M2, "float8_e5m2", 1, None),
    row(DType::F8E4M3FN, "float8_e4m3fn", 1, None),
    row(DType::F8E5M2FNUZ, "float8_e5m2fnuz", 1, None),
    row(DType::F8E4M3FNUZ, "float8_e4m3fnuz", 1, None),
    row(DType::F8E8M0FNU, "float8_e8m0fnu", 1, None),
    row(DType::F4E2M1FNX2, "float4_e2m1fn_x2", 1, None),
    row(DType::Bits8, "bits8", 1, None),
    row(DType::Bits16, "bits16", 2, None),
    row(DType::Bits1x8, "bits1x8", 1, None),
    row(DType::Bits2x4, "bits2x4", 1, None),
    row(DType::Bits4x2, "bits4x2", 1, None),
    row(DType::QU8, "quint8", 1, Some("QUInt8Storage")),
    row(DType::QI8, "qint8", 1, Some("QInt8Storage")),
    row(DType::QI32, "qint32", 4, Some("QInt32Storage")),
    row(DType::QU4x2, "quint4x2", 1, Some("QUInt4x2Storage")),
    row(DType::QU2x4, "quint2x4", 1, Some("QUInt2x4Storage")),
];

impl DType {
    /// Every element type, in the order of their declaration.
    pub fn all() -> impl Iterator<Item = DType> {
        TABLE.iter().map(|row| row.dtype)
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The size of one element in bytes, as `Tensor.element_size()` has it: 1 for the types with several
    /// elements in a byte (see [`per_byte`](Self::per_byte)).
    pub fn size(self) -> usize {
        self.row().size
    }

    /// Returns how many elements PyTorch packs into one byte: 2 for `quint4x2`, 4 for `quint2x4`, 1 for
    /// all others. (`float4_e2m1fn_x2` counts its pairs as elements.)
    pub fn per_byte(self) -> usize {
        match self {
            DType::QU4x2 => 2,
            DType::QU2x4 => 4,
            _ => 1,
        }
    }

    /// Returns the size of `numel` elements in bytes; `None` where it overflows.
    ///
    /// ```
    /// use statedict::DType;
    ///
    /// assert_eq!(DType::F32.nbytes(3), Some(12));
    /// assert_eq!(DType::QU4x2.nbytes(5), Some(3));
    /// ```
    pub fn nbytes(self, numel: usize) -> Option<usize> {
        let packed = numel.checked_mul(self.size())?;
        // Nearly every type is not packed: a division for each tensor costs more than all the rest here.
        Some(if self.per_byte() == 1 { packed } else { packed.div_ceil(self.per_byte()) })
    }

    /// Returns `true` if a tensor of this type may ask for gradients: floating point and complex numbers.
    pub fn is_differentiable(self) -> bool {
        self.is_floating_point() || self.is_complex()
    }

    /// PyTorch's name, without the `torch.` in front.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The type with PyTorch's name `name` (`"float32"`), without the `torch.` in front.
    /// PyTorch's second names (`"float"`, `"half"`, `"long"` …) are not used in files and not known here.
    pub fn from_name(name: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.dtype)
    }

    /// The class in module `torch` that a file names for a storage of this type, such as
    /// `"FloatStorage"`; `None` for the younger types, which are stored as `UntypedStorage`
    /// and rebuilt with their type spelt out (`_rebuild_tensor_v3`).
    pub fn storage_class(self) -> Option<&'static str> {
        self.row().storage
    }

    /// Returns `true` if PyTorch reads a tensor that requires gradients only as a parameter: `_rebuild_tensor_v3` fails
    /// on every other.
    pub(crate) fn needs_parameter(self) -> bool {
        self.storage_class().is_none()
    }

    /// The type whose storages the file calls `class`; see [`storage_class`](Self::storage_class).
    pub fn from_storage_class(class: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.storage == Some(class)).map(|row| row.dtype)
    }

    /// Returns `true` if this is a floating-point type, float8 and float4 included.
    pub fn is_floating_point(self) -> bool {
        use DType::*;
        matches!(
            self,
            F64 | F32
                | F16
                | BF16
                | F8E5M2
                | F8E4M3FN
                | F8E5M2FNUZ
                | F8E4M3FNUZ
                | F8E8M0FNU
                | F4E2M1FNX2
        )
    }

    /// Returns `true` if elements have a real and an imaginary part.
    pub fn is_complex(self) -> bool {
        use DType::*;
        matches!(self, C32 | BC32 | C64 | C128)
    }

    /// Returns `true` if elements are quantized: numbers only together with a scale and a zero point.
    pub fn is_quantized(self) -> bool {
        use DType::*;
        matches!(self, QU8 | QI8 | QI32 | QU4x2 | QU2x4)
    }

    /// The width in bytes of what has a byte order within one element: half of it for complex types.
    pub fn scalar_size(self) -> usize {
        if self.is_complex() { self.size() / 2 } else { self.size() }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.dtype as usize, index, "{}", row.name);
        }
    }

    #[test]
    fn names_and_storage_classes_lead_back() {
        for dtype in DType::all() {
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
            if let Some(class) = dtype.storage_class() {
                assert_eq!(DType::from_storage_class(class), Some(dtype));
            }
        }
    }
}
