//! The elements of a tensor, on their way into a file.

use candle_core::{CpuStorage, Device, Layout, Storage, Tensor};

use crate::adapters::candle::dtype::{library, unsupported};
use crate::adapters::candle::stored::{Positions, Stored, with_elements};
use crate::leaf::{ByteSink, TensorError};

/// How many elements are handed on at a time: few enough to stay in the processor's cache.
const RUN: usize = 32 << 10;

/// Hands all elements in row-major order as little-endian bytes to `sink`.
///
/// The storage is locked only while a piece is copied out of it, never while the sink has it: the
/// sink is somebody's code, and may want to use the tensor.
pub(super) fn read(tensor: &Tensor, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
    let on_host;
    let tensor = match tensor.device() {
        Device::Cpu => tensor,
        _ => {
            on_host = tensor.to_device(&Device::Cpu).map_err(library)?;
            &on_host
        }
    };
    let layout = tensor.layout();
    let mut places = Places::new(layout);
    let mut run = Vec::new();
    let mut left = layout.shape().elem_count();
    while left > 0 {
        let count = left.min(RUN);
        run.clear();
        {
            let (storage, _) = tensor.storage_and_layout();
            let Storage::Cpu(storage) = &*storage else {
                return Err(TensorError::Library("the tensor is not on the host".into()));
            };
            places.append(storage, count, &mut run)?;
        }
        sink(&run)?;
        left -= count;
    }
    Ok(())
}

/// The places of the next elements.
enum Places {
    /// One after the other from here on.
    Contiguous(usize),
    Strided(Box<Positions>),
}

impl Places {
    fn new(layout: &Layout) -> Self {
        match layout.contiguous_offsets() {
            Some((start, _)) => Places::Contiguous(start),
            None => Places::Strided(Box::new(Positions::new(layout))),
        }
    }

    /// Appends the next `count` elements to `out`.
    fn append(
        &mut self,
        storage: &CpuStorage,
        count: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        use candle_core::backend::BackendStorage as _;
        let missing = || TensorError::Library("the storage is smaller than the tensor".into());
        with_elements!(
            storage,
            |elements| self.append_from(elements, count, out).ok_or_else(missing),
            Err(unsupported(storage.dtype()))
        )
    }

    fn append_from<T: Stored>(
        &mut self,
        elements: &[T],
        count: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        match self {
            Places::Contiguous(start) => {
                let end = *start + count;
                T::write_le(elements.get(*start..end)?, out);
                *start = end;
            }
            Places::Strided(positions) => {
                for position in positions.take(count) {
                    T::write_le(std::slice::from_ref(elements.get(position)?), out);
                }
            }
        }
        Some(())
    }
}
