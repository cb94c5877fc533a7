//! What is unusual about a file that could be read.

use std::fmt::{self, Write as _};

use crate::escape::OneLine;

/// Something unusual about a file, which did not keep it from being read.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The archive has no member `version`; torch.load would refuse it.
    NoVersion,
    /// The pickle is of another protocol than torch.save's 2; torch.load may refuse it.
    Protocol {
        /// The protocol.
        found: u8,
    },
    /// Another object follows in the file: [`Document::read_all`](crate::codec::Document::read_all) reads it too.
    MoreObjects {
        /// Its start.
        offset: u64,
    },
    /// Bytes follow what the file holds, and nothing is read of them.
    TrailingBytes {
        /// The thing that they follow: a member of the archive, or the file's object.
        after: String,
        /// How many there are.
        nbytes: u64,
    },
    /// Values of classes that are not known are kept inert: nothing was imported or run for them.
    Inert {
        /// The classes, sixteen at most.
        classes: Vec<String>,
    },
    /// Tensors of a program have no name in its state dict, and are not part of it.
    Unnamed {
        /// The attribute that they become with [`ReadOptions::unnamed_tensors`](crate::ReadOptions::unnamed_tensors):
        /// `constants`, `attributes` or `non_persistent_buffers`.
        attribute: &'static str,
        /// How many there are.
        count: usize,
    },
    /// Strings written by Python 2 are not UTF-8; they are kept as `bytes`.
    UndecodedStrings {
        /// How many.
        count: usize,
    },
}

/// So many classes are shown.
const SHOWN: usize = 8;

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        match self {
            Warning::NoVersion => {
                f.write_str("the archive has no member `version`; torch.load would refuse it")
            }
            Warning::Protocol { found } => {
                write!(f, "the pickle has protocol {found}, torch.save writes 2")
            }
            Warning::MoreObjects { offset } => write!(
                f,
                "another object follows at byte {offset}; `Document::read_all` reads all of them"
            ),
            Warning::TrailingBytes { after, nbytes } => {
                write!(f, "{nbytes} bytes follow the end of {after}, and nothing is read of them")
            }
            Warning::Inert { classes } => {
                let shown: Vec<&str> = classes.iter().take(SHOWN).map(String::as_str).collect();
                let more = if classes.len() > SHOWN { " and others" } else { "" };
                write!(
                    f,
                    "kept inert, and nothing of it was run: values of {}{more}",
                    shown.join(", ")
                )
            }
            Warning::Unnamed { attribute, count } => {
                let (tensors, are, have, them) = match count {
                    1 => ("tensor", "is", "has", "it"),
                    _ => ("tensors", "are", "have", "them"),
                };
                let what = match *attribute {
                    "constants" => match count {
                        1 => "a constant of the program",
                        _ => "constants of the program",
                    },
                    "attributes" => "neither parameter nor buffer of a module",
                    _ => match count {
                        1 => "a buffer that is not saved",
                        _ => "buffers that are not saved",
                    },
                };
                write!(
                    f,
                    "{count} {tensors} {are} {what}, and {have} no name in the state dict; \
                     `ReadOptions::unnamed_tensors(true)` reads {them} as the attribute `{attribute}`"
                )
            }
            Warning::UndecodedStrings { count } => {
                write!(f, "{count} strings of Python 2 are not UTF-8 and are kept as bytes")
            }
        }
    }
}
