//! Sparse tensors, as the tensors that they are made of.

use std::fmt;

use crate::value::handle::Value;
use crate::value::parts::{Items, Tensor};
use crate::value::raw::{Composite, Raw, Run, Text};
use crate::value::store::Graph;

/// A sparse tensor: its layout, its size, and the dense tensors that say which elements it has.
#[derive(Clone, Copy)]
pub struct Sparse<'g> {
    graph: &'g Graph<'g>,
    index: u32,
    layout: Text,
    size: Run,
    parts: Run,
    coalesced: Option<bool>,
}

/// The names that PyTorch has for the parts of a layout, in the order in which they are saved.
pub(crate) fn part_names(layout: &str) -> Option<&'static [&'static str]> {
    match layout {
        "torch.sparse_coo" => Some(&["indices", "values"]),
        "torch.sparse_csr" | "torch.sparse_bsr" => Some(&["crow_indices", "col_indices", "values"]),
        "torch.sparse_csc" | "torch.sparse_bsc" => Some(&["ccol_indices", "row_indices", "values"]),
        _ => None,
    }
}

impl<'g> Sparse<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Option<Self> {
        match graph.composite(index)? {
            Composite::Sparse { layout, size, parts, coalesced } => {
                Some(Sparse { graph, index, layout, size, parts, coalesced })
            }
            Composite::Quantized { .. } => None,
        }
    }

    /// Returns `true` if it is an `nn.Parameter`.
    pub fn is_parameter(&self) -> bool {
        self.graph.parameter_gradient(Raw::Composite(self.index)).is_some()
    }

    /// Returns `true` if it is an `nn.Parameter` that takes gradients.
    pub fn requires_grad(&self) -> bool {
        self.graph.parameter_gradient(Raw::Composite(self.index)) == Some(true)
    }

    /// The layout: `"torch.sparse_coo"`, `"torch.sparse_csr"` and so on.
    pub fn layout(&self) -> &'g str {
        self.graph.str(self.layout)
    }

    /// The size of the tensor along each dimension.
    pub fn size(&self) -> Items<'g> {
        Items::new(self.graph, self.graph.run(self.size))
    }

    /// The dense tensors with PyTorch's names of them: `indices` and `values` of a `sparse_coo`,
    /// `crow_indices`, `col_indices` and `values` of a `sparse_csr`.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Tensor<'g>)> + use<'g> {
        let names = part_names(self.layout()).unwrap_or_default();
        let (graph, parts) = (self.graph, self.graph.run(self.parts));
        names.iter().zip(parts).filter_map(move |(&name, &part)| match part {
            Raw::Tensor(index) => Some((name, Tensor::new(graph, index))),
            _ => None,
        })
    }

    /// The part of that name.
    pub fn part(&self, name: &str) -> Option<Tensor<'g>> {
        self.parts().find(|&(found, _)| found == name).map(|(_, part)| part)
    }

    /// Everything it is made of, with its name: the parts, `size`, and `is_coalesced` where it says.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&'static str, Value<'g>)> + use<'g> {
        let (graph, size, coalesced) = (self.graph, self.size, self.coalesced);
        let names = part_names(self.layout()).unwrap_or_default().iter().copied();
        let parts = names.zip(graph.run(self.parts).iter().copied());
        let coalesced = coalesced.map(|value| ("is_coalesced", Raw::Bool(value)));
        parts
            .chain([("size", Raw::Size(size))])
            .chain(coalesced)
            .map(move |(name, raw)| (name, Value::new(graph, raw)))
    }

    /// Returns the statement of a `sparse_coo` that its indices are sorted and unique, where it makes one.
    pub fn is_coalesced(&self) -> Option<bool> {
        self.coalesced
    }
}

impl fmt::Debug for Sparse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size: Vec<Value<'_>> = self.size().iter().collect();
        write!(f, "Sparse({} {size:?})", self.layout())
    }
}
