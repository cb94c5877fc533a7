//! Sparse tensors: what they are rebuilt from.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::raw::{Composite, Raw, Run, Text};

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
}
