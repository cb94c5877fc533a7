//! Tensors that are more than a view of a storage, or less.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::tensor::required_bytes;
use crate::value::raw::{Composite, Raw, Run, TensorFlags, TensorNode, Text};

impl<R: StorageResolver> Machine<'_, R> {
    /// `_rebuild_sparse_tensor(layout, parts)`.
    pub(super) fn rebuild_sparse(&mut self, layout: Text, data: Run) -> Result<Raw, Fault> {
        let parts = self.graph.run(data).to_vec();
        let wrong = "the parts of a sparse tensor of that layout";
        let name = self.graph.str(layout);
        let (parts, size, coalesced) = match (name, parts.as_slice()) {
            ("torch.sparse_coo", &[indices, values, size]) => (vec![indices, values], size, None),
            ("torch.sparse_coo", &[indices, values, size, Raw::Bool(coalesced)]) => {
                (vec![indices, values], size, Some(coalesced))
            }
            (
                "torch.sparse_csr" | "torch.sparse_csc" | "torch.sparse_bsr" | "torch.sparse_bsc",
                &[compressed, plain, values, size],
            ) => (vec![compressed, plain, values], size, None),
            (name, _) => return Err(Fault::expected(wrong, format!("others, for {name}"))),
        };
        if parts.iter().any(|part| matches!(part, Raw::Refused(_))) {
            return self.refuse("a sparse tensor of parts that cannot be represented");
        }
        if !parts.iter().all(|part| matches!(part, Raw::Tensor(_))) {
            return Err(Fault::expected(wrong, "values that are no tensors"));
        }
        let (Raw::Tuple(size) | Raw::Size(size)) = size else {
            return Err(Fault::expected("a torch.Size", self.describe(size)));
        };
        self.dims(Raw::Tuple(size))?;
        self.count_copies(parts.len())?;
        let parts = self.graph.add_run(&parts)?;
        Ok(self.graph.add_composite(Composite::Sparse { layout, size, parts, coalesced })?)
    }

    /// `_rebuild_qtensor(storage, offset, size, stride, parameters, requires_grad, hooks)`.
    pub(super) fn rebuild_quantized(
        &mut self,
        [storage, offset, size, stride, requires_grad]: [Raw; 5],
        parameters: Run,
    ) -> Result<Raw, Fault> {
        let parameters = match *self.graph.run(parameters) {
            [Raw::Global(scheme), scale @ Raw::Float(_), zero @ Raw::Int(_)]
                if self.scheme(scheme) == "per_tensor_affine" =>
            {
                vec![scale, zero]
            }
            [
                Raw::Global(scheme),
                scales @ Raw::Tensor(_),
                zeros @ Raw::Tensor(_),
                axis @ Raw::Int(_),
            ] if self.scheme(scheme).starts_with("per_channel_affine") => {
                vec![scales, zeros, axis]
            }
            _ => return self.refuse("a quantized tensor of an unknown scheme"),
        };
        let tensor = self.rebuild_plain(storage, offset, size, stride, requires_grad)?;
        let Raw::Tensor(tensor) = tensor else { return Ok(tensor) };
        self.count_copies(parameters.len())?;
        let parameters = self.graph.add_run(&parameters)?;
        Ok(self.graph.add_composite(Composite::Quantized { tensor, parameters })?)
    }

    fn scheme(&self, global: u32) -> &str {
        self.graph.global_name(global).map_or("", |global| self.graph.str(global.name))
    }

    /// `_rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)`.
    pub(super) fn rebuild_meta(
        &mut self,
        dtype: DType,
        size: Raw,
        stride: Raw,
        requires_grad: Raw,
    ) -> Result<Raw, Fault> {
        let flags = self.flags(requires_grad, Raw::None, dtype)?;
        let (sizes, strides) = (self.dims(size)?, self.dims(stride)?);
        self.check_copies(sizes.len().saturating_mul(2))?;
        let (shape, steps) = super::tensor::shape_of(&sizes, &strides)?;
        // As large as it must be: there are no bytes to check it against.
        let nbytes = required_bytes(&shape, &steps, 0, dtype.size()).map_err(|error| {
            Fault::expected("a tensor that could be in memory", error.to_string())
        })?;
        let storage = self.graph.add_absent(nbytes)?;
        let strided = self.check_sizes(nbytes, dtype, 0, &sizes, &strides)?;
        let flags = TensorFlags { strided, ..flags };
        let node = TensorNode { offset: 0, storage, dims: 0, rank: 0, dtype, flags };
        Ok(self.graph.add_tensor(node, &sizes, &strides)?)
    }

    /// A tensor of the oldest files, which gets what it shows when its state is set.
    pub(super) fn old_tensor(&mut self, dtype: DType) -> Result<Raw, Fault> {
        let storage = self.graph.add_absent(0)?;
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
            let parameter = old.flags.parameter;
            let flags = TensorFlags { requires_grad, parameter, ..node.flags };
            self.graph.set_tensor(index, TensorNode { flags, ..node });
        }
        Ok(())
    }
}
