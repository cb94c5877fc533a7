//! Elements into the storage that a tensor has: one copy, and every handle sees them.

use candle_core::{CpuStorage, Device, Error, InplaceOp1, Layout, Result, Tensor, Var, bail};

use crate::adapters::candle::dtype::{library, of_candle, to_candle, unsupported};
use crate::adapters::candle::stored::{Positions, Stored, overlaps, with_elements};
use crate::leaf::{TensorError, Writable};
use crate::parallel;
use crate::tensor::TensorView;

/// The number of bytes that one thread copies at a time.
const PIECE: usize = 4 << 20;

/// Returns how certain it is that the elements of `tensor` can be overwritten: it is for those in the host's
/// memory.
pub(super) fn writable(tensor: &Tensor) -> std::result::Result<Writable, TensorError> {
    let is_on_host = matches!(tensor.device(), Device::Cpu);
    if of_candle(tensor.dtype()).is_none() {
        return Err(unsupported(tensor.dtype()));
    }
    check_layout(tensor, is_on_host).map_err(library)?;
    Ok(if is_on_host { Writable::Certainly } else { Writable::Perhaps })
}

/// Refuses a tensor whose elements cannot be overwritten one by one.
fn check_layout(tensor: &Tensor, is_on_host: bool) -> Result<()> {
    if overlaps(tensor.layout()) {
        bail!(
            "cannot write into a tensor of shape {:?} and strides {:?}: several of its elements are \
             one in memory; make it contiguous",
            tensor.dims(),
            tensor.stride()
        );
    }
    if !is_on_host && !tensor.is_contiguous() {
        bail!("cannot write into a tensor on a device that is not contiguous");
    }
    Ok(())
}

/// Overwrites the elements of `tensor` with those of `source`, which has its shape and element type.
pub(super) fn write(
    tensor: &Tensor,
    source: &TensorView<'_>,
) -> std::result::Result<(), TensorError> {
    // Before the storage is locked: reading runs code of others, which may use the tensor.
    write_bytes(tensor, &source.bytes()?).map_err(library)
}

/// The same from row-major, little-endian bytes.
pub(super) fn write_bytes(tensor: &Tensor, bytes: &[u8]) -> Result<()> {
    if tensor.elem_count() == 0 {
        return Ok(());
    }
    check_layout(tensor, true)?;
    match tensor.device() {
        Device::Cpu => tensor.inplace_op1(&Fill(bytes)),
        _ => by_way_of_the_device(tensor, bytes),
    }
}

/// Makes a tensor on the device of `tensor`, and has candle copy it.
pub(super) fn by_way_of_the_device(tensor: &Tensor, bytes: &[u8]) -> Result<()> {
    check_layout(tensor, false)?;
    let numel = tensor.elem_count();
    let source = Tensor::from_raw_buffer(bytes, tensor.dtype(), &[numel], tensor.device())?;
    // Of a contiguous tensor this is another handle of the same storage.
    tensor.reshape(numel)?.slice_set(&source, 0, 0)
}

/// Becomes `source`, which has this tensor's shape: in place where only the elements are others,
/// else with a new storage on the same device, which is returned.
pub(super) fn assign(
    tensor: &Tensor,
    source: &TensorView<'_>,
) -> std::result::Result<Option<Tensor>, TensorError> {
    let found = source.dtype();
    let expected = crate::leaf::Tensor::dtype(tensor);
    if expected.as_ref().is_ok_and(|expected| *expected == found) && !overlaps(tensor.layout()) {
        write(tensor, source)?;
        return Ok(None);
    }
    let Some(dtype) = to_candle(found) else {
        return Err(TensorError::DType { expected: expected?, found });
    };
    let bytes = source.bytes()?;
    become_new(tensor, dtype, &bytes).map(Some).map_err(library)
}

/// A tensor of other elements with this one's shape, on its device; a variable where it is one.
fn become_new(tensor: &Tensor, dtype: candle_core::DType, bytes: &[u8]) -> Result<Tensor> {
    let new = match tensor.is_variable() {
        true => Var::zeros(tensor.shape(), dtype, tensor.device())?.into_inner(),
        false => Tensor::zeros(tensor.shape(), dtype, tensor.device())?,
    };
    write_bytes(&new, bytes)?;
    Ok(new)
}

/// Fills a storage on the CPU.
struct Fill<'b>(&'b [u8]);

impl InplaceOp1 for Fill<'_> {
    fn name(&self) -> &'static str {
        "load"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        use candle_core::backend::BackendStorage as _;
        let dtype = storage.dtype();
        let missing = || Error::msg("the storage does not hold the tensor");
        with_elements!(
            storage,
            |elements| fill(elements, layout, self.0).ok_or_else(missing),
            Err(Error::UnsupportedDTypeForOp(dtype, "load"))
        )
    }
}

/// Writes the elements at their places; `None` where one is outside.
fn fill<T: Stored>(elements: &mut [T], layout: &Layout, bytes: &[u8]) -> Option<()> {
    if layout.shape().elem_count().checked_mul(size_of::<T>())? != bytes.len() {
        return None;
    }
    if let Some((start, end)) = layout.contiguous_offsets() {
        let elements = elements.get_mut(start..end)?;
        // Asked twice, since the first answer would hold on to the elements.
        if T::memory(elements).is_some() {
            T::memory(elements).map(|memory| copy(memory, bytes))
        } else {
            let values = bytes.chunks_exact(size_of::<T>()).map(T::read_le);
            elements.iter_mut().zip(values).for_each(|(element, value)| *element = value);
            Some(())
        }
    } else {
        let values = bytes.chunks_exact(size_of::<T>()).map(T::read_le);
        for (position, value) in Positions::new(layout).zip(values) {
            *elements.get_mut(position)? = value;
        }
        Some(())
    }
}

/// Copies bytes, on several threads where there are many.
fn copy(memory: &mut [u8], bytes: &[u8]) {
    let threads = parallel::threads_for(memory.len());
    if threads == 1 {
        return memory.copy_from_slice(bytes);
    }
    let pieces = memory.chunks_mut(PIECE).zip(bytes.chunks(PIECE));
    parallel::each(threads, pieces, |(): &mut (), (memory, bytes)| {
        memory.copy_from_slice(bytes);
        std::result::Result::<(), ()>::Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes the way of a GPU's tensors; the CPU has the same operations.
    #[test]
    fn by_way_of_the_device_every_handle_sees_the_elements() {
        let whole = Tensor::zeros((3, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let rows = whole.narrow(0, 1, 2).unwrap();
        let bytes: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        by_way_of_the_device(&rows, &bytes).unwrap();
        assert_eq!(whole.to_vec2::<f32>().unwrap(), [[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);

        let scalar = Tensor::zeros((), candle_core::DType::I64, &Device::Cpu).unwrap();
        by_way_of_the_device(&scalar, &7i64.to_le_bytes()).unwrap();
        assert_eq!(scalar.to_scalar::<i64>().unwrap(), 7);

        let columns = whole.t().unwrap();
        let error = by_way_of_the_device(&columns, &[0; 24]).unwrap_err();
        assert!(error.to_string().contains("not contiguous"), "{error}");
    }

    #[test]
    fn an_expanded_tensor_is_not_written() {
        let one = Tensor::zeros((1, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let expanded = one.broadcast_as((2, 3)).unwrap();
        let error = write_bytes(&expanded, &[0; 24]).unwrap_err();
        assert!(error.to_string().contains("one in memory"), "{error}");
        // A dimension of one has any stride.
        write_bytes(&one.broadcast_as((1, 3)).unwrap(), &[1; 12]).unwrap();
        assert_eq!(one.to_vec2::<f32>().unwrap(), [[f32::from_bits(0x0101_0101); 3]]);
    }
}
