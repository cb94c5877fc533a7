//! The objects that `--json` prints: written as what is in them is found, so that their size costs no memory.

use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;

/// The number of the form; it changes where a program that reads it would have to.
const SCHEMA: u64 = 1;

/// One object: `schema`, `command`, and what the command adds.
pub(crate) struct Envelope<'w> {
    out: &'w mut dyn Write,
}

impl<'w> Envelope<'w> {
    pub(crate) fn start(out: &'w mut dyn Write, command: &str) -> Result<Self, Failure> {
        write!(out, "{{\"schema\": {SCHEMA},\n\"command\": \"{command}\"")?;
        Ok(Envelope { out })
    }

    /// Adds a value.
    pub(crate) fn field(&mut self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        write!(self.out, ",\n\"{name}\": ")?;
        to_writer(self.out, value)
    }

    /// Adds a list, whose elements are written one by one.
    pub(crate) fn list(&mut self, name: &str) -> Result<List<'_>, Failure> {
        List::start(self.out, name)
    }

    pub(crate) fn end(self) -> Result<(), Failure> {
        Ok(self.out.write_all(b"\n}\n")?)
    }
}

/// A list within an object, its elements written as they are found.
pub(crate) struct List<'w> {
    out: &'w mut dyn Write,
    empty: bool,
}

impl<'w> List<'w> {
    pub(crate) fn start(out: &'w mut dyn Write, name: &str) -> Result<Self, Failure> {
        write!(out, ",\n\"{name}\": [")?;
        Ok(List { out, empty: true })
    }

    pub(crate) fn add(&mut self, element: &impl Serialize) -> Result<(), Failure> {
        self.out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        to_writer(self.out, element)
    }

    pub(crate) fn end(self) -> Result<(), Failure> {
        Ok(self.out.write_all(b"]")?)
    }
}

fn to_writer(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    // As an error of the system, so that a reader who has gone is known as one.
    Ok(serde_json::to_writer(out, value).map_err(std::io::Error::from)?)
}
