//! Writing into a model what has been planned.

pub(super) mod commit;
mod convert_leaf;
mod extra;
mod parallel_fill;
