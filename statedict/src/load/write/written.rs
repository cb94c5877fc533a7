//! What a load has written.

use crate::load::report::problem::LoadProblem;

/// The leaves that were written.
#[derive(Default)]
pub(crate) struct Written {
    /// How many tensors were written, and stayed so.
    pub(crate) tensors: usize,
    /// How many extra states were set, and stayed so.
    pub(crate) extras: usize,
    pub(crate) problems: Vec<LoadProblem>,
}

impl Written {
    pub(super) fn count(&self) -> usize {
        self.tensors + self.extras
    }

    pub(super) fn nothing(problem: LoadProblem) -> Self {
        Written { problems: vec![problem], ..Written::default() }
    }
}
