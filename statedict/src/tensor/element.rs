//! The Rust types that can be elements of a tensor.

use half::{bf16, f16};

use crate::dtype::DType;

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that is an element type of tensors: `f64`, `f32`, [`half::f16`], [`half::bf16`],
/// the integers of 8 to 64 bits, `bool`, and with the feature `num-complex` its `Complex` of
/// floating-point numbers.
///
/// This trait is sealed: the list is PyTorch's, not the user's.
///
/// ```
/// use statedict::DType;
/// use statedict::tensor::Element;
///
/// assert_eq!(<i64 as Element>::DTYPE, DType::I64);
/// ```
pub trait Element: Copy + Default + PartialEq + Send + Sync + 'static + sealed::Sealed {
    /// The element type this Rust type stands for.
    const DTYPE: DType;

    /// The memory of `elements`, where that is what files hold: always on a little-endian machine.
    #[doc(hidden)]
    fn as_bytes(elements: &[Self]) -> Option<&[u8]>;

    /// The memory of `elements` for writing, where every byte pattern is a value of this type
    /// (not so for `bool`) and memory is what files hold.
    #[doc(hidden)]
    fn as_bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]>;

    /// The elements whose memory `bytes` is; `None` where memory is not what files hold,
    /// or `bytes` is not aligned or not a whole number of elements.
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8]) -> Option<&[Self]>;

    /// The same for writing. For `bool`, every byte must already be 0 or 1.
    #[doc(hidden)]
    fn from_bytes_mut(bytes: &mut [u8]) -> Option<&mut [Self]>;

    /// Reads one element from its little-endian bytes; `bytes` must have the element's size.
    #[doc(hidden)]
    fn read_le(bytes: &[u8]) -> Self;

    /// Appends the little-endian bytes of one element.
    #[doc(hidden)]
    fn write_le(self, out: &mut Vec<u8>);
}

/// Types whose memory is what files hold, on a machine of their byte order.
macro_rules! numbers {
    ($($rust:ty => $dtype:ident),*; |$bytes:ident| $read:expr; |$this:ident, $out:ident| $write:expr) => {$(
        impl sealed::Sealed for $rust {}

        impl Element for $rust {
            const DTYPE: DType = DType::$dtype;

            fn as_bytes(elements: &[Self]) -> Option<&[u8]> {
                in_file_order::<Self>().then(|| bytemuck::must_cast_slice(elements))
            }

            fn as_bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
                in_file_order::<Self>().then(|| bytemuck::must_cast_slice_mut(elements))
            }

            fn from_bytes(bytes: &[u8]) -> Option<&[Self]> {
                in_file_order::<Self>().then(|| bytemuck::try_cast_slice(bytes).ok())?
            }

            fn from_bytes_mut(bytes: &mut [u8]) -> Option<&mut [Self]> {
                in_file_order::<Self>().then(|| bytemuck::try_cast_slice_mut(bytes).ok())?
            }

            fn read_le($bytes: &[u8]) -> Self {
                $read
            }

            fn write_le(self, $out: &mut Vec<u8>) {
                let $this = self;
                $write;
            }
        }
    )*};
}

numbers! {
    f64 => F64, f32 => F32, f16 => F16, bf16 => BF16,
    i64 => I64, i32 => I32, i16 => I16, i8 => I8,
    u64 => U64, u32 => U32, u16 => U16, u8 => U8;
    |bytes| {
        let mut array = [0; size_of::<Self>()];
        array.copy_from_slice(bytes);
        Self::from_le_bytes(array)
    };
    |number, out| out.extend_from_slice(&number.to_le_bytes())
}

// Complex numbers: the real part, then the imaginary one.
#[cfg(feature = "num-complex-0_4")]
numbers! {
    num_complex::Complex<f64> => C128, num_complex::Complex<f32> => C64,
    num_complex::Complex<f16> => C32, num_complex::Complex<bf16> => BC32;
    |bytes| {
        let (real, imaginary) = bytes.split_at(size_of::<Self>() / 2);
        num_complex::Complex::new(Element::read_le(real), Element::read_le(imaginary))
    };
    |number, out| {
        number.re.write_le(out);
        number.im.write_le(out);
    }
}

impl sealed::Sealed for bool {}

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn as_bytes(elements: &[Self]) -> Option<&[u8]> {
        Some(bytemuck::must_cast_slice(elements))
    }

    /// A byte of a file need not be 0 or 1, and a Rust `bool` must be.
    fn as_bytes_mut(_: &mut [Self]) -> Option<&mut [u8]> {
        None
    }

    fn from_bytes(bytes: &[u8]) -> Option<&[Self]> {
        bytemuck::checked::try_cast_slice(bytes).ok()
    }

    fn from_bytes_mut(bytes: &mut [u8]) -> Option<&mut [Self]> {
        bytemuck::checked::try_cast_slice_mut(bytes).ok()
    }

    /// Any byte but 0 is true, as in PyTorch.
    fn read_le(bytes: &[u8]) -> Self {
        bytes != [0]
    }

    fn write_le(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }
}

/// Returns `true` if the memory of `T` is its little-endian form.
fn in_file_order<T>() -> bool {
    cfg!(target_endian = "little") || size_of::<T>() == 1
}

/// The elements that little-endian `bytes` hold; their length must be a multiple of the element size.
pub(crate) fn from_le_bytes<T: Element>(bytes: &[u8]) -> Vec<T> {
    let mut elements = vec![T::default(); bytes.len() / size_of::<T>()];
    copy_le_bytes(bytes, &mut elements);
    elements
}

/// Fills `elements` from little-endian `bytes` of the same length.
pub(crate) fn copy_le_bytes<T: Element>(bytes: &[u8], elements: &mut [T]) {
    if let Some(memory) = T::as_bytes_mut(elements) {
        memory.copy_from_slice(bytes);
    } else {
        for (element, bytes) in elements.iter_mut().zip(bytes.chunks_exact(size_of::<T>())) {
            *element = T::read_le(bytes);
        }
    }
}

/// The little-endian bytes of `elements`: borrowed where memory is already in that order.
pub(crate) fn to_le_bytes<T: Element>(elements: &[T]) -> std::borrow::Cow<'_, [u8]> {
    match T::as_bytes(elements) {
        Some(bytes) => bytes.into(),
        None => {
            let mut bytes = Vec::with_capacity(size_of_val(elements));
            elements.iter().for_each(|element| element.write_le(&mut bytes));
            bytes.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_not_0_or_1_is_true() {
        assert_eq!(from_le_bytes::<bool>(&[0, 1, 2, 255]), [false, true, true, true]);
    }

    #[test]
    fn elements_and_bytes_are_two_views_of_the_same() {
        let elements = [1.5f32, -0.0, f32::NAN];
        let bytes = to_le_bytes(&elements).into_owned();
        assert_eq!(bytes[..4], [0, 0, 0xc0, 0x3f]);
        let back = from_le_bytes::<f32>(&bytes);
        assert_eq!(back.map_bits(), elements.to_vec().map_bits());
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl MapBits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|x| x.to_bits()).collect()
        }
    }
}
