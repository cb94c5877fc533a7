//! Conversions between element types as `Tensor.copy_()` of PyTorch does them on a CPU.
//!
//! Every number goes through one of three wide types: `f64`, `i64`, `u64`. What PyTorch defines:
//! floating point is truncated towards zero and integers wrap around; narrow floating point
//! is rounded from `f32`, which `f64` and integers become first; any number but 0 is true; a real
//! number gets the imaginary part 0, and a complex one loses its own.
//!
//! What it leaves to the machine is a floating-point number beyond the integer type's range, and NaN.
//! We do on every machine what PyTorch does on x86-64, where the smallest number of the intermediate
//! type (`int32` for `int8`, `int16`, `uint16` and itself, else `int64`) stands for all of these.
//! For `uint32` PyTorch itself does two things: its vector instructions give `2^31` where those for
//! the last few elements, and ours, wrap around. Of a NaN, neither sign nor payload follows a rule,
//! and a NaN of an 8-bit type may become 0 as an integer.

use half::{bf16, f16};

use crate::dtype::DType;
use crate::tensor::element::Element;
use crate::tensor::float8;

/// How many numbers are converted at a time.
const RUN: usize = 4096;

/// Numbers in the type that holds all values of their own.
enum Wide {
    Float(Vec<f64>),
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
}

/// Why PyTorch does not convert elements of `from` into `to`, in its words; `None` where it does.
pub(crate) fn cast_refusal(from: DType, to: DType) -> Option<String> {
    if from == to {
        return None;
    }
    if from.is_quantized() || to.is_quantized() {
        return Some(quantized_refusal(from, to).to_owned());
    }
    let unsupported = |dtype: DType| match dtype {
        DType::F4E2M1FNX2 => Some("Float4_e2m1fn_x2"),
        DType::Bits8 => Some("Bits8"),
        DType::Bits16 => Some("Bits16"),
        DType::Bits1x8 => Some("Bits1x8"),
        DType::Bits2x4 => Some("Bits2x4"),
        DType::Bits4x2 => Some("Bits4x2"),
        _ => None,
    };
    let name = unsupported(to).or_else(|| unsupported(from))?;
    // Between these two there is a kernel of its own, which has no such type either.
    let packed = [from, to].contains(&DType::F32) && [from, to].contains(&DType::F4E2M1FNX2);
    let kernel = if packed { "copy_kernel" } else { "copy_" };
    Some(format!("\"{kernel}\" not implemented for '{name}'"))
}

fn quantized_refusal(from: DType, to: DType) -> &'static str {
    match (from.is_quantized(), to.is_quantized()) {
        (true, false) => {
            "Copying from quantized Tensor to non-quantized Tensor is not allowed, please use \
             dequantize to get a float Tensor from a quantized Tensor"
        }
        (true, true) => {
            "Expected self.scalar_type() == src.scalar_type() to be true, but got false.  (Could \
             this error message be improved?  If so, please report an enhancement request to PyTorch.)"
        }
        // PyTorch quantizes float32 with the destination's scale, which is not known here.
        (false, _) if from == DType::F32 => "the destination's scale and zero point are not known",
        (false, _) => "Quantized copy only works with kFloat as source Tensor",
    }
}

/// Converts elements in little-endian order; `None` where PyTorch refuses to, or there is no memory for them.
pub(crate) fn cast(bytes: &[u8], from: DType, to: DType) -> Option<Vec<u8>> {
    if cast_refusal(from, to).is_some() {
        return None;
    }
    if from == to {
        return Some(bytes.to_vec());
    }
    let mut out = Vec::new();
    out.try_reserve_exact((bytes.len() / from.size()).checked_mul(to.size())?).ok()?;
    for run in bytes.chunks(RUN * from.size()) {
        let numbers = read(run, from)?;
        let numbers = match (from.is_complex(), to.is_complex()) {
            (true, false) if to == DType::Bool => numbers.any_part(),
            (true, false) => numbers.real_parts(),
            (false, true) => numbers.with_imaginary_parts(),
            _ => numbers,
        };
        numbers.write(to, &mut out)?;
    }
    Some(out)
}

/// The type of the numbers of which elements are made: half of a complex type.
fn scalar(dtype: DType) -> DType {
    match dtype {
        DType::C32 => DType::F16,
        DType::BC32 => DType::BF16,
        DType::C64 => DType::F32,
        DType::C128 => DType::F64,
        other => other,
    }
}

fn read(bytes: &[u8], dtype: DType) -> Option<Wide> {
    fn all<T: Element, W>(bytes: &[u8], widen: impl Fn(T) -> W) -> Vec<W> {
        bytes.chunks_exact(size_of::<T>()).map(|bytes| widen(T::read_le(bytes))).collect()
    }
    Some(match scalar(dtype) {
        DType::F64 => Wide::Float(all(bytes, |x: f64| x)),
        DType::F32 => Wide::Float(all(bytes, |x: f32| f64::from(x))),
        DType::F16 => Wide::Float(all(bytes, |x: f16| f64::from(x.to_f32()))),
        DType::BF16 => Wide::Float(all(bytes, |x: bf16| f64::from(x.to_f32()))),
        DType::I64 => Wide::Signed(all(bytes, |x: i64| x)),
        DType::I32 => Wide::Signed(all(bytes, |x: i32| i64::from(x))),
        DType::I16 => Wide::Signed(all(bytes, |x: i16| i64::from(x))),
        DType::I8 => Wide::Signed(all(bytes, |x: i8| i64::from(x))),
        DType::U32 => Wide::Signed(all(bytes, |x: u32| i64::from(x))),
        DType::U16 => Wide::Signed(all(bytes, |x: u16| i64::from(x))),
        DType::U8 => Wide::Signed(all(bytes, |x: u8| i64::from(x))),
        DType::Bool => Wide::Signed(all(bytes, |x: bool| i64::from(x))),
        DType::U64 => Wide::Unsigned(all(bytes, |x: u64| x)),
        other => {
            let decode = float8::decoder(other)?;
            Wide::Float(bytes.iter().map(|&byte| f64::from(decode(byte))).collect())
        }
    })
}

impl Wide {
    fn real_parts(self) -> Wide {
        match self {
            Wide::Float(parts) => Wide::Float(parts.into_iter().step_by(2).collect()),
            other => other,
        }
    }

    /// 1 where a part of a complex number is not 0.
    fn any_part(self) -> Wide {
        match self {
            Wide::Float(parts) => Wide::Signed(
                parts.chunks(2).map(|parts| i64::from(parts.iter().any(|&x| x != 0.0))).collect(),
            ),
            other => other,
        }
    }

    fn with_imaginary_parts(self) -> Wide {
        fn pairs<T: Default>(real: Vec<T>) -> Vec<T> {
            real.into_iter().flat_map(|real| [real, T::default()]).collect()
        }
        match self {
            Wide::Float(real) => Wide::Float(pairs(real)),
            Wide::Signed(real) => Wide::Signed(pairs(real)),
            Wide::Unsigned(real) => Wide::Unsigned(pairs(real)),
        }
    }

    /// Appends the numbers as elements, or parts of elements, of `dtype`.
    fn write(&self, dtype: DType, out: &mut Vec<u8>) -> Option<()> {
        match scalar(dtype) {
            DType::F64 => self.each::<f64>(out),
            DType::F32 => self.each::<f32>(out),
            DType::F16 => self.each::<f16>(out),
            DType::BF16 => self.each::<bf16>(out),
            DType::I64 => self.each::<i64>(out),
            DType::I32 => self.each::<i32>(out),
            DType::I16 => self.each::<i16>(out),
            DType::I8 => self.each::<i8>(out),
            DType::U64 => self.each::<u64>(out),
            DType::U32 => self.each::<u32>(out),
            DType::U16 => self.each::<u16>(out),
            DType::U8 => self.each::<u8>(out),
            DType::Bool => self.each::<bool>(out),
            other => {
                let encode = float8::encoder(other)?;
                match self {
                    Wide::Float(numbers) => {
                        out.extend(numbers.iter().map(|&x| encode(f32::from_float(x))));
                    }
                    Wide::Signed(numbers) => {
                        out.extend(numbers.iter().map(|&x| encode(f32::from_signed(x))));
                    }
                    Wide::Unsigned(numbers) => {
                        out.extend(numbers.iter().map(|&x| encode(f32::from_unsigned(x))));
                    }
                }
            }
        }
        Some(())
    }

    fn each<T: Narrow>(&self, out: &mut Vec<u8>) {
        match self {
            Wide::Float(numbers) => numbers.iter().for_each(|&x| T::from_float(x).write_le(out)),
            Wide::Signed(numbers) => numbers.iter().for_each(|&x| T::from_signed(x).write_le(out)),
            Wide::Unsigned(numbers) => {
                numbers.iter().for_each(|&x| T::from_unsigned(x).write_le(out));
            }
        }
    }
}

/// An element made from a number of a wide type.
trait Narrow: Element {
    fn from_float(x: f64) -> Self;
    fn from_signed(x: i64) -> Self;
    fn from_unsigned(x: u64) -> Self;
}

macro_rules! integers {
    ($($integer:ty, $from_float:ident);* $(;)?) => {$(
        impl Narrow for $integer {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]
            fn from_float(x: f64) -> Self {
                $from_float(x) as $integer
            }

            // Wrapping around is what PyTorch does.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]
            fn from_signed(x: i64) -> Self {
                x as $integer
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]
            fn from_unsigned(x: u64) -> Self {
                x as $integer
            }
        }
    )*};
}

integers! {
    i64, to_i64; i32, to_i32; i16, to_i32; i8, to_i32;
    u64, to_u64; u32, to_i64; u16, to_i32; u8, to_i64;
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_31: f64 = 2_147_483_648.0;

/// Truncates, with the smallest number for what is out of range: `cvttsd2si`.
fn to_i64(x: f64) -> i64 {
    // In range, as the condition says.
    #[allow(clippy::cast_possible_truncation)]
    if (-TWO_63..TWO_63).contains(&x) { x as i64 } else { i64::MIN }
}

/// The same with 32 bits.
fn to_i32(x: f64) -> i32 {
    // In range after truncation, as the condition says.
    #[allow(clippy::cast_possible_truncation)]
    if x > -TWO_31 - 1.0 && x < TWO_31 { x as i32 } else { i32::MIN }
}

/// Converts as compilers convert to `uint64_t` on x86-64.
fn to_u64(x: f64) -> u64 {
    if x >= TWO_63 {
        to_i64(x - TWO_63).cast_unsigned() ^ 1 << 63
    } else {
        to_i64(x).cast_unsigned()
    }
}

macro_rules! floats {
    ($($float:ty, |$x:ident| $from_float:expr, |$y:ident| $from_f32:expr);* $(;)?) => {$(
        impl Narrow for $float {
            // Rounding is what a conversion to floating point is.
            #[allow(clippy::cast_possible_truncation)]
            fn from_float($x: f64) -> Self {
                $from_float
            }

            fn from_signed(x: i64) -> Self {
                let $y = x;
                $from_f32
            }

            fn from_unsigned(x: u64) -> Self {
                let $y = x;
                $from_f32
            }
        }
    )*};
}

floats! {
    f64, |x| x, |y| y as f64;
    f32, |x| x as f32, |y| y as f32;
    f16, |x| f16::from_f32(x as f32), |y| f16::from_f32(y as f32);
    bf16, |x| bf16::from_f32(x as f32), |y| bf16::from_f32(y as f32);
}

impl Narrow for bool {
    fn from_float(x: f64) -> Self {
        x != 0.0
    }

    fn from_signed(x: i64) -> Self {
        x != 0
    }

    fn from_unsigned(x: u64) -> Self {
        x != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::element::{from_le_bytes, to_le_bytes};

    fn cast_to<A: Element, B: Element>(from: &[A]) -> Vec<B> {
        from_le_bytes(&cast(&to_le_bytes(from), A::DTYPE, B::DTYPE).unwrap())
    }

    #[test]
    fn numbers_are_truncated_wrapped_and_rounded_as_torch_does() {
        assert_eq!(cast_to::<f32, i64>(&[300.7, -0.9, -300.7]), [300, 0, -300]);
        assert_eq!(cast_to::<i64, u8>(&[300, -1]), [44, 255]);
        assert_eq!(cast_to::<f64, i8>(&[128.0, -129.0, 300.7]), [-128, 127, 44]);
        assert_eq!(cast_to::<f64, bool>(&[0.5, 0.0, f64::NAN]), [true, false, true]);
        assert_eq!(cast_to::<i64, f32>(&[16_777_217]), [16_777_216.0]);
        // Not 1 + 2^-10: the sum is rounded to float32 first.
        assert_eq!(cast_to::<f64, f16>(&[1.0 + 2f64.powi(-11) + 2f64.powi(-40)]), [f16::ONE]);
        assert_eq!(cast_to::<u64, i64>(&[u64::MAX]), [-1]);
    }

    #[test]
    fn what_is_out_of_range_is_what_x86_gives() {
        let beyond = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e19, 3e9];
        let min = i64::MIN;
        assert_eq!(cast_to::<f64, i64>(&beyond), [min, min, min, min, 3_000_000_000]);
        assert_eq!(cast_to::<f64, i32>(&beyond), [i32::MIN; 5]);
        assert_eq!(cast_to::<f64, u8>(&beyond), [0; 5]);
        let two63 = 1u64 << 63;
        let expected = [two63, 0, two63, 10_000_000_000_000_000_000, 3_000_000_000];
        assert_eq!(cast_to::<f64, u64>(&beyond), expected);
    }

    #[test]
    fn complex_numbers_lose_or_gain_an_imaginary_part() {
        let complex = to_le_bytes(&[1.5f32, 2.0, 0.0, 1.0, 0.0, 0.0]).into_owned();
        let real = cast(&complex, DType::C64, DType::F64).unwrap();
        assert_eq!(from_le_bytes::<f64>(&real), [1.5, 0.0, 0.0]);
        assert_eq!(cast(&complex, DType::C64, DType::Bool).unwrap(), [1, 1, 0]);
        let back = cast(&[3, 253], DType::I8, DType::C128).unwrap();
        assert_eq!(from_le_bytes::<f64>(&back), [3.0, 0.0, -3.0, 0.0]);
    }

    #[test]
    fn bits_and_quantized_numbers_are_refused() {
        assert!(cast(&[0], DType::Bits8, DType::U8).is_none());
        assert!(cast(&[0], DType::QI8, DType::I8).is_none());
        assert!(cast(&[7], DType::QI8, DType::QI8).is_some());
    }
}
