//! What is wrong with a value that is decoded or encoded.

use crate::contents::{Segment, ValuePath};

/// So deep values may nest: as deep as in JSON of `serde_json`.
pub(super) const DEPTH: usize = 128;

/// A fault of a value, and its place: the innermost segment first.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) segments: Vec<Segment>,
    pub(super) reason: String,
}

impl Problem {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Problem { segments: Vec::new(), reason: reason.into() }
    }

    /// For `map_err`: the problem is in the part that the segment leads to.
    pub(super) fn within(segment: impl FnOnce() -> Segment) -> impl FnOnce(Problem) -> Problem {
        move |mut problem| {
            problem.segments.push(segment());
            problem
        }
    }

    /// The path from the root on, where the value itself is at `path`.
    pub(super) fn path(&self, path: &ValuePath) -> ValuePath {
        let segments = self.segments.iter().rev();
        segments.fold(path.clone(), |path, segment| path.join(segment.clone()))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Problem::new(message.to_string())
    }
}

impl serde::ser::Error for Problem {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Problem::new(message.to_string())
    }
}
