//! The account of what a load has written.

use crate::load::report::problem::LoadProblem;

/// The account of what was written.
#[derive(Default)]
pub(crate) struct Written {
    /// The number of tensors that were written, and stayed so.
    pub(crate) tensors: usize,
    /// The number of extra states that were set, and stayed so.
    pub(crate) extras: usize,
    /// `true` if a module has a hook that is to run.
    pub(crate) hooked: bool,
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
