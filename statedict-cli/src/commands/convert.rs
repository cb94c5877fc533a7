//! `statedict convert`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use statedict::WriteOptions;
use statedict::codec::ArchiveLayout;

use crate::edits::Edits;
use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, chain, note};
use crate::inputs::Input;
use crate::not_kept::{listed, not_kept};
use crate::numbers::check_output;
use crate::opened::{Opened, Opening};
use crate::outputs::Overwriting;
use crate::progress::Progress;
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0; 1 it could not be converted, and OUT is as it was; 2 wrong usage."
)]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "IN")]
    input: Input,
    /// The new file; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format; otherwise safetensors where OUT is called so, else zip
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// The state dict to convert, by the keys that lead to it, such as model_state_dict
    #[arg(long, value_name = "KEY")]
    at: Vec<String>,
    /// Take nested dicts of tensors as one state dict, their keys joined with dots
    #[arg(long)]
    flatten: bool,
    /// Take a model that was saved whole, with torch.save(model), as its state dict; nothing is run
    #[arg(long)]
    whole_model: bool,
    /// Write tensors that overlap to a safetensors file, each with all of its elements, so that they share none
    #[arg(long)]
    copy_overlaps: bool,
    #[command(flatten)]
    edits: Edits,
    #[command(flatten)]
    overwriting: Overwriting,
    /// Print one JSON object that says what was written
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

/// The formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// What torch.save has written since PyTorch 1.6
    Zip,
    /// What torch.save wrote before PyTorch 1.6
    Legacy,
    /// The safetensors format, for a state dict alone
    Safetensors,
}

impl Format {
    fn of_name(path: &Path) -> Format {
        match WriteOptions::new().writes_safetensors(Some(path)) {
            true => Format::Safetensors,
            false => Format::Zip,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Format::Zip => "zip",
            Format::Legacy => "legacy",
            Format::Safetensors => "safetensors",
        }
    }
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let (input, output) = (&arguments.input, &arguments.output);
    let is_stdout = output.as_os_str() == "-";
    if is_stdout && arguments.json {
        return Err("--json goes to standard output, and so would the file".into());
    }
    if is_stdout && std::io::stdout().is_terminal() {
        return Err("standard output is a terminal; send it into a file, or name one".into());
    }
    if !is_stdout {
        arguments.overwriting.check(output)?;
    }
    let named = Format::of_name(output);
    let format = arguments.to.unwrap_or(named);
    if named == Format::Safetensors && format != named {
        note(&format!(
            "{} is written as {}, whatever it is called",
            output.display(),
            format.name()
        ));
    }
    let &Arguments { whole_model, flatten, .. } = arguments;
    let opening = Opening { whole_model, flatten, ..arguments.opening.of_anything() };
    let mut opened = Opened::open(input, &opening)?;
    if let Some(graph) = arguments.edits.apply(opened.document.graph())? {
        opened.document = opened.document.with_graph(graph);
    }
    let options = write_options(format).copy_overlaps(arguments.copy_overlaps);
    // A state dict out of a file is written as one; a file as it is, with all that it holds.
    let is_part = !arguments.at.is_empty() || whole_model || flatten;
    let mut lost = opened.not_read();
    let saved = if is_part || opened.is_safetensors() || format == Format::Safetensors {
        let map = opened.state_map(&arguments.at)?;
        check_output(&map, opened.allowed, format == Format::Safetensors)
            .map_err(|error| format!("{}: {error}", output.display()))?;
        if !opened.is_safetensors() {
            lost.extend(not_kept(&map));
        }
        match is_stdout {
            true => {
                map.write_with(std::io::stdout().lock(), &options).map_err(statedict::Error::from)
            }
            false => map.save_with(output, &options),
        }
    } else {
        let graph = opened.document.graph();
        match is_stdout {
            true => {
                graph.write_with(std::io::stdout().lock(), &options).map_err(statedict::Error::from)
            }
            false => graph.save_with(output, &options),
        }
    };
    saved.map_err(|error| format!("{}: {}", output.display(), chain(&error)))?;
    if !lost.is_empty() {
        note(&format!("{input}: not kept: {}", listed(&lost)));
    }
    if format != Format::Safetensors {
        lost.extend(opened.note_not_kept().into_iter().map(str::to_owned));
    }
    if arguments.json {
        let mut object = Envelope::start(screen, "convert")?;
        object.field("input", &input.to_string())?;
        object.field("from", &opened.container())?;
        object.field("output", &output.display().to_string())?;
        object.field("to", &format.name())?;
        object.field("nbytes", &std::fs::metadata(output)?.len())?;
        object.field("not_kept", &lost)?;
        object.end()?;
    }
    Ok(Outcome::Fine)
}

/// As the file is: storages whole, and a bar where someone watches.
fn write_options(format: Format) -> WriteOptions {
    let options = WriteOptions::new().keep_storage(true);
    let options = match format {
        Format::Legacy => options.layout(ArchiveLayout::Legacy),
        Format::Zip => options.layout(ArchiveLayout::Torch2_7),
        Format::Safetensors => options.safetensors(),
    };
    let progress = Progress::new();
    options.progress(move |done, total| progress.tell(done, total))
}
