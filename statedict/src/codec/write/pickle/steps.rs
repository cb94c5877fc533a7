//! The steps in which a graph is written.

use crate::codec::write::pickle::batches::{Batches, Rule};
use crate::codec::write::pickle::encoder::Call;
use crate::value::raw::{Raw, Run};

/// A step of writing; the last is kept first.
pub(super) enum Step {
    Value(Raw),
    Mark,
    /// A tuple of the values on top that is no value of the graph.
    Tuple(usize),
    /// A tuple that is a value.
    TupleValue(Raw, usize),
    /// The call of what is below the arguments on top.
    Call(Raw, Call),
    /// The next items for the container on top.
    Fill(Raw, Part, Batches),
    EndFill {
        dict: bool,
        bare: bool,
    },
    Build,
    Enter(Raw),
    Leave,
    /// The rest of a parameter or of a tensor with attributes.
    ParameterTail(bool),
    TupleFromMark,
}

/// Which parts of a value a container is filled with.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Items,
    Entries,
}

/// The batches in which the values of a container are written.
pub(super) fn batches(rule: Rule, values: Run, part: Part) -> Batches {
    let len = values.len as usize;
    Batches::new(rule, if part == Part::Entries { len / 2 } else { len })
}
