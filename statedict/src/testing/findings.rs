//! What the tests found, with the case in which it was.

use std::fmt;

use crate::dtype::DType;

/// The failures of one property: the case of each, and what was expected and found.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<(String, String)>);

impl Findings {
    pub(super) fn add(&mut self, case: impl fmt::Display, message: impl fmt::Display) {
        self.0.push((case.to_string(), message.to_string()));
    }

    /// Notes `message` unless `good`.
    pub(super) fn check(&mut self, good: bool, case: impl fmt::Display, message: &str) {
        if !good {
            self.add(case, message);
        }
    }

    /// The value, or its error as a failure.
    pub(super) fn ok<T, E: fmt::Display>(
        &mut self,
        result: Result<T, E>,
        case: impl fmt::Display,
        doing: &str,
    ) -> Option<T> {
        result.map_err(|error| self.add(case, format!("{doing} failed: {error}"))).ok()
    }

    /// Compares elements, and says where they differ first.
    pub(super) fn same_elements(
        &mut self,
        (expected, found): (&[u8], &[u8]),
        dtype: DType,
        case: impl fmt::Display,
    ) {
        if expected.len() != found.len() {
            let (expected, found) = (expected.len(), found.len());
            return self.add(case, format!("expected {expected} bytes, found {found}"));
        }
        let pairs = expected.chunks(dtype.size()).zip(found.chunks(dtype.size()));
        if let Some((index, (expected, found))) =
            pairs.enumerate().find(|(_, (expected, found))| expected != found)
        {
            self.add(
                case,
                format!("element {index}: expected the bytes {expected:02x?}, found {found:02x?}"),
            );
        }
    }
}
