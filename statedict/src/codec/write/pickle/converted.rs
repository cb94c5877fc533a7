//! Sparse and quantized tensors of which PyTorch does not take the parts as they are in the file.

use crate::dtype::DType;
use crate::tensor::TensorView;
use crate::value::Graph;
use crate::value::raw::{Composite, Raw};

/// Returns `true` if PyTorch converts a part: it would do so before the old format has given the part's elements.
pub(super) fn is_converted(graph: &Graph<'_>, composite: u32) -> bool {
    let view = |part: &Raw| match *part {
        Raw::Tensor(index) => graph.tensor(index).and_then(|node| graph.view(node)),
        _ => None,
    };
    let is_as_it_is = |part: &TensorView<'_>, dtype| {
        part.dtype() == dtype && part.is_contiguous() && !part.is_neg()
    };
    match graph.composite(composite) {
        Some(Composite::Sparse { layout, parts, .. }) => {
            let parts: Vec<TensorView<'_>> = graph.run(parts).iter().filter_map(view).collect();
            let is_coo = graph.text(layout) == b"torch.sparse_coo";
            let is_converted = |indices: &TensorView<'_>| is_coo && indices.dtype() != DType::I64;
            parts.first().is_some_and(is_converted)
                || parts.iter().any(|part| part.is_conj() || part.is_neg())
        }
        Some(Composite::Quantized { parameters, .. }) => {
            let mut parts = graph.run(parameters).iter().map(view);
            let (Some(Some(scales)), Some(Some(points))) = (parts.next(), parts.next()) else {
                return false;
            };
            let (of_scales, of_points) = match points.dtype().is_floating_point() {
                true => (DType::F32, DType::F32),
                false => (DType::F64, DType::I64),
            };
            !(is_as_it_is(&scales, of_scales) && is_as_it_is(&points, of_points))
        }
        None => false,
    }
}
