//! What the tests found, with the case in which it was.

use std::fmt;

use crate::dtype::DType;
use crate::testing::Property;

/// Something that a tensor type does not do as it must.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The property it lacks.
    pub property: Property,
    /// The case: element type, shape, and what was done.
    pub case: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.property, self.case, self.message)
    }
}

/// The failures of one property.
pub(super) struct Findings {
    pub(super) property: Property,
    pub(super) failures: Vec<Failure>,
}

impl Findings {
    pub(super) fn add(&mut self, case: impl fmt::Display, message: impl fmt::Display) {
        let (case, message) = (case.to_string(), message.to_string());
        self.failures.push(Failure { property: self.property, case, message });
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
