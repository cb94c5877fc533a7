//! Whether a tensor of the state dict fits a leaf.

use crate::load::options::LoadOptions;
use crate::load::plan::expected::Destination;
use crate::load::plan::found::Source;
use crate::load::policy::DTypePolicy;
use crate::load::report::loaded::{Converted, Mismatched};
use crate::load::report::problem::LoadProblem;
use crate::tensor::{cast_refusal, widening};

/// The result of comparing shapes.
pub(in crate::load) enum Fit {
    /// They are equal.
    Yes,
    /// They differ, which the options allow: the leaf stays as it is.
    Ignored(Mismatched),
}

/// Compares shapes.
pub(in crate::load) fn shape(
    leaf: &Destination<'_>,
    source: &Source<'_, '_>,
    options: &LoadOptions,
) -> Result<Fit, Box<LoadProblem>> {
    let found = source.tensor.shape();
    // PyTorch before 0.4 had no 0-dim tensors; its checkpoints hold them with shape (1,).
    if *found == *leaf.sizes() || (leaf.sizes().is_empty() && *found == [1]) {
        return Ok(Fit::Yes);
    }
    let (key, expected, found) = (source.key().to_owned(), leaf.shape(), found.clone());
    if options.ignore_mismatched {
        return Ok(Fit::Ignored(Mismatched { key, expected, found }));
    }
    Err(Box::new(LoadProblem::Shape { key, expected, found }))
}

/// Compares element types; whether the elements must be converted.
pub(in crate::load) fn dtype(
    leaf: &Destination<'_>,
    source: &Source<'_, '_>,
    options: &LoadOptions,
) -> Result<Option<Converted>, Box<LoadProblem>> {
    let found = source.tensor.dtype();
    // What has none is refused by the leaf.
    let Some(expected) = leaf.dtype else { return Ok(None) };
    if expected == found || (options.assign && leaf.adopts.contains(&found)) {
        return Ok(None);
    }
    let converts = !options.assign
        && match options.dtype {
            DTypePolicy::Exact => false,
            DTypePolicy::Widen => widening(found, expected).is_some(),
            DTypePolicy::Cast => cast_refusal(found, expected).is_none(),
        };
    let key = source.key().to_owned();
    if converts {
        return Ok(Some(Converted { key, from: found, to: expected }));
    }
    Err(Box::new(LoadProblem::DType { key, expected, found, shape: leaf.shape() }))
}
