//! Sparse tensors: what they are rebuilt from, checked as PyTorch checks it before it looks at elements.

use smallvec::SmallVec;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::value::raw::{Composite, Raw, Run, StorageRef, TensorNode, Text};

const PARTS: &str = "the parts of a sparse tensor of that layout";
const SHAPES: &str = "the parts of a sparse tensor to fit each other";

impl<R: StorageResolver> Machine<'_, R> {
    /// `_rebuild_sparse_tensor(layout, parts)`.
    pub(super) fn rebuild_sparse(&mut self, layout: Text, data: Run) -> Result<Raw, Fault> {
        let found: SmallVec<[Raw; 6]> = self.graph.run(data).iter().take(6).copied().collect();
        self.work_on(&[layout])?;
        let name = self.graph.str(layout);
        let blocks = matches!(name, "torch.sparse_bsr" | "torch.sparse_bsc");
        let by_rows = matches!(name, "torch.sparse_csr" | "torch.sparse_bsr");
        let (parts, size, coalesced) = match (name, found.as_slice()) {
            (
                "torch.sparse_coo",
                &[indices, values, size] | &[indices, values, size, Raw::None],
            ) => (vec![indices, values], size, None),
            ("torch.sparse_coo", &[indices, values, size, Raw::Bool(coalesced)]) => {
                (vec![indices, values], size, Some(coalesced))
            }
            (
                "torch.sparse_csr" | "torch.sparse_csc" | "torch.sparse_bsr" | "torch.sparse_bsc",
                &[compressed, plain, values, size],
            ) => (vec![compressed, plain, values], size, None),
            (name, _) => return Err(Fault::expected(PARTS, format!("others, for {name}"))),
        };
        let sizes = self.dims(size)?;
        self.check_size(&sizes)?;
        if parts.iter().any(|part| matches!(part, Raw::Refused(_))) {
            return self.refuse("a sparse tensor of parts that cannot be represented");
        }
        if parts.iter().any(|part| matches!(part, Raw::Container(_))) {
            return self.refuse("a sparse tensor of lists");
        }
        let is_quantized = |part: &Raw| match *part {
            Raw::Composite(index) => {
                matches!(self.graph.composite(index), Some(Composite::Quantized { .. }))
            }
            _ => false,
        };
        if parts.len() > 2 && parts.last().is_some_and(is_quantized) {
            return self.refuse("a sparse tensor of quantized values");
        }
        let nodes: Option<Vec<TensorNode>> = parts.iter().map(|&part| self.node(part)).collect();
        let nodes =
            nodes.ok_or_else(|| Fault::expected(PARTS, "values that are not strided tensors"))?;
        match *nodes.as_slice() {
            [indices, values] => self.check_coo(indices, values, &sizes)?,
            [compressed, plain, values] => {
                self.check_compressed([compressed, plain, values], &sizes, by_rows, blocks)?;
            }
            _ => return Err(Fault::expected(PARTS, "others")),
        }
        match nodes.iter().filter(|node| matches!(node.storage, StorageRef::Absent(_))).count() {
            0 => {}
            absent if absent == nodes.len() => {
                return self.refuse("a sparse tensor on the device meta");
            }
            _ => return Err(Fault::expected(SHAPES, "parts on different devices")),
        }
        // A size may be a list, which the file can still change.
        let size = match size {
            Raw::Tuple(run) | Raw::Size(run) => run,
            _ => {
                self.graph.add_run(&sizes.iter().map(|&size| Raw::Int(size)).collect::<Vec<_>>())?
            }
        };
        let parts = self.graph.add_run(&parts)?;
        Ok(self.graph.add_composite(Composite::Sparse { layout, size, parts, coalesced })?)
    }

    fn node(&self, part: Raw) -> Option<TensorNode> {
        match part {
            Raw::Tensor(index) => self.graph.tensor(index),
            _ => None,
        }
    }

    /// Checks that there is such a size: its elements could be counted.
    fn check_size(&self, sizes: &[i64]) -> Result<(), Fault> {
        let numel = sizes
            .iter()
            .try_fold(1u64, |numel, &size| numel.checked_mul(u64::try_from(size).ok()?));
        match numel.is_some_and(|numel| i64::try_from(numel).is_ok()) {
            true => Ok(()),
            false => Err(Fault::expected("the size of a tensor", format!("{sizes:?}"))),
        }
    }

    fn check_coo(
        &self,
        indices: TensorNode,
        values: TensorNode,
        sizes: &[i64],
    ) -> Result<(), Fault> {
        let (shape, content) = (self.graph.dims(indices).0, self.graph.dims(values).0);
        let found = || format!("indices {shape:?}, values {content:?} and size {sizes:?}");
        let wrong = || Fault::expected(SHAPES, found());
        let &[sparse, count] = shape else { return Err(wrong()) };
        // A single value may come without a dimension.
        let (nnz, dense) = match content.split_first() {
            Some((&nnz, dense)) => (nnz, dense),
            None => (1, content),
        };
        let sparse = usize::try_from(sparse).ok();
        let rest = sparse.and_then(|sparse| sizes.get(sparse..)).ok_or_else(wrong)?;
        if nnz != count || rest != dense || !is_value(values.dtype) || !is_value(indices.dtype) {
            return Err(wrong());
        }
        Ok(())
    }

    fn check_compressed(
        &self,
        [compressed, plain, values]: [TensorNode; 3],
        sizes: &[i64],
        by_rows: bool,
        blocks: bool,
    ) -> Result<(), Fault> {
        let [outer, inner, content] =
            [compressed, plain, values].map(|node| self.graph.dims(node).0);
        let shapes = || {
            Fault::expected(
                SHAPES,
                format!("indices {outer:?} and {inner:?}, values {content:?} and size {sizes:?}"),
            )
        };
        let (Some((&outer_len, batch)), Some((&inner_len, other))) =
            (outer.split_last(), inner.split_last())
        else {
            return Err(shapes());
        };
        // Values: the dimensions of batches, the number of elements, those of a block, and dense ones.
        let block = if blocks { 2 } else { 0 };
        let (Some((within, content)), Some((size_batch, size))) =
            (content.split_at_checked(batch.len()), sizes.split_at_checked(batch.len()))
        else {
            return Err(shapes());
        };
        let (Some((&nnz, content)), Some((&[rows, columns], dense_size))) =
            (content.split_first(), size.split_first_chunk::<2>())
        else {
            return Err(shapes());
        };
        let Some((block_size, dense)) = content.split_at_checked(block) else {
            return Err(shapes());
        };
        // PyTorch compares how many dense dimensions there are, and not their sizes.
        if batch != other
            || batch != within
            || batch != size_batch
            || dense.len() != dense_size.len()
        {
            return Err(shapes());
        }
        // A block without elements counts as one element along that dimension.
        let (height, width) = match *block_size {
            [height, width] => (height.max(1), width.max(1)),
            _ => (1, 1),
        };
        if rows % height != 0 || columns % width != 0 {
            return Err(shapes());
        }
        let (rows, columns) = (rows / height, columns / width);
        let (compressed_size, plain_size) = if by_rows { (rows, columns) } else { (columns, rows) };
        if compressed_size.checked_add(1) != Some(outer_len) || inner_len != nnz {
            return Err(shapes());
        }
        let dtype = compressed.dtype;
        if dtype != plain.dtype
            || !matches!(dtype, DType::I32 | DType::I64)
            || !is_value(values.dtype)
        {
            let found = format!("{dtype}, {} and {}", plain.dtype, values.dtype);
            return Err(Fault::expected("indices of one dtype, int32 or int64, and values", found));
        }
        if dtype == DType::I32
            && [compressed_size, plain_size].iter().any(|&n| i32::try_from(n).is_err())
        {
            return Err(Fault::expected("indices that reach as far as the size", "int32"));
        }
        for node in [compressed, plain] {
            if !self.is_contiguous_within_batches(node) {
                return Err(Fault::expected("contiguous indices", "others"));
            }
        }
        Ok(())
    }

    /// Returns `true` if the last dimension's elements follow each other.
    fn is_contiguous_within_batches(&self, node: TensorNode) -> bool {
        let (sizes, strides) = self.graph.dims(node);
        sizes.last().is_none_or(|&last| last <= 1) || strides.last().is_none_or(|&step| step == 1)
    }
}

/// Returns `true` if a sparse tensor can have elements of that dtype.
fn is_value(dtype: DType) -> bool {
    !dtype.is_quantized()
}
