//! `statedict convert`.

use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use statedict::codec::{self, ReadOptions};
use statedict::{ArchiveLayout, StateMap, WriteOptions, save_map, save_safetensors, save_tree};

use crate::Failure;

/// Shorter work is done before anyone could read a bar.
const LONG: u64 = 256 << 20;

/// What was asked for.
pub(crate) struct Request {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) to: Option<Format>,
    pub(crate) force: bool,
}

/// The formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// What torch.save has written since PyTorch 1.6
    Zip,
    /// What torch.save wrote before PyTorch 1.6
    Legacy,
    /// The safetensors format, for a state dict alone
    Safetensors,
}

impl Format {
    /// The names of the formats, as `--to` has them.
    pub(crate) const NAMES: [&str; 3] = ["zip", "legacy", "safetensors"];

    pub(crate) fn named(name: &str) -> Option<Format> {
        match name {
            "zip" => Some(Format::Zip),
            "legacy" => Some(Format::Legacy),
            "safetensors" => Some(Format::Safetensors),
            _ => None,
        }
    }

    fn of_name(path: &Path) -> Format {
        match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => Format::Safetensors,
            _ => Format::Zip,
        }
    }
}

pub(crate) fn run(request: &Request) -> Result<(), Failure> {
    let (input, output) = (request.input.display(), request.output.display());
    if !request.force && std::fs::symlink_metadata(&request.output).is_ok() {
        return Err(format!("{output} exists; --force replaces it").into());
    }
    let format = request.to.unwrap_or_else(|| Format::of_name(&request.output));
    let read = |error: &dyn std::error::Error| format!("{input}: {}", chain(error));
    let written = |error: &dyn std::error::Error| format!("{output}: {}", chain(error));
    let options = write_options(format);

    if is_safetensors(&request.input).map_err(|error| read(&error))? {
        let map = StateMap::load_safetensors(&request.input).map_err(|error| read(&error))?;
        let saved = match format {
            Format::Safetensors => save_safetensors(&map, &request.output),
            Format::Zip | Format::Legacy => save_map(&map, &request.output, &options),
        };
        return Ok(saved.map_err(|error| written(&error))?);
    }
    let document = codec::open(&request.input, &ReadOptions::default().opaque(true))
        .map_err(|error| read(&error))?;
    let saved = match format {
        Format::Safetensors => {
            let map = document.state_map().map_err(|error| read(&error))?;
            save_safetensors(&map, &request.output)
        }
        Format::Zip | Format::Legacy => save_tree(&document.to_tree(), &request.output, &options),
    };
    Ok(saved.map_err(|error| written(&error))?)
}

/// As the file is: storages whole, and a bar where someone watches.
fn write_options(format: Format) -> WriteOptions {
    let layout = match format {
        Format::Legacy => ArchiveLayout::Legacy,
        Format::Zip | Format::Safetensors => ArchiveLayout::Torch2_7,
    };
    let options = WriteOptions::default().keep_storage(true).layout(layout);
    if !std::io::stderr().is_terminal() {
        return options;
    }
    let bar = ProgressBar::hidden();
    options.progress(move |done, total| {
        if total >= LONG {
            if bar.is_hidden() {
                bar.set_length(total);
                bar.set_style(ProgressStyle::default_bar());
                bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            }
            bar.set_position(done);
            if done == total {
                bar.finish_and_clear();
            }
        }
    })
}

/// A length, and as long a JSON object.
fn is_safetensors(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(9).read_to_end(&mut head)?;
    Ok(head.get(8) == Some(&b'{') && !head.starts_with(b"PK") && !head.starts_with(&[0x80]))
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
