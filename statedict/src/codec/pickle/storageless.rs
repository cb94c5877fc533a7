//! Tensors without a storage in the file: of the device `meta`, and those of the oldest files, which get
//! theirs with their state.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::flags::check_grad;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::tensor::{Storage, required_bytes};
use crate::value::raw::{Raw, TensorFlags, TensorNode};

impl<R: StorageResolver> Machine<'_, R> {
    /// `_rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)`.
    pub(super) fn rebuild_meta(
        &mut self,
        dtype: DType,
        size: Raw,
        stride: Raw,
        requires_grad: Raw,
    ) -> Result<Raw, Fault> {
        if dtype.is_quantized() {
            return Err(Fault::expected("a dtype of the device meta", dtype.name()));
        }
        let flags = self.flags(requires_grad, Raw::None, dtype)?;
        let (sizes, strides) = (self.dims(size)?, self.dims(stride)?);
        let (shape, steps) = super::tensor::shape_of(&sizes, &strides)?;
        // As large as it must be: there are no bytes to check it against.
        let nbytes = required_bytes(&shape, &steps, 0, dtype).map_err(|error| {
            Fault::expected("a tensor that could be in memory", error.to_string())
        })?;
        let storage = self.graph.add_absent(nbytes)?;
        let strided = self.check_sizes(nbytes, dtype, 0, &sizes, &strides)?;
        let flags = TensorFlags { strided, ..flags };
        let node = TensorNode { offset: 0, storage, dims: 0, rank: 0, dtype, flags };
        Ok(self.graph.add_tensor(node, &sizes, &strides)?)
    }

    /// An empty tensor; of the oldest files, one that gets what it shows when its state is set.
    pub(super) fn old_tensor(&mut self, dtype: DType) -> Result<Raw, Fault> {
        let storage = self.graph.insert_storage(Storage::from_bytes(Vec::new()))?;
        let flags = TensorFlags::default();
        let node = TensorNode { offset: 0, storage, dims: 0, rank: 0, dtype, flags };
        Ok(self.graph.add_tensor(node, &[0], &[1])?)
    }

    /// BUILD of a tensor: `(storage, offset, size, stride)` in the oldest files, and
    /// `(requires_grad, …, …)`, alone or after the data, for the parameters of PyTorch 0.2 and 0.3.
    pub(super) fn build_tensor(&mut self, index: u32, state: Raw) -> Result<(), Fault> {
        let wrong = "(storage, offset, size, stride) or (requires_grad, …) as a tensor's state";
        let Raw::Tuple(run) = state else {
            return Err(Fault::expected(wrong, self.describe(state)));
        };
        let Some(old) = self.graph.tensor(index) else { return Ok(()) };
        let (from, requires_grad) = match *self.graph.run(run) {
            [storage @ Raw::Storage(..), offset, size, stride] => {
                (self.rebuild_plain(storage, offset, size, stride, Raw::Bool(false))?, false)
            }
            [Raw::Bool(requires_grad), _, _] => (Raw::Tensor(index), requires_grad),
            [data @ Raw::Tensor(_), _, _, Raw::Bool(requires_grad), _] => (data, requires_grad),
            _ => return Err(Fault::expected(wrong, self.describe(state))),
        };
        if let Raw::Tensor(from) = from
            && let Some(node) = self.graph.tensor(from)
        {
            check_grad(requires_grad, node.dtype)?;
            let parameter = old.flags.parameter;
            let flags = TensorFlags { requires_grad, parameter, ..node.flags };
            self.graph.set_tensor(index, TensorNode { flags, ..node });
        }
        Ok(())
    }
}
