//! The ids that PyTorch has for parameters.

use std::fmt;

use crate::value::{Graph, Value, ValueId};

/// How a state dict refers to a parameter: by number, or by name where it was gathered from several
/// processes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParamId {
    /// A number, counted over all groups.
    Int(i64),
    /// A text.
    Str(String),
}

impl ParamId {
    pub(super) fn of(value: Value<'_>) -> Option<ParamId> {
        match (value.as_i64(), value.as_str()) {
            (Some(id), _) => Some(ParamId::Int(id)),
            (_, id) => id.map(|id| ParamId::Str(id.to_owned())),
        }
    }

    pub(super) fn add_to(&self, graph: &mut Graph<'_>) -> ValueId {
        match self {
            ParamId::Int(id) => graph.add(*id),
            ParamId::Str(id) => graph.add(id.clone()),
        }
    }
}

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamId::Int(id) => id.fmt(f),
            ParamId::Str(id) => write!(f, "`{id}`"),
        }
    }
}
