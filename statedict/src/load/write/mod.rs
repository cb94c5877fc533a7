//! Writing into a model what has been planned.

pub(super) mod commit;
mod contents;
mod convert_leaf;
mod extra;
mod parallel_fill;
mod same_model;
mod undo;
mod write_leaves;
pub(super) mod written;
