//! What can be wrong with one step of a pickle, before it is known where.

use crate::codec::pickle::memo::NotKept;
use crate::codec::read::ReadError;
use crate::value::Full;

/// What is wrong with one step. It is one pointer, since every step of the machine returns a result.
#[derive(Debug)]
pub(super) struct Fault(Box<Problem>);

/// What is wrong. The machine adds the offset, the opcode and the path.
#[derive(Debug)]
pub(super) enum Problem {
    /// The pickle ends within what an opcode needs.
    Truncated { wanted: usize, left: usize },
    /// Something else was needed than is there.
    Expected { expected: &'static str, found: String },
    /// A class or function that is not on the list.
    UnknownGlobal { module: String, name: String },
    /// More than a limit allows.
    Limit { limit: &'static str, allowed: u64, needed: u64 },
    /// A storage could not be found in the archive.
    Storage(Box<ReadError>),
    /// A name that may be used was not kept.
    NeedsScan,
}

impl Fault {
    #[cold]
    pub(super) fn expected(expected: &'static str, found: impl Into<String>) -> Self {
        Problem::Expected { expected, found: found.into() }.into()
    }

    #[cold]
    pub(super) fn truncated(wanted: usize, left: usize) -> Self {
        Problem::Truncated { wanted, left }.into()
    }

    pub(super) fn into_problem(self) -> Problem {
        *self.0
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Fault(Box::new(problem))
    }
}

impl From<Full> for Fault {
    #[cold]
    fn from(full: Full) -> Self {
        match full {
            Full::Indices => Fault::expected("at most 2^32 values in one pickle", "more"),
            Full::Memory { allowed, needed } => {
                Problem::Limit { limit: "memory", allowed, needed }.into()
            }
        }
    }
}

impl From<NotKept> for Fault {
    #[cold]
    fn from(reason: NotKept) -> Self {
        match reason {
            NotKept::NeedsScan => Problem::NeedsScan.into(),
            NotKept::Full(full) => full.into(),
        }
    }
}

impl From<Box<ReadError>> for Fault {
    fn from(error: Box<ReadError>) -> Self {
        Problem::Storage(error).into()
    }
}
