//! Why a pickle cannot be read.

use std::fmt::{self, Write as _};

use crate::codec::pickle::verdict::runs_code;
use crate::escape::OneLine;
use crate::plain_debug::debug_is_display;

/// Why a pickle cannot be read: where, what was expected, and what is there.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum PickleError {
    /// The pickle ends in the middle.
    Truncated {
        /// The offset of the opcode that is not complete.
        offset: usize,
        /// The opcode.
        opcode: &'static str,
        /// How many bytes it needs.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A byte that is no opcode.
    Opcode {
        /// Its offset.
        offset: usize,
        /// The byte.
        found: u8,
    },
    /// Something that no pickler writes: too few values, or one of another type than is needed.
    Malformed {
        /// The offset of the opcode.
        offset: usize,
        /// The opcode.
        opcode: &'static str,
        /// The value that it needs.
        expected: &'static str,
        /// The value that is there.
        found: String,
        /// The path of the value that was being made, as far as known.
        path: String,
    },
    /// A class or function that is not on the list of those that a checkpoint may use.
    UnknownGlobal {
        /// The offset of its name.
        offset: usize,
        /// Its module.
        module: String,
        /// Its name in the module.
        name: String,
        /// The path of the value that was being made, as far as known.
        path: String,
    },
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message(&mut OneLine(f))
    }
}

impl PickleError {
    fn message(&self, f: &mut OneLine<'_, '_>) -> fmt::Result {
        let at = |f: &mut OneLine<'_, '_>, path: &str| match path {
            "" => Ok(()),
            path => write!(f, ", in the value at {path}"),
        };
        match self {
            PickleError::Truncated { offset, opcode, expected, found } => write!(
                f,
                "the pickle is cut short: {opcode} at byte {offset} needs {expected} bytes and {found} are left"
            ),
            PickleError::Opcode { offset, found } => {
                write!(f, "byte {found:#04x} at offset {offset} is not a pickle opcode")
            }
            PickleError::Malformed { offset, opcode, expected, found, path } => {
                write!(f, "{opcode} at byte {offset} needs {expected}, found {found}")?;
                at(f, path)
            }
            PickleError::UnknownGlobal { offset, module, name, path } => {
                write!(f, "the pickle names `{module}.{name}` at byte {offset}")?;
                at(f, path)?;
                f.write_str(", which is not a class that checkpoints may use; nothing was run. ")?;
                f.write_str(advice(module, name))
            }
        }
    }
}

/// Gives advice on a pickle that names something that is refused.
fn advice(module: &str, name: &str) -> &'static str {
    let is_of = |package: &str| {
        module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if is_of("torch.distributed.tensor") {
        "It is a part of a distributed tensor: save `tensor.full_tensor()` instead"
    } else if runs_code(module, name) {
        "It runs commands or code where Python loads the file; `ReadOptions::opaque(true)` keeps it inert"
    } else if (module, name) == ("torch.storage", "_load_from_bytes") {
        "It makes a tensor of a file within the pickle, as only a file of `pickle.dump` has it; \
         `ReadOptions::opaque(true)` keeps it inert"
    } else {
        "Without `ReadOptions::opaque(false)` such values are kept inert"
    }
}

debug_is_display!(PickleError);

impl std::error::Error for PickleError {}
