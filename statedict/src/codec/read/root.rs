//! The values that stand for a file which has no pickle of its state dict: the dict that Python would have.

use crate::codec::read::error::ReadError;
use crate::value::raw::{ContainerKind, Extra, Raw};
use crate::value::{Full, Graph};

/// A `collections.OrderedDict` of keys and values in turn, with these attributes.
pub(super) fn ordered_dict(
    graph: &mut Graph<'_>,
    entries: &[Raw],
    attributes: &[Raw],
) -> Result<Raw, Full> {
    let dict = graph.add_container(ContainerKind::OrderedDict)?;
    if let Raw::Container(index) = dict {
        graph.extend(index, entries)?;
        if !attributes.is_empty() {
            let attributes = graph.add_dict(attributes)?;
            graph.set_extra(index, Extra { attributes, factory: Raw::None })?;
        }
    }
    Ok(dict)
}

/// Adds a text, and returns it as a value.
pub(super) fn text(graph: &mut Graph<'_>, text: &str) -> Result<Raw, Full> {
    graph.add_bytes(text.as_bytes()).map(Raw::Str)
}

/// The tensor that `state_dict()` gives for a parameter or a buffer: another one of the same elements, which
/// needs no gradient.
pub(super) fn detached(graph: &mut Graph<'_>, value: Raw) -> Result<Raw, Full> {
    let Raw::Tensor(index) = value else { return Ok(value) };
    let Some(mut node) = graph.tensor(index) else { return Ok(value) };
    node.flags.requires_grad = false;
    node.flags.parameter = false;
    graph.copy_tensor(node).map(Raw::Tensor)
}

/// The error of values that take more room than a graph has or may have.
pub(super) fn no_room(what: impl Into<String>, full: Full) -> ReadError {
    let (limit, allowed, needed) = match full {
        Full::Indices => ("pickle_bytes", u64::from(u32::MAX), u64::from(u32::MAX) + 1),
        Full::Memory { allowed, needed } => ("memory", allowed, needed),
    };
    ReadError::Limit { what: what.into(), limit, allowed, needed }
}
