//! Widening: conversions between element types that change no value.

use half::{bf16, f16};

use crate::dtype::DType;
use crate::tensor::element::{Element, to_le_bytes};

/// Converts every element of little-endian `bytes`.
fn convert<A: Element, B: Element + From<A>>(bytes: &[u8]) -> Vec<u8> {
    let wide: Vec<B> =
        bytes.chunks_exact(size_of::<A>()).map(|bytes| B::from(A::read_le(bytes))).collect();
    to_le_bytes(&wide).into_owned()
}

macro_rules! widenings {
    ($($from:ident $a:ty => $($to:ident $b:ty),+;)*) => {
        /// The function that converts the elements of `from` into `to`, where no value can change.
        pub(crate) fn widening(from: DType, to: DType) -> Option<fn(&[u8]) -> Vec<u8>> {
            match (from, to) {
                $($((DType::$from, DType::$to) => Some(convert::<$a, $b>),)+)*
                _ => None,
            }
        }
    };
}

widenings! {
    F16 f16 => F32 f32, F64 f64;
    BF16 bf16 => F32 f32, F64 f64;
    F32 f32 => F64 f64;
    I8 i8 => I16 i16, I32 i32, I64 i64;
    I16 i16 => I32 i32, I64 i64;
    I32 i32 => I64 i64;
    U8 u8 => U16 u16, U32 u32, U64 u64, I16 i16, I32 i32, I64 i64;
    U16 u16 => U32 u32, U64 u64, I32 i32, I64 i64;
    U32 u32 => U64 u64, I64 i64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_what_they_are() {
        let half = to_le_bytes(&[f16::from_f32(1.5), f16::NEG_INFINITY]).into_owned();
        let wide = widening(DType::F16, DType::F32).unwrap()(&half);
        assert_eq!(wide, *to_le_bytes(&[1.5f32, f32::NEG_INFINITY]));
        let small = widening(DType::I8, DType::I64).unwrap()(&[0xff, 5]);
        assert_eq!(small, *to_le_bytes(&[-1i64, 5]));
    }

    #[test]
    fn what_could_lose_a_value_is_none() {
        for (from, to) in [
            (DType::F32, DType::F16),
            (DType::F16, DType::BF16),
            (DType::BF16, DType::F16),
            (DType::I64, DType::F64),
            (DType::U64, DType::I64),
            (DType::I8, DType::U8),
            (DType::F32, DType::F32),
        ] {
            assert!(widening(from, to).is_none(), "{from} to {to}");
        }
    }
}
