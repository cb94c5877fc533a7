//! The elements of candle's storages on the CPU, and in which order a tensor has them.

use candle_core::Layout;
use float8::F8E4M3;
use half::{bf16, f16};

use crate::tensor::{Element, to_le_bytes};

/// A type that candle stores elements as.
pub(super) trait Stored: Copy + Send + Sync + 'static {
    /// The memory of the elements, where it is what files hold.
    fn memory(elements: &mut [Self]) -> Option<&mut [u8]>;

    /// One element from its little-endian bytes.
    fn read_le(bytes: &[u8]) -> Self;

    /// Appends the little-endian bytes of elements.
    fn write_le(elements: &[Self], out: &mut Vec<u8>);
}

macro_rules! stored {
    ($($element:ty),*) => {$(
        impl Stored for $element {
            fn memory(elements: &mut [Self]) -> Option<&mut [u8]> {
                Element::as_bytes_mut(elements)
            }

            fn read_le(bytes: &[u8]) -> Self {
                Element::read_le(bytes)
            }

            fn write_le(elements: &[Self], out: &mut Vec<u8>) {
                out.extend_from_slice(&to_le_bytes(elements));
            }
        }
    )*};
}

stored!(u8, u32, i16, i32, i64, bf16, f16, f32, f64);

impl Stored for F8E4M3 {
    fn memory(_: &mut [Self]) -> Option<&mut [u8]> {
        None
    }

    fn read_le(bytes: &[u8]) -> Self {
        F8E4M3::from_bits(bytes.first().copied().unwrap_or_default())
    }

    fn write_le(elements: &[Self], out: &mut Vec<u8>) {
        out.extend(elements.iter().map(|element| element.to_bits()));
    }
}

/// Does `$work` with the elements of a storage on the CPU, whatever their type; `$other` for those
/// that are no whole bytes.
macro_rules! with_elements {
    ($storage:expr, |$elements:ident| $work:expr, $other:expr) => {{
        use candle_core::CpuStorage;
        match $storage {
            CpuStorage::U8($elements) => $work,
            CpuStorage::U32($elements) => $work,
            CpuStorage::I16($elements) => $work,
            CpuStorage::I32($elements) => $work,
            CpuStorage::I64($elements) => $work,
            CpuStorage::BF16($elements) => $work,
            CpuStorage::F16($elements) => $work,
            CpuStorage::F32($elements) => $work,
            CpuStorage::F64($elements) => $work,
            CpuStorage::F8E4M3($elements) => $work,
            CpuStorage::F8E8M0($elements) => $work,
            _ => $other,
        }
    }};
}

pub(super) use with_elements;

/// The places of a tensor's elements in its storage, in row-major order.
pub(super) struct Positions {
    sizes: Vec<usize>,
    steps: Vec<usize>,
    index: Vec<usize>,
    next: usize,
    left: usize,
}

impl Positions {
    pub(super) fn new(layout: &Layout) -> Self {
        Positions {
            sizes: layout.dims().to_vec(),
            steps: layout.stride().to_vec(),
            index: vec![0; layout.dims().len()],
            next: layout.start_offset(),
            left: layout.shape().elem_count(),
        }
    }
}

impl Iterator for Positions {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let position = self.next;
        let dims = self.index.iter_mut().zip(&self.sizes).zip(&self.steps);
        for ((index, &size), &step) in dims.rev() {
            *index += 1;
            if *index < size {
                self.next += step;
                break;
            }
            self.next -= step * (size - 1);
            *index = 0;
        }
        Some(position)
    }
}

/// Returns `true` if several elements are one in memory, as in a tensor that was expanded. Such a tensor can
/// be read, but what is written into it would be its last elements only.
pub(super) fn overlaps(layout: &Layout) -> bool {
    if layout.shape().elem_count() < 2 {
        return false;
    }
    let mut dims: Vec<(usize, usize)> = layout
        .stride()
        .iter()
        .copied()
        .zip(layout.dims().iter().copied())
        .filter(|(_, size)| *size > 1)
        .collect();
    dims.sort_unstable();
    let mut reach = 0;
    dims.into_iter().any(|(step, size)| {
        let meets = step <= reach;
        reach += step * (size - 1);
        meets
    })
}
