//! `statedict inspect`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use statedict::codec::{self, Document, ReadOptions};

use crate::{Failure, json, table};

/// What was asked for.
pub(crate) struct Request {
    pub(crate) file: PathBuf,
    pub(crate) json: bool,
    pub(crate) hash: bool,
    pub(crate) opaque: bool,
}

/// A file that has been opened.
pub(crate) struct Opened {
    pub(crate) document: Document,
    /// The name without its folders.
    pub(crate) name: String,
    /// The size of the file in bytes.
    pub(crate) len: u64,
}

pub(crate) fn run(request: &Request) -> Result<(), Failure> {
    let file = request.file.display();
    let about = |error: &dyn std::fmt::Display| format!("{file}: {error}");
    let len = std::fs::metadata(&request.file).map_err(|error| about(&error))?.len();
    let options = ReadOptions::default().opaque(request.opaque);
    let document = codec::open(&request.file, &options).map_err(|error| about(&error))?;
    let name = request.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let opened = Opened { document, name, len };
    let mut out = BufWriter::new(std::io::stdout().lock());
    if request.json {
        json::write(&opened, request.hash, &mut out)?;
    } else {
        table::write(&opened, &mut out)?;
    }
    out.flush()?;
    Ok(())
}
